"""Whoever had a hand in an answer never rates it, by whatever way they come; nobody rates one answer twice."""

from __future__ import annotations

from datetime import timedelta

import pytest

from herun.clock import HOUR_US, to_datetime
from tests.integration.api.running import World
from tests.integration.api.test_order_cycle import answered, do, order, refused, reported

RATED = {"score": 5, "solved": True}
TWICE = (409, "rated_already")
NOT_THEIRS = (403, "not_yours")


async def merged(world: World, number: str, master: str) -> None:
    await do(world, "oscar", number, "merge", master=master, reason="The same")


@pytest.mark.parametrize("closer", ["gwen", "oscar"])
async def test_who_closed_an_order_does_not_rate_it_by_a_duplicate_of_their_own(world: World, closer: str) -> None:
    master = await reported(world)
    own = await reported(world, closer, building="b1")
    await merged(world, own, master)
    await answered(world, master)
    assert await refused(world, closer, own, "rate", **RATED) == NOT_THEIRS
    assert (await do(world, "rita", master, "rate", **RATED))["state"] == "rated"


async def test_who_did_a_part_does_not_rate_the_whole(world: World) -> None:
    whole = await reported(world, "greg", building="b1")
    part = (await do(world, "gwen", whole, "split", text="Dry the wall", worker="greg"))["number"]
    await do(world, "greg", part, "handle")
    await do(world, "greg", part, "resolve", text="Dry")
    await answered(world, whole)
    assert await refused(world, "greg", whole, "rate", **RATED) == NOT_THEIRS


async def test_who_ever_helped_does_not_rate(world: World) -> None:
    number = await reported(world, "greg", building="b1")
    await do(world, "gwen", number, "helpers", worker="greg", reason="Two are needed")
    assert (await world.by("greg").call("DELETE", f"work-orders/{number}/helpers/greg")).status_code == 200
    await answered(world, number)
    assert await refused(world, "greg", number, "rate", **RATED) == NOT_THEIRS


async def test_who_reported_twice_rates_one_answer_once_and_the_next_one_again(world: World) -> None:
    master, again = await reported(world), await reported(world)
    await merged(world, again, master)
    await answered(world, master)
    await do(world, "rita", again, "rate", score=1, solved=False)
    assert await refused(world, "rita", master, "rate", **RATED) == TWICE
    world.clock.advance(HOUR_US)
    await do(world, "rita", master, "reopen", reason="Still wet")
    await answered(world, master)
    assert (await do(world, "rita", master, "rate", **RATED))["state"] == "rated"


async def test_what_somebody_is_at_work_on_does_not_vanish_by_a_hold(world: World) -> None:
    number = await reported(world)
    await do(world, "gwen", number, "handle")
    until = to_datetime(world.clock.now_us()) + timedelta(hours=1)
    await do(world, "gwen", number, "hold", reason="Rain", until=until.isoformat())
    assert await refused(world, "oscar", number, "cancel", reason="Away with it") == (409, "wrong_state")


@pytest.mark.parametrize("way", ["recalled", "recalled-and-held", "handed-on", "given-back", "merged"])
async def test_what_somebody_began_is_cancelled_by_its_reporter_alone(world: World, way: str) -> None:
    number = await reported(world)
    await do(world, "gwen", number, "handle")
    match way:
        case "handed-on":
            await do(world, "gwen", number, "transfer", worker="greg", reason="Nearer")
        case "given-back":
            await do(world, "gwen", number, "return", code="not_ours", reason="No")
            await do(world, "oscar", number, "sign-off")
        case "merged":
            await merged(world, number, await reported(world, "rob"))
            await do(world, "oscar", number, "unmerge", reason="Another matter")
        case _:
            await do(world, "oscar", number, "recall", reason="Not now")
    if way == "recalled-and-held":
        until = to_datetime(world.clock.now_us()) + timedelta(hours=1)
        await do(world, "oscar", number, "hold", reason="Rain", until=until.isoformat())
    assert await refused(world, "oscar", number, "cancel", reason="Away with it") == (409, "wrong_state")
    assert "cancel" not in (await order(world, number, "oscar"))["possible_actions"]
    assert "cancel" in (await order(world, number, "rita"))["possible_actions"]
    assert (await do(world, "rita", number, "cancel", reason="It has dried"))["state"] == "cancelled"


async def test_what_was_reopened_can_be_cancelled_before_somebody_begins_anew(world: World) -> None:
    number = await reported(world)
    await answered(world, number)
    await do(world, "oscar", number, "reopen", reason="The wrong one")
    assert (await do(world, "oscar", number, "cancel", reason="A mistake"))["state"] == "cancelled"


async def test_an_order_is_not_cancelled_above_its_open_parts(world: World) -> None:
    number = await reported(world)
    part = (await do(world, "gwen", number, "split", text="Dry the wall"))["number"]
    assert await refused(world, "oscar", number, "cancel", reason="A mistake") == (409, "parts_undone")
    await do(world, "oscar", part, "cancel", reason="A mistake")
    assert (await do(world, "oscar", number, "cancel", reason="A mistake"))["state"] == "cancelled"


async def test_an_order_tells_everybody_what_they_can_do(world: World) -> None:
    number = await reported(world)
    assert (await order(world, number, "rita"))["possible_actions"] == ["confide", "cancel"]
    assert "handle" in (await order(world, number, "gwen"))["possible_actions"]
    assert (await order(world, number, "audrey"))["possible_actions"] == []


