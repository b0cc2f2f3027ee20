"""An API on a real database and a real stream, its clocks moved by hand, and people who call it."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import httpx
import psycopg
from fastapi import FastAPI
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from pydantic import SecretStr

from api.app import create_app
from api.resources import Resources
from api.serve import opened
from api.sessions import tokens
from api.transactions import SYSTEM, begin
from api.work_orders import service as work_orders
from api.work_orders.follower import DURABLE
from herun import streams, subjects
from herun.alerts import Alert, AlertState, encode_alert
from herun.clock import ManualClock, parse_time, to_datetime
from herun.database.pool import role_conninfo
from herun.order_audit import verify
from herun.order_pictures import Album
from herun.settings import Settings
from herun.stack.postgres import SUPERUSER
from tests.integration.processor.running import DatabaseServer, StreamServer

SITE: Final = "s1"
NOON_US: Final = parse_time("2026-06-01T12:00:00+08:00")
WAIT_S: Final = 60.0  # never reached unless something is wrong, or the machine very busy

PEOPLE: Final = [
    {"username": "oscar", "name": "Oscar", "roles": ["operator"]},
    {"username": "susan", "name": "Susan", "roles": ["supervisor"]},
    {"username": "audrey", "name": "Audrey", "roles": ["auditor"]},
    {"username": "gwen", "name": "Gwen", "roles": ["grid_worker"], "grids": ["g1"], "skills": ["water", "fire"]},
    {"username": "greg", "name": "Greg", "roles": ["grid_worker"], "grids": ["g2"], "skills": ["water"]},
    {"username": "paul", "name": "Paul", "roles": ["property_staff"]},
    {"username": "rita", "name": "Rita", "roles": ["resident"], "building": "b1", "phone": "13800001234"},
    {"username": "rob", "name": "Rob", "roles": ["resident"], "building": "b1", "phone": "13800005678"},
    {"username": "ruth", "name": "Ruth", "roles": ["resident"], "building": "b2", "phone": "13800009999"},
]
LAYOUT: Final[dict[str, Any]] = {
    "buildings": [{"building": name, "name": name} for name in ("b1", "b2", "b3")],
    "zones": [{"zone": "z1", "name": "Underpass", "building": "b1"}, {"zone": "z0", "name": "Gate"}],
    "grids": [{"grid": "g1", "name": "West", "buildings": ["b1"]}, {"grid": "g2", "name": "East", "buildings": ["b2"]}],
}


KEEP_ROWS: Final = """
DO $$
DECLARE name text;
BEGIN
    CREATE SCHEMA kept;
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
        EXECUTE format('CREATE TABLE kept.%I AS TABLE public.%I', name, name);
    END LOOP;
END $$
"""
PUT_ROWS_BACK: Final = """
DO $$
DECLARE name text;
BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'kept' LOOP
        EXECUTE format('DELETE FROM public.%I', name);
        EXECUTE format('INSERT INTO public.%I OVERRIDING SYSTEM VALUE SELECT * FROM kept.%I', name, name);
    END LOOP;
