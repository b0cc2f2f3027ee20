"""A fold: what a rule makes of the samples of one key, one after the other in event time. Pure and without memory.

Because a fold sees samples in event time only, what it says does not depend on the order in which they came: the runner
(kinds/folded.py) puts a late one in its place and steps again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Final, Generic, TypeVar

from herun.cel import Data, Subject, Test, compile_expression
from herun.events import Event
from herun.rules import Limits
from processor.engine.tracks import Edge, Edges, FoldState, Sample, Value

S = TypeVar("S", bound=FoldState)

SECOND_US: Final = 1_000_000
WHOLE_KEY: Final = ""  # whom an alarm is about if it is no device
NO_ALARMS: Final[tuple[tuple[str, int], ...]] = ()

Crosses = Callable[[float], bool]


class Fold(ABC, Generic[S]):
    """`lasting`: what it raises holds until it clears it; else each raising is an occurrence of its own.

    While it holds, it also tells what raises it too: each device that comes to hold, or each sample that keeps it up
    where that is not said of devices. One of them may raise where the first may not.

    `span`: how long a sample matters at most, in microseconds of event time.
    """

    lasting: ClassVar[bool] = True
    span: int = 0

    @abstractmethod
    def start(self) -> S:
        """What it knows of a key of which nothing has been seen."""

    @abstractmethod
    def read(self, event: Event, data: Data, subject: Subject) -> Value:
        """What it keeps of an event; None if the event says nothing to it."""

    @abstractmethod
    def step(self, state: S, sample: Sample) -> tuple[S, Edges]:
        """The state after the sample, the same object if nothing changed, and what was raised or cleared."""

    def calms(self, value: Value) -> bool:
        """True if an event with this value can only end what holds: it then counts even in a drill."""
        del value
        return False

    def alarms(self, state: S) -> tuple[tuple[str, int], ...]:
        """When time alone will change something: (device or WHOLE_KEY, event time)."""
        del state
        return NO_ALARMS

    def holders(self, state: S) -> tuple[str, ...]:
        """The devices for which what it has raised holds; empty if that is said of the key and not of each of them."""
        del state
        return ()

    def is_raised(self, state: S) -> bool:
        """True while what it has raised holds."""
        del state
        return False


def optional(condition: str | None) -> Test | None:
    """The test whether the condition is true, if there is one."""
    return None if condition is None else compile_expression(condition).is_true


def sides(limits: Limits) -> tuple[Crosses, Crosses]:
    """When it is raised and when it is cleared; without a clear value, as soon as it is not crossed."""
    if limits.raise_above is not None:
        above, below = limits.raise_above, limits.clear_below
        return (lambda value: value > above), (
            (lambda value: value <= above) if below is None else (lambda value: value < below)
        )
    if limits.raise_below is None:
        raise ValueError("there is no limit")
    low, high = limits.raise_below, limits.clear_above
    return (lambda value: value < low), ((lambda value: value >= low) if high is None else (lambda value: value > high))


def raised(sample: Sample, value: Value = None, count: int | None = None) -> Edge:
    """The sample itself raises."""
    return Edge(True, sample.at, sample.device, sample.event_id, value, count)


def cleared(sample: Sample, at: int | None = None) -> Edge:
    """Cleared by the sample, or by the time `at` that had passed before it."""
    return Edge(False, sample.at if at is None else at, sample.device, sample.event_id)
