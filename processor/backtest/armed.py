"""What the arming of its zone made of an event: why nobody rang when that door opened. Pure."""

from __future__ import annotations

from typing import Any, Final

from herun.arming import WATCHES, Detection, Mode
from herun.clock import SECOND_US
from herun.events import FLAG_OUT_OF_SERVICE, Event
from herun.word_names import NAMES
from processor.engine.arming.cells import ZoneArming
from processor.engine.arming.detections import EVENT_TYPES, MAX_LATE_US, detection_of
from processor.engine.conditions import Data
from processor.engine.state import Registration, State

_SENTENCES: Final[dict[str, tuple[str, str]]] = {
    "no_zone": ("设备不属于任何区域，不参与布防", "the device is in no zone: nothing is armed there"),
    "no_detection": ("此事件不是开门或有人，不触发入侵", "nothing was detected by it: no door opened, nobody is there"),
    "out_of_service": (
        "设备当时停用（旁路、演练或检修），不触发入侵",
        "the device was out of service then (bypass, drill or maintenance): it makes no intrusion",
    ),
    "too_late": (
        "事件晚于发生时间 {late_s} 秒才到，不再触发入侵",
        "it came {late_s} s after it happened: what is so late is stored, and no intrusion any more",
    ),
    "not_watched": ("区域 {zone} 当时为{mode_zh}，不触发入侵", "zone {zone} was {mode_en}: that is no intrusion then"),
    "entry_delay": (
        "区域 {zone} 为{mode_zh}，入口延时已开始，期满未撤防即为入侵",
        "zone {zone} was {mode_en}, and the entry delay runs: it is an intrusion unless somebody disarms in time",
    ),
    "watched": (
        "区域 {zone} 当时为{mode_zh}：即为入侵（延时内、刚报过或迟到太久的除外）",
        "zone {zone} was {mode_en}: an intrusion, unless an entry delay ran, one was just told, or it came too late",
    ),
}


def arming_of(event: Event, data: Data, place: Registration, state: State) -> dict[str, Any] | None:
    """`outcome`, `zone`, `mode` and `why` by language, by the state right after the event; None for other types."""
    if event.event_type not in EVENT_TYPES:
        return None
    cell = state.arming.get((event.site, place.zone or ""), ZoneArming())
    mode = cell.mode_at(event.event_time)
    late_us = state.engine_time - event.event_time
    is_late = late_us > MAX_LATE_US  # modes are not remembered for so long
    outcome = _outcome(event, detection_of(event, data), place, cell, None if is_late else mode)
    chinese, english = NAMES[mode.value]
    words = {"zone": place.zone, "mode_zh": chinese, "mode_en": english, "late_s": late_us // SECOND_US}
    why = {lang: said.format(**words) for lang, said in zip(("zh", "en"), _SENTENCES[outcome], strict=True)}
    return {"outcome": outcome, "zone": place.zone, "mode": None if is_late else mode.value, "why": why}


def _outcome(
    event: Event, detection: Detection | None, place: Registration, cell: ZoneArming, mode: Mode | None
) -> str:
    if not place.zone:
        return "no_zone"
    if detection is None:
        return "no_detection"
    if event.flags & FLAG_OUT_OF_SERVICE:
        return "out_of_service"
    if mode is None:
        return "too_late"
    if detection not in WATCHES[mode]:
        return "not_watched"
    is_entry = cell.entry is not None and (cell.entry.device, cell.entry.event_id) == (event.device, event.event_id)
    return "entry_delay" if is_entry else "watched"
