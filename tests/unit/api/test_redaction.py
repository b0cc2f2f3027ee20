"""What tells who somebody is goes; what happened stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.redaction import MAX_CHARS, redacted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("电话13812345678", "电话***"),
        ("电话138-1234-5678,座机0512 6543210", "电话***,座机***"),
        ("打幺三八一二三四五六七八", "打***"),
        ("身份证32050119900101123X", "身份证***"),
        ("车牌苏E12345挡路", "车牌***挡路"),
        ("新能源苏E·D12345挡路", "新能源***挡路"),
        ("邮箱li.lei@example.com回复", "邮箱***回复"),
        ("微信:abc_123加我", "微信:***加我"),
        ("3栋2单元501室漏水", "3栋2单元***室漏水"),
        ("3-2-501漏水", "***漏水"),
        ("找王女士和欧阳老师", "找某女士和欧阳老师"),
        ("联系人:李小明", "联系人:***"),
        ("业主:赵六", "业主:***"),
    ],
)
def test_what_tells_who_somebody_is_goes(text: str, shown: str) -> None:
    assert redacted(text) == shown


@pytest.mark.parametrize(
    "text", ["3号楼电梯坏了两天", "2026年5月1日停水", "押金2000元没退", "楼下垃圾3天没清", "7栋2楼路灯不亮"]
)
def test_what_happened_stays(text: str) -> None:
    assert redacted(text) == text


@given(st.text(max_size=700))
def test_it_is_short_and_does_the_same_twice(text: str) -> None:
    assert len(redacted(text)) <= MAX_CHARS
    assert not any(char.isdigit() for char in redacted("电话13812345678" + text)[:5])


@given(st.from_regex(r"\A1[3-9][0-9]{9}\Z"), st.text("水电漏修,。 ", max_size=20), st.text("水电漏修,。 ", max_size=20))
def test_a_phone_goes_wherever_it_stands(phone: str, before: str, after: str) -> None:
    assert phone not in redacted(f"{before}{phone}{after}")
