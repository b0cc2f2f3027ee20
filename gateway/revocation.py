"""Ends the broker connections of devices whose secret, rights or registration are no longer what let them in.

The broker asks who a device is only when it connects; without this a stolen secret would be good for as long as its
connection lasts. Spoken to: nats-server's system account (CONNZ and KICK; tried on 2.15), of one server: the one-box
broker's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec
import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError

from herun import metrics
from herun.broker_auth import DEVICES_ACCOUNT
from herun.registry import DeviceEntry

log = structlog.get_logger(__name__)

REQUEST_TIMEOUT_S: Final = 2.0  # a local broker answers in a millisecond
RETRY_PAUSE_S: Final = 0.3  # while the broker is away

# A question of the broker's that was answered just before the change may become a connection just after the first
# look. The broker waits 5 s for an answer; nothing that began before the first look can appear after this.
SECOND_LOOK_S: Final = 6.0

_MOST_ROUNDS: Final = 8  # of one look, each of a page; a device has a connection or two


_PAGE: Final = 1024  # connections of one answer; the broker's own default


class _Connection(msgspec.Struct):
    cid: int
    start: datetime
    authorized_user: str = ""


class _Connections(msgspec.Struct):
    now: datetime
    server_id: str
    connections: list[_Connection]


class _Connz(msgspec.Struct):
    data: _Connections


_ERRORS: Final = (NatsError, TimeoutError, OSError, msgspec.MsgspecError)
_connz = msgspec.json.Decoder(_Connz)


def still_lets_in(before: DeviceEntry, after: DeviceEntry | None) -> bool:
    """True if a connection that was let in under `before` would be let in, and allowed the same, under `after`."""
    return after is not None and _rights(before) == _rights(after)


class Revocations:
    """Users of the broker whose connections are to be ended; held once each, so no more than there are devices."""

    def __init__(self) -> None:
        self._users: dict[str, None] = {}
        self._is_there = asyncio.Event()
        self._again: asyncio.Queue[tuple[str, datetime]] = asyncio.Queue()
        self._ended = metrics.counter("herun_gateway_connections_ended_total")

    def add(self, user: str) -> None:
        """Has this user's connections ended soon; returns at once."""
        self._users[user] = None
        self._is_there.set()

    async def run(self, system: Client, written: Mapping[str, datetime]) -> None:
        """For ever. `system` is a connection to the broker's system account.

        `written` says when each device's registration was written, as of the start: whoever connected before that, or
        is not in it, may have been let in as what it is no longer, while no gateway was there to see.
        """
        await self._find_missed(system, written)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._end_at_once(system), name="revocations-first")
            tasks.create_task(self._end_latecomers(system), name="revocations-again")

    async def _find_missed(self, system: Client, written: Mapping[str, datetime]) -> None:
        offset = 0
        while True:
            question = {"auth": True, "acc": DEVICES_ACCOUNT, "offset": offset, "limit": _PAGE}
            try:
                found = (await self._ask(system, question)).connections
            except _ERRORS as error:
                log.warning("connections_not_looked_at_yet", error=repr(error))
                await asyncio.sleep(RETRY_PAUSE_S)
                continue
            for each in found:
                user = each.authorized_user
                # The stack's own users have no dot in their names, and are not in the registry.
                if "." in user and (user not in written or each.start < written[user]):
                    self.add(user)
            if len(found) < _PAGE:
                return
            offset += _PAGE

    async def _end_at_once(self, system: Client) -> None:
        while True:
            await self._is_there.wait()
            self._is_there.clear()
            while self._users:
                user = next(iter(self._users))
                del self._users[user]
                self._again.put_nowait((user, await self._end(system, user, None)))

    async def _end_latecomers(self, system: Client) -> None:
        while True:
            due = [await self._again.get()]
            while not self._again.empty():
                due.append(self._again.get_nowait())
            await asyncio.sleep(SECOND_LOOK_S)
            for user, looked in due:
                await self._end(system, user, looked)

    async def _end(self, system: Client, user: str, begun_before: datetime | None) -> datetime:
        """Ends the user's connections, trying until the broker answers; the broker's time of the look."""
        while True:
            try:
                return await self._try_to_end(system, user, begun_before)
            except _ERRORS as error:
                log.warning("connections_not_ended_yet", user=user, error=repr(error))
            await asyncio.sleep(RETRY_PAUSE_S)

    async def _try_to_end(self, system: Client, user: str, begun_before: datetime | None) -> datetime:
        looked: datetime | None = None
        for _ in range(_MOST_ROUNDS):
            found = await self._ask(system, {"auth": True, "user": user})
            looked = looked or found.now
            old = [each for each in found.connections if each.start <= (begun_before or looked)]
            for each in old:
                await self._kick(system, found.server_id, each.cid)
                log.info("connection_ended", user=user, cid=each.cid)
            if not old:
                return looked
        raise TimeoutError(f"{user} still has connections")

    async def _ask(self, system: Client, question: dict[str, object]) -> _Connections:
        body = msgspec.json.encode(question)
        answer = await system.request("$SYS.REQ.SERVER.PING.CONNZ", body, timeout=REQUEST_TIMEOUT_S)
        return _connz.decode(answer.data).data

    async def _kick(self, system: Client, server: str, cid: int) -> None:
        body = msgspec.json.encode({"cid": cid})
        await system.request(f"$SYS.REQ.SERVER.{server}.KICK", body, timeout=REQUEST_TIMEOUT_S)
        self._ended.inc()


def _rights(entry: DeviceEntry) -> tuple[object, ...]:
    # Everything that authentication and `permissions_of` look at.
    return (entry.secret_sha256, entry.enabled, entry.format, entry.external_id, entry.base_topic)
