"""Category trees of sites, suggestions, corrections, and what is learned of them."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import pytest

from api.categories import service, store, suggestions
from api.categories.suggester import Suggester
from api.transactions import begin
from api.work_orders import service as work_orders
from herun.clock import DAY_US, MINUTE_US
from tests.integration.api.open311 import client, taking_part
from tests.integration.api.running import SITE, World
from tests.integration.api.test_order_audit import verdict

TEXT: Final = "快递驿站的大音箱天天放招领广播"
REPORT: Final = {"category": "noise", "text": TEXT}
NOBODY_IN_IT: Final = {"attributes": {"trapped": "no"}}


async def tree_of(world: World) -> dict[str, Any]:
    body: dict[str, Any] = (await world.admin.get("categories"))["tree"]
    return body


def without(tree: dict[str, Any], *names: str) -> dict[str, Any]:
    return {**tree, "categories": [each for each in tree["categories"] if each["category"] not in names]}


def asking(tree: dict[str, Any], name: str, required: list[str]) -> dict[str, Any]:
    """The tree in which one category asks for this."""
    leaves = [{**each, "required": required} if each["category"] == name else each for each in tree["categories"]]
    return {**tree, "categories": leaves}


async def best(world: World, text: str = TEXT) -> str:
    found: str = (await world.by("rita").post("category-suggestions", {"text": text}))["candidates"][0]["category"]
    return found


@pytest.mark.parametrize("who", ["rita", "gwen", "paul", "oscar", "susan", "audrey", "admin"])
async def test_everybody_of_the_site_reads_the_tree_and_its_units(world: World, who: str) -> None:
    found = await world.by(who).get("categories")
    assert found["version"] == 0
    assert {"lift", "fire-lane", "other"} <= {each["category"] for each in found["tree"]["categories"]}
    assert "desk" in {each["unit"] for each in (await world.by(who).get("units"))["items"]}


async def test_only_an_admin_replaces_the_tree(world: World) -> None:
    tree = await tree_of(world)
    for who in ("rita", "gwen", "paul", "oscar", "susan", "audrey"):
        assert (await world.by(who).call("PUT", "categories", tree)).status_code == 403
    assert (await world.nobody.call("PUT", "categories", tree)).status_code == 401
    assert (await world.admin.get("categories"))["version"] == 0


async def test_each_put_is_a_version_and_old_ones_can_be_read(world: World) -> None:
    tree = await tree_of(world)
    first = await world.admin.put("categories?why=no%20buses", without(tree, "public-transport"))
    assert (first["version"], first["changed_by"], first["why"]) == (1, "admin", "no buses")
    await world.admin.put("categories", tree)
    assert (await world.admin.get("categories"))["version"] == 2
    old = (await world.admin.get("categories?version=1"))["tree"]
    assert old == without(tree, "public-transport")
    assert (await world.admin.get("categories?version=0"))["tree"] == tree
    assert (await world.admin.call("GET", "categories?version=9")).status_code == 404


async def test_limits_that_break_the_promise_are_refused_with_place_and_why(world: World) -> None:
    tree = (await world.admin.get("categories"))["tree"]
    tree["limits"]["usual"]["warning"]["accept"] = "PT100H"
    refused = await world.admin.call("PUT", "categories", tree)
    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert error["loc"] == ["body", "limits", "usual", "warning", "promise"]
    assert error["msg"] == "to accept may take 6000 minutes, longer than the promise of 1260"
    assert (await world.admin.get("categories"))["version"] == 0


async def test_a_category_of_an_open_order_cannot_vanish_until_the_order_is_over(world: World) -> None:
    order = await world.by("rita").post("reports", REPORT)
    tree = await tree_of(world)
    refused = await world.admin.call("PUT", "categories", without(tree, "noise"))
    assert refused.status_code == 409
    assert "noise has 1 open orders" in refused.text
    await world.by("oscar").post(f"work-orders/{order['number']}/cancel", {"reason": "twice"})
    assert (await world.admin.put("categories", without(tree, "noise")))["version"] == 1
    assert (await world.by("rita").call("POST", "reports", REPORT)).status_code == 422


async def test_a_report_that_is_being_sent_in_holds_its_category(world: World) -> None:
    tree = await tree_of(world)
    async with begin(world.resources, SITE, "rita") as tx:
        await service.for_report(tx, "noise")
        putting = asyncio.create_task(world.admin.call("PUT", "categories", without(tree, "noise")))
        done, _ = await asyncio.wait({putting}, timeout=0.3)
        assert not done
    assert (await putting).status_code == 200


async def test_a_report_of_an_unknown_category_is_refused_with_the_nearest(world: World) -> None:
    refused = await world.by("rita").call("POST", "reports", {**REPORT, "category": "lifts"})
    assert refused.status_code == 422
    assert refused.json()["type"] == "urn:herun:problem:unknown_category"
    assert "lift" in refused.json()["detail"].partition("nearest: ")[2].split(", ")


async def test_an_alerts_order_keeps_a_free_category_and_is_the_desks(world: World) -> None:
    await world.follow(world.alert(category="strange-thing"))
    order = (await world.by("oscar").get("work-orders"))["items"][0]
    assert order["category"] == "strange-thing"
    assert (await world.by("oscar").get(f"work-orders/{order['number']}/category"))["unit"] == "desk"


async def test_a_matter_goes_to_its_unit_and_the_grid_of_its_building(world: World) -> None:
    async with begin(world.resources, SITE) as tx:
        lift, dug = await service.category(tx, "lift"), await service.category(tx, "road-works")
        assert await service.route(tx, lift, "b1") == service.Routed("property-engineering", "g1")
        assert (await service.route(tx, lift, "b3")).grid is None
        assert (await service.route(tx, lift, None)).grid is None
        assert await service.route(tx, dug, "b2", "燃气公司挖的") == service.Routed("gas-company", "g2", "燃气")
        assert (await service.category(tx, "never-heard-of")).known is False


async def test_a_suggestion_says_what_who_and_why(world: World) -> None:
    text = "燃气公司铺管子把路挖开了,一直没有恢复路面"
    found = await world.by("rita").post("category-suggestions", {"text": text})
    first = found["candidates"][0]
    assert found["fits"]
    assert (first["category"], first["unit"], first["unit_because"]) == ("road-works", "gas-company", "燃气")
    assert first["why"][0]["weight"] > 0
    assert 0 < first["probability"] <= 1
    assert sum(each["probability"] for each in found["candidates"]) < 1.2


@pytest.mark.parametrize(
    ("report", "said"),
    [
        ({"category": "lift"}, "attribute[trapped] is required"),
        ({"category": "lift", "attributes": {"trapped": "maybe"}}, "attribute[trapped] has no value maybe"),
        ({"category": "lift", **NOBODY_IN_IT, "attributes": {"trapped": "no", "x": "1"}}, "attribute[x] is not asked"),
        ({"category": "deposit", "attributes": {"amount": "much"}}, "attribute[amount] is no number"),
    ],
)
async def test_a_report_brings_what_its_category_asks_for(world: World, report: Any, said: str) -> None:
    response = await world.by("rita").call("POST", "reports", {"text": "坏了", **report})
    assert (response.status_code, response.json()["type"]) == (422, "urn:herun:problem:incomplete")
    assert said in response.json()["detail"]


async def test_a_report_of_a_place_has_one(world: World) -> None:
    fire = {"category": "fire-lane", "text": "消防通道被堵"}
    response = await world.by("oscar").call("POST", "reports", fire)  # lives nowhere at this site
    assert (response.status_code, response.json()["errors"][0]["loc"]) == (422, ["body", "building"])
    for place in ({"building": "b1"}, {"lat": 31.2, "lon": 121.4}, {"address": "3号楼北侧"}):
        await world.by("oscar").post("reports", {**fire, **place})


async def test_an_alerts_order_ends_with_a_verdict_where_its_category_asks_for_one(world: World) -> None:
    await world.admin.put("categories", asking(await tree_of(world), "water", ["verdict"]))
    alert = world.alert()
    world.add_alert(alert)
    await world.follow(alert)
    number = (await world.by("oscar").get("work-orders"))["items"][0]["number"]
    await world.by("gwen").post(f"work-orders/{number}/handle")
    done = {"text": "Pumped out"}
    response = await world.by("gwen").call("POST", f"work-orders/{number}/resolve", done)
    assert (response.status_code, response.json()["type"]) == (409, "urn:herun:problem:verdict_missing")
    await world.by("oscar").post(f"alerts/{alert.alert_id}/close", {"verdict": "true"})
    await world.by("gwen").post(f"work-orders/{number}/resolve", done)


async def test_what_fits_nothing_is_said(world: World) -> None:
    found = await world.by("rita").post("category-suggestions", {"text": "你好,在吗"})
    assert not found["fits"]
    assert found["sentence"] == suggestions.SENTENCES[False]


async def test_an_order_keeps_what_was_suggested_and_what_was_chosen(world: World) -> None:
    await best(world)
    order = await world.by("rita").post("reports", {"category": "lift", "text": "楼下广场舞音响太吵", **NOBODY_IN_IT})
    kept = await world.by("rita").get(f"work-orders/{order['number']}/category")
    assert (kept["category"], kept["unit"], kept["grid"]) == ("lift", "property-engineering", "g1")
    assert (kept["items"][0]["chosen"], kept["items"][0]["chosen_by"]) == ("lift", "rita")
    assert kept["items"][0]["suggested"][0]["category"] == "noise"
    assert kept["items"][0]["suggested"][0]["why"]


async def test_a_report_does_not_wait_for_a_model(world: World) -> None:
    world.resources.suggester = Suggester()
    tree = await tree_of(world)
    await world.admin.put("categories", without(tree, "dust"))  # no model knows this tree yet
    order = await world.by("rita").post("reports", REPORT)
    kept = await world.by("rita").get(f"work-orders/{order['number']}/category")
    assert kept["items"][0]["suggested"] is None
    assert await suggestions.learn_once(world.resources) == 1  # nobody has to ask for a suggestion before
    order = await world.by("rita").post("reports", REPORT)
    kept = await world.by("rita").get(f"work-orders/{order['number']}/category")
    assert kept["items"][0]["suggested"][0]["category"] == "noise"
    assert await suggestions.learn_once(world.resources) == 0


async def test_a_tree_that_leaves_nothing_to_choose_suggests_nothing_and_learns_nothing(world: World) -> None:
    order = await world.by("rita").post("reports", REPORT)
    await world.by("oscar").post(f"work-orders/{order['number']}/category", {"category": "other", "reason": "x"})
    tree = await tree_of(world)
    names = {each["category"] for each in tree["categories"]} - {"fire", "other"}
    await world.admin.put("categories", without(tree, *names))
    found = await world.by("rita").post("category-suggestions", {"text": "着火了"})
    assert (found["fits"], found["candidates"], found["learned_from"]) == (False, [], 0)
    assert found["sentence"] == suggestions.SENTENCES[False]
    number = (await world.by("rita").post("reports", {"category": "other", "text": "着火了"}))["number"]
    kept = await world.by("rita").get(f"work-orders/{number}/category")
    assert kept["items"][0]["suggested"] is None
    world.resources.suggester.stale.add(SITE)  # as by a report just before the tree was put
    assert await suggestions.learn_once(world.resources) == 1


async def test_what_one_site_teaches_keeps_no_other_from_its_lessons(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await world.by("rita").post("reports", REPORT)
    await world.by("oscar").post(f"work-orders/{order['number']}/category", {"category": "telecom", "reason": "x"})
    await best(world)
    world.resources.suggester.stale.add("a-site-before")
    learn = world.resources.suggester.learn

    async def fails(site: str, *said: Any) -> None:
        if site != SITE:
            raise ValueError("a lesson that nobody can learn")
        await learn(site, *said)

    monkeypatch.setattr(world.resources.suggester, "learn", fails)
    assert await suggestions.learn_once(world.resources) == 2
    assert await best(world) == "telecom"


async def test_a_correction_is_kept_told_in_the_history_and_learned(world: World) -> None:
    order = await world.by("rita").post("reports", REPORT)
    assert await best(world) != "telecom"
    changed = await world.by("oscar").post(
        f"work-orders/{order['number']}/category", {"category": "telecom", "reason": "their loudspeaker"}
    )
    assert [each["chosen"] for each in changed["items"]] == ["noise", "telecom"]
    assert changed["unit"] == "telecom-companies"
    history = (await world.by("oscar").get(f"work-orders/{order['number']}/history"))["items"]
    assert (history[-1]["action"], history[-1]["reason"]) == ("categorised", "their loudspeaker")
    assert history[-1]["detail"] == {"from": "noise", "to": "telecom"}
    assert (await world.by("oscar").get(f"work-orders/{order['number']}"))["category"] == "telecom"
    await best(world)  # whoever asks finds that there is something to learn
    assert await suggestions.learn_once(world.resources) == 1
    assert await best(world) == "telecom"
    assert await suggestions.learn_once(world.resources) == 0


async def test_the_desks_correction_gives_an_order_to_another_unit_whose_time_begins_then(world: World) -> None:
    order = await world.by("rita").post("reports", {**REPORT, "category": "water"})
    path = f"work-orders/{order['number']}"
    world.clock.advance(MINUTE_US)
    await world.by("oscar").post(f"{path}/category", {"category": "telecom", "reason": "their loudspeaker"})
    world.clock.advance(MINUTE_US)
    segments = (await world.by("susan").get(f"{path}/clocks"))["segments"]
    assert [(each["unit"], each["seconds"]) for each in segments if each["seconds"]] == [
        ("water-company", 60), ("telecom-companies", 60),
    ]  # fmt: skip
    told = await world.admin.get("notices?limit=100")
    units = {each["recipient"] for each in told["items"] if each["kind"] == "unit_assigned"}
    assert units == {"@unit:water-company", "@unit:telecom-companies"}


async def test_what_nobody_had_is_dispatched_to_whom_it_fits_once_its_category_is_right(world: World) -> None:
    order = await world.by("rita").post("reports", {**REPORT, "category": "other"})
    assert order["state"] == "accepted"
    path = f"work-orders/{order['number']}"
    await world.by("oscar").post(f"{path}/category", {"category": "water", "reason": "the pump"})
    found = await world.by("oscar").get(path)
    assert (found["state"], found["worker"]) == ("dispatched", "gwen")


async def test_a_workers_correction_hands_an_order_to_nobody(world: World) -> None:
    order = await world.by("rita").post("reports", {**REPORT, "category": "water"})
    path = f"work-orders/{order['number']}"
    world.clock.advance(MINUTE_US)
    await world.by("gwen").post(f"{path}/category", {"category": "noise", "reason": "a loudspeaker"})
    world.clock.advance(MINUTE_US)
    segments = (await world.by("susan").get(f"{path}/clocks"))["segments"]
    assert [(each["unit"], each["seconds"]) for each in segments if each["seconds"]] == [("water-company", 120)]


async def test_a_category_that_is_merged_into_an_open_order_is_not_left_out(world: World) -> None:
    dusty = {"category": "dust", "text": "灰尘很大", "building": "b1"}
    number = (await world.by("rita").post("reports", dusty))["number"]
    master = (await world.by("rob").post("reports", {**REPORT, "building": "b1"}))["number"]
    await world.by("oscar").post(f"work-orders/{number}/merge", {"master": master, "reason": "the same"})
    tree = without(await tree_of(world), "dust")
    refused = await world.admin.call("PUT", "categories", tree)
    assert (refused.status_code, refused.json()["detail"]) == (409, "left out, but open orders have it: dust")
    await world.by("oscar").post(f"work-orders/{master}/cancel", {"reason": "nothing there"})
    await world.by("oscar").post(f"work-orders/{number}/cancel", {"reason": "nothing there"})
    await world.admin.put("categories", tree)


async def test_what_is_learned_from_has_no_phone_plate_or_name(world: World) -> None:
    text = "我叫王小明,13800001234,苏E12345占了我的车位"
    order = await world.by("rita").post("reports", {"category": "noise", "text": text})
    await world.by("oscar").post(f"work-orders/{order['number']}/category", {"category": "parking", "reason": "x"})
    assert world.rows("SELECT text FROM category_examples") == [{"text": "我叫***,***,***占了我的车位"}]


async def test_the_answers_of_a_form_are_no_lesson(world: World) -> None:
    await taking_part(world)
    one = await client(world)
    form = {"service_code": "lift", "address_id": "b1", "attribute[trapped]": "no"}
    for description in ("电梯坏了", ""):
        number = await one.submitted(**form, description=description, address_string=f"{description}b1")
        await world.by("oscar").post(f"work-orders/{number}/category", {"category": "noise", "reason": "x"})
    assert world.rows("SELECT text FROM category_examples") == [{"text": "电梯坏了"}]


async def answered(world: World, number: str) -> None:
    await world.by("oscar").call("POST", f"work-orders/{number}/dispatch", {"worker": "gwen"})
    gwen = world.by("gwen")
    await gwen.post(f"work-orders/{number}/handle")
    await gwen.post(f"work-orders/{number}/resolve", {"text": "done"})
    await gwen.post(f"work-orders/{number}/answer", {"text": "done"})


async def through(world: World, number: str, *, solved: bool) -> None:
    await answered(world, number)
    await world.by("rita").post(f"work-orders/{number}/rate", {"score": 5, "solved": solved})


async def test_an_order_that_is_solved_teaches_and_one_that_is_not_does_not(world: World) -> None:
    for solved, lessons in ((False, 0), (True, 1)):
        order = await world.by("rita").post("reports", REPORT)
        await through(world, order["number"], solved=solved)
        assert len(world.rows("SELECT number FROM category_examples WHERE source = 'closed'")) == lessons


async def test_silence_teaches_what_was_suggested_or_said_by_the_desk_and_not_what_a_reporter_alone_says(
    world: World,
) -> None:
    await best(world)  # what is suggested is kept with each report from here on
    by_rita = [("noise", "电梯坏了,三天没人修"), ("noise", "半夜音响太吵睡不着")]
    sent = [await world.by("rita").post("reports", {"category": name, "text": text}) for name, text in by_rita]
    caller = {"name": "Carla", "phone": "13912345678"}
    called = {"category": "noise", "text": "电梯坏了好几回", "building": "b1", "caller": caller}
    sent.append(await world.by("oscar").post("reports", called))
    for order in sent:
        await answered(world, order["number"])
    world.clock.advance(7 * DAY_US)
    async with begin(world.resources, SITE) as tx:
        await work_orders.close_silent(tx)
    states = world.rows("SELECT state FROM work_orders")
    assert [row["state"] for row in states] == ["closed"] * 3
    lessons = world.rows("SELECT text FROM category_examples ORDER BY text")
    assert {row["text"] for row in lessons} == {"半夜音响太吵睡不着", "电梯坏了好几回"}


async def test_equal_texts_of_a_category_are_learned_once(world: World) -> None:
    for text in (TEXT, TEXT, f"{TEXT}!"):
        order = await world.by("rita").post("reports", {**REPORT, "text": text})
        await world.by("oscar").post(f"work-orders/{order['number']}/category", {"category": "telecom", "reason": "x"})
    async with begin(world.resources, SITE) as tx:
        assert await store.lessons(tx) == [(f"{TEXT}!", "telecom"), (TEXT, "telecom")]


async def test_the_title_names_the_unit_too(world: World) -> None:
    report = {"category": "road-works", "title": "燃气公司挖路", "text": "两个月了也不填平", "building": "b1"}
    order = await world.by("rita").post("reports", report)
    assert order["unit"] == "gas-company"


async def test_confidential_matters_and_alerts_teach_nothing(world: World) -> None:
    order = await world.by("rita").post("reports", {"category": "domestic-violence", "text": "隔壁在打人"})
    await world.by("susan").post(f"work-orders/{order['number']}/category", {"category": "noise", "reason": "x"})
    await world.follow(world.alert(category="water"))
    alert_order = (await world.by("oscar").get("work-orders?origin=alert"))["items"][0]["number"]
    made = await world.by("oscar").post(f"work-orders/{alert_order}/category", {"category": "flooding", "reason": "x"})
    assert [each["chosen"] for each in made["items"]] == ["water", "flooding"]
    assert world.rows("SELECT * FROM category_examples") == []


async def taught(world: World) -> list[str]:
    """The orders whose lessons are kept."""
    return [row["number"] for row in world.rows("SELECT number FROM category_examples ORDER BY number")]


@pytest.mark.parametrize("way", ["confide", "correct"])
async def test_what_becomes_confidential_is_a_lesson_no_more_and_is_unlearned(world: World, way: str) -> None:
    numbers = []
    for _ in range(2):
        path = f"work-orders/{(await world.by('rita').post('reports', REPORT))['number']}"
        await world.by("oscar").post(f"{path}/category", {"category": "telecom", "reason": "x"})
        numbers.append(path.rpartition("/")[2])
    await best(world)
    assert await suggestions.learn_once(world.resources) == 1
    assert await taught(world) == sorted(numbers)
    for n, number in enumerate(numbers):  # the older first: by the newest lesson alone nobody saw that it went
        path = f"work-orders/{number}"
        if way == "confide":
            await world.by("susan").post(f"{path}/confide", {"reason": "a threat"})
        else:
            await world.by("susan").post(f"{path}/category", {"category": "domestic-violence", "reason": "x"})
        assert await taught(world) == sorted(numbers[n + 1 :])
        await best(world)
        assert await suggestions.learn_once(world.resources) == 1
    assert await best(world) != "telecom"
    assert await suggestions.learn_once(world.resources) == 0


async def test_only_the_desk_and_its_worker_correct_and_only_what_they_see(world: World) -> None:
    order = await world.by("rita").post("reports", {**REPORT, "category": "water"})
    path = f"work-orders/{order['number']}/category"
    body = {"category": "lift", "reason": "x"}
    assert order["worker"] == "gwen"
    for who, status in {"rita": 403, "rob": 403, "audrey": 403, "greg": 404, "paul": 404}.items():
        assert (await world.by(who).call("POST", path, body)).status_code == status, who
    for stranger in ("rob", "greg", "paul"):
        assert (await world.by(stranger).call("GET", path)).status_code == 404
    assert (await world.by("gwen").call("POST", path, body)).status_code == 200


async def test_what_makes_no_sense_is_refused(world: World) -> None:
    order = await world.by("rita").post("reports", REPORT)
    path, oscar = f"work-orders/{order['number']}/category", world.by("oscar")
    assert (await oscar.call("POST", path, {"category": "nonsense", "reason": "x"})).status_code == 422
    assert (await oscar.call("POST", path, {"category": "noise", "reason": "x"})).status_code == 409
    assert (await oscar.call("POST", path, {"category": "lift"})).status_code == 422
    await oscar.post(f"work-orders/{order['number']}/cancel", {"reason": "x"})
    assert (await oscar.call("POST", path, {"category": "lift", "reason": "x"})).status_code == 409


async def test_one_order_is_one_lesson_however_often_it_is_corrected_and_that_is_bounded(world: World) -> None:
    order = await world.by("rita").post("reports", REPORT)
    path = f"work-orders/{order['number']}/category"
    for n in range(suggestions.MAX_CORRECTIONS):
        await world.by("oscar").post(path, {"category": ("lift", "noise")[n % 2], "reason": "x"})
    refused = await world.by("oscar").call("POST", path, {"category": "lift", "reason": "x"})
    assert refused.json()["type"].endswith("too_many_corrections")
    assert len(world.rows("SELECT * FROM category_examples")) == 1


async def test_of_each_category_the_newest_lessons_are_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "LESSONS_A_CATEGORY", 2)
    numbers = [(await world.by("rita").post("reports", REPORT))["number"] for _ in range(4)]
    for number in numbers:
        await world.by("oscar").post(f"work-orders/{number}/category", {"category": "lift", "reason": "x"})
    kept = world.rows("SELECT number FROM category_examples ORDER BY seq")
    assert [row["number"] for row in kept] == numbers[2:]


async def test_two_who_correct_at_once_are_one_after_the_other(world: World) -> None:
    order = await world.by("rita").post("reports", REPORT)
    path = f"work-orders/{order['number']}/category"
    answers = await asyncio.gather(
        *(world.by(who).call("POST", path, {"category": "lift", "reason": "x"}) for who in ("oscar", "susan"))
    )
    assert sorted(each.status_code for each in answers) == [200, 409]


async def test_one_sites_tree_and_lessons_are_not_anothers(world: World) -> None:
    await world.furnish("s2", people=[{"username": "otto", "name": "Otto", "roles": ["operator"]}])
    tree = await tree_of(world)
    await world.admin.put("categories", without(tree, "dust"))
    assert (await world.by("otto", "s2").get("categories"))["version"] == 0
    assert (await world.by("otto", "s2").call("GET", "/v1/sites/s1/categories")).status_code == 403
    order = await world.by("rita").post("reports", REPORT)
    path = f"/v1/sites/s1/work-orders/{order['number']}/category"
    assert (await world.by("otto", "s2").call("POST", path, {"category": "lift", "reason": "x"})).status_code == 403
    for table in ("category_trees", "category_choices"):
        assert world.rows(f"SELECT * FROM {table}", role="herun_api", bound_to="s2") == []
        assert world.rows(f"SELECT * FROM {table}", role="herun_api", bound_to="s1") != []


async def test_what_is_corrected_to_a_confidential_category_is_confided_with_its_parts_and_without_helpers(
    world: World,
) -> None:
    number = (await world.by("rita").post("reports", {"category": "water", "text": "Water and shouts"}))["number"]
    part = (await world.by("gwen").post(f"work-orders/{number}/split", {"text": "The shouts"}))["number"]
    await world.by("gwen").post(f"work-orders/{number}/helpers", {"worker": "greg", "reason": "Two are needed"})
    said = {"category": "domestic-violence", "reason": "Read it again"}
    await world.by("oscar").post(f"work-orders/{number}/category", said)
    for who, each in (("oscar", number), ("greg", number), ("oscar", part)):
        assert (await world.by(who).call("GET", f"work-orders/{each}")).status_code == 404, (who, each)
    found = await world.by("susan").get(f"work-orders/{number}")
    assert (found["confidential"], found["helpers"], found["category"]) == (True, [], "domestic-violence")
    assert verdict(world).breaks == ()


async def test_a_part_of_a_confidential_category_is_confidential(world: World) -> None:
    number = (await world.by("rita").post("reports", {"category": "water", "text": "Water and shouts"}))["number"]
    said = {"text": "The shouts", "category": "domestic-violence"}
    part = (await world.by("oscar").post(f"work-orders/{number}/split", said))["number"]
    assert (await world.by("oscar").call("GET", f"work-orders/{part}")).status_code == 404
    assert (await world.by("susan").get(f"work-orders/{part}"))["confidential"]
