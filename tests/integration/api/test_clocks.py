"""The promise to the reporter and the time of whoever has the order; pauses, extensions, limits."""

from __future__ import annotations

from typing import Any, Final

import pytest

from api.clocks import sweep
from api.clocks.schemas import Clocks, PauseReason
from herun.clock import HOUR_US, MINUTE_US, SECOND_US, to_datetime
from tests.integration.api.running import NOON_US, World
from tests.integration.api.test_work_orders import REPORT, act

# Monday noon. Working hours are 08:30 to 12:00 and 14:00 to 17:30: five days of seven hours from 14:00 on.
PROMISED: Final = "2026-06-08T04:00:00Z"
ALWAYS: Final[dict[str, Any]] = {
    "accept_minutes": 60, "arrive_minutes": 120, "solve_minutes": 240, "promise_minutes": 600, "calendar": "always",
    "category": "water",
}  # fmt: skip


async def usual(world: World) -> None:
    """Water has no limits of its own, but those of most categories, which are what a site begins with."""
    tree = (await world.admin.get("categories"))["tree"]
    limits = next(each["limits"] for each in tree["categories"] if each["category"] == "paving")
    leaves = [{**each, "limits": limits} if each["category"] == "water" else each for each in tree["categories"]]
    await world.admin.put("categories", {**tree, "categories": leaves})


async def always(world: World, **more: Any) -> None:
    """Limits that run day and night."""
    await world.by("susan").put("limits", {"limits": [ALWAYS], "quiet_hours": {"windows": []}, **more})


async def opened(world: World) -> str:
    await usual(world)
    return str((await world.by("rita").post("reports", REPORT))["number"])


async def clocks(world: World, number: str, who: str = "susan") -> Any:
    return await world.by(who).get(f"work-orders/{number}/clocks")


async def ask(world: World, number: str, what: str, who: str, body: Any) -> Any:
    return await world.by(who).call("POST", f"work-orders/{number}/{what}", body)


def pause(minutes: int, reason: PauseReason = PauseReason.PARTS, world: World | None = None) -> dict[str, str]:
    now = world.clock.now_us() if world else NOON_US
    return {"reason": reason, "note": "No valve", "until": to_datetime(now + minutes * MINUTE_US).isoformat()}


def code(response: Any) -> tuple[int, str]:
    return response.status_code, str(response.json().get("type", "")).rpartition(":")[2]


async def test_the_reporter_is_promised_an_answer_and_sees_nothing_else(world: World) -> None:
    number = await opened(world)
    seen = await clocks(world, number, "rita")
    assert (seen["promise"]["due_at"], seen["promise"]["state"]) == (PROMISED, "running")
    assert seen["sentence"] == {
        "zh": "承诺于6月8日12:00前答复。",
        "en": "An answer is promised by 2026-06-08 12:00.",
    }
    assert [seen[name] for name in ("own", "segments", "pauses", "extensions", "deadlines")] == [None] * 5
    assert (await clocks(world, number, "gwen"))["segments"] is not None
    assert (await world.by("ruth").call("GET", f"work-orders/{number}/clocks")).status_code == 404


async def test_bouncing_moves_no_promise_and_every_second_is_somebodys(world: World) -> None:
    await always(world)
    number = await opened(world)
    before = (await clocks(world, number))["promise"]
    for action, who, more in [
        ("return", "gwen", {}), ("sign-off", "oscar", {}), ("dispatch", "oscar", {"worker": "paul"}),
        ("handle", "paul", {}), ("arrive", "paul", {}), ("recall", "oscar", {}),
        ("dispatch", "oscar", {"worker": "gwen"}), ("handle", "gwen", {}),
    ]:  # fmt: skip
        world.clock.advance(7 * MINUTE_US + 333_333)
        await act(world, number, action, who, **more)
    world.clock.advance(3 * MINUTE_US)
    seen = await clocks(world, number)
    assert {**seen["promise"], "seconds_left": 0} == {**before, "seconds_left": 0}
    assert [(each["kind"], each["owner"], each["seconds"]) for each in seen["segments"]] == [
        ("accept", "unit:water-company", 420), ("accept", "desk", 840), ("accept", "unit:water-company", 421),
        ("arrive", "unit:water-company", 420), ("solve", "unit:water-company", 420), ("accept", "desk", 421),
        ("accept", "unit:water-company", 420), ("arrive", "unit:water-company", 180),
    ]  # fmt: skip
    assert sum(each["seconds"] for each in seen["segments"]) == seen["seconds"] == 8 * 420 + 2 + 180
    assert all(a["ended_at"] == b["began_at"] for a, b in zip(seen["segments"], seen["segments"][1:], strict=False))


