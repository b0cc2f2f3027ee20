"""Each channel against a fake of its service: what it sends, and what comes of every answer."""

from __future__ import annotations

import asyncio
import email
import email.policy
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from typing import Any, Final

import psycopg
import pytest

from api.notices import delivery, outgoing, service, store, times
from api.notices.channels.configured import configure
from api.notices.channels.contract import Channel, ChannelName, Message
from api.notices.rules import Audience, Kind, Telling, Urgency
from api.transactions import begin
from api.work_orders import store as work_orders
from herun.clock import SystemClock
from tests.integration.api.notices.conftest import Post, failed
from tests.integration.api.notices.fakes import HANG, REDIRECT, wall_s
from tests.integration.api.notices.test_wechat import bound
from tests.integration.api.test_dispatch_pool import pooled
from tests.integration.api.test_order_cycle import reported

EMAIL: Final = "rita@mail.example"


FULL_WIDTH: Final = str.maketrans("0123456789", "０１２３４５６７８９")


async def with_email(post: Post, who: str = "rita", address: str = EMAIL) -> None:
    """Puts an address in and confirms it with the code that comes."""
    person = post.world.by(who)
    await person.put("/v1/me/notice-channels/email", {"address": address})
    await post.deliver(ChannelName.EMAIL)
    code = code_in(post.mail.mails.pop()[1])
    typed = code.translate(FULL_WIDTH)  # as a Chinese keyboard types it
    shown = await person.post("/v1/me/notice-channels/email/confirm", {"code": typed})
    assert shown["addresses"][0]["confirmed"]


def code_in(mail: str) -> str:
    text = email.message_from_string(mail, policy=email.policy.default).get_content()
    return "".join(char for char in text if char.isdigit())[:8]


async def test_a_confirmed_address_gets_each_notice_once_with_an_id_of_its_own(post: Post) -> None:
    await with_email(post)
    number = await post.report()
    for _ in range(3):
        await post.run()
    mails = [text for to, text in post.mail.mails if to == EMAIL]
    assert len(mails) == 2  # accepted, under way
    ids = {line for text in mails for line in text.splitlines() if line.startswith("Message-ID")}
    assert len(ids) == 2
    assert all(number not in text.split("\r\n\r\n", 1)[0] for text in mails)


async def test_a_mail_says_when_it_was_sent_and_keeps_its_id_when_it_comes_again(post: Post) -> None:
    await with_email(post)
    await post.report()
    await post.run()
    first = email.message_from_string(post.mail.mails[0][1], policy=email.policy.default)
    post.world.rows("UPDATE notices SET state = 'waiting' WHERE channel = 'email'")  # as after a crash
    post.later(301)
    await post.run()
    again = [email.message_from_string(text, policy=email.policy.default) for _, text in post.mail.mails[2:]]
    assert first["Message-ID"] in [each["Message-ID"] for each in again]
    for each in (first, *again):
        sent_at = parsedate_to_datetime(each["Date"])
        assert abs(sent_at.timestamp() - wall_s()) < 60
        assert sent_at.utcoffset() is not None


async def test_an_address_that_nobody_confirmed_gets_its_code_and_nothing_else(post: Post) -> None:
    rita = post.world.by("rita")
    await rita.put("/v1/me/notice-channels/email", {"address": "someone@else.example"})
    await post.report()
    await post.run()
    assert len(post.mail.mails) == 1
    wrong = {"code": "00000000"}
    for _ in range(5):
        assert (await rita.call("POST", "/v1/me/notice-channels/email/confirm", wrong)).status_code == 422
    right = {"code": code_in(post.mail.mails[0][1])}
    assert (await rita.call("POST", "/v1/me/notice-channels/email/confirm", right)).status_code == 409
    again = await rita.call("PUT", "/v1/me/notice-channels/email", {"address": "someone@else.example"})
    assert again.status_code == 429


