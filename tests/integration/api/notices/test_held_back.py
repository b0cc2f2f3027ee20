"""What was held back by quiet hours or a failed try: whether and how it is told when its time comes."""

from __future__ import annotations

from api.notices.channels.contract import ChannelName
from tests.integration.api.notices.conftest import Post
from tests.integration.api.test_order_cycle import reported

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
