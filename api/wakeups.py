"""Wakes the live feeds of a site when something of it has committed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Wakeups:
    """Who waits for which site. Waking is a hint: whoever waits reads the database, and looks from time to time."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self.closing = asyncio.Event()

    @contextmanager
    def waiting(self, site: str) -> Iterator[asyncio.Event]:
        """An event that is set at each wake-up of the site, and at closing."""
        event = asyncio.Event()
        events = self._waiting.setdefault(site, set())
        events.add(event)
        try:
            yield event
        finally:
            events.discard(event)
            if not events:
                self._waiting.pop(site, None)

    def notify(self, site: str) -> None:
        """Wakes those who wait for this site."""
        for event in self._waiting.get(site, ()):
            event.set()

    def close(self) -> None:
        """Wakes everybody for the last time."""
        self.closing.set()
        for events in self._waiting.values():
            for event in events:
                event.set()
