"""An engine whose time is moved by hand."""

from __future__ import annotations

from collections.abc import Iterable

from herun.alerts import Alert
from herun.events import Event
from herun.frames import FRAME_VERSION, Control, Frame, FrameKind
from processor.engine import snapshot
from processor.engine.decisions import Decisions, RuleError
from processor.engine.duplicates import GENERATION
from processor.engine.engine import Engine
from processor.engine.state import State
from tests.unit.processor.samples import START_US

NO_OUTAGE_US = 1 << 60  # a gateway listens all the time, whatever lies between two frames


class Driver:
    """Gives frames to an engine and commits each; `alerts` are all versions so far."""

    def __init__(self, *controls: Control, gap_us: int = NO_OUTAGE_US, generation: int = GENERATION) -> None:
        self._gap_us = gap_us
        self._generation = generation
        self.engine = Engine(State(), gap_us, generation)
        self.position = 0
        self.now = START_US
        self.alerts: list[Alert] = []
        self.rule_errors: list[RuleError] = []
        self.may_fail = False
        if controls:
            self.control(*controls)

    def events(self, *events: Event, at: int | None = None, left_out: Iterable[int] = ()) -> Decisions:
        """One frame of events, by default at the time of the newest."""
        self.now = max(self.now, *(event.event_time for event in events)) if at is None else at
        return self._apply(FrameKind.EVENTS, list(events), [], left_out)

    def control(self, *controls: Control, at: int | None = None) -> Decisions:
        """One frame of controls."""
        self.now = self.now if at is None else at
        return self._apply(FrameKind.CONTROL, [], list(controls), ())

    def tick(self, at: int) -> Decisions:
        """An empty frame: time passes."""
        self.now = at
        return self._apply(FrameKind.TICK, [], [], ())

    def listen(self, at: int) -> Decisions:
        """A gateway's frame without events: it listens, and nobody speaks."""
        self.now = at
        return self._apply(FrameKind.EVENTS, [], [], ())

    def pass_until(self, at: int, step_us: int = 1_000_000) -> None:
        """Each second until then a gateway says that it listens."""
        while self.now < at:
            self.listen(min(at, self.now + step_us))

    def tick_until(self, at: int, step_us: int = 1_000_000) -> None:
        """The same with ticks only: the processor runs, and no gateway."""
        while self.now < at:
            self.tick(min(at, self.now + step_us))

    def restart(self) -> None:
        """What a crash leaves: the state as a snapshot holds it."""
        stored = snapshot.compress(snapshot.pack(self.engine.state))
        self.engine = Engine(snapshot.restore(stored, snapshot.FORMAT_VERSION), self._gap_us, self._generation)

    @property
    def story(self) -> list[tuple[str, int]]:
        """(state, when) of each alert version, in seconds after the start."""
        return [(alert.state.value, (alert.updated_at - START_US) // 1_000_000) for alert in self.alerts]

    def _apply(
        self, kind: FrameKind, events: list[Event], controls: list[Control], left_out: Iterable[int]
    ) -> Decisions:
        self.position += 1
        frame = Frame(FRAME_VERSION, 0, "test", f"frame-{self.position}", kind, events, controls)
        decisions = self.engine.apply(frame, self.position, self.now, set(left_out))
        self.engine.commit()
        self.alerts += decisions.alerts
        self.rule_errors += decisions.rule_errors
        assert self.may_fail or not decisions.rule_errors
        return decisions
