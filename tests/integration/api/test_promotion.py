"""What a rule on trial would have done."""

from __future__ import annotations

import uuid
from typing import Any, Final

from herun.alerts import Correction
from herun.clock import DAY_US, HOUR_US, MINUTE_US, to_datetime
from tests.integration.api.running import NOON_US, World
from tests.integration.api.test_alert_figures import act

RULE: Final[dict[str, Any]] = {
    "kind": "threshold", "uid": "r1", "title": {"zh": "a"}, "text": {"zh": "b"}, "category": "c", "raise_above": 1,
    "match": {"event_types": ["reading.reported"]},
}  # fmt: skip


def monitored(world: World, device: str | None, at_us: int, **changes: Any) -> None:
    """An alert of a rule on trial, as the processor writes it."""
    world.alerts_made += 1
    values = {"id": uuid.UUID(int=world.alerts_made), "device": device, "at": to_datetime(at_us), "zone": None}
    world.rows(
        "INSERT INTO monitored_alerts (site, alert_id, version, rule_uid, rule_version, key, state, severity, category,"
        " raised_at, updated_at, cleared_at, count, device, zone, building, opens_order, text)"
        " VALUES ('s1', %(id)s, 1, 'r1', 2, 'k', %(state)s, 'warning', 'c', %(at)s, %(at)s,"
        " NULL, 1, %(device)s, %(zone)s, NULL, %(opens_order)s, '{}')",
        role="herun_processor",
        **{**values, "opens_order": True, "state": "raised", **changes},
    )


def judged(world: World, device: str | None, at_us: int, verdict: str | None, **changes: Any) -> None:
    """A live alert that people judged."""
    values = {"device": device, "zone": None, "raised_at": at_us, "updated_at": at_us, **changes}
    alert = world.alert(**values)
    world.add_alert(alert, position=world.alerts_made)
    if verdict is not None:
        act(world, alert, "closed", at_us + HOUR_US, verdict)


async def test_the_report_says_what_the_rule_would_have_done_since_its_trial_began(world: World) -> None:
    await world.admin.put("rules/r1", RULE)
    world.clock.advance(DAY_US)
    await world.admin.put("rules/r1", RULE | {"mode": "monitor"})
    world.clock.advance(DAY_US)
    await world.admin.put("rules/r1", RULE | {"mode": "monitor", "title": {"zh": "c"}})
    world.clock.advance(2 * DAY_US)
    begin = NOON_US + DAY_US
    monitored(world, "d1", begin - HOUR_US)  # of an earlier trial
    for device, after, opens in (
        ("d1", 0, True),
        ("d1", HOUR_US, True),
        ("d2", 13 * HOUR_US, False),
        (None, 40 * HOUR_US, True),
    ):
        monitored(world, device, begin + after, opens_order=opens)
    report = await world.by("oscar").get("rules/r1/promotion")
    assert (report["since"], report["begin"], report["end"]) == (
        "2026-06-02T04:00:00Z", "2026-06-02T04:00:00Z", "2026-06-05T04:00:00Z",
    )  # fmt: skip
    assert (report["alerts"], report["orders"]) == (4, 3)
    assert report["by_day"] == [
        {"day": "2026-06-02", "alerts": 2}, {"day": "2026-06-03", "alerts": 1}, {"day": "2026-06-04", "alerts": 1},
    ]  # fmt: skip
    assert report["by_device"] == [
        {"device": "d1", "alerts": 2}, {"device": "d2", "alerts": 1}, {"device": None, "alerts": 1},
    ]  # fmt: skip
    assert report["overlap"] == {
        "true": 0, "false": 0, "share_true": 0, "share_false": 0, "false_alarm_rate": None,
    }  # fmt: skip


async def test_what_an_earlier_version_raised_that_decided_otherwise_is_not_counted(world: World) -> None:
    await world.admin.put("rules/r1", RULE | {"mode": "monitor"})
    monitored(world, "d1", NOON_US + HOUR_US)
    world.clock.advance(DAY_US)
    await world.admin.put("rules/r1", RULE | {"mode": "monitor", "raise_above": 100})
    world.clock.advance(DAY_US)
    report = await world.by("oscar").get("rules/r1/promotion")
    assert (report["since"], report["alerts"]) == ("2026-06-02T04:00:00Z", 0)
    monitored(world, "d1", NOON_US + 25 * HOUR_US)
    assert (await world.by("oscar").get("rules/r1/promotion"))["alerts"] == 1


async def test_its_false_alarm_rate_is_estimated_from_what_people_said_of_others_at_the_time(world: World) -> None:
    await world.admin.put("rules/r1", RULE | {"mode": "monitor"})
    world.clock.advance(3 * DAY_US)
    at = NOON_US + DAY_US
    for n in range(8):
        monitored(world, f"d{n}", at)
    monitored(world, None, at, zone="z1")
    monitored(world, None, at, zone="z0")
    judged(world, "d0", at + 5 * MINUTE_US, "true")
    judged(world, "d1", at - HOUR_US, "true", cleared_at=at - 5 * MINUTE_US)  # lasted until just before
    judged(world, "d2", at + 5 * MINUTE_US, "false")
    judged(world, "d3", at, "nuisance")
    judged(world, "d4", at, "drill")
    judged(world, "d5", at, None)
    judged(world, "d6", at + HOUR_US, "false")
    judged(world, "d0", at, "false")  # of two verdicts the true one counts
    judged(world, None, at, "true", zone="z1")
    overlap = (await world.by("oscar").get("rules/r1/promotion"))["overlap"]
    assert overlap == {"true": 3, "false": 2, "share_true": 0.3, "share_false": 0.2, "false_alarm_rate": 0.4}


