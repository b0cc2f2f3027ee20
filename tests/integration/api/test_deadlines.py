"""Deadlines fire once, in the order of (due, id), whoever is killed and however long everything was down."""

from __future__ import annotations

import asyncio
import signal
from typing import Any, Final

import pytest

from api.clocks import effects, sweep
from api.clocks.store import Fired
from api.transactions import Transaction
from herun.clock import HOUR_US, MINUTE_US
from tests.integration.api.due import add_due, at_noon, in_order, left, told
from tests.integration.api.running import World, until
from tests.integration.api.test_clocks import always, clocks, opened, pause
from tests.integration.api.test_order_audit import verdict
from tests.integration.api.test_process import start  # noqa: F401 - a fixture
from tests.integration.api.test_work_orders import act

MANY: Final = 10_000  # how long they take is measured by `make bench-deadlines`


async def sweep_all(world: World) -> int:
    fired = 0
    while found := await sweep.sweep(world.resources):
        fired += found
    return fired


async def reminders_of(world: World, number: str) -> list[tuple[str, str]]:
    items = (await world.by("susan").get(f"work-orders/{number}/history"))["items"]
    return [(each["action"], each["reason"]) for each in items if each["action"] in {"reminded", "escalated"}]


async def inbox_of(world: World, who: str, kind: str) -> list[str]:
    """What somebody was told of this kind, the newest first."""
    items = (await world.by(who).get("/v1/me/notices?limit=100"))["items"]
    return [each["text"]["zh"] for each in items if each["kind"] == kind]


async def test_a_limit_is_told_at_its_shares_and_after_it_until_somebody_acts(world: World) -> None:
    await always(world)
    number = await opened(world)
    for _ in range(15):
        world.clock.advance(10 * MINUTE_US)
        await sweep_all(world)
    assert await reminders_of(world, number) == [
        ("reminded", "accept 50% -> worker"), ("reminded", "accept 80% -> worker"),
        ("escalated", "accept 100% -> desk"), ("escalated", "accept +1 -> supervisor"),
    ]  # fmt: skip
    await act(world, number, "handle")
    world.clock.advance(50 * MINUTE_US)
    await sweep_all(world)
    assert len(await reminders_of(world, number)) == 4
    assert verdict(world).breaks == ()
    deadlines = (await clocks(world, number))["deadlines"]
    assert {each["kind"] for each in deadlines if each["fired_at"] is None} == {"arrive", "promise"}


async def test_whoever_is_told_of_a_limit_is_told_when_it_is_over_and_not_when_they_are_told(world: World) -> None:
    await always(world, remind_at=[50])
    number = await opened(world)
    for _ in range(16):
        world.clock.advance(10 * MINUTE_US)
        await sweep_all(world)
    (near,) = await inbox_of(world, "gwen", "reminder")
    assert near == f"工单{number}的受理派单时限为06-01 13:00,即将到期(供水问题,b1)。"
    escalated = await inbox_of(world, "susan", "escalation")
    assert escalated
    assert all("(受理派单时限06-01 13:00)" in each for each in escalated)
    await act(world, number, "return")
    await act(world, number, "refuse-return")
    await sweep_all(world)
    assert "06-01 13:00" in (await inbox_of(world, "gwen", "overdue"))[0]  # hers again, and late at once


async def test_at_the_limit_the_worker_and_the_desk_are_told_and_after_it_the_supervisors(world: World) -> None:
    await always(world)
    await opened(world)
    world.clock.advance(60 * MINUTE_US)
    await sweep_all(world)
    told = {who: len(await inbox_of(world, who, "overdue")) for who in ("gwen", "oscar", "susan", "rita")}
    assert told == {"gwen": 1, "oscar": 1, "susan": 0, "rita": 0}
    assert await inbox_of(world, "susan", "escalation") == []
    world.clock.advance(60 * MINUTE_US)
    await sweep_all(world)
    assert len(await inbox_of(world, "susan", "escalation")) == 1
    assert [await inbox_of(world, who, "escalation") for who in ("gwen", "oscar")] == [[], []]


