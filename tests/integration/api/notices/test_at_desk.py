"""What nobody fits is not left lying: its desk hears that it waits, however it came to; what is critical at once."""

from __future__ import annotations

from typing import Any, Final

import pytest

from api.dispatch import times as dispatch_times
from herun.clock import DAY_US, SECOND_US
from tests.integration.api.notices.conftest import Post
from tests.integration.api.notices.test_inbox import kinds
from tests.integration.api.test_dispatch import add_worker, put_rules
from tests.integration.api.test_dispatch_pool import GRAB, pooled
from tests.integration.api.test_order_cycle import answered, do, order, pass_time, reported

NOWHERE: Final = {"building": "b3"}  # nobody's grid
FIRE: Final = {**NOWHERE, "category": "fire"}


CALLER: Final = {"name": "Li", "phone": "13900000000"}
NO_WORKER: Final = {"username": "gwen", "name": "Gwen", "roles": ["resident"], "building": "b1"}


async def leaves(post: Post, who: str = "gwen") -> None:
    await post.world.admin.post("people?replace=true", {"people": [{**NO_WORKER, "username": who}]})


async def heard(post: Post, number: str) -> set[str]:
    return {row["recipient"] for row in post.rows("kind = 'at_desk'") if row["number"] == number}


async def times_heard(post: Post, number: str) -> int:
    """How often oscar, who is the desk, was told that this order waits."""
    return (await kinds(post.world, "oscar")).count(("at_desk", number))


async def test_the_desk_hears_of_a_new_order_that_nobody_fits_and_of_no_other(post: Post) -> None:
    number, fitting, offered = await reported(post.world, **NOWHERE), await post.report(), await pooled(post.world)
    assert await kinds(post.world, "oscar") == [("at_desk", number)]
    assert await heard(post, number) == {"oscar"}
    assert not await heard(post, fitting) | await heard(post, offered)
    await do(post.world, "oscar", number, "dispatch", worker="gwen")
    await do(post.world, "oscar", number, "recall", reason="Another one")  # who took it back knows
    assert len(await kinds(post.world, "oscar")) == 1


@pytest.mark.parametrize("who", ["rita", "oscar"])
async def test_what_is_reopened_and_fits_nobody_is_told_but_not_to_who_reopened_it(post: Post, who: str) -> None:
    number = await post.report()
    await answered(post.world, number)
    await leaves(post)
    assert (await do(post.world, who, number, "reopen", reason="Wet again"))["state"] == "accepted"
    assert await times_heard(post, number) == (who == "rita")


@pytest.mark.parametrize("is_confidential", [True, False])
async def test_a_supervisor_hears_once_of_what_is_reopened_be_they_the_desk_or_not(
    post: Post, is_confidential: bool
) -> None:
    number = await reported(post.world, confidential=is_confidential)
    for who, action in (("gwen", "handle"), ("gwen", "resolve"), ("susan", "answer")):
        await do(post.world, who, number, action, **({} if action == "handle" else {"text": "Done"}))
    await leaves(post)
    before = len(await kinds(post.world, "susan"))
    assert (await do(post.world, "rita", number, "reopen", reason="Wet again"))["state"] == "accepted"
    assert (await kinds(post.world, "susan"))[before:] == [("reopened", number)]
    assert await heard(post, number) == (set() if is_confidential else {"oscar"})


@pytest.mark.parametrize("who", ["susan", "oscar"])
async def test_the_desk_hears_of_what_a_supervisor_signs_off(post: Post, who: str) -> None:
    number = await post.report()
    await do(post.world, "gwen", number, "return", code="not_ours", reason="No")
    assert (await do(post.world, who, number, "sign-off"))["state"] == "accepted"
    assert await heard(post, number) == ({"oscar"} if who == "susan" else set())


async def test_what_comes_out_of_a_merge_and_fits_nobody_is_told_if_the_desk_did_not_take_it_out(post: Post) -> None:
    master, taken_out, released = [await post.report() for _ in range(3)]
    for number in (taken_out, released):
        await do(post.world, "oscar", number, "merge", master=master, reason="The same")
    await leaves(post)
    assert await times_heard(post, master) == 1
    await do(post.world, "oscar", taken_out, "unmerge", reason="Another cellar")
    await do(post.world, "oscar", master, "cancel", reason="A mistake")
    assert await times_heard(post, released) == 1
    assert await times_heard(post, taken_out) == 0


async def test_what_was_unmerged_is_told_to_the_others_of_the_desk(post: Post) -> None:
    master, number = await post.report(), await post.report()
    await do(post.world, "oscar", number, "merge", master=master, reason="The same")
    await leaves(post)
    await do(post.world, "susan", number, "unmerge", reason="Another cellar")
    assert await heard(post, number) == {"oscar"}


@pytest.mark.parametrize("state", ["dispatched", "on_hold", "returned"])
async def test_what_a_worker_had_who_is_none_any_more_is_told_once(post: Post, state: str) -> None:
    number = await post.report()
    if state == "on_hold":
        await do(post.world, "gwen", number, "hold", until="2026-06-02T12:00:00+08:00", reason="A part is missing")
    elif state == "returned":
        await do(post.world, "gwen", number, "return", code="not_ours", reason="Not mine")
    await leaves(post)
    assert (await order(post.world, number))["state"] == "accepted"
    assert await times_heard(post, number) == 1


