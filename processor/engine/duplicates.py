"""The duplicate ring: identities of the newest events of a partition, in two generations.

One ring serves all devices of the partition: between one and two generations are kept, which is several times what can
be in flight (4,096 messages), whoever sends it. For a device whose identities have left the ring, the floor says up to
which event time that may concern: only what is not newer must be looked up in the database.
"""

from __future__ import annotations

from typing import Final

from herun.events import FLAG_CONTENT_ID, FLAG_REDELIVERED, Event
from processor.engine.journal import MISSING, Journal
from processor.engine.state import OLD, YOUNG, Identity, State

GENERATION: Final = 16_384  # identities; four times what a gateway shard may have in flight
REDELIVERED_CONTENT: Final = FLAG_CONTENT_ID | FLAG_REDELIVERED


class DuplicateRing:
    """Knows what came lately. `admit` is on the hot path: it writes the undo log itself."""

    def __init__(self, state: State, journal: Journal, generation: int = GENERATION) -> None:
        self._state = state
        self._journal = journal
        self._generation = generation
        state.identities.setdefault(YOUNG, {})
        state.identities.setdefault(OLD, {})

    def admit(self, event: Event) -> bool:
        """Takes the event's identity in; False if it is a repeat; a content id is one only if delivered with DUP."""
        identity, may_repeat = identity_of(event)
        identities = self._state.identities
        young = identities[YOUNG]
        if identity in young or identity in identities[OLD]:
            return not may_repeat
        self._journal.entries.append((young, identity, MISSING))
        young[identity] = event.event_time
        return True

    def is_doubtful(self, event: Event) -> bool:
        """True if the event may have been stored before the ring's memory begins."""
        floor = self._state.floors.get((event.site, event.device))
        if floor is None:
            return False
        identity, may_repeat = identity_of(event)
        if not may_repeat or identity in self._state.identities[YOUNG] or identity in self._state.identities[OLD]:
            return False
        return event.event_time <= floor or bool(event.flags & FLAG_CONTENT_ID)

    def turn(self) -> None:
        """Between frames: starts a new generation when the young one is full, and raises the floors for what leaves."""
        identities, journal = self._state.identities, self._journal
        if len(identities[YOUNG]) < self._generation:
            return
        floors: dict[tuple[str, str], int] = {}
        for (site, device, _), event_time in identities[OLD].items():
            key = (site, device)
            if floors.get(key, event_time) <= event_time:
                floors[key] = event_time
        for key, floor in floors.items():
            if self._state.floors.get(key, floor) <= floor:
                journal.put(self._state.floors, key, floor)
        journal.put(identities, OLD, identities[YOUNG])
        journal.put(identities, YOUNG, {})


def identity_of(event: Event) -> tuple[Identity, bool]:
    """What tells the event from others, and whether an equal one is a repeat (a device may well say the same twice)."""
    if event.flags & FLAG_CONTENT_ID:
        content = event.event_id.partition("@")[0]
        return (event.site, event.device, content), event.flags & REDELIVERED_CONTENT == REDELIVERED_CONTENT
    return (event.site, event.device, event.event_id), True