async def test_the_promise_is_the_desks_and_above_it_the_supervisors(world: World) -> None:
    await always(world, remind_at=[50], repeats=0)
    number = await opened(world)
    for action in ("handle", "resolve"):
        await act(world, number, action)
    told = []
    for _ in range(2):
        world.clock.advance(300 * MINUTE_US)
        await sweep_all(world)
        told.append({who: len(await inbox_of(world, who, "reminder")) for who in ("gwen", "oscar", "susan")})
    assert told == [{"gwen": 0, "oscar": 1, "susan": 0}] * 2
    assert {who: len(await inbox_of(world, who, "overdue")) for who in ("gwen", "oscar", "susan")} == {
        "gwen": 1, "oscar": 1, "susan": 1,
    }  # fmt: skip


async def test_whatever_nobody_acts_on_is_told_again_each_day(world: World) -> None:
    await always(world, repeats=2, repeat_minutes=5)
    number = await opened(world)
    world.clock.advance(11 * HOUR_US)
    while await sweep_all(world):
        world.clock.advance(10 * MINUTE_US)
    soon = await reminders_of(world, number)
    for _ in range(5):
        world.clock.advance(24 * HOUR_US)
        await sweep_all(world)
    later = (await reminders_of(world, number))[len(soon) :]
    assert [each for each in later if each[1].startswith("promise")] == [
        ("escalated", f"promise +{count} -> supervisor") for count in range(3, 8)
    ]
    assert len(later) == 10
    await act(world, number, "handle")
    world.clock.advance(10 * MINUTE_US)
    await sweep_all(world)
    assert [each for each in (await reminders_of(world, number))[len(soon) + 10 :] if "accept" in each[1]] == []


async def test_what_is_merged_its_master_speaks_for(world: World) -> None:
    await always(world, repeats=0)
    number, master = await opened(world), await opened(world)
    await world.by("oscar").post(f"work-orders/{number}/merge", {"master": master, "reason": "The same water"})
    for _ in range(4):
        world.clock.advance(24 * HOUR_US)
        await sweep_all(world)
    escalated = [[how for how, _ in await reminders_of(world, each)].count("escalated") for each in (number, master)]
    assert escalated == [1, 2 * 4]  # of the promise alone; and each day of both


async def test_after_an_outage_whoever_has_the_order_hears_that_it_is_late(world: World) -> None:
    await always(world)
    await opened(world)
    world.clock.advance(100 * HOUR_US)
    while await sweep.sweep(world.resources, batch=1):  # also if the sweep comes by each of them alone
        pass
    told = [await inbox_of(world, who, "overdue") for who in ("gwen", "oscar")]
    assert [[("承诺答复" in each, "受理派单" in each) for each in sorted(heard)] for heard in told] == [
        [(False, True), (True, False)]
    ] * 2
    assert len(await inbox_of(world, "susan", "escalation")) == 2
    assert await inbox_of(world, "gwen", "reminder") == []


async def test_after_a_long_silence_the_last_word_is_told_and_not_each_that_was_missed(world: World) -> None:
    await always(world)
    number = await opened(world)
    world.clock.advance(100 * HOUR_US)
    assert await sweep_all(world) == 12
    assert await reminders_of(world, number) == [
        ("escalated", "accept 100% -> desk"), ("escalated", "accept +3 -> supervisor"),
        ("escalated", "promise 100% -> supervisor"), ("escalated", "promise +3 -> supervisor"),
    ]  # fmt: skip
    deadlines = (await clocks(world, number))["deadlines"]
    assert [each["superseded"] for each in deadlines if each["fired_at"]].count(False) == 4
    waits = [(each["kind"], each["step"]) for each in deadlines if not each["fired_at"]]
    assert waits == [("accept", "+4"), ("promise", "+4")]  # tomorrow


