"""Alert texts from a rule's templates. Unknown names stay as they are; nothing personal is at hand to get in."""

from __future__ import annotations

import re
from typing import Final

from herun.readable import readable

_NAME: Final = re.compile(r"\{(device|zone|building|value|count|duration|finding|probability)\}")
_UNITS: Final = ((86_400, "天", "d"), (3_600, "小时", "h"), (60, "分钟", "min"))


def fill(template: dict[str, str], values: dict[str, str]) -> dict[str, str]:
    """The template with its names filled in, in each language; `values` may hold `duration_zh` and `duration_en`."""
    return {language: _fill_one(text, values, language) for language, text in template.items()}


def _fill_one(text: str, values: dict[str, str], language: str) -> str:
    if "{" not in text:
        return text

    def value_of(match: re.Match[str]) -> str:
        name = match.group(1)
        return values.get(f"{name}_{language}", values.get(name, ""))

    return _NAME.sub(value_of, text)


def duration_texts(duration_us: int) -> dict[str, str]:
    """A duration in the largest unit that leaves no rest, in both languages."""
    seconds = duration_us / 1_000_000
    for size, chinese, english in _UNITS:
        if seconds >= size and seconds % size == 0:
            number = readable(seconds / size)
            return {"duration_zh": f"{number} {chinese}", "duration_en": f"{number} {english}"}
    return {"duration_zh": f"{readable(seconds)} 秒", "duration_en": f"{readable(seconds)} s"}