async def test_a_code_is_of_one_person_one_address_and_half_an_hour(post: Post) -> None:
    for who in ("rita", "rob"):
        await post.world.by(who).put("/v1/me/notice-channels/email", {"address": EMAIL})
        await post.deliver(ChannelName.EMAIL)
    of_rita = {"code": code_in(post.mail.mails[0][1])}
    assert (await post.world.by("rob").call("POST", "/v1/me/notice-channels/email/confirm", of_rita)).status_code == 422
    post.later(31 * 60)
    assert (
        await post.world.by("rita").call("POST", "/v1/me/notice-channels/email/confirm", of_rita)
    ).status_code == 409


async def test_a_new_address_gets_nothing_of_what_waited_for_the_old_one(post: Post) -> None:
    await with_email(post)
    await post.report()
    while await post.spread():
        pass
    post.later(61)
    await post.world.by("rita").put("/v1/me/notice-channels/email", {"address": "other@mail.example"})
    await post.deliver(ChannelName.EMAIL)
    assert [to for to, text in post.mail.mails] == ["other@mail.example"]  # the code
    assert await failed(post) == [("email", "no_address")] * 2


@pytest.mark.parametrize(
    ("codes", "mails", "why"),
    [
        (["450"], 1, None),
        (["data:451"], 1, None),
        (["550 5.1.1"], 0, "recipient refused with 550 5.1.1"),
        (["550 relaying denied"], 0, "recipient refused with 550"),
        (["554 5.7.1"], 1, None),
        (["data:554"], 0, "refused with 554"),
        (["data:554 5.7.1"], 1, None),
        (["data:550 5.1.1"], 0, "refused with 550"),
        (["greet:554 5.7.1"], 1, None),
        (["helo:550", "helo:550"], 1, None),
    ],
)
async def test_a_mail_server_that_says_later_is_asked_again_and_one_that_says_never_is_not(
    post: Post, codes: list[str], mails: int, why: str | None
) -> None:
    await with_email(post)
    number = await post.report()
    while await post.spread():
        pass
    post.world.rows("DELETE FROM notices WHERE kind <> 'accepted' AND number = %(number)s", number=number)
    post.mail.next_codes.extend(codes)
    await post.deliver(ChannelName.EMAIL)
    assert post.mail.mails == []
    post.later(60)
    await post.deliver(ChannelName.EMAIL)
    assert len(post.mail.mails) == mails
    assert await failed(post) == ([("email", why)] if why else [])
    addresses = (await post.world.by("rita").get("/v1/me/notice-channels"))["addresses"]
    assert bool(addresses) == (codes != ["550 5.1.1"])  # whom nobody knows is written to no more


async def test_a_browser_reads_what_was_sealed_for_it_and_one_that_is_gone_is_forgotten(post: Post) -> None:
    first, second = post.fakes.browser("first"), post.fakes.browser("second")
    rita = post.world.by("rita")
    for browser in (first, second, first):
        await rita.post("/v1/me/notice-channels/web-push", browser.subscription)
    del post.fakes.browsers["second"]
    number = await post.report()
    await post.run()
    assert {(said["kind"], said["number"]) for said in first.read} == {("accepted", number), ("under_way", number)}
    assert len({said["tag"] for said in first.read}) == 2
    assert second.read == []
    assert await failed(post) == [("web_push", "status 410")] * 2
    assert len((await rita.get("/v1/me/notice-channels"))["addresses"]) == 1


@pytest.mark.parametrize("answer", [500, 503, (429, {"Retry-After": "120"}), "huge"])
async def test_a_push_service_that_fails_is_asked_again_and_its_wish_is_kept(post: Post, answer: Any) -> None:
    browser = post.fakes.browser("b")
    await post.world.by("gwen").post("/v1/me/notice-channels/web-push", browser.subscription)
    post.fakes.say("push", answer)
    await post.report()
    await post.run()
    assert browser.read == []
    post.later(30)
    await post.run()
    assert bool(browser.read) == (not isinstance(answer, tuple))
    post.later(120)
    await post.run()
    assert len(browser.read) == 1