@pytest.mark.timeout(240)
async def test_ten_thousand_that_are_due_fire_once_and_in_order(world: World) -> None:
    add_due(world, MANY)
    assert await sweep_all(world) == MANY
    numbers = told(world)
    assert len(numbers) == len(set(numbers)) == MANY
    assert numbers == in_order(world)
    assert await sweep_all(world) == 0


async def test_two_sweeps_at_once_fire_nothing_twice_and_nothing_out_of_order(world: World) -> None:
    add_due(world, 600)

    async def until_empty() -> None:
        while left(world):
            await sweep.sweep(world.resources, batch=20)

    await asyncio.wait_for(asyncio.gather(until_empty(), until_empty(), until_empty()), 60)
    assert told(world) == in_order(world)
    assert len(told(world)) == 600


@pytest.mark.timeout(120)
@pytest.mark.parametrize("point", ["api.deadlines_fired_not_committed", "api.deadlines_committed"])
async def test_killed_in_the_middle_each_is_fired_once_all_the_same(
    world: World,
    start: Any,  # noqa: F811
    point: str,
) -> None:
    add_due(world, 1000)
    process = start(fault=point, **at_noon())
    assert await process.until_dead() == -signal.SIGKILL
    assert len(told(world)) == (0 if point.endswith("not_committed") else sweep.BATCH)
    process = start(fault=point, **at_noon())

    async def all_fired() -> bool:
        return left(world) == 0

    await until("all have fired", all_fired)
    assert told(world) == in_order(world)
    assert len(told(world)) == len(set(told(world))) == 1000


async def test_one_whose_effect_fails_keeps_back_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    add_due(world, 50)
    broken = "WO20260601-000007"
    works = effects.on_fired

    async def on_fired(tx: Transaction, fired: list[Fired]) -> None:
        if any(each.number == broken for each in fired):
            raise RuntimeError("a bug")
        await works(tx, fired)

    monkeypatch.setattr(effects, "on_fired", on_fired)
    await sweep_all(world)
    failed = world.rows("SELECT number FROM order_deadlines WHERE failure IS NOT NULL")
    assert failed == [{"number": broken}]
    assert len(told(world)) == 49
    assert told(world) == [number for number in in_order(world) if number != broken]


async def test_the_task_fires_what_becomes_due_by_the_estates_clock(world: World) -> None:
    await always(world)
    number = await opened(world)
    stop = asyncio.Event()
    task = asyncio.create_task(sweep.keep_deadlines(world.resources, stop))

    async def reminded() -> bool:
        return bool(await reminders_of(world, number))

    assert not await reminded()
    world.clock.advance(31 * MINUTE_US)
    await until("somebody is reminded", reminded)
    stop.set()
    await asyncio.wait_for(task, 10)


async def test_a_step_and_a_sweep_at_once_never_wait_for_each_other_for_ever(world: World) -> None:
    await always(world)
    numbers = [await opened(world) for _ in range(10)]
    world.clock.advance(40 * MINUTE_US)

    async def sweeping() -> None:
        for _ in range(40):
            world.clock.advance(3 * MINUTE_US)
            await sweep.sweep(world.resources, batch=5)

    async def acting(number: str) -> None:
        for action in ("handle", "resolve", "answer"):
            await act(world, number, action)

    await asyncio.wait_for(asyncio.gather(sweeping(), *(acting(number) for number in numbers)), 60)
    await sweep_all(world)
    for number in numbers:
        seen = await clocks(world, number)
        assert sum(each["seconds"] for each in seen["segments"]) == seen["seconds"]
        assert [each for each in seen["deadlines"] if each["fired_at"] is None] == []


