"""What strangers read tells nobody's number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herun.personal import redact


@pytest.mark.parametrize(
    "number",
    [
        "13800001234", "138 0000 1234", "138-0000-1234", "138.0000.1234", "+8613800001234", "+86 138-0000-1234",
        "１３８００００１２３４", "0512-62345678", "0512 6234 5678", "62345678", "400-820-8820", "010-12345678",
        "320501199001011234", "32050119900101123X", "a.b@example.org", "苏E12345", "苏E·12345", "苏ED12345",
        "6222021234567890123",
    ],
)  # fmt: skip
def test_a_number_is_taken_out_wherever_it_stands(number: str) -> None:
    for text in (number, f"请打{number}找我", f"电话:{number}。", f"tel {number}, 3号楼"):
        assert redact(text) == text.replace(number, "***")


@pytest.mark.parametrize(
    "text",
    ["3号楼1502室", "2026-06-01 12:30", "WO20260601-123456", "第110路", "8:00-18:00", "¥1234.50", "水深15.5厘米"],
)
def test_what_is_nobodys_stays(text: str) -> None:
    assert redact(text) == text


def test_an_order_number_is_no_phone_but_what_stands_behind_it_may_be() -> None:
    assert redact("WO20260601-123456 13800001234") == "WO20260601-123456 ***"
    assert "1234567" not in redact("WO20260601-1234567")


@given(st.text(), st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), st.text())
def test_no_text_around_it_hides_a_mobile_number(before: str, number: str, after: str) -> None:
    assert number not in redact(f"{before} {number} {after}")
