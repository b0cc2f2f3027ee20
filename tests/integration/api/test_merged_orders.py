"""What whoever reported the same reads of it, may do about it and for how long; and who does not read its answer."""

from __future__ import annotations

import json

import pytest

from api.live import service as live
from api.live.cursor import Cursor
from api.live.schemas import Kind
from api.live.service import Reader
from api.pictures.service import ONE_MORE
from api.progress.service import HIDDEN
from api.roles import Role
from api.transactions import begin
from api.work_orders.order import Person
from herun.clock import DAY_US, HOUR_US, to_datetime
from tests.integration.api.notices.test_inbox import kinds
from tests.integration.api.running import SITE, World
from tests.integration.api.test_following import half_of_the_promise
from tests.integration.api.test_order_cycle import actions, answered, do, order, pass_time, refused, reported
from tests.integration.api.test_pictures import send

RATED = {"score": 5, "solved": True}
LATE = (409, "wrong_state")
FIRE = {"category": "fire", "building": "b1"}
ROLES = {"rita": Role.RESIDENT, "rob": Role.RESIDENT, "gwen": Role.GRID_WORKER, "susan": Role.SUPERVISOR}


async def merged(world: World, who: str = "rob") -> tuple[str, str]:
    master, twin = await reported(world), await reported(world, who)
    await do(world, "oscar", twin, "merge", master=master, reason="The same water")
    return master, twin


async def progress(world: World, number: str, tail: str = "5678") -> dict[str, str]:
    seen = await world.nobody.get(f"/v1/progress?number={number}&phone_tail={tail}")
    return {name: seen[name]["zh"] for name in ("sentence", "next_step")}


@pytest.mark.parametrize("is_rated", [True, False], ids=["master-rated", "master-silent"])
async def test_the_merged_are_rated_as_long_after_the_answer_as_their_master(world: World, is_rated: bool) -> None:
    master, twin = await merged(world)
    await answered(world, master)
    if is_rated:
        await do(world, "rita", master, "rate", **RATED)
    await pass_time(world, 7 * DAY_US - 1)
    assert "rate" in (await order(world, twin, "rob"))["possible_actions"]
    assert "请评价" in (await progress(world, twin))["next_step"]
    await pass_time(world, 1)
    assert "rate" not in (await order(world, twin, "rob"))["possible_actions"]
    assert "请评价" not in (await progress(world, twin))["next_step"]
    assert await refused(world, "rob", twin, "rate", **RATED) == LATE


async def test_a_merged_order_says_what_its_reporter_can_do_and_nothing_else(world: World) -> None:
    master, twin = await merged(world)
    assert not {"rate", "reopen"} & {*(await order(world, twin, "rob"))["possible_actions"]}
    await answered(world, master)
    assert {"rate", "reopen"} <= {*(await order(world, twin, "rob"))["possible_actions"]}
    (listed,) = (await world.by("rob").get("work-orders"))["items"]
    assert {"rate", "reopen"} <= {*listed["possible_actions"]}
    assert "rate" not in (await order(world, twin))["possible_actions"]
    after = await do(world, "rob", twin, "rate", **RATED)
    assert "rate" not in after["possible_actions"]
    assert "请" not in after["sentence"]["zh"]


async def test_only_who_can_rate_is_asked_to(world: World) -> None:
    own, number = await reported(world, "gwen", building="b1"), await reported(world)
    phone = await reported(world, "oscar", phone="13900000000", building="b1")
    for each in (own, number, phone):
        await answered(world, each)
    seen = await order(world, own, "gwen")
    assert ("rate" in seen["possible_actions"], seen["sentence"]["en"]) == (False, "Answered.")
    seen = await order(world, number, "rita")
    assert ("rate" in seen["possible_actions"], seen["sentence"]["en"]) == (True, "Answered. Please rate it.")
    assert (await order(world, number, "oscar"))["sentence"]["zh"] == "已答复。"
    told = await progress(world, phone, "0000")
    assert told == {"sentence": "已答复。", "next_step": "未解决的,请致电物业。"}


async def test_a_worker_who_has_given_it_back_as_often_as_may_be_is_not_shown_that_they_can(world: World) -> None:
    number = await reported(world)
    for worker in ("greg", "gwen"):
        await do(world, "gwen" if worker == "greg" else "greg", number, "transfer", worker=worker, reason="Nearer")
    found = (await order(world, number, "gwen"))["possible_actions"]
    assert "return" in found
    assert "transfer" not in found