async def test_another_sites_deadlines_are_swept_too(world: World) -> None:
    await world.furnish("s2", [{"username": "wanda", "name": "Wanda", "roles": ["operator"]}])
    add_due(world, 5, site="s2")
    assert await sweep_all(world) == 5
    assert world.rows("SELECT DISTINCT site FROM order_history") == [{"site": "s2"}]


async def test_whoever_is_told_of_a_limit_hears_which_one_and_whether_it_is_past(world: World) -> None:
    await always(world)
    await opened(world)
    for _ in range(15):
        world.clock.advance(10 * MINUTE_US)
        await sweep_all(world)
    heard = {who: (await world.by(who).get("/v1/me/notices"))["items"] for who in ("gwen", "oscar", "susan")}
    assert [each["kind"] for each in heard["gwen"]] == ["overdue", "reminder", "reminder", "dispatched"]
    assert [each["kind"] for each in heard["oscar"]] == ["overdue"]
    assert [each["kind"] for each in heard["susan"]] == ["escalation"]
    of_limits = [*heard["gwen"][:-1], *heard["oscar"], *heard["susan"]]
    assert all("06-01 13:00" in each["text"]["en"] for each in of_limits)  # the limit, not when they are told of it


async def test_who_has_an_order_hears_that_its_clock_runs_again(world: World) -> None:
    await always(world)
    number = await opened(world)
    asked = await world.by("gwen").post(f"work-orders/{number}/pauses", pause(10))
    await world.by("susan").post(f"work-orders/{number}/pauses/{asked['pauses'][0]['id']}/approve")
    world.clock.advance(10 * MINUTE_US)
    await sweep_all(world)
    (newest, *_) = (await world.by("gwen").get("/v1/me/notices"))["items"]
    assert (newest["kind"], newest["number"]) == ("pause_over", number)
    assert "06-01 12:10" in newest["text"]["zh"]
    assert [each["kind"] for each in (await world.by("susan").get("/v1/me/notices"))["items"]] == ["pause_asked"]


async def test_of_a_broken_promise_each_reporter_hears_once_of_their_own(world: World) -> None:
    await always(world)
    number = await opened(world)
    world.clock.advance(30 * MINUTE_US)
    copy = (await world.by("rob").post("reports", {"category": "water", "text": "Water in the cellar"}))["number"]
    await world.by("oscar").post(f"work-orders/{copy}/merge", {"master": number, "reason": "The same water"})
    heard: list[int] = []
    for minutes in (569, 1, 30, 24 * 60):
        world.clock.advance(minutes * MINUTE_US)
        await sweep_all(world)
        heard += [len(await inbox_of(world, who, "promise_broken")) for who in ("rita", "rob")]
    assert heard == [0, 0, 1, 0, 1, 1, 1, 1]
    (told,) = await inbox_of(world, "rita", "promise_broken")
    assert told.startswith(f"非常抱歉,您的诉求{number}未能在承诺的06-01 22:00前答复。")
    assert f"您的诉求{copy}未能在承诺的06-01 22:30前答复。" in (await inbox_of(world, "rob", "promise_broken"))[0]
    assert await inbox_of(world, "susan", "promise_broken") == []
    await world.by("oscar").post(f"work-orders/{copy}/unmerge", {"reason": "Another cellar"})  # it is planned anew
    await sweep_all(world)
    assert len(await inbox_of(world, "rob", "promise_broken")) == 1


async def test_of_the_next_promise_that_is_broken_the_reporter_hears_again(world: World) -> None:
    await always(world)
    number = await opened(world)
    for count in (1, 2):
        world.clock.advance(11 * HOUR_US)
        await sweep_all(world)
        assert len(await inbox_of(world, "rita", "promise_broken")) == count
        if count == 1:
            for action, who, more in (
                ("handle", "gwen", {}), ("resolve", "gwen", {"text": "Dry"}), ("answer", "oscar", {"text": "Dry"}),
                ("reopen", "rita", {"reason": "Still wet"}),
            ):  # fmt: skip
                await act(world, number, action, who, **more)
