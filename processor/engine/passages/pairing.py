"""Pairing: a car's moves in the order in which they happened, entries with exits, and what is left over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from herun.passages import Finding
from processor.engine.passages.records import CLOCK_TOLERANCE_US, Move

IN: Final = "in"
OUT: Final = "out"


class Step:
    """One move in its turn: the entry that was open before, and what does not fit."""

    __slots__ = ("before", "finding", "move")

    def __init__(self, move: Move, before: Move | None) -> None:
        self.move = move
        self.before = before
        self.finding: Finding | None = None
        if move.direction == IN and before is not None:
            self.finding = Finding.CLONE
        elif move.direction == OUT and before is None:
            self.finding = Finding.EXIT_WITHOUT_ENTRY

    @property
    def after(self) -> Move | None:
        """The entry that is open after the move: None when the car is outside."""
        if self.move.direction == IN:
            return self.move
        return None if self.move.direction == OUT else self.before

    @property
    def pair(self) -> tuple[Move, Move] | None:
        """Entry and exit, if the move is an exit with an entry."""
        if self.move.direction == OUT and self.before is not None:
            return self.before, self.move
        return None


def walk(base: Move | None, moves: Sequence[Move]) -> Iterator[Step]:
    """The moves (by event time) in turn, from what the last settled move left.

    Where two gates' clocks may differ and the event times make no sense, what came first was first.
    """
    open_entry = base if base is not None and base.direction == IN else None
    waiting = list(moves)
    while waiting:
        n = 1 if len(waiting) > 1 and _is_swapped(open_entry, waiting[0], waiting[1]) else 0
        step = Step(waiting.pop(n), open_entry)
        open_entry = step.after
        yield step


def _is_swapped(open_entry: Move | None, first: Move, second: Move) -> bool:
    """Whether the second happened before the first: it came before it, and only so entry and exit alternate."""
    fits = second.direction == (OUT if open_entry is not None else IN)
    return (
        fits
        and first.direction != second.direction
        and second.recorded < first.recorded
        and second.at - first.at <= CLOCK_TOLERANCE_US
    )


def put_in(moves: tuple[Move, ...], move: Move) -> tuple[Move, ...]:
    """The moves with one more, by event time; of equal ones the first that came stands first."""
    place = len(moves)
    while place and moves[place - 1].at > move.at:
        place -= 1
    return (*moves[:place], move, *moves[place:])
