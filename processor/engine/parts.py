"""Parts: what the engine consults besides the rules. A part turns events and time into derived events, which rules see.

So a finding (a cloned plate, an entry delay that ran out) has severity, schedule, cool-down and order like any other:
it is the rule that raises, the part only says what it found.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import ClassVar

from herun.events import Event
from herun.frames import Control
from processor.engine.alerting import Evaluation
from processor.engine.conditions import Data
from processor.engine.state import TimerKey

ControlHandler = Callable[[Evaluation, Control], None]


class Part(ABC):
    """One part. All it knows lies in the state, changed through `ev.journal` only, so it can be taken back.

    What it throws on an event or a timer is counted, what it did there is taken back, and everything else goes on. A
    control that it throws on is refused as a whole (KeyError, TypeError, ValueError) or becomes a dead letter: a change
    that somebody made is never half made in silence.

    `event_types` are what it looks at, `timers` the first elements of the timer keys that it arms.
    """

    event_types: ClassVar[frozenset[str]] = frozenset()
    timers: ClassVar[frozenset[str]] = frozenset()

    def controls(self) -> Mapping[str, ControlHandler]:
        """What it does on controls, by kind. KeyError, TypeError and ValueError refuse the control."""
        return {}

    @abstractmethod
    def on_event(self, ev: Evaluation, event: Event, data: Data, *, late: bool) -> None:
        """Looks at one event of its types, before the rules do. `ev.derive` adds derived events."""

    def on_timer(self, ev: Evaluation, timer: TimerKey, due: int) -> None:
        """One of its timers is due; `timer` is as it was armed with `ev.timers.arm`."""
        raise AssertionError(f"{type(self).__name__} arms no timers, but {timer} was due at {due} ({ev.now})")
