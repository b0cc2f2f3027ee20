"""Somebody who watches the live feed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import httpx

from simulators.api import AGAIN, LiveEvent, Person, RefusedError
from simulators.waiting import pause

COME_BACK_S: Final = 0.3  # after the feed has ended


class Watcher:
    """Follows one site's feed over every interruption, by its cursor."""

    def __init__(self, person: Person, site: str, on_event: Callable[[LiveEvent], None]) -> None:
        self._person = person
        self._site = site
        self._on_event = on_event
        self._changed = asyncio.Event()
        self.cursor: str | None = None

    async def watch(self) -> None:
        """Watches until cancelled. Raises RefusedError if the feed is not for this person."""
        never = asyncio.Event()
        while True:
            try:
                async for live in self._person.live(self._site, self.cursor):
                    self._take(live)
            except httpx.TransportError:
                self._changed.set()  # the server is away; whoever waits looks at its own deadline
            except RefusedError as error:
                if error.status not in AGAIN:
                    raise
            await pause(never, COME_BACK_S)

    async def saw(self, condition: Callable[[], bool], patience_s: float) -> bool:
        """Waits until the condition holds after something came; False if it does not within `patience_s`."""
        try:
            async with asyncio.timeout(patience_s):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return condition()
        return True

    async def is_there(self, patience_s: float) -> None:
        """Waits until the feed has said where it begins: from then on nothing is missed. Raises TimeoutError."""
        if not await self.saw(lambda: self.cursor is not None, patience_s):
            raise TimeoutError(f"the live feed of {self._site} does not answer")

    def _take(self, live: LiveEvent) -> None:
        self.cursor = live.cursor or self.cursor
        self._on_event(live)
        self._changed.set()
