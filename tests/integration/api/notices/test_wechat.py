"""WeChat against a fake of it: its token, what its codes mean, and who binds themselves to it."""

from __future__ import annotations

from typing import Final

import httpx
import pytest

from api.notices.channels.contract import AwayError, Message
from api.notices.channels.wechat import FORCE_AGAIN_S, Account, WeChat
from api.notices.outgoing import make_client
from herun.clock import SECOND_US, Clock, ManualClock
from tests.integration.api.notices.conftest import Post, failed
from tests.integration.api.notices.fakes import APP_ID, APP_SECRET, TEMPLATE, Fakes
from tests.integration.api.running import NOON_US

BINDING: Final = "/v1/me/notice-channels/wechat"


async def bound(post: Post) -> None:
    await post.world.by("rita").post("/v1/me/notice-channels/wechat", {"code": "good-code-1"})


async def test_wechat_gets_the_template_with_an_id_under_which_it_sends_nothing_twice(post: Post) -> None:
    await bound(post)
    number = await post.report()
    await post.run()
    accepted, under_way = post.fakes.taken["wechat"]
    assert accepted["data"]["character_string2"] == {"value": number}
    assert accepted["data"]["thing1"] == {"value": "诉求已受理"}
    assert accepted["data"]["time3"] == {"value": "2026-06-01 12:00"}  # the site's
    assert accepted["client_msg_id"] != under_way["client_msg_id"]
    assert post.fakes.asked["wechat_token"] == 1


async def test_a_wechat_token_that_somebody_renewed_is_renewed_once_and_nothing_is_lost(post: Post) -> None:
    await bound(post)
    await post.report()
    await post.run()
    post.fakes.token = "renewed elsewhere"
    post.fakes.say("wechat_token", (200, "errcode", -1))
    await post.report()
    await post.run()
    assert len(post.fakes.taken["wechat"]) <= 4
    post.later(700)
    await post.run()
    assert len(post.fakes.taken["wechat"]) == 4
    assert await failed(post) == []


@pytest.mark.parametrize(
    ("code", "goes"),
    [(45009, False), (-1, False), (43004, True), (40003, False), (43101, False), (47003, False)],
)
async def test_wechat_says_by_its_code_whether_it_is_later_never_or_nobody(post: Post, code: int, goes: bool) -> None:
    await bound(post)
    comes = code in {45009, -1}
    post.fakes.say("wechat", *[(200, "errcode", code)] * (1 if comes else 2))
    await post.report()
    await post.run()
    assert bool(await failed(post)) == (not comes)
    assert bool((await post.world.by("rita").get("/v1/me/notice-channels"))["addresses"]) != goes
    post.later(700)
    await post.run()
    assert len(post.fakes.taken["wechat"]) == (2 if comes else 0)


async def test_an_openid_comes_from_wechat_and_from_nobody_else(post: Post) -> None:
    rita = post.world.by("rita")
    answer = await rita.call("POST", "/v1/me/notice-channels/wechat", {"code": "forged-code"})
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:herun:problem:bad_code")
    refused = await rita.call("POST", "/v1/me/notice-channels/wechat", {"openid": "oABCD"})
    assert refused.status_code == 422
    post.fakes.openids["nobody-code"] = ""
    nobody = await rita.call("POST", "/v1/me/notice-channels/wechat", {"code": "nobody-code"})
    assert nobody.status_code == 503
    post.fakes.say("wechat_openid", 502)
    away = await rita.call("POST", "/v1/me/notice-channels/wechat", {"code": "good-code-1"})
    assert away.status_code == 503


@pytest.mark.parametrize(
    ("errcode", "status", "problem"),
    [(each, 422, "bad_code") for each in (40029, 40163, 41008, 42003)]
    + [(each, 503, "wechat_away") for each in (-1, 45011, 40125, 40164)],
)
async def test_only_a_bad_code_is_called_one(post: Post, errcode: int, status: int, problem: str) -> None:
    post.fakes.say("wechat_openid", (200, "errcode", errcode))
    answer = await post.world.by("rita").call("POST", BINDING, {"code": "good-code-1"})
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:herun:problem:{problem}")


async def test_wechat_is_asked_while_no_connection_is_held(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    async def openid(*_: object) -> str:
        (busy,) = post.world.rows("SELECT count(*) AS busy FROM pg_stat_activity WHERE state = 'idle in transaction'")
        seen.append(busy["busy"])
        return "oABCD-made-up-openid"

    monkeypatch.setattr(WeChat, "openid", openid)
    await bound(post)
    assert seen == [0]


async def test_the_same_binding_again_asks_wechat_nothing(post: Post) -> None:
    rita = post.world.by("rita")
    first, again = [await rita.call("POST", BINDING, {"code": "good-code-1"}, key="k1") for _ in range(2)]
    assert (first.status_code, again.content) == (200, first.content)
    assert post.fakes.asked["wechat_openid"] == 1
    assert (await rita.call("POST", BINDING, {"code": "other-code"}, key="k1")).status_code == 422
    assert post.fakes.asked["wechat_openid"] == 1


async def test_who_tries_codes_is_slowed_down_before_wechat_is_asked(post: Post) -> None:
    rita = post.world.by("rita")
    answers = [await rita.call("POST", BINDING, {"code": "forged-code"}) for _ in range(21)]
    assert [each.status_code for each in answers] == [422] * 20 + [429]
    assert post.fakes.asked["wechat_openid"] == 20
    assert (await post.world.by("rob").call("POST", BINDING, {"code": "good-code-1"})).status_code == 200


def account_at(fakes: Fakes, client: httpx.AsyncClient, wall: Clock) -> WeChat:
    return WeChat(client, Account(APP_ID, APP_SECRET, TEMPLATE, fakes.url), wall)


def message(n: int) -> Message:
    return Message(f"s1-{n}", "s1", "rita", "accepted", "WO20260601-000001", "诉求已受理", "t", "2026-06-01T12:00")


async def test_two_instances_never_make_each_others_token_invalid(fakes: Fakes) -> None:
    async with make_client() as client:
        instances = [account_at(fakes, client, ManualClock(NOON_US)) for _ in range(2)]
        address = {"openid": "oABCD-made-up-openid"}
        for n in range(20):
            if n == 2:
                fakes.token = "renewed elsewhere"
            await instances[n % 2].send(address, message(n))
        assert len(fakes.taken["wechat"]) == 20
        assert (fakes.tokens_given, fakes.token) == (1, "renewed elsewhere")


async def test_a_token_is_made_anew_only_if_the_one_in_force_is_refused_and_not_again_and_again(fakes: Fakes) -> None:
    wall, address = ManualClock(NOON_US), {"openid": "oABCD-made-up-openid"}
    async with make_client() as client:
        wechat = account_at(fakes, client, wall)
        fakes.say("wechat", (200, "errcode", 40001))
        await wechat.send(address, message(1))
        assert (fakes.tokens_given, len(fakes.taken["wechat"])) == (2, 1)
        for n in range(2, 6):
            fakes.say("wechat", *[(200, "errcode", 40001)] * 2)
            with pytest.raises(AwayError):
                await wechat.send(address, message(n))
            fakes.next_answers["wechat"].clear()
        assert fakes.tokens_given == 2
        wall.advance(FORCE_AGAIN_S * SECOND_US)
        fakes.say("wechat", (200, "errcode", 40001))
        await wechat.send(address, message(6))
        assert (fakes.tokens_given, len(fakes.taken["wechat"])) == (3, 2)
