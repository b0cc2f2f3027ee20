"""Numbers as people read them: without an exponent of a machine, and with the digits that say something."""

from __future__ import annotations

from math import floor, isfinite, isnan, log10
from typing import Final

DECIMALS: Final = 6  # of a number from a tenth on; smaller ones have so many digits that say something
MAX_DECIMALS: Final = 12
LARGE: Final = 1e15  # from here on not every whole number is one of a machine's, and nobody counts the zeros
SMALL: Final = 1e-6


def readable(value: float, decimals: int | None = None) -> str:
    """The number in its shortest form, with at most so many decimals; of what is beyond all measure, that it is."""
    if isinstance(value, int):
        return str(value)
    if isnan(value):
        return "?"
    if not isfinite(value):
        return ">10^308" if value > 0 else "<-10^308"
    size = abs(value)
    if size >= LARGE or (decimals is None and 0 < size < SMALL):
        digits, exponent = f"{value:.{DECIMALS - 1}e}".split("e")
        return f"{_short(digits)}×10^{int(exponent)}"
    if decimals is None:
        decimals = DECIMALS if size >= 0.1 or not size else DECIMALS - 1 - floor(log10(size))
    return _short(f"{value:.{decimals}f}")


def decimals_for(spread: float, digits: int = 3) -> int:
    """With how many decimals numbers are told apart that lie so far from one another, by so many digits."""
    if not isfinite(spread) or spread <= 0:
        return DECIMALS
    return min(MAX_DECIMALS, max(0, digits - 1 - floor(log10(spread))))


def _short(text: str) -> str:
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
