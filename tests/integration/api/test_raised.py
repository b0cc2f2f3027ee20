"""How severe an order is, and whose, once it turns out to be about something else, or has a part that is."""

from __future__ import annotations

from typing import Any, Final

import pytest

from api.clocks import sweep
from herun.clock import HOUR_US, MINUTE_US, to_datetime
from tests.integration.api.running import World
from tests.integration.api.test_order_audit import verdict

REPORT: Final = {"category": "noise", "text": "三楼窗户往外冒烟"}
FIRE: Final = {"category": "fire", "reason": "It burns"}


async def reported(world: World, **more: Any) -> str:
    number: str = (await world.by("rita").post("reports", {**REPORT, **more}))["number"]
    return number


async def order(world: World, number: str) -> dict[str, Any]:
    found: dict[str, Any] = await world.by("susan").get(f"work-orders/{number}")
    return found


async def test_what_is_corrected_to_a_critical_category_is_critical_and_becomes_no_milder(world: World) -> None:
    number = await reported(world)
    path = f"work-orders/{number}"
    assert (await order(world, number))["severity"] == "info"
    await world.by("oscar").post(f"{path}/category", FIRE)
    found = await order(world, number)
    assert (found["severity"], found["unit"]) == ("critical", "fire-brigade")
    await world.by("oscar").post(f"{path}/category", {"category": "noise", "reason": "A smoke machine"})
    assert (await order(world, number))["severity"] == "critical"
    history = (await world.by("oscar").get(f"{path}/history"))["items"]
    assert [entry["detail"] for entry in history if entry["action"] == "categorised"] == [
        {"from": "noise", "to": "fire", "severity": "critical"},
        {"from": "fire", "to": "noise"},
    ]
    assert verdict(world).breaks == ()


async def test_a_worker_who_sees_that_it_burns_makes_it_critical(world: World) -> None:
    number = await reported(world, category="water")
    await world.by("gwen").post(f"work-orders/{number}/category", FIRE)
    found = await order(world, number)
    assert (found["severity"], found["unit"]) == ("critical", "water-company")


async def test_an_alert_says_itself_how_severe_its_order_is(world: World) -> None:
    await world.follow(world.alert(severity="warning"))
    number = (await world.by("oscar").get("work-orders"))["items"][0]["number"]
    await world.by("oscar").post(f"work-orders/{number}/category", FIRE)
    assert (await order(world, number))["severity"] == "warning"


async def test_who_gets_it_is_decided_by_what_it_is_now(world: World) -> None:
    critical = {"name": "critical", "when": "order.severity == 'critical'", "to": {"worker": "paul"}}
    await world.by("susan").put("dispatch-rules", {"rules": [critical]})
    number = await reported(world)
    assert (await order(world, number))["worker"] is None
    await world.by("oscar").post(f"work-orders/{number}/category", FIRE)
    assert (await order(world, number))["worker"] == "paul"


async def test_what_waited_for_the_morning_is_told_at_once_and_the_rest_by_night(world: World) -> None:
    limit = {"accept_minutes": 60, "arrive_minutes": 120, "solve_minutes": 240, "promise_minutes": 600}
    await world.by("susan").put("limits", {"limits": [{**limit, "calendar": "always"}]})
    world.clock.advance(9 * HOUR_US + 55 * MINUTE_US)  # five to ten in the evening
    path = f"work-orders/{await reported(world, category='water')}"
    world.clock.advance(2 * HOUR_US)
    before = await world.by("susan").get(f"{path}/clocks")
    assert any(each["due_at"] > each["reached_at"] for each in before["deadlines"])
    await world.by("gwen").post(f"{path}/category", FIRE)
    after = await world.by("susan").get(f"{path}/clocks")
    assert after["promise"] == before["promise"]
    now = to_datetime(world.clock.now_us()).isoformat().replace("+00:00", "Z")
    assert sorted((each["kind"], each["step"], each["due_at"]) for each in after["deadlines"]) == sorted(
        (each["kind"], each["step"], min(each["due_at"], max(each["reached_at"], now))) for each in before["deadlines"]
    )
    assert await sweep.sweep(world.resources)
    told = (await world.by("susan").get(f"{path}/clocks"))["deadlines"]
    assert {each["kind"] for each in told if each["fired_at"] == now} == {"accept"}


@pytest.mark.parametrize(
    ("whole", "part", "severity", "unit"),
    [
        ("noise", "gas", "critical", "gas-company"),
        ("fire", "noise", "critical", "city-management"),
        ("fire", None, "critical", "fire-brigade"),
        ("noise", "noise", "info", "city-management"),
    ],
)
async def test_a_part_of_another_category_is_its_units_and_as_severe(
    world: World, whole: str, part: str | None, severity: str, unit: str
) -> None:
    number = await reported(world, category=whole)
    said = {"text": "燃气管漏气"} | ({"category": part} if part else {})
    opened = await world.by("oscar").post(f"work-orders/{number}/split", said)
    assert (opened["severity"], opened["unit"]) == (severity, unit)
    kept = await world.by("oscar").get(f"work-orders/{opened['number']}/category")
    assert (kept["category"], kept["unit"], kept["grid"]) == (part or whole, unit, "g1")


async def test_whose_an_order_is_says_the_order_and_not_its_category(world: World) -> None:
    number = await reported(world, category="water")
    path = f"work-orders/{number}/category"
    said = await world.by("gwen").post(path, {"category": "noise", "reason": "A loudspeaker"})
    for found in (said, await world.by("oscar").get(path)):
        assert (found["category"], found["unit"]) == ("noise", "water-company")
