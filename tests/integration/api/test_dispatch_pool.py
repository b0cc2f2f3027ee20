"""Orders that several people may take, and colleagues who help."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import pytest

from api.dispatch import helping, times
from api.live import store as feed
from api.roles import Role
from api.transactions import begin
from api.work_orders.order import Person
from herun.clock import HOUR_US, SECOND_US
from tests.integration.api.running import SITE, World
from tests.integration.api.test_dispatch import SHIFT, add_worker, explained, put_rules
from tests.integration.api.test_order_cycle import actions, do, order, refused, reported

GRAB: Final = {"name": "grab", "when": "true", "mode": "grab", "claim_within_s": 60}


async def pooled(world: World, **more: Any) -> str:
    """An order that gwen and gus may take."""
    await add_worker(world, "gus")
    await put_rules(world, GRAB)
    return await reported(world, **more)


async def pool_of(world: World, who: str) -> list[str]:
    return [each["order"]["number"] for each in (await world.by(who).get("work-orders/pool"))["items"]]


async def listed(world: World, who: str) -> list[str]:
    return [each["number"] for each in (await world.by(who).get("work-orders"))["items"]]


async def test_who_fits_sees_a_pooled_order_and_nobody_else_does(world: World) -> None:
    number = await pooled(world)
    assert (await order(world, number))["state"] == "accepted"
    for who in ("gwen", "gus"):
        assert await pool_of(world, who) == [number]
        assert await listed(world, who) == [number]
        assert (await order(world, number, who))["contact_phone"] != "13800001234"
    for who in ("greg", "paul"):
        assert await pool_of(world, who) == []
        assert await listed(world, who) == []
        assert (await world.by(who).call("GET", f"work-orders/{number}")).status_code == 404
    (item,) = (await world.by("gwen").get("work-orders/pool"))["items"]
    assert item["claim_until"] == "2026-06-01T04:01:00Z"
    assert set((await explained(world, number))["choice"]["pool"]) == {"gus", "gwen"}


@pytest.mark.parametrize("who", ["rita", "rob", "oscar", "audrey"])
async def test_the_pool_is_for_workers(world: World, who: str) -> None:
    await pooled(world)
    assert (await world.by(who).call("GET", "work-orders/pool")).status_code == 403


async def test_a_worker_of_another_grid_cannot_claim(world: World) -> None:
    number = await pooled(world)
    assert (await refused(world, "greg", number, "claim"))[0] == 404
    # Even if they see it for another reason: as an operator who also has a grid.
    world.rows("UPDATE people SET roles = '{grid_worker,operator}' WHERE username = 'greg'")
    assert await refused(world, "greg", number, "claim") == (403, "does_not_fit")
    assert (await refused(world, "rita", number, "claim"))[0] == 403
    assert (await order(world, number))["worker"] is None


async def test_whoever_went_off_shift_since_cannot_claim(world: World) -> None:
    number = await pooled(world)
    await world.by("susan").put("rosters/gus", {"shifts": SHIFT})
    assert await refused(world, "gwen", number, "claim") == (403, "does_not_fit")
    assert (await do(world, "gus", number, "claim"))["worker"] == "gus"


@pytest.mark.parametrize("rules", [None, [], [{"name": "night", "when": "true", "to": {"worker": "greg"}}]])
async def test_who_was_offered_an_order_may_take_it_whatever_rule_would_hold_by_now(
    world: World, rules: list[dict[str, Any]] | None
) -> None:
    await world.by("susan").put("rosters/paul", {"unit": "property-engineering"})
    night = {**GRAB, "name": "night", "when": "order.hour == 12", "to": {"unit": "property-engineering"}}
    await put_rules(world, {**night, "claim_within_s": 7200})
    number = await reported(world)
    world.clock.advance(HOUR_US)
    if rules is not None:
        await put_rules(world, *rules)
    assert await pool_of(world, "paul") == [number]
    assert (await do(world, "paul", number, "claim"))["worker"] == "paul"
    entry = (await world.by("susan").get(f"work-orders/{number}/history"))["items"][-1]
    assert entry["detail"] == {"rule": "night", "offered_to": 1}


@pytest.mark.parametrize("left", ["enabled = false", "roles = '{resident}'"])
async def test_who_left_since_cannot_take_what_they_were_offered(world: World, left: str) -> None:
    number = await pooled(world)
    world.rows(f"UPDATE people SET {left} WHERE username = 'gwen'")
    assert (await refused(world, "gwen", number, "claim"))[0] in {401, 403}
    assert (await order(world, number))["worker"] is None


async def test_of_fifty_who_claim_at_once_one_wins(world: World) -> None:
    names = [f"w{n:02}" for n in range(50)]
    for name in names:
        await add_worker(world, name)
    await put_rules(world, GRAB)
    number = await reported(world)
    path = f"work-orders/{number}/claim"
    answers = await asyncio.gather(*(world.by(name).call("POST", path, {}, key="k") for name in names))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 49
    (winner,) = [name for name, answer in zip(names, answers, strict=True) if answer.status_code == 200]
    assert (await order(world, number))["worker"] == winner
    assert (await actions(world, number)).count("claim") == 1
    again = await world.by(winner).call("POST", path, {}, key="k")
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (200, "true")
    loser = next(name for name in names if name != winner)
    assert await pool_of(world, loser) == []
    assert (await world.by(loser).call("GET", f"work-orders/{number}")).status_code == 404


async def test_what_nobody_takes_in_time_is_assigned(world: World) -> None:
    number = await pooled(world)
    world.clock.advance(60 * SECOND_US - 1)
    assert await times.look(world.resources) == 0
    world.clock.advance(1)
    assert await times.look(world.resources) == 1
    assert (await order(world, number))["worker"] == "gus"
    assert await times.look(world.resources) == 0
    assert await refused(world, "gwen", number, "claim") == (409, "wrong_state")
    assert await actions(world, number) == ["opened", "accept", "offered", "dispatch"]
    choice = (await explained(world, number))["choice"]
    assert (choice["mode"], choice["untaken_by"]) == ("assign", 2)
    assert "时限内无人接单" in choice["words"]["zh"]
    entry = (await world.by("rita").get(f"work-orders/{number}/history"))["items"][-1]
    assert entry["detail"]["untaken_by"] == 2


async def test_what_nobody_can_take_any_more_is_the_desks(world: World) -> None:
    number = await pooled(world)
    world.rows("UPDATE people SET enabled = false WHERE username IN ('gwen', 'gus')")
    world.clock.advance(60 * SECOND_US)
    assert await times.look(world.resources) == 1
    assert await times.look(world.resources) == 0
    assert (await order(world, number))["state"] == "accepted"
    world.rows("UPDATE people SET enabled = true WHERE username IN ('gwen', 'gus')")
    assert await pool_of(world, "gwen") == []
    assert (await do(world, "oscar", number, "dispatch"))["worker"] == "gus"


async def test_a_claim_and_the_end_of_the_time_at_once_give_it_to_one(world: World) -> None:
    number = await pooled(world)
    world.clock.advance(60 * SECOND_US)
    path = f"work-orders/{number}/claim"
    _, answer = await asyncio.gather(times.look(world.resources), world.by("gwen").call("POST", path, {}))
    taken = [action for action in await actions(world, number) if action in {"claim", "dispatch"}]
    assert taken == (["claim"] if answer.status_code == 200 else ["dispatch"])


async def test_an_order_that_was_taken_back_is_in_no_pool(world: World) -> None:
    number = await pooled(world)
    await do(world, "gwen", number, "claim")
    await do(world, "oscar", number, "recall", reason="Something else first")
    assert await pool_of(world, "gus") == []
    assert (await world.by("gus").call("GET", f"work-orders/{number}")).status_code == 404
    assert world.rows("SELECT * FROM order_offers") == []


@pytest.mark.parametrize("action", ["hold", "confide", "cancel", "merge"])
async def test_what_is_put_aside_is_in_no_pool(world: World, action: str) -> None:
    number = await pooled(world)
    other = await reported(world)
    body: dict[str, Any] = {"reason": "r"}
    body |= {"hold": {"until": "2026-06-02T12:00:00+08:00"}, "merge": {"master": other}}.get(action, {})
    await do(world, "susan" if action == "confide" else "oscar", number, action, **body)
    assert await pool_of(world, "gwen") == [other]
    assert await listed(world, "gwen") == [other]
    assert (await refused(world, "gwen", number, "claim"))[0] in {404, 409}


@pytest.mark.parametrize("is_held", [False, True])
async def test_an_offered_order_that_is_made_confidential_is_assigned(world: World, is_held: bool) -> None:
    number = await pooled(world)
    if is_held:
        await do(world, "oscar", number, "hold", reason="r", until="2026-06-02T12:00:00+08:00")
    await do(world, "rita", number, "confide", reason="Nobody need know")
    if is_held:
        assert await times.look(world.resources) == 0
        await do(world, "susan", number, "resume")
    assert await times.look(world.resources) == 1
    assert (await order(world, number))["worker"] == "gus"
    assert (await explained(world, number))["choice"]["untaken_by"] == 0
    assert await times.look(world.resources) == 0


async def test_an_offered_order_that_becomes_what_nobody_knows_is_offered_no_more(world: World) -> None:
    number = await pooled(world)
    await do(world, "oscar", number, "category", category="lift", reason="It is the lift")
    assert await pool_of(world, "gwen") == []
    assert await listed(world, "gwen") == []
    assert (await refused(world, "gwen", number, "claim"))[0] == 404
    assert (await explained(world, number))["choice"]["stage"] == "desk"
    assert (await do(world, "oscar", number, "dispatch", worker="paul"))["worker"] == "paul"


async def test_a_confidential_order_is_given_to_one_and_offered_to_nobody(world: World) -> None:
    number = await pooled(world, confidential=True)
    assert (await order(world, number))["worker"] == "gus"
    assert (await world.by("gwen").call("GET", f"work-orders/{number}")).status_code == 404


async def test_a_pooled_order_is_live_for_those_who_may_take_it(world: World) -> None:
    number = await pooled(world)
    seen = {}
    for who in ("gwen", "greg"):
        person = Person(who, frozenset({Role.GRID_WORKER}), None)
        async with begin(world.resources, SITE, who) as tx:
            rows = await feed.acts_after(tx, person, 0, 100)
        seen[who] = {row["subject"] for row in rows if row["visible"]}
    assert seen == {"gwen": {number}, "greg": set()}


async def test_a_helper_sees_ticks_and_notes_but_moves_nothing(world: World) -> None:
    number = await reported(world)
    await do(world, "gwen", number, "handle")
    await do(world, "gwen", number, "checklist", text="Pump out")
    assert (await world.by("greg").call("GET", f"work-orders/{number}")).status_code == 404
    asked = await do(world, "gwen", number, "helpers", worker="greg", reason="It is heavy")
    assert asked["helpers"] == ["greg"]
    assert await listed(world, "greg") == [number]
    assert (await order(world, number, "greg"))["contact_phone"] != "13800001234"
    ticked = await world.by("greg").post(f"work-orders/{number}/checklist/1/tick")
    assert ticked["items"][0]["done_by"] == "greg"
    await do(world, "greg", number, "notes", text="The hose leaks")
    for action, body in {
        "resolve": {"text": "Done"}, "return": {"code": "not_ours", "reason": "r"}, "arrive": {},
        "transfer": {"worker": "paul", "reason": "r"}, "hold": {"until": "2026-06-02T12:00:00+08:00", "reason": "r"},
        "answer": {"text": "t"}, "checklist": {"text": "more"}, "helpers": {"worker": "paul", "reason": "r"},
        "split": {"text": "t"},
    }.items():  # fmt: skip
        assert (await refused(world, "greg", number, action, **body))[0] in {403, 409}, action
    assert (await order(world, number))["state"] == "handling"
    assert (await actions(world, number))[-3:] == ["helper-added", "ticked", "noted"]


async def test_only_who_is_tied_to_an_order_notes_and_asks_for_help(world: World) -> None:
    number = await reported(world)
    assert (await refused(world, "greg", number, "notes", text="Let me in"))[0] == 404
    assert (await refused(world, "greg", number, "helpers", worker="greg", reason="Let me in"))[0] == 404
    assert (await refused(world, "rita", number, "notes", text="Hurry"))[0] == 403


async def test_help_is_asked_of_whom_it_fits_if_nobody_is_named(world: World) -> None:
    await add_worker(world, "gus")
    number = await reported(world)
    first = (await order(world, number))["worker"]
    other = {"gus": "gwen", "gwen": "gus"}[first]
    assert (await do(world, first, number, "helpers", reason="Two are needed"))["helpers"] == [other]
    assert await refused(world, first, number, "helpers", reason="Three") == (409, "nobody_fits")
    for worker, answer in {other: (409, "helps_already"), first: (409, "helps_already")}.items():
        assert await refused(world, first, number, "helpers", worker=worker, reason="r") == answer
    assert await refused(world, first, number, "helpers", worker="rita", reason="r") == (422, "unknown_worker")


async def test_a_helper_leaves_and_goes_with_the_order_that_is_taken_back(world: World) -> None:
    number = await reported(world)
    await do(world, "gwen", number, "helpers", worker="greg", reason="r")
    await do(world, "gwen", number, "helpers", worker="paul", reason="r")
    path = f"work-orders/{number}/helpers"
    assert (await world.by("greg").call("DELETE", f"{path}/paul")).status_code == 403
    assert (await world.by("greg").call("DELETE", f"{path}/greg")).json()["helpers"] == ["paul"]
    assert (await world.by("greg").call("DELETE", f"{path}/greg")).status_code == 404
    await do(world, "oscar", number, "recall", reason="r")
    assert (await world.by("paul").call("GET", f"work-orders/{number}")).status_code == 404
    assert world.rows("SELECT * FROM order_helpers") == []


async def test_a_confidential_order_is_shown_to_no_helper_its_worker_chose(world: World) -> None:
    number = await reported(world, confidential=True)
    assert await refused(world, "gwen", number, "helpers", worker="greg", reason="r") == (403, "confidential")
    await do(world, "susan", number, "helpers", worker="greg", reason="r")
    assert (await order(world, number, "greg"))["helpers"] == ["greg"]
    await do(world, "susan", number, "disclose", reason="It names nobody")
    await do(world, "susan", number, "confide", reason="It does")
    assert (await world.by("greg").call("GET", f"work-orders/{number}")).status_code == 404


async def test_whoever_was_a_worker_sees_nothing_of_the_pool_any_more(world: World) -> None:
    number = await pooled(world)
    world.rows("UPDATE people SET roles = '{resident}' WHERE username = 'gus'")
    assert await listed(world, "gus") == []
    assert (await world.by("gus").call("GET", f"work-orders/{number}")).status_code == 404


async def test_an_order_has_so_many_notes_and_no_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helping, "MAX_NOTES", 2)
    number = await reported(world)
    for n in range(2):
        await do(world, "gwen", number, "notes", text=f"note {n}")
    assert await refused(world, "gwen", number, "notes", text="one more") == (409, "too_many_notes")
