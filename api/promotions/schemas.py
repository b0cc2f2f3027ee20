"""What a rule on trial (mode monitor) would have done."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from api.schema import Bilingual, Moment, View


class Day(View):
    """A day of the site's time."""

    day: str
    alerts: int


class OfDevice(View):
    """A device; null: alerts of none."""

    device: str | None
    alerts: int


class Overlap(View):
    """Alerts near (within minutes of) one of the same device that people judged, as counts and shares of all.

    `false_alarm_rate` is estimated from these alone; null if there are none. Nuisance counts as false.
    """

    true: int
    false: int
    share_true: float | None
    share_false: float | None
    false_alarm_rate: float | None


class LiveBefore(View):
    """What the rule did while it was live, in a stretch as long as the trial that ends where the trial begins.

    `alerts` and `withdrawn` as of the trial; orders were opened and verdicts given before anybody knew better.
    """

    begin: Moment
    end: Moment
    alerts: int
    withdrawn: int
    orders: int
    judged_true: int
    judged_false: int
    false_alarm_rate: float | None


class TrialAlert(View):
    """An alert that a rule on trial would have raised, as it was last; kept for 90 days.

    `withdrawn`: late events showed that it never was due, or that it is counted in another one.
    """

    alert_id: UUID
    rule_version: int
    key: str
    state: Literal["raised", "cleared", "withdrawn"]
    severity: str
    category: str
    raised_at: Moment
    updated_at: Moment
    cleared_at: Moment | None
    count: int
    device: str | None
    zone: str | None
    building: str | None
    opens_order: bool
    text: Bilingual


class TrialAlerts(View):
    """One page, newest first; `next_cursor` is null on the last."""

    items: list[TrialAlert]
    next_cursor: str | None


class Promotion(View):
    """The report. `since`: on trial without a break, deciding as it does now, since then; null: it is
    not on trial now.

    `withdrawn` are those that late events showed never to have been due: `alerts` and all other figures leave them out.
    `orders` is how many it would have opened, at most: some of its alerts would have been hidden by others.
    """

    rule_uid: str
    since: Moment | None
    begin: Moment
    end: Moment
    alerts: int
    withdrawn: int
    orders: int
    by_day: list[Day]
    by_device: list[OfDevice]
    overlap: Overlap
    live_before: LiveBefore | None
