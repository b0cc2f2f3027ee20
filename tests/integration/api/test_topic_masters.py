"""A topic's master and the topic's own reports: six reports of one matter are one order."""

from __future__ import annotations

from typing import Any, Final

import pytest

from api.topics.service import SENSOR_ALERTS
from api.work_orders import store
from herun.clock import HOUR_US, MINUTE_US
from tests.integration.api.running import World
from tests.integration.api.test_dispatch import add_worker
from tests.integration.api.test_order_cycle import answered, do, order, refused
from tests.integration.api.test_topics import FLOODS, sort_now, topics
from tests.unit.api.test_topics import SAID

EXTRA: Final = "地下车库又积水了，水泵坏了"


async def heard_of(world: World, texts: list[str] = FLOODS, building: str = "b1", **more: Any) -> list[str]:
    """Reports of one matter, each by somebody else of the house; returns their numbers."""
    names = [f"{building}-{n}" for n in range(len(texts))]
    usual = {"roles": ["resident"], "building": building}
    await world.admin.post("people", {"people": [{"username": each, "name": each, **usual} for each in names]})
    report = {"category": "water", **more}
    said = zip(names, texts, strict=True)
    made = [await world.by(who).post("reports", {**report, "text": text}) for who, text in said]
    world.clock.advance(MINUTE_US)
    return [each["number"] for each in made]


async def states(world: World, numbers: list[str]) -> list[tuple[str, str | None]]:
    found = [await order(world, number) for number in numbers]
    return [(each["state"], each["merged_into"]) for each in found]


async def join_by_desk(world: World, numbers: list[str], master: str) -> None:
    for number in numbers:
        await do(world, "oscar", number, "merge", master=master, reason="Same")


async def test_what_nobody_has_begun_with_goes_into_the_master_and_what_somebody_handles_stays(world: World) -> None:
    first, *others = await heard_of(world)
    await do(world, "gwen", first, "handle")
    done = await sort_now(world)
    (master,) = done["masters"]
    assert done["merged"] == others
    assert await states(world, [first, *others]) == [("handling", None)] + [("merged", master)] * 5
    own = (await world.by("oscar").get("work-orders?worker=gwen&state=dispatched"))["items"]
    assert [each["number"] for each in own] == [master]
    (told,) = [each for each in (await world.by("b1-1").get("/v1/me/notices"))["items"] if each["kind"] == "merged"]
    assert told["number"] == others[0]
    assert (await sort_now(world))["merged"] == []


async def test_who_reported_it_already_and_says_more_is_heard(world: World) -> None:
    await heard_of(world)
    await sort_now(world)
    more = await world.by("b1-1").post("reports", {"category": "water", "text": EXTRA})
    assert (more["state"], more["merged_into"]) == ("dispatched", None)  # what it is a person decides
    assert (await sort_now(world))["merged"] == []  # later, too
    assert await states(world, [more["number"]]) == [("dispatched", None)]


async def test_what_a_person_took_out_again_stays_out(world: World) -> None:
    numbers = await heard_of(world)
    (master,) = (await sort_now(world))["masters"]
    await do(world, "oscar", numbers[2], "unmerge", reason="Something else")
    assert (await sort_now(world))["merged"] == []
    assert await states(world, numbers[2:3]) == [("dispatched", None)]
    assert (await order(world, master))["state"] == "dispatched"


async def test_whose_reports_are_all_answered_needs_no_master(world: World) -> None:
    first, *others = await heard_of(world)
    await join_by_desk(world, others, first)
    await answered(world, first)
    done = await sort_now(world)
    assert (len(done["founded"]), done["masters"], done["adopted"]) == (1, [], [])
    (topic,) = await topics(world)
    assert topic["master"] is None


async def test_the_order_into_which_people_merged_them_is_the_master_for_later_reporters(world: World) -> None:
    first, *others = await heard_of(world)
    await join_by_desk(world, others[:3], first)
    done = await sort_now(world)
    assert (done["masters"], done["adopted"]) == ([], [first])
    assert done["merged"] == others[3:]
    (topic,) = await topics(world)
    assert (topic["master"], topic["master_state"]) == (first, "dispatched")
    later = await world.by("rita").post("reports", {"category": "water", "text": EXTRA})
    assert later["merged_into"] == first
    assert (await sort_now(world))["adopted"] == []


