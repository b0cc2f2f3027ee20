"""Robots of group chats take twenty messages a minute: however much there is to tell, all of it comes, and once."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from dataclasses import replace
from typing import Final

from api.notices import service
from api.notices.channels.contract import ChannelName
from api.notices.rules import Audience, Kind, Telling, Urgency
from api.transactions import begin
from api.work_orders import store as work_orders
from tests.integration.api.notices.conftest import Post

ROBOTS: Final = (ChannelName.WECOM, ChannelName.DINGTALK, ChannelName.FEISHU)
NUMBER: Final = re.compile(r"WO[0-9]{8}-[0-9]{6}")
OVERDUE: Final = Telling(Audience.SUPERVISORS, Kind.OVERDUE, Urgency.NOW)
OF_THE_UNIT: Final = Telling(Audience.UNIT, Kind.UNIT_ASSIGNED, Urgency.SOON)


def named(n: int) -> str:
    return f"WO20260601-{n:06}"


async def outage(post: Post, numbers: range, *tellings: Telling) -> None:
    """Tells of as many orders at once as a power cut brings."""
    found = [await post.report()]
    async with begin(post.world.resources, "s1") as tx:
        order = await work_orders.one(tx, found[0])
        assert order is not None
        one = replace(order, unit="water")
        words = [
            service._Word(telling, f"test:{n}", replace(one, number=named(n)), more={"due": "06-01 12:00"})
            for n in numbers
            for telling in tellings or (OVERDUE,)
        ]
        await service._tell(tx, words)
    while await post.spread():
        pass


def told(post: Post, robot: str) -> Counter[str]:
    return Counter(NUMBER.findall("\n".join(post.fakes.taken[robot])))


async def rounds(post: Post, seconds: int, *channels: ChannelName) -> None:
    for _ in range(seconds):
        for channel in channels or ROBOTS:
            await post.deliver(channel)
        post.later(1)


async def test_an_outage_comes_whole_and_once_within_the_minute_and_no_robot_is_too_fast(post: Post) -> None:
    await outage(post, range(200), OVERDUE, OF_THE_UNIT)
    await rounds(post, 60)
    everything = Counter(named(n) for n in range(200))
    for robot in ("wecom", "dingtalk", "feishu"):
        assert {number: told(post, robot)[number] for number in everything} == everything
        assert len(post.fakes.taken[robot]) <= 20
    assert post.fakes.overrun == []
    assert post.rows("state = 'waiting' AND channel <> 'mqtt'") == []


async def test_a_single_notice_leaves_at_once_and_as_itself(post: Post) -> None:
    await outage(post, range(1))
    await post.deliver(ChannelName.WECOM)
    (text,) = post.fakes.taken["wecom"]
    assert text.startswith("已超期\n")


async def test_a_robot_that_heard_too_much_is_left_alone_and_no_try_is_counted(post: Post) -> None:
    post.fakes.fall_deaf("dingtalk", 6 * 3600)  # others write to it too
    await outage(post, range(100))
    asked = post.fakes.asked["dingtalk"]
    for _ in range(6 * 6):
        await rounds(post, 3, ChannelName.DINGTALK)
        post.later(597)
    assert post.fakes.asked["dingtalk"] - asked <= 37  # once in ten minutes
    assert max(row["tries"] for row in post.rows("channel = 'dingtalk'")) <= 1
    await rounds(post, 60, ChannelName.DINGTALK)
    assert {told(post, "dingtalk")[named(n)] for n in range(100)} == {1}
    assert {row["state"] for row in post.rows("channel = 'dingtalk'")} == {"sent"}


async def test_two_instances_and_those_that_come_after_them_keep_one_pace(post: Post) -> None:
    await outage(post, range(150))
    for _ in range(60):
        await asyncio.gather(*(post.deliver(ChannelName.DINGTALK) for _ in range(3)))
        post.later(1)
        post.configured = replace(post.configured)  # nothing is kept in memory
    assert {told(post, "dingtalk")[named(n)] for n in range(150)} == {1}
    assert post.fakes.overrun == []


async def test_robots_of_one_address_share_a_pace(post: Post) -> None:
    desk = post.configured.robots["desk"]
    unit = desk.model_copy(update={"name": "desk-of-water", "unit": "water"})
    post.configured = replace(post.configured, robots={**post.configured.robots, unit.name: unit})
    await outage(post, range(60), OVERDUE, OF_THE_UNIT)
    await rounds(post, 60, ChannelName.WECOM)
    assert {told(post, "wecom")[named(n)] for n in range(60)} == {2}
    assert post.fakes.overrun == []


async def test_one_that_a_robot_refuses_takes_none_along(post: Post) -> None:
    await outage(post, range(3))
    post.fakes.say("wecom", (200, "errcode", 40035), (200, "errcode", 40035))  # the three, then the first
    await rounds(post, 60, ChannelName.WECOM)
    assert Counter(row["state"] for row in post.rows("channel = 'wecom'")) == {"sent": 2, "failed": 1}
    assert sorted(told(post, "wecom")) == [named(1), named(2)]


async def test_one_that_was_tried_too_often_takes_none_along(post: Post) -> None:
    await outage(post, range(3))
    post.world.rows("UPDATE notices SET tries = 9 WHERE channel = 'wecom' AND number = %(number)s", number=named(0))
    post.fakes.say("wecom", 500)
    await rounds(post, 60, ChannelName.WECOM)
    assert Counter(row["state"] for row in post.rows("channel = 'wecom'")) == {"sent": 2, "failed": 1}


async def test_what_does_not_fit_waits_and_long_names_are_no_reason_to_be_refused(post: Post) -> None:
    buildings = [{"building": name, "name": f"{name}{'栋' * 190}"} for name in ("b1", "b2", "b3")]
    layout = await post.world.by("admin").get("layout")
    await post.world.by("admin").put("layout", {**layout, "buildings": buildings})
    await outage(post, range(9))
    await post.deliver(ChannelName.WECOM)
    waiting = post.rows("channel = 'wecom' AND state = 'waiting'")
    assert 0 < len(waiting) < 9
    assert {row["tries"] for row in waiting} == {0}
    await rounds(post, 60, ChannelName.WECOM)
    assert {told(post, "wecom")[named(n)] for n in range(9)} == {1}
    assert [row for row in post.rows("channel = 'wecom'") if row["failed_why"]] == []


async def test_what_waits_for_a_robot_that_is_no_more_is_given_up(post: Post) -> None:
    await outage(post, range(3))
    robots = {name: robot for name, robot in post.configured.robots.items() if name != "desk"}
    post.configured = replace(post.configured, robots=robots)
    await post.deliver(ChannelName.WECOM)
    assert {row["failed_why"] for row in post.rows("channel = 'wecom'")} == {"no_address"}
