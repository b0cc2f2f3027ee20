"""What people said of alerts, counted by rule and device, so that detectors can be tuned by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from processor.engine.state import CellKey, State

if TYPE_CHECKING:
    from processor.engine.alerting import Evaluation

VERDICTS: Final = ("true", "false", "drill", "nuisance", "test")
MAX_PAIRS: Final = 20_000  # of rule and device in a partition; beyond it a rule's devices are counted together
ANY_DEVICE: Final = ""
_NONE: Final = (0,) * len(VERDICTS)


def count_verdict(ev: Evaluation, cell: CellKey, verdict: str) -> None:
    """Counts a verdict for (site, rule uid, device). Raises ValueError for one that is none."""
    index = VERDICTS.index(verdict)
    if (cell[0], cell[1]) not in ev.state.rules:
        return  # the rule is gone, or the engine's own: nobody tunes it
    if cell not in ev.state.verdicts and len(ev.state.verdicts) >= MAX_PAIRS:
        cell = (cell[0], cell[1], ANY_DEVICE)
    counts = list(ev.state.verdicts.get(cell, _NONE))
    counts[index] += 1
    ev.journal.put(ev.state.verdicts, cell, tuple(counts))


def forget_rule(ev: Evaluation, site: str, uid: str) -> None:
    """The rule is removed, and what was said of it."""
    for cell in [cell for cell in ev.state.verdicts if cell[:2] == (site, uid)]:
        ev.journal.remove(ev.state.verdicts, cell)


def judged(state: State, cell: CellKey, verdict: str) -> int:
    """How many alerts of (site, rule uid, device) were closed with this verdict; device "": those of no device."""
    return state.verdicts.get(cell, _NONE)[VERDICTS.index(verdict)]
