"""The undo log: whatever the engine changes can be taken back until it is committed.

All state lies in dictionaries of immutable values, and in lists of such that only grow, so one kind of entry takes back
every change.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

K = TypeVar("K")
V = TypeVar("V")

MISSING: Final[Any] = object()  # the key was not there


class Journal:
    """What was in the dictionaries and lists before, in the order in which it was overwritten."""

    __slots__ = ("entries",)

    def __init__(self) -> None:
        self.entries: list[tuple[Any, Any, Any]] = []

    def put(self, family: dict[K, V], key: K, value: V) -> None:
        """Sets one value."""
        self.entries.append((family, key, family.get(key, MISSING)))
        family[key] = value

    def remove(self, family: dict[K, V], key: K) -> None:
        """Takes one value out, if it is there."""
        old = family.pop(key, MISSING)
        if old is not MISSING:
            self.entries.append((family, key, old))

    def append(self, values: list[V], value: V) -> None:
        """Adds one value to a list that only grows."""
        self.entries.append((values, len(values), MISSING))
        values.append(value)

    def mark(self) -> int:
        """A point that `back_to` can return to."""
        return len(self.entries)

    def back_to(self, mark: int) -> None:
        """Takes back everything since the mark, the newest first."""
        entries = self.entries
        while len(entries) > mark:
            family, key, old = entries.pop()
            if old is MISSING:
                del family[key]
            else:
                family[key] = old

    def forget(self) -> None:
        """Makes everything final."""
        self.entries.clear()
