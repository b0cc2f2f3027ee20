"""The player keeps to the clock and leaves no connection down."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from herun.clock import SECOND_US, ManualClock
from simulators.happenings import LinkChange, Message
from simulators.player import Player


class Wires:
    """Connections that only note what is asked of them."""

    def __init__(self) -> None:
        self.done: list[str] = []

    async def publish(self, message: Message) -> None:
        self.done.append(f"publish {message.events[0]}")

    def break_off(self, names: Iterable[str]) -> None:
        self.done += [f"break {name}" for name in names]

    async def restore(self, name: str) -> None:
        self.done.append(f"restore {name}")


def message(at_us: int, event: str) -> Message:
    return Message(at_us, "x", "t", b"", "door.opened", "x", (event,))


async def test_plays_in_order_and_tells_how_far_it_is_behind() -> None:
    wires = Wires()
    player = Player(wires, ManualClock(10 * SECOND_US))
    await player.play([message(7 * SECOND_US, "1"), message(9 * SECOND_US, "2")], asyncio.Event())
    assert wires.done == ["publish 1", "publish 2"]
    assert player.behind_us == 3 * SECOND_US
    assert player.published == {"door.opened": 2}


async def test_nothing_leaves_before_its_time() -> None:
    wires, stop = Wires(), asyncio.Event()
    player = Player(wires, ManualClock(0))
    playing = asyncio.create_task(player.play([message(0, "1"), message(3600 * SECOND_US, "2")], stop))
    while not wires.done:
        await asyncio.sleep(0)
    stop.set()
    await playing
    assert wires.done == ["publish 1"]


async def test_a_connection_that_is_down_at_the_end_is_brought_back() -> None:
    wires = Wires()
    actions = [LinkChange(0, "a", up=False), LinkChange(0, "b", up=False), LinkChange(1, "a", up=True)]
    await Player(wires, ManualClock(1)).play(actions, asyncio.Event())
    assert sorted(wires.done) == ["break a", "break b", "restore a", "restore b"]
