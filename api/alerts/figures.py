"""Figures on alerts: how many, what people made of them, how often it was a false alarm."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from api.alerts import store
from api.alerts.schemas import By, Figure, Figures, Verdicts
from api.alerts.store import Filter
from api.periods import Period
from api.problems import not_found
from api.sites import store as sites
from api.transactions import Transaction
from herun.clock import to_text, to_us

MAX_FIGURES: Final = 500  # of one answer: the worst devices of an estate, not all of them
WEEK: Final = timedelta(days=7)


async def figures(
    tx: Transaction, by: By, period: Period, *, rule_uid: str | None = None, device: str | None = None
) -> Figures:
    """By rule, device or week of the site's time. Raises Problem 404 if there is no such site."""
    site = await sites.site(tx)
    if site is None:
        raise not_found("site")
    wanted = Filter(rule_uid=rule_uid, device=device, begin=period.begin, end=period.end)
    rows = await store.figures(tx, by, wanted, time_zone=site.time_zone, limit=MAX_FIGURES + 1)
    items = [
        _figure(row, f"/v1/sites/{tx.site}/alerts?{_query(by, row['key'], wanted, site.time_zone)}")
        for row in rows[:MAX_FIGURES]
    ]
    if by is By.WEEK:
        items.sort(key=lambda item: item.key or "")
    return Figures(begin=period.begin, end=period.end, items=items, more=len(rows) > MAX_FIGURES)


def false_alarm_rate(*, true: int, false: int) -> float | None:
    """The share of false ones among those that were judged; None if none was. Drills and tests are not asked."""
    return false / (true + false) if true + false else None


def _figure(row: dict[str, Any], alerts: str) -> Figure:
    closed = Verdicts(**{verdict: row[f"judged_{verdict}"] for verdict in Verdicts.model_fields})
    own = {
        name: row[name] for name in ("key", "raised", "merged", "withdrawn", "acknowledged", "seconds_to_acknowledge")
    }
    rate = false_alarm_rate(true=closed.true, false=closed.false + closed.nuisance)
    return Figure(**own, closed=closed, false_alarm_rate=rate, alerts=alerts)


def _query(by: By, key: str | None, wanted: Filter, time_zone: str) -> str:
    """The query that lists exactly what was counted."""
    begin, end = wanted.begin, wanted.end
    asked: dict[str, Any] = {"rule_uid": wanted.rule_uid, "device": wanted.device}
    if by is By.RULE:
        asked["rule_uid"] = key
    elif by is By.DEVICE:
        asked |= {"device": key} if key is not None else {"has_device": "false"}
    elif key is not None and begin is not None and end is not None:
        monday = datetime.fromisoformat(key)
        zone = ZoneInfo(time_zone)
        begin, end = max(begin, monday.replace(tzinfo=zone)), min(end, (monday + WEEK).replace(tzinfo=zone))
    asked |= {"from": begin and to_text(to_us(begin)), "to": end and to_text(to_us(end))}
    return urlencode({name: value for name, value in asked.items() if value is not None})
