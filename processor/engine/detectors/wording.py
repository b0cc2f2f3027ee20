"""What a detector says: one sentence with its numbers, in Chinese and English."""

from __future__ import annotations

from typing import Final

from herun.readable import decimals_for, readable
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
        "数值已 {value} 小时未变化（通常不超过 {high} 小时）",
        "has not changed for {value} hours (usually at most {high})",
    ),
    Aspect.DRIFT: (
        "持续偏向一侧，累计偏差 {value} 倍常态（通常在 {low} 至 {high} 之间）",
        "keeps to one side, deviations add up to {value} usual ones (usual range {low} to {high})",
    ),
    Aspect.SILENCE: (
        "已 {value} 小时没有消息（通常不超过 {high} 小时）",
        "nothing for {value} hours (usually at most {high})",
    ),
}


def sentence(score: Score) -> dict[str, str]:
    """The sentence by language, zh and en."""
    numbers = {name: _told(score, getattr(score, name)) for name in ("expected", "value", "low", "high")}
    chinese, english = _SENTENCES[score.aspect]
    return {"zh": chinese.format(**numbers), "en": english.format(**numbers)}


def value_of(score: Score) -> str:
    """What was seen, as the sentence has it."""
    return _told(score, score.value)


def _told(score: Score, number: float) -> str:
    """With as many decimals as tell what is usual from what is not."""
    return readable(number, decimals_for(score.high - score.low))
