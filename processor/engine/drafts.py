"""What an alert says: when something is the first of its occurrences, or one more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from herun.alerts import Alert, AlertState, Correction, alert_id
from processor.engine.sayings import words_of
from processor.engine.state import CurrentAlert, Said
from processor.engine.texts import duration_texts, fill

if TYPE_CHECKING:
    from processor.engine.alerting import Evaluation, Occurrence, RuleHead


def again(
    head: RuleHead, near: Sequence[CurrentAlert], said: Said, *, is_over: bool = False
) -> tuple[Alert, Said | None]:
    """The first of these alerts with what all of them count, and this; it is told as of the newest of all.

    `is_over`: what is counted is over already, and changes nothing about whether the alert is.
    """
    newest = near[0] if len(near) == 1 else max(near, key=lambda each: each.alert.updated_at)
    alert, last = near[0].alert, newest.alert.updated_at
    raised_at = min(said.at, *(each.alert.raised_at for each in near))
    count = 1 + sum(each.alert.count for each in near)
    is_newest = said.at >= (last if newest.said is None else newest.said.at)
    shown = said if is_newest else newest.said
    rule_version, title, text = alert.rule_version, alert.title, alert.text
    if shown is not None:
        values = _values(head, shown, count)
        rule_version, title, text = head.version, fill(head.title, values), fill(head.text, values)
    alert = msgspec.structs.replace(
        alert,
        version=alert.version + 1,
        rule_version=rule_version,
        state=alert.state if is_over else AlertState.RAISED,
        raised_at=raised_at,
        updated_at=max(said.at, last),
        cleared_at=alert.cleared_at if is_over else None,
        count=count,
        title=title,
        text=text,
        correction=alert.correction if raised_at == alert.raised_at else Correction.AMENDED,
    )
    return alert, shown


def said_of(ev: Evaluation, head: RuleHead, found: Occurrence) -> Said:
    """What the texts say of it, to be kept."""
    words = words_of(ev, head, found)
    return Said(found.at, found.device, found.value, found.count, found.finding, found.probability, words)


def _new_id(head: RuleHead, key: str, occurrence: Occurrence) -> str:
    """The id of the alert that this occurrence makes if it is the first."""
    cause = "\0".join(str(occurrence.cause[name]) for name in sorted(occurrence.cause))
    return alert_id(head.site, head.uid, key, cause)


def first(ev: Evaluation, head: RuleHead, key: str, occurrence: Occurrence, said: Said) -> Alert:
    """A new alert."""
    place = occurrence.place or ev.registration(head.site, occurrence.device)
    values = _values(head, said, 1)
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


def _values(head: RuleHead, said: Said, count: int) -> dict[str, str]:
    values = {
        **said.words,
        "device": said.device or "",
        "value": said.value,
        "probability": percent(said.probability),
        "count": str(count if said.count is None else said.count),
        **{f"finding_{language}": text for language, text in said.finding.items()},
    }
    return values if head.duration_us is None else values | duration_texts(head.duration_us)
