"""Times in what people send: `${+30m}` in a scenario is a moment of the play, whenever it is played. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from herun.clock import DAY_US, HOUR_US, MINUTE_US, SECOND_US, to_datetime, to_text

UNITS_US: Final = {"d": DAY_US, "h": HOUR_US, "m": MINUTE_US, "s": SECOND_US}
DURATION: Final = re.compile(r"(\d+)([dhms])")
_MOMENT: Final = re.compile(r"\$\{(?:(clock|date|year|week) )?([+-])((?:\d+[dhms])+)\}")
_CHINA: Final = timezone(timedelta(hours=8))  # of every simulated site


def duration_us(text: object) -> int:
    """Microseconds of `1h30m`, `90s` and the like. Raises ValueError for anything else."""
    if not isinstance(text, str) or not re.fullmatch(r"(\d+[dhms])+", text):
        raise ValueError(f"a duration is written like 1h30m or 90s, not {text!r}")
    return sum(int(number) * UNITS_US[unit] for number, unit in DURATION.findall(text))


def offset_us(text: object) -> int:
    """The same, and -10m for what is behind."""
    return -duration_us(text[1:]) if isinstance(text, str) and text.startswith("-") else duration_us(text)


def local(at_us: int) -> datetime:
    """A moment as the site's wall clock shows it."""
    return to_datetime(at_us).astimezone(_CHINA)


_WRITTEN: Final[dict[str | None, Callable[[int], str]]] = {
    None: to_text,
    "clock": lambda at_us: f"{local(at_us):%H:%M}",
    "date": lambda at_us: f"{local(at_us):%Y-%m-%d}",
    "year": lambda at_us: f"{local(at_us):%Y}",
    "week": lambda at_us: f"{local(at_us):%G-W%V}",
}


def resolved(value: Any, start_us: int) -> Any:
    """The value with every moment in its texts written out, for a play that starts at `start_us`.

    `${+30m}` is RFC 3339; `${clock +30m}`, `${date +0m}`, `${week +0m}` (2026-W20) and `${year +0m}` are the site's
    local time.
    """
    if isinstance(value, dict):
        return {resolved(name, start_us): resolved(each, start_us) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [resolved(each, start_us) for each in value]
    if not isinstance(value, str):
        return value
    if re.fullmatch(r"\$\{year \+0m\}", value):
        return local(start_us).year
    return _MOMENT.sub(lambda found: _WRITTEN[found[1]](_moment(start_us, found[2], found[3])), value)


def _moment(start_us: int, sign: str, text: str) -> int:
    return start_us + (duration_us(text) if sign == "+" else -duration_us(text))
