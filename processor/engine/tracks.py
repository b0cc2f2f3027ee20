"""What rules remember of a key: samples that may still be corrected, and what the fold knew before and after them."""

from __future__ import annotations

from typing import Final

import msgspec

from herun.alerts import Alert

EVENT: Final = 0  # what a sample is: an event,
LAPSED: Final = 1  # the word of a timer that this time has passed for its device,
LEFT: Final = 2  # that the device has left the key,
OPENED: Final = 3  # or that it may raise from here on what holds by it; no fold steps over this one

Value = float | int | bool | str | None


class Sample(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One thing that a fold steps over. `at`: event time, microseconds."""

    at: int
    device: str
    event_id: str
    value: Value = None
    what: int = EVENT

    @property
    def place(self) -> tuple[int, bool]:
        """Its place in the order: by time, and at one and the same time what has passed before what happens."""
        return self.at, self.what != LAPSED


class Edge(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A fold's answer: raised or cleared at an event time, by which sample; `timed`: by time that passed since it.

    Raised while it is raised: by something else too, maybe of a device that may raise where the first one may not, or
    earlier than was known.
    """

    raises: bool
    at: int
    device: str
    event_id: str
    value: Value = None
    count: int | None = None
    timed: bool = False


Edges = tuple[Edge, ...]
NO_EDGES: Final[Edges] = ()


class Pending(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Something that began with this event of this device."""

    device: str
    since: int
    event_id: str


class Pane(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Sums over a stretch of time."""

    index: int
    count: int = 0
    total: float = 0.0
    low: float = 0.0
    high: float = 0.0


class Holders(msgspec.Struct, array_like=True, frozen=True, gc=False, tag="holders"):
    """Devices over a threshold, in the order in which they went over it."""

    devices: tuple[str, ...] = ()


class Holding(msgspec.Struct, array_like=True, frozen=True, gc=False, tag="holding"):
    """Devices for which a condition holds: not long enough yet, and long enough, the first of them since a time."""

    pending: tuple[Pending, ...] = ()
    holders: tuple[str, ...] = ()
    raised_at: int = 0


class Times(msgspec.Struct, array_like=True, frozen=True, gc=False, tag="times"):
    """The newest times of a count, ascending, never more than it asks for."""

    times: tuple[int, ...] = ()
    is_raised: bool = False


class Values(msgspec.Struct, array_like=True, frozen=True, gc=False, tag="values"):
    """The newest distinct values and when each was last seen, ascending by time."""

    values: tuple[tuple[str | int | float, int], ...] = ()
    is_raised: bool = False


class History(msgspec.Struct, array_like=True, frozen=True, gc=False, tag="history"):
    """Values of the key (time, value), ascending, thinned."""

    points: tuple[tuple[int, float], ...] = ()
    is_raised: bool = False


class Sums(msgspec.Struct, array_like=True, frozen=True, gc=False, tag="sums"):
    """Panes of an aggregate, ascending; first and last time of a session; the newest event."""

    panes: tuple[Pane, ...] = ()
    is_raised: bool = False
    first: int = 0
    last: int = 0
    device: str = ""
    event_id: str = ""


class Partials(msgspec.Struct, array_like=True, frozen=True, gc=False, tag="partials"):
    """Of each step but the last, the newest beginning of a sequence that has come so far."""

    reached: tuple[Pending | None, ...] = ()


class Waiting(msgspec.Struct, array_like=True, frozen=True, gc=False, tag="waiting"):
    """What is waited upon since this event, or has not come in time; older snapshots do not say since when then.

    Further devices with which it has begun since, waited upon by themselves: `others` not long enough yet, `late` ones
    long enough.
    """

    since: Pending | None = None
    is_raised: bool = False
    others: tuple[Pending, ...] = ()
    late: tuple[Pending, ...] = ()


class Nothing(msgspec.Struct, array_like=True, frozen=True, gc=False, tag="nothing"):
    """Of kinds that remember nothing."""


FoldState = Nothing | Holders | Holding | Times | Values | History | Sums | Partials | Waiting


class Episode(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A stretch that a fold has raised, by which event, and the alert that came of it as it was last written.

    It begins with what tells of it: the first device that may raise, or the opening of a schedule. `alert` is None
    while there is none. `shift` is how far the device's clock is known to be behind: its alert is so much later. A
    withdrawn one never was; its alert may be told again.
    """

    raised_at: int
    cleared_at: int | None
    event_id: str
    device: str
    alert: Alert | None
    shift: int = 0
    is_withdrawn: bool = False
    value: Value = None  # what raised it: told when it may be
    count: int | None = None
    woken_at: int | None = None  # of older snapshots: when an opening raised it
    is_closed: bool = False  # by people

    @property
    def is_muted(self) -> bool:
        """True if it holds and was not raised."""
        return self.alert is None and self.cleared_at is None


class Track(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One key of one rule. `head` is `base` stepped over the tail, which ascends by time and is not older than `since`.

    The tail only grows, by Journal.append: most samples change nothing else, and a copy would touch them all.
    `episodes` are those that the tail can still change, the one open at its beginning among them.
    """

    base: FoldState
    since: int
    tail: list[Sample]
    head: FoldState
    episodes: tuple[Episode, ...] = ()
