"""What kept a rule from raising, in a sentence, and until when, where that is known."""

from __future__ import annotations

from typing import Any, Final

from herun.clock import to_text
from herun.word_names import NAMES
from processor.engine.arming.lookups import Held, mode_at, mode_until, schedule_of
from processor.engine.kinds.compiled import CompiledRule
from processor.engine.state import State

_BY: Final[dict[str, tuple[str, str]]] = {
    "schedule": ("不在其时段内", "this is outside its schedule"),
    "arming": (
        "区域处于{mode_zh}，规则要求{wanted_zh}",
        "the device's zone is in mode {mode}, and the rule raises in {wanted}",
    ),
    "bypass": ("设备被旁路", "the device is bypassed"),
    "drill": ("演练中", "there is a drill"),
    "maintenance": ("检修中", "there is maintenance"),
}


def held_back(state: State, compiled: CompiledRule, held: Held) -> dict[str, Any]:
    """`held_back`, and `by` what; `mode` of the zone and `until` when, if they are known."""
    values, until = _details(state, compiled, held)
    chinese, english = (text.format(**values) for text in _BY[held.by])
    told: dict[str, Any] = {"by": held.by}
    if "mode" in values:
        told["mode"] = values["mode"]
    if until is not None:
        told["until"] = to_text(until)
        chinese, english = f"{chinese}，至 {told['until']}", f"{english}, until {told['until']}"
    why = {"zh": f"规则此时不能触发：{chinese}", "en": f"it may not raise now: {english}"}
    return {"outcome": "held_back", "why": why, **told}


def _details(state: State, compiled: CompiledRule, held: Held) -> tuple[dict[str, str], int | None]:
    """The values of the sentence, and when what holds the rule back ends."""
    site = compiled.head.site
    place = state.registered.get((site, held.device))
    zone = None if place is None else place.zone
    if held.by == "schedule" and compiled.schedule is not None:
        return {}, schedule_of(state, site, compiled.schedule).next_change(held.at)
    if held.by != "arming":
        return {}, mode_until(state, site, zone, held.at) if held.until is None else held.until
    mode, wanted = mode_at(state, site, zone, held.at), sorted(compiled.armed_modes)
    values = {
        "mode": mode.value,
        "mode_zh": NAMES[mode][0],
        "wanted": ", ".join(wanted),
        "wanted_zh": "、".join(NAMES[each][0] for each in wanted),
    }
    return values, mode_until(state, site, zone, held.at)