async def test_whoever_gets_an_order_back_has_used_what_they_used(world: World) -> None:
    await always(world)
    number = await opened(world)
    world.clock.advance(20 * MINUTE_US)
    await act(world, number, "return")
    world.clock.advance(30 * MINUTE_US)
    await act(world, number, "refuse-return")
    own = (await clocks(world, number))["own"]
    assert (own["owner"], own["used_seconds"], own["limit_seconds"]) == ("unit:water-company", 1200, 3600)
    assert own["due_at"] == to_text(world, 40)


async def test_when_it_was_due_is_told_as_before_however_late_it_is(world: World) -> None:
    await always(world)
    number = await opened(world)
    due = (await clocks(world, number))["own"]["due_at"]
    world.clock.advance(40 * MINUTE_US)
    assert (await clocks(world, number))["own"]["due_at"] == due
    for minutes in (80, 120):
        world.clock.advance(40 * MINUTE_US)
        own = (await clocks(world, number))["own"]
        assert (own["due_at"], own["late"], own["used_seconds"]) == (due, True, minutes * 60)
    await act(world, number, "return")
    world.clock.advance(10 * MINUTE_US)
    await act(world, number, "refuse-return")
    assert (await clocks(world, number))["own"]["due_at"] == due


def to_text(world: World, minutes: int) -> str:
    return to_datetime(world.clock.now_us() + minutes * MINUTE_US).strftime("%Y-%m-%dT%H:%M:%SZ")


async def test_the_promise_ends_with_the_answer_and_begins_anew_when_reopened(world: World) -> None:
    await always(world)
    number = await opened(world)
    await act(world, number, "handle")
    world.clock.advance(9 * HOUR_US)
    await act(world, number, "resolve")
    await act(world, number, "answer")
    kept = await clocks(world, number)
    assert (kept["promise"]["state"], kept["promise"]["seconds_left"], kept["own"]) == ("kept", None, None)
    assert [each for each in kept["deadlines"] if each["fired_at"] is None] == []
    world.clock.advance(HOUR_US)
    await act(world, number, "reopen")
    again = await clocks(world, number)
    assert (again["promise"]["round"], again["promise"]["state"]) == (1, "running")
    assert again["promise"]["due_at"] == to_text(world, 600)
    assert [each["kind"] for each in again["segments"]] == ["accept", "arrive", "rest"][1:]
    assert again["seconds"] == sum(each["seconds"] for each in again["segments"]) == 10 * 3600
    world.clock.advance(11 * HOUR_US)
    for action in ("handle", "resolve", "answer"):
        await act(world, number, action)
    assert (await clocks(world, number))["promise"]["state"] == "broken"


async def test_a_cancelled_order_promises_nothing_any_more(world: World) -> None:
    number = await opened(world)
    await act(world, number, "cancel")
    seen = await clocks(world, number)
    assert (seen["promise"]["state"], seen["deadlines"]) == ("dropped", [])


async def test_a_pause_counts_only_with_approval_and_then_from_its_beginning(world: World) -> None:
    await always(world)
    number = await opened(world)
    due = (await clocks(world, number))["own"]["due_at"]
    asked = await world.by("gwen").post(f"work-orders/{number}/pauses", pause(30))
    assert asked["own"]["due_at"] == due
    world.clock.advance(20 * MINUTE_US)
    seen = await clocks(world, number)
    assert (seen["own"]["used_seconds"], seen["own"]["due_at"]) == (1200, due)
    approved = await world.by("susan").post(f"work-orders/{number}/pauses/{asked['pauses'][0]['id']}/approve")
    assert (approved["own"]["used_seconds"], approved["own"]["due_at"]) == (0, to_text(world, 10 + 60))
    assert [(each["kind"], each["seconds"]) for each in approved["segments"]] == [("hold", 1200)]
    assert approved["promise"]["due_at"] == seen["promise"]["due_at"]


