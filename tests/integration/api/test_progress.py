"""Progress without an account, and without telling which numbers exist."""

from __future__ import annotations

import re
from typing import Any

import pytest

from herun.clock import DAY_US, HOUR_US, MINUTE_US
from tests.integration.api.running import World
from tests.integration.api.test_clocks import always, opened
from tests.integration.api.test_order_cycle import answered, do, pass_time, reported

REPORT = {"category": "water", "text": "Water in the cellar"}


async def test_number_and_phone_tail_tell_the_progress_and_nothing_else(world: World) -> None:
    order = await world.by("rita").post("reports", REPORT)
    progress = await world.nobody.get(f"/v1/progress?number={order['number']}&phone_tail=1234")
    assert progress.keys() == {
        "number", "category", "category_name", "title", "state", "sentence", "next_step", "with_whom", "opened_at",
        "updated_at", "promised_at", "promise_paused_until", "overdue_seconds", "on_hold", "urge_from", "question",
        "answer",
    }  # fmt: skip
    assert progress["state"] == "dispatched"
    assert "rita" not in str(progress)


async def test_a_phone_left_with_the_report_counts(world: World) -> None:
    order = await world.by("oscar").post("reports", {**REPORT, "phone": "051212345678", "building": "b1"})
    assert await world.nobody.get(f"/v1/progress?number={order['number']}&phone_tail=5678")


