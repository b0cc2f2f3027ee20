"""What a detector says: one sentence with its numbers, in Chinese and English."""

from __future__ import annotations

from typing import Final

from herun.readable import SECONDS_AN_HOUR, decimals_for, duration, readable
from processor.engine.detectors.contract import Aspect, Score

_SENTENCES: Final[dict[Aspect, tuple[str, str]]] = {
    Aspect.VALUE: (
        "预期 {expected}，实为 {value}（通常在 {low} 至 {high} 之间）",
        "expected {expected}, saw {value} (usual range {low} to {high})",
    ),
    Aspect.HOUR: (
        "此时段预期 {expected}，实为 {value}（通常在 {low} 至 {high} 之间）",
        "expected {expected} at this hour, saw {value} (usual range {low} to {high})",
    ),
    Aspect.LATELY: (
        "此时段预期 {expected}，近来平均为 {value}（通常在 {low} 至 {high} 之间）",
        "expected {expected} at this hour, {value} on average lately (usual range {low} to {high})",
    ),
    Aspect.JUMP: (
        "较上一数值变化 {value}（通常不超过 {high}）",
        "changed by {value} from the value before (usually at most {high})",
    ),
    Aspect.UNREST: (
        "相邻数值平均变化 {value}（通常在 {low} 至 {high} 之间）",
        "moves by {value} from value to value on average (usual range {low} to {high})",
    ),
    Aspect.COUNT: (
        "本小时预期 {expected} 次，实为 {value} 次（通常在 {low} 至 {high} 之间）",
        "expected {expected} in this hour, saw {value} (usual range {low} to {high})",
    ),
    Aspect.STANDSTILL: (
        "数值已 {value}未变化（通常不超过 {high}）",
        "has not changed for {value} (usually at most {high})",
    ),
    Aspect.DRIFT: (
        "持续偏{direction}：近来为 {value}，此时段通常为 {expected}",
        "has drifted {direction}: {value} lately, usually {expected} at this hour",
    ),
    Aspect.SILENCE: (
        "已 {value}没有消息（通常不超过 {high}）",
        "nothing for {value} (usually at most {high})",
    ),
}
_DIRECTIONS: Final = {True: ("高", "up"), False: ("低", "down")}
_HOURS: Final = frozenset({Aspect.STANDSTILL, Aspect.SILENCE})  # what these tell is a duration
_UNITLESS: Final = frozenset({Aspect.COUNT}) | _HOURS


def sentence(score: Score, unit: str = "") -> dict[str, str]:
    """The sentence by language, zh and en; `unit` is that of the values, if it is known."""
    said = {}
    for n, language in enumerate(("zh", "en")):
        numbers = {
            name: duration(getattr(score, name) * SECONDS_AN_HOUR)[language]
            if score.aspect in _HOURS
            else _told(score, getattr(score, name))
            for name in ("expected", "value", "low", "high")
        }
        if unit and score.aspect not in _UNITLESS:
            numbers["value"] += f" {unit}"
        said[language] = _SENTENCES[score.aspect][n].format(**numbers, direction=_DIRECTIONS[score.is_up][n])
    return said


def value_of(score: Score) -> str:
    """What was seen, as the sentence has it."""
    return _told(score, score.value)


def _told(score: Score, number: float) -> str:
    """With as many decimals as tell what is usual from what is not."""
    return readable(number, decimals_for(score.high - score.low or abs(score.value - score.expected)))