async def test_a_pause_that_is_denied_never_was(world: World) -> None:
    await always(world)
    number = await opened(world)
    asked = await world.by("gwen").post(f"work-orders/{number}/pauses", pause(30))
    denied = await world.by("susan").post(f"work-orders/{number}/pauses/{asked['pauses'][0]['id']}/deny")
    assert denied["own"] == asked["own"]
    assert code(await ask(world, number, f"pauses/{asked['pauses'][0]['id']}/approve", "susan", {}))[0] == 409


async def test_a_forgotten_pause_ends_by_itself_and_somebody_is_told(world: World) -> None:
    await always(world)
    number = await opened(world)
    asked = await world.by("gwen").post(f"work-orders/{number}/pauses", pause(30))
    await world.by("susan").post(f"work-orders/{number}/pauses/{asked['pauses'][0]['id']}/approve")
    world.clock.advance(50 * MINUTE_US)
    seen = await clocks(world, number)
    assert seen["own"]["used_seconds"] == 20 * 60
    while await sweep.sweep(world.resources):
        pass
    history = (await world.by("susan").get(f"work-orders/{number}/history"))["items"]
    assert "pause over -> worker" in [entry["reason"] for entry in history]
    world.clock.advance(10 * HOUR_US)
    assert (await clocks(world, number))["own"]["late"]


async def test_a_pause_ends_early_and_with_the_hand_that_asked_for_it(world: World) -> None:
    await always(world)
    number = await opened(world)
    path = f"work-orders/{number}/pauses"
    asked = await world.by("gwen").post(path, pause(120))
    await world.by("susan").post(f"{path}/{asked['pauses'][0]['id']}/approve")
    world.clock.advance(10 * MINUTE_US)
    ended = await world.by("gwen").post(f"{path}/{asked['pauses'][0]['id']}/end")
    assert (ended["own"]["due_at"], ended["pauses"][0]["ended_by"]) == (to_text(world, 60), "gwen")
    assert [each for each in ended["deadlines"] if each["kind"] == "pause"] == []
    await world.by("gwen").post(path, pause(120, world=world))
    await act(world, number, "transfer", worker="paul")
    assert all(each["ended_at"] for each in (await clocks(world, number))["pauses"])


@pytest.mark.parametrize(("reason", "moves"), [("parts", False), ("reporter", True), ("weather", True)])
async def test_only_what_the_estate_has_no_hand_in_stops_the_promise(world: World, reason: str, moves: bool) -> None:
    await always(world)
    number = await opened(world)
    before = (await clocks(world, number))["promise"]["due_at"]
    asked = await world.by("gwen").post(f"work-orders/{number}/pauses", pause(60, PauseReason(reason)))
    after = await world.by("susan").post(f"work-orders/{number}/pauses/{asked['pauses'][0]['id']}/approve")
    assert after["promise"]["due_at"] == (to_text(world, 660) if moves else before)


async def test_a_pause_that_is_approved_after_the_promise_was_broken_leaves_it_broken(world: World) -> None:
    await always(world)
    number = await opened(world)
    due = (await clocks(world, number))["promise"]["due_at"]
    world.clock.advance(590 * MINUTE_US)
    asked = await world.by("gwen").post(f"work-orders/{number}/pauses", pause(120, PauseReason.REPORTER, world))
    path = f"work-orders/{number}/pauses/{asked['pauses'][0]['id']}"
    world.clock.advance(20 * MINUTE_US)
    approved = await world.by("susan").post(f"{path}/approve")
    assert (approved["promise"]["due_at"], approved["promise"]["state"]) == (due, "late")
    assert approved["own"]["used_seconds"] == 590 * 60  # which stands still all the same
    world.clock.advance(20 * MINUTE_US)
    ended = await world.by("gwen").post(f"{path}/end")
    assert (ended["promise"]["due_at"], ended["promise"]["state"]) == (due, "late")
    for action in ("handle", "resolve", "answer"):
        await act(world, number, action)
    assert (await clocks(world, number))["promise"]["state"] == "broken"
    told = (await world.by("rita").get("/v1/me/notices"))["items"]
    assert "promise_moved" not in {each["kind"] for each in told}