async def test_what_late_events_have_withdrawn_is_counted_by_itself(world: World) -> None:
    await world.admin.put("rules/r1", RULE)
    world.clock.advance(10 * DAY_US)
    for days, correction in ((1, None), (2, Correction.WITHDRAWN), (3, Correction.AMENDED)):
        judged(world, "d1", NOON_US + (10 - days) * DAY_US, None, rule_uid="r1", correction=correction)
    await world.admin.put("rules/r1", RULE | {"mode": "monitor"})
    world.clock.advance(5 * DAY_US)
    at = NOON_US + 11 * DAY_US
    monitored(world, "d1", at)
    monitored(world, "d2", at + 1, state="withdrawn")
    for device in ("d1", "d2"):
        judged(world, device, at, "false")
    report = await world.by("oscar").get("rules/r1/promotion")
    assert [report[name] for name in ("alerts", "withdrawn", "orders")] == [1, 1, 1]
    assert report["by_day"] == [{"day": "2026-06-12", "alerts": 1}]
    assert report["by_device"] == [{"device": "d1", "alerts": 1}]
    assert (report["overlap"]["false"], report["overlap"]["share_false"]) == (1, 1)
    assert (report["live_before"]["alerts"], report["live_before"]["withdrawn"]) == (2, 1)
    listed = (await world.by("oscar").get("rules/r1/promotion/alerts"))["items"]
    assert [each["state"] for each in listed] == ["withdrawn", "raised"]


async def test_a_rule_that_was_live_is_held_against_what_it_did_then(world: World) -> None:
    await world.admin.put("rules/r1", RULE)
    for days, verdict in ((1, "true"), (2, "false"), (3, "nuisance"), (9, "true")):
        judged(world, "d1", NOON_US + (9 - days) * DAY_US, verdict, rule_uid="r1")
    world.clock.advance(10 * DAY_US)
    await world.admin.put("rules/r1", RULE | {"mode": "monitor"})
    world.clock.advance(5 * DAY_US)
    live = (await world.by("oscar").get("rules/r1/promotion"))["live_before"]
    assert (live["begin"], live["end"]) == ("2026-06-06T04:00:00Z", "2026-06-11T04:00:00Z")
    assert (live["alerts"], live["orders"], live["judged_true"], live["judged_false"]) == (3, 0, 1, 2)
    assert live["false_alarm_rate"] == 2 / 3


async def test_a_rule_that_never_was_live_is_held_against_nothing(world: World) -> None:
    await world.admin.put("rules/r1", RULE | {"mode": "monitor"})
    assert (await world.by("oscar").get("rules/r1/promotion"))["live_before"] is None


async def test_a_rule_that_is_not_on_trial_is_reported_for_the_period_that_is_asked_for(world: World) -> None:
    await world.admin.put("rules/r1", RULE | {"mode": "monitor"})
    world.clock.advance(DAY_US)
    await world.admin.put("rules/r1", RULE)
    monitored(world, "d1", NOON_US)
    report = await world.by("oscar").get("rules/r1/promotion?from=2026-06-01T00:00:00Z&to=2026-06-02T00:00:00Z")
    assert (report["since"], report["alerts"]) == (None, 1)


async def test_a_rule_that_never_was_has_no_report(world: World) -> None:
    assert (await world.by("oscar").call("GET", "rules/r9/promotion")).status_code == 404


async def test_each_alert_that_it_would_have_raised_can_be_looked_at(world: World) -> None:
    await world.admin.put("rules/r1", RULE | {"mode": "monitor"})
    for device, after in (("d1", 0), ("d2", 0), ("d3", 1), ("d4", 2)):
        monitored(world, device, NOON_US + after * HOUR_US)
    found: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await world.by("oscar").get(f"rules/r1/promotion/alerts?limit=1{cursor and f'&cursor={cursor}'}")
        found += page["items"]
        cursor = page["next_cursor"]
    assert [each["device"] for each in found] == ["d4", "d3", "d2", "d1"]
    assert (found[0]["raised_at"], found[0]["severity"], found[0]["text"]) == ("2026-06-01T06:00:00Z", "warning", {})
    between = "from=2026-06-01T05:00:00Z&to=2026-06-01T06:00:00Z"
    (only,) = (await world.by("oscar").get(f"rules/r1/promotion/alerts?{between}"))["items"]
    assert only["device"] == "d3"
    assert (await world.by("oscar").call("GET", "rules/r2/promotion/alerts")).status_code == 404
    assert (await world.by("oscar").call("GET", "rules/r1/promotion/alerts?cursor=eHg")).status_code == 400
