"""Changes that the engine and the gateway must hear of, written in the transaction that makes them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from api.problems import invalid
from api.transactions import Touched, Transaction
from herun.control import ControlKind
from herun.database.queries import Queries
from herun.registry import DeviceEntry, encode_entry

_QUERIES: Final = Queries(__package__)
# One relay over all instances of the API; any number will do that nothing else in this database locks.
RELAY_LOCK: Final = 0x4845_5255_4E01
# What the encoder raises for a body that the stream's form cannot hold.
UNENCODABLE: Final = (OverflowError, TypeError, ValueError, RecursionError)

Connection = AsyncConnection[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One change. `registry_key` is set where the registry bucket changes too."""

    id: int
    site: str
    partition: int
    kind: str
    body: dict[str, Any]
    registry_key: str | None
    registry_value: bytes | None


async def put(tx: Transaction, kind: ControlKind, body: dict[str, Any]) -> None:
    """Adds a control, as `put_all` does."""
    await put_all(tx, kind, [body])


async def put_all(tx: Transaction, kind: ControlKind, bodies: Sequence[dict[str, Any]]) -> None:
    """Adds controls. Write the rows that they tell of before: their locks are what keeps changes of one thing in order.

    Raises Problem 422 for a body that the relay could never pass on: found out later, nobody would be there to be told.
    """
    try:
        for body in bodies:
            msgspec.msgpack.encode(_read_back(body))
    except UNENCODABLE as error:
        raise invalid("unrelayable", f"the engine cannot be told of this: {error}") from error
    none = {"kind": kind.value, "registry_key": None, "registry_value": None}
    await _add(tx, [{**none, "body": Jsonb(body)} for body in bodies])


def _read_back(body: dict[str, Any]) -> Any:
    """The body as the database will give it back: jsonb writes a float without a fraction as an integer."""
    return json.loads(json.dumps(body, allow_nan=False), parse_float=_as_jsonb)


def _as_jsonb(text: str) -> int | float:
    number = float(text)
    return int(number) if number.is_integer() else number


async def put_devices(tx: Transaction, entries: list[DeviceEntry]) -> None:
    """Adds the current state of devices, for the engine without their secret's hash, for the gateway with it."""
    await _add(
        tx,
        [
            {
                "kind": ControlKind.DEVICE_PUT.value,
                "body": Jsonb(msgspec.to_builtins(msgspec.structs.replace(entry, secret_sha256=None))),
                "registry_key": entry.key,
                "registry_value": encode_entry(entry),
            }
            for entry in entries
        ],
    )


async def _add(tx: Transaction, rows: list[dict[str, Any]]) -> None:
    await tx.many(_QUERIES["add"], rows)
    tx.touched.add(Touched.OUTBOX)


async def waiting(connection: Connection, most: int) -> list[OutboxRow]:
    """The oldest changes, in order."""
    cursor = await connection.execute(_QUERIES["waiting"], {"most": most})
    return [OutboxRow(**row) for row in await cursor.fetchall()]


async def done(connection: Connection, ids: list[int]) -> None:
    """Deletes changes that have been passed on."""
    await connection.execute(_QUERIES["done"], {"ids": ids})


async def registered(connection: Connection) -> tuple[dict[str, bytes], set[str]]:
    """What the registry bucket should hold by key, and the keys that the outbox will still write."""
    cursor = await connection.execute(_QUERIES["registered"])
    wanted, waits = {}, set()
    for row in await cursor.fetchall():
        waiting_still = row.pop("waits")
        entry = msgspec.convert(row, DeviceEntry)
        wanted[entry.key] = encode_entry(entry)
        if waiting_still:
            waits.add(entry.key)
    return wanted, waits


async def see_all_sites(connection: Connection) -> None:
    """Lets this connection see the outbox of every site, until it ends."""
    await connection.execute(_QUERIES["see_all_sites"])


async def try_lock(connection: Connection) -> bool:
    """True if this connection now is the relay's, until it ends."""
    row = await (await connection.execute(_QUERIES["try_lock"], {"key": RELAY_LOCK})).fetchone()
    return bool(row and row["held"])