@pytest.mark.parametrize("end", ["cancelled", "answered"])
async def test_a_question_waits_for_an_answer_only_while_one_helps(world: World, end: str) -> None:
    number = await reported(world)
    await world.by("oscar").post(f"work-orders/{number}/questions", {"text": "Which cellar?"})
    assert (await order(world, number, "rita"))["asked_until"]
    if end == "answered":
        await answered(world, number)
    else:
        await do(world, "oscar", number, "cancel", reason="Another matter")
    seen = await order(world, number, "rita")
    assert (seen["asked_until"], "等您答复" in seen["sentence"]["zh"]) == (None, False)
    assert "等您答复" not in (await progress(world, number, "1234"))["sentence"]
    assert await refused(world, "rita", number, "questions/answer", text="The left") == (409, "nothing_asked")
    await do(world, "rita", number, "reopen", reason="Still wet")
    assert (await order(world, number, "rita"))["asked_until"]


@pytest.mark.parametrize("has_account", [True, False])
async def test_what_was_asked_before_a_merge_is_read_by_who_works_on_it_and_not_by_its_other_reporter(
    world: World, has_account: bool
) -> None:
    master, twin = await reported(world), await reported(world, "rob")
    await world.by("oscar").post(f"work-orders/{twin}/questions", {"text": "Which cellar?"})
    await do(world, "oscar", twin, "merge", master=master, reason="The same water")
    if has_account:
        await world.by("rob").post(f"work-orders/{twin}/questions/answer", {"text": "The left"})
    else:
        said = {"number": twin, "phone_tail": "5678", "text": "The left"}
        await world.nobody.post("/v1/progress/answer", said)
    assert (await actions(world, twin))[-1] == "told"
    last = (await world.by("gwen").get(f"work-orders/{master}/history"))["items"][-1]
    assert (last["action"], last["reason"], last["detail"]) == ("noted", "The left", {"follower": twin})
    assert "The left" not in str(await world.by("rita").get(f"work-orders/{master}/history"))


async def test_who_reported_what_is_merged_is_asked_by_who_works_on_the_other_and_adds_a_picture(world: World) -> None:
    master, twin = await merged(world)
    asked = await world.by("gwen").post(f"work-orders/{twin}/questions", {"text": "Which cellar?"})
    assert [each["text"] for each in asked["items"]] == ["Which cellar?"]
    refused_to = await world.by("greg").call("POST", f"work-orders/{twin}/questions", {"text": "Which?"})
    assert refused_to.status_code == 404
    assert (await world.by("rob").get("/v1/me/notices"))["items"][0]["kind"] == "asked"
    await world.by("rob").post(f"work-orders/{twin}/questions/answer", {"text": "The left"})
    assert (await kinds(world, "gwen"))[-1] == ("told", master)
    await send(world, "rob", twin, kind="before")
    assert (await kinds(world, "gwen")).count(("told", master)) == 2
    last = [entry["reason"] for entry in (await world.by("gwen").get(f"work-orders/{master}/history"))["items"][-2:]]
    assert last == ["The left", ONE_MORE]
    assert ONE_MORE not in str(await world.by("rita").get(f"work-orders/{master}/history"))
    await answered(world, master)
    assert await refused(world, "oscar", twin, "questions", text="Is it dry?") == LATE


async def test_who_reported_what_is_merged_withdraws_it_before_the_other_is_resolved(world: World) -> None:
    master, twin = await merged(world)
    assert await refused(world, "oscar", twin, "cancel", reason="Nonsense") == LATE
    assert "cancel" not in (await order(world, twin))["possible_actions"]
    await do(world, "gwen", master, "handle")
    assert "cancel" in (await order(world, twin, "rob"))["possible_actions"]
    after = await do(world, "rob", twin, "cancel", reason="I was wrong")
    assert (after["state"], after["merged_into"]) == ("cancelled", None)
    assert (await actions(world, twin))[-2:] == ["unmerge", "cancel"]
    assert (await actions(world, master))[-1] == "left"
    assert (await order(world, master))["state"] == "handling"
    third = await reported(world, "rob")
    await do(world, "oscar", third, "merge", master=master, reason="The same water")
    await do(world, "gwen", master, "resolve", text="Done")
    assert await refused(world, "rob", third, "cancel", reason="I was wrong") == LATE


