"""What turns out to be critical is told to whoever has it, at once and by night too."""

from __future__ import annotations

from typing import Final

import pytest

from tests.integration.api.notices.conftest import Post
from tests.integration.api.notices.test_inbox import kinds
from tests.integration.api.test_dispatch_pool import pooled
from tests.integration.api.test_order_cycle import answered, do, order, reported

FIRE: Final = {"category": "fire", "reason": "It burns"}
TOLD: Final = "turned_critical"


async def heard(post: Post, number: str) -> set[str]:
    return {row["recipient"] for row in post.rows(f"kind = '{TOLD}'") if row["number"] == number}


async def test_its_worker_hears_it_at_once_in_the_night_and_the_rest_in_the_morning(post: Post) -> None:
    browser = post.fakes.browser("b")
    await post.world.by("gwen").post("/v1/me/notice-channels/web-push", browser.subscription)
    post.later(11 * 3600)  # eleven at night
    number = await post.report()
    await post.run()
    assert browser.read == []  # that it is hers can wait
    await do(post.world, "oscar", number, "category", **FIRE)
    await post.run()
    assert [(said["kind"], said["number"]) for said in browser.read] == [(TOLD, number)]
    assert await heard(post, number) == {"gwen"}


async def test_the_desk_hears_of_what_nobody_has_but_for_who_corrected_it(post: Post) -> None:
    number = await reported(post.world, building="b3")
    await do(post.world, "susan", number, "category", **FIRE)
    assert await heard(post, number) == {"oscar"}
    other = await reported(post.world, building="b3")
    await do(post.world, "oscar", other, "category", **FIRE)
    assert await heard(post, other) == set()


async def test_what_was_given_back_is_the_desks_to_know(post: Post) -> None:
    number = await post.report()
    await do(post.world, "gwen", number, "return", code="not_ours", reason="It burns")
    await do(post.world, "susan", number, "category", **FIRE)
    assert await heard(post, number) == {"oscar"}


async def test_to_whom_it_is_offered_it_is_offered_anew_at_once(post: Post) -> None:
    number = await pooled(post.world)
    await do(post.world, "oscar", number, "category", **FIRE)
    assert (await order(post.world, number))["state"] == "accepted"
    urgent = [row for row in post.rows("kind = 'offered' AND urgency = 'now'") if row["number"] == number]
    assert {row["recipient"] for row in urgent} == {"gwen"}  # gus knows nothing of fires
    assert await heard(post, number) == set()


@pytest.mark.parametrize("more", [{"category": "fire"}, {"category": "noise"}])
async def test_what_was_critical_before_or_is_not_is_not_told(post: Post, more: dict[str, str]) -> None:
    number = await reported(post.world, **more)
    category = {"fire": "gas", "noise": "paving"}[more["category"]]
    await do(post.world, "oscar", number, "category", category=category, reason="Another matter")
    assert await heard(post, number) == set()


async def test_what_is_answered_is_nobodys_any_more(post: Post) -> None:
    number = await post.report()
    await answered(post.world, number)
    await do(post.world, "oscar", number, "category", **FIRE)
    assert await heard(post, number) == set()
    assert TOLD not in [kind for kind, _ in await kinds(post.world, "gwen")]
