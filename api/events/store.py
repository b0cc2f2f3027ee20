"""The processor's events, read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from api.events.schemas import Event
from api.transactions import Transaction
from herun.database.queries import Queries
from herun.events import FLAG_DERIVED, FLAG_LATE, FLAG_OUT_OF_SERVICE
from herun.personal import mask

_QUERIES: Final = Queries(__package__)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which events are asked for; None: any. Times are event times, `before` not included."""

    device: str | None = None
    event_type: str | None = None
    after: datetime | None = None
    before: datetime | None = None


async def page(
    tx: Transaction, wanted: Filter, *, older_than: tuple[int, ...] | None, limit: int
) -> list[dict[str, Any]]:
    """Rows older than a (position, n), newest first."""
    position, n = older_than or (None, None)
    return await tx.chosen(
        _QUERIES["page"],
        position=position,
        n=n,
        device=wanted.device,
        event_type=wanted.event_type,
        after=wanted.after,
        before=wanted.before,
        limit=limit,
    )


def shown(row: dict[str, Any], *, reveal: bool = False) -> Event:
    """The event of a row, personal values masked unless `reveal`."""
    personal: dict[str, str] = row["personal"] or {}
    return Event(
        event_id=row["event_id"],
        event_type=row["event_type"],
        device=row["device"],
        event_time=row["event_time"],
        recorded_time=row["recorded_time"],
        sequence=row["sequence"],
        late=bool(row["flags"] & FLAG_LATE),
        out_of_service=bool(row["flags"] & FLAG_OUT_OF_SERVICE),
        derived=bool(row["flags"] & FLAG_DERIVED),
        data=row["data"],
        personal=personal if reveal else {name: mask(value) for name, value in personal.items()},
    )
