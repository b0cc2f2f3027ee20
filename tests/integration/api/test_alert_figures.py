"""How many alerts there were, and how often it was a false alarm."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from herun.alerts import Alert, Correction
from herun.clock import DAY_US, MINUTE_US
from tests.integration.api.running import NOON_US, World

# Rule, device, verdict, minutes until it was acknowledged, days before now.
STORY: list[tuple[str, str | None, str | None, int | None, int]] = [
    ("flood", "d1", "true", 1, 1),
    ("flood", "d1", "false", 2, 2),
    ("flood", "d2", "nuisance", 9, 9),
    ("flood", "d2", "drill", None, 9),
    ("smoke", "d3", "true", 4, 1),
    ("smoke", "d3", "test", None, 10),
    ("smoke", None, None, None, 3),
    ("smoke", "d3", None, None, 40),
]


async def tell(world: World) -> None:
    """Makes the story's alerts and what people did to them."""
    for position, (uid, device, verdict, minutes, days) in enumerate(STORY):
        at = NOON_US - days * DAY_US
        alert = world.alert(rule_uid=uid, device=device, raised_at=at, updated_at=at)
        world.add_alert(alert, position=position)
        if minutes is not None:
            act(world, alert, "acknowledged", at + minutes * MINUTE_US)
        if verdict is not None:
            act(world, alert, "closed", at + DAY_US, verdict)


def act(world: World, alert: Alert, action: str, at_us: int, verdict: str | None = None) -> None:
    world.rows(
        "INSERT INTO alert_actions (site, alert_id, action, actor, at, verdict, feed_seq)"
        " VALUES ('s1', %(id)s, %(action)s, 'oscar', %(at)s, %(verdict)s,"
        " (SELECT count(*) + 1 FROM alert_actions))",
        id=alert.alert_id,
        action=action,
        at=datetime.fromtimestamp(at_us / 1e6, UTC),
        verdict=verdict,
    )


async def figures(world: World, query: str = "") -> dict[str | None, Any]:
    items = (await world.by("oscar").get(f"alerts/figures?{query}"))["items"]
    return {item["key"]: item for item in items}


def told(figure: Any) -> tuple[Any, ...]:
    return (figure["raised"], figure["acknowledged"], tuple(figure["closed"].values()), figure["false_alarm_rate"],
            figure["seconds_to_acknowledge"])  # fmt: skip


async def test_drills_and_tests_are_no_false_alarms_and_nuisance_is_one(world: World) -> None:
    await tell(world)
    by_rule = await figures(world)
    assert list(by_rule) == ["flood", "smoke"]
    assert told(by_rule["flood"]) == (4, 3, (1, 1, 1, 1, 0), 2 / 3, 120)
    assert told(by_rule["smoke"]) == (3, 1, (1, 0, 0, 0, 1), 0, 240)


async def test_figures_of_one_rule_by_device_have_the_worst_first(world: World) -> None:
    await tell(world)
    by_device = await figures(world, "by=device&rule_uid=flood")
    assert {key: told(figure)[2:4] for key, figure in by_device.items()} == {
        "d1": ((1, 1, 0, 0, 0), 0.5), "d2": ((0, 0, 1, 1, 0), 1.0),
    }  # fmt: skip
    assert (await figures(world, "by=device"))[None]["false_alarm_rate"] is None


async def test_weeks_are_the_sites_own_and_in_their_order(world: World) -> None:
    await tell(world)
    by_week = await figures(world, "by=week")
    assert [(key, figure["raised"]) for key, figure in by_week.items()] == [("2026-05-18", 3), ("2026-05-25", 4)]


@pytest.mark.parametrize("query", ["by=rule", "by=device", "by=week", "by=device&rule_uid=smoke", "by=week&device=d3"])
async def test_every_figure_opens_what_it_has_counted(world: World, query: str) -> None:
    await tell(world)
    found = await figures(world, query)
    assert found
    for figure in found.values():
        items = (await world.by("oscar").get(figure["alerts"]))["items"]
        assert len(items) == figure["raised"]
        for verdict, count in figure["closed"].items():
            assert len((await world.by("oscar").get(f"{figure['alerts']}&verdict={verdict}"))["items"]) == count
        seen = await world.by("oscar").get(f"{figure['alerts']}&acknowledged=true")
        assert len(seen["items"]) == figure["acknowledged"]


async def test_a_period_is_taken_as_it_is_asked_for(world: World) -> None:
    await tell(world)
    asked = await figures(world, "from=2026-05-01T00:00:00Z&to=2026-05-31T04:00:00Z")
    assert {key: figure["raised"] for key, figure in asked.items()} == {"flood": 3, "smoke": 2}
    assert (await figures(world, "from=2026-04-01T00:00:00Z"))["smoke"]["raised"] == 4


async def test_what_never_was_is_told_apart(world: World) -> None:
    await tell(world)
    at = NOON_US - DAY_US
    never = world.alert(rule_uid="flood", device="d1", raised_at=at, updated_at=at, correction=Correction.WITHDRAWN)
    world.add_alert(never, position=99)
    by_rule = await figures(world)
    assert {key: (figure["raised"], figure["withdrawn"]) for key, figure in by_rule.items()} == {
        "flood": (5, 1), "smoke": (3, 0),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "field"),
    [("from=2026-06-02T00:00:00Z&to=2026-06-01T00:00:00Z", "from"), ("from=2020-01-01T00:00:00Z", "from"),
     ("to=0001-01-01T00:00:00Z", "to"), ("from=9999-12-31T23:59:59Z", "from"), ("by=mood", "by"),
     ("from=yesterday", "from")],
)  # fmt: skip
async def test_a_period_that_is_none_is_refused(world: World, query: str, field: str) -> None:
    refused = await world.by("oscar").call("GET", f"alerts/figures?{query}")
    assert refused.status_code == 422
    assert [each["loc"] for each in refused.json()["errors"]] == [["query", field]]
