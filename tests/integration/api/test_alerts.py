"""What people do to alerts."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from herun.alerts import AlertState
from tests.integration.api.running import NOON_US, World


async def test_alerts_come_newest_first_with_their_order(world: World) -> None:
    first, second = world.alert(), world.alert()
    world.add_alert(first, position=1)
    world.add_alert(second, position=2)
    await world.follow(first)
    items = (await world.by("oscar").get("alerts"))["items"]
    assert [item["alert_id"] for item in items] == [second.alert_id, first.alert_id]
    (order,) = (await world.by("oscar").get("work-orders"))["items"]
    assert [item["work_order"] for item in items] == [None, order["number"]]
    page = await world.by("oscar").get("alerts?limit=1")
    rest = await world.by("oscar").get(f"alerts?limit=1&cursor={page['next_cursor']}")
    assert (rest["items"][0]["alert_id"], rest["next_cursor"]) == (first.alert_id, None)


async def test_an_alert_is_acknowledged_and_closed_once_each(world: World) -> None:
    alert = world.alert()
    world.add_alert(alert)
    oscar = world.by("oscar")
    shown = await oscar.post(f"alerts/{alert.alert_id}/acknowledge", {"note": "On it"})
    assert (shown["acknowledged"]["by"], shown["acknowledged"]["note"], shown["closed"]) == ("oscar", "On it", None)
    shown = await oscar.post(f"alerts/{alert.alert_id}/close", {"verdict": "false"})
    assert (shown["closed"]["by"], shown["closed"]["verdict"]) == ("oscar", "false")
    for act, body in (("acknowledge", {}), ("close", {"verdict": "true"})):
        again = await world.by("susan").call("POST", f"alerts/{alert.alert_id}/{act}", body)
        assert again.status_code == 409
    (row,) = world.rows("SELECT feed_seq FROM feed_counters WHERE site = 's1'")
    assert row["feed_seq"] == 2  # what was refused has taken no number


async def test_there_need_be_nothing_to_say_when_an_alert_is_acknowledged(world: World) -> None:
    alert = world.alert()
    world.add_alert(alert)
    answer = await world.by("oscar").call("POST", f"alerts/{alert.alert_id}/acknowledge")
    assert (answer.status_code, answer.json()["acknowledged"]["note"]) == (200, None)


async def test_a_verdict_is_told_to_the_engine(world: World) -> None:
    alert = world.alert()
    world.add_alert(alert)
    await world.by("oscar").post(f"alerts/{alert.alert_id}/close", {"verdict": "nuisance"})
    (row,) = world.rows("SELECT kind, body FROM api_outbox WHERE kind = 'alert.closed'")
    assert row["body"] == {
        "alert_id": alert.alert_id,
        "verdict": "nuisance",
        "at": world.clock.at_us,
        "rule_uid": "underpass",
        "device": None,
        "key": "z1",
    }


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("state=raised", 2), ("state=cleared", 1), ("state=raised&state=cleared", 3), ("open=true", 2),
        ("open=false", 1), ("rule_uid=x", 0),
        ("acknowledged=true", 1), ("acknowledged=false", 2), ("verdict=true", 1), ("verdict=false", 0),
        ("device=d1", 1), ("has_device=false", 2), ("merged=true", 1), ("merged=false", 2),
        (f"merged_into={uuid.UUID(int=1)}", 1), (f"merged_into={uuid.UUID(int=2)}", 0),
        ("severity=info", 1), ("severity=info&open=true", 0), ("severity=critical", 2),
        ("category=water", 2), ("category=fire", 1),
        ("zone=z9", 1), ("building=b9", 1), ("building=b1", 0),
        ("from=2026-06-01T04:00:00Z", 3), ("from=2026-06-01T04:00:01Z", 0), ("to=2026-06-01T12:00:00%2B08:00", 0),
        ("verdict=true&device=d1&merged=true&open=false&acknowledged=true&rule_uid=underpass", 1),
    ],
)  # fmt: skip
async def test_alerts_are_filtered(world: World, query: str, count: int) -> None:
    master, other = world.alert(merged_count=1), world.alert()
    other_place = {"severity": "info", "category": "fire", "zone": "z9", "building": "b9", "device": "d1"}
    hidden = world.alert(merged_into=master.alert_id, state=AlertState.CLEARED, cleared_at=NOON_US, **other_place)
    for position, alert in enumerate((master, other, hidden)):
        world.add_alert(alert, position=position)
    await world.by("oscar").post(f"alerts/{hidden.alert_id}/acknowledge")
    await world.by("oscar").post(f"alerts/{hidden.alert_id}/close", {"verdict": "true"})
    assert len((await world.by("oscar").get(f"alerts?{query}"))["items"]) == count


@pytest.mark.parametrize("body", [{}, {"verdict": "maybe"}, {"verdict": True}])
async def test_a_verdict_is_one_of_five(world: World, body: Any) -> None:
    alert = world.alert()
    world.add_alert(alert)
    assert (await world.by("oscar").call("POST", f"alerts/{alert.alert_id}/close", body)).status_code == 422


async def test_an_alert_that_is_not_there_is_not_found(world: World) -> None:
    for method, path in (("GET", ""), ("POST", "/acknowledge")):
        response = await world.by("oscar").call(method, f"alerts/{world.alert().alert_id}{path}", {})
        assert response.status_code == 404


async def test_an_alert_says_what_hides_it_and_how_many_it_hides(world: World) -> None:
    master = world.alert(merged_count=1)
    hidden = world.alert(merged_into=master.alert_id)
    for position, alert in enumerate((master, hidden)):
        world.add_alert(alert, position=position)
    items = (await world.by("oscar").get("alerts"))["items"]
    assert [(item["merged_into"], item["merged_count"]) for item in items] == [(master.alert_id, 0), (None, 1)]
