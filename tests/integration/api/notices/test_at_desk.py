"""What nobody fits is not left lying: its desk hears that it waits, and what is critical at once."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.integration.api.notices.conftest import Post
from tests.integration.api.notices.test_inbox import kinds
from tests.integration.api.test_dispatch_pool import pooled
from tests.integration.api.test_order_cycle import do, reported

NOWHERE: Final = {"building": "b3"}  # nobody's grid
FIRE: Final = {**NOWHERE, "category": "fire"}


async def heard(post: Post, number: str) -> set[str]:
    return {row["recipient"] for row in post.rows("kind = 'at_desk'") if row["number"] == number}


async def test_the_desk_hears_of_a_new_order_that_nobody_fits_and_of_no_other(post: Post) -> None:
    number, fitting, offered = await reported(post.world, **NOWHERE), await post.report(), await pooled(post.world)
    assert await kinds(post.world, "oscar") == [("at_desk", number)]
    assert await heard(post, number) == {"oscar"}
    assert not await heard(post, fitting) | await heard(post, offered)
    await do(post.world, "oscar", number, "dispatch", worker="gwen")
    await do(post.world, "oscar", number, "recall", reason="Another one")  # who took it back knows
    assert len(await kinds(post.world, "oscar")) == 1


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
    number = await reported(post.world, "oscar", **NOWHERE, caller={"name": "Li", "phone": "13900000000"})
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
