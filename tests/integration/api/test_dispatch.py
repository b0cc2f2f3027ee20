"""Who gets an order: rules, rosters, the chain, the round, positions, and what an arbiter's decision becomes."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import pytest

from api.dispatch import times
from herun.clock import HOUR_US, MINUTE_US
from tests.integration.api.running import LAYOUT, World
from tests.integration.api.test_order_cycle import actions, do, give_back, order, refused, reported

SHIFT: Final = {"windows": [{"days": ["mon"], "from": "08:00", "to": "18:00"}]}  # the clock says Monday noon
NIGHT: Final = {"windows": [{"days": ["mon"], "from": "18:00", "to": "24:00"}]}


async def put_rules(world: World, *rules: dict[str, Any], who: str = "susan") -> Any:
    return await world.by(who).put("dispatch-rules", {"rules": list(rules)})


async def add_worker(world: World, username: str, **more: Any) -> None:
    usual = {"roles": ["grid_worker"], "grids": ["g1"], "skills": ["water"], "name": username}
    await world.admin.post("people", {"people": [{"username": username, **usual, **more}]})


async def explained(world: World, number: str) -> Any:
    return await world.by("susan").get(f"work-orders/{number}/dispatch-explanation")


def reasons(choice: dict[str, Any], stage: str = "rule") -> dict[str, str]:
    (looked,) = [each for each in choice["looked"] if each["stage"] == stage]
    return {each["worker"]: each["why"] for each in looked["passed_over"]}


async def test_a_rule_sends_an_order_and_its_reasons_can_be_read(world: World) -> None:
    await world.by("susan").put("rosters/paul", {"unit": "property-engineering"})
    rule = {
        "name": "pumps",
        "when": 'order.category == "water" && order.hour >= 8',
        "to": {"unit": "property-engineering"},
    }
    assert (await put_rules(world, rule))["version"] == 1
    number = await reported(world)
    assert (await order(world, number))["worker"] == "paul"
    told = await explained(world, number)
    assert (told["worker"], told["action"], told["by"], told["is_by_choice"]) == ("paul", "dispatch", "system", True)
    choice = told["choice"]
    assert (choice["rule"], choice["stage"], choice["book_version"]) == ("pumps", "rule", 1)
    assert reasons(choice) == {"gwen": "other_unit", "greg": "other_unit"}
    entry = (await world.by("rita").get(f"work-orders/{number}/history"))["items"][-1]
    assert entry["detail"] == {"rule": "pumps", "book_version": 1, "mode": "assign", "stage": "rule", "fitting": 1}


async def test_what_a_rule_names_has_to_be_there(world: World) -> None:
    rules = [
        {"name": "fine", "when": "true", "to": {"worker": "gwen", "skill": "water", "grid": "g1"}},
        {"name": "bad", "when": "true", "to": {"worker": "rita"}},
        {"name": "worse", "when": "true", "to": {"unit": "nobodys", "grid": "g9", "skill": "lifts"}},
        {"name": "unmanned", "when": "true", "to": {"unit": "gas-company"}},
    ]
    response = await world.by("susan").call("PUT", "dispatch-rules", {"rules": rules})
    assert response.status_code == 422
    assert {tuple(error["loc"]): error["msg"] for error in response.json()["errors"]} == {
        ("body", "rules", 1, "to", "worker"): "the site has no worker rita",
        ("body", "rules", 2, "to", "unit"): "the site has no unit nobodys",
        ("body", "rules", 2, "to", "grid"): "the site has no grid g9",
        ("body", "rules", 2, "to", "skill"): "the site has no skill lifts",
        ("body", "rules", 3, "to", "unit"): (
            "nobody's roster has the unit gas-company: PUT rosters/{worker} with it first"
        ),
    }
    response = await world.by("susan").call("PUT", "dispatch-rules", {"rules": [{"name": "a", "when": "order.x == 1"}]})
    assert response.json()["errors"][0]["loc"] == ["body", "rules", 0, "when"]
    assert (await world.by("susan").get("dispatch-rules"))["version"] == 0


async def test_a_condition_that_never_holds_is_refused_with_place_and_why(world: World) -> None:
    never = {
        "order.text": "expected true or false: order.text is a text",
        "order.hour == 'x'": "order.hour == 'x': they are never equal: order.hour is a whole number, 'x' is a text",
        "1/0 == 1": "1 / 0 divides by zero",
        "order.hour == 25": "order.hour == 25 is never so: order.hour is from 0 to 23",
        "order.category in ['rubish', 'water']": 'order.category is never "rubish": did you mean rubbish?',
        "order.building == 'b9'": 'order.building is never "b9": known are b1, b2, b3',
        "order.severity == 'high'": 'order.severity is never "high": known are critical, info, warning',
        "order.weekday == 'monday'": 'order.weekday is never "monday": did you mean mon?',
        "order.category != 'rubish'": 'order.category is never "rubish": did you mean rubbish?',
        "order.severity > 'info'": (
            "order.severity has no order: > would go by the alphabet; write order.severity in [...]"
        ),
    }
    rules = [{"name": f"r{n}", "when": when} for n, when in enumerate(["true", *never])]
    refused_ = await world.by("susan").call("PUT", "dispatch-rules", {"rules": rules})
    assert (refused_.status_code, refused_.json()["type"]) == (422, "urn:herun:problem:never_holds")
    told = {tuple(each["loc"]): each["msg"] for each in refused_.json()["errors"]}
    assert told == {("body", "rules", n, "when"): what for n, what in enumerate(never.values(), 1)}
    assert (await world.by("susan").get("dispatch-rules"))["version"] == 0
    fine = [
        "order.category == 'system'",
        "order.category in ['rubbish', 'water'] && order.severity != 'info'",
        "order.grid == 'g1' && order.hour > 2",
    ]
    await put_rules(world, *({"name": f"r{n}", "when": when} for n, when in enumerate(fine)))


async def test_rules_have_versions_that_can_be_gone_back_to(world: World) -> None:
    first = {"name": "a", "when": "true", "to": {"worker": "gwen"}}
    await put_rules(world, first)
    await put_rules(world)
    body = {"rules": [], "based_on": 1}
    assert (await world.by("susan").call("PUT", "dispatch-rules", body)).status_code == 409
    back = await world.by("susan").post("dispatch-rules/rollback", {"version": 1})
    assert (back["version"], [rule["name"] for rule in back["rules"]]) == (3, ["a"])
    versions = (await world.by("oscar").get("dispatch-rules/versions"))["items"]
    assert [(each["version"], each["rules"], each["changed_by"]) for each in versions] == [
        (3, 1, "susan"),
        (2, 0, "susan"),
        (1, 1, "susan"),
    ]
    assert (await world.by("oscar").get("dispatch-rules/versions/2"))["rules"] == []


@pytest.mark.parametrize("who", ["gwen", "rita", "oscar"])
@pytest.mark.parametrize("path", ["dispatch-rules", "dispatch-settings", "rosters/gwen"])
async def test_only_administrators_and_supervisors_say_who_gets_what(world: World, who: str, path: str) -> None:
    body: dict[str, Any] = {"rules": []} if path == "dispatch-rules" else {}
    assert (await world.by(who).call("PUT", path, body)).status_code == 403


async def test_without_shifts_everybody_is_on_shift_and_with_them_only_who_has_one_now(world: World) -> None:
    assert (await order(world, await reported(world)))["worker"] == "gwen"
    made = await world.by("susan").put("rosters/greg", {"shifts": SHIFT})
    assert (made["on_shift"], made["shifts"]["windows"][0]["from"]) == (True, "08:00")
    number = await reported(world)
    assert (await order(world, number))["state"] == "accepted"
    told = (await explained(world, number))["choice"]
    assert (told["stage"], told["worker"]) == ("desk", None)
    assert reasons(told)["gwen"] == "off_shift"
    await world.by("susan").put("rosters/gwen", {"shifts": NIGHT})
    assert (await order(world, await reported(world)))["worker"] is None
    now = {"begins_at": "2026-06-01T12:00:00+08:00", "ends_at": "2026-06-01T13:00:00+08:00", "works": True}
    await world.by("susan").put("rosters/gwen", {"shifts": NIGHT, "exceptions": [now]})
    assert (await order(world, await reported(world)))["worker"] == "gwen"
    await world.by("susan").call("DELETE", "rosters/gwen")
    await world.by("susan").call("DELETE", "rosters/greg")
    assert (await order(world, await reported(world)))["worker"] == "gwen"


async def test_who_is_away_gets_nothing_even_where_nobody_has_shifts(world: World) -> None:
    away = {"begins_at": "2026-06-01T00:00:00+08:00", "ends_at": "2026-06-03T00:00:00+08:00"}
    await world.by("susan").put("rosters/gwen", {"exceptions": [away]})
    assert (await order(world, await reported(world)))["worker"] is None


async def test_nobody_on_shift_falls_back_along_the_chain(world: World) -> None:
    chain = {"chain": ["neighbour_grid", "property_staff", "on_call"], "neighbours": {"g1": ["g2"]}}
    await put_rules(world, {"name": "place", "when": "true", "to": {"skill": "water"}})
    await world.by("susan").put("dispatch-settings", chain)
    await add_worker(world, "piet", roles=["property_staff"], grids=[])
    await world.by("susan").put("rosters/gwen", {"shifts": NIGHT})
    await world.by("susan").put("rosters/greg", {"shifts": SHIFT})
    number = await reported(world)
    assert (await order(world, number))["worker"] == "greg"
    told = (await explained(world, number))["choice"]
    assert [each["stage"] for each in told["looked"]] == ["rule", "neighbour_grid"]
    assert reasons(told)["gwen"] == "off_shift"
    await world.by("susan").put("rosters/greg", {"shifts": NIGHT})
    await world.by("susan").put("rosters/piet", {"shifts": SHIFT})
    assert (await order(world, await reported(world)))["worker"] == "piet"
    await world.by("susan").put("rosters/piet", {"shifts": NIGHT, "unit": "property-order", "on_call": SHIFT})
    dry = await world.by("oscar").post(
        "dispatch-dry-runs", {"category": "water", "building": "b1", "unit": "property-order"}
    )
    assert (dry["stage"], dry["worker"]) == ("on_call", "piet")
    assert (await order(world, await reported(world)))["worker"] is None


async def test_a_chain_names_grids_of_the_site(world: World) -> None:
    body = {"neighbours": {"g1": ["g9"]}}
    assert (await world.by("susan").call("PUT", "dispatch-settings", body)).status_code == 422


async def test_the_least_load_decides_with_its_weights(world: World) -> None:
    await add_worker(world, "gus")
    first, second = await reported(world), await reported(world)
    assert {(await order(world, each))["worker"] for each in (first, second)} == {"gus", "gwen"}
    await do(world, "gus", first, "handle")
    assert (await order(world, await reported(world)))["worker"] == "gus"  # equal loads: by name
    await world.by("susan").put("dispatch-settings", {"weights": {"dispatched": 1, "handling": 5}})
    number = await reported(world)
    assert (await order(world, number))["worker"] == "gwen"
    looked = (await explained(world, number))["choice"]["looked"][-1]
    (passed,) = [each for each in looked["passed_over"] if each["worker"] == "gus"]
    assert (passed["why"], passed["load"]) == ("busier", 6)
    assert "6" in passed["words"]["zh"]
    assert "6" in passed["words"]["en"]


async def test_orders_at_once_are_given_to_whom_has_least_at_that_moment(world: World) -> None:
    for name in ("gus", "gail"):
        await add_worker(world, name)
    await put_rules(world, {"name": "desk", "when": "true", "to": {"skill": "fire", "grid": "g2"}})
    numbers = [await reported(world) for _ in range(30)]
    await put_rules(world)
    await asyncio.gather(*(do(world, "oscar", number, "dispatch") for number in numbers))
    rows = world.rows("SELECT worker, count(*) AS n FROM work_orders GROUP BY worker")
    assert {row["worker"]: row["n"] for row in rows} == {"gus": 10, "gail": 10, "gwen": 10}
    entries = world.rows("SELECT count(*) AS n FROM order_history WHERE action = 'dispatch'")
    assert entries[0]["n"] == 30


async def test_two_dispatches_of_one_order_at_once_are_one(world: World) -> None:
    await put_rules(world, {"name": "desk", "when": "true", "to": {"skill": "fire", "grid": "g2"}})
    number = await reported(world)
    await put_rules(world)
    path = f"work-orders/{number}/dispatch"
    answers = await asyncio.gather(*(world.by("oscar").call("POST", path, {}) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    assert (await actions(world, number)).count("dispatch") == 1


async def test_a_round_gives_to_each_in_turn_however_many_come_at_once(world: World) -> None:
    await add_worker(world, "gus")
    await add_worker(world, "gail")
    await put_rules(world, {"name": "round", "when": "true", "mode": "round_robin"})
    await asyncio.gather(*(reported(world) for _ in range(9)))
    rows = world.rows("SELECT worker FROM work_orders ORDER BY opened_seq")
    assert [row["worker"] for row in rows] == ["gail", "gus", "gwen"] * 3


async def test_an_order_without_a_point_is_as_near_as_its_building(world: World) -> None:
    buildings = [{**each, "lat": 31.0, "lon": 120.0} for each in LAYOUT["buildings"]]
    await world.admin.put("layout", {**LAYOUT, "buildings": buildings})
    await add_worker(world, "gus")
    await world.by("gus").put("/v1/me/position", {"lat": 31.001, "lon": 120.0})
    asked = {"category": "water", "building": "b1"}
    told = await world.by("oscar").post("dispatch-dry-runs", asked)
    assert (told["worker"], told["distance_m"]) == ("gus", 200)
    told = await world.by("oscar").post("dispatch-dry-runs", {**asked, "lat": 31.1, "lon": 120.0})
    assert told["distance_m"] == 11100


async def test_the_nearer_of_two_goes_and_a_position_is_forgotten(world: World) -> None:
    await add_worker(world, "gus")
    await world.by("gwen").put("/v1/me/position", {"lat": 31.001, "lon": 120.0})
    kept = await world.by("gus").put("/v1/me/position", {"lat": 31.02, "lon": 120.0})
    assert kept == {"kept_until": "2026-06-01T04:15:00Z"}
    asked = {"category": "water", "building": "b1", "lat": 31.0, "lon": 120.0}
    told = await world.by("oscar").post("dispatch-dry-runs", asked)
    assert (told["worker"], told["distance_m"]) == ("gwen", 200)
    world.clock.advance(15 * MINUTE_US)
    told = await world.by("oscar").post("dispatch-dry-runs", asked)
    assert (told["worker"], told["distance_m"]) == ("gus", None)
    assert await world.by("gwen").get("/v1/me/position") == {"lat": None, "lon": None, "kept_until": None}
    await times.look(world.resources)
    assert world.rows("SELECT * FROM worker_positions") == []


async def test_a_position_is_its_owners_alone(world: World) -> None:
    """Neither any answer of the API, nor the audit log, nor a kept answer, has it."""
    place = {"lat": 31.123456, "lon": 121.654321}
    await world.by("gwen").call("PUT", "/v1/me/position", place, key="k1")
    number = await reported(world)
    assert (await world.by("gwen").get("/v1/me/position"))["lat"] == 31.123456
    for who in ("admin", "susan", "oscar", "audrey", "greg", "gwen", "rita"):
        assert (await world.by(who).call("GET", "/v1/me/position?username=gwen")).status_code in {403, 422}
        for path in (
            f"work-orders/{number}",
            f"work-orders/{number}/dispatch-explanation",
            "rosters",
            "people",
            "audit",
        ):
            assert "31.12" not in (await world.by(who).call("GET", path)).text
    assert (await world.by("rita").call("PUT", "/v1/me/position", place)).status_code == 403
    assert (await world.by("gwen").call("DELETE", "/v1/me/position")).json() == {"forgotten": True}
    assert world.rows("SELECT * FROM worker_positions") == []


async def test_a_dry_run_writes_nothing(world: World) -> None:
    await put_rules(world, {"name": "round", "when": 'order.weekday == "tue"', "mode": "round_robin"})
    before = world.rows("SELECT count(*) AS n FROM audit_log")[0]["n"]
    asked = {"category": "water", "building": "b1", "at": "2026-06-02T09:00:00+08:00"}
    told = await world.by("audrey").post("dispatch-dry-runs", asked)
    assert (told["rule"], told["worker"], told["words"]["zh"][:2]) == ("round", "gwen", "规则")
    for table in ("dispatch_turns", "order_choices", "order_offers", "work_orders", "order_history"):
        assert world.rows(f"SELECT * FROM {table}") == []
    assert world.rows("SELECT count(*) AS n FROM audit_log")[0]["n"] == before
    assert (await world.by("gwen").call("POST", "dispatch-dry-runs", asked)).status_code == 403
    slip = {"category": "water", "unit": "property-enginering"}
    for wrong in ({"category": "water", "building": "b9"}, {"category": "watre"}, slip):
        assert (await world.by("oscar").call("POST", "dispatch-dry-runs", wrong)).status_code == 422


async def test_a_dry_run_offers_to_nobody_what_is_confidential(world: World) -> None:
    await put_rules(world, {"name": "offer", "when": "true", "mode": "grab", "to": {"worker": "greg"}})
    number = (await world.by("rita").post("reports", {"category": "domestic-violence", "text": "t"}))["number"]
    given = (await explained(world, number))["choice"]
    dried = {
        channel: await world.by("oscar").post(
            "dispatch-dry-runs", {"category": "domestic-violence", "building": "b1", "channel": channel}
        )
        for channel in ("account", "split", "alert")
    }
    found = {channel: (each["mode"], each["worker"], each["pool"]) for channel, each in dried.items()}
    assert list(found.values()) == [("assign", "greg", [])] * 3
    assert (given["mode"], given["worker"]) == ("assign", "greg")


@pytest.mark.parametrize(("channel", "origin"), [("alert", "alert"), ("split", "split"), ("pattern", "report")])
async def test_a_dry_run_comes_of_what_its_channel_is_of(world: World, channel: str, origin: str) -> None:
    await put_rules(world, {"name": "r", "when": f"order.channel == '{channel}' && order.origin == '{origin}'"})
    asked = {"category": "fire", "building": "b1", "channel": channel}
    dried = await world.by("oscar").post("dispatch-dry-runs", asked)
    report = await world.by("oscar").post("dispatch-dry-runs", asked | {"channel": "account"})
    assert (dried["rule"], report["rule"]) == ("r", "default")
    assert dried["taken_as"] == report["taken_as"]


async def test_a_dry_run_is_of_a_time_of_which_there_is_a_calendar(world: World) -> None:
    await world.by("susan").put("rosters/gwen", {"shifts": SHIFT})
    for at, status in {
        "0001-01-01T00:00:00Z": 422, "1999-12-31T23:59:59Z": 422, "2000-01-01T00:00:00Z": 200,
        "2100-12-31T23:59:59Z": 200, "2101-01-01T00:00:00Z": 422, "9999-12-31T23:59:59Z": 422,
    }.items():  # fmt: skip
        asked = {"category": "water", "building": "b1", "at": at}
        answer = await world.by("oscar").call("POST", "dispatch-dry-runs", asked)
        assert (at, answer.status_code) == (at, status)


@pytest.mark.parametrize("who", ["rita", "gwen", "greg"])
async def test_reasons_are_not_for_residents_and_workers(world: World, who: str) -> None:
    number = await reported(world)
    assert (await world.by(who).call("GET", f"work-orders/{number}/dispatch-explanation")).status_code == 403


async def test_what_a_person_decided_since_is_told(world: World) -> None:
    number = await reported(world)
    await do(world, "gwen", number, "transfer", worker="greg", reason="nearer")
    told = await explained(world, number)
    assert (told["worker"], told["action"], told["by"], told["is_by_choice"]) == ("greg", "transfer", "gwen", False)


async def test_reasons_of_a_confidential_order_are_for_its_confidants(world: World) -> None:
    number = await reported(world, confidential=True)
    path = f"work-orders/{number}/dispatch-explanation"
    assert (await world.by("oscar").call("GET", path)).status_code == 404
    assert (await world.by("susan").get(path))["worker"] == "gwen"


async def arbitrated(world: World, worker: str = "greg", **more: Any) -> str:
    number = await reported(world, **more)
    for _ in range(2):
        if (await order(world, number))["state"] == "accepted":
            await do(world, "susan", number, "dispatch", worker="gwen")
        await give_back(world, number)
        await do(world, "susan", number, "sign-off")
    await do(world, "susan", number, "arbitrate", worker=worker, reason="It is his")
    return number


async def test_what_an_arbiter_decided_is_proposed_as_a_rule_and_holds_once_accepted(world: World) -> None:
    first = await arbitrated(world)
    second = await arbitrated(world)
    (proposal,) = (await world.by("oscar").get("dispatch-proposals?state=pending&state=declined"))["items"]
    assert (proposal["category"], proposal["building"], proposal["grid"], proposal["worker"]) == (
        "water", "b1", "g1", "greg",
    )  # fmt: skip
    assert proposal["numbers"] == [first, second]
    assert (await order(world, await reported(world)))["worker"] == "gwen"
    path = f"dispatch-proposals/{proposal['id']}"
    assert (await world.by("oscar").call("POST", f"{path}/accept", {})).status_code == 403
    assert (await world.by("susan").call("POST", f"{path}/accept", {"to": "unit"})).status_code == 409
    accepted = await world.by("susan").post(f"{path}/accept")
    assert (accepted["state"], accepted["decided_by"]) == ("accepted", "susan")
    assert (await order(world, await reported(world)))["worker"] == "greg"
    (rule,) = (await world.by("susan").get("dispatch-rules"))["rules"]
    assert rule["when"] == 'order.category == "water" && order.building == "b1"'
    assert (await world.by("susan").call("POST", f"{path}/decline", {})).status_code == 409


async def test_a_proposal_is_accepted_and_gone_back_from_whatever_became_of_the_other_rules(world: World) -> None:
    await arbitrated(world)
    (proposal,) = (await world.by("susan").get("dispatch-proposals"))["items"]
    name, path = f"proposal-{proposal['id']}", f"dispatch-proposals/{proposal['id']}/accept"
    older = {"name": name, "when": "order.category == 'fire'", "to": {"worker": "paul"}}
    await put_rules(world, older)
    people = "UPDATE people SET enabled = false WHERE username = %(name)s"
    for each in ("paul", "greg"):
        world.rows(people, name=each)
    response = await world.by("susan").call("POST", path, {})
    (error,) = response.json()["errors"]
    assert (response.status_code, error["loc"], error["msg"]) == (422, ["body", "to"], "the site has no worker greg")
    world.rows("UPDATE people SET enabled = true WHERE username = 'greg'")
    await world.by("susan").post(path)
    now = await world.by("susan").get("dispatch-rules")
    assert (now["version"], [rule["name"] for rule in now["rules"]]) == (2, [f"{name}-2", name])
    assert (await order(world, await reported(world)))["worker"] == "greg"
    back = await world.by("susan").post("dispatch-rules/rollback", {"version": 1})
    assert (back["version"], [rule["name"] for rule in back["rules"]]) == (3, [name])


async def test_nothing_confidential_is_read_in_proposals(world: World) -> None:
    await arbitrated(world, confidential=True)
    later = await arbitrated(world)
    (proposal,) = (await world.by("susan").get("dispatch-proposals"))["items"]
    assert proposal["numbers"] == [later]
    await do(world, "susan", later, "confide", reason="Between us")
    assert (await world.by("oscar").get("dispatch-proposals"))["items"] == []
    assert len((await world.by("audrey").get("dispatch-proposals"))["items"]) == 1
    for verb in ("accept", "decline"):
        response = await world.admin.call("POST", f"dispatch-proposals/{proposal['id']}/{verb}", {})
        assert response.status_code == 404
    await world.by("susan").post(f"dispatch-proposals/{proposal['id']}/accept")
    assert later not in str(await world.by("oscar").get("dispatch-rules"))


async def test_an_order_that_is_arbitrated_again_speaks_for_the_last_decision_alone(world: World) -> None:
    twice, once = await arbitrated(world), await arbitrated(world)
    hers, his = ("gwen", "pending", [twice]), ("greg", "pending", [once])
    for number in (twice, once):
        await do(world, "oscar", number, "recall", reason="r")
        await do(world, "susan", number, "arbitrate", worker="gwen", reason="Hers after all")
        if number == once:
            hers, his = ("gwen", "pending", [twice, once]), ("greg", "superseded", [once])
        found = (await world.by("susan").get("dispatch-proposals"))["items"]
        assert [(each["worker"], each["state"], each["numbers"]) for each in found] == [hers, his]
    older = (await world.by("susan").get("dispatch-proposals?state=superseded"))["items"][0]["id"]
    response = await world.by("susan").call("POST", f"dispatch-proposals/{older}/accept", {})
    assert (response.status_code, response.json()["type"]) == (409, "urn:herun:problem:decided_already")


async def test_a_declined_proposal_changes_nothing(world: World) -> None:
    await arbitrated(world)
    (proposal,) = (await world.by("susan").get("dispatch-proposals"))["items"]
    declined = await world.by("susan").post(f"dispatch-proposals/{proposal['id']}/decline", {"why": "once only"})
    assert declined["state"] == "declined"
    assert (await world.by("susan").get("dispatch-rules"))["version"] == 0


@pytest.mark.parametrize(("verb", "state"), [("accept", "accepted"), ("decline", "declined")])
async def test_who_may_put_rules_decides_on_a_proposal(world: World, verb: str, state: str) -> None:
    await arbitrated(world)
    (proposal,) = (await world.by("audrey").get("dispatch-proposals"))["items"]
    for who in ("audrey", "oscar", "gwen"):
        assert (await world.by(who).call("POST", f"dispatch-proposals/{proposal['id']}/{verb}", {})).status_code == 403
    assert (await world.admin.post(f"dispatch-proposals/{proposal['id']}/{verb}"))["state"] == state


async def test_a_worker_returns_at_most_twice_whoever_the_arbiter_chose(world: World) -> None:
    number = await arbitrated(world)
    for who, status in (("greg", 409), ("gwen", 404)):
        answer = await refused(world, who, number, "return", code="not_ours", reason="A fourth time")
        assert answer[0] == status


async def test_a_worker_who_was_disabled_is_chosen_no_more(world: World) -> None:
    world.rows("UPDATE people SET enabled = false WHERE username = 'gwen'")
    assert (await order(world, await reported(world)))["worker"] is None


async def test_rosters_are_paged_and_are_of_workers_only(world: World) -> None:
    names = ["greg", "gwen", "paul"]
    for name in names:
        await world.by("susan").put(f"rosters/{name}", {"unit": "property-order"})
    assert (await world.by("susan").call("PUT", "rosters/rita", {})).status_code == 404
    first = await world.by("oscar").get("rosters?limit=2")
    rest = await world.by("oscar").get(f"rosters?limit=2&cursor={first['next_cursor']}")
    assert [each["worker"] for each in first["items"] + rest["items"]] == names
    assert rest["next_cursor"] is None


async def test_a_rule_can_name_the_class_of_the_tree(world: World) -> None:
    number = await reported(world)
    tops = {
        each["category"]: each["class"] for each in (await world.by("oscar").get("categories"))["tree"]["categories"]
    }
    await put_rules(world, {"name": "top", "when": f'order.top == "{tops["water"]}"', "to": {"worker": "paul"}})
    assert (await order(world, number))["worker"] == "gwen"
    assert (await order(world, await reported(world)))["worker"] == "paul"


async def test_an_hour_is_the_sites_hour(world: World) -> None:
    await put_rules(world, {"name": "noon", "when": "order.hour == 12", "to": {"worker": "greg"}})
    assert (await order(world, await reported(world)))["worker"] == "greg"
    world.clock.advance(HOUR_US)
    assert (await order(world, await reported(world)))["worker"] == "gwen"


async def test_a_decision_and_the_acceptance_of_its_proposal_at_once_do_not_wait_for_each_other(world: World) -> None:
    await arbitrated(world)
    number = await reported(world)
    for _ in range(2):
        if (await order(world, number))["state"] == "accepted":
            await do(world, "oscar", number, "dispatch", worker="gwen")
        await give_back(world, number)
        await do(world, "oscar", number, "sign-off")
    (proposal,) = (await world.by("susan").get("dispatch-proposals"))["items"]
    decided, accepted = await asyncio.gather(
        do(world, "susan", number, "arbitrate", worker="greg", reason="It is his"),
        world.by("susan").post(f"dispatch-proposals/{proposal['id']}/accept"),
    )
    assert (decided["worker"], accepted["state"]) == ("greg", "accepted")
    found = (await world.by("susan").get("dispatch-proposals"))["items"]
    assert sum(each["numbers"].count(number) for each in found) == 1


async def test_who_returned_an_order_is_not_given_it_again_but_by_name(world: World) -> None:
    number = await reported(world)
    await give_back(world, number)
    await do(world, "oscar", number, "sign-off")
    assert await refused(world, "oscar", number, "dispatch") == (409, "nobody_fits")
    await add_worker(world, "wang")
    assert (await do(world, "oscar", number, "dispatch"))["worker"] == "wang"
    assert reasons((await explained(world, number))["choice"])["gwen"] == "gave_back"
    await do(world, "oscar", number, "recall", reason="On leave")
    assert (await do(world, "oscar", number, "dispatch", worker="gwen"))["worker"] == "gwen"


async def staffed(world: World) -> None:
    """Property staff who know lifts: of the lifts' own unit, and of another one."""
    for name, unit in (("anna", "property-cleaning"), ("zoe", "property-engineering")):
        await add_worker(world, name, roles=["property_staff"], grids=[], skills=["lift"])
        await world.by("susan").put(f"rosters/{name}", {"unit": unit})


