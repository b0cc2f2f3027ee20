"""Somebody who did not close an order asks its reporter how it is: after a bad rating, and by lot."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import pytest

from api.return_visits import service
from api.transactions import begin
from api.work_orders import service as work_orders
from herun.clock import DAY_US
from tests.integration.api.notices.test_inbox import kinds
from tests.integration.api.running import SITE, World
from tests.integration.api.test_following import actions, code, reported


async def closed(world: World, reporter: str = "rita", desk: str = "oscar", **rating: Any) -> str:
    number = await reported(world, reporter, building="b1")
    for who, action, body in (
        ("gwen", "handle", {}), ("gwen", "resolve", {"text": "Done"}), (desk, "answer", {"text": "Done"}),
        (reporter, "rate", {"score": 5, "solved": True, **rating}),
    ):  # fmt: skip
        await world.by(who).post(f"work-orders/{number}/{action}", body)
    return number


async def visits(world: World) -> list[Any]:
    found: list[Any] = (await world.by("susan").get("return-visits?open=true"))["items"]
    return found


async def draw(world: World) -> int:
    async with begin(world.resources, SITE) as tx:
        return await service.draw(tx)


async def test_a_bad_rating_opens_a_visit_and_a_good_one_none(world: World) -> None:
    await closed(world)
    low, unsolved = await closed(world, score=2), await closed(world, solved=False)
    assert [(each["number"], each["reason"]) for each in await visits(world)] == [
        (unsolved, "unsolved"),
        (low, "low_score"),
    ]


async def test_who_closed_an_order_does_not_visit_it_and_unsolved_reopens_it_once(world: World) -> None:
    number = await closed(world, solved=False)
    (visit,) = await visits(world)
    path, body = f"return-visits/{visit['id']}/outcome", {"outcome": "unsolved", "note": "Still wet"}
    assert (await code(world, "oscar", path, body))[0] == 403
    await world.by("susan").post(path, body)
    order = await world.by("susan").get(f"work-orders/{number}")
    assert (order["state"], order["reopens"]) == ("dispatched", 1)
    assert await code(world, "susan", path, body) == (409, "visited_already")
    assert (await actions(world, number))[-3:] == ["rate", "reopen", "dispatch"]


@pytest.mark.parametrize("score", [2, 3])
async def test_a_visit_asks_what_a_rating_asks_and_who_is_dissatisfied_is_reopened(world: World, score: int) -> None:
    number = await closed(world, score=2)
    (visit,) = await visits(world)
    path, more = f"return-visits/{visit['id']}/outcome", {"score": score, "speed": 1, "attitude": 5, "result": 3}
    silent = await world.by("susan").call("POST", path, {"outcome": "silent", "note": "Nobody there", **more})
    assert silent.status_code == 422
    done = await world.by("susan").post(path, {"outcome": "solved", "note": "It took long", **more})
    assert {name: done[name] for name in more} == more
    order = await world.by("susan").get(f"work-orders/{number}")
    assert order["reopens"] == (1 if score == 2 else 0)
    (count,) = (await world.by("susan").get("return-visits/counts"))["items"]
    assert (count["solved"], count["satisfied"], count["dissatisfied"]) == (1, 0, 1 if score == 2 else 0)


async def test_what_is_unsolved_after_a_later_answer_reopens_the_order_too(world: World) -> None:
    number = await closed(world, solved=False)
    (visit,) = await visits(world)
    for who, action, body in (
        ("oscar", "reopen", {"reason": "Still wet"}), ("gwen", "handle", {}), ("gwen", "resolve", {"text": "Done"}),
        ("oscar", "answer", {"text": "Done now"}),
    ):  # fmt: skip
        await world.by(who).post(f"work-orders/{number}/{action}", body)
    await world.by("susan").post(f"return-visits/{visit['id']}/outcome", {"outcome": "unsolved", "note": "Still wet"})
    order = await world.by("susan").get(f"work-orders/{number}")
    assert (order["state"], order["reopens"]) == ("dispatched", 2)


async def test_an_operator_who_audits_too_visits_nobody_who_reported_something_confidential(world: World) -> None:
    number = await closed(world, desk="susan", solved=False)
    await world.by("rita").post(f"work-orders/{number}/confide", {"reason": "Between us"})
    both = {"username": "oscar", "name": "Oscar", "roles": ["operator", "auditor"]}
    await world.admin.post("people?replace=true", {"people": [both]})
    (visit,) = await visits(world)
    path, body = f"return-visits/{visit['id']}/outcome", {"outcome": "unsolved", "note": "Still wet"}
    assert await code(world, "oscar", path, {**body, "outcome": "solved"}) == (403, "not_yours")
    await world.admin.post("people?replace=true", {"people": [{**both, "roles": ["supervisor"]}]})
    await world.by("oscar").post(path, body)


@pytest.mark.parametrize("confidential", [False, True])
async def test_where_nobody_else_is_left_a_supervisor_is_told_and_visits(world: World, confidential: bool) -> None:
    number = await reported(world)
    await world.by("susan").post(f"work-orders/{number}/recall", {"reason": "Not hers"})
    await world.by("susan").post(f"work-orders/{number}/dispatch", {"worker": "gwen"})
    if confidential:
        await world.by("susan").post(f"work-orders/{number}/confide", {"reason": "Between us"})
    for who, action, body in (
        ("gwen", "handle", {}), ("gwen", "resolve", {"text": "Done"}),
        ("susan" if confidential else "oscar", "answer", {"text": "Done"}),
        ("rita", "rate", {"score": 1, "solved": False}),
    ):  # fmt: skip
        await world.by(who).post(f"work-orders/{number}/{action}", body)
    (visit,) = await visits(world)
    assert ("nobody_else_to_visit", number) in await kinds(world, "susan")
    path, body = f"return-visits/{visit['id']}/outcome", {"outcome": "solved", "note": "Dry"}
    assert (await code(world, "oscar", path, body))[0] == (404 if confidential else 403)
    assert (await world.by("susan").post(path, body))["done_by"] == "susan"


async def test_without_supervisors_the_desk_visits_what_it_had_a_hand_in(world: World) -> None:
    await world.admin.post(
        "people?replace=true", {"people": [{"username": "susan", "name": "S", "roles": ["auditor"]}]}
    )
    number = await closed(world, score=1)
    (visit,) = (await world.by("oscar").get("return-visits?open=true"))["items"]
    assert ("nobody_else_to_visit", number) in await kinds(world, "oscar")
    await world.by("oscar").post(f"return-visits/{visit['id']}/outcome", {"outcome": "solved", "note": "Dry"})


async def test_who_reported_an_order_does_not_visit_it_and_is_not_told_to(world: World) -> None:
    number = await closed(world, "oscar", "susan", solved=False)
    (visit,) = await visits(world)
    path, body = f"return-visits/{visit['id']}/outcome", {"outcome": "solved", "note": "Dry"}
    assert await code(world, "oscar", path, body) == (403, "not_yours")
    assert ("nobody_else_to_visit", number) in await kinds(world, "susan")
    assert ("nobody_else_to_visit", number) not in await kinds(world, "oscar")
    assert (await world.by("susan").post(path, body))["done_by"] == "susan"


async def test_a_supervisor_does_not_visit_what_they_reported_even_where_all_others_had_a_hand_in_it(
    world: World,
) -> None:
    number = await closed(world, "susan", solved=False)
    (visit,) = await visits(world)
    path, body = f"return-visits/{visit['id']}/outcome", {"outcome": "solved", "note": "Dry"}
    assert await code(world, "susan", path, body) == (403, "not_yours")
    assert ("nobody_else_to_visit", number) in await kinds(world, "oscar")
    assert ("nobody_else_to_visit", number) not in await kinds(world, "susan")
    assert (await world.by("oscar").post(path, body))["done_by"] == "oscar"


async def test_who_is_drawn_and_can_be_visited_by_others_is_told_to_nobody(world: World) -> None:
    await world.by("susan").put("return-visits/plan", {"shares": [{"percent": 100}]})
    number = await closed(world)
    world.clock.advance(DAY_US)
    await draw(world)
    assert [each["number"] for each in await visits(world)] == [number]
    assert "nobody_else_to_visit" not in {kind for kind, _ in await kinds(world, "susan")}


async def test_silence_is_counted_as_silence(world: World) -> None:
    number = await closed(world, score=1)
    (visit,) = await visits(world)
    await world.by("susan").post(f"return-visits/{visit['id']}/outcome", {"outcome": "silent", "note": "No answer"})
    (count,) = (await world.by("audrey").get("return-visits/counts"))["items"]
    nobody = {"satisfied": 0, "dissatisfied": 0}
    assert count == {"reason": "low_score", "open": 0, "solved": 0, "unsolved": 0, "silent": 1, **nobody}
    assert (await world.by("susan").get(f"work-orders/{number}"))["state"] == "rated"


async def test_a_day_that_is_over_is_drawn_once_with_a_seed_that_draws_the_same_again(world: World) -> None:
    await world.by("susan").put("return-visits/plan", {"shares": [{"percent": 50}]})
    numbers = [await closed(world) for _ in range(4)]
    assert await draw(world) == 0
    world.clock.advance(DAY_US)
    assert [await draw(world), await draw(world)] == [1, 0]
    (found,) = (await world.by("audrey").get("return-visits/draws"))["items"]
    assert found["closed"] == sorted(numbers)
    # As the guide tells it, with nothing of ours.
    lots = {hashlib.sha256(f"{found['seed']}:{each['number']}".encode()).hexdigest(): each for each in found["orders"]}
    assert found["drawn"] == [lots[lot]["number"] for lot in sorted(lots)][:2]
    assert isinstance(found["seed"], str)
    assert sorted(each["number"] for each in await visits(world)) == sorted(found["drawn"])
    assert len(found["drawn"]) == 2


async def test_a_draw_tells_what_the_orders_were_then_and_older_ones_follow_by_cursor(world: World) -> None:
    await world.by("susan").put("return-visits/plan", {"shares": [{"category": "water", "percent": 100}]})
    number = await closed(world)
    before = (await world.by("susan").get(f"work-orders/{number}"))["unit"]
    world.clock.advance(3 * DAY_US)
    assert [await draw(world) for _ in range(3)] == [1, 1, 1]
    world.rows("UPDATE return_visit_draws SET orders = NULL WHERE day = '2026-06-02'")  # of the version before
    world.rows("UPDATE work_orders SET category = 'noise', unit = 'x'")
    pages: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await world.by("audrey").get(f"return-visits/draws?limit=1{cursor and '&cursor=' + cursor}")
        pages += page["items"]
        cursor = page["next_cursor"]
    assert [each["day"] for each in pages] == ["2026-06-03", "2026-06-02", "2026-06-01"]
    assert [each["orders"] for each in pages] == [
        [], None, [{"number": number, "category": "water", "unit": before}],
    ]  # fmt: skip


async def test_a_draw_names_confidential_orders_to_few(world: World) -> None:
    await world.by("susan").put("return-visits/plan", {"shares": [{"percent": 100}]})
    secret, other = await closed(world), await closed(world)
    await world.by("susan").post(f"work-orders/{secret}/confide", {"reason": "Between us"})
    world.clock.advance(DAY_US)
    assert await draw(world) == 1
    for who, numbers in (("audrey", sorted([secret, other])), ("oscar", [other])):
        (found,) = (await world.by(who).get("return-visits/draws"))["items"]
        assert (found["closed"], sorted(found["drawn"])) == (numbers, numbers), who
        assert [each["number"] for each in found["orders"]] == numbers


async def test_what_nobody_rated_may_be_drawn_too(world: World) -> None:
    await world.by("susan").put("return-visits/plan", {"shares": [{"category": "water", "percent": 1}]})
    number = await reported(world)
    for who, action in (("gwen", "handle"), ("gwen", "resolve"), ("oscar", "answer")):
        await world.by(who).post(f"work-orders/{number}/{action}", {} if action == "handle" else {"text": "Done"})
    world.clock.advance(7 * DAY_US)
    async with begin(world.resources, SITE) as tx:
        assert await work_orders.close_silent(tx) == 1
    world.clock.advance(DAY_US)
    while await draw(world):
        pass
    assert [each["reason"] for each in await visits(world)] == ["sample"]


@pytest.mark.parametrize(
    ("twins", "is_drawn"),
    [("contact_phone = contact_phone", True), ("contact_phone = NULL", True), ("reporter = NULL", True),
     ("contact_phone = NULL, reporter = NULL", False), ("contact_phone = NULL, channel = 'open311'", False),
     ("confidential = true", False)],
)  # fmt: skip
async def test_an_order_is_drawn_from_if_any_who_reported_the_same_can_be_asked(
    world: World, twins: str, is_drawn: bool
) -> None:
    await world.by("susan").put("return-visits/plan", {"shares": [{"percent": 100}]})
    master, twin = await reported(world), await reported(world, "rob")
    await world.by("oscar").post(f"work-orders/{twin}/merge", {"master": master, "reason": "The same water"})
    for number, change in ((master, "contact_phone = NULL, channel = 'open311'"), (twin, twins)):
        world.rows(f"UPDATE work_orders SET {change} WHERE number = %(number)s", number=number)
    for who, action in (("gwen", "handle"), ("gwen", "resolve"), ("oscar", "answer")):
        await world.by(who).post(f"work-orders/{master}/{action}", {} if action == "handle" else {"text": "Done"})
    await world.by("rita").post(f"work-orders/{master}/rate", {"score": 5, "solved": True})
    world.clock.advance(DAY_US)
    assert await draw(world) == 1
    assert [each["number"] for each in await visits(world)] == ([master] if is_drawn else [])


async def test_of_an_account_that_is_disabled_nobody_can_be_asked(world: World) -> None:
    number = await reported(world)
    world.rows("UPDATE work_orders SET contact_phone = NULL")
    path = f"work-orders/{number}/questions"
    world.rows("UPDATE people SET enabled = false WHERE username = 'rita'")
    assert await code(world, "oscar", path, {"text": "Left or right?"}) == (409, "no_reporter")
    world.rows("UPDATE people SET enabled = true WHERE username = 'rita'")
    assert (await code(world, "oscar", path, {"text": "Left or right?"}))[0] == 201


async def test_a_plan_of_what_no_order_can_be_is_refused_with_the_nearest_names(world: World) -> None:
    shares = [
        {"category": "water", "percent": 1},
        {"category": "watr", "percent": 1},
        {"unit": "water-c", "percent": 1},
    ]
    answer = await world.by("susan").call("PUT", "return-visits/plan", {"shares": shares})
    said = answer.json()
    assert (answer.status_code, said["type"]) == (422, "urn:herun:problem:unknown_category")
    assert [each["loc"] for each in said["errors"]] == [
        ["body", "shares", 1, "category"],
        ["body", "shares", 2, "unit"],
    ]
    assert ["water" in each["msg"] for each in said["errors"]] == [True, True]
    for share in ({"category": "system"}, {"unit": "desk"}, {"category": "fire", "unit": "fire-brigade"}):
        await world.by("susan").put("return-visits/plan", {"shares": [{**share, "percent": 1}]})


async def test_who_visits_and_who_reopens_at_once_never_wait_for_one_another(world: World) -> None:
    for _ in range(6):
        number = await closed(world, solved=False)
        visit, reopen = (await visits(world))[0], {"reason": "Still wet"}
        answers = await asyncio.gather(
            world.by("susan").call(
                "POST", f"return-visits/{visit['id']}/outcome", {"outcome": "unsolved", "note": "n"}
            ),
            world.by("rita").call("POST", f"work-orders/{number}/reopen", reopen),
            world.by("oscar").call("POST", f"work-orders/{number}/reopen", reopen),
            world.by("rita").call("POST", f"work-orders/{number}/confide", {"reason": "Private"}),
        )
        assert {each.status_code for each in answers} <= {200, 404, 409}, [each.text for each in answers]
        assert (await world.by("susan").get(f"work-orders/{number}"))["reopens"] == 1
        await world.by("susan").call("POST", f"return-visits/{visit['id']}/outcome", {"outcome": "silent", "note": "n"})
