"""Mail addresses of persons: how often a code is sent, and to whom."""

from __future__ import annotations

from typing import Final

import pytest

from api.throttles import service as throttles
from herun.clock import DAY_US
from tests.integration.api.notices.conftest import Post

PATH: Final = "/v1/me/notice-channels/email"


async def put(post: Post, who: str, address: str, key: str | None = None) -> int:
    return (await post.world.by(who).call("PUT", PATH, {"address": address}, key=key)).status_code


async def test_nobody_has_more_than_ten_codes_a_day_sent_whatever_they_remove_between(post: Post) -> None:
    rita = post.world.by("rita")
    for n in range(10):
        assert await put(post, "rita", f"victim{n % 2}@x.example") == 200
        await rita.call("DELETE", f"{PATH}/only")
        post.later(2)
    assert await put(post, "rita", "victim@x.example") == 429
    assert len(post.rows("kind = 'email_code'")) == 10
    assert await put(post, "rob", "rob@x.example") == 200
    post.world.wall.advance(DAY_US + 1)
    assert await put(post, "rita", "rita@x.example") == 200


async def test_one_address_gets_so_many_codes_a_day_from_whomever(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        throttles, "EMAIL_CODES_TO", throttles.Throttle("email_codes_to", 2, throttles.EMAIL_CODES.window)
    )
    said = [
        await put(post, who, address)
        for who, address in [
            ("rita", "a@x.example"),
            ("rob", "A@X.example"),
            ("gwen", "a@x.example"),
            ("gwen", "b@x.example"),
        ]
    ]
    assert said == [200, 200, 429, 200]


async def test_a_code_that_is_not_sent_and_one_that_was_sent_already_count_nothing(post: Post) -> None:
    for _ in range(12):
        assert await put(post, "rita", "rita@x.example", key="k1") == 200
    for _ in range(12):
        assert await put(post, "rita", "rita@x.example") == 429  # a minute between two
    post.later(61)
    assert await put(post, "rita", "rita@x.example") == 200
    assert len(post.rows("kind = 'email_code'")) == 2
