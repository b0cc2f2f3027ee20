"""Plays actions on a running broker, each when the estate's clock says so."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from herun.clock import Clock
from simulators.happenings import Action, LinkChange, Message
from simulators.waiting import until


class Connections(Protocol):
    """What a player needs of simulators.links.Links."""

    async def publish(self, message: Message) -> None: ...

    def break_off(self, names: Iterable[str]) -> None: ...

    async def restore(self, name: str) -> None: ...


def _nobody(_message: Message) -> None:
    """The listener of those who need none."""


@dataclass
class Player:
    """Publishes in order. `behind_us` is how late (in the estate's time) the latest message left, at worst."""

    links: Connections
    clock: Clock
    on_message: Callable[[Message], None] = _nobody
    published: Counter[str] = field(default_factory=Counter)
    behind_us: int = 0

    async def play(self, actions: Iterable[Action], stop: asyncio.Event) -> None:
        """Plays to the end of `actions`, or until `stop`; does not wait for the last acknowledgements.

        In the end every connection is back: the next play begins with all of them.
        """
        returns: dict[str, asyncio.Task[None] | None] = {}  # None: broken off, and not called back yet
        for action in actions:
            if await until(self.clock, action.at_us, stop):
                break
            self.behind_us = max(self.behind_us, self.clock.now_us() - action.at_us)
            if isinstance(action, LinkChange):
                self._change(action, returns)
            else:
                await self._publish(action)
        for connection, task in returns.items():
            await (task or self.links.restore(connection))

    async def _publish(self, message: Message) -> None:
        self.on_message(message)
        self.published[message.about] += 1
        await self.links.publish(message)

    def _change(self, change: LinkChange, returns: dict[str, asyncio.Task[None] | None]) -> None:
        if change.up:
            returns[change.connection] = asyncio.create_task(self.links.restore(change.connection))
        else:
            returns[change.connection] = None
            self.links.break_off([change.connection])
