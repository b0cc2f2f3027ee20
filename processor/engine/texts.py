"""Alert texts from a rule's templates. Unknown names stay as they are; nothing personal is at hand to get in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from herun.catalogue import CATALOGUE, tellable
from herun.passages import FLAGGED
from herun.readable import readable
from herun.word_names import NAMES

_NAME: Final = re.compile(r"\{(device|zone|building|value|count|duration|finding|probability|data\.\w+)\}")
_OF_DATA: Final = ("{data.", "{finding}", "{zone}")
_TRUTH: Final = {True: ("是", "yes"), False: ("否", "no")}
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


def ask_for_data(templates: Iterable[str]) -> bool:
    """True if one of these tells something of the event that raises."""
    return any(name in text for text in templates for name in _OF_DATA)


def data_texts(event_type: str, data: Mapping[str, Any]) -> dict[str, str]:
    """What {data.<field>} stands for, and {finding} of a passage's finding, by name and language.

    Personal values, hashes, and fields that the catalogue does not know are told by nobody.
    """
    found: dict[str, str] = {}
    for name, field in CATALOGUE[event_type].fields.items() if event_type in CATALOGUE else ():
        value = data.get(name)
        if value is None or not tellable(name, field):
            continue
        chinese, english = _TRUTH[value] if isinstance(value, bool) else (_told(value), _told(value))
        if value in field.words:
            chinese, english = NAMES[value]
        found |= {f"data.{name}_zh": chinese, f"data.{name}_en": english}
    if event_type == FLAGGED and "data.finding_zh" in found:
        found |= {f"finding_{language}": found[f"data.finding_{language}"] for language in ("zh", "en")}
    return found


def _told(value: object) -> str:
    return readable(value) if isinstance(value, float) else str(value)


def duration_texts(duration_us: int) -> dict[str, str]:
    """A duration in the largest unit that leaves no rest, in both languages."""
    seconds = duration_us / 1_000_000
    for size, chinese, english in _UNITS:
        if seconds >= size and seconds % size == 0:
            number = readable(seconds / size)
            return {"duration_zh": f"{number} {chinese}", "duration_en": f"{number} {english}"}
    return {"duration_zh": f"{readable(seconds)} 秒", "duration_en": f"{readable(seconds)} s"}
