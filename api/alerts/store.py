"""The processor's alerts, read, and what people did to them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from api.alerts.schemas import Acknowledged, Alert, Closed, Verdict
from api.clocks.limits import Severity
from api.transactions import Transaction
from herun.alerts import AlertState
from herun.database.queries import Queries

_QUERIES: Final = Queries(__package__)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which alerts are asked for; None: any. `states`: in any of these. `is_open`: not closed by people yet.

    Raised from `begin` on, and before `end`.
    """

    states: frozenset[AlertState] = frozenset()
    rule_uid: str | None = None
    is_open: bool | None = None
    is_acknowledged: bool | None = None
    verdict: Verdict | None = None
    device: str | None = None
    has_device: bool | None = None
    is_merged: bool | None = None
    merged_into: UUID | None = None
    severity: Severity | None = None
    category: str | None = None
    zone: str | None = None
    building: str | None = None
    begin: datetime | None = None
    end: datetime | None = None
    alert_id: UUID | None = None


async def page(
    tx: Transaction, wanted: Filter, *, older_than: tuple[int, ...] | None, limit: int
) -> list[dict[str, Any]]:
    """Rows first raised before a (position, n), newest first."""
    position, n = older_than or (None, None)
    return await tx.chosen(
        _QUERIES["page"],
        position=position,
        n=n,
        limit=limit,
        **{**asdict(wanted), "states": sorted(wanted.states) or None},
    )


async def raised_by(tx: Transaction, alert_id: UUID) -> dict[str, Any] | None:
    """Rule uid, device and key of an alert; None if the site has none such."""
    return await tx.one(_QUERIES["raised_by"], alert_id=alert_id)


async def figures(tx: Transaction, by: str, wanted: Filter, *, time_zone: str, limit: int) -> list[dict[str, Any]]:
    """Counts by rule, device or week, the worst first. Of the filter: period, rule and device."""
    return await tx.chosen(
        _QUERIES["figures"],
        by=by,
        begin=wanted.begin,
        end=wanted.end,
        rule_uid=wanted.rule_uid,
        device=wanted.device,
        time_zone=time_zone,
        limit=limit,
    )


async def add_action(
    tx: Transaction, alert_id: UUID, action: str, *, feed_seq: int, verdict: str | None, note: str | None
) -> bool:
    """Writes down what somebody did; False if it was done before."""
    row = await tx.one(
        _QUERIES["add_action"], alert_id=alert_id, action=action, feed_seq=feed_seq, verdict=verdict, note=note
    )
    return row is not None


def shown(row: dict[str, Any]) -> Alert:
    """The alert of a row."""
    acknowledged = closed = None
    if row["acknowledged_by"]:
        acknowledged = Acknowledged(by=row["acknowledged_by"], at=row["acknowledged_at"], note=row["acknowledged_note"])
    if row["closed_by"]:
        closed = Closed(by=row["closed_by"], at=row["closed_at"], verdict=row["verdict"], note=row["closed_note"])
    own = {name: row[name] for name in Alert.model_fields if name in row}
    return Alert(**own, acknowledged=acknowledged, closed=closed)
