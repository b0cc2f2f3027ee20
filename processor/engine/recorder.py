"""What the engine tells whoever asks why: a trace replays up to one event and listens to that one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from herun.alerts import Alert
from herun.events import Event
from processor.engine.kinds.compiled import CompiledRule

Change = tuple[Any, Any, Any]  # a journal's entry: the family (or list), the key (or place), and what was there before


class Recorder(Protocol):
    """Told of each rule that an event of its scope and `where` has reached, after the rule has looked at it."""

    def evaluated(self, rule: CompiledRule, event: Event, changes: Sequence[Change], alerts: Sequence[Alert]) -> None:
        """`changes` are what the rule wrote, in order, the values now in the families; `alerts` what it raised."""

    def held_back(self, rule: CompiledRule, event: Event, by: str) -> None:
        """What the rule finds is not raised now, by `schedule`, `arming`, `bypass`, `drill` or `maintenance`."""
