"""Numbers as people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herun.readable import decimals_for, duration, readable


@pytest.mark.parametrize(("value", "text"), [
    (0.0, "0"), (-0.0, "0"), (3, "3"), (0.34, "0.34"), (1_000_000.0, "1000000"), (1234567.8, "1234567.8"),
    (1234567.5, "1234567.5"), (12345.678, "12345.678"), (-101325.25, "-101325.25"), (0.1 + 0.2, "0.3"),
    (70 / 3, "23.333333"), (0.000123456789, "0.000123457"), (999_999_999_999_999.0, "999999999999999"),
    (1.79e308, "1.79×10^308"), (-2e15, "-2×10^15"), (1.5e-7, "1.5×10^-7"), (float("inf"), ">10^308"),
    (float("-inf"), "<-10^308"), (float("nan"), "?"), (12345678901234567890, "12345678901234567890"),
])  # fmt: skip
def test_a_number_reads_as_a_person_would_write_it(value: float, text: str) -> None:
    assert readable(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_no_number_has_an_exponent_of_a_machine_or_is_far_from_what_it_says(value: float) -> None:
    text = readable(value)
    assert not set("einf") & set(text)
    assert len(text) < 30
    assert float(text.replace("×10^", "e")) == pytest.approx(value, rel=1e-5, abs=1e-300)


@pytest.mark.parametrize(("spread", "decimals"), [
    (2.0, 2), (0.3, 3), (150.0, 0), (1e6, 0), (0.0, 6), (1e-30, 12), (float("inf"), 6),
])  # fmt: skip
def test_numbers_that_lie_close_are_told_apart(spread: float, decimals: int) -> None:
    assert decimals_for(spread) == decimals


@pytest.mark.parametrize(("seconds", "english", "chinese"), [
    (0, "0 seconds", "0 秒"), (0.31, "0.3 seconds", "0.3 秒"), (1, "1 second", "1 秒"), (40, "40 seconds", "40 秒"),
    (60, "1 minute", "1 分钟"), (0.617 * 3600, "37 minutes", "37 分钟"), (3569, "59 minutes", "59 分钟"),
    (3599, "1 hour", "1 小时"), (3600, "1 hour", "1 小时"), (14.68 * 3600, "14.7 hours", "14.7 小时"),
    (48 * 3600, "2 days", "2 天"), (158.999 * 3600, "6.6 days", "6.6 天"),
    (86_400e9, "1000000000 days", "1000000000 天"),
])  # fmt: skip
def test_a_duration_reads_as_a_person_would_say_it(seconds: float, english: str, chinese: str) -> None:
    assert duration(seconds) == {"zh": chinese, "en": english}