async def test_nobody_decides_on_what_they_gave_back_themselves(world: World) -> None:
    both = {"username": "bob", "name": "Bob", "roles": ["grid_worker", "supervisor"], "grids": ["g1"]}
    await world.admin.post("people", {"people": [both]})
    number, state = await reported(world), ""
    for who in ("susan", "oscar"):
        await do(world, "oscar", number, "recall", reason="Bob goes")
        await do(world, "oscar", number, "dispatch", worker="bob")
        for action in ("recall", "cancel"):
            assert action not in (await order(world, number, "bob"))["possible_actions"]
            assert await refused(world, "bob", number, action, reason="r") == (403, "own_cause")
        await do(world, "bob", number, "return", code="not_ours", reason="No")
        assert await refused(world, "bob", number, "sign-off") == (403, "own_cause")
        assert not {"sign-off", "refuse-return"} & {*(await order(world, number, "bob"))["possible_actions"]}
        assert {"sign-off", "refuse-return"} <= {*(await order(world, number, "susan"))["possible_actions"]}
        state = (await do(world, who, number, "sign-off"))["state"]
        if state == "accepted":
            await do(world, "oscar", number, "dispatch", worker="gwen")
    assert state == "arbitration"
    decision = {"worker": "greg", "reason": "His"}
    assert "arbitrate" not in (await order(world, number, "bob"))["possible_actions"]
    assert "arbitrate" in (await order(world, number, "susan"))["possible_actions"]
    assert await refused(world, "bob", number, "arbitrate", **decision) == (403, "own_cause")
    assert (await do(world, "susan", number, "arbitrate", **decision))["worker"] == "greg"


async def test_who_is_no_worker_any_more_has_and_reads_nothing_of_it(world: World) -> None:
    number, secret = await reported(world), await reported(world, confidential=True)
    assert (await order(world, secret, "gwen"))["worker"] == "gwen"
    resident = {"username": "gwen", "name": "Gwen", "roles": ["resident"]}
    await world.admin.post("people?replace=true", {"people": [resident]})
    assert (await world.by("gwen").get("work-orders"))["items"] == []
    for each in (number, secret):
        assert (await world.by("gwen").call("GET", f"work-orders/{each}")).status_code == 404
        assert (await order(world, each))["state"] == "accepted"


async def test_a_reporter_reads_what_is_meant_for_them_and_not_what_workers_say(world: World) -> None:
    number = await reported(world)
    await do(world, "gwen", number, "notes", text="The neighbour did it")
    await do(world, "gwen", number, "return", code="not_ours", reason="She is a nuisance")
    told = str(await world.by("rita").get(f"work-orders/{number}/history"))
    assert "neighbour" not in told
    assert "nuisance" not in told
    assert "nuisance" in str(await world.by("oscar").get(f"work-orders/{number}/history"))


async def test_a_cancelled_report_can_be_taken_up_again_by_its_reporter(world: World) -> None:
    number = await reported(world)
    await do(world, "oscar", number, "cancel", reason="Invalid")
    assert (await do(world, "rita", number, "reopen", reason="It is still wet"))["state"] == "dispatched"


async def test_nothing_new_is_merged_into_what_is_answered(world: World) -> None:
    old = await reported(world)
    await answered(world, old)
    new = await reported(world, "rob")
    assert await refused(world, "oscar", new, "merge", master=old, reason="The same") == (409, "wrong_state")


async def test_what_was_ticked_off_before_a_reopening_is_to_be_done_again(world: World) -> None:
    number = await reported(world)
    await do(world, "oscar", number, "checklist", text="Sweep")
    await do(world, "gwen", number, "checklist/1/tick")
    await answered(world, number)
    await do(world, "rita", number, "reopen", reason="Dirty")
    await do(world, "gwen", number, "handle")
    assert await refused(world, "gwen", number, "resolve", text="Done") == (409, "checklist_undone")


async def test_the_parts_of_what_is_confided_are_confidential(world: World) -> None:
    number = await reported(world)
    part = (await do(world, "gwen", number, "split", text="Dry the wall"))["number"]
    await do(world, "rita", number, "confide", reason="Private")
    assert (await world.by("oscar").call("GET", f"work-orders/{part}")).status_code == 404
    listed = await world.by("oscar").get("notices")
    assert not {number, part} & {each["number"] for each in listed["items"]}
    assert number in {each["number"] for each in (await world.by("susan").get("notices"))["items"]}


async def test_a_worker_corrects_no_category_to_be_spared_something_or_to_hide_an_order(world: World) -> None:
    number = await reported(world, category="fire-lane")
    await do(world, "oscar", number, "dispatch", worker="gwen")
    for category in ("noise", "domestic-violence"):
        body = {"category": category, "reason": "r"}
        assert await refused(world, "gwen", number, "category", **body) == (403, "for_the_desk")
    shown = await do(world, "oscar", number, "category", category="domestic-violence", reason="Read it again")
    assert shown["category"] == "domestic-violence"
    assert (await order(world, number))["confidential"]


async def test_to_reopen_and_cancel_takes_no_bad_word_back(world: World) -> None:
    number = await reported(world)
    await answered(world, number)
    await do(world, "rita", number, "rate", score=1, solved=False)
    before = (await world.by("susan").get("figures?by=category&week=2026-W23"))["items"][0]["numbers"]
    await do(world, "oscar", number, "reopen", reason="Again")
    await do(world, "oscar", number, "cancel", reason="Away with it")
    after = (await world.by("susan").get("figures?by=category&week=2026-W23"))["items"][0]["numbers"]
    assert before["dissatisfied"]["count"] == after["dissatisfied"]["count"] == after["counted"]["count"] == 1


async def test_nobody_is_called_what_the_rules_are_called(world: World) -> None:
    people = {"people": [{"username": "System", "name": "S", "roles": ["resident"]}]}
    response = await world.admin.call("POST", "people", people)
    assert (response.status_code, response.json()["errors"][0]["loc"]) == (422, ["body", "people", 0, "username"])
