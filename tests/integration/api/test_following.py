"""Following an order without an account: by link and phone tail; being asked, and urging."""

from __future__ import annotations

from typing import Any, Final

from api.clocks.schemas import PauseReason
from api.progress.service import HIDDEN
from api.questions import service as questions
from api.transactions import begin
from herun.clock import DAY_US, HOUR_US
from tests.integration.api.running import SITE, World
from tests.integration.api.test_clocks import pause

REPORT: Final = {"category": "water", "text": "Water in the cellar"}


async def reported(world: World, who: str = "rita", **more: Any) -> str:
    order = await world.by(who).post("reports", {**REPORT, **more})
    number: str = order["number"]
    return number


async def link(world: World, number: str, who: str = "rita") -> str:
    made = await world.by(who).post(f"work-orders/{number}/links")
    return f"/v1/progress/link/{made['token']}"


async def code(world: World, who: str | None, path: str, body: Any = None) -> tuple[int, str]:
    caller = world.by(who) if who else world.nobody
    response = await caller.call("POST" if body is not None else "GET", path, body)
    return response.status_code, response.json().get("type", "").rpartition(":")[2]


async def actions(world: World, number: str) -> list[str]:
    return [entry["action"] for entry in (await world.by("susan").get(f"work-orders/{number}/history"))["items"]]


