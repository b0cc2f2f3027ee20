"""Numbers as people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herun.readable import decimals_for, readable


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