END $$
"""


async def until(what: str, holds: Callable[[], Awaitable[bool]]) -> None:
    """Returns when the condition holds; fails if it does not within the time."""
    deadline = time.monotonic() + WAIT_S
    while not await holds():
        assert time.monotonic() < deadline, f"not within {WAIT_S} s: {what}"
        await asyncio.sleep(0.02)


class Servers:
    """PostgreSQL with one database that is put back to how it was, and a stream that is emptied; both for all tests."""

    def __init__(self, folder: Path) -> None:
        self.database = DatabaseServer(folder)
        self.database.start()
        self.database_url = self.database.new_database()
        self.nats = StreamServer(folder / "jetstream")
        self.nats.start()
        self.kept = False
        self._putting_back: psycopg.Connection[Any] | None = None

    def stop(self) -> None:
        if self._putting_back is not None:
            self._putting_back.close()
        # Nothing of it is needed any more: an orderly stop would first write all of it to disk.
        self.nats.kill()
        self.database.kill()

    def keep(self) -> None:
        """From now on `put_back` makes the rows what they are now."""
        # One connection for all tests: it would learn of two hundred tables anew each time. Foreign keys are not asked
        # while everything is exchanged, which takes a superuser.
        self._putting_back = psycopg.connect(self.superuser_url, autocommit=True)
        self._putting_back.execute("SET session_replication_role = replica")
        self._putting_back.execute(KEEP_ROWS)
        self.kept = True

    def put_back(self) -> None:
        """All rows as they were when they were kept."""
        assert self._putting_back is not None, "nothing was kept"
        self._putting_back.execute(PUT_ROWS_BACK)

    @property
    def superuser_url(self) -> str:
        """The same database for who may do anything."""
        name = conninfo_to_dict(self.database_url)["dbname"]
        return self.database.cluster.dsn(SUPERUSER, self.database._credentials.database_superuser, str(name))

    async def empty_streams(self, js: JetStreamContext) -> None:
        """Streams and buckets without messages, and without the follower's place."""
        for name in [config.name for config in streams.STREAMS] + [f"KV_{each.bucket}" for each in streams.BUCKETS]:
            await js.purge_stream(str(name))
        with suppress(NotFoundError):
            await js.delete_consumer(subjects.STREAM_ALERTS, DURABLE)


