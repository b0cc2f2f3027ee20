"""What the engine tells whoever asks why: a trace replays up to one event and listens to that one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from herun.alerts import Alert
from herun.events import Event
from processor.engine.arming.lookups import Held
from processor.engine.kinds.compiled import CompiledRule

Change = tuple[Any, Any, Any]  # a journal's entry: the family (or list), the key (or place), and what was there before


class Look(NamedTuple):
    """What one rule did about the event, or about an event that was derived from it.

    `times` are the event's by its device's clock and by everybody's. `changes` are what the rule wrote, in order, the
    values now in the families; `alerts` what it raised; `held` what keeps it from raising what it found. `is_too_late`:
    the event can correct nothing any more.
    """

    event: Event
    key: str
    times: tuple[int, int]
    changes: Sequence[Change]
    alerts: Sequence[Alert]
    held: Held | None
    is_too_late: bool


class Recorder(Protocol):
    """Told of each rule that an event of its scope and `where` has reached, after the rule has looked at it."""

    def evaluated(self, rule: CompiledRule, look: Look) -> None:
        """The rule has looked."""