async def test_what_comes_after_the_master_stands_for_all_that_it_may_is_taken_in_by_itself(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = await heard_of(world)
    (master,) = (await sort_now(world))["masters"]
    monkeypatch.setattr(store, "MAX_MERGED", len(numbers))
    later = await world.by("rita").post("reports", {"category": "water", "text": EXTRA})
    assert (later["state"], later["merged_into"]) == ("dispatched", None)
    monkeypatch.undo()
    assert (await world.by("rob").post("reports", {"category": "water", "text": EXTRA}))["merged_into"] == master


async def test_a_master_of_one_house_answers_no_other(world: World) -> None:
    numbers = await heard_of(world)
    (master,) = (await sort_now(world))["masters"]
    elsewhere = await heard_of(world, FLOODS[:2], "b2")
    done = await sort_now(world)
    assert (done["joined"], done["merged"]) == (2, [])
    later = await world.by("ruth").post("reports", {"category": "water", "text": EXTRA})
    assert later["state"] == "dispatched"
    assert await states(world, elsewhere) == [("dispatched", None)] * 2
    assert await states(world, numbers) == [("merged", master)] * 6


async def test_a_master_of_several_houses_goes_to_the_grid_of_most_and_takes_them_over_at_once(world: World) -> None:
    numbers = await heard_of(world, FLOODS[:2]) + await heard_of(world, FLOODS[2:], "b2")
    done = await sort_now(world)
    (master,) = done["masters"]
    found = await order(world, master)
    assert (found["building"], found["grid"], found["worker"], found["state"]) == (None, "g2", "greg", "dispatched")
    assert done["merged"] == numbers
    for who in ("rita", "ruth"):
        assert (await world.by(who).post("reports", {"category": "water", "text": EXTRA}))["merged_into"] == master


async def test_what_a_master_that_nobody_fits_takes_over_waits_until_somebody_has_it(world: World) -> None:
    numbers = await heard_of(world, FLOODS[:3], category="noise")
    numbers += await heard_of(world, FLOODS[3:], "b2", category="noise")
    done = await sort_now(world)
    (master,) = done["masters"]
    assert (done["merged"], (await order(world, master))["worker"]) == ([], None)
    await do(world, "oscar", master, "dispatch", worker="gwen")
    world.clock.advance(HOUR_US)
    assert (await sort_now(world))["merged"] == numbers
    assert await refused(world, "greg", numbers[4], "handle") == (404, "not_found")


async def test_a_critical_report_is_merged_by_a_person_alone(world: World) -> None:
    await add_worker(world, "fay", skills=["flooding"])
    numbers = await heard_of(world, category="flooding")
    done = await sort_now(world)
    assert len(done["masters"]) == 1
    assert done["merged"] == []
    assert {state for state, _ in await states(world, numbers)} == {"dispatched"}


async def test_a_critical_report_of_what_sensors_told_of_is_answered_and_the_worker_hears_of_it_at_once(
    world: World,
) -> None:
    await add_worker(world, "fay", skills=["flooding", "lift"])
    for n in range(SENSOR_ALERTS):
        await world.follow(world.alert(rule_uid=f"r{n}", category="flooding"))
        await world.follow(world.alert(rule_uid=f"s{n}", category="lift"))
    masters = {(await order(world, each))["category"]: each for each in (await sort_now(world))["masters"]}
    flood = masters["flooding"]
    assert (await order(world, masters["lift"]))["severity"] == "critical"
    later = await world.by("rita").post("reports", {"category": "flooding", "text": EXTRA})
    assert (later["severity"], later["merged_into"]) == ("critical", flood)
    told = world.rows("SELECT recipient, number, urgency FROM notices WHERE kind = 'told' ORDER BY recipient")
    assert told == [{"recipient": who, "number": flood, "urgency": "now"} for who in ("fay", "oscar")]
    trapped = {"category": "lift", "text": "电梯里困了人", "attributes": {"trapped": "yes"}}
    assert (await world.by("rob").post("reports", trapped))["merged_into"] is None


@pytest.mark.parametrize("since", ["on hold", "a day ago"])
async def test_what_is_critical_is_not_answered_by_what_nobody_is_at_or_was_sensed_long_ago(
    world: World, since: str
) -> None:
    await add_worker(world, "fay", skills=["flooding"])
    for n in range(SENSOR_ALERTS):
        await world.follow(world.alert(rule_uid=f"r{n}", category="flooding"))
    (master,) = (await sort_now(world))["masters"]
    if since == "on hold":
        await do(world, "fay", master, "hold", until="2026-06-05T12:00:00+08:00", reason="Parts")
    else:
        world.clock.advance(25 * HOUR_US)
    later = await world.by("rita").post("reports", {"category": "flooding", "text": EXTRA})
    assert (later["state"], later["merged_into"]) == ("dispatched", None)


async def test_a_master_is_as_severe_as_the_most_severe_of_its_reports(world: World) -> None:
    numbers = await heard_of(world)
    world.rows("UPDATE work_orders SET severity = 'warning' WHERE number = %(number)s", number=numbers[2])
    done = await sort_now(world)
    (master,) = done["masters"]
    assert ((await order(world, master))["severity"], done["merged"]) == ("warning", numbers)


async def test_what_is_more_severe_than_the_master_stays_by_itself_and_the_others_go(world: World) -> None:
    numbers = await heard_of(world, FLOODS[:3], category="noise")
    numbers += await heard_of(world, FLOODS[3:], "b2", category="noise")
    (master,) = (await sort_now(world))["masters"]
    world.rows("UPDATE work_orders SET severity = 'warning' WHERE number = %(number)s", number=numbers[2])
    await do(world, "oscar", master, "dispatch", worker="gwen")
    world.clock.advance(HOUR_US)
    assert (await sort_now(world))["merged"] == [*numbers[:2], *numbers[3:]]
    assert await states(world, numbers[2:3]) == [("accepted", None)]


async def test_what_an_answer_makes_critical_is_merged_by_a_person_alone(world: World) -> None:
    await add_worker(world, "liam", skills=["lift"])
    lift: dict[str, Any] = {"category": "lift", "attributes": {"trapped": "no"}}
    await heard_of(world, [text.removeprefix("3号楼") for text in SAID["lift"]], **lift)  # in their own house
    (master,) = (await sort_now(world))["masters"]
    report = {**lift, "text": SAID["lift"][1]}
    assert (await world.by("rita").post("reports", report))["merged_into"] == master
    trapped = {**report, "attributes": {"trapped": "yes"}}
    assert (await world.by("rob").post("reports", trapped))["state"] == "dispatched"