async def test_what_was_answered_to_one_reporter_tells_the_others_nothing_of_them(world: World) -> None:
    master, twin = await merged(world)
    await do(world, "gwen", master, "handle")
    await do(world, "gwen", master, "resolve", text="Done")
    said = "已与302室李芳女士(13800001234)约定明早上门"
    await do(world, "oscar", master, "answer", text=said)
    told = [(await order(world, twin, "rob"))["answer"]]
    told.append((await world.nobody.get(f"/v1/progress?number={twin}&phone_tail=5678"))["answer"])
    assert told == ["已与***室某女士(***)约定明早上门"] * 2
    whole = [(await order(world, number, who))["answer"] for number, who in ((master, "rita"), (twin, "oscar"))]
    whole.append((await world.nobody.get(f"/v1/progress?number={master}&phone_tail=1234"))["answer"])
    assert whole == [said] * 3


async def heard(world: World, who: str, number: str) -> list[tuple[str, str, str | None]]:
    """Action, actor and words of the history; that the live feed tells the same is seen to."""
    items = (await world.by(who).get(f"work-orders/{number}/history"))["items"]
    reader = Reader(SITE, Person(who, frozenset({ROLES[who]}), "b1"), frozenset({Kind.ORDER}), 0)
    async with begin(world.resources, SITE, who) as tx:
        sent, _, _ = await live.read(tx, reader, Cursor((0, 0), (0, 0), 0))
    fed = [json.loads(each.partition(b"data: ")[2]) for each in sent]
    told = [[(each["action"], each["actor"], each["reason"]) for each in found] for found in (items, fed)]
    assert told[0] == [one for one, each in zip(told[1], fed, strict=True) if each["number"] == number]
    return told[0]


async def test_who_else_reported_an_order_its_reporter_does_not_read(world: World) -> None:
    master = await reported(world, category="water", text="Water in the cellar", building="b1")
    same = {"category": "water", "text": "Water in the cellar", "building": "b1"}
    (found,) = (await world.by("rob").post("reports/duplicates", same))["items"]
    twin = await reported(world, "rob", building="b1", join=found["handle"])
    await half_of_the_promise(world, twin)
    await do(world, "rob", twin, "urge", reason="I live next door")
    await do(world, "oscar", twin, "unmerge", reason="Another matter")
    told = await heard(world, "rita", master)
    assert [each for each in told if each[0] in {"joined", "urge", "left"}] == [
        ("joined", "(somebody)", None),
        ("left", "(somebody)", None),
    ]
    history = str(await world.by("rita").get(f"work-orders/{master}/history"))
    assert not [each for each in ("rob", "next door", twin) if each in history]
    assert ("urge", "rob", "I live next door") in await heard(world, "gwen", master)
    assert ("urge", "rob", "I live next door") in await heard(world, "rob", twin)


async def test_why_the_desk_merged_tells_its_reporter_nothing_of_who_else_did(world: World) -> None:
    master, twin = await reported(world), await reported(world, "rob")
    said = "与2单元501李女士13812345678反映的相同"
    until = to_datetime(world.clock.now_us() + HOUR_US).isoformat()
    await do(world, "oscar", twin, "hold", reason=said, until=until)
    await do(world, "oscar", twin, "merge", master=master, reason=said)
    await do(world, "oscar", twin, "unmerge", reason=said)
    for who, told in (("rob", "与2单元***某女士***反映的相同"), ("gwen", said)):
        found = {action: reason for action, _, reason in await heard(world, who, twin)}
        assert [found[action] for action in ("hold", "merge", "unmerge")] == [told] * 3, who


async def test_of_a_confidential_order_nothing_stands_with_the_open_one(world: World) -> None:
    master, twin = await reported(world), await reported(world, "rob")
    await do(world, "susan", twin, "confide", reason="Between us")
    await do(world, "susan", twin, "questions", text="Left or right?")
    await do(world, "susan", twin, "merge", master=master, reason="The same water")
    await do(world, "rob", twin, "questions/answer", text="I live next door")
    await half_of_the_promise(world, twin)
    await do(world, "rob", twin, "urge", reason="I live next door")
    own = ("urge", "rob", "I live next door")
    assert own in await heard(world, "susan", twin)
    await answered(world, master)
    await do(world, "rob", twin, "reopen", reason="Still wet")
    beside = {"joined", "noted", "urge", "left"}
    items = (await world.by("oscar").get(f"work-orders/{master}/history"))["items"]
    assert [(each["action"], each["actor"], each["reason"]) for each in items if each["action"] in beside] == [
        (action, "system", None) for action in ("joined", "noted", "urge", "left")
    ]
    assert not [each for each in ("rob", "next door", twin) if each in str(items)]
    assert [each[0] for each in await heard(world, "rita", master) if each[0] in beside] == ["joined", "left"]


