"""What was asked for and nobody decides on is not forgotten, and neither is a pause; nobody is reminded for ever."""

from __future__ import annotations

from itertools import product
from typing import Any, Final

import pytest

from api.clocks.schemas import PauseReason
from herun.clock import HOUR_US, MINUTE_US
from tests.integration.api.notices.test_inbox import kinds
from tests.integration.api.running import World
from tests.integration.api.test_clocks import always, clocks, opened, pause
from tests.integration.api.test_deadlines import reminders_of, sweep_all
from tests.integration.api.test_dispatch import add_worker
from tests.integration.api.test_order_audit import verdict
from tests.integration.api.test_order_cycle import answered, do, reported
from tests.integration.api.test_work_orders import act

MORE: Final = {"minutes": 90, "reason": "The wall has to dry"}
LIMIT: Final = {
    "accept_minutes": 100, "arrive_minutes": 100, "solve_minutes": 300, "promise_minutes": 340,
    "calendar": "always",
}  # fmt: skip
BODIES: Final[dict[str, Any]] = {"pauses": pause(600), "extensions": MORE}
KIND: Final = {"pauses": "pause_asked", "extensions": "extension_asked"}


async def asked(world: World, what: str) -> tuple[str, str]:
    """An order of which gwen asks for something, and the path of that; its own limits are far away."""
    day = {"accept_minutes": 6000, "arrive_minutes": 6000, "solve_minutes": 6000, "promise_minutes": 20000}
    await world.by("susan").put(
        "limits", {"limits": [{**day, "calendar": "always", "category": "water"}], "quiet_hours": {"windows": []}}
    )
    number = await opened(world)
    made = await world.by("gwen").post(f"work-orders/{number}/{what}", BODIES[what])
    return number, f"work-orders/{number}/{what}/{made[what][0]['id']}"


async def listed(world: World, who: str) -> list[str]:
    """The numbers of the orders of which something is asked for that nobody has decided on."""
    return [each["number"] for each in (await world.by(who).get("work-orders?undecided=true"))["items"]]


async def pending(world: World, number: str) -> set[str]:
    return {each["kind"] for each in (await clocks(world, number))["deadlines"] if each["fired_at"] is None}


