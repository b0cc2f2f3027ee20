"""Whether a rule on trial is fit to alert people: what it would have done, held against what people said."""

from __future__ import annotations

from datetime import datetime
from itertools import zip_longest
from typing import Any, Final
from uuid import UUID

from api import cursors
from api.alerts.figures import false_alarm_rate
from api.periods import DEFAULT, LONGEST, Period, period
from api.problems import not_found
from api.promotions import store
from api.promotions.schemas import Day, LiveBefore, OfDevice, Overlap, Promotion, TrialAlert, TrialAlerts
from api.sites import store as sites
from api.transactions import Transaction
from herun.clock import to_datetime, to_us
from herun.rule_changes import begins_anew

_AT: Final = "@"  # between the time and the id of a cursor


async def report(tx: Transaction, uid: str, begin: datetime | None, end: datetime | None) -> Promotion:
    """By default since the trial of what the rule decides now began.

    Raises Problem 404 if there never was such a rule, 422 for a bad period.
    """
    site, was_live = await sites.site(tx), await store.was_live(tx, uid)
    if site is None or was_live is None:
        raise not_found("rule")
    since = _since(await store.trial_versions(tx, uid))
    on_trial = tx.at - since if since is not None and since < tx.at else DEFAULT
    asked = period(tx.at, begin, end, min(on_trial, LONGEST))
    counts = await store.overlaps(tx, uid, asked)
    return Promotion(
        rule_uid=uid,
        since=since,
        begin=asked.begin,
        end=asked.end,
        alerts=counts["alerts"],
        withdrawn=counts["withdrawn"],
        orders=counts["orders"],
        by_day=[Day(**row) for row in await store.by_day(tx, uid, asked, site.time_zone)],
        by_device=[OfDevice(**row) for row in await store.by_device(tx, uid, asked)],
        overlap=_overlap(counts),
        live_before=await _live_before(tx, uid, asked.before) if was_live else None,
    )


async def alerts(
    tx: Transaction, uid: str, begin: datetime | None, end: datetime | None, *, cursor: str | None, limit: int
) -> TrialAlerts:
    """One page of what it would have raised, newest first. Raises Problem 404 if there never was such a rule."""
    if await store.was_live(tx, uid) is None:
        raise not_found("rule")
    rows = await store.alerts(tx, uid, (begin, end), before=_place(cursor), limit=limit + 1)
    last = rows[limit - 1] if len(rows) > limit else None
    more = None if last is None else cursors.encode(f"{to_us(last['raised_at'])}{_AT}{last['alert_id']}")
    return TrialAlerts(items=[TrialAlert(**row) for row in rows[:limit]], next_cursor=more)


def _place(cursor: str | None) -> tuple[datetime, UUID] | None:
    text = cursors.decode_text(cursor)
    if text is None:
        return None
    at_us, _, alert_id = text.partition(_AT)
    try:
        return to_datetime(int(at_us)), UUID(alert_id)
    except (ValueError, OverflowError) as error:
        raise cursors.bad() from error


def _since(versions: list[dict[str, Any]]) -> datetime | None:
    """When it began to decide as it does now: what an earlier version raised is another rule's."""
    since: datetime | None = None
    for version, before in zip_longest(versions, versions[1:]):
        since = version["changed_at"]
        if before is None or begins_anew(before["body"], version["body"]):
            break
    return since


def _overlap(counts: dict[str, Any]) -> Overlap:
    alerts, true, false = counts["alerts"], counts["with_true"], counts["with_false"]
    return Overlap(
        true=true,
        false=false,
        share_true=true / alerts if alerts else None,
        share_false=false / alerts if alerts else None,
        false_alarm_rate=false_alarm_rate(true=true, false=false),
    )


async def _live_before(tx: Transaction, uid: str, asked: Period) -> LiveBefore:
    counts = await store.live(tx, uid, asked)
    rate = false_alarm_rate(true=counts["judged_true"], false=counts["judged_false"])
    return LiveBefore(begin=asked.begin, end=asked.end, **counts, false_alarm_rate=rate)