LIFT: Final = {"category": "lift", "text": "Stuck", "building": "b1", "attributes": {"trapped": "no"}}


async def test_what_the_property_handles_goes_to_its_staff_first_and_to_the_own_unit_before_others(
    world: World,
) -> None:
    await add_worker(world, "liam", skills=["lift"])
    assert (await world.by("rita").post("reports", LIFT))["worker"] == "liam"  # no property staff: as ever
    await staffed(world)
    number = (await world.by("rob").post("reports", LIFT))["number"]
    assert (await order(world, number))["worker"] == "zoe"
    choice = (await explained(world, number))["choice"]
    assert (choice["handled_by"], choice["stage"]) == ("property", "own_staff")
    assert reasons(choice, "own_staff") == {
        "anna": "other_unit", "paul": "other_unit", "gwen": "other_role", "greg": "other_role", "liam": "other_role",
    }  # fmt: skip
    dry = {"category": "lift", "building": "b1"}
    assert (await world.by("oscar").post("dispatch-dry-runs", dry))["worker"] == "zoe"
    world.rows("UPDATE people SET enabled = false WHERE username = 'zoe'")
    dried = await world.by("oscar").post("dispatch-dry-runs", dry)
    assert (dried["worker"], dried["stage"]) == ("anna", "property_staff")
    world.rows("UPDATE people SET enabled = false WHERE username = 'anna'")
    dried = await world.by("oscar").post("dispatch-dry-runs", dry)
    assert (dried["worker"], dried["stage"]) == ("liam", "rule")


