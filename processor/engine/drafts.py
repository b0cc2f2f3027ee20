"""What an alert says: when something is the first of its occurrences, or one more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from herun.alerts import Alert, AlertState, Correction, alert_id
from processor.engine.state import CurrentAlert, Said
from processor.engine.texts import duration_texts, fill

if TYPE_CHECKING:
    from processor.engine.alerting import Evaluation, Occurrence, RuleHead


def again(
    ev: Evaluation, head: RuleHead, near: Sequence[CurrentAlert], occurrence: Occurrence
) -> tuple[Alert, Said | None]:
    """The first of these alerts with what all of them count, and this; it is told as of the newest of all."""
    alert = near[0].alert
    newest = max(near, key=lambda each: each.alert.updated_at)
    raised_at = min(occurrence.at, *(each.alert.raised_at for each in near))
    alert = msgspec.structs.replace(
        alert,
        version=alert.version + 1,
        raised_at=raised_at,
        updated_at=max(occurrence.at, newest.alert.updated_at),
        count=1 + sum(each.alert.count for each in near),
        correction=alert.correction if raised_at == alert.raised_at else Correction.AMENDED,
    )
    is_newest = occurrence.at >= (newest.alert.updated_at if newest.said is None else newest.said.at)
    said = said_of(head, occurrence) if is_newest else newest.said
    return (alert if said is None else _told_of(ev, head, alert, said)), said


def said_of(head: RuleHead, occurrence: Occurrence) -> Said | None:
    """What the texts say of it, to be kept; None if nothing will be counted into the alert."""
    found = occurrence
    if not head.cooldown_us:
        return None
    return Said(found.at, found.device, found.value, found.count, found.finding, found.probability)


def _told_of(ev: Evaluation, head: RuleHead, alert: Alert, said: Said) -> Alert:
    values = _values(ev, head, said, alert.count)
    return msgspec.structs.replace(
        alert, rule_version=head.version, title=fill(head.title, values), text=fill(head.text, values)
    )


def _new_id(head: RuleHead, key: str, occurrence: Occurrence) -> str:
    """The id of the alert that this occurrence makes if it is the first."""
    cause = "\0".join(str(occurrence.cause[name]) for name in sorted(occurrence.cause))
    return alert_id(head.site, head.uid, key, cause)


def first(ev: Evaluation, head: RuleHead, key: str, occurrence: Occurrence) -> Alert:
    """A new alert."""
    place = ev.registration(head.site, occurrence.device)
    values = _values(ev, head, occurrence, 1)
    return Alert(
        site=head.site,
        alert_id=_new_id(head, key, occurrence),
        version=1,
        rule_uid=head.uid,
        rule_version=head.version,
        key=key,
        state=AlertState.RAISED,
        severity=head.severity,
        category=head.category,
        raised_at=occurrence.at,
        updated_at=occurrence.at,
        cleared_at=None,
        count=1,
        device=occurrence.device,
        zone=place.zone,
        building=place.building,
        opens_order=head.opens_order,
        title=fill(head.title, values),
        text=fill(head.text, values),
        cause=occurrence.cause if occurrence.probability is None else _with_chance(occurrence),
        mode=head.mode,
        order_category=head.order_category,
    )


def _with_chance(occurrence: Occurrence) -> dict[str, Any]:
    return {**occurrence.cause, "probability": float(f"{occurrence.probability:.2g}")}


def percent(probability: float | None) -> str:
    """A probability as people read it; empty if there is none."""
    if probability is None:
        return ""
    share = 100 * probability
    return "<0.01%" if share < 0.01 else f"{share:.2g}%" if share < 99.5 else ">99%"


def _values(ev: Evaluation, head: RuleHead, occurrence: Occurrence | Said, count: int) -> dict[str, str]:
    place = ev.registration(head.site, occurrence.device)
    values = {
        "device": occurrence.device or "",
        "zone": place.zone or "",
        "building": place.building or "",
        "value": occurrence.value,
        "probability": percent(occurrence.probability),
        "count": str(count if occurrence.count is None else occurrence.count),
        **{f"finding_{language}": text for language, text in occurrence.finding.items()},
    }
    return values if head.duration_us is None else values | duration_texts(head.duration_us)
