"""Whether a rule on trial is fit to alert people: what it would have done, held against what people said."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from api.alerts.figures import false_alarm_rate
from api.periods import DEFAULT, LONGEST, Period, period
from api.problems import not_found
from api.promotions import store
from api.promotions.schemas import Day, LiveBefore, OfDevice, Overlap, Promotion
from api.sites import store as sites
from api.transactions import Transaction


async def report(tx: Transaction, uid: str, begin: datetime | None, end: datetime | None) -> Promotion:
    """By default since the trial began. Raises Problem 404 if there never was such a rule, 422 for a bad period."""
    site, trials = await sites.site(tx), await store.trials(tx, uid)
    if site is None or trials is None:
        raise not_found("rule")
    since = trials["since"]
    on_trial = tx.at - since if since is not None and since < tx.at else DEFAULT
    asked = period(tx.at, begin, end, min(on_trial, LONGEST))
    counts = await store.overlaps(tx, uid, asked)
    return Promotion(
        rule_uid=uid,
        since=since,
        begin=asked.begin,
        end=asked.end,
        alerts=counts["alerts"],
        orders=counts["orders"],
        by_day=[Day(**row) for row in await store.by_day(tx, uid, asked, site.time_zone)],
        by_device=[OfDevice(**row) for row in await store.by_device(tx, uid, asked)],
        overlap=_overlap(counts),
        live_before=await _live_before(tx, uid, asked.before) if trials["was_live"] else None,
    )


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
