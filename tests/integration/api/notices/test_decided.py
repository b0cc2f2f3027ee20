"""Who waits for a decision hears of it, and who gets an order back hears that it is theirs."""

from __future__ import annotations

from typing import Final

import pytest

from herun.clock import DAY_US
from tests.integration.api.notices.conftest import Post
from tests.integration.api.notices.test_inbox import kinds
from tests.integration.api.test_order_cycle import do, pass_time

MORE: Final = {"minutes": 90, "reason": "The wall has to dry"}


async def news(post: Post, who: str) -> list[str]:
    """What somebody was told since it was last forgotten."""
    return [kind for kind, _ in await kinds(post.world, who)]


async def asked_for_more(post: Post, number: str) -> str:
    made = await post.world.by("gwen").post(f"work-orders/{number}/extensions", MORE)
    return f"work-orders/{number}/extensions/{made['extensions'][-1]['id']}"


async def test_a_worker_hears_that_their_return_was_refused(post: Post) -> None:
    number = await post.report()
    await do(post.world, "gwen", number, "return", code="not_ours", reason="No")
    await do(post.world, "oscar", number, "refuse-return", reason="It is yours")
    (told, *_) = (await post.world.by("gwen").get("/v1/me/notices"))["items"]
    assert (told["kind"], told["number"]) == ("return_refused", number)
    assert "仍由您处理" in told["text"]["zh"]
    await do(post.world, "gwen", number, "return", code="not_ours", reason="No")
    post.world.rows("DELETE FROM notices")
    await do(post.world, "oscar", number, "refuse-return", reason="It is yours")
    assert await news(post, "gwen") == ["withdrawn"]  # an arbiter decides


@pytest.mark.parametrize(("verb", "kind"), [("approve", "extension_approved"), ("deny", "extension_denied")])
async def test_a_decision_is_told_to_who_asked_and_who_has_it_by_now(post: Post, verb: str, kind: str) -> None:
    number = await post.report()
    path = await asked_for_more(post, number)
    await do(post.world, "gwen", number, "transfer", worker="greg", reason="My shift is over")
    post.world.rows("DELETE FROM notices")
    await post.world.by("susan").post(f"{path}/{verb}")
    assert (await news(post, "gwen"), await news(post, "greg"), await news(post, "susan")) == ([kind], [kind], [])


@pytest.mark.parametrize(
    ("verb", "kind"), [("approve", "pause_approved"), ("deny", "pause_denied"), ("end", "pause_ended")]
)
async def test_who_asked_for_a_pause_of_what_they_have_is_told_once(post: Post, verb: str, kind: str) -> None:
    number, body = await post.report(), {"reason": "parts", "note": "A valve", "until": "2026-06-02T12:00:00+08:00"}
    made = await post.world.by("gwen").post(f"work-orders/{number}/pauses", body)
    post.world.rows("DELETE FROM notices")
    await post.world.by("susan").post(f"work-orders/{number}/pauses/{made['pauses'][0]['id']}/{verb}")
    assert await news(post, "gwen") == [kind]


async def test_of_what_is_confidential_by_now_who_asked_and_has_it_no_more_hears_nothing(post: Post) -> None:
    number = await post.report()
    path = await asked_for_more(post, number)
    await do(post.world, "gwen", number, "transfer", worker="greg", reason="My shift is over")
    await do(post.world, "rita", number, "confide", reason="My neighbour")
    post.world.rows("DELETE FROM notices")
    await post.world.by("susan").post(f"{path}/approve")
    assert (await news(post, "gwen"), await news(post, "greg")) == ([], ["extension_approved"])


async def test_a_worker_hears_of_what_the_desk_puts_on_hold_and_that_it_goes_on(post: Post) -> None:
    number = await post.report()
    post.world.rows("DELETE FROM notices")
    hold = {"until": "2026-06-02T12:00:00+08:00", "reason": "Parts"}
    await do(post.world, "oscar", number, "hold", **hold)
    await do(post.world, "oscar", number, "resume")
    assert await news(post, "gwen") == ["on_hold", "resumed"]
    await do(post.world, "gwen", number, "hold", **hold)
    await do(post.world, "gwen", number, "resume")
    assert await news(post, "gwen") == ["on_hold", "resumed"]  # they know
    await do(post.world, "gwen", number, "hold", **hold)
    await pass_time(post.world, DAY_US)
    assert await news(post, "gwen") == ["on_hold", "resumed", "resumed"]