async def test_a_pause_that_was_over_before_anybody_decided_can_only_be_denied(world: World) -> None:
    await always(world)
    number = await opened(world)
    asked = await world.by("gwen").post(f"work-orders/{number}/pauses", pause(30, PauseReason.WEATHER))
    path = f"pauses/{asked['pauses'][0]['id']}"
    world.clock.advance(30 * MINUTE_US)
    assert code(await ask(world, number, f"{path}/approve", "susan", {})) == (409, "moot")
    denied = await world.by("susan").post(f"work-orders/{number}/{path}/deny")
    assert (denied["pauses"][0]["approved"], denied["own"]["used_seconds"]) == (False, 1800)


async def test_a_promise_that_stands_still_says_so(world: World) -> None:
    await always(world)
    number = await opened(world)
    asked = await world.by("gwen").post(f"work-orders/{number}/pauses", pause(60, PauseReason.WEATHER))
    assert (await clocks(world, number))["promise"]["state"] == "running"
    path = f"work-orders/{number}/pauses/{asked['pauses'][0]['id']}"
    seen = (await world.by("susan").post(f"{path}/approve"))["promise"]
    until = to_text(world, 60)
    for _ in range(2):
        assert (seen["state"], seen["paused_until"], seen["seconds_left"]) == ("paused", until, 600 * 60)
        world.clock.advance(20 * MINUTE_US)
        seen = (await clocks(world, number, "rita"))["promise"]
    assert (await clocks(world, number, "rita"))["sentence"]["zh"] == "计时暂停中,承诺于6月1日23:00前答复。"
    seen = (await world.by("gwen").post(f"{path}/end"))["promise"]
    assert (seen["state"], seen["paused_until"], seen["seconds_left"]) == ("running", None, 600 * 60)


@pytest.mark.parametrize(
    ("action", "who", "more"),
    [("transfer", "gwen", {"worker": "paul"}), ("return", "gwen", {}), ("recall", "oscar", {})],
)
async def test_the_promise_stood_still_only_as_long_as_the_pause_that_a_change_of_hand_ends(
    world: World, action: str, who: str, more: dict[str, Any]
) -> None:
    await always(world)
    number = await opened(world)
    due = world.clock.now_us() + 600 * MINUTE_US
    asked = await world.by("gwen").post(f"work-orders/{number}/pauses", pause(5 * 24 * 60, PauseReason.WEATHER))
    await world.by("susan").post(f"work-orders/{number}/pauses/{asked['pauses'][0]['id']}/approve")
    world.clock.advance(MINUTE_US)
    await act(world, number, action, who, **more)
    seen = await clocks(world, number)
    assert seen["promise"]["due_at"] == to_datetime(due + MINUTE_US).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert seen["sentence"]["zh"] == "承诺于6月1日22:01前答复。"
    limit = [each for each in seen["deadlines"] if (each["kind"], each["step"]) == ("promise", "100%")]
    assert [each["reached_at"] for each in limit] == [seen["promise"]["due_at"]]
    told = (await world.by("rita").get("/v1/me/notices"))["items"]
    moved = [each["text"]["zh"] for each in told if each["kind"] == "promise_moved"]
    assert moved == [f"您的诉求{number}改为在06-{at}前答复。" for at in ("01 22:01", "06 22:00")]