@dataclass
class As:
    """Somebody who calls the API."""

    client: httpx.AsyncClient
    token: str | None
    site: str = SITE

    async def call(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> httpx.Response:
        """One request; a path that does not begin with a slash is one of the site."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if key:
            headers["Idempotency-Key"] = key
        where = path if path.startswith("/") else f"/v1/sites/{self.site}/{path}"
        return await self.client.request(method, where, json=body, headers=headers)

    async def send(self, path: str, data: bytes) -> httpx.Response:
        """One POST whose body is not JSON."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return await self.client.post(f"/v1/sites/{self.site}/{path}", content=data, headers=headers)

    async def get(self, path: str) -> Any:
        """The JSON of a GET that has to succeed."""
        return _json(await self.call("GET", path))

    async def post(self, path: str, body: Any = None, *, key: str | None = None) -> Any:
        """The JSON of a POST that has to succeed; without a body an empty object is sent."""
        return _json(await self.call("POST", path, {} if body is None else body, key=key))

    async def put(self, path: str, body: Any) -> Any:
        """The JSON of a PUT that has to succeed."""
        return _json(await self.call("PUT", path, body))


def _json(response: httpx.Response) -> Any:
    assert response.is_success, f"{response.request.method} {response.request.url}: {response.text}"
    return response.json()


@dataclass
class World:
    """What a test works with."""

    servers: Servers
    resources: Resources
    app: FastAPI
    client: httpx.AsyncClient
    database_url: str
    clock: ManualClock
    wall: ManualClock
    alerts_made: int = field(default=0)
    is_tampered_with: bool = field(default=False)  # orders were written by a statement of a test's own

    def by(self, username: str, site: str = SITE) -> As:
        """Somebody with a valid token."""
        return As(self.client, tokens.issue(self.resources, username)[0], site)

    @property
    def admin(self) -> As:
        return self.by("admin")

    @property
    def nobody(self) -> As:
        return As(self.client, None)

    def nobody_from(self, address: str) -> As:
        """Somebody without a token who calls from another address."""
        transport = httpx.ASGITransport(self.app, client=(address, 1))
        return As(httpx.AsyncClient(transport=transport, base_url="http://herun"), None)

    async def furnish(self, site: str = SITE, people: list[dict[str, Any]] | None = None) -> None:
        """A site with its layout and people."""
        await self.admin.post("/v1/sites", {"site": site, "name": site})
        admin = self.by("admin", site)
        await admin.put("layout", LAYOUT)
        await admin.post("people", {"people": PEOPLE if people is None else people})
        self.rows("DELETE FROM api_outbox")  # the engine has heard of all this

    def alert(self, **changes: Any) -> Alert:
        """A new alert of building b1, category water."""
        self.alerts_made += 1
        values: dict[str, Any] = {
            "site": SITE,
            "alert_id": str(uuid.UUID(int=self.alerts_made)),
            "version": 1,
            "rule_uid": "underpass",
            "rule_version": 1,
            "key": "z1",
            "state": AlertState.RAISED,
            "severity": "critical",
            "category": "water",
            "raised_at": NOON_US,
            "updated_at": NOON_US,
            "cleared_at": None,
            "count": 1,
            "device": None,
            "zone": "z1",
            "building": None,
            "opens_order": True,
            "title": {"zh": "积水", "en": "Flooded"},
            "text": {"zh": "水位过高", "en": "The water is high"},
            "cause": {"device": "d1", "event_id": "e1"},
        }
        return Alert(**{**values, **changes})

    async def follow(self, alert: Alert) -> None:
        """Handles an alert as the follower does."""
        async with begin(self.resources, alert.site, SYSTEM) as tx:
            await work_orders.follow_alert(tx, alert)

    async def publish(self, alert: Alert) -> None:
        """Puts an alert into the stream, as the processor's relay does."""
        await self.resources.js.publish(subjects.alerts_subject(alert.site), encode_alert(alert))

    def rows(self, statement: str, *, role: str | None = None, bound_to: str | None = None, **values: Any) -> Any:
        """What a statement gives, as the owner of the tables or as a role that is bound to a site."""
        info = role_conninfo(self.database_url, role, "test")
        with psycopg.connect(info, row_factory=dict_row) as connection:
            if bound_to is not None:
                connection.execute("SELECT set_config('herun.site', %s, false)", (bound_to,))
            cursor = connection.execute(statement.encode(), values)
            is_held = any(each in statement for each in ("order", "pictures", "bulletins"))
            self.is_tampered_with |= is_held and not str(cursor.statusmessage).startswith("SELECT")
            return cursor.fetchall() if cursor.description else cursor.rowcount

    def look_at_the_chain(self) -> None:
        """Whatever a test did by the API, the history of orders says so, and orders are what it says."""
        if not self.is_tampered_with:
            album = Album(self.resources.settings.objects, to_datetime(self.clock.now_us()))
            for verdict in verify(self.servers.superuser_url, album=album):
                assert not verdict.breaks, str(verdict)

    def add_event(
        self, n: int, *, position: int = 1, device: str = "d1", plate: str | None = None, **more: Any
    ) -> None:
        """A stored event, as the processor writes it."""
        row = {
            "site": SITE, "device": device, "event_time": to_datetime(NOON_US + n), "event_id": f"{position}-{n}",
            "event_type": "vehicle.passed", "recorded_time": to_datetime(NOON_US + n), "position": position, "n": n,
            "data": Jsonb({"lane": n}), "flags": 0, **more,
        }  # fmt: skip
        self.rows(
            "INSERT INTO events (site, device, event_time, event_id, event_type, schema_version, recorded_time,"
            " position, n, sequence, flags, data) VALUES (%(site)s, %(device)s, %(event_time)s, %(event_id)s,"
            " %(event_type)s, 1, %(recorded_time)s, %(position)s, %(n)s, NULL, %(flags)s, %(data)s)",
            role="herun_processor",
            **row,
        )
        if plate:
            self.rows(
                "INSERT INTO events_personal (site, device, event_time, event_id, field, class, value, recorded_time)"
                " VALUES (%(site)s, %(device)s, %(event_time)s, %(event_id)s, 'plate', 'plate', %(plate)s,"
                " %(recorded_time)s)",
                role="herun_processor",
                plate=plate,
                **row,
            )

    def add_result(self, backtest_id: str, *, state: str, **more: Any) -> None:
        """What the processor has written about a job."""
        row = {"site": SITE, "id": backtest_id, "state": state, "result": None, "error": None, **more}
        self.rows(
            "INSERT INTO backtest_results (site, id, state, attempts, began_at, ended_at, result, performance, error)"
            " VALUES (%(site)s, %(id)s, %(state)s, 1, %(at)s, %(at)s, %(result)s, '{}', %(error)s)"
            " ON CONFLICT (site, id) DO UPDATE SET state = excluded.state, result = excluded.result,"
            " error = excluded.error, ended_at = excluded.ended_at",
            role="herun_processor",
            at=to_datetime(self.clock.now_us()),
            **row,
        )

    def add_alert(self, alert: Alert, *, position: int = 1, n: int = 0) -> None:
        """A stored alert version, as the processor writes it."""
        import msgspec

        values = {
            **{name: getattr(alert, name) for name in Alert.__struct_fields__},
            "raised_at": to_datetime(alert.raised_at),
            "updated_at": to_datetime(alert.updated_at),
            "cleared_at": None if alert.cleared_at is None else to_datetime(alert.cleared_at),
            "title": Jsonb(alert.title),
            "text": Jsonb(alert.text),
            "cause": Jsonb(alert.cause),
            "state": alert.state.value,
            "body": Jsonb(msgspec.to_builtins(alert)),
            "position": position,
            "n": n,
        }
        self.rows(
            "INSERT INTO alerts (site, alert_id, version, rule_uid, rule_version, key, state, severity, category,"
            " raised_at, updated_at, cleared_at, count, device, zone, building, opens_order, title, text, cause,"
            " merged_into, merged_count, order_category, correction, first_position, first_n) VALUES (%(site)s,"
            " %(alert_id)s, %(version)s, %(rule_uid)s, %(rule_version)s,"
            " %(key)s, %(state)s, %(severity)s, %(category)s, %(raised_at)s, %(updated_at)s, %(cleared_at)s, %(count)s,"
            " %(device)s, %(zone)s, %(building)s, %(opens_order)s, %(title)s, %(text)s, %(cause)s, %(merged_into)s,"
            " %(merged_count)s, %(order_category)s, %(correction)s, %(position)s, %(n)s)"
            " ON CONFLICT (site, alert_id) DO UPDATE SET version = excluded.version, state = excluded.state,"
            " merged_into = excluded.merged_into",
            role="herun_processor",
            **values,
        )
        self.rows(
            "INSERT INTO alert_versions (site, alert_id, version, position, n, body)"
            " VALUES (%(site)s, %(alert_id)s, %(version)s, %(position)s, %(n)s, %(body)s)",
            role="herun_processor",
            **values,
        )


@lru_cache
def _app() -> FastAPI:
    """The application; it holds nothing but its resources, and to make its routes takes longer than most tests."""
    return create_app()


@asynccontextmanager
async def running_world(servers: Servers, folder: Path) -> AsyncIterator[World]:
    """An API on what the database holds, with empty streams."""
    settings = Settings(
        data_dir=folder,
        database_url=SecretStr(servers.database_url),
        nats_url=SecretStr(servers.nats.url),
        token_key=SecretStr("t" * 32),
        personal_key=SecretStr("p" * 32),
        partitions=4,
    )
    clock, wall = ManualClock(NOON_US), ManualClock(NOON_US)
    async with opened(settings, clock) as resources:
        resources.wall = wall
        await servers.empty_streams(resources.js)
        app = _app()
        app.state.resources = resources
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://herun") as client:
            yield World(servers, resources, app, client, servers.database_url, clock, wall)


@asynccontextmanager
async def fresh_world(servers: Servers, folder: Path) -> AsyncIterator[World]:
    """An API with an administrator, site s1, its layout and its people, and nothing else."""
    if servers.kept:
        servers.put_back()
    else:
        async with running_world(servers, folder) as first:
            await first.furnish()
        servers.keep()
    async with running_world(servers, folder) as made:
        yield made
