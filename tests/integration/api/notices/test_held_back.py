"""What was held back by quiet hours or a failed try: whether and how it is told when its time comes."""

from __future__ import annotations

import pytest

from api.notices import store
from api.notices.channels.contract import ChannelName
from api.transactions import ALL_SITES, begin
from tests.integration.api.notices.conftest import Post
from tests.integration.api.test_order_cycle import answered, do, reported

RETURNED = {"code": "not_ours", "reason": "no"}


async def confide(post: Post, number: str) -> None:
    await post.world.by("susan").post(f"work-orders/{number}/confide", {"reason": "她害怕"})


async def test_of_an_order_that_became_confidential_it_is_not_told_where_and_what_it_is(post: Post) -> None:
    browser = post.fakes.browser("b")
    await post.world.by("gwen").post("/v1/me/notice-channels/web-push", browser.subscription)
    post.later(11 * 3600)
    hidden, open_ = await reported(post.world), await reported(post.world)
    await post.run()
    await confide(post, hidden)
    post.later(8 * 3600)
    await post.run()
    of_hidden, of_open = [line for said in browser.read for line in said["body"].splitlines()]
    assert of_hidden == f"工单{hidden}已派给您。"
    assert of_open.startswith(f"工单{open_}已派给您(")
    items = (await post.world.by("gwen").get("/v1/me/notices"))["items"]
    assert {each["text"]["zh"] for each in items} == {of_hidden, of_open}


async def test_of_an_order_that_became_confidential_no_group_hears(post: Post) -> None:
    number = await post.report()
    await post.world.by("gwen").post(f"work-orders/{number}/return", RETURNED)
    post.fakes.say("wecom", 503)
    await post.run()
    await confide(post, number)
    post.later(60)
    await post.deliver(ChannelName.WECOM)
    assert (post.fakes.taken["wecom"], post.rows("channel = 'wecom'")) == ([], [])


async def test_a_channel_that_is_muted_in_the_night_says_nothing_in_the_morning(post: Post) -> None:
    browser = post.fakes.browser("b")
    await post.world.by("gwen").post("/v1/me/notice-channels/web-push", browser.subscription)
    post.later(11 * 3600)
    await post.report()
    await post.run()
    await post.world.by("gwen").put("/v1/me/notice-channels", {"muted": ["web_push"]})
    post.later(8 * 3600)
    await post.run()
    assert (browser.read, post.rows("state = 'waiting'")) == ([], [])


async def test_a_channel_that_is_for_other_kinds_since_the_night_says_nothing_else_in_the_morning(post: Post) -> None:
    browser = post.fakes.browser("b")
    await post.world.by("gwen").post("/v1/me/notice-channels/web-push", browser.subscription)
    post.later(11 * 3600)
    number = await post.report()
    await do(post.world, "susan", number, "recall", reason="Another one")
    await post.run()
    await post.world.by("gwen").put("/v1/me/notice-channels", {"only": {"web_push": ["withdrawn"]}})
    post.later(8 * 3600)
    await post.run()
    assert ([said["kind"] for said in browser.read], post.rows("state = 'waiting'")) == (["withdrawn"], [])


async def test_a_refusal_of_the_old_address_does_not_take_the_new_one_along(post: Post) -> None:
    old, new = post.fakes.browser("old"), post.fakes.browser("new")
    gwen = post.world.by("gwen")
    await gwen.post("/v1/me/notice-channels/web-push", new.subscription)
    (kept,) = post.world.rows("SELECT target, address FROM notice_addresses WHERE username = 'gwen'")
    for tried, left in ((kept["address"] | {"endpoint": old.endpoint}, 1), (kept["address"], 0)):
        async with begin(post.world.resources, ALL_SITES) as tx:
            await store.address_gone(tx, "gwen", ChannelName.WEB_PUSH, kept["target"], address=tried)
        assert len((await gwen.get("/v1/me/notice-channels"))["addresses"]) == left


@pytest.mark.parametrize("end", ["answered", "cancelled"])
async def test_the_digest_does_not_tell_how_far_it_was_with_what_is_over(post: Post, end: str) -> None:
    browser, rita = post.fakes.browser("b"), post.world.by("rita")
    await rita.post("/v1/me/notice-channels/web-push", browser.subscription)
    await rita.put("/v1/me/notice-channels", {"digest_at": "18:00"})
    over, merged, open_ = [await reported(post.world) for _ in range(3)]
    await do(post.world, "oscar", merged, "merge", master=over, reason="The same")
    await post.run()
    if end == "answered":
        await answered(post.world, over)
    else:
        await do(post.world, "oscar", over, "cancel", reason="A mistake")
    await post.run()
    at_once = [said["number"] for said in browser.read]
    browser.read.clear()
    post.later(6 * 3600)
    await post.run()
    (digest,) = browser.read
    lines = digest["body"].splitlines()
    assert over in at_once
    assert sorted(open_ in line for line in lines if merged not in line) == [True, True]
    assert any(merged in line for line in lines) == (end == "cancelled")  # on its own again
    assert post.rows("state IN ('new', 'waiting', 'failed')") == []
    kinds = {row["kind"] for row in post.rows("channel = 'inbox' AND recipient = 'rita'")}
    assert {"accepted", end} <= kinds


async def test_a_group_hears_no_more_of_what_is_over_by_the_time_its_robot_is_back(post: Post) -> None:
    number = await post.report()
    await post.world.by("gwen").post(f"work-orders/{number}/return", RETURNED)
    post.fakes.say("wecom", 503)
    await post.run()
    await do(post.world, "oscar", number, "sign-off")
    await do(post.world, "oscar", number, "cancel", reason="A mistake")
    post.later(60)
    await post.deliver(ChannelName.WECOM)
    assert (post.fakes.taken["wecom"], post.rows("channel = 'wecom' AND kind = 'returned'")) == ([], [])


async def test_what_waits_goes_by_the_new_quiet_hours(post: Post) -> None:
    browser = post.fakes.browser("b")
    await post.world.by("gwen").post("/v1/me/notice-channels/web-push", browser.subscription)
    post.later(11 * 3600)  # eleven at night
    await post.report()
    await post.run()
    assert browser.read == []
    await post.world.by("gwen").put("/v1/me/notice-channels", {"quiet_from": "22:00", "quiet_until": "09:00"})
    post.later(8 * 3600 + 1800)
    await post.run()
    assert browser.read == []
    await post.world.by("gwen").put("/v1/me/notice-channels", {"quiet_from": "00:00", "quiet_until": "00:00"})
    await post.run()
    assert [said["kind"] for said in browser.read] == ["dispatched"]


async def test_what_waits_for_a_digest_goes_by_the_new_one(post: Post) -> None:
    browser, rita = post.fakes.browser("b"), post.world.by("rita")
    await rita.post("/v1/me/notice-channels/web-push", browser.subscription)
    await rita.put("/v1/me/notice-channels", {"digest_at": "18:00"})
    await post.report()
    await post.run()
    await rita.put("/v1/me/notice-channels", {"digest_at": "13:00"})
    post.later(3600)
    await rita.put("/v1/me/notice-channels", {"digest_at": "12:30"})  # what is due does not wait for tomorrow
    await post.run()
    (digest,) = browser.read
    assert digest["kind"] == "digest"