async def test_the_reporter_hears_of_a_new_date_and_of_no_other_change(world: World) -> None:
    await always(world)
    number, copy = await opened(world), str((await world.by("rob").post("reports", REPORT))["number"])
    await world.by("oscar").post(f"work-orders/{copy}/merge", {"master": number, "reason": "The same pipe"})
    for reason in (PauseReason.PARTS, PauseReason.REPORTER):
        asked = await world.by("gwen").post(f"work-orders/{number}/pauses", pause(60, reason))
        pause_id = asked["pauses"][-1]["id"]
        await world.by("susan").post(f"work-orders/{number}/pauses/{pause_id}/approve")
        await world.by("gwen").post(f"work-orders/{number}/pauses/{pause_id}/end")

    async def heard(who: str) -> list[str]:
        items = (await world.by(who).get("/v1/me/notices"))["items"]
        return [each["text"]["en"] for each in items if each["kind"] == "promise_moved"]

    texts = await heard("rita")
    assert ["06-01 22:00" in texts[0], "06-01 23:00" in texts[1], len(texts)] == [True, True, 2]
    assert await heard("rob") == []  # a merged order has its own promise


async def test_nobody_decides_on_what_they_asked_for(world: World) -> None:
    await always(world)
    number = await opened(world)
    asked = await world.by("susan").post(f"work-orders/{number}/pauses", pause(30))
    path = f"pauses/{asked['pauses'][0]['id']}/approve"
    assert code(await ask(world, number, path, "susan", {})) == (403, "your_own")
    for who in ("gwen", "rita"):
        assert (await ask(world, number, path, who, {})).status_code == 403
    for who, status in [("paul", 404), ("rita", 403), ("greg", 404)]:
        assert (await ask(world, number, "pauses", who, pause(30))).status_code == status


async def test_pauses_are_bounded(world: World) -> None:
    await always(world, longest_pause_hours=2)
    number = await opened(world)
    for minutes in (0, -5, 121):
        refused = await ask(world, number, "pauses", "gwen", pause(minutes))
        assert code(refused) == (422, "bad_time")
        (error,) = refused.json()["errors"]
        assert error["loc"] == ["body", "until"]
        assert error["msg"] == "until has to lie in the future, at most 2 hours from now"
    for _ in range(10):
        asked = await world.by("gwen").post(f"work-orders/{number}/pauses", pause(30, world=world))
        assert code(await ask(world, number, "pauses", "gwen", pause(30)))[1] == "paused_already"
        await world.by("gwen").post(f"work-orders/{number}/pauses/{asked['pauses'][-1]['id']}/end")
    assert code(await ask(world, number, "pauses", "gwen", pause(30))) == (409, "too_many")


async def test_more_time_is_asked_for_before_the_limit_and_once(world: World) -> None:
    await always(world)
    number = await opened(world)
    await act(world, number, "handle")
    before = await clocks(world, number)
    body = {"minutes": 90, "reason": "The wall has to dry"}
    asked = await world.by("gwen").post(f"work-orders/{number}/extensions", body)
    assert asked["promise"] == before["promise"]
    assert code(await ask(world, number, "extensions", "gwen", body)) == (409, "asked_already")
    path = f"extensions/{asked['extensions'][0]['id']}"
    assert (await ask(world, number, f"{path}/approve", "gwen", {})).status_code == 403
    given = await world.by("susan").post(f"work-orders/{number}/{path}/approve")
    assert given["promise"]["due_at"] == to_text(world, 690)
    assert code(await ask(world, number, "extensions", "gwen", body)) == (409, "extended_already")


async def test_more_time_is_not_asked_for_after_the_limit(world: World) -> None:
    await always(world)
    number = await opened(world)
    world.clock.advance(61 * MINUTE_US)  # of the sixty to take it up
    body = {"minutes": 90, "reason": "Forgot it"}
    assert code(await ask(world, number, "extensions", "gwen", body)) == (409, "too_late")
    await act(world, number, "recall")
    world.clock.advance(10 * HOUR_US)
    assert code(await ask(world, number, "extensions", "oscar", body)) == (409, "too_late")


async def test_what_was_promised_stays_when_the_limits_change(world: World) -> None:
    first = await opened(world)
    await always(world)
    second = await opened(world)
    assert (await clocks(world, first))["promise"]["due_at"] == PROMISED
    assert (await clocks(world, second))["promise"]["due_at"] == to_text(world, 600)