async def half_of_the_promise(world: World, number: str) -> None:
    row = world.rows("SELECT began_at, due_at FROM order_promises WHERE number = %(number)s", number=number)[0]
    world.clock.advance(int((row["due_at"] - row["began_at"]).total_seconds() * 1_000_000) // 2)


async def test_a_link_tells_the_promise_the_next_step_and_a_role_but_no_person(world: World) -> None:
    number = await reported(world)
    seen = await world.nobody.get(await link(world, number))
    assert (seen["number"], seen["state"], seen["with_whom"]["role"]) == (number, "dispatched", "grid_worker")
    assert seen["promised_at"] > seen["opened_at"]
    assert seen["next_step"].keys() == {"zh", "en"}
    assert all(name not in str(seen) for name in ("gwen", "rita", "1234567"))


async def test_it_tells_what_it_is_about_and_the_unit_by_its_name(world: World) -> None:
    number = await reported(world, text="我叫王小明,请打13912345678,楼道漏水")
    seen = await world.nobody.get(await link(world, number))
    tree = (await world.admin.get("categories"))["tree"]
    water = next(each for each in tree["categories"] if each["category"] == "water")
    unit = next(each for each in tree["units"] if each["unit"] == water["unit"])
    assert seen["category_name"] == {"zh": water["zh"], "en": water["en"]}
    assert seen["with_whom"]["unit"] == unit["unit"]
    assert seen["with_whom"]["unit_name"] == {"zh": unit["zh"], "en": unit["en"]}
    assert "漏水" in seen["title"]["zh"]
    assert all(word not in str(seen) for word in ("王小明", "13912345678"))
    confidential = await reported(world, confidential=True)
    assert (await world.nobody.get(await link(world, confidential)))["title"] is None


async def test_it_tells_that_the_promise_stands_still(world: World) -> None:
    number = await reported(world)
    path = await link(world, number)
    asked = pause(60, PauseReason.WEATHER)
    (found,) = (await world.by("gwen").post(f"work-orders/{number}/pauses", asked))["pauses"]
    assert (await world.nobody.get(path))["promise_paused_until"] is None
    await world.by("susan").post(f"work-orders/{number}/pauses/{found['id']}/approve")
    seen = await world.nobody.get(path)
    assert seen["promise_paused_until"] == "2026-06-01T05:00:00Z"
    assert "暂停" in seen["next_step"]["zh"]
    world.clock.advance(HOUR_US)
    assert (await world.nobody.get(path))["promise_paused_until"] is None


async def test_a_link_is_told_as_the_whole_address_where_the_address_is_known(world: World) -> None:
    number = await reported(world)
    assert (await world.by("rita").post(f"work-orders/{number}/links"))["address"] is None
    public = {"public_url": "https://estate.example/"}
    world.resources.settings = world.resources.settings.model_copy(update=public)
    made = await world.by("rita").post(f"work-orders/{number}/links")
    assert made["address"] == f"https://estate.example/v1/progress/link/{made['token']}"
    assert (await world.nobody.get(made["address"].removeprefix("https://estate.example")))["number"] == number


async def test_a_link_that_was_cut_short_is_no_link(world: World) -> None:
    path = await link(world, await reported(world))
    for wrong in (path[:-1], f"{path}x", f"{path[:-1]}~"):
        response = await world.nobody.call("GET", wrong)
        assert (response.status_code, response.json()["detail"]) == (404, "there is no such link")


async def test_a_links_token_is_kept_nowhere(world: World) -> None:
    path = await link(world, await reported(world))
    assert path.rpartition("/")[2] not in str(world.rows("SELECT * FROM order_links"))


async def test_a_link_ends_when_it_is_revoked_and_by_itself(world: World) -> None:
    number = await reported(world)
    first, second = await link(world, number), await link(world, number, "oscar")
    await world.by("rita").post(f"work-orders/{number}/links/revoke")
    assert {(await code(world, None, path))[0] for path in (first, second)} == {404}
    third = await link(world, number)
    world.clock.advance(90 * DAY_US)
    assert await code(world, None, third) == (404, "not_found")


async def test_links_are_made_by_reporter_and_desk_alone(world: World) -> None:
    number = await reported(world)
    path = f"work-orders/{number}/links"
    assert [(await code(world, who, path, {}))[0] for who in ("rob", "greg", "gwen", "oscar")] == [404, 404, 403, 201]


async def test_trying_links_is_slowed_down(world: World) -> None:
    codes = [(await code(world, None, f"/v1/progress/link/{n:043}"))[0] for n in range(31)]
    assert codes == [404] * 30 + [429]


async def test_a_reporter_is_asked_and_answers(world: World) -> None:
    number = await reported(world)
    assert (await code(world, "greg", f"work-orders/{number}/questions", {"text": "Which cellar?"}))[0] == 404
    await world.by("gwen").post(f"work-orders/{number}/questions", {"text": "Which cellar?"})
    order = await world.by("oscar").get(f"work-orders/{number}")
    assert order["asked_until"]
    assert "asked something" in order["sentence"]["en"]
    assert await code(world, "oscar", f"work-orders/{number}/questions", {"text": "?"}) == (409, "asked_already")
    for who, status in (("rob", 404), ("gwen", 403), ("oscar", 403)):
        path = f"work-orders/{number}/questions/answer"
        assert (await code(world, who, path, {"text": "A lie"}))[0] == status
    wrong = {"number": number, "phone_tail": "0000", "text": "A lie"}
    assert (await code(world, None, "/v1/progress/answer", wrong))[0] == 404
    items = (await world.by("rita").post(f"work-orders/{number}/questions/answer", {"text": "The left"}))["items"]
    assert [(each["answer"], each["outcome"]) for each in items] == [("The left", "answered")]
    assert (await world.by("oscar").get(f"work-orders/{number}"))["asked_until"] is None
    assert (await actions(world, number))[-2:] == ["ask", "told"]


async def test_a_question_is_answered_by_tail_or_link(world: World) -> None:
    number = await reported(world)
    path = await link(world, number)
    await world.by("oscar").post(f"work-orders/{number}/questions", {"text": "Which cellar?"})
    assert (await world.nobody.get(path))["question"]["text"] == "Which cellar?"
    after = await world.nobody.post("/v1/progress/answer", {"number": number, "phone_tail": "1234", "text": "Left"})
    assert after["question"] is None
    assert await code(world, None, f"{path}/answer", {"text": "Again"}) == (409, "nothing_asked")
    await world.by("oscar").post(f"work-orders/{number}/questions", {"text": "Still?"})
    assert (await world.nobody.post(f"{path}/answer", {"text": "Yes"}))["question"] is None


async def test_a_forgotten_question_lapses_by_itself(world: World) -> None:
    number = await reported(world)
    await world.by("oscar").post(f"work-orders/{number}/questions", {"text": "Which?", "hours": 1})
    world.clock.advance(HOUR_US)
    late = {"text": "Too late"}
    assert await code(world, "rita", f"work-orders/{number}/questions/answer", late) == (409, "nothing_asked")
    async with begin(world.resources, SITE) as tx:
        assert await questions.lapse(tx) == 1
        assert await questions.lapse(tx) == 0
    assert (await actions(world, number))[-1] == "lapsed"
    assert (await world.by("oscar").get(f"work-orders/{number}"))["asked_until"] is None


async def test_nobody_reported_an_alert_and_nobody_is_asked_about_it(world: World) -> None:
    await world.follow(world.alert())
    (order,) = (await world.by("oscar").get("work-orders?origin=alert"))["items"]
    path = f"work-orders/{order['number']}/questions"
    assert await code(world, "oscar", path, {"text": "Who?"}) == (409, "no_reporter")


async def test_a_reporter_urges_after_half_of_the_promise_and_once_a_day(world: World) -> None:
    number = await reported(world)
    path = f"work-orders/{number}/urge"
    assert await code(world, "rita", path, {}) == (409, "too_early")
    await half_of_the_promise(world, number)
    assert [(await code(world, who, path, {}))[0] for who in ("rob", "gwen", "oscar")] == [404, 403, 403]
    await world.by("rita").post(path, {"reason": "It rises"})
    by_link, by_tail = await link(world, number), {"number": number, "phone_tail": "1234"}
    for _ in range(3):
        assert await code(world, "rita", path, {}) == (409, "too_early")
        assert await code(world, None, f"{by_link}/urge", {}) == (409, "too_early")
        assert await code(world, None, "/v1/progress/urge", by_tail) == (409, "too_early")
    world.clock.advance(DAY_US)
    assert await world.nobody.post(f"{by_link}/urge", {})
    assert (await actions(world, number)).count("urge") == 2
    assert (await world.by("oscar").get("/v1/me/notices"))["items"] == []  # it is with gwen


async def test_by_the_tail_of_a_phone_nobody_reads_what_is_asked_and_answered_of_what_is_confidential(
    world: World,
) -> None:
    number = await reported(world, confidential=True)
    ways = (await link(world, number), f"/v1/progress?number={number}&phone_tail=1234")
    await world.by("susan").post(f"work-orders/{number}/questions", {"text": "Did he come back?"})
    seen = [await world.nobody.get(way) for way in ways]
    assert [each["question"]["text"] for each in seen] == ["Did he come back?", HIDDEN]
    assert [each["answer"] for each in seen] == [None, None]
    for who, action, said in (("gwen", "handle", {}), ("gwen", "resolve", {"text": "Done"})):
        await world.by(who).post(f"work-orders/{number}/{action}", said)
    await world.by("susan").post(f"work-orders/{number}/answer", {"text": "He is away"})
    assert [(await world.nobody.get(way))["answer"] for way in ways] == ["He is away", HIDDEN]


async def test_number_and_phone_tail_are_found_as_they_are_typed(world: World) -> None:
    number = await reported(world)
    seen = await world.nobody.get(f"/v1/progress?number=%20{number.lower()}%20&phone_tail=１２３４")
    assert seen["number"] == number


async def test_who_urges_what_waits_at_the_desk_is_heard_there(world: World) -> None:
    number = await reported(world, category="rubbish")
    await half_of_the_promise(world, number)
    await world.by("rita").post(f"work-orders/{number}/urge")
    told = (await world.by("oscar").get("/v1/me/notices"))["items"]
    assert [(each["kind"], each["number"]) for each in told] == [("urged", number), ("at_desk", number)]


async def test_what_is_answered_is_not_urged(world: World) -> None:
    number = await reported(world)
    await half_of_the_promise(world, number)
    for action, body in (("handle", {}), ("resolve", {"text": "Done"}), ("answer", {"text": "Done"})):
        await world.by("gwen").post(f"work-orders/{number}/{action}", body)
    assert await code(world, "rita", f"work-orders/{number}/urge", {}) == (409, "wrong_state")
    assert (await world.nobody.get(await link(world, number)))["urge_from"] is None


async def test_the_order_that_another_was_merged_into_hears_of_its_urge(world: World) -> None:
    number, master = await reported(world), await reported(world, "rob")
    await world.by("oscar").post(f"work-orders/{number}/merge", {"master": master, "reason": "The same"})
    await half_of_the_promise(world, number)
    await world.by("rita").post(f"work-orders/{number}/urge", {})
    assert (await actions(world, master))[-1] == "urge"
    told = (await world.by("susan").get("/v1/me/notices"))["items"]
    assert [each["number"] for each in told if each["kind"] == "urged"] == [master]  # of one urge once
    assert await world.by("rob").post(f"work-orders/{master}/urge", {})
