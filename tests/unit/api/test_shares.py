"""Shares are the exact fraction, half up, whatever the numbers are."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.figures.shares import percent, points, rounded

COUNTS = st.integers(min_value=1, max_value=10**9)


def slowly(number: Fraction) -> Decimal:
    """By decimal arithmetic with many digits: half up means away from zero there."""
    with localcontext(prec=80):
        return (Decimal(number.numerator) / Decimal(number.denominator)).quantize(Decimal("0.01"), ROUND_HALF_UP)


@given(st.integers(min_value=0, max_value=10**9), COUNTS)
def test_a_share_is_the_reference(part: int, whole: int) -> None:
    assert str(percent(part, whole)) == str(slowly(Fraction(100 * part, whole)))


@given(st.integers(min_value=0, max_value=20_000))
def test_the_middle_goes_up(hundredths: int) -> None:
    assert percent(2 * hundredths + 1, 20_000) == Decimal(hundredths + 1) / 100


@given(st.fractions(min_value=-200, max_value=200))
def test_a_change_and_its_reverse_are_the_same_size(number: Fraction) -> None:
    assert rounded(number) == -rounded(-number)
    assert abs(rounded(number)) == slowly(abs(number))


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(0, 7, "0.00"), (7, 7, "100.00"), (1, 8, "12.50"), (1, 800, "0.13"), (1, 3, "33.33"), (2, 3, "66.67"),
     (1, 10**6, "0.00")],
)  # fmt: skip
def test_shares_have_two_digits(part: int, whole: int, text: str) -> None:
    assert str(percent(part, whole)) == text


def test_a_change_is_of_the_exact_rates_and_not_of_the_printed_ones() -> None:
    assert str(points(2, 3, before=(1, 3))) == "33.33"  # 66.67 less 33.33 would be 33.34
    assert str(points(1, 3, before=(2, 3))) == "-33.33"
