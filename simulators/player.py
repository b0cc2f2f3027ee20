"""Plays actions on a running broker, each when the estate's clock says so."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from herun.clock import Clock
from simulators.happenings import Action, LinkChange, Message
from simulators.links import Links
from simulators.waiting import until


def _nobody(_message: Message) -> None:
    """The listener of those who need none."""


@dataclass
class Player:
    """Publishes in order. `behind_us` is how late (in the estate's time) the latest message left, at worst."""

    links: Links
    clock: Clock
    on_message: Callable[[Message], None] = _nobody
    published: Counter[str] = field(default_factory=Counter)
    behind_us: int = 0

    async def play(self, actions: Iterable[Action], stop: asyncio.Event) -> None:
        """Plays to the end of `actions`, or until `stop`; does not wait for the last acknowledgements."""
        returns: set[asyncio.Task[None]] = set()
        for action in actions:
            if await until(self.clock, action.at_us, stop):
                break
            self.behind_us = max(self.behind_us, self.clock.now_us() - action.at_us)
            if isinstance(action, LinkChange):
                self._change(action, returns)
            else:
                await self._publish(action)
        await asyncio.gather(*returns)

    async def _publish(self, message: Message) -> None:
        self.on_message(message)
        self.published[message.about] += 1
        await self.links.publish(message)

    def _change(self, change: LinkChange, returns: set[asyncio.Task[None]]) -> None:
        if not change.up:
            self.links.break_off([change.connection])
            return
        task = asyncio.create_task(self.links.restore(change.connection))
        returns.add(task)
        task.add_done_callback(returns.discard)
