"""Stretches of event time that a fold raises, read from its edges."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Final

import msgspec

from processor.engine.tracks import Edge

_AT: Final = attrgetter("at")


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