async def test_what_a_worker_had_and_another_gets_is_not_told(post: Post) -> None:
    await add_worker(post.world, "gus")
    number = await post.report()
    worker = (await order(post.world, number))["worker"]
    await leaves(post, worker)
    assert (await order(post.world, number))["worker"] == ({"gwen", "gus"} - {worker}).pop()
    assert await times_heard(post, number) == 0


async def test_what_nobody_took_and_nobody_fits_any_more_is_told_when_the_offer_ends(post: Post) -> None:
    number = await pooled(post.world)
    post.world.rows("UPDATE people SET enabled = false WHERE username IN ('gwen', 'gus')")
    assert await times_heard(post, number) == 0
    post.world.clock.advance(60 * SECOND_US)
    for _ in range(2):
        await dispatch_times.look(post.world.resources)
    assert await times_heard(post, number) == 1


async def test_what_the_desk_put_aside_is_told_when_its_time_is_over(post: Post) -> None:
    number, others = await reported(post.world, "oscar", **NOWHERE, caller=CALLER), await post.report()
    for each, who in ((number, "oscar"), (others, "gwen")):
        await do(post.world, who, each, "hold", until="2026-06-02T11:00:00+08:00", reason="Nobody is in")
    assert await times_heard(post, number) == 0
    await pass_time(post.world, DAY_US)
    assert [await times_heard(post, each) for each in (number, others)] == [1, 0]


async def test_what_waits_again_in_the_morning_is_told_once(post: Post) -> None:
    browser, oscar = post.fakes.browser("b"), post.world.by("oscar")
    await oscar.post("/v1/me/notice-channels/web-push", browser.subscription)
    post.later(11 * 3600)  # eleven at night
    twice, number = [await reported(post.world, **NOWHERE) for _ in range(2)]
    post.later(60)
    await do(post.world, "oscar", twice, "dispatch", worker="gwen")
    await leaves(post)
    assert await times_heard(post, twice) == 2
    await post.run()
    post.later(8 * 3600)
    await post.run()
    (digest,) = [said["body"].splitlines() for said in browser.read if said["kind"] != "at_desk"]
    assert [sum(each in line for line in digest) for each in (twice, number)] == [1, 1]


async def test_what_is_offered_in_the_night_is_not_told_in_the_morning(post: Post) -> None:
    browser, oscar = post.fakes.browser("b"), post.world.by("oscar")
    await oscar.post("/v1/me/notice-channels/web-push", browser.subscription)
    await leaves(post)
    post.later(11 * 3600)  # eleven at night
    number = await post.report()
    await add_worker(post.world, "gus", skills=["fire"])
    await put_rules(post.world, {**GRAB, "claim_within_s": DAY_US // SECOND_US})
    post.later(60)
    await do(post.world, "oscar", number, "category", category="fire", reason="It burns")
    assert (await order(post.world, number))["state"] == "accepted"
    assert await times_heard(post, number) == 1
    await post.run()
    post.later(8 * 3600)
    await post.run()
    assert browser.read == []
    assert post.rows("state IN ('new', 'waiting', 'failed') AND recipient = 'oscar'") == []


@pytest.mark.parametrize("is_confidential", [True, False])
async def test_where_there_are_no_operators_or_it_is_confidential_the_supervisors_are_the_desk(
    post: Post, is_confidential: bool
) -> None:
    if not is_confidential:
        post.world.rows("UPDATE people SET enabled = false WHERE username = 'oscar'")
    number = await reported(post.world, **NOWHERE, confidential=is_confidential)
    assert await heard(post, number) == {"susan"}


async def test_an_order_of_an_alert_and_a_part_that_nobody_fits_are_told_too(post: Post) -> None:
    await post.world.follow(post.world.alert(zone="z0"))  # of no building
    number = (await post.world.by("oscar").get("work-orders?origin=alert"))["items"][0]["number"]
    assert await heard(post, number) == {"oscar"}
    part = (await do(post.world, "susan", number, "split", text="Pump it out"))["number"]
    assert await heard(post, part) == {"oscar"}


async def test_who_opened_it_knows_that_it_waits(post: Post) -> None:
    number = await reported(post.world, "oscar", **NOWHERE, caller=CALLER)
    assert await heard(post, number) == set()


async def test_what_is_critical_leaves_at_once_and_what_is_not_when_it_may_if_it_waits_still(post: Post) -> None:
    browser, oscar = post.fakes.browser("b"), post.world.by("oscar")
    await oscar.post("/v1/me/notice-channels/web-push", browser.subscription)
    await oscar.put("/v1/me/notice-channels", {"digest_at": "18:00"})
    post.later(11 * 3600)  # eleven at night
    critical, given, waits = [await reported(post.world, **more) for more in (FIRE, NOWHERE, NOWHERE)]
    await post.run()
    assert read(browser) == [critical]
    await do(post.world, "oscar", given, "dispatch", worker="gwen")
    post.later(8 * 3600)
    await post.run()
    assert read(browser) == [critical, waits]
    assert post.rows("state IN ('new', 'waiting', 'failed')") == []


def read(browser: Any) -> list[str]:
    return [said["number"] for said in browser.read if said["kind"] == "at_desk"]