async def test_the_urge_of_a_confidential_order_takes_nobody_elses(world: World) -> None:
    master, twin = await merged(world)
    await do(world, "susan", twin, "confide", reason="Between us")
    await half_of_the_promise(world, twin)
    await do(world, "rob", twin, "urge")
    await do(world, "rita", master, "urge")


async def test_a_confidential_answer_is_read_by_who_reported_the_same_and_by_no_desk(world: World) -> None:
    master, twin = await merged(world)
    by_tail = f"/v1/progress?number={twin}&phone_tail=5678"
    assert (await world.nobody.get(by_tail))["with_whom"]["unit"]
    await do(world, "susan", master, "confide", reason="Between us")
    assert (await world.nobody.get(by_tail))["with_whom"]["unit"] is None
    for who, action in (("gwen", "handle"), ("gwen", "resolve"), ("susan", "answer")):
        await do(world, who, master, action, **({} if action == "handle" else {"text": "A secret answer"}))
    world.clock.advance(HOUR_US)
    for who, answer in (("rob", "A secret answer"), ("susan", "A secret answer"), ("oscar", None)):
        assert (await order(world, twin, who))["answer"] == answer, who
        listed = {each["number"]: each for each in (await world.by(who).get("work-orders"))["items"]}
        assert listed[twin]["answer"] == answer, who
    assert (await world.nobody.get(by_tail))["answer"] == HIDDEN


async def test_why_a_category_was_corrected_is_none_of_its_reporters(world: World) -> None:
    number = await reported(world)
    await world.by("oscar").post(f"work-orders/{number}/category", {"category": "rubbish", "reason": "They lie"})
    for who, reasons in (("rita", [None, None]), ("gwen", [None, "They lie"]), ("oscar", [None, "They lie"])):
        found = await world.by(who).get(f"work-orders/{number}/category")
        assert [each["reason"] for each in found["items"]] == reasons, who


async def three(world: World) -> tuple[str, str, str]:
    """One merged into a second, which is merged into a third."""
    first, second, third = await reported(world, "ruth"), await reported(world, "rob"), await reported(world)
    await do(world, "oscar", first, "merge", master=second, reason="Same")
    await do(world, "oscar", second, "merge", master=third, reason="Same")
    return first, second, third


async def masters(world: World, *numbers: str) -> list[str | None]:
    return [(await order(world, number))["merged_into"] for number in numbers]


async def test_what_moved_on_with_an_order_comes_out_with_it(world: World) -> None:
    first, second, third = await three(world)
    own = await reported(world, "ruth")
    await do(world, "oscar", own, "merge", master=third, reason="Same")
    await do(world, "oscar", second, "unmerge", reason="Another matter")
    assert await masters(world, first, second, own) == [second, None, third]
    assert (await actions(world, first))[-3:] == ["merge", "moved-on", "went-back"]
    told = (await world.by("ruth").get("/v1/me/notices"))["items"]
    assert [each["kind"] for each in told if each["number"] == first].count("merged") == 2 + 1
    await answered(world, second)
    assert (await order(world, first, "ruth"))["answer"] == "The pump was mended"
    assert (await do(world, "ruth", first, "rate", **RATED))["rating"]["score"] == 5


async def test_what_came_by_way_of_another_comes_out_with_it_too(world: World) -> None:
    first, second, third = await three(world)
    top = await reported(world)
    await do(world, "oscar", third, "merge", master=top, reason="Same")
    await do(world, "oscar", third, "unmerge", reason="Another matter")
    assert await masters(world, first, second, third) == [third, third, None]
    await do(world, "oscar", second, "unmerge", reason="Another matter")
    assert await masters(world, first, second) == [second, None]


async def test_who_rated_the_wrong_answer_rates_the_right_one(world: World) -> None:
    first, second, third = await three(world)
    await answered(world, third)
    await do(world, "ruth", first, "rate", **RATED)
    await do(world, "oscar", second, "unmerge", reason="Another matter")
    back = await order(world, first)
    assert (back["state"], back["rating"], back["reopens"]) == ("merged", None, 1)
    clocks = await world.by("susan").get(f"work-orders/{first}/clocks")
    assert clocks["promise"]["state"] == "running"
    await answered(world, second)
    await do(world, "ruth", first, "rate", score=1, solved=False)


