"""The live feed shows what devices publish at once, and all of it, also to those who were away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from itertools import islice
from typing import Self

import pytest

from herun.clock import SECOND_US
from simulators.api import LiveEvent, Person, connect
from simulators.estate import HAMLET, make_estate
from simulators.feed import Watcher
from simulators.happenings import Happening, Message, Scalar
from simulators.links import Links
from simulators.provision import provision
from simulators.stay import Target
from simulators.voices import voice_of

SITE = "feed"
DEVICE = "underpass-level"
PATIENCE_S = 20.0


class Scene:
    """One device that publishes, and somebody who may watch."""

    def __init__(self, target: Target, operator: Person, links: Links) -> None:
        self.operator = operator
        self._target = target
        self._links = links
        self._said = self._messages()

    async def publish(self, count: int) -> list[str]:
        """Publishes so many events; their ids, once the broker has them all."""
        ids: list[str] = []
        for message in islice(self._said, count):
            await self._links.publish(message)
            ids += message.events
        await self._links.drained(PATIENCE_S)
        return ids

    def _messages(self) -> Iterator[Message]:
        estate = make_estate(SITE, 1, HAMLET)
        now_us = self._target.clock.now_us()
        voice = voice_of(SITE, estate.device[DEVICE], None, now_us)
        while True:
            level: dict[str, Scalar] = {"metric": "water_level", "value": 0.05, "unit": "m"}
            now_us += SECOND_US
            yield voice(Happening(now_us, DEVICE, "reading.reported", level), 0)


@pytest.fixture
async def scene(evening: Target) -> AsyncIterator[Scene]:
    async with connect(evening.api_url) as http:
        estate = make_estate(SITE, 1, HAMLET)
        keys = await provision(Person(http, "admin", evening.admin_password), estate, "feed")
        operator = next(account.username for account in estate.with_role("operator"))
        links = Links(evening.mqtt_host, evening.mqtt_port, {DEVICE: keys.devices[DEVICE]})
        await links.open()
        yield Scene(evening, Person(http, operator, keys.passwords[operator]), links)
        await links.close()


class Viewer:
    """Somebody at the feed, from a cursor on; `shown` holds the ids of readings in the order in which they came."""

    def __init__(self, scene: Scene, cursor: str | None = None) -> None:
        self.shown: list[str] = []
        self.watcher = Watcher(scene.operator, SITE, self._note)
        self.watcher.cursor = cursor

    async def __aenter__(self) -> Self:
        self._watching = asyncio.create_task(self.watcher.watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._watching.cancel()
        with suppress(asyncio.CancelledError):
            await self._watching

    async def saw(self, event_id: str, within_s: float = PATIENCE_S) -> bool:
        return await self.watcher.saw(lambda: event_id in self.shown, within_s)

    def _note(self, live: LiveEvent) -> None:
        if live.kind == "event" and live.body["event_type"] == "reading.reported":
            self.shown.append(live.body["event_id"])


async def test_an_event_is_shown_within_a_second_of_its_publish(scene: Scene) -> None:
    async with Viewer(scene) as viewer:
        await viewer.watcher.is_there(PATIENCE_S)
        published = await scene.publish(1)
        assert await viewer.saw(published[0], within_s=1.0)


async def test_whoever_comes_back_with_the_last_id_misses_nothing(scene: Scene) -> None:
    async with Viewer(scene) as viewer:
        await viewer.watcher.is_there(PATIENCE_S)
        before = await scene.publish(5)
        assert await viewer.saw(before[-1])
    away = await scene.publish(20)
    async with Viewer(scene, viewer.watcher.cursor) as again:
        assert await again.saw(away[-1])
    assert again.shown == away
