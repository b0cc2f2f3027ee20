"""What needs a whole stack and no time of its own: the README's walk, an estate that is set up twice, the live feed."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, Final, Self

import pytest

from herun.clock import SECOND_US
from simulators.api import LiveEvent, Person, connect
from simulators.estate import HAMLET, make_estate
from simulators.feed import Watcher
from simulators.happenings import Happening, Message, Scalar
from simulators.links import Links
from simulators.provision import provision, set_rules
from simulators.rulebook import rulebook
from simulators.stay import ADMIN, Target
from simulators.voices import voice_of
from tests.e2e.conftest import target
from tests.support.box import Box, until

ROOT: Final = Path(__file__).resolve().parents[2]
SITE = "feed"
DEVICE = "underpass-level"
PATIENCE_S = 20.0


# The programs of the walk that a machine may not have.
CURL: Final = """\
#!{python}
import argparse, httpx
words = argparse.ArgumentParser()
words.add_argument("-sS", action="store_true")
words.add_argument("url")
words.add_argument("-H", action="append")
words.add_argument("-d")
said = words.parse_args()
headers = dict(header.split(": ", 1) for header in said.H if not header.endswith("Bearer "))
method = "GET" if said.d is None else "POST"
print(httpx.request(method, said.url, headers=headers, content=said.d, trust_env=False).text)
"""
MOSQUITTO_PUB: Final = """\
#!{python}
import argparse
from paho.mqtt import publish
words = argparse.ArgumentParser()
for name in "quPtm":
    words.add_argument("-" + name)
said = words.parse_args()
publish.single(said.t, said.m, int(said.q), port={port}, auth={{"username": said.u, "password": said.P}})
"""


def walk() -> str:
    """The commands, without the live feed, which never ends."""
    found = re.search(r"```bash\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    lines = found[1].splitlines()
    assert lines[-1].startswith("curl -N")
    return "\n".join(lines[:-1])


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    with Box(tmp_path_factory.mktemp("box") / ".herun") as box:
        yield box


@pytest.fixture
def doors(box: Box) -> Target:
    return target(box)


def test_the_walk_of_the_readme_ends_with_its_event_stored(box: Box, tmp_path: Path) -> None:
    for name, text in (("curl", CURL), ("mosquitto_pub", MOSQUITTO_PUB)):
        program = tmp_path / name
        program.write_text(text.format(python=sys.executable, port=box.mqtt_port))
        program.chmod(0o755)
    path = f"{tmp_path}:{Path(sys.executable).parent}:/usr/bin:/bin"
    told = subprocess.run(
        ["bash", "-euc", walk().replace("http://127.0.0.1:8000", box.api_url)],
        cwd=box.folder.parent,
        env={"PATH": path, "PYTHONPATH": str(ROOT), "TOKEN": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr

    def events() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = box.call("GET", "/v1/sites/garden/events")["items"]
        return found

    until(lambda: bool(events()), 20, "the event is a row")
    assert [(event["device"], event["event_type"]) for event in events()] == [("gate-1", "vehicle.passed")]


async def test_an_estate_can_be_set_up_again_and_gets_new_secrets(doors: Target) -> None:
    estate = make_estate("again", 1, HAMLET)
    async with connect(doors.api_url) as http:
        admin = Person(http, ADMIN, doors.admin_password)
        first = await provision(admin, estate, "once")
        await set_rules(admin, estate, rulebook())
        second = await provision(admin, estate, "twice")
        await set_rules(admin, estate, rulebook())
        listed = await admin.get("/v1/sites/again/devices", limit=100)
    assert {device["device"] for device in listed["items"]} == set(estate.device)
    assert first.devices.keys() == second.devices.keys()
    before = {its.password for its in first.devices.values()} | set(first.passwords.values())
    after = {its.password for its in second.devices.values()} | set(second.passwords.values())
    assert before & after == set()
    links = Links(doors.mqtt_host, doors.mqtt_port, second.devices)
    await links.open()
    assert links.connected == len(second.devices)
    await links.close()


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
async def scene(doors: Target) -> AsyncIterator[Scene]:
    async with connect(doors.api_url) as http:
        estate = make_estate(SITE, 1, HAMLET)
        keys = await provision(Person(http, "admin", doors.admin_password), estate, "feed")
        operator = next(account.username for account in estate.with_role("operator"))
        links = Links(doors.mqtt_host, doors.mqtt_port, {DEVICE: keys.devices[DEVICE]})
        await links.open()
        yield Scene(doors, Person(http, operator, keys.passwords[operator]), links)
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
