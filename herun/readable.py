"""Numbers as people read them: without an exponent of a machine, and with the digits that say something."""

from __future__ import annotations

from math import floor, isfinite, isnan, log10
from typing import Final

DECIMALS: Final = 6  # of a number from a tenth on; smaller ones have so many digits that say something
MAX_DECIMALS: Final = 12
LARGE: Final = 1e15  # from here on not every whole number is one of a machine's, and nobody counts the zeros
SMALL: Final = 1e-6
SECONDS_AN_HOUR: Final = 3600.0
_UNITS: Final = (  # from how many seconds on (what rounds to a whole one has begun), how many each has, decimals
    (47.95 * SECONDS_AN_HOUR, 24 * SECONDS_AN_HOUR, 1, ("天", "day")),
    (59.5 * 60, SECONDS_AN_HOUR, 1, ("小时", "hour")),
    (59.95, 60.0, 0, ("分钟", "minute")),
    (0.0, 1.0, 1, ("秒", "second")),
)


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


def duration(seconds: float) -> dict[str, str]:
    """About how long it is, by language, zh and en: 40 seconds, 37 minutes, 1 hour, 14.7 hours, 6.6 days."""
    _, size, decimals, (chinese, english) = next(unit for unit in _UNITS if seconds >= unit[0])
    number = readable(round(seconds / size, decimals), decimals)
    return {"zh": f"{number} {chinese}", "en": f"{number} {english}{'' if number == '1' else 's'}"}


def decimals_for(spread: float, digits: int = 3) -> int:
    """With how many decimals numbers are told apart that lie so far from one another, by so many digits."""
    if not isfinite(spread) or spread <= 0:
        return DECIMALS
    return min(MAX_DECIMALS, max(0, digits - 1 - floor(log10(spread))))


def _short(text: str) -> str:
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
