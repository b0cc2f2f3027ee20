"""Stored rows through the engine, frame by frame, as the live one saw them.

Frames without events are not stored, and need not be: a timer fires at its own time whatever frame comes next, and how
far a gateway had listened stands beside the controls and outages, where alone it matters.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from herun.events import Event
from herun.frames import FRAME_VERSION, Control, Frame, FrameKind
from processor.engine.decisions import Decisions
from processor.engine.engine import Engine

NO_OUTAGE: Final = 2**62  # microseconds: a gap that never occurs
END: Final = 2**62  # a position behind all
ANY_GAP: Final = 0  # whatever passed since a gateway was last heard is an outage

Substitution = Callable[[Control], Control | None]


class StoredFrame(NamedTuple):
    """The events of one frame that are asked for."""

    position: int
    at_us: int
    events: list[Event]


class StoredControls(NamedTuple):
    """One control frame; `listened_us` is how far a gateway had listened, None in rows from before that was kept."""

    position: int
    at_us: int
    listened_us: int | None
    controls: list[Control]


class Outage(NamedTuple):
    """Nobody listened from `began_us` to `ended_us`, when the frame at this position came."""

    position: int
    began_us: int
    ended_us: int


class Boundary(NamedTuple):
    """A moment among a site's rows: the last position before it and the first not before it (END: none)."""

    at_us: int
    last: int
    next: int


class Replay:
    """One engine and what it reads besides events. `substitute` may exchange a control, or leave it out (None)."""

    def __init__(
        self,
        engine: Engine,
        controls: Iterable[StoredControls],
        outages: Iterable[Outage],
        substitute: Substitution = lambda control: control,
    ) -> None:
        self.engine = engine
        engine.outage_gap_us = NO_OUTAGE
        self._substitute = substitute
        self._marks: Iterator[StoredControls | Outage] = heapq.merge(controls, outages, key=lambda mark: mark.position)
        self._next = next(self._marks, None)

    def through(self, frames: Iterable[StoredFrame]) -> Iterator[Decisions]:
        """The decisions of these frames, and of all controls and outages before each."""
        for frame in frames:
            while self._next is not None and self._next.position <= frame.position:
                yield from self._take_next(frame.position)
            yield self._apply(FrameKind.EVENTS, frame.position, frame.at_us, frame.events)

    def finish(self, end: Boundary) -> Iterator[Decisions]:
        """What comes before the end besides events, and the time up to it."""
        while self._next is not None and not (isinstance(self._next, Outage) and self._next.ended_us >= end.at_us):
            yield from self._take_next(END)
        until_us, position = end.at_us - 1, end.last + 1
        yield from self._listen(position, until_us if self._next is None else min(until_us, self._next.began_us))
        yield self._apply(FrameKind.TICK, position, until_us)

    def _take_next(self, frame_position: int) -> Iterator[Decisions]:
        """The next control or outage. One that ended with the frame of this position ends when that is applied."""
        mark, self._next = self._next, next(self._marks, None)
        if isinstance(mark, StoredControls):
            yield from self._apply_controls(mark)
        elif mark is not None:
            yield from self._listen(mark.position, mark.began_us)
            self.engine.outage_gap_us = ANY_GAP
            if mark.position != frame_position:
                yield self._apply(FrameKind.EVENTS, mark.position, mark.ended_us)

    def _apply_controls(self, stored: StoredControls) -> Iterator[Decisions]:
        yield from self._listen(stored.position, stored.at_us if stored.listened_us is None else stored.listened_us)
        exchanged = (self._substitute(control) for control in stored.controls)
        controls = [control for control in exchanged if control is not None]
        if controls:
            yield self._apply(FrameKind.CONTROL, stored.position, stored.at_us, None, controls)

    def _listen(self, position: int, until_us: int) -> Iterator[Decisions]:
        if until_us > self.engine.state.listened:
            yield self._apply(FrameKind.EVENTS, position, until_us)

    def _apply(
        self,
        kind: FrameKind,
        position: int,
        at_us: int,
        events: list[Event] | None = None,
        controls: list[Control] | None = None,
    ) -> Decisions:
        decisions = self.engine.apply(
            Frame(FRAME_VERSION, 0, "", "", kind, events or [], controls or []), position, at_us
        )
        self.engine.commit()
        if kind is FrameKind.EVENTS:
            self.engine.outage_gap_us = NO_OUTAGE
        return decisions