async def test_a_redirect_is_followed_nowhere(post: Post) -> None:
    browser = post.fakes.browser("b")
    await post.world.by("gwen").post("/v1/me/notice-channels/web-push", browser.subscription)
    post.fakes.say("push", REDIRECT)
    post.fakes.say("wecom", REDIRECT)
    number = await post.report()
    await post.world.by("gwen").post(f"work-orders/{number}/return", {"code": "not_ours", "reason": "no"})
    await post.run()
    assert post.fakes.taken["stolen"] == []
    assert sorted(await failed(post)) == [("web_push", "status 302"), ("wecom", "status 302")]


@pytest.mark.parametrize(
    "endpoint", ["http://127.0.0.1:1/x", "https://10.0.0.1/x", "https://localhost/x", "https://push.example/x"]
)
async def test_a_subscription_leads_to_push_services_only(post: Post, endpoint: str) -> None:
    body = {**post.fakes.browser("b").subscription, "endpoint": endpoint}
    answer = await post.world.by("rita").call("POST", "/v1/me/notice-channels/web-push", body)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:herun:problem:bad_endpoint")


async def test_a_person_has_five_browsers(post: Post) -> None:
    rita = post.world.by("rita")
    for n in range(5):
        await rita.post("/v1/me/notice-channels/web-push", post.fakes.browser(f"b{n}").subscription)
    sixth = post.fakes.browser("b5").subscription
    assert (await rita.call("POST", "/v1/me/notice-channels/web-push", sixth)).status_code == 409


async def test_a_browser_is_told_what_whoever_bound_it_last_is_told(post: Post) -> None:
    world, browser = post.world, post.fakes.browser("shared")
    await world.furnish("s2", [{"username": "rosa", "name": "Rosa", "roles": ["resident"]}])
    path = "/v1/me/notice-channels/web-push"
    for who in ("rita", "rosa", "rob", "rob"):
        await world.by(who).post(path, browser.subscription)
    kept = [(await world.by(who).get("/v1/me/notice-channels"))["addresses"] for who in ("rita", "rosa", "rob")]
    assert [len(each) for each in kept] == [0, 0, 1]
    await post.report("rita")
    number = await post.report("rob")
    await post.run()
    assert {said["number"] for said in browser.read} == {number}


async def test_what_waits_for_a_browser_does_not_go_to_whoever_has_bound_it_since(post: Post) -> None:
    browser = post.fakes.browser("shared")
    await post.world.by("rita").post("/v1/me/notice-channels/web-push", browser.subscription)
    await post.report("rita")
    while await post.spread():
        pass
    await post.world.by("rob").post("/v1/me/notice-channels/web-push", browser.subscription)
    await post.run()
    assert browser.read == []
    assert await failed(post) == [("web_push", "no_address")] * 2


@dataclass
class Watched:
    """A channel, and how much was on its way at once to each person."""

    channel: Channel
    name: ChannelName = ChannelName.WEB_PUSH
    taken: Callable[[], None] = lambda: None
    now: Counter[str] = field(default_factory=Counter)
    most: Counter[str] = field(default_factory=Counter)

    async def send(self, address: Mapping[str, str], message: Message) -> None:
        self.now[message.recipient] += 1
        self.most |= self.now
        await self.channel.send(address, message)
        self.now[message.recipient] -= 1
        self.taken()


async def test_a_persons_notices_go_one_after_the_other_in_the_order_in_which_they_were_made(post: Post) -> None:
    for who in ("rita", "gwen"):
        await post.world.by(who).post("/v1/me/notice-channels/web-push", post.fakes.browser(who).subscription)
    numbers = [await post.report() for _ in range(4)]
    while await post.spread():
        pass
    watched = Watched(post.configured.channels[ChannelName.WEB_PUSH])
    await delivery.deliver_batch(post.world.resources, post.configured, watched)
    assert watched.most == {"rita": 1, "gwen": 1}
    assert [said["number"] for said in post.fakes.browsers["gwen"].read] == numbers
    assert [said["number"] for said in post.fakes.browsers["rita"].read] == [each for each in numbers for _ in range(2)]


