"""Stretches of event time that a fold raises, read from its edges."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from itertools import takewhile
from operator import attrgetter
from typing import Final

import msgspec

from processor.engine.tracks import Edge

_AT: Final = attrgetter("at")
Mark = tuple[int, str, str]  # of an edge: when, device, event


class Stretch(msgspec.Struct, frozen=True, gc=False):
    """A stretch that a fold raises. `edges` are what raises it, in order of time: the first that may raise tells of it.

    `is_held`: none of them may.
    """

    edges: tuple[Edge, ...]
    cleared_at: int | None
    is_held: bool = False

    @property
    def edge(self) -> Edge:
        """What tells of it."""
        return self.edges[0]

    @property
    def raised_at(self) -> int:
        return self.edges[0].at


def mark_of(edge: Edge) -> Mark:
    """What tells it from others of its key."""
    return edge.at, edge.device, edge.event_id


def read_stretches(opened: Edge | None, edges: Sequence[Edge], *, lasting: bool) -> list[Stretch]:
    """The stretches that the edges make; `opened` raised the one that is open at their beginning."""
    found = [] if opened is None else [Stretch((opened,), None)]
    for edge in edges:
        if edge.raises and lasting and found and found[-1].cleared_at is None:
            found[-1] = Stretch(_in_order((*found[-1].edges, edge)), None)
        elif edge.raises:
            found.append(Stretch((edge,), None if lasting else edge.at))
        elif found:
            found[-1] = msgspec.structs.replace(found[-1], cleared_at=edge.at)
    return _joined(found) if lasting else found


def _in_order(edges: Iterable[Edge]) -> tuple[Edge, ...]:
    return tuple(sorted(edges, key=_AT))


def _joined(stretches: Sequence[Stretch]) -> list[Stretch]:
    """What one device's events tell may lie within what another's told before: together they are one stretch.

    What time raises is raised before what happens in the same moment.
    """
    found: list[Stretch] = []
    for stretch in sorted(stretches, key=attrgetter("raised_at")):
        last = found[-1] if found else None
        if last is None or (last.cleared_at is not None and stretch.raised_at >= last.cleared_at + stretch.edge.timed):
            found.append(stretch)
            continue
        is_open = last.cleared_at is None or stretch.cleared_at is None
        ends = [each.cleared_at for each in (last, stretch) if each.cleared_at is not None]
        found[-1] = Stretch(_in_order((*last.edges, *stretch.edges)), None if is_open else max(ends))
    return found


def as_it_may_be_told(stretch: Stretch, known: AbstractSet[Mark], may_tell: Callable[[Edge], bool]) -> Stretch:
    """The stretch from the first of what raises it that was told, or may be; held back if there is none."""
    for n, edge in enumerate(stretch.edges):
        if mark_of(edge) in known or may_tell(edge):
            return msgspec.structs.replace(stretch, edges=stretch.edges[n:])
    return msgspec.structs.replace(stretch, is_held=True)


def left_untold(stretches: Iterable[Stretch], known: AbstractSet[Mark]) -> set[Mark]:
    """What raised these and was not told: it came before what was, or is final."""
    return {
        mark_of(edge)
        for stretch in stretches
        for edge in takewhile(lambda each: mark_of(each) not in known, stretch.edges)
    }
