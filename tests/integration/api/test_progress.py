"""Progress without an account, and without telling which numbers exist."""

from __future__ import annotations

from tests.integration.api.running import World

REPORT = {"category": "water", "text": "Water in the cellar"}


async def test_number_and_phone_tail_tell_the_progress_and_nothing_else(world: World) -> None:
    order = await world.by("rita").post("reports", REPORT)
    progress = await world.nobody.get(f"/v1/progress?number={order['number']}&phone_tail=1234")
    assert progress.keys() == {
        "number", "category", "category_name", "title", "state", "sentence", "next_step", "with_whom", "opened_at",
        "updated_at", "promised_at", "promise_paused_until", "urge_from", "question", "answer",
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
