"""The life of a work order."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final

import pytest
from psycopg.errors import InsufficientPrivilege

from api.work_orders.states import Action, State, next_state
from tests.integration.api.running import World

REPORT: Final = {"category": "water", "text": "Water in the cellar"}
BODIES: Final[dict[str, Any]] = {
    "accept": {},
    "dispatch": {},
    "handle": {},
    "resolve": {"text": "Pumped out"},
    "answer": {"text": "The pump was mended"},
    "rate": {"score": 5, "solved": True},
    "claim": {},
    "arrive": {},
    "transfer": {"worker": "greg", "reason": "He is nearer"},
    "hold": {"until": "2026-06-03T12:00:00+08:00", "reason": "The part is ordered"},
    "resume": {},
    "unmerge": {"reason": "Another matter"},
    "return": {"code": "not_ours", "reason": "Not mine"},
    "sign-off": {},
    "refuse-return": {"reason": "It is yours"},
    "arbitrate": {"worker": "greg", "reason": "It is his"},
    "recall": {"reason": "It is urgent elsewhere"},
    "confide": {"reason": "It names a neighbour"},
    "disclose": {"reason": "It names nobody"},
    "reopen": {"reason": "Wet again"},
    "cancel": {"reason": "A mistake"},
}
# Who does it in the tests below: the grid worker of b1, an operator, the resident who reported.
DOERS: Final = {
    "accept": "oscar", "dispatch": "oscar", "handle": "gwen", "resolve": "gwen", "answer": "oscar", "rate": "rita",
    "return": "gwen", "reopen": "rita", "cancel": "oscar", "claim": "gwen", "arrive": "gwen", "transfer": "gwen",
    "hold": "gwen", "resume": "gwen", "unmerge": "oscar", "sign-off": "oscar", "refuse-return": "oscar",
    "arbitrate": "susan", "recall": "oscar", "confide": "rita", "disclose": "susan",
}  # fmt: skip
# These ask for another order, or are the system's: test_order_cycle.py has them.
OTHERS: Final = {Action.MERGE, Action.SPLIT, Action.CLOSE}


async def act(world: World, number: str, action: str, who: str | None = None, **body: Any) -> Any:
    return await world.by(who or DOERS[action]).post(f"work-orders/{number}/{action}", {**BODIES[action], **body})


async def test_a_report_goes_the_whole_way_to_its_rating(world: World) -> None:
    order = await world.by("rita").post("reports", REPORT)
    assert (order["state"], order["worker"], order["building"]) == ("dispatched", "gwen", "b1")
    for action, state in [("handle", "handling"), ("resolve", "resolved"), ("answer", "answered"), ("rate", "rated")]:
        order = await act(world, order["number"], action)
        assert order["state"] == state
    assert order["rating"] == {
        "score": 5, "solved": True, "comment": None, "speed": None, "attitude": None, "result": None,
        "rated_by": "rita",
    }  # fmt: skip
    history = (await world.by("rita").get(f"work-orders/{order['number']}/history"))["items"]
    assert [(entry["action"], entry["actor"]) for entry in history] == [
        ("opened", "rita"), ("accept", "system"), ("dispatch", "system"), ("handle", "gwen"), ("resolve", "gwen"),
        ("answer", "oscar"), ("rate", "rita"),
    ]  # fmt: skip
    assert [entry["feed_seq"] for entry in history] == [1, 2, 3, 4, 5, 6, 7]
    assert all(after["from_state"] == before["to_state"] for before, after in pairwise(history))


@pytest.mark.parametrize("action", sorted(set(Action) - OTHERS))
async def test_an_action_is_done_where_the_table_says_so_and_nowhere_else(world: World, action: Action) -> None:
    order = await world.by("rita").post("reports", REPORT)
    for state in State:
        world.rows(
            "UPDATE work_orders SET state = %(state)s, worker = 'gwen', version = version + 10,"
            " state_before = 'handling', returns = 0, transfers = 0, arbitrated = false,"
            " confidential = %(confidential)s",
            state=state,
            confidential=action is Action.DISCLOSE,
        )
        path = f"work-orders/{order['number']}/{action}"
        response = await world.by(DOERS[action]).call("POST", path, BODIES[action])
        expected = next_state(state, action, State.HANDLING)
        # This one was in handling before it was put on hold, and what is merged its reporter alone withdraws.
        refused = {(Action.REOPEN, State.MERGED), (Action.CANCEL, State.ON_HOLD), (Action.CANCEL, State.MERGED)}
        if expected is None or (action, state) in refused:
            assert (response.status_code, response.json()["type"]) == (409, "urn:herun:problem:wrong_state")
        elif action in {Action.ACCEPT, Action.REOPEN, Action.UNMERGE}:
            assert response.json()["state"] == "dispatched"  # at once, to whom it fits
        else:
            assert response.json()["state"] == expected


async def refused(world: World, number: str, action: str, who: str) -> int:
    response = await world.by(who).call("POST", f"work-orders/{number}/{action}", BODIES[action])
    return response.status_code


async def test_a_report_goes_to_the_grid_worker_of_its_building_who_knows_the_category(world: World) -> None:
    rita = world.by("rita")
    assert (await rita.post("reports", {**REPORT, "building": "b2"}))["worker"] == "greg"
    assert (await rita.post("reports", {"category": "fire", "text": "Smoke"}))["worker"] == "gwen"


@pytest.mark.parametrize("report", [{"category": "noise"}, {"category": "fire", "building": "b2"}, {"building": "b3"}])
async def test_a_report_that_fits_nobody_stays_accepted_for_the_operators(world: World, report: Any) -> None:
    order = await world.by("rita").post("reports", {**REPORT, **report})
    assert (order["state"], order["worker"]) == ("accepted", None)
    waiting = await world.by("oscar").get("work-orders?state=accepted")
    assert [each["number"] for each in waiting["items"]] == [order["number"]]


async def test_orders_go_to_whoever_has_least_to_do_and_then_by_name(world: World) -> None:
    second = {"username": "anna", "name": "Anna", "roles": ["grid_worker"], "grids": ["g1", "g2"], "skills": ["water"]}
    await world.admin.post("people", {"people": [second]})
    reports = [await world.by("rita").post("reports", REPORT) for _ in range(4)]
    assert [order["worker"] for order in reports] == ["anna", "gwen", "anna", "gwen"]
    await act(world, reports[1]["number"], "handle")
    await act(world, reports[1]["number"], "resolve")
    assert (await world.by("rita").post("reports", REPORT))["worker"] == "gwen"


async def test_an_operator_dispatches_by_hand_to_a_worker_and_to_nobody_else(world: World) -> None:
    order = await world.by("rita").post("reports", {**REPORT, "category": "noise"})
    path = f"work-orders/{order['number']}/dispatch"
    assert (await world.by("oscar").call("POST", path, {})).json()["type"] == "urn:herun:problem:nobody_fits"
    for nobody in ("rita", "susan", "nobody"):
        assert (await world.by("oscar").call("POST", path, {"worker": nobody})).status_code == 422
    assert (await world.by("oscar").post(path, {"worker": "paul"}))["worker"] == "paul"


async def test_a_returned_order_waits_for_an_operator(world: World) -> None:
    order = await world.by("rita").post("reports", REPORT)
    order = await act(world, order["number"], "return")
    assert (order["state"], order["worker"]) == ("returned", "gwen")
    order = await act(world, order["number"], "sign-off")
    assert (order["state"], order["worker"]) == ("accepted", None)


async def test_a_reopened_order_is_dispatched_again_and_begins_a_clean_round(world: World) -> None:
    order = await world.by("rita").post("reports", REPORT)
    for action in ("handle", "resolve", "answer", "rate"):
        order = await act(world, order["number"], action)
    order = await act(world, order["number"], "reopen")
    assert (order["state"], order["worker"]) == ("dispatched", "gwen")
    assert (order["resolution"], order["answer"], order["rating"]) == (None, None, None)


@pytest.mark.parametrize("action", ["return", "reopen", "cancel", "resolve", "answer"])
async def test_words_are_required_where_somebody_must_say_why(world: World, action: str) -> None:
    order = await world.by("rita").post("reports", REPORT)
    for body in ({}, {"reason": ""}, {"text": " "}):
        response = await world.by(DOERS[action]).call("POST", f"work-orders/{order['number']}/{action}", body)
        assert response.status_code == 422


async def test_only_its_own_worker_handles_an_order(world: World) -> None:
    order = await world.by("rita").post("reports", REPORT)
    assert await refused(world, order["number"], "handle", "greg") == 404  # not for his eyes
    assert await refused(world, order["number"], "handle", "oscar") == 403
    assert await refused(world, order["number"], "handle", "rita") == 403


async def test_a_report_is_seen_by_its_reporter_its_worker_and_the_desk(world: World) -> None:
    order = await world.by("rita").post("reports", REPORT)
    for who in ("rita", "gwen", "oscar", "susan", "audrey", "admin"):
        assert (await world.by(who).get(f"work-orders/{order['number']}"))["number"] == order["number"]
        assert len((await world.by(who).get("work-orders"))["items"]) == 1
    for who in ("rob", "ruth", "greg", "paul"):
        assert (await world.by(who).call("GET", f"work-orders/{order['number']}")).status_code == 404
        assert (await world.by(who).call("GET", f"work-orders/{order['number']}/history")).status_code == 404
        assert (await world.by(who).get("work-orders"))["items"] == []


async def test_the_phone_is_whole_for_those_who_must_call_and_masked_for_others(world: World) -> None:
    order = await world.by("rita").post("reports", REPORT)
    seen = {who: (await world.by(who).get(f"work-orders/{order['number']}"))["contact_phone"]
            for who in ("rita", "gwen", "oscar", "audrey", "admin")}  # fmt: skip
    assert seen == {"rita": "13800001234", "gwen": "13800001234", "oscar": "13800001234", "audrey": "13********4",
                    "admin": "13********4"}  # fmt: skip


async def until_answered(world: World, number: str) -> None:
    for action in ("handle", "resolve", "answer"):
        await act(world, number, action)


async def test_a_report_is_rated_by_its_reporter_and_by_nobody_else(world: World) -> None:
    order = await world.by("rita").post("reports", REPORT)
    await until_answered(world, order["number"])
    assert await refused(world, order["number"], "rate", "rob") == 404
    assert await refused(world, order["number"], "rate", "gwen") == 403
    assert await refused(world, order["number"], "rate", "oscar") == 403
    assert (await act(world, order["number"], "rate", "rita"))["state"] == "rated"
    assert await refused(world, order["number"], "rate", "rita") == 409


@pytest.mark.parametrize(
    "body", [{"score": True, "solved": True}, {"score": "5", "solved": True}, {"score": 5, "solved": "yes"}]
)
async def test_a_rating_is_a_number_and_a_yes_or_no(world: World, body: dict[str, Any]) -> None:
    order = await world.by("rita").post("reports", REPORT)
    await until_answered(world, order["number"])
    response = await world.by("rita").call("POST", f"work-orders/{order['number']}/rate", body)
    assert response.status_code == 422


async def test_an_alerts_order_is_rated_once_by_a_resident_of_its_building(world: World) -> None:
    await world.follow(world.alert())
    (order,) = (await world.by("rob").get("work-orders"))["items"]
    await until_answered(world, order["number"])
    assert await refused(world, order["number"], "rate", "ruth") == 404
    assert (await act(world, order["number"], "rate", "rob"))["rating"]["rated_by"] == "rob"
    assert await refused(world, order["number"], "rate", "rita") == 409


async def test_whoever_closed_an_order_never_rates_it(world: World) -> None:
    both = {"username": "bob", "name": "Bob", "roles": ["resident", "grid_worker", "operator"], "building": "b1"}
    await world.admin.post("people", {"people": [both]})
    order = await world.by("bob").post("reports", {**REPORT, "category": "noise"})
    await act(world, order["number"], "dispatch", "oscar", worker="bob")
    for action in ("handle", "resolve", "answer"):
        await act(world, order["number"], action, "bob")
    response = await world.by("bob").call("POST", f"work-orders/{order['number']}/rate", BODIES["rate"])
    assert (response.status_code, response.json()["type"]) == (403, "urn:herun:problem:not_yours")


@pytest.mark.parametrize("rating", [{"score": 0}, {"score": 6}, {"solved": None}, {"score": 2.5}])
async def test_a_rating_is_one_to_five_and_says_whether_it_is_solved(world: World, rating: Any) -> None:
    order = await world.by("rita").post("reports", REPORT)
    await until_answered(world, order["number"])
    body = {**BODIES["rate"], **rating}
    assert (await world.by("rita").call("POST", f"work-orders/{order['number']}/rate", body)).status_code == 422


async def test_orders_are_numbered_by_the_sites_own_date(world: World) -> None:
    world.clock.at_us += 13 * 3600 * 1_000_000  # 01:00 of the next day in Shanghai, 17:00 of this one in Greenwich
    order = await world.by("rita").post("reports", REPORT)
    assert order["number"].startswith("WO20260602-")


async def test_pages_of_orders_are_stable_while_new_ones_come(world: World) -> None:
    made = [(await world.by("rita").post("reports", REPORT))["number"] for _ in range(5)]
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await world.by("rita").get(f"work-orders?limit=2{cursor and '&cursor=' + cursor}")
        seen += [order["number"] for order in page["items"]]
        cursor = page["next_cursor"]
        await world.by("rita").post("reports", REPORT)
    assert seen == made[::-1]


async def test_history_is_never_rewritten(world: World) -> None:
    order = await world.by("rita").post("reports", REPORT)
    for statement in ("UPDATE order_history SET actor = 'x'", "DELETE FROM order_history", "DELETE FROM work_orders"):
        with pytest.raises(InsufficientPrivilege):
            world.rows(statement, role="herun_api", bound_to="*")
    assert len((await world.by("rita").get(f"work-orders/{order['number']}/history"))["items"]) == 3


@pytest.mark.parametrize("who", ["rita", "oscar"])
async def test_a_history_is_read_page_by_page_to_its_end(world: World, who: str) -> None:
    number = (await world.by("rita").post("reports", REPORT))["number"]
    for n in range(3):
        await world.by("gwen").post(f"work-orders/{number}/notes", {"text": f"note {n}"})
    await act(world, number, "handle")
    path = f"work-orders/{number}/history"
    whole = await world.by(who).get(path)
    assert whole["next_cursor"] is None
    assert whole["items"][-1]["action"] == "handle"
    page = await world.by(who).get(f"{path}?limit=2")
    read = list(page["items"])
    while page["next_cursor"]:
        assert len(page["items"]) == 2
        page = await world.by(who).get(f"{path}?limit=2&cursor={page['next_cursor']}")
        read += page["items"]
    assert read == whole["items"]
    assert (await world.by(who).call("GET", f"{path}?cursor=x")).status_code == 400


async def test_the_order_machine_tells_itself(world: World) -> None:
    told = await world.by("rita").get("/v1/work-order-states")
    assert [each["state"] for each in told["states"]] == list(State)
    assert all(each["sentence"]["zh"] and each["sentence"]["en"] for each in told["states"])
    actions = {each["action"]: each for each in told["actions"]}
    assert actions["handle"] == {
        "action": "handle", "sources": ["dispatched"], "to": ["handling"], "stays": False, "who": ["worker"],
        "roles": ["grid_worker", "property_staff"], "requires": [], "may_require": [], "codes": [], "rule": None,
    }  # fmt: skip
    assert {each["action"] for each in told["actions"] if "arbitration" in each["to"]} == {
        "unmerge", "sign-off", "refuse-return", "recall", "reopen",
    }  # fmt: skip
    assert actions["resume"]["to"] == ["accepted", "dispatched", "handling"]
    assert actions["rate"]["to"] == ["rated", "merged"]
    assert ("not_ours" in actions["return"]["codes"], "photo_after" in actions["resolve"]["may_require"]) == (
        True,
        True,
    )
    assert (actions["return"]["requires"], actions["close"]["who"]) == (["code", "reason"], [])
    assert (actions["rate"]["sources"], actions["rate"]["requires"]) == (["answered", "merged"], ["score", "solved"])
    possible = {each["state"]: set(each["actions"]) for each in told["states"]}
    report = {"category": "water", "text": "Water", "building": "b1"}
    master, twin = [(await world.by(who).post("reports", report))["number"] for who in ("rita", "rob")]
    await world.by("oscar").post(f"work-orders/{twin}/merge", {"master": master, "reason": "Same"})
    for who, action, body in (
        ("gwen", None, {}), ("gwen", "handle", {}), ("gwen", "resolve", {"text": "Done"}),
        ("oscar", "answer", {"text": "Done"}), ("rob", None, {}),
    ):  # fmt: skip
        if action is not None:
            await world.by(who).post(f"work-orders/{master}/{action}", body)
        for reader, number in (("gwen", master), ("oscar", master), ("rob", twin)):
            order = await world.by(reader).get(f"work-orders/{number}")
            assert set(order["possible_actions"]) <= possible[order["state"]]
    assert "rate" in (await world.by("rob").get(f"work-orders/{twin}"))["possible_actions"]
    assert (await world.nobody.call("GET", "/v1/work-order-states")).status_code == 401
