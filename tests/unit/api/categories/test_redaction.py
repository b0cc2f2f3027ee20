"""Nothing that tells about a person is learned from, as far as it can be found by its form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.categories.redaction import redacted


@pytest.mark.parametrize(
    "secret",
    [
        "13800001234", "138 0000 1234", "138-0000-1234", "0512-57301234", "+86 13800001234",
        "一三八零零零零一二三四", "320583199001011234", "32058319900101123X", "苏E12345", "苏E·D12345", "粤B D1234",
        "someone@example.com", "6222020200112233445", "8号楼502室", "12栋3单元1201室", "5-2-301",
    ],
)  # fmt: skip
def test_numbers_plates_mail_and_flats_are_hidden(secret: str) -> None:
    assert redacted(f"电话是{secret},请联系") == "电话是*,请联系"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("我叫王小明,电梯坏了", "我叫*,电梯坏了"),
        ("我是李雷,水管漏了", "我是*,水管漏了"),
        ("联系人:张三丰", "联系人*"),
        ("住在楼上的陈阿姨说", "住在楼上的*阿姨说"),
        ("物业刘经理不理人", "物业*经理不理人"),
        ("那个姓李的办事员", "那个姓*的办事员"),
    ],
)
def test_names_that_are_introduced_are_hidden(text: str, shown: str) -> None:
    assert redacted(text) == shown


@pytest.mark.parametrize(
    "text", ["电梯坏了3天", "2单元的电梯", "半夜11点还在吵", "1楼大厅的灯", "我是一楼的住户", "交了2000元押金"]
)
def test_what_the_matter_is_stays(text: str) -> None:
    assert redacted(text) == text


@given(st.text(max_size=200))
def test_what_is_hidden_once_stays_as_it_is(text: str) -> None:
    once = redacted(text)
    assert redacted(once) == once


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), st.text(alphabet="电梯坏了,。 ", max_size=10))
def test_no_phone_is_left(phone: str, around: str) -> None:
    assert phone not in redacted(f"{around}{phone}{around}")