async def test_an_unknown_number_and_a_wrong_tail_get_the_same_answer(world: World) -> None:
    order = await world.by("rita").post("reports", REPORT)
    await world.follow(world.alert())
    (alerts_order,) = (await world.by("oscar").get("work-orders?origin=alert"))["items"]
    answers = [
        await world.nobody.call("GET", f"/v1/progress?number={number}&phone_tail=0000")
        for number in (order["number"], "WO20260601-999999", alerts_order["number"], "x")
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1


async def test_trying_tails_is_slowed_down_even_where_there_is_no_order(world: World) -> None:
    order = await world.by("rita").post("reports", REPORT)
    for number in (order["number"], "WO20260601-999999"):
        codes = [
            (await world.nobody.call("GET", f"/v1/progress?number={number}&phone_tail={tail:04}")).status_code
            for tail in range(11)
        ]
        assert codes == [404] * 10 + [429]
    right = await world.nobody.call("GET", f"/v1/progress?number={order['number']}&phone_tail=1234")
    assert right.status_code == 429


async def test_who_tries_tails_keeps_nobody_else_from_the_order(world: World) -> None:
    order = await world.by("rita").post("reports", REPORT)
    path = f"/v1/progress?number={order['number']}&phone_tail="
    for tail in range(60):
        await world.nobody_from("192.0.2.1").call("GET", f"{path}{tail:04}")
    assert (await world.nobody_from("192.0.2.2").get(f"{path}1234"))["state"] == "dispatched"
    codes = {(await world.nobody_from(f"192.0.3.{n}").call("GET", f"{path}0000")).status_code for n in range(41)}
    assert codes == {404, 429}


async def test_trying_numbers_is_slowed_down(world: World) -> None:
    codes = [
        (await world.nobody.call("GET", f"/v1/progress?number=WO20260601-{n:06}&phone_tail=1234")).status_code
        for n in range(31)
    ]
    assert codes == [404] * 30 + [429]


async def test_asking_rightly_is_not_slowed_down_and_forgives_no_guessing(world: World) -> None:
    order = await world.by("rita").post("reports", REPORT)
    right = f"/v1/progress?number={order['number']}&phone_tail=1234"
    codes = []
    for n in range(31):
        if n < 30:
            assert await world.nobody.get(right)
        wrong = await world.nobody.call("GET", f"/v1/progress?number=WO20260601-{n:06}&phone_tail=1234")
        codes.append(wrong.status_code)
    assert codes == [404] * 30 + [429]


async def test_numbers_are_drawn_and_not_counted(world: World) -> None:
    numbers = [(await world.by("rita").post("reports", REPORT))["number"] for _ in range(5)]
    tails = [int(number.rpartition("-")[2]) for number in numbers]
    assert tails != sorted(tails) or max(tails) - min(tails) > 100


async def progress(world: World, number: str, tail: str = "1234") -> Any:
    return await world.nobody.get(f"/v1/progress?number={number}&phone_tail={tail}")


async def test_what_is_late_says_so_and_by_how_long_until_it_is_answered(world: World) -> None:
    await always(world)
    number = await opened(world)
    world.clock.advance(600 * MINUTE_US)
    seen = await progress(world, number)
    assert (seen["overdue_seconds"], seen["next_step"]["zh"]) == (None, "承办人将开始处理。")
    world.clock.advance(150 * MINUTE_US)
    seen = await progress(world, number)
    assert seen["overdue_seconds"] == 150 * 60
    assert seen["next_step"]["zh"] == "已超过承诺的答复时间 2.5 小时,非常抱歉。承办人将开始处理。"
    assert seen["next_step"]["en"].startswith("The answer is 2.5 hours later than promised; we are sorry. ")
    assert (await world.by("rita").get(f"work-orders/{number}/clocks"))["promise"]["state"] == "late"
    await answered(world, number)
    seen = await progress(world, number)
    assert (seen["overdue_seconds"], "抱歉" in str(seen["next_step"])) == (None, False)


async def test_what_was_merged_into_something_late_is_late_by_its_own_promise(world: World) -> None:
    await always(world)
    number = await opened(world)
    world.clock.advance(60 * MINUTE_US)
    copy = await reported(world, "rob")
    await do(world, "oscar", copy, "merge", master=number, reason="The same water")
    world.clock.advance(570 * MINUTE_US)
    assert (await progress(world, number))["overdue_seconds"] == 30 * 60
    assert (await progress(world, copy, "5678"))["overdue_seconds"] is None


async def test_what_is_on_hold_says_until_when_and_why(world: World) -> None:
    number, copy = await reported(world), await reported(world, "rob")
    await do(world, "oscar", copy, "merge", master=number, reason="The same water")
    assert (await progress(world, number))["on_hold"] is None
    until = "2026-06-03T09:30:00+08:00"
    await do(world, "oscar", number, "hold", until="2026-06-02T09:30:00+08:00", reason="The first reason")
    await do(world, "oscar", number, "resume")
    await do(world, "oscar", number, "hold", until=until, reason="等水泵配件,电话13912345678")
    for each, tail in ((number, "1234"), (copy, "5678")):
        seen = await progress(world, each, tail)
        assert seen["on_hold"] == {"until": "2026-06-03T01:30:00Z", "reason": "等水泵配件,电话***"}
        assert seen["next_step"]["zh"] == "暂缓至6月3日09:30,到期后继续处理。"
        assert "until 2026-06-03 09:30" in seen["next_step"]["en"]
    await do(world, "susan", number, "confide", reason="Between us")
    for each, tail in ((number, "1234"), (copy, "5678")):
        assert (await progress(world, each, tail))["on_hold"] == {"until": "2026-06-03T01:30:00Z", "reason": None}
    await do(world, "susan", number, "resume")
    assert (await progress(world, number))["on_hold"] is None


async def test_what_is_on_hold_is_with_whom_it_was(world: World) -> None:
    until = "2026-06-02T09:30:00+08:00"
    number = await reported(world)
    had = (await progress(world, number))["with_whom"]
    assert had["role"] == "grid_worker"
    await do(world, "oscar", number, "hold", until=until, reason="A part is missing")
    assert (await progress(world, number))["with_whom"] == had
    await do(world, "oscar", number, "resume")
    await do(world, "oscar", number, "recall", reason="Not yet")
    await do(world, "oscar", number, "hold", until=until, reason="A part is missing")
    assert (await progress(world, number))["with_whom"]["role"] == "desk"


@pytest.mark.parametrize(("who", "tail", "said"), [("rita", "1234", "reopen it"), ("oscar", "0000", "property office")])
async def test_what_is_closed_says_what_can_be_done_if_it_is_not_solved(
    world: World, who: str, tail: str, said: str
) -> None:
    by_phone = {"caller": {"name": "Li", "phone": "13900000000"}} if who == "oscar" else {}
    number = await reported(world, who, building="b1", **by_phone)
    await answered(world, number)
    await pass_time(world, 7 * DAY_US)
    next_step = (await progress(world, number, tail))["next_step"]
    assert said in next_step["en"]
    other = await reported(world, who, building="b1", **by_phone)
    await do(world, "oscar", other, "cancel", reason="Another matter")
    assert said in (await progress(world, other, tail))["next_step"]["en"]
    if who == "rita":
        assert (await do(world, who, number, "reopen", reason="Still wet"))["state"] == "dispatched"


async def test_who_urges_too_early_hears_from_when_on_in_the_time_of_the_site(world: World) -> None:
    await always(world)
    number = await opened(world)
    body = {"number": number, "phone_tail": "1234"}
    world.clock.advance(300 * MINUTE_US)
    assert await world.nobody.post("/v1/progress/urge", body)
    world.clock.advance(HOUR_US + 1)
    early = await world.nobody.call("POST", "/v1/progress/urge", body)
    assert (early.status_code, early.json()["detail"]) == (
        409,
        "最早可于6月2日17:00催办。It may be urged from 2026-06-02 17:00 on.",
    )


async def test_a_minute_from_which_on_it_may_be_urged_is_not_too_early(world: World) -> None:
    await always(world)
    world.clock.advance(1)  # half of what is promised is over a little after the minute
    number = await opened(world)
    body = {"number": number, "phone_tail": "1234"}
    early = await world.nobody.call("POST", "/v1/progress/urge", body)
    (minute,) = re.findall(r"2026-06-01 (17:\d\d)", early.json()["detail"])
    assert minute == "17:01"
    world.clock.advance(301 * MINUTE_US - 1)
    assert await world.nobody.post("/v1/progress/urge", body)
