"""An estate on a running stack: set up, connected, watched and lived on, over MQTT and HTTP only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from herun.clock import Clock
from herun.errors import ConfigurationError
from herun.settings import Settings
from simulators.api import LiveEvent, Person, connect
from simulators.estate import Estate
from simulators.feed import Watcher
from simulators.happenings import Message
from simulators.links import Links
from simulators.people import Deed, People
from simulators.player import Player
from simulators.provision import Keys, provision, set_rules
from simulators.rulebook import rulebook
from simulators.scenario import Who

ADMIN: Final = "admin"
FEED_PATIENCE_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class Target:
    """A running stack: its two public doors, its clock, and the administrator's sign-in."""

    api_url: str
    mqtt_host: str
    mqtt_port: int
    admin_password: str
    clock: Clock


def target_of(settings: Settings, api_url: str | None = None, mqtt: str | None = None) -> Target:
    """The stack that the settings describe, or the given addresses. Raises ConfigurationError."""
    host, _, port = (mqtt or f"{settings.host}:{settings.mqtt_public_port}").rpartition(":")
    if not port.isdecimal():
        raise ConfigurationError(f"no MQTT port is known: is a stack running in {settings.data_dir}?")
    return Target(
        api_url=api_url or f"http://{settings.host}:{settings.api_port}",
        mqtt_host=host,
        mqtt_port=int(port),
        admin_password=_admin_password(settings.data_dir),
        clock=settings.make_clock(),
    )


def _admin_password(data_dir: Path) -> str:
    path = data_dir / "admin-password"
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigurationError(f"the administrator's password is not there: {error}") from error


@dataclass(frozen=True, slots=True)
class Listeners:
    """Who is told of what is sent, of what the feed shows, and of what people do."""

    on_message: Callable[[Message], None]
    on_live: Callable[[LiveEvent], None]
    on_deed: Callable[[Deed], None]


@dataclass(frozen=True, slots=True)
class Begins:
    """What a stay begins with: the devices that connect and the common rules that are in force; None: all."""

    devices: frozenset[str] | None = None
    rules: tuple[str, ...] | None = None


ALL: Final = Begins()


@dataclass(frozen=True, slots=True)
class Stay:
    """The estate with everything that is connected to it."""

    estate: Estate
    clock: Clock
    http: httpx.AsyncClient
    admin: Person
    operator: Person
    keys: Keys
    people: People
    links: Links
    player: Player
    watcher: Watcher

    @property
    def helpers(self) -> dict[Who, Person]:
        """Who does what a scenario says, by role."""
        return {"admin": self.admin, "operator": self.operator, "supervisor": self.people.person("supervisor")}


@asynccontextmanager
async def stay_on(
    target: Target, estate: Estate, listeners: Listeners, name: str, begins: Begins = ALL
) -> AsyncIterator[Stay]:
    """Sets the estate up, connects its devices, puts its rules in force and watches its feed; takes leave at the end.

    Raises RefusedError, LinkRefusedError or httpx.TransportError (some in a group) if the stack does not let it.
    """
    async with connect(target.api_url) as http:
        admin = Person(http, ADMIN, target.admin_password)
        keys = await provision(admin, estate, name)
        speaking = (
            keys.devices
            if begins.devices is None
            else {name: keys.devices[name] for name in begins.devices & keys.devices.keys()}
        )
        links = Links(target.mqtt_host, target.mqtt_port, speaking)
        people = People(http, estate, keys, target.clock, listeners.on_deed)

        def on_live(live: LiveEvent) -> None:
            people.on_live(live)
            listeners.on_live(live)

        watcher = Watcher(people.person("operator"), estate.site, on_live)
        watching = asyncio.create_task(watcher.watch(), name=f"feed of {estate.site}")
        try:
            await watcher.is_there(FEED_PATIENCE_S)
            await links.open()
            await set_rules(admin, estate, rulebook().only(begins.rules))
            yield Stay(
                estate=estate,
                clock=target.clock,
                http=http,
                admin=admin,
                keys=keys,
                operator=people.person("operator"),
                people=people,
                links=links,
                player=Player(links, target.clock, listeners.on_message),
                watcher=watcher,
            )
        finally:
            await links.close()
            await _end(watching)


async def _end(task: asyncio.Task[None]) -> None:
    """Ends a task; what it failed with before is raised here."""
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return
