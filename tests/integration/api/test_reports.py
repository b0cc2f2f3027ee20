"""Reports by phone and by nobody, and reports of what is reported already."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import pytest

from api.reports import service, store
from api.throttles import service as throttles
from api.transactions import ALL_SITES, begin
from herun.clock import DAY_US, HOUR_US
from tests.integration.api.notices.test_inbox import kinds
from tests.integration.api.running import World
from tests.integration.api.test_following import actions, code, reported
from tests.integration.api.test_pictures import photo

RAT: Final = {"category": "water", "text": "地下车库漏水,水已经漫到电梯口", "building": "b1"}
SAME: Final = {"category": "water", "text": "车库漏水了,水漫到电梯口了", "building": "b1"}


async def like(world: World, who: str, **more: Any) -> list[Any]:
    found: list[Any] = (await world.by(who).post("reports/duplicates", {**SAME, **more}))["items"]
    return found


@pytest.mark.parametrize("phone", ["13912345678", "+8613912345678", "008613912345678", "8613912345678"])
async def test_one_phone_is_kept_in_one_way(world: World, phone: str) -> None:
    order = await world.by("oscar").post("reports", {**RAT, "caller": {"name": "Carla", "phone": phone}})
    assert order["contact_phone"] == "13912345678"


@pytest.mark.parametrize("place", [{"lat": 31.2, "lon": 121.4}, {"zone": "z0"}])
async def test_who_names_another_place_does_not_speak_of_their_own_building(
    world: World, place: dict[str, Any]
) -> None:
    report = {"category": "water", "text": "A pipe has burst"}
    assert (await world.by("rita").post("reports", report))["building"] == "b1"
    assert (await world.by("rita").post("reports", {**report, "address": "By the bins"}))["building"] == "b1"
    assert (await world.by("rita").post("reports", {**report, **place}))["building"] is None
    assert (
        await world.by("oscar").post(
            "reports", {**report, "address": "West Gate", "caller": {"name": "Carla", "phone": "13912345678"}}
        )
    )["building"] is None


async def test_the_desk_takes_a_report_down_for_a_caller_who_follows_it_by_phone(world: World) -> None:
    body = {**RAT, "caller": {"name": "Carla Caller", "phone": "13912345678"}}
    assert (await code(world, "rita", "reports", body))[0] == 403
    order = await world.by("oscar").post("reports", body)
    assert (order["channel"], order["reporter"], order["contact_phone"]) == ("phone", None, "13912345678")
    assert (await world.nobody.get(f"/v1/progress?number={order['number']}&phone_tail=5678"))["state"] == "dispatched"
    path = f"work-orders/{order['number']}/caller"
    assert (await world.by("susan").get(path))["name"] == "Carla Caller"
    assert (await world.by("audrey").get("audit?action=caller.seen"))["items"][0]["actor"] == "susan"
    assert (await code(world, "gwen", path))[0] == 403
    read = [await world.by("gwen").get(f"work-orders/{order['number']}{part}") for part in ("", "/history")]
    assert "Carla" not in str(read)
    assert (await world.by("audrey").get(f"work-orders/{order['number']}"))["contact_phone"] != "13912345678"


async def test_a_callers_name_is_forgotten_some_time_after_the_order_was_closed(world: World) -> None:
    body = {**RAT, "caller": {"name": "Carla Caller", "phone": "13912345678"}}
    number = (await world.by("oscar").post("reports", body))["number"]
    async with begin(world.resources, ALL_SITES) as tx:
        assert await store.forget_callers(tx, tx.at, 10) == 0
    await world.by("oscar").post(f"work-orders/{number}/cancel", {"reason": "It stopped"})
    async with begin(world.resources, ALL_SITES) as tx:
        assert await store.forget_callers(tx, tx.at, 10) == 1
    assert (await code(world, "oscar", f"work-orders/{number}/caller"))[0] == 404


async def test_a_callers_name_is_forgotten_after_what_it_was_merged_into_was_closed(world: World) -> None:
    master = await reported(world, building="b1")
    body = {**RAT, "caller": {"name": "Carla Caller", "phone": "13912345678"}}
    number = (await world.by("oscar").post("reports", body))["number"]
    await world.by("oscar").post(f"work-orders/{number}/merge", {"master": master, "reason": "The same"})
    for who, action, said in (("gwen", "handle", {}), ("gwen", "resolve", {"text": "Dry"})):
        await world.by(who).post(f"work-orders/{master}/{action}", said)
    await world.by("oscar").post(f"work-orders/{master}/answer", {"text": "Dry"})
    async with begin(world.resources, ALL_SITES) as tx:
        assert await store.forget_callers(tx, tx.at, 10) == 0
    await world.by("rita").post(f"work-orders/{master}/rate", {"score": 5, "solved": True})
    async with begin(world.resources, ALL_SITES) as tx:
        assert await store.forget_callers(tx, tx.at, 10) == 1


async def test_nobody_reports_without_a_name_where_the_category_allows_it_and_follows_by_link(world: World) -> None:
    made = await world.nobody.post("/v1/sites/s1/anonymous-reports", RAT)
    seen = await world.nobody.get(f"/v1/progress/link/{made['token']}")
    assert (seen["number"], seen["state"]) == (made["number"], "dispatched")
    order = await world.by("oscar").get(f"work-orders/{made['number']}")
    assert (order["channel"], order["reporter"], order["contact_phone"]) == ("anonymous", None, None)
    fee = {**RAT, "category": "property-fee"}
    assert await code(world, None, "/v1/sites/s1/anonymous-reports", fee) == (409, "not_anonymous")
    assert (await code(world, None, "/v1/sites/s9/anonymous-reports", RAT))[0] == 404
    tail = f"/v1/progress?number={made['number']}&phone_tail="
    assert {(await code(world, None, f"{tail}{each}"))[0] for each in ("0000", "None", "    ")} <= {404, 422}


async def test_whoever_has_no_account_is_told_what_a_report_without_a_name_needs(world: World) -> None:
    form = await world.nobody.get("/v1/sites/s1/anonymous-reports/form")
    tree = (await world.admin.get("categories"))["tree"]
    assert [each["category"] for each in form["categories"]] == [
        each["category"] for each in tree["categories"] if each["anonymous"]
    ]
    asked = {each["category"]: each["attributes"] for each in tree["categories"]}
    assert all(each["attributes"] == asked[each["category"]] for each in form["categories"])
    assert [(each["building"], each["name"]) for each in form["buildings"]] == [(b, b) for b in ("b1", "b2", "b3")]
    found = await world.nobody.post("/v1/sites/s1/anonymous-reports/suggestions", {"text": "楼道里有老鼠"})
    assert found == await world.by("rita").post("category-suggestions", {"text": "楼道里有老鼠"})
    for method, path, body in (("GET", "form", None), ("POST", "suggestions", {"text": "老鼠"})):
        assert (await world.nobody.call(method, f"/v1/sites/s9/anonymous-reports/{path}", body)).status_code == 404
    looks = throttles.ANONYMOUS_LOOKS.tries - 4
    codes = [(await code(world, None, "/v1/sites/s1/anonymous-reports/form"))[0] for _ in range(looks + 1)]
    assert codes == [200] * looks + [429]


async def test_where_nothing_may_be_anonymous_strangers_are_told_no_building(world: World) -> None:
    tree = (await world.admin.get("categories"))["tree"]
    await world.admin.put(
        "categories", {**tree, "categories": [{**each, "anonymous": False} for each in tree["categories"]]}
    )
    assert await world.nobody.get("/v1/sites/s1/anonymous-reports/form") == {"categories": [], "buildings": []}


async def test_reports_without_a_name_are_few_from_one_address(world: World) -> None:
    codes = [(await code(world, None, "/v1/sites/s1/anonymous-reports", RAT))[0] for _ in range(6)]
    assert codes == [201] * 5 + [429]
    other = await world.nobody_from("192.0.2.7").call("POST", "/v1/sites/s1/anonymous-reports", RAT)
    assert other.status_code == 201


async def test_an_account_reports_so_much_a_day_and_whoever_takes_down_calls_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MAX_A_DAY", 2)
    body = {**RAT, "caller": {"name": "Carla Caller", "phone": "13912345678"}}
    first = await world.by("rita").call("POST", "reports", RAT, key="k1")
    assert (await code(world, "rita", "reports", RAT))[0] == 201
    refused = await world.by("rita").call("POST", "reports", RAT)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, str(DAY_US // 1_000_000))
    assert (await world.by("rita").call("POST", "reports", RAT, key="k1")).content == first.content
    assert [(await code(world, "oscar", "reports", body))[0] for _ in range(3)] == [201] * 3
    assert (await code(world, "rob", "reports", RAT))[0] == 201
    world.clock.advance(DAY_US)
    at_once = await asyncio.gather(*(world.by("rita").call("POST", "reports", RAT) for _ in range(5)))
    assert sorted(each.status_code for each in at_once) == [201, 201, 429, 429, 429]


async def test_nobodys_report_that_is_sent_again_with_its_key_is_one_and_its_link_comes_again(world: World) -> None:
    path, key = "/v1/sites/s1/anonymous-reports", "5f2c9a1e77d04b6d"
    answers = await asyncio.gather(*(world.nobody.call("POST", path, RAT, key=key) for _ in range(4)))
    assert {each.status_code for each in answers} == {201}
    assert len({each.content for each in answers}) == 1
    other_body = {**RAT, "text": "两只老鼠"}
    left = [(await world.nobody.call("POST", path, other_body)).status_code for _ in range(throttles.ANONYMOUS.tries)]
    assert left == [201] * (throttles.ANONYMOUS.tries - 1) + [429]  # that was one
    other = world.nobody_from("192.0.2.9")  # a phone that went from one network to another
    for _ in range(throttles.ANONYMOUS.tries + 1):  # which is no other report
        assert (await other.call("POST", path, RAT, key=key)).content == answers[0].content
    seen = await world.nobody.get(f"/v1/progress/link/{answers[0].json()['token']}")
    numbers = [each["number"] for each in (await world.by("oscar").get("work-orders"))["items"]]
    assert (len(numbers), numbers[-1]) == (throttles.ANONYMOUS.tries, seen["number"])
    reused = await other.call("POST", path, other_body, key=key)
    assert (reused.status_code, reused.json()["type"]) == (422, "urn:herun:problem:idempotency_key_reused")
    assert (await other.call("POST", path, RAT, key="1")).status_code == 422
    assert (await other.call("POST", "/v1/sites/s9/anonymous-reports", RAT, key=key)).status_code == 404


async def test_what_is_refused_of_nobody_takes_no_report_away_and_is_bounded_too(world: World) -> None:
    path, fee = "/v1/sites/s1/anonymous-reports", {**RAT, "category": "property-fee"}
    for _ in range(6):
        assert await code(world, None, path, fee) == (409, "not_anonymous")
        assert (await code(world, None, "/v1/sites/s9/anonymous-reports", RAT))[0] == 404
    assert [(await code(world, None, path, RAT))[0] for _ in range(6)] == [201] * 5 + [429]
    tries = throttles.ANONYMOUS_TRIES.tries
    codes = [(await code(world, None, path, fee))[0] for _ in range(tries)]
    assert codes[-1] == 429
    other = world.nobody_from("192.0.2.8")
    codes = [(await other.call("POST", path, fee)).status_code for _ in range(tries + 1)]
    assert codes == [409] * tries + [429]


@pytest.mark.parametrize("text", ["\u200b", "\u200b \ufeff\u2060", "\u3164\u2800", "\u202e\u00ad", "\u0301"])
async def test_a_text_of_which_nothing_can_be_seen_is_none(world: World, text: str) -> None:
    assert (await code(world, "rita", "reports", {**RAT, "text": text}))[0] == 422
    assert (await code(world, None, "/v1/sites/s1/anonymous-reports", {**RAT, "text": text}))[0] == 422
    assert (await code(world, "rita", "reports", {**RAT, "text": f"{text}漏{text}"}))[0] == 201


async def test_a_picture_of_nobody_is_named_by_whoever_knows_its_id(world: World) -> None:
    sent = (await world.nobody.send("anonymous-reports/pictures", photo())).json()
    body = {**RAT, "pictures": [sent["id"]]}
    assert await code(world, "rita", "reports", body) == (422, "unknown_picture")
    made = await world.nobody.post("/v1/sites/s1/anonymous-reports", body)
    assert len((await world.by("oscar").get(f"work-orders/{made['number']}/pictures"))["items"]) == 1


async def test_what_is_open_already_is_shown_with_reasons_and_without_anybodys_words_numbers_or_name(
    world: World,
) -> None:
    text = f"{RAT['text']},请打13800001234找王先生"
    number = await reported(world, **{**RAT, "text": text})
    (found,) = await like(world, "rob")
    assert found["likeness"] > 0.6
    assert {each["kind"] for each in found["because"]} == {"category", "building", "text"}
    told = str({**found, "handle": ""})
    assert all(word not in told for word in (number, "rita", "13800001234"))
    assert number not in found["handle"]


async def test_another_matter_or_an_old_or_confidential_one_is_not_shown(world: World) -> None:
    await reported(world, confidential=True, **RAT)
    await reported(world, category="noise", text="楼上半夜装修", building="b2")
    assert await like(world, "rob") == []
    await reported(world, **RAT)
    assert len(await like(world, "rob")) == 1
    world.clock.advance(15 * DAY_US)
    assert await like(world, "rob") == []


async def test_what_is_more_severe_joins_nothing_and_is_dispatched_at_once(world: World) -> None:
    stuck = {"category": "lift", "text": "电梯停在三楼不动了,门打不开", "building": "b1"}
    await world.by("rita").post("reports", {**stuck, "attributes": {"trapped": "no"}})
    trapped = {**stuck, "attributes": {"trapped": "yes"}}
    (found,) = (await world.by("rob").post("reports/duplicates", trapped))["items"]
    own = await world.by("rob").post("reports", {**trapped, "join": found["handle"]})
    assert (own["severity"], own["merged_into"]) == ("critical", None)
    assert own["state"] != "merged"
    assert own["not_joined"]["code"] == "more_severe"
    (master,) = (await world.by("oscar").get("work-orders?severity=info"))["items"]
    entries = (await world.by("oscar").get(f"work-orders/{own['number']}/history"))["items"]
    (said,) = [each["reason"] for each in entries if each["action"] == "noted"]
    assert master["number"] in said
    assert ("at_desk", own["number"]) in await kinds(world, "oscar")  # nobody fits


async def test_a_report_joins_an_order_and_keeps_its_own_number_and_rating(world: World) -> None:
    master = await reported(world, **RAT)
    (found,) = await like(world, "rob")
    joined = await world.by("rob").post("reports", {**SAME, "join": found["handle"]})
    assert (joined["state"], joined["merged_into"], joined["not_joined"]) == ("merged", master, None)
    assert joined["number"] != master
    assert (await actions(world, joined["number"])) == ["opened", "accept", "merge"]
    assert (await actions(world, master))[-1] == "joined"
    for who, action in (("gwen", "handle"), ("gwen", "resolve"), ("oscar", "answer")):
        await world.by(who).post(f"work-orders/{master}/{action}", {} if action == "handle" else {"text": "Done"})
    rated = await world.by("rob").post(f"work-orders/{joined['number']}/rate", {"score": 4, "solved": True})
    assert rated["rating"]["rated_by"] == "rob"


async def test_a_handle_is_for_one_person_one_hour_and_an_order_that_is_open(world: World) -> None:
    master = await reported(world, **RAT)
    handle = (await like(world, "rob"))[0]["handle"]
    for who, stolen in (("ruth", handle), ("rob", "x"), ("rob", master), ("rob", handle[:-8] + "AAAAAAA=")):
        assert await code(world, who, "reports", {**SAME, "join": stolen}) == (422, "unknown_handle")
    await world.by("oscar").post(f"work-orders/{master}/cancel", {"reason": "Nothing there"})
    assert await code(world, "rob", "reports", {**SAME, "join": handle}) == (409, "not_joined")
    world.clock.advance(HOUR_US)
    assert await code(world, "rob", "reports", {**SAME, "join": handle}) == (422, "unknown_handle")


async def test_who_looks_for_what_they_reported_themselves_is_told_their_own_number_and_joins_nothing(
    world: World,
) -> None:
    master = (await world.by("rita").post("reports", RAT))["number"]
    (own,) = await like(world, "rita")
    assert (own["yours"], own["handle"]) == (master, None)
    (found,) = await like(world, "rob")
    twin = (await world.by("rob").post("reports", {**RAT, "join": found["handle"]}))["number"]
    assert (found["yours"], twin != master) == (None, True)
    (own,) = await like(world, "rob")
    assert (own["yours"], own["handle"]) == (twin, None)
    await world.by("oscar").post("reports", {**RAT, "category": "noise", "text": "太吵"})
    caller = {"name": "Carla", "phone": "13912345678"}
    (of_caller,) = await like(world, "oscar", category="noise", text="太吵", caller=caller)
    assert of_caller["yours"] is None  # whoever calls is not who takes it down


async def test_pictures_that_look_alike_and_near_places_count(world: World) -> None:
    first = (await world.by("rita").send("pictures", photo(200))).json()["id"]
    place = {"lat": 31.30, "lon": 120.60}
    await world.by("rita").post("reports", {**RAT, "pictures": [first], **place})
    mine = (await world.by("rob").send("pictures", photo(210))).json()["id"]
    (found,) = await like(world, "rob", text="Wet", pictures=[mine], lat=31.3003, lon=120.6)
    assert {each["kind"] for each in found["because"]} == {"category", "building", "distance", "picture"}
    (without,) = await like(world, "rob", text="Wet", lat=31.3003, lon=120.6)
    assert "picture" not in {each["kind"] for each in without["because"]}


async def test_what_a_device_reported_already_is_found_by_its_title(world: World) -> None:
    """Its text is names and numbers: as it stands nobody writes like that."""
    words = {"title": {"zh": "地下车库漏水", "en": "A leak"}, "text": {"zh": "leak-07 在 z1 读到 0.82", "en": "0.82"}}
    await world.follow(world.alert(**words))
    (found,) = await like(world, "rob", text="车库漏水了")
    assert {each["kind"] for each in found["because"]} == {"category", "building", "text"}
    mine = await world.by("rob").post("reports", {**SAME, "text": "车库漏水了", "join": found["handle"]})
    (order,) = (await world.by("oscar").get("work-orders?origin=alert"))["items"]
    assert mine["merged_into"] == order["number"]
    (report,) = (await world.by("oscar").get(f"work-orders?master={order['number']}"))["items"]
    assert report["number"] == mine["number"]


async def test_the_desk_sees_candidates_to_merge_whole(world: World) -> None:
    one, other = await reported(world, **RAT), await reported(world, "rob", **SAME)
    (found,) = (await world.by("oscar").get(f"work-orders/{other}/duplicates"))["items"]
    assert (found["order"]["number"], found["order"]["reporter"]) == (one, "rita")
    assert (await code(world, "rob", f"work-orders/{other}/duplicates"))[0] == 403


async def test_whoever_describes_matter_after_matter_is_slowed_down(world: World) -> None:
    codes = [(await code(world, "rob", "reports/duplicates", SAME))[0] for _ in range(61)]
    assert codes == [200] * 60 + [429]