async def hours(world: World, count: int) -> None:
    for _ in range(count * 2):
        world.clock.advance(HOUR_US // 2)
        await sweep_all(world)


@pytest.mark.parametrize(("what", "verb"), [
    *product(["pauses", "extensions"], ["approve", "deny", "answer"]), ("pauses", "end"),
])  # fmt: skip
async def test_what_nobody_has_decided_on_is_listed_until_somebody_has_or_it_is_moot(
    world: World, what: str, verb: str
) -> None:
    number, path = await asked(world, what)
    assert {who: await listed(world, who) for who in ("susan", "oscar", "gwen", "greg", "rita")} == {
        "susan": [number], "oscar": [number], "gwen": [number], "greg": [], "rita": [],
    }  # fmt: skip
    others = (await world.by("susan").get("work-orders?undecided=false"))["items"]
    assert number not in {each["number"] for each in others}
    match verb:
        case "answer":
            await answered(world, number)
        case "end":
            await world.by("gwen").post(f"{path}/end")
        case _:
            await world.by("susan").post(f"{path}/{verb}")
    assert await listed(world, "susan") == []


async def test_what_was_asked_for_in_a_round_that_is_over_is_listed_no_more_and_that_of_a_merged_one_is(
    world: World,
) -> None:
    number, _ = await asked(world, "extensions")
    await answered(world, number)
    await do(world, "rita", number, "reopen", reason="It leaks again")
    assert await listed(world, "susan") == []
    twin = await reported(world, "rob")
    await do(world, "oscar", twin, "merge", master=number, reason="Same")
    await answered(world, number)
    await do(world, "rita", number, "reopen", reason="It leaks again")  # promised anew, the twin too
    await do(world, "oscar", twin, "unmerge", reason="Something else")
    await world.by("gwen").post(f"work-orders/{twin}/extensions", MORE)
    assert await listed(world, "susan") == [twin]


async def test_who_reported_it_is_not_told_what_is_said_inside_whatever_else_they_are(world: World) -> None:
    await add_worker(world, "wang", grids=["g2"])
    await always(world)
    number = await reported(world, "wang", building="b1")
    await world.by("gwen").post(f"work-orders/{number}/pauses", pause(600))
    assert (await listed(world, "gwen"), await listed(world, "wang")) == ([number], [])
    own = await reported(world, "wang", building="b3", category="noise")  # which he has, too
    await do(world, "oscar", own, "dispatch", worker="wang")
    await world.by("wang").post(f"work-orders/{own}/pauses", pause(600))
    assert await listed(world, "wang") == [own]
    others = (await world.by("wang").get("work-orders?undecided=false"))["items"]
    assert [each["number"] for each in others] == [number]


@pytest.mark.parametrize("what", ["pauses", "extensions"])
async def test_supervisors_are_told_at_once_and_again(world: World, what: str) -> None:
    number, _ = await asked(world, what)
    kind = KIND[what]
    assert await kinds(world, "susan") == [(kind, number)]
    await hours(world, 9)
    assert await reminders_of(world, number) == [("reminded", f"{kind} +{n} -> supervisor") for n in (1, 2, 3)]
    assert await kinds(world, "susan") == [(kind, number)] * 4
    assert kind not in {each for each, _ in await kinds(world, "gwen")}
    assert verdict(world).breaks == ()


@pytest.mark.parametrize("what", ["pauses", "extensions"])
@pytest.mark.parametrize("decision", ["approve", "deny"])
async def test_once_it_is_decided_nobody_is_reminded_any_more(world: World, what: str, decision: str) -> None:
    number, path = await asked(world, what)
    await hours(world, 1)
    await world.by("susan").post(f"{path}/{decision}")
    assert KIND[what] not in await pending(world, number)
    await hours(world, 4)
    assert len([each for _, each in await reminders_of(world, number) if each.startswith(KIND[what])]) == 1


async def test_after_an_outage_the_last_reminder_is_told_alone(world: World) -> None:
    number, _ = await asked(world, "pauses")
    world.clock.advance(9 * HOUR_US)
    await sweep_all(world)
    assert await reminders_of(world, number) == [("reminded", "pause_asked +3 -> supervisor")]


async def test_of_two_that_wait_the_one_that_is_decided_takes_nothing_from_the_other(world: World) -> None:
    number, path = await asked(world, "pauses")
    await hours(world, 1)
    await world.by("gwen").post(f"work-orders/{number}/extensions", MORE)
    assert {"pause_asked", "extension_asked"} <= await pending(world, number)
    await world.by("susan").post(f"{path}/deny")
    await hours(world, 9)
    assert await reminders_of(world, number) == [
        ("reminded", "pause_asked +1 -> supervisor"),
        *(("reminded", f"extension_asked +{n} -> supervisor") for n in (1, 2, 3)),
    ]


async def half_an_hour(world: World, number: str) -> str:
    """The path of a pause that gwen asks for."""
    made = await world.by("gwen").post(f"work-orders/{number}/pauses", pause(30, world=world))
    return f"work-orders/{number}/pauses/{made['pauses'][-1]['id']}"


async def due_of(world: World, number: str, kind: str) -> list[tuple[int, str]]:
    deadlines = (await clocks(world, number))["deadlines"]
    return [(each["id"], each["due_at"]) for each in deadlines if each["kind"] == kind and each["fired_at"] is None]


async def test_each_pause_is_told_again_by_its_own_time_until_it_is_decided(world: World) -> None:
    await always(world)
    number = await opened(world)
    first = await half_an_hour(world, number)
    world.clock.advance(40 * MINUTE_US)  # over by itself, and nobody has decided
    second = await half_an_hour(world, number)
    of_first, of_second = ([f"2026-06-01T0{hour}:{minute}:00Z" for hour in (5, 6, 7)] for minute in ("00", "40"))
    assert [due for _, due in await due_of(world, number, "pause_asked")] == sorted(of_first + of_second)
    await world.by("gwen").post(f"{second}/end")
    assert [due for _, due in await due_of(world, number, "pause_asked")] == of_first
    late = await world.by("susan").call("POST", f"{first}/approve", {})
    assert (late.status_code, late.json()["type"]) == (409, "urn:herun:problem:moot")
    await world.by("susan").post(f"{first}/deny")
    assert await due_of(world, number, "pause_asked") == []


async def test_who_decides_on_one_thing_does_not_touch_what_is_due_of_another(world: World) -> None:
    number, path = await asked(world, "pauses")
    await world.by("gwen").post(f"work-orders/{number}/extensions", MORE)
    before = await due_of(world, number, "extension_asked")
    await world.by("susan").post(f"{path}/deny")
    assert await due_of(world, number, "extension_asked") == before  # the same rows: they fire in their order


@pytest.mark.parametrize("passed", [0, 11])
async def test_a_pause_that_was_asked_for_by_another_hand_is_moot(world: World, passed: int) -> None:
    number, _ = await asked(world, "pauses")
    world.clock.advance(passed * HOUR_US)  # after ten it is over by itself
    await act(world, number, "recall")
    assert "pause_asked" not in await pending(world, number)


async def test_to_end_what_was_denied_answers_no_other_question(world: World) -> None:
    number, denied = await asked(world, "pauses")
    await world.by("susan").post(f"{denied}/deny")
    await world.by("gwen").post(f"work-orders/{number}/pauses", pause(300))  # in the same instant by the clock
    await world.by("gwen").post(f"{denied}/end")
    assert "pause_asked" in await pending(world, number)


async def test_a_pause_that_was_ended_needs_no_decision(world: World) -> None:
    number, path = await asked(world, "pauses")
    await world.by("gwen").post(f"{path}/end")
    assert "pause_asked" not in await pending(world, number)


@pytest.mark.parametrize("last", ["answer", "reopen"])
async def test_more_time_for_a_promise_that_is_over_is_moot(world: World, last: str) -> None:
    number, _ = await asked(world, "extensions")
    for action in ("handle", "resolve", "answer"):
        assert "extension_asked" in await pending(world, number)
        await act(world, number, action)
    if last == "reopen":
        await act(world, number, "reopen")
    assert "extension_asked" not in await pending(world, number)


async def test_nobody_decides_on_more_time_for_what_is_merged_until_it_is_by_itself_again(world: World) -> None:
    number, path = await asked(world, "extensions")
    master = await opened(world)
    await do(world, "oscar", number, "merge", master=master, reason="The same pipe")
    assert (await listed(world, "susan"), "extension_asked" in await pending(world, number)) == ([], False)
    refused = await world.by("susan").call("POST", f"{path}/approve", {})
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:herun:problem:merged")
    world.clock.advance(HOUR_US)
    await do(world, "oscar", number, "unmerge", reason="Another pipe")
    assert await listed(world, "susan") == [number]
    due = [due for _, due in await due_of(world, number, "extension_asked")]
    assert due == [f"2026-06-01T{hour:02}:00:00Z" for hour in (6, 7, 8)]  # from two o'clock on
    await world.by("susan").post(f"{path}/approve")
    assert (await listed(world, "susan"), "extension_asked" in await pending(world, number)) == ([], False)


async def test_a_merged_orders_wish_is_moot_when_the_other_is_answered(world: World) -> None:
    number, _ = await asked(world, "extensions")
    master = await opened(world)
    await world.by("oscar").post(f"work-orders/{number}/merge", {"master": master, "reason": "The same pipe"})
    for action in ("handle", "resolve", "answer"):
        await act(world, master, action)
    assert await pending(world, number) == set()


async def test_requests_wait_for_the_morning_as_limits_do(world: World) -> None:
    number, _ = await asked(world, "pauses")
    windows = [{"days": ["workday", "day_off"], "from": "13:00", "to": "20:00"}]
    await always(world, quiet_hours={"windows": windows})
    await world.by("gwen").post(f"work-orders/{number}/extensions", MORE)
    due = [due for _, due in await due_of(world, number, "extension_asked")]
    assert due == [f"2026-06-01T{hour}:00:00Z" for hour in (12, 13, 14)]  # the evening, and what follows from then on


async def test_whoever_has_the_order_hears_that_the_clock_runs_again(world: World) -> None:
    number, path = await asked(world, "pauses")
    await world.by("susan").post(f"{path}/approve")
    world.clock.advance(10 * HOUR_US + MINUTE_US)
    await sweep_all(world)
    assert (await kinds(world, "gwen"))[-1] == ("pause_over", number)
    assert ("overdue", number) not in await kinds(world, "susan")
    text = (await world.by("gwen").get("/v1/me/notices"))["items"][0]["text"]
    assert "06-01 22:00" in text["zh"]
    assert (await clocks(world, number))["own"]["used_seconds"] == 60


async def test_the_pause_of_an_order_that_no_worker_has_ends_before_the_supervisors(world: World) -> None:
    await always(world)
    number = await opened(world)
    await act(world, number, "recall")
    made = await world.by("oscar").post(f"work-orders/{number}/pauses", pause(30, world=world))
    await world.by("susan").post(f"work-orders/{number}/pauses/{made['pauses'][0]['id']}/approve")
    world.clock.advance(31 * MINUTE_US)
    await sweep_all(world)
    assert ("reminded", "pause over -> desk") in await reminders_of(world, number)
    assert ("pause_over", number) in await kinds(world, "susan")


async def test_a_reporter_hears_when_their_own_promise_moves_and_of_no_other(world: World) -> None:
    number, path = await asked(world, "extensions")
    copy = str((await world.by("rob").post("reports", {"category": "water", "text": "Wet"}))["number"])
    await world.by("oscar").post(f"work-orders/{copy}/merge", {"master": number, "reason": "The same pipe"})
    await world.by("susan").post(f"{path}/approve")
    assert (await kinds(world, "rita"))[-1] == ("promise_moved", number)
    assert "promise_moved" not in {kind for kind, _ in await kinds(world, "rob")}
    made = await world.by("gwen").post(f"work-orders/{number}/pauses", pause(60, world=world))
    await world.by("susan").post(f"work-orders/{number}/pauses/{made['pauses'][0]['id']}/approve")
    assert [kind for kind, _ in await kinds(world, "rita")].count("promise_moved") == 1


@pytest.mark.parametrize(("action", "told"), [("recall", ["promise_moved"]), ("cancel", ["cancelled"])])
async def test_a_promise_that_moves_back_is_told_unless_it_is_over_or_they_did_it(
    world: World, action: str, told: list[str]
) -> None:
    await world.admin.post(
        "people",
        {"people": [{"username": "mona", "name": "Mona", "roles": ["operator", "resident"], "building": "b1"}]},
    )
    await always(world)
    for who, expected in (("oscar", told), ("mona", [])):
        number = str((await world.by("mona").post("reports", {"category": "water", "text": "Wet"}))["number"])
        made = await world.by("gwen").post(f"work-orders/{number}/pauses", pause(60, PauseReason.WEATHER, world))
        await world.by("susan").post(f"work-orders/{number}/pauses/{made['pauses'][0]['id']}/approve")
        before = len(await kinds(world, "mona"))
        world.clock.advance(10 * MINUTE_US)
        await act(world, number, action, who)
        assert [kind for kind, _ in (await kinds(world, "mona"))[before:]] == expected


@pytest.mark.parametrize("way", ["handed-on", "ended"])
async def test_a_moot_pause_is_denied_and_not_approved(world: World, way: str) -> None:
    number, path = await asked(world, "pauses")
    if way == "ended":
        await world.by("gwen").post(f"{path}/end")
    else:
        await world.by("gwen").post(f"work-orders/{number}/transfer", {"worker": "greg", "reason": "Nearer"})
    world.clock.advance(8 * 24 * HOUR_US)
    refused = await world.by("susan").call("POST", f"{path}/approve", {})
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:herun:problem:moot")
    denied = await world.by("susan").post(f"{path}/deny")
    assert denied["pauses"][0]["approved"] is False
    assert all(each["kind"] != "hold" for each in denied["segments"])


async def broken(world: World) -> tuple[str, str, list[dict[str, Any]]]:
    """An order whose promise is over, more time that was asked for before that, and what was told by then."""
    await always(world, limits=[{**LIMIT, "category": "water"}], quiet_hours={"windows": []})
    number = await opened(world)
    await act(world, number, "handle")
    await act(world, number, "arrive")
    made = await world.by("gwen").post(f"work-orders/{number}/extensions", MORE)
    await hours(world, 8)
    told = [each for each in (await clocks(world, number))["deadlines"] if each["kind"] == "promise"]
    return number, f"work-orders/{number}/extensions/{made['extensions'][0]['id']}", told


async def test_more_time_that_is_granted_too_late_leaves_the_promise_broken(world: World) -> None:
    number, path, told = await broken(world)
    before = (await clocks(world, number))["promise"]
    assert before["state"] == "late"
    after = await world.by("susan").post(f"{path}/approve")
    assert (after["promise"]["state"], after["promise"]["due_at"]) == ("late", before["due_at"])
    assert after["own"]["limit_seconds"] == (300 + 90) * 60
    assert [each for each in after["deadlines"] if each["kind"] == "promise"] == told
    assert ("promise_moved", number) not in await kinds(world, "rita")
    for action in ("resolve", "answer"):
        await act(world, number, action)
    assert (await clocks(world, number))["promise"]["state"] == "broken"
    (row,) = world.rows("SELECT answered_at <= promised_at AS on_time FROM work_orders")
    assert not row["on_time"]
    assert verdict(world).breaks == ()


async def test_a_limit_that_a_decision_does_not_move_is_not_told_again(world: World) -> None:
    await always(world, limits=[{**LIMIT, "category": "water", "accept_minutes": 30}], quiet_hours={"windows": []})
    number = await opened(world)
    await hours(world, 1)
    made = await world.by("oscar").post(f"work-orders/{number}/pauses", pause(90, world=world))
    await hours(world, 1)
    told = (await clocks(world, number))["deadlines"]
    after = await world.by("susan").post(f"work-orders/{number}/pauses/{made['pauses'][0]['id']}/approve")
    asked = {"pause_asked", "pause"}
    assert [each for each in after["deadlines"] if each["kind"] not in asked] == [
        each for each in told if each["kind"] not in asked
    ]


async def test_who_takes_the_order_up_and_arrives_has_it_still_and_their_pause_goes_on(world: World) -> None:
    await always(world)
    number = await opened(world)
    made = await world.by("gwen").post(f"work-orders/{number}/pauses", pause(300, PauseReason.WEATHER))
    path = f"work-orders/{number}/pauses/{made['pauses'][0]['id']}"
    for action in ("handle", "arrive"):
        world.clock.advance(20 * MINUTE_US)
        await act(world, number, action)
        assert "pause_asked" in await pending(world, number)
    approved = await world.by("susan").post(f"{path}/approve")
    assert (approved["promise"]["state"], approved["own"]["used_seconds"]) == ("paused", 0)
    assert {each["kind"] for each in approved["segments"]} == {"hold"}
    world.clock.advance(20 * MINUTE_US)
    ended = await world.by("gwen").post(f"{path}/end")
    assert (ended["promise"]["state"], ended["own"]["kind"]) == ("running", "solve")
    assert verdict(world).breaks == ()


async def test_a_promise_moves_once_by_a_pause_in_which_the_order_is_taken_up(world: World) -> None:
    await always(world)
    number = await opened(world)
    made = await world.by("gwen").post(f"work-orders/{number}/pauses", pause(300, PauseReason.WEATHER))
    due = (await world.by("susan").post(f"work-orders/{number}/pauses/{made['pauses'][0]['id']}/approve"))["promise"]
    world.clock.advance(20 * MINUTE_US)
    await act(world, number, "handle")
    assert (await clocks(world, number))["promise"]["due_at"] == due["due_at"]
    assert [kind for kind, _ in await kinds(world, "rita")].count("promise_moved") == 1
    world.clock.advance(5 * HOUR_US)
    await sweep_all(world)
    assert (await kinds(world, "gwen"))[-1] == ("pause_over", number)
