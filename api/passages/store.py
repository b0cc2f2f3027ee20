"""The processor's passages, read; and what a site has set about them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from psycopg.types.json import Jsonb

from api.passages.schemas import Car, Passage, Settings, SettingsInForce
from api.transactions import Transaction
from herun.database.queries import Queries
from herun.events import FLAG_OUT_OF_SERVICE
from herun.personal import mask

_QUERIES: Final = Queries(__package__)

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which passages are asked for; None: any. Times are event times, `before` not included."""

    kind: str | None = None
    direction: str | None = None
    device: str | None = None
    after: datetime | None = None
    before: datetime | None = None


async def page(tx: Transaction, wanted: Filter, *, older_than: tuple[int, ...] | None, limit: int) -> Rows:
    """Rows older than a (position, n), newest first."""
    position, n = older_than or (None, None)
    return await tx.chosen(_QUERIES["page"], position=position, n=n, limit=limit, **asdict(wanted))


async def inside(tx: Transaction, since: datetime, *, older_than: tuple[int, ...] | None, limit: int) -> Rows:
    """Entries recorded since a time whose stay is not over, newest first."""
    position, n = older_than or (None, None)
    return await tx.chosen(_QUERIES["inside"], since=since, position=position, n=n, limit=limit)


async def counts(tx: Transaction, since: datetime) -> dict[str, int]:
    """Cars that are inside, and vehicles and persons that came and went since a time, but for drills."""
    row = await tx.one(_QUERIES["counts"], since=since, out_of_service=FLAG_OUT_OF_SERVICE)
    return row or {}


async def settings(tx: Transaction) -> SettingsInForce:
    """What holds at the site."""
    row = await tx.one(_QUERIES["settings"])
    return SettingsInForce(**row) if row else SettingsInForce(settings=Settings().model_dump())


async def put_settings(tx: Transaction, new: Settings) -> None:
    """Replaces what was set."""
    await tx.run(_QUERIES["put_settings"], settings=Jsonb(new.model_dump()))


def car(row: dict[str, Any], *, reveal: bool = False) -> Car:
    """The car of a row, its plate masked unless `reveal`."""
    return Car(
        device=row["device"],
        entered_at=row["entered_at"],
        recorded_time=row["recorded_time"],
        plate=_plate(row, reveal=reveal),
    )


def _plate(row: dict[str, Any], *, reveal: bool) -> str | None:
    plate: str | None = row["plate"]
    return plate if plate is None or reveal else mask(plate)


def shown(row: dict[str, Any], *, reveal: bool = False) -> Passage:
    """The passage of a row, its plate masked unless `reveal`."""
    data: dict[str, Any] = row["data"]
    return Passage(
        passage=row["event_id"],
        kind=data["kind"],
        direction=data.get("direction"),
        device=row["device"],
        event_time=row["event_time"],
        recorded_time=row["recorded_time"],
        reads=data["reads"],
        count=data.get("count", 1),
        confidence=data["confidence"],
        plate=_plate(row, reveal=reveal),
        stay_s=data.get("stay_s"),
        match=data.get("match"),
        late=data.get("late", False),
    )