async def test_who_rated_and_is_merged_rates_the_answer_after_a_reopening_too(world: World) -> None:
    master, twin = await merged(world)
    other = await reported(world, "ruth")
    await do(world, "oscar", other, "merge", master=master, reason="The same water")
    await answered(world, master)
    await do(world, "rob", twin, "rate", score=1, solved=False)
    await do(world, "rita", master, "reopen", reason="Still wet")
    waiting = [await order(world, number) for number in (twin, other)]
    assert [(each["state"], each["rating"], each["reopens"]) for each in waiting] == [
        ("merged", None, 1),
        ("merged", None, 0),
    ]
    assert await refused(world, "rob", twin, "rate", **RATED) == LATE
    world.clock.advance(HOUR_US)
    await answered(world, master)
    assert "rate" in (await order(world, twin, "rob"))["possible_actions"]
    assert "请评价" in (await progress(world, twin))["next_step"]
    assert (await do(world, "rob", twin, "rate", **RATED))["rating"]["score"] == 5
    assert await refused(world, "rob", twin, "rate", **RATED) == (409, "rated_already")
    given = world.rows("SELECT round, score FROM order_ratings WHERE number = %(number)s ORDER BY round", number=twin)
    assert [tuple(each.values()) for each in given] == [(0, 1), (1, 5)]
    world.clock.advance(HOUR_US)
    await do(world, "oscar", master, "reopen", reason="Wet again")
    await do(world, "oscar", twin, "unmerge", reason="Another matter")
    assert (await order(world, twin))["reopens"] == 2


async def test_what_a_reopened_order_stands_for_is_promised_anew_and_its_history_says_so(world: World) -> None:
    first, second, third = await three(world)
    await answered(world, third)
    await do(world, "rita", third, "reopen", reason="Still wet")
    for number in (first, second):
        assert (await actions(world, number))[-1] == "promised"
    await do(world, "oscar", second, "unmerge", reason="Another matter")
    await answered(world, second)


async def test_a_reporter_takes_their_own_out_alone(world: World) -> None:
    first, second, third = await three(world)
    await answered(world, third)
    await do(world, "rob", second, "reopen", reason="Still wet")
    assert await masters(world, first, second) == [third, None]


async def test_what_is_urgent_is_merged_into_nothing_milder_and_the_other_way_round_it_is(world: World) -> None:
    mild, twin, alarm = await reported(world), await reported(world, "rob"), await reported(world, "ruth", **FIRE)
    merge = {"reason": "The same cellar"}
    response = await world.by("oscar").call("POST", f"work-orders/{alarm}/merge", {"master": mild, **merge})
    assert (response.status_code, response.json()["type"]) == (409, "urn:herun:problem:more_severe")
    assert "merge the other way round" in response.json()["detail"]
    assert (await order(world, alarm))["state"] == "dispatched"
    await do(world, "oscar", twin, "merge", master=mild, **merge)
    await do(world, "oscar", mild, "merge", master=alarm, **merge)
    assert await masters(world, twin, mild, alarm) == [alarm, alarm, None]


async def test_what_is_urgent_goes_along_into_nothing_milder(world: World) -> None:
    """Only what was merged before that was refused can be in something milder."""
    mild, alarm, third = await reported(world), await reported(world, "rob", **FIRE), await reported(world)
    merge = {"reason": "The same cellar"}
    world.rows("UPDATE work_orders SET severity = 'info' WHERE number = %(number)s", number=alarm)
    await do(world, "oscar", alarm, "merge", master=mild, **merge)
    world.rows("UPDATE work_orders SET severity = 'critical' WHERE number = %(number)s", number=alarm)
    assert await refused(world, "oscar", mild, "merge", master=third, **merge) == (409, "more_severe")


async def test_only_what_an_order_could_be_merged_into_is_offered(world: World) -> None:
    same = {"text": "Smoke and water in the cellar", "building": "b1"}
    mild, alarm = (
        await reported(world, category="water", **same),
        await reported(world, "ruth", category="fire", **same),
    )

    async def offered(number: str) -> list[str]:
        found = (await world.by("oscar").get(f"work-orders/{number}/duplicates"))["items"]
        return [each["order"]["number"] for each in found]

    assert (await offered(mild), await offered(alarm)) == (
        [alarm],
        [],
    )  # what is urgent waits for nobody's milder limits
    await do(world, "oscar", mild, "merge", master=alarm, reason="The same cellar")
    third = await reported(world, "rob", category="water", **same)
    assert (await offered(mild), await offered(third)) == ([], [alarm])  # it is merged already