async def test_after_one_that_was_not_taken_the_others_wait_for_its_first_repeat_and_no_longer(post: Post) -> None:
    browser = post.fakes.browser("b")
    await post.world.by("gwen").post("/v1/me/notice-channels/web-push", browser.subscription)
    numbers = [await post.report() for _ in range(3)]
    post.fakes.say("push", 503)
    await post.run()
    assert (browser.read, post.fakes.asked["push"]) == ([], 1)
    post.later(13)
    await post.run()
    assert [said["number"] for said in browser.read] == numbers
    assert {row["tries"] for row in post.rows("channel = 'web_push'")} == {1, 2}
    numbers += [await post.report() for _ in range(2)]
    post.fakes.say("push", 503)
    await post.run()
    post.later(13)
    post.fakes.say("push", 503)
    await post.run()
    post.later(13)
    await post.run()
    assert [said["number"] for said in browser.read] == [*numbers[:3], numbers[4]]


async def test_what_is_not_begun_before_the_lease_is_over_waits_for_the_next_round(post: Post) -> None:
    browser = post.fakes.browser("b")
    await post.world.by("gwen").post("/v1/me/notice-channels/web-push", browser.subscription)
    numbers = [await post.report() for _ in range(3)]
    while await post.spread():
        pass
    too_slow_s = delivery.BEGUN_WITHIN.total_seconds() + 1
    slow = Watched(post.configured.channels[ChannelName.WEB_PUSH], taken=lambda: post.later(too_slow_s))
    for sent in (1, 2, 3):
        await delivery.deliver_batch(post.world.resources, post.configured, slow)
        assert [said["number"] for said in browser.read] == numbers[:sent]
    assert {row["tries"] for row in post.rows("channel = 'web_push'")} == {1}


async def returned(post: Post) -> str:
    number = await post.report()
    await post.world.by("gwen").post(f"work-orders/{number}/return", {"code": "not_ours", "reason": "李四不在家"})
    return number


async def test_the_supervisors_robots_write_to_their_site_only_and_signed(post: Post) -> None:
    number = await returned(post)
    await post.run()
    assert post.fakes.taken["wecom"] == post.fakes.taken["dingtalk"]
    (text,) = post.fakes.taken["wecom"]
    assert number in text
    assert "李四" not in text
    assert post.fakes.taken["feishu"] == []  # the unit's own
    assert await failed(post) == []


ROBOTS_SAY: Final = [
    ("wecom", (200, "errcode", 45009), True),
    ("wecom", (200, "errcode", 93000), False),
    ("wecom", 503, True),
    ("wecom", 404, False),
    ("wecom", "garbage", True),
    ("wecom", "huge", True),
    ("dingtalk", (200, "errcode", 130101), True),
    ("dingtalk", (200, "errcode", 310000), True),
    ("dingtalk", (200, "errcode", 300001), False),
]


@pytest.mark.parametrize(("kind", "answer", "comes"), ROBOTS_SAY)
async def test_a_robot_that_is_too_fast_or_away_waits_and_one_that_is_wrong_is_given_up(
    post: Post, kind: str, answer: Any, comes: bool
) -> None:
    post.fakes.say(kind, answer)
    await returned(post)
    await post.run()
    assert post.fakes.taken[kind] == []
    assert bool(await failed(post)) != comes
    post.later(1000)
    await post.run()
    assert len(post.fakes.taken[kind]) == comes


async def for_the_unit(post: Post) -> None:
    """Something for the group of the unit, which has Feishu."""
    number = await post.report()
    async with begin(post.world.resources, "s1") as tx:
        order = await work_orders.one(tx, number)
        assert order is not None
        telling = Telling(Audience.UNIT, Kind.UNIT_ASSIGNED, Urgency.SOON)
        await service.tell(tx, telling, "test", replace(order, unit="water"))


async def test_what_feishu_took_by_its_older_word_is_taken(post: Post) -> None:
    await for_the_unit(post)
    post.fakes.say("feishu", (200, "StatusCode", 0))
    await post.run()
    post.later(1000)
    await post.run()
    assert (post.fakes.asked["feishu"], await failed(post)) == (1, [])