async def test_reminders_that_are_planned_keep_their_times_and_the_next_hands_go_by_the_new_limits(
    world: World,
) -> None:
    await always(world)
    number = await opened(world)
    planned = (await clocks(world, number))["deadlines"]
    await always(world, remind_at=[10], repeats=0)
    assert (await clocks(world, number))["deadlines"] == planned
    await act(world, number, "transfer", worker="paul")
    steps = {(each["kind"], each["step"]) for each in (await clocks(world, number))["deadlines"]}
    assert {step for kind, step in steps if kind == "accept"} == {"10%", "100%"}
    assert {step for kind, step in steps if kind == "promise"} == {"50%", "80%", "100%", "+1", "+2", "+3"}


async def test_limits_are_by_category_and_severity(world: World) -> None:
    short = {"accept_minutes": 1, "arrive_minutes": 2, "solve_minutes": 4}
    rule = {**ALWAYS, **short, "category": "water", "promise_minutes": 30}
    await world.by("susan").put(
        "limits",
        {"limits": [{**ALWAYS, "category": "fire"}, rule, {**rule, "severity": "critical", "promise_minutes": 7}]},
    )
    assert (await clocks(world, await opened(world)))["promise"]["due_at"] == to_text(world, 30)
    await world.follow(world.alert())
    number = world.rows("SELECT number FROM work_orders WHERE origin = 'alert'")[0]["number"]
    assert (await clocks(world, number))["promise"]["due_at"] == to_text(world, 7)
    fire = await world.by("rita").post("reports", {**REPORT, "category": "fire"})
    assert (await clocks(world, fire["number"]))["promise"]["due_at"] == to_text(world, 600)


async def test_limits_that_make_no_sense_are_refused(world: World) -> None:
    susan = world.by("susan")
    assert (await susan.get("limits"))["changed_by"] is None
    bodies: list[dict[str, Any]] = [
        {"limits": [ALWAYS, ALWAYS]}, {"working_hours": {"windows": []}}, {"remind_at": [80, 50]}, {"remind_at": [100]},
        {"limits": [{**ALWAYS, "accept_minutes": 0}]}, {"repeats": 11},
        {"working_hours": {"windows": [{"days": ["holiday"], "from": "08:00", "to": "09:00"}]}},
    ]  # fmt: skip
    for body in bodies:
        assert (await susan.call("PUT", "limits", body)).status_code == 422, body
    for who in ("gwen", "rita", "oscar"):
        assert (await world.by(who).call("PUT", "limits", {})).status_code == 403
    assert (await susan.put("limits", {}))["changed_by"] == "susan"


async def test_limits_that_contradict_one_another_are_refused_with_place_and_why(world: World) -> None:
    nonsense = {"accept_minutes": 500, "arrive_minutes": 4, "solve_minutes": 2, "promise_minutes": 1}
    always_quiet = [{"days": ["workday", "day_off", "holiday"], "from": "00:00", "to": "24:00"}]
    body = {
        "limits": [ALWAYS, {**ALWAYS, **nonsense, "category": "nosuch"}],
        "quiet_hours": {"windows": always_quiet},
    }
    refused = await world.by("susan").call("PUT", "limits", body)
    assert code(refused) == (422, "senseless_limits")
    told = {tuple(each["loc"]): each["msg"] for each in refused.json()["errors"]}
    assert told == {
        ("body", "limits", 1, "category"): "no order can have the category nosuch",
        ("body", "limits", 1, "promise_minutes"): "to accept may take 500 minutes, longer than the promise of 1",
        ("body", "quiet_hours"): "all hours of all workdays are quiet: nobody would ever be told of a limit in time",
    }
    rule = {"uid": "r1", "title": {"zh": "a"}, "text": {"zh": "a"}, "category": "nosuch", "kind": "event",
            "match": {"event_types": ["door.opened"]}}  # fmt: skip
    await world.admin.put("rules/r1", rule)
    weekends = [
        {"days": ["day_off"], "from": "00:00", "to": "24:00"},
        {"days": ["workday"], "from": "18:00", "to": "08:00"},
    ]
    fine = {"limits": [{**ALWAYS, "category": "nosuch"}], "quiet_hours": {"windows": weekends}}
    assert (await world.by("susan").put("limits", fine))["changed_by"] == "susan"


