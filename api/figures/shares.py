"""Shares to two digits, as bulletins print them: the exact fraction, rounded half up; no binary float is near. Pure."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction


def percent(part: int, whole: int) -> Decimal:
    """`part` of `whole` in percent: 1 of 8 is 12.50, 1 of 800 (0.125) is 0.13. Raises ZeroDivisionError."""
    return rounded(Fraction(100 * part, whole))


def points(part: int, whole: int, *, before: tuple[int, int]) -> Decimal:
    """How many percentage points more than before, of the exact fractions."""
    return rounded(100 * (Fraction(part, whole) - Fraction(*before)))


def rounded(number: Fraction) -> Decimal:
    """To two digits; half a hundredth goes away from zero."""
    size = abs(number) * 100
    hundredths = (2 * size.numerator + size.denominator) // (2 * size.denominator)
    return Decimal(hundredths if number > 0 else -hundredths).scaleb(-2)