@pytest.mark.parametrize(
    ("answer", "comes"),
    [
        ((400, "code", 11232), True),
        ((400, "code", 19021), True),
        ((200, "code", 19024), False),
        ((200, "StatusCode", 19024), False),
    ],
)
async def test_feishu_tells_of_its_limits_by_code(post: Post, answer: Any, comes: bool) -> None:
    await for_the_unit(post)
    post.fakes.say("feishu", answer)
    await post.run()
    assert post.fakes.taken["feishu"] == []
    post.later(1000)
    await post.run()
    assert len(post.fakes.taken["feishu"]) == comes


async def test_a_service_that_is_silent_holds_up_no_other_and_ends(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "TIMEOUT_S", 0.3)
    post.fakes.say("wecom", HANG)
    await returned(post)
    await post.run()
    assert len(post.fakes.taken["dingtalk"]) == 1
    (row,) = post.rows("channel = 'wecom'")
    assert (row["state"], row["failed_why"], row["tries"]) == ("waiting", "TimeoutError", 1)


async def test_what_never_works_ends_after_ten_tries_and_is_seen(post: Post) -> None:
    post.fakes.say("wecom", *[500] * 50)
    await returned(post)
    for _ in range(times.MAX_TRIES + 3):
        await post.run()
        post.later(2 * 3600)
    assert post.fakes.asked["wecom"] == times.MAX_TRIES
    assert await failed(post) == [("wecom", "status 500")]


async def test_yesterdays_notice_is_not_sent_today(post: Post) -> None:
    await returned(post)
    while await post.spread():
        pass
    post.later(25 * 3600)
    await post.run()
    assert post.fakes.taken["wecom"] == []
    assert ("wecom", "too_old") in await failed(post)


async def test_quiet_hours_hold_back_and_a_digest_bundles(post: Post) -> None:
    browser = post.fakes.browser("b")
    rita = post.world.by("rita")
    await rita.post("/v1/me/notice-channels/web-push", browser.subscription)
    await rita.put("/v1/me/notice-channels", {"language": "en", "digest_at": "18:00"})
    for _ in range(3):
        await post.report()
    await post.run()
    assert browser.read == []
    post.later(6 * 3600)  # noon, then six
    await post.run()
    (said,) = browser.read
    assert (said["kind"], said["title"], len(said["body"].splitlines())) == ("digest", "6 notices", 6)
    assert {row["state"] for row in post.rows("channel = 'web_push'")} == {"sent"}


async def test_an_offer_that_was_taken_in_the_night_is_no_news_in_the_morning(post: Post) -> None:
    world, browsers = post.world, {who: post.fakes.browser(who) for who in ("gwen", "gus")}
    numbers = [await pooled(world)]
    for who, browser in browsers.items():
        await world.by(who).post("/v1/me/notice-channels/web-push", browser.subscription)
    world.rows("DELETE FROM notices")
    post.later(11 * 3600)
    numbers += [await reported(world), await reported(world)]
    await post.run()
    await world.by("gus").post(f"work-orders/{numbers[1]}/claim")
    assert [browser.read for browser in browsers.values()] == [[], []]
    post.later(8 * 3600)
    await post.run()
    for browser in browsers.values():
        (said,) = browser.read
        assert (said["kind"], said["number"]) == ("offered", numbers[2])
    assert post.rows("state IN ('new', 'waiting', 'failed')") == []
    assert [row["number"] for row in post.rows("channel = 'inbox' AND recipient = 'gwen'")] == numbers[1:]


async def test_critical_work_reaches_its_worker_at_night_and_the_rest_in_the_morning(post: Post) -> None:
    browser = post.fakes.browser("b")
    await post.world.by("gwen").post("/v1/me/notice-channels/web-push", browser.subscription)
    post.later(11 * 3600)  # eleven at night
    await post.report()
    await post.world.follow(post.world.alert())  # critical
    await post.run()
    assert len(browser.read) == 1
    post.later(8 * 3600)
    await post.run()
    assert len(browser.read) == 2


async def test_a_muted_channel_says_nothing_and_the_inbox_still_does(post: Post) -> None:
    browser = post.fakes.browser("b")
    rita = post.world.by("rita")
    await rita.post("/v1/me/notice-channels/web-push", browser.subscription)
    await rita.put("/v1/me/notice-channels", {"muted": ["web_push"]})
    await post.report()
    await post.run()
    assert browser.read == []
    assert (await rita.get("/v1/me/notices"))["unread"] == 2


