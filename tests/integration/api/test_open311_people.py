"""Who sent a request in has no account: what they are told, and whether they are asked."""

from __future__ import annotations

from typing import Final

import pytest

from api.transactions import begin
from api.work_orders import service as work_orders
from herun.clock import DAY_US
from tests.integration.api.many_orders import put
from tests.integration.api.open311 import Client, client, taking_part
from tests.integration.api.running import SITE, World
from tests.integration.api.test_dispatch import add_worker, put_rules
from tests.integration.api.test_dispatch_pool import GRAB
from tests.integration.api.test_following import code
from tests.integration.api.test_open311_updates import answered
from tests.integration.api.test_order_cycle import do
from tests.integration.api.test_return_visits import draw, visits
from tests.integration.api.test_topics import FLOODS, said, sort_now

PHONE: Final = "13800009876"
QUESTION: Final = {"text": "哪个入口?"}


async def answered_of(one: Client, world: World, **who: str) -> str:
    number = await one.submitted(address_id="b1", **who)
    await answered(world, number)
    return number


async def test_nobody_without_an_account_is_told_to_rate_or_to_reopen(world: World) -> None:
    await taking_part(world)
    number = await answered_of(await client(world), world, phone=PHONE)
    for _ in range(2):
        seen = await world.nobody.get(f"/v1/progress?number={number}&phone_tail={PHONE[-4:]}")
        assert seen["next_step"]["zh"].endswith("请致电物业。")
        assert "请评价" not in seen["sentence"]["zh"] + seen["next_step"]["zh"]
        world.clock.advance(8 * DAY_US)
        async with begin(world.resources, SITE) as tx:
            await work_orders.close_silent(tx)


async def contact(world: World, who: str, number: str) -> dict[str, str | None] | None:
    shown: dict[str, str | None] | None = (await world.by(who).get(f"open311-requests/{number}"))["contact"]
    return shown


async def test_who_sent_a_request_in_is_for_the_desk_and_its_worker_alone(world: World) -> None:
    await taking_part(world)
    await add_worker(world, "gus")
    await put_rules(world, GRAB)
    one, known = await client(world), {"phone": PHONE, "email": None, "first_name": "三", "last_name": "张"}
    number = await one.submitted(address_id="b1", first_name="三", last_name="张", phone=PHONE)
    assert [await contact(world, who, number) for who in ("gwen", "gus", "oscar")] == [None, None, known]
    await do(world, "gwen", number, "claim")
    await do(world, "gwen", number, "helpers", worker="gus", reason="It is heavy")
    assert [await contact(world, who, number) for who in ("gwen", "gus", "oscar")] == [known, None, known]


async def test_who_works_on_what_a_request_was_merged_into_reads_not_who_sent_it_in(world: World) -> None:
    await taking_part(world)
    one = await client(world)
    master, twin = [await one.submitted(address_id="b1", description=text, phone=PHONE) for text in ("漏水", "还漏")]
    await do(world, "oscar", twin, "merge", master=master, reason="一回事")
    assert await contact(world, "gwen", twin) is None
    assert (await contact(world, "gwen", master) or {})["phone"] == PHONE


@pytest.mark.parametrize("who", [{}, {"email": "zhang@example.org"}])
async def test_whom_nobody_can_reach_is_asked_nothing_and_not_drawn(world: World, who: dict[str, str]) -> None:
    await taking_part(world)
    await world.by("susan").put("return-visits/plan", {"shares": [{"percent": 100}]})
    one = await client(world)
    silent, heard = await one.submitted(address_id="b1", **who), await one.submitted(address_id="b1", phone=PHONE)
    assert await code(world, "gwen", f"work-orders/{silent}/questions", QUESTION) == (409, "no_reporter")
    assert (await code(world, "gwen", f"work-orders/{heard}/questions", QUESTION))[0] == 201
    await world.by("oscar").post(f"work-orders/{silent}/links")  # whoever has that can answer
    assert (await code(world, "gwen", f"work-orders/{silent}/questions", QUESTION))[0] == 201
    for number in (silent, heard):
        await answered(world, number)
    world.clock.advance(8 * DAY_US)
    async with begin(world.resources, SITE) as tx:
        assert await work_orders.close_silent(tx) == 2
    world.clock.advance(DAY_US)
    while await draw(world):
        pass
    assert [each["number"] for each in await visits(world)] == [heard]


async def test_who_reported_without_a_name_is_asked_as_long_as_they_have_a_link(world: World) -> None:
    report = {"category": "water", "text": "漏水", "building": "b1"}
    made = (await world.nobody.call("POST", f"/v1/sites/{SITE}/anonymous-reports", report)).json()
    path = f"work-orders/{made['number']}"
    assert (await code(world, "gwen", f"{path}/questions", QUESTION))[0] == 201
    await world.nobody.call("POST", f"/v1/progress/link/{made['token']}/answer", {"text": "东门"})
    await world.by("oscar").post(f"{path}/links/revoke")
    assert await code(world, "gwen", f"{path}/questions", QUESTION) == (409, "no_reporter")


async def test_of_what_nobody_reported_nobody_is_asked(world: World) -> None:
    put(world, said(FLOODS, category="water"))
    (master,) = (await sort_now(world))["masters"]
    assert await code(world, "oscar", f"work-orders/{master}/questions", QUESTION) == (409, "no_reporter")
