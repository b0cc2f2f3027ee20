"""Timers in (due, key) order. Some stand still while no gateway listens: a silence that we caused proves nothing."""

from __future__ import annotations

from heapq import heapify, heappop, heappush

from processor.engine.journal import Journal
from processor.engine.state import State, TimerKey


class Timers:
    """Due times lie in the state; the heaps only find the next one and may hold entries that are no longer true."""

    def __init__(self, state: State, journal: Journal) -> None:
        self._state = state
        self._journal = journal
        self._heap: list[tuple[int, TimerKey]] = []
        self._heap_without_outage: list[tuple[int, TimerKey]] = []
        self.rebuild()

    def rebuild(self) -> None:
        """Makes the heaps anew, after the state was loaded or taken back."""
        self._heap = [(due, key) for key, due in self._state.due.items()]
        self._heap_without_outage = [(due, key) for key, due in self._state.due_without_outage.items()]
        heapify(self._heap)
        heapify(self._heap_without_outage)

    def arm(self, key: TimerKey, due: int) -> None:
        """Sets the timer to this engine time, whatever it was set to before."""
        self._journal.put(self._state.due, key, due)
        heappush(self._heap, (due, key))

    def arm_without_outage(self, key: TimerKey, due: int) -> None:
        """The same in engine time without our own outages."""
        self._journal.remove(self._state.due, key)  # where an older snapshot has it
        self._journal.put(self._state.due_without_outage, key, due)
        heappush(self._heap_without_outage, (due, key))

    def disarm(self, key: TimerKey) -> None:
        """Takes the timer away, if there is one."""
        self._journal.remove(self._state.due, key)
        self._journal.remove(self._state.due_without_outage, key)

    def pop_due(self, now: int) -> tuple[int, TimerKey] | None:
        """Takes out the first timer due at or before `now`: its due time and key, or None if none is.

        One without outages is due only up to where a gateway has listened: what comes next may be a long outage's end.
        """
        outage, listened = self._state.outage, self._state.listened
        plain = _first(self._heap, self._state.due)
        other = _first(self._heap_without_outage, self._state.due_without_outage)
        shifted = (other[0] + outage, other[1]) if other and other[0] + outage <= listened else None
        if plain and plain[0] <= now and (shifted is None or plain <= shifted):
            heappop(self._heap)
            self._journal.remove(self._state.due, plain[1])
            return plain
        if shifted is not None:
            heappop(self._heap_without_outage)
            self._journal.remove(self._state.due_without_outage, shifted[1])
            return shifted
        return None


def _first(heap: list[tuple[int, TimerKey]], due: dict[TimerKey, int]) -> tuple[int, TimerKey] | None:
    """The first entry that is still true; those before it are dropped."""
    while heap:
        first = heap[0]
        if due.get(first[1]) == first[0]:
            return first
        heappop(heap)
    return None