async def test_working_hours_in_which_no_promise_would_ever_be_over_are_refused(world: World) -> None:
    hardly_any = {"windows": [{"days": ["mon"], "from": "23:59", "to": "00:00"}]}
    refused = await world.by("susan").call("PUT", "limits", {"working_hours": hardly_any})
    assert code(refused) == (422, "senseless_limits")
    assert [each["loc"] for each in refused.json()["errors"]] == [["body", "working_hours"]]


async def test_what_is_critical_by_its_category_is_told_of_at_night(world: World) -> None:
    windows = [{"days": ["workday", "day_off"], "from": "12:00", "to": "20:00"}]
    await world.by("susan").put("limits", {"quiet_hours": {"windows": windows}})
    fire = await world.by("rita").post("reports", {**REPORT, "category": "fire"})
    assert fire["severity"] == "critical"
    deadlines = (await clocks(world, fire["number"]))["deadlines"]
    assert all(each["due_at"] == each["reached_at"] for each in deadlines)
    assert (await clocks(world, fire["number"]))["promise"]["due_at"] == to_text(world, 4 * 60)


async def test_reminders_wait_for_the_morning_unless_it_is_critical(world: World) -> None:
    windows = [{"days": ["workday", "day_off"], "from": "13:00", "to": "20:00"}]
    await always(world, quiet_hours={"windows": windows})
    number = await opened(world)
    told = {each["due_at"] for each in (await clocks(world, number))["deadlines"] if each["kind"] == "accept"}
    assert told == {to_text(world, 30), to_text(world, 48), *(to_text(world, hours * 60) for hours in (8, 9, 10, 11))}
    await world.follow(world.alert())
    critical = world.rows("SELECT number FROM work_orders WHERE origin = 'alert'")[0]["number"]
    deadlines = (await clocks(world, critical))["deadlines"]
    assert all(each["due_at"] == each["reached_at"] for each in deadlines)


async def test_an_order_from_before_there_were_clocks_gets_them(world: World) -> None:
    await always(world)
    number = await opened(world)
    for table in ("order_deadlines", "order_turns", "order_promises"):
        world.rows(f"DELETE FROM {table}")
    world.clock.advance(5 * MINUTE_US)
    await act(world, number, "handle")
    seen = await clocks(world, number)
    assert [(each["kind"], each["seconds"]) for each in seen["segments"]] == [("accept", 300)]
    assert seen["promise"]["due_at"] == to_text(world, 595)
    assert {each["kind"] for each in seen["deadlines"]} == {"arrive", "promise"}


async def test_a_merged_orders_promise_is_kept_by_the_answer_of_the_other_and_not_before(world: World) -> None:
    await always(world)
    master, copy = await opened(world), await opened(world)
    await world.by("oscar").post(f"work-orders/{copy}/merge", {"master": master, "reason": "The same pipe"})
    seen = await clocks(world, copy)
    assert (seen["own"], seen["promise"]["state"]) == (None, "running")
    assert {each["kind"] for each in seen["deadlines"]} == {"promise"}
    for action in ("handle", "resolve", "answer"):
        await act(world, master, action)
    seen = await clocks(world, copy)
    assert (seen["promise"]["state"], seen["deadlines"]) == ("kept", [])


async def test_a_merged_order_that_stands_alone_again_has_its_old_promise(world: World) -> None:
    await always(world)
    master, middle, copy = [await opened(world) for _ in range(3)]
    before = (await clocks(world, copy))["promise"]["due_at"]
    for number, other in [(copy, middle), (middle, master)]:
        await world.by("oscar").post(f"work-orders/{number}/merge", {"master": other, "reason": "The same pipe"})
    world.clock.advance(HOUR_US)
    for action in ("handle", "resolve", "answer"):
        await act(world, master, action)
    assert (await clocks(world, copy))["promise"]["state"] == "kept"
    await act(world, copy, "unmerge")
    seen = await clocks(world, copy)
    assert (seen["promise"]["due_at"], seen["promise"]["state"], seen["own"]["owner"]) == (
        before, "running", "unit:water-company",
    )  # fmt: skip
    assert {each["kind"] for each in seen["deadlines"]} == {"promise", "accept"}