async def test_what_the_grid_handles_goes_to_its_workers_whatever_staff_knows_it(world: World) -> None:
    await add_worker(world, "aaron", roles=["property_staff"], grids=[], skills=["fire"])
    dried = await world.by("oscar").post("dispatch-dry-runs", {"category": "fire", "building": "b1"})
    assert (dried["worker"], dried["handled_by"], dried["stage"]) == ("gwen", "grid", "rule")


async def test_a_rule_may_ask_who_handles_an_order_and_offers_it_to_them(world: World) -> None:
    await staffed(world)
    await put_rules(world, {"name": "offer", "when": "order.handled_by == 'property'", "mode": "grab"})
    dried = await world.by("oscar").post("dispatch-dry-runs", {"category": "lift", "building": "b1"})
    assert (dried["rule"], dried["pool"]) == ("offer", ["zoe"])
    dried = await world.by("oscar").post("dispatch-dry-runs", {"category": "fire", "building": "b1"})
    assert dried["rule"] == "default"
    rule = {"name": "slip", "when": "order.handled_by == 'proprety'"}
    response = await world.by("susan").call("PUT", "dispatch-rules", {"rules": [rule]})
    assert response.status_code == 422
    assert "did you mean property?" in response.json()["detail"]


async def test_a_roster_names_a_unit_of_the_tree(world: World) -> None:
    response = await world.by("susan").call("PUT", "rosters/paul", {"unit": "property-enginering"})
    (error,) = response.json()["errors"]
    assert (response.status_code, error["loc"]) == (422, ["body", "unit"])
    assert "property-engineering" in error["msg"]
    assert (await world.by("susan").call("GET", "rosters/paul")).status_code == 404


async def test_a_skill_is_a_category_that_an_order_can_have(world: World) -> None:
    people = [{"username": "new", "name": "New", "roles": ["property_staff"], "skills": ["lift", "liftt"]}]
    response = await world.admin.call("POST", "people", {"people": people})
    (error,) = response.json()["errors"]
    assert (response.status_code, error["loc"]) == (422, ["body", "people", 0, "skills", 1])
    assert response.json()["type"] == "urn:herun:problem:unknown_category"
    assert "lift" in error["msg"]
