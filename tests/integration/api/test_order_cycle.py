"""What a work order's life has besides the straight way: put aside, given back, merged, split, confided, silent."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import pytest

from api.transactions import begin
from api.work_orders import service, store
from herun.clock import DAY_US, HOUR_US
from tests.integration.api.running import SITE, World

REPORT: Final = {"category": "water", "text": "Water in the cellar"}


async def do(world: World, who: str, number: str, action: str, **body: Any) -> Any:
    return await world.by(who).post(f"work-orders/{number}/{action}", body)


async def refused(world: World, who: str, number: str, action: str, **body: Any) -> tuple[int, str]:
    response = await world.by(who).call("POST", f"work-orders/{number}/{action}", body)
    return response.status_code, response.json()["type"].rpartition(":")[2]


async def reported(world: World, who: str = "rita", **more: Any) -> str:
    order = await world.by(who).post("reports", {**REPORT, **more})
    number: str = order["number"]
    return number


async def answered(world: World, number: str) -> None:
    await do(world, "gwen", number, "handle")
    await do(world, "gwen", number, "resolve", text="Pumped out")
    await do(world, "oscar", number, "answer", text="The pump was mended")


async def order(world: World, number: str, who: str = "susan") -> Any:
    return await world.by(who).get(f"work-orders/{number}")


async def actions(world: World, number: str) -> list[str]:
    return [entry["action"] for entry in (await world.by("susan").get(f"work-orders/{number}/history"))["items"]]


async def pass_time(world: World, us: int) -> None:
    world.clock.advance(us)
    async with begin(world.resources, SITE) as tx:
        await service.resume_held(tx)
        await service.close_silent(tx)


async def give_back(world: World, number: str, who: str = "gwen") -> Any:
    return await do(world, who, number, "return", code="not_ours", reason="Not mine")


async def test_after_the_second_return_a_supervisor_decides_and_a_third_is_refused(world: World) -> None:
    number = await reported(world)
    await give_back(world, number)
    await do(world, "oscar", number, "sign-off")
    await do(world, "oscar", number, "dispatch", worker="gwen")
    await give_back(world, number)
    assert (await do(world, "oscar", number, "sign-off"))["state"] == "arbitration"
    body = {"worker": "greg", "reason": "It is his"}
    assert (await refused(world, "oscar", number, "arbitrate", **body))[0] == 403
    assert (await do(world, "susan", number, "arbitrate", **body))["worker"] == "greg"
    again = {"code": "beyond_means", "reason": "No"}
    assert await refused(world, "greg", number, "return", **again) == (409, "used_up")
    assert await refused(world, "greg", number, "transfer", worker="gwen", reason="No") == (409, "used_up")


async def test_after_two_refused_returns_an_arbiter_decides_also_if_it_was_cancelled_meanwhile(world: World) -> None:
    number = await reported(world)
    for state in ("dispatched", "arbitration"):
        await give_back(world, number)
        assert (await do(world, "oscar", number, "refuse-return", reason="It is yours"))["state"] == state
    await do(world, "oscar", number, "cancel", reason="Never mind")
    again = await do(world, "rita", number, "reopen", reason="It is still there")
    assert (again["state"], again["worker"]) == ("arbitration", None)
    assert (await do(world, "susan", number, "arbitrate", worker="greg", reason="It is his"))["worker"] == "greg"


@pytest.mark.parametrize("action", ["recall", "reopen"])
async def test_what_an_arbiter_decided_comes_back_to_an_arbiter(world: World, action: str) -> None:
    number = await reported(world)
    for _ in range(2):
        await give_back(world, number)
        state = (await do(world, "oscar", number, "sign-off"))["state"]
        if state == "accepted":
            await do(world, "oscar", number, "dispatch", worker="gwen")
    await do(world, "susan", number, "arbitrate", worker="greg", reason="It is his")
    if action == "reopen":
        await do(world, "greg", number, "handle")
        await do(world, "greg", number, "resolve", text="Done")
        await do(world, "oscar", number, "answer", text="Done")
    order = await do(world, "oscar", number, action, reason="Not done")
    assert (order["state"], order["worker"], order["returns"]) == ("arbitration", None, 2)
    assert await refused(world, "oscar", number, "dispatch", worker="gwen") == (409, "wrong_state")
    assert (await do(world, "susan", number, "arbitrate", worker="gwen", reason="Hers then"))["worker"] == "gwen"
    assert await refused(world, "gwen", number, "return", code="not_ours", reason="No") == (409, "used_up")


async def test_a_refused_return_leaves_the_order_with_its_worker(world: World) -> None:
    number = await reported(world)
    await give_back(world, number)
    after = await do(world, "oscar", number, "refuse-return", reason="It is yours")
    assert (after["state"], after["worker"], after["returns"]) == ("dispatched", "gwen", 1)


async def test_an_order_is_handed_on_to_a_worker_and_to_nobody_else(world: World) -> None:
    number = await reported(world)
    assert await refused(world, "gwen", number, "transfer", worker="rita", reason="r") == (422, "unknown_worker")
    assert await refused(world, "gwen", number, "transfer", worker="gwen", reason="r") == (422, "same_worker")
    assert (await do(world, "gwen", number, "transfer", worker="greg", reason="nearer"))["worker"] == "greg"
    assert (await refused(world, "gwen", number, "handle"))[0] == 404  # it is not theirs to see any more
    await do(world, "greg", number, "transfer", worker="gwen", reason="nearer")
    assert await refused(world, "gwen", number, "transfer", worker="greg", reason="r") == (409, "used_up")


async def test_a_hold_that_everybody_forgot_ends_by_itself(world: World) -> None:
    number = await reported(world)
    await do(world, "gwen", number, "handle")
    until = "2026-06-01T15:00:00+08:00"
    held = await do(world, "gwen", number, "hold", until=until, reason="The part is ordered")
    assert (held["state"], held["hold_until"]) == ("on_hold", until)
    await pass_time(world, 2 * HOUR_US)
    assert (await order(world, number))["state"] == "on_hold"
    await pass_time(world, HOUR_US)
    assert (await order(world, number))["state"] == "handling"
    assert (await actions(world, number))[-2:] == ["hold", "resume"]


async def test_what_was_put_aside_or_answered_anew_since_it_was_found_has_its_new_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, told = await reported(world), await reported(world)
    await do(world, "gwen", held, "hold", until="2026-06-01T15:00:00+08:00", reason="The part is ordered")
    await answered(world, told)

    async def found_before(*_: object) -> list[str]:
        return [held, told]

    monkeypatch.setattr(store, "held_until", found_before)
    monkeypatch.setattr(store, "answered_before", found_before)
    for us, states in [
        (3 * HOUR_US - 1, ("on_hold", "answered")),
        (1, ("dispatched", "answered")),
        (7 * DAY_US - 3 * HOUR_US - 1, ("dispatched", "answered")),
        (1, ("dispatched", "closed")),
    ]:
        await pass_time(world, us)
        assert ((await order(world, held))["state"], (await order(world, told))["state"]) == states


@pytest.mark.parametrize(
    ("until", "code"),
    [("2026-06-01T11:59:59+08:00", "until_is_past"), ("2026-09-30T12:00:00+08:00", "hold_too_long")],
)
async def test_a_hold_ends_in_a_time_that_can_be_waited_for(world: World, until: str, code: str) -> None:
    number = await reported(world)
    response = await world.by("oscar").call("POST", f"work-orders/{number}/hold", {"until": until, "reason": "r"})
    assert (response.status_code, response.json()["type"]) == (422, f"urn:herun:problem:{code}")
    assert response.json()["errors"][0]["loc"] == ["body", "until"]


async def test_silence_closes_an_order_and_says_nothing_of_it(world: World) -> None:
    number = await reported(world)
    await answered(world, number)
    await pass_time(world, 7 * DAY_US - 1)
    assert (await order(world, number))["state"] == "answered"
    await pass_time(world, 1)
    closed = await order(world, number)
    assert (closed["state"], closed["rating"]) == ("closed", None)
    assert await refused(world, "rita", number, "rate", score=5, solved=True) == (409, "wrong_state")
    assert (await do(world, "rita", number, "reopen", reason="Wet again"))["state"] == "dispatched"


async def test_each_round_is_rated_once_and_keeps_its_rating(world: World) -> None:
    number = await reported(world)
    for score in (1, 4):
        await answered(world, number)
        aspects = {"speed": 2, "attitude": 5, "result": score}
        after = await do(world, "rita", number, "rate", score=score, solved=score > 3, **aspects)
        assert (after["rating"]["score"], after["rating"]["result"], after["reopens"]) == (score, score, score // 4)
        assert (await refused(world, "rita", number, "rate", score=5, solved=True))[0] == 409
        if score == 1:
            await do(world, "rita", number, "reopen", reason="Wet again")
    rows = world.rows("SELECT round, score, solved FROM order_ratings ORDER BY round")
    assert [tuple(row.values()) for row in rows] == [(0, 1, False), (1, 4, True)]


async def test_a_duplicate_keeps_its_reporter_and_its_rating(world: World) -> None:
    master, twin = await reported(world), await reported(world, "rob")
    merged = await do(world, "oscar", twin, "merge", master=master, reason="The same water")
    assert (merged["state"], merged["merged_into"], merged["worker"]) == ("merged", master, None)
    assert "正在处理" not in merged["sentence"]["zh"]
    assert (await refused(world, "rob", twin, "rate", score=1, solved=False)) == (409, "wrong_state")
    await answered(world, master)
    seen = await order(world, twin, "rob")
    assert seen["answer"] == "The pump was mended"
    assert "请您评价" in seen["sentence"]["zh"]
    assert (await do(world, "rob", twin, "rate", score=1, solved=False))["rating"]["score"] == 1
    assert await refused(world, "rob", twin, "rate", score=5, solved=True) == (409, "rated_already")
    assert (await do(world, "rita", master, "rate", score=5, solved=True))["rating"]["score"] == 5
    assert (await order(world, twin))["rating"]["score"] == 1
    assert (await refused(world, "rob", master, "rate", score=1, solved=False))[0] == 404
    assert (await world.by("susan").get(f"work-orders?master={master}"))["items"][0]["number"] == twin


async def test_what_was_merged_by_mistake_comes_out_again(world: World) -> None:
    master, twin = await reported(world), await reported(world, "rob")
    await do(world, "oscar", twin, "merge", master=master, reason="The same water")
    out = await do(world, "oscar", twin, "unmerge", reason="Another cellar")
    assert (out["state"], out["merged_into"], out["worker"]) == ("dispatched", None, "gwen")
    assert (await actions(world, master))[-2:] == ["joined", "left"]


async def test_a_reporter_whose_matter_is_not_solved_takes_it_out_again(world: World) -> None:
    master, twin = await reported(world), await reported(world, "rob")
    await do(world, "oscar", twin, "merge", master=master, reason="The same water")
    assert await refused(world, "rob", twin, "reopen", reason="Still wet") == (409, "wrong_state")
    await answered(world, master)
    assert (await do(world, "rob", twin, "reopen", reason="Still wet"))["state"] == "dispatched"
    assert (await order(world, master))["state"] == "answered"


async def test_what_is_merged_goes_along_when_its_master_is_merged(world: World) -> None:
    first, second, third = await reported(world), await reported(world, "rob"), await reported(world, "ruth")
    await do(world, "oscar", third, "merge", master=second, reason="Same")
    await do(world, "oscar", second, "merge", master=first, reason="Same")
    assert [(await order(world, number))["merged_into"] for number in (second, third)] == [first, first]
    assert await refused(world, "oscar", first, "merge", master=second, reason="Same") == (409, "master_is_merged")


async def test_an_order_is_merged_into_another_of_the_site_only(world: World) -> None:
    number = await reported(world)
    assert await refused(world, "oscar", number, "merge", master=number, reason="r") == (422, "merge_into_itself")
    assert (await refused(world, "oscar", number, "merge", master="WO20260101-000001", reason="r"))[0] == 404


async def test_two_that_are_merged_into_each_other_at_once_do_not_wait_for_each_other(world: World) -> None:
    for _ in range(5):
        one, two = await reported(world), await reported(world, "rob")
        answers = await asyncio.gather(
            refused_or_done(world, one, two), refused_or_done(world, two, one), refused_or_done(world, one, two)
        )
        assert min(answers) == 200
        assert set(answers) == {200, 409}
        assert sorted([(await order(world, one))["state"], (await order(world, two))["state"]])[1] == "merged"


async def refused_or_done(world: World, number: str, master: str) -> int:
    body = {"master": master, "reason": "Same"}
    return (await world.by("oscar").call("POST", f"work-orders/{number}/merge", body)).status_code


async def test_an_order_is_resolved_when_its_parts_are(world: World) -> None:
    number = await reported(world)
    await do(world, "gwen", number, "handle")
    part = await do(world, "gwen", number, "split", text="Dry the wall", title="Wall")
    assert (part["parent"], part["state"], part["origin"]) == (number, "dispatched", "split")
    assert await refused(world, "gwen", number, "resolve", text="Done") == (409, "parts_undone")
    assert await refused(world, "oscar", part["number"], "merge", master=number, reason="r") == (409, "has_parts")
    assert await refused(world, "gwen", part["number"], "split", text="r") == (409, "is_a_part")
    await do(world, "gwen", part["number"], "handle")
    await do(world, "gwen", part["number"], "resolve", text="Dry")
    await do(world, "gwen", number, "resolve", text="Done")
    await do(world, "oscar", number, "answer", text="Dry and pumped out")
    assert (await order(world, part["number"]))["state"] == "closed"


async def test_an_order_is_resolved_when_its_checklist_is_done(world: World) -> None:
    number = await reported(world)
    await do(world, "gwen", number, "handle")
    await do(world, "oscar", number, "checklist", text="Turn off the current")
    await do(world, "oscar", number, "checklist", text="Sweep", required=False)
    assert await refused(world, "gwen", number, "resolve", text="Done") == (409, "checklist_undone")
    assert (await refused(world, "rita", number, "checklist/1/tick"))[0] == 403
    ticked = await do(world, "gwen", number, "checklist/1/tick")
    assert [(line["item"], line["done_by"]) for line in ticked["items"]] == [(1, "gwen"), (2, None)]
    assert await refused(world, "gwen", number, "checklist/1/tick") == (409, "ticked_already")
    assert (await refused(world, "gwen", number, "checklist/9/tick"))[0] == 404
    assert (await do(world, "gwen", number, "resolve", text="Done"))["state"] == "resolved"


async def test_a_confidential_order_is_not_even_listed_for_others(world: World) -> None:
    number = await reported(world, confidential=True)
    for who, status in [("rita", 200), ("gwen", 200), ("susan", 200), ("audrey", 200), ("oscar", 404), ("rob", 404)]:
        assert (await world.by(who).call("GET", f"work-orders/{number}")).status_code == status
        listed = (await world.by(who).get("work-orders"))["items"]
        assert [item["number"] for item in listed] == ([number] if status == 200 else [])
    assert (await refused(world, "oscar", number, "cancel", reason="r"))[0] == 404
    await do(world, "susan", number, "disclose", reason="It names nobody")
    assert (await order(world, number, "oscar"))["confidential"] is False


async def test_an_operator_who_audits_too_reads_what_is_confidential_and_is_not_its_desk(world: World) -> None:
    both = {"username": "oscar", "name": "Oscar", "roles": ["operator", "auditor"]}
    await world.admin.post("people?replace=true", {"people": [both]})
    caller = {"caller": {"name": "Li", "phone": "13900000000"}}
    number = await reported(world, "susan", confidential=True, building="b1", **caller)
    seen = await order(world, number, "oscar")
    assert (seen["possible_actions"], "*" in seen["contact_phone"]) == ([], True)
    assert (await order(world, number))["contact_phone"] == "13900000000"
    until = "2026-06-01T14:00:00+08:00"
    for action, body in {
        "cancel": {"reason": "r"}, "hold": {"until": until, "reason": "r"}, "links": {},
        "pauses": {"reason": "parts", "note": "n", "until": until},
    }.items():  # fmt: skip
        assert await refused(world, "oscar", number, action, **body) == (403, "not_yours"), action
    assert (await world.by("oscar").call("GET", f"work-orders/{number}/caller")).status_code == 403
    assert (await world.by("susan").get(f"work-orders/{number}/caller"))["name"] == "Li"


async def test_a_part_goes_to_the_worker_that_is_named_for_it(world: World) -> None:
    number = await reported(world)
    part = await do(world, "gwen", number, "split", text="Dry the wall", worker="paul")
    assert (part["state"], part["worker"]) == ("dispatched", "paul")
    assert await refused(world, "gwen", number, "split", text="r", worker="rita") == (422, "unknown_worker")


async def test_what_is_merged_into_a_cancelled_order_is_on_its_own_again(world: World) -> None:
    master, twin = await reported(world), await reported(world, "rob")
    await do(world, "oscar", twin, "merge", master=master, reason="The same water")
    await do(world, "rita", master, "cancel", reason="It was mine only")
    out = await order(world, twin, "rob")
    assert (out["state"], out["merged_into"], out["worker"]) == ("dispatched", None, "gwen")


async def test_what_comes_out_of_a_cancelled_order_comes_out_in_the_order_of_the_numbers(world: World) -> None:
    master, *twins = [await reported(world, who) for who in ("rita", *["rob"] * 5)]
    for twin in twins:
        await do(world, "oscar", twin, "merge", master=master, reason="The same water")
    await do(world, "rita", master, "cancel", reason="It was mine only")
    left = world.rows("SELECT number FROM order_history WHERE action = 'unmerge' ORDER BY feed_seq")
    assert [row["number"] for row in left] == sorted(twins)  # who is dispatched first decides who gets the next one


async def test_who_rated_a_merged_order_rates_it_anew_when_it_came_out(world: World) -> None:
    master, twin = await reported(world), await reported(world, "rob")
    await do(world, "oscar", twin, "merge", master=master, reason="The same water")
    await answered(world, master)
    await do(world, "rob", twin, "rate", score=1, solved=False)
    out = await do(world, "oscar", twin, "unmerge", reason="Another cellar")
    assert (out["rating"], out["reopens"]) == (None, 1)
    await answered(world, twin)
    assert (await do(world, "rob", twin, "rate", score=5, solved=True))["rating"]["score"] == 5


async def test_what_is_merged_into_an_order_while_that_is_merged_goes_along(world: World) -> None:
    for _ in range(5):
        first, second, third = await reported(world), await reported(world, "rob"), await reported(world, "ruth")
        statuses = await asyncio.gather(
            refused_or_done(world, third, second),
            refused_or_done(world, second, first),
            refused_or_done(world, third, second),
        )
        assert statuses[1] == 200
        assert (await order(world, third))["merged_into"] in {None, first}


async def test_what_a_part_cannot_is_offered_to_nobody(world: World) -> None:
    part = await part_of(world, await reported(world))
    for who in ("oscar", "gwen"):
        offered = (await order(world, part, who))["possible_actions"]
        assert not {"split", "merge"} & set(offered)
        assert "hold" in offered
    assert "split" in (await order(world, await reported(world), "oscar"))["possible_actions"]


async def test_nothing_is_merged_into_a_part_which_nobody_answers_by_itself(world: World) -> None:
    whole, other = await reported(world), await reported(world, "rob")
    part = (await do(world, "oscar", whole, "split", text="The pump alone"))["number"]
    merge = {"master": part, "reason": "The same water"}
    assert await refused(world, "oscar", other, "merge", **merge) == (409, "master_is_a_part")


async def test_a_merged_order_is_promised_anew_with_its_master(world: World) -> None:
    master, twin = await reported(world), await reported(world, "rob")
    await do(world, "oscar", twin, "merge", master=master, reason="The same water")
    await answered(world, master)
    kept = (await world.by("susan").get(f"work-orders/{twin}/clocks"))["promise"]
    assert kept["state"] == "kept"
    world.clock.advance(HOUR_US)
    await do(world, "rita", master, "reopen", reason="It drips still")
    promise = (await world.by("susan").get(f"work-orders/{twin}/clocks"))["promise"]
    assert (promise["state"], promise["round"]) == ("running", 1)
    assert promise["due_at"] > kept["due_at"]
    await answered(world, master)
    assert (await world.by("susan").get(f"work-orders/{twin}/clocks"))["promise"]["state"] == "kept"


async def test_an_order_with_a_part_that_was_reopened_is_not_answered(world: World) -> None:
    whole = await reported(world)
    part = (await do(world, "oscar", whole, "split", text="The pump alone"))["number"]
    await answered(world, part)
    await do(world, "gwen", whole, "handle")
    await do(world, "gwen", whole, "resolve", text="Pumped out")
    await do(world, "oscar", part, "reopen", reason="It drips still")
    assert await refused(world, "oscar", whole, "answer", text="Done") == (409, "parts_undone")
    await answered(world, part)
    assert (await do(world, "oscar", whole, "answer", text="Done"))["state"] == "answered"


async def test_a_part_has_a_category_of_the_tree(world: World) -> None:
    whole = await reported(world)
    assert await refused(world, "oscar", whole, "split", text="A part", category="zz") == (422, "unknown_category")
    assert (await do(world, "oscar", whole, "split", text="A part", category="noise"))["category"] == "noise"


async def part_of(world: World, whole: str) -> str:
    number: str = (await do(world, "oscar", whole, "split", text="The pump alone"))["number"]
    return number


async def resolved(world: World, number: str) -> str:
    await do(world, "gwen", number, "handle")
    return str((await do(world, "gwen", number, "resolve", text="Pumped out"))["state"])


async def test_a_part_that_is_resolved_is_closed_when_its_whole_is_cancelled(world: World) -> None:
    whole = await reported(world)
    part, waiting = await part_of(world, whole), await part_of(world, whole)
    await answered(world, waiting)
    assert await resolved(world, part) == "resolved"
    await do(world, "rita", whole, "cancel", reason="A mistake")
    assert [(await order(world, each))["state"] for each in (part, waiting)] == ["closed", "answered"]


@pytest.mark.parametrize("end", ["answered", "rated", "cancelled"])
async def test_a_part_that_is_resolved_after_the_end_of_its_whole_is_closed_at_once(world: World, end: str) -> None:
    whole = await reported(world)
    part = await part_of(world, whole)
    if end == "cancelled":
        await do(world, "oscar", part, "cancel", reason="A mistake")
        await do(world, "rita", whole, "cancel", reason="A mistake")
    else:
        await resolved(world, part)
        await answered(world, whole)
    if end == "rated":
        await do(world, "rita", whole, "rate", score=5, solved=True)
    await do(world, "oscar", part, "reopen", reason="It drips still")
    assert await resolved(world, part) == "closed"
    assert (await actions(world, part))[-2:] == ["resolve", "close"]


@pytest.mark.parametrize("is_cancelled", [False, True])
async def test_parts_are_confidential_with_their_whole_and_disclosed_with_it(world: World, is_cancelled: bool) -> None:
    whole = await reported(world)
    part, own = await part_of(world, whole), await part_of(world, whole)
    if is_cancelled:
        for each in (part, own, whole):
            await do(world, "rita" if each == whole else "oscar", each, "cancel", reason="A mistake")
    await do(world, "susan", own, "confide", reason="It names somebody")
    await do(world, "rita", whole, "confide", reason="It names somebody")
    later = [] if is_cancelled else [(await do(world, "gwen", whole, "split", text="The wall"))["number"]]
    for each in (whole, part, own, *later):
        assert (await world.by("oscar").call("GET", f"work-orders/{each}")).status_code == 404
    assert (await world.by("oscar").get(f"work-orders?parent={whole}"))["items"] == []
    await do(world, "susan", whole, "disclose", reason="It names nobody")
    listed = {each["number"] for each in (await world.by("oscar").get(f"work-orders?parent={whole}"))["items"]}
    assert listed == {part, *later}
    if is_cancelled:
        await do(world, "rita", whole, "confide", reason="It names somebody")
        assert (await do(world, "susan", part, "reopen", reason="Not done"))["confidential"] is True


async def test_what_is_split_off_as_a_confidential_part_does_not_stand_with_its_whole(world: World) -> None:
    whole = await reported(world)
    said = {"text": "Her husband beats her", "category": "domestic-violence"}
    part = (await do(world, "susan", whole, "split", **said))["number"]
    await do(world, "susan", whole, "split", text="Dry the wall")
    for who in ("oscar", "gwen", "susan"):
        history = (await world.by(who).get(f"work-orders/{whole}/history"))["items"]
        splits = [each for each in history if each["action"] == "split"]
        assert [(each["actor"], each["reason"]) for each in splits] == [("susan", None), ("susan", "Dry the wall")]
        assert (splits[0]["detail"], part in str(history)) == (None, False)
    assert said["text"] not in str(world.rows("SELECT reason, detail FROM order_history WHERE number <> %(p)s", p=part))


async def test_who_splits_what_is_confidential_is_not_shown_that_they_can_claim_the_part(world: World) -> None:
    number = await reported(world, confidential=True)
    part = await do(world, "gwen", number, "split", text="Dry the wall")
    assert "claim" not in part["possible_actions"]


async def test_who_else_reads_what_is_confidential_is_not_its_workers_to_say(world: World) -> None:
    number, plain = await reported(world, confidential=True), await reported(world)
    bob = {"username": "bob", "name": "Bob", "roles": ["grid_worker", "supervisor"]}
    await world.admin.post("people", {"people": [bob]})
    assert await refused(world, "gwen", number, "transfer", worker="greg", reason="r") == (403, "confidential")
    assert await refused(world, "gwen", number, "split", text="The wall", worker="greg") == (403, "confidential")
    apart = {"text": "Talk to her", "category": "domestic-violence", "worker": "greg"}
    for who in ("gwen", "oscar"):
        assert await refused(world, who, plain, "split", **apart) == (403, "confidential")
    assert "transfer" in (await order(world, plain, "gwen"))["possible_actions"]
    assert "transfer" not in (await order(world, number, "gwen"))["possible_actions"]
    assert (await do(world, "gwen", number, "split", text="The wall"))["confidential"] is True
    assert (await do(world, "susan", number, "split", text="The door", worker="greg"))["worker"] == "greg"
    await do(world, "susan", number, "recall", reason="r")
    await do(world, "susan", number, "dispatch", worker="bob")
    assert (await do(world, "bob", number, "transfer", worker="greg", reason="r"))["worker"] == "greg"


@pytest.mark.parametrize(("category", "goes_along"), [("domestic-violence", True), ("water", False)])
async def test_a_part_of_another_confidential_category_is_not_disclosed_with_its_whole(
    world: World, category: str, goes_along: bool
) -> None:
    whole = await reported(world, category=category)
    part = (await do(world, "susan", whole, "split", text="Talk to her", category="domestic-violence"))["number"]
    assert (await order(world, part))["confidential"] is True
    if not goes_along:
        await do(world, "susan", whole, "confide", reason="It names somebody")
    await do(world, "susan", whole, "disclose", reason="It names nobody")
    status = (await world.by("oscar").call("GET", f"work-orders/{part}")).status_code
    assert status == (200 if goes_along else 404)


async def test_what_is_so_already_is_neither_offered_nor_done_again(world: World) -> None:
    number = await reported(world)
    await do(world, "gwen", number, "handle")
    for who, action, opposite in (("rita", "confide", "disclose"), ("susan", "disclose", "confide")):
        assert action in await offered(world, number, who)
        await do(world, who, number, action, reason="r")
        assert await refused(world, who, number, action, reason="r") == (409, "no_change")
        assert action not in await offered(world, number, who)
        assert opposite in await offered(world, number, "susan")
    await do(world, "gwen", number, "arrive")
    assert await refused(world, "gwen", number, "arrive") == (409, "no_change")
    assert "arrive" not in await offered(world, number, "gwen")
    assert (await actions(world, number)).count("arrive") == 1
    await do(world, "gwen", number, "transfer", worker="greg", reason="Nearer")
    await do(world, "greg", number, "handle")
    await do(world, "greg", number, "arrive")  # who had it before was there, and not he


async def offered(world: World, number: str, who: str) -> list[str]:
    return list((await order(world, number, who))["possible_actions"])