async def test_addresses_are_masked_for_everybody_and_who_looks_is_written_down(post: Post) -> None:
    await with_email(post)
    await bound(post)
    susan = post.world.by("susan")
    shown = await susan.get("people/rita/notice-channels")
    assert [each["shown"] for each in shown["addresses"]] == ["ri*a@mail.example", "oA" + "*" * 17 + "d"]
    assert post.world.rows("SELECT * FROM audit_log WHERE action = 'notice_channels.seen'")[0]["subject"] == "rita"
    for who in ("oscar", "audrey", "rob", "gwen"):
        assert (await post.world.by(who).call("GET", "people/rita/notice-channels")).status_code == 403
    assert (await susan.call("GET", "people/nobody/notice-channels")).status_code == 404
    assert EMAIL not in str(post.world.rows("SELECT detail FROM audit_log"))
    rita = post.world.by("rita")
    assert {each["target"] for each in shown["addresses"]} == {"only"}
    assert (await rita.call("DELETE", "/v1/me/notice-channels/wechat/only")).json()["target"] == "only"
    for gone in ("wechat/only", "email/my%20mail", "web_push/only"):
        refused = await rita.call("DELETE", f"/v1/me/notice-channels/{gone}")
        assert (refused.status_code, refused.json()["type"]) == (404, "urn:herun:problem:not_found")


async def test_what_writes_to_groups_is_no_channel_of_a_person(post: Post) -> None:
    shown = await post.world.by("rita").get("/v1/me/notice-channels")
    assert shown["available"] == ["email", "mqtt", "web_push", "wechat"]


async def test_without_settings_there_is_the_inbox_and_nothing_to_subscribe_to(post: Post) -> None:
    resources = post.world.resources
    resources.channels = configure(resources.settings, None, resources.nats, SystemClock())  # type: ignore[arg-type]
    rita = post.world.by("rita")
    shown = await rita.get("/v1/me/notice-channels")
    assert (shown["available"], shown["web_push_public_key"]) == (["mqtt"], None)
    for path, method, body in [
        ("email", "PUT", {"address": EMAIL}),
        ("web-push", "POST", post.fakes.browser("b").subscription),
        ("wechat", "POST", {"code": "good-code-1"}),
    ]:
        assert (await rita.call(method, f"/v1/me/notice-channels/{path}", body)).status_code == 409


async def test_two_instances_at_once_send_each_notice_once(post: Post) -> None:
    await with_email(post)
    for _ in range(20):
        await post.report()
    await asyncio.gather(*(post.spread() for _ in range(4)))
    while await post.spread():
        pass
    await asyncio.gather(*(post.deliver(ChannelName.EMAIL) for _ in range(4)))
    assert len(post.mail.mails) == 40


async def test_no_log_line_has_an_address_or_a_secret(post: Post, capsys: pytest.CaptureFixture[str]) -> None:
    await with_email(post)
    post.fakes.say("wecom", 500, "garbage")
    post.fakes.say("dingtalk", HANG)
    post.fakes.released.set()
    await returned(post)
    await post.run()
    said = capsys.readouterr()
    for word in (EMAIL, "access_token", "SECmade-up", "693a91f6", "漏水"):
        assert word not in said.out + said.err


async def test_a_database_that_is_away_after_the_sending_is_no_end_of_the_process(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    await returned(post)
    while await post.spread():
        pass

    async def away(*_: Any) -> None:
        raise psycopg.OperationalError("away")

    with monkeypatch.context() as patched:
        patched.setattr(store, "sent", away)
        with pytest.raises(psycopg.OperationalError):  # which is what the task outlives
            await post.deliver(ChannelName.WECOM)
    await post.deliver(ChannelName.WECOM)
    assert len(post.fakes.taken["wecom"]) == 1  # it is ours for the time being
    post.later(301)
    await post.deliver(ChannelName.WECOM)
    assert len(post.fakes.taken["wecom"]) == 2  # a robot knows no id: the one place where a notice comes twice
