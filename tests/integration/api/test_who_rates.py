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
