"""How severe an order is, and whose, once it turns out to be about something else, or has a part that is."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import pytest

from api.clocks import sweep
from herun.clock import HOUR_US, MINUTE_US, to_datetime, to_us
from tests.integration.api.running import NOON_US, World
from tests.integration.api.test_order_audit import verdict
from tests.integration.api.test_pictures import send

# Minutes to accept, arrive, solve and answer: of noise in working hours, of fire always. It is Monday noon.
NOISE: Final = (120, 420, 1260, 2100)
BURNING: Final = (5, 30, 240, 600)
MILD: Final = (3, 10, 60, 120)
REPORT: Final = {"category": "noise", "text": "三楼窗户往外冒烟"}
FIRE: Final = {"category": "fire", "reason": "It burns"}
TRAPPED: Final = {"category": "lift", "attributes": {"trapped": "yes"}}


async def reported(world: World, **more: Any) -> str:
    number: str = (await world.by("rita").post("reports", {**REPORT, **more}))["number"]
    return number


async def order(world: World, number: str) -> dict[str, Any]:
    found: dict[str, Any] = await world.by("susan").get(f"work-orders/{number}")
    return found


async def actions(world: World, path: str) -> list[str]:
    return [entry["action"] for entry in (await world.by("oscar").get(f"{path}/history"))["items"]]


async def corrected(world: World, path: str) -> dict[str, Any]:
    """What the history says of the newest correction."""
    entries = (await world.by("oscar").get(f"{path}/history"))["items"]
    found: dict[str, Any] = [entry["detail"] for entry in entries if entry["action"] == "categorised"][-1]
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
    worse, back = [entry["detail"] for entry in history if entry["action"] == "categorised"]
    assert worse.pop("promised")  # what is critical has less time
    assert worse == {"from": "noise", "to": "fire", "severity": "critical"}
    assert back == {"from": "fire", "to": "noise"}
    assert verdict(world).breaks == ()


async def test_a_worker_who_sees_that_it_burns_makes_it_critical(world: World) -> None:
    number = await reported(world, category="water")
    await world.by("gwen").post(f"work-orders/{number}/category", FIRE)
    found = await order(world, number)
    assert (found["severity"], found["unit"]) == ("critical", "water-company")


async def test_a_correction_says_that_somebody_is_trapped_and_loses_nothing_that_was_said(world: World) -> None:
    blocked = {"category": "fire-lane", "building": "b1", "attributes": {"blocked_by": "car"}}
    path = f"work-orders/{await reported(world, **blocked)}"
    await world.by("oscar").post(f"{path}/category", {**TRAPPED, "reason": "Somebody calls"})
    found = await world.by("oscar").get(path)
    assert (found["severity"], found["attributes"]) == ("critical", {"blocked_by": "car", "trapped": "yes"})
    detail = await corrected(world, path)
    assert (detail["to"], detail["severity"], detail["answered"]) == ("lift", "critical", ["trapped"])
    assert verdict(world).breaks == ()
    await world.by("oscar").post(f"{path}/category", {**FIRE, "attributes": {}})
    await world.by("oscar").post(f"{path}/category", {**TRAPPED, "attributes": {"trapped": "no"}, "reason": "Out"})
    found = await world.by("oscar").get(path)
    assert (found["severity"], found["attributes"]) == ("critical", {"blocked_by": "car", "trapped": "no"})
    assert verdict(world).breaks == ()
    assert world.rows("""UPDATE work_orders SET attributes = '{"trapped": "yes"}'""") == 1
    assert verdict(world).breaks


async def test_what_was_rewritten_is_not_covered_up_by_a_correction(world: World) -> None:
    number = await reported(world)
    assert world.rows("""UPDATE work_orders SET text = '{"zh": "x", "en": "x"}'""") == 1
    await world.by("oscar").post(f"work-orders/{number}/category", {**TRAPPED, "reason": "Somebody calls"})
    (stray,) = verdict(world).breaks
    assert "its text" in stray


async def test_what_a_correction_does_not_know_stays_unanswered(world: World) -> None:
    number = await reported(world)
    await world.by("oscar").post(f"work-orders/{number}/category", {"category": "lift", "reason": "x"})
    found = await order(world, number)
    assert (found["severity"], found["attributes"]) == ("info", None)


@pytest.mark.parametrize("answers", [{"trapped": "maybe"}, {"x": "1"}])
@pytest.mark.parametrize("action", [{"category": {"reason": "x"}}, {"split": {"text": "x"}}])
async def test_answers_to_what_a_category_does_not_ask_are_refused(
    world: World, action: dict[str, Any], answers: dict[str, str]
) -> None:
    number = await reported(world)
    ((name, body),) = action.items()
    asked = {**body, "category": "lift", "attributes": answers}
    response = await world.by("oscar").call("POST", f"work-orders/{number}/{name}", asked)
    assert (response.status_code, response.json()["type"]) == (422, "urn:herun:problem:incomplete")
    assert response.json()["errors"][0]["loc"] == ["body", "attributes"]
    assert (await order(world, number))["category"] == "noise"


async def test_a_part_says_that_somebody_is_trapped(world: World) -> None:
    number = await reported(world)
    opened = await world.by("oscar").post(f"work-orders/{number}/split", {**TRAPPED, "text": "Somebody calls"})
    assert (opened["severity"], opened["attributes"]) == ("critical", {"trapped": "yes"})
    quiet = await world.by("oscar").post(f"work-orders/{number}/split", {"category": "lift", "text": "It is loud"})
    assert (quiet["severity"], quiet["attributes"]) == ("info", None)
    number = await reported(world, category="lift", attributes={"trapped": "no"}, building="b1")
    same = await world.by("oscar").post(f"work-orders/{number}/split", {**TRAPPED, "text": "Now somebody is"})
    assert (same["severity"], same["attributes"]) == ("critical", {"trapped": "yes"})
    assert verdict(world).breaks == ()


async def test_a_worker_says_that_it_burns_and_still_owes_the_pictures(world: World) -> None:
    number = await reported(world, category="fire-lane", building="b1")
    path = f"work-orders/{number}"
    await world.by("oscar").post(f"{path}/dispatch", {"worker": "gwen"})
    await world.by("gwen").post(f"{path}/category", FIRE)
    assert (await order(world, number))["severity"] == "critical"
    detail = await corrected(world, path)
    assert detail["owed"] == ["photo_after", "photo_before"]
    await world.by("gwen").post(f"{path}/category", {"category": "gas", "reason": "It is gas that burns"})
    await world.by("gwen").post(f"{path}/handle")
    refused = await world.by("gwen").call("POST", f"{path}/resolve", {"text": "It is out"})
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:herun:problem:pictures_missing")
    for kind in ("before", "after"):
        await send(world, "gwen", number, kind)
    await world.by("gwen").post(f"{path}/resolve", {"text": "It is out"})
    assert verdict(world).breaks == ()


async def test_the_desks_correction_leaves_nothing_owed(world: World) -> None:
    number = await reported(world, category="fire-lane", building="b1")
    path = f"work-orders/{number}"
    await world.by("oscar").post(f"{path}/dispatch", {"worker": "gwen"})
    await world.by("gwen").post(f"{path}/category", FIRE)
    await world.by("oscar").post(f"{path}/category", {"category": "gas", "reason": "It is gas that burns"})
    await world.by("gwen").post(f"{path}/handle")
    await world.by("gwen").post(f"{path}/resolve", {"text": "It is out"})


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
    same = [{**limit, "calendar": "always", "category": each} for each in ("water", "fire")]
    await world.by("susan").put("limits", {"limits": same})
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


def limits(category: str, minutes: tuple[int, ...], calendar: str) -> dict[str, Any]:
    named = zip(("accept", "arrive", "solve", "promise"), minutes, strict=True)
    return {"category": category, "calendar": calendar, **{f"{name}_minutes": each for name, each in named}}


async def of_noise_and_fire(world: World, noise: tuple[int, ...] = NOISE, calendar: str = "working_hours") -> str:
    """The path of an order of noise, where fire is more urgent; unless `noise` says otherwise."""
    both = [limits("noise", noise, calendar), limits("fire", BURNING, "always")]
    await world.by("susan").put("limits", {"limits": both, "quiet_hours": {"windows": []}})
    return f"work-orders/{await reported(world, building='b3')}"  # nobody's grid


async def clocks(world: World, path: str) -> Any:
    return await world.by("susan").get(f"{path}/clocks")


async def dues(world: World, path: str) -> tuple[int, int]:
    """When whoever has it has to be done, and the promise, in minutes from noon."""
    found = await clocks(world, path)
    return minutes(found["own"]["due_at"]), minutes(found["promise"]["due_at"])


async def heard_of_dates(world: World) -> list[str]:
    """What the reporter was told of another date, the newest first."""
    items = (await world.by("rita").get("/v1/me/notices"))["items"]
    return [each["text"]["en"] for each in items if each["kind"] == "promise_moved"]


def to_text(after_noon: int) -> str:
    return to_datetime(NOON_US + after_noon * MINUTE_US).isoformat().replace("+00:00", "Z")


def minutes(text: str) -> int:
    return (to_us(datetime.fromisoformat(text)) - NOON_US) // MINUTE_US


async def test_what_turns_out_to_be_more_severe_has_the_limits_of_that_from_its_beginning(world: World) -> None:
    path = await of_noise_and_fire(world)
    assert await dues(world, path) == (240, 7 * 24 * 60)  # two hours from two on; five days of seven hours from then
    world.clock.advance(2 * MINUTE_US)
    await world.by("oscar").post(f"{path}/category", FIRE)
    assert await dues(world, path) == (5, 600)
    said = await clocks(world, path)
    assert (said["own"]["limit_seconds"], said["own"]["used_seconds"]) == (300, 120)
    assert said["promise"]["calendar"] == "always"
    limit = {each["kind"]: minutes(each["due_at"]) for each in said["deadlines"] if each["step"] == "100%"}
    assert limit == {"accept": 5, "promise": 600}
    world.clock.advance(3 * MINUTE_US)
    assert await sweep.sweep(world.resources)
    told = [each for each in (await clocks(world, path))["deadlines"] if each["fired_at"] and not each["superseded"]]
    assert ("accept", "100%") in {(each["kind"], each["step"]) for each in told}


async def test_what_would_be_over_already_counts_from_the_correction(world: World) -> None:
    path = await of_noise_and_fire(world)
    world.clock.advance(11 * HOUR_US)  # the promise of a fire would be over, and the time to give it out: 660 minutes
    assert (await clocks(world, path))["own"]["late"]  # a worker ought to have it by four
    await world.by("oscar").post(f"{path}/category", FIRE)
    assert await dues(world, path) == (240, 660 + 600)
    await world.by("oscar").post(f"{path}/dispatch", {"worker": "gwen"})
    assert (await dues(world, path))[0] == 660 + 5  # of what comes after it the limits are those of a fire
    await world.by("gwen").post(f"{path}/handle", {})
    assert (await dues(world, path))[0] == 660 + 30


async def test_whoever_used_up_the_new_limit_has_it_once_more_and_not_more_than_that(world: World) -> None:
    path = await of_noise_and_fire(world)
    world.clock.advance(10 * MINUTE_US)
    await world.by("oscar").post(f"{path}/category", FIRE)
    assert await dues(world, path) == (15, 600)
    world.clock.advance(2 * MINUTE_US)
    said = (await clocks(world, path))["own"]
    assert (said["limit_seconds"], said["used_seconds"], said["late"]) == (300, 120, False)


async def test_a_correction_makes_nothing_later(world: World) -> None:
    path = await of_noise_and_fire(world, MILD, "always")
    before = await clocks(world, path)
    await world.by("oscar").post(f"{path}/category", FIRE)
    after = await clocks(world, path)
    assert (after["promise"], after["own"], after["deadlines"]) == (
        before["promise"],
        before["own"],
        before["deadlines"],
    )
    assert "promised" not in await corrected(world, path)


async def test_the_new_date_is_in_the_history_and_told_to_its_reporter(world: World) -> None:
    path = await of_noise_and_fire(world)
    await world.by("oscar").post(f"{path}/category", FIRE)
    promised = (await clocks(world, path))["promise"]["due_at"]
    said = (await corrected(world, path))["promised"]
    assert datetime.fromisoformat(said) == datetime.fromisoformat(promised)
    assert verdict(world).breaks == ()
    (moved,) = await heard_of_dates(world)
    assert "06-01 22:00" in moved  # ten hours after noon


async def test_of_a_correction_that_ends_a_pause_too_the_reporter_hears_the_date_that_holds(world: World) -> None:
    path = await of_noise_and_fire(world)
    await world.by("oscar").post(f"{path}/dispatch", {"worker": "gwen"})
    pause = {"reason": "weather", "note": "It pours", "until": to_datetime(NOON_US + 5 * HOUR_US).isoformat()}
    asked = await world.by("gwen").post(f"{path}/pauses", pause)
    await world.by("susan").post(f"{path}/pauses/{asked['pauses'][0]['id']}/approve")
    world.clock.advance(HOUR_US)
    before = await heard_of_dates(world)
    await world.by("oscar").post(f"{path}/category", FIRE)  # it is another unit's by that, which asked for no pause
    assert (await clocks(world, path))["promise"]["due_at"] == to_text(660)
    moved, *others = await heard_of_dates(world)
    assert "06-01 23:00" in moved
    assert others == before
    assert verdict(world).breaks == ()


async def test_more_time_that_was_granted_for_less_is_no_more_time_for_what_is_worse(world: World) -> None:
    path = await of_noise_and_fire(world)
    asked = await world.by("oscar").post(f"{path}/extensions", {"minutes": 60, "reason": "Nobody is in"})
    await world.by("susan").post(f"{path}/extensions/{asked['extensions'][0]['id']}/approve")
    world.clock.advance(MINUTE_US)
    await world.by("oscar").post(f"{path}/category", FIRE)
    assert (await dues(world, path))[1] == 600
    pause = {"reason": "reporter", "note": "Nobody opens", "until": to_datetime(NOON_US + HOUR_US).isoformat()}
    asked = await world.by("oscar").post(f"{path}/pauses", pause)
    await world.by("susan").post(f"{path}/pauses/{asked['pauses'][0]['id']}/approve")
    assert (await dues(world, path))[1] == 600 + 59
    assert verdict(world).breaks == ()


async def test_what_is_answered_is_promised_by_what_it_is_once_it_is_reopened(world: World) -> None:
    path = await of_noise_and_fire(world)
    await world.by("oscar").post(f"{path}/dispatch", {"worker": "gwen"})
    for who, action, body in [
        ("gwen", "handle", {}),
        ("gwen", "resolve", {"text": "Done"}),
        ("oscar", "answer", {"text": "Done"}),
    ]:
        await world.by(who).post(f"{path}/{action}", body)
    before = await clocks(world, path)
    await world.by("oscar").post(f"{path}/category", FIRE)
    assert (await clocks(world, path))["promise"] == before["promise"]
    world.clock.advance(10 * MINUTE_US)
    await world.by("rita").post(f"{path}/reopen", {"reason": "It burns still"})
    assert (await clocks(world, path))["promise"]["due_at"] == to_text(610)
    assert verdict(world).breaks == ()


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