async def test_the_promise_of_an_order_goes_with_it_into_another_and_out_again(world: World) -> None:
    await always(world)
    master, middle, copy, last = [await opened(world) for _ in range(4)]
    for number, other in [(copy, middle), (middle, master)]:
        await world.by("oscar").post(f"work-orders/{number}/merge", {"master": other, "reason": "The same pipe"})
    await act(world, middle, "unmerge")  # with the copy
    other = await opened(world)
    for number, into in [(other, middle), (middle, last)]:
        await world.by("oscar").post(f"work-orders/{number}/merge", {"master": into, "reason": "The same pipe"})
    followers = [middle, other, copy]
    for number, state in [(master, "running"), (last, "kept")]:
        for action in ("handle", "resolve", "answer"):
            await act(world, number, action)
        assert [(await clocks(world, each))["promise"]["state"] for each in followers] == [state] * len(followers)


async def test_who_had_an_order_before_has_not_arrived_for_who_has_it_now(world: World) -> None:
    await always(world)
    number = await opened(world)
    for action, who in [("handle", "gwen"), ("arrive", "gwen"), ("recall", "oscar"), ("dispatch", "oscar")]:
        await world.by(who).post(f"work-orders/{number}/{action}", {"reason": "moved"})
    await world.by("gwen").post(f"work-orders/{number}/handle")  # the same moment by the clock
    assert (await clocks(world, number))["own"]["kind"] == "arrive"


async def test_to_put_an_order_aside_stops_no_clock(world: World) -> None:
    await always(world)
    number = await opened(world)
    before = (await clocks(world, number))["own"]
    world.clock.advance(10 * MINUTE_US)
    await act(world, number, "hold")
    world.clock.advance(10 * MINUTE_US)
    own = (await clocks(world, number))["own"]
    assert (own["due_at"], own["used_seconds"]) == (before["due_at"], 1200)


async def test_the_parts_of_an_answer_fit_each_other(world: World) -> None:
    number = await opened(world)
    world.clock.advance(90 * SECOND_US)
    Clocks.model_validate(await clocks(world, number, "audrey"))


async def test_a_calendar_that_is_put_later_moves_no_promise_and_a_pause_moves_it_by_no_more_than_it_lasts(
    world: World,
) -> None:
    number = await opened(world)
    before = await clocks(world, number)
    days = ["2026-06-02", "2026-06-03", "2026-06-04"]
    await world.by("susan").put("calendar/2026", {"year": 2026, "holidays": {"flood": days}})
    seen = await clocks(world, number)
    assert (seen["promise"], seen["own"], seen["deadlines"]) == (
        before["promise"], before["own"], before["deadlines"]
    )  # fmt: skip
    world.clock.advance(3 * HOUR_US)
    asked = (await ask(world, number, "pauses", "gwen", pause(60, PauseReason.WEATHER, world))).json()
    (asked,) = asked["pauses"]
    await world.by("susan").post(f"work-orders/{number}/pauses/{asked['id']}/approve")
    world.clock.advance(2 * SECOND_US)
    after = await world.by("gwen").post(f"work-orders/{number}/pauses/{asked['id']}/end")
    assert after["promise"]["due_at"] == "2026-06-08T06:00:02Z"
    reached = {each["reached_at"] for each in after["deadlines"] if each["step"] == "100%"}
    assert {after["promise"]["due_at"], after["own"]["due_at"]} == reached
    await world.by("susan").post(f"work-orders/{number}/cancel", {"reason": "Dry"})
    await world.by("rita").post(f"work-orders/{number}/reopen", {"reason": "Wet again"})
    assert (await clocks(world, number))["promise"]["due_at"] == "2026-06-11T07:00:02Z"  # anew, by the calendar of now
