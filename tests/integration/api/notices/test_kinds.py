"""A person chooses by channel of which kinds they hear."""

from __future__ import annotations

from typing import Any

from tests.integration.api.notices.conftest import Post
from tests.integration.api.notices.test_channels import with_email


async def test_by_a_channel_come_only_the_kinds_that_were_chosen_for_it(post: Post) -> None:
    await with_email(post)
    browser = post.fakes.browser("b")
    rita = post.world.by("rita")
    await rita.post("/v1/me/notice-channels/web-push", browser.subscription)
    shown = await rita.put("/v1/me/notice-channels", {"only": {"email": ["under_way"]}})
    assert shown["only"] == {"email": ["under_way"]}
    await post.report()
    await post.run()
    assert {said["kind"] for said in browser.read} == {"accepted", "under_way"}
    assert len(post.mail.mails) == 1
    assert len((await rita.get("/v1/me/notices"))["items"]) == 2
    bad: list[Any] = [{"email": ["nothing"]}, {"email": []}, {"pigeon": ["answered"]}]
    for wrong in bad:
        assert (await rita.call("PUT", "/v1/me/notice-channels", {"only": wrong})).status_code == 422