async def numbers(world: World, who: str, query: str = "") -> list[str]:
    return [each["number"] for each in (await world.by(who).get(f"work-orders{query}"))["items"]]


async def reads(world: World, who: str, number: str) -> set[int]:
    """What reading an order, its history, its pictures and one of these comes to."""
    pictures = (await world.by("susan").get(f"work-orders/{number}/pictures"))["items"]
    tails = ["", "/history", "/pictures", *(f"/pictures/{each['id']}" for each in pictures)]
    return {(await world.by(who).call("GET", f"work-orders/{number}{tail}")).status_code for tail in tails}


async def test_whoever_works_on_a_master_reads_what_is_merged_into_it_and_acts_on_none_of_it(world: World) -> None:
    master, twin = await reported(world), await reported(world, "rob")
    assert (await send(world, "rob", twin)).status_code == 201
    await do(world, "oscar", twin, "merge", master=master, reason="The same water")
    await do(world, "gwen", master, "helpers", worker="greg", reason="It is heavy")
    for who in ("gwen", "greg"):
        assert await reads(world, who, twin) == {200}
        seen = await order(world, twin, who)
        assert (seen["contact_phone"], seen["possible_actions"]) == ("13********8", [])
        assert await numbers(world, who, f"?master={master}") == [twin]
        assert twin not in await numbers(world, who)
        assert (await refused(world, who, twin, "notes", text="Seen"))[0] == 403
        assert (await send(world, who, twin)).status_code == 403
    for who in ("paul", "ruth"):
        assert await reads(world, who, twin) == {404}
        assert await numbers(world, who, f"?master={master}") == []


async def test_whoever_works_on_the_whole_reads_its_parts_and_acts_on_none_of_them(world: World) -> None:
    whole = await reported(world)
    await do(world, "gwen", whole, "split", text="Mend the pump", worker="greg")
    (part,) = await numbers(world, "gwen", f"?parent={whole}")
    await do(world, "gwen", whole, "helpers", worker="paul", reason="It is heavy")
    for who in ("gwen", "paul"):
        assert await reads(world, who, part) == {200}
        assert (await order(world, part, who))["possible_actions"] == []
        assert await numbers(world, who, f"?parent={whole}") == [part]
        assert part not in await numbers(world, who)
        assert (await refused(world, who, part, "handle"))[0] == 403
    for who in ("rita", "ruth"):
        assert await reads(world, who, part) == {404}
        assert await numbers(world, who, f"?parent={whole}") == []
    await do(world, "oscar", part, "recall", reason="Somebody else's")
    assert "claim" not in (await order(world, part, "gwen"))["possible_actions"]
    assert await refused(world, "gwen", part, "claim") == (403, "not_yours")
    await do(world, "susan", part, "confide", reason="It names somebody")
    assert await reads(world, "gwen", part) == {404}
    assert await numbers(world, "gwen", f"?parent={whole}") == []


@pytest.mark.parametrize("end", ["recall", "confide", "transfer"])
async def test_whoever_has_a_master_no_more_or_what_became_confidential_reads_nothing_merged(
    world: World, end: str
) -> None:
    master, twin = await merged(world)
    assert await reads(world, "gwen", twin) == {200}
    match end:
        case "transfer":
            await do(world, "gwen", master, "transfer", worker="paul", reason="Nearer")
            assert await reads(world, "paul", twin) == {200}
        case "recall":
            await do(world, "oscar", master, "recall", reason="Not theirs")
        case "confide":
            await do(world, "susan", twin, "confide", reason="It names somebody")
    assert await reads(world, "gwen", twin) == {404}
    assert await numbers(world, "gwen", f"?master={master}") == []


async def test_whoever_has_it_hears_that_its_reporter_has_answered_and_else_the_desk(world: World) -> None:
    number = await reported(world)
    for who in ("gwen", "oscar"):
        await world.by("oscar").post(f"work-orders/{number}/questions", {"text": "Which cellar?"})
        await world.by("rita").post(f"work-orders/{number}/questions/answer", {"text": "The left"})
        assert (await kinds(world, who))[-1] == ("told", number)
        if who == "gwen":
            await do(world, "oscar", number, "recall", reason="Another one goes")
