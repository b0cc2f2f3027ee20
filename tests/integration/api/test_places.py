"""Where a report is, and what follows: whose it is, what is the same, and how severe it is by what was answered."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.integration.api.open311 import client, taking_part
from tests.integration.api.running import LAYOUT, World
from tests.integration.api.test_following import code, reported

STANDING: Final = {
    **LAYOUT,
    "buildings": [
        {"building": "b1", "name": "1号楼", "lat": 31.0, "lon": 120.0},
        {"building": "b2", "name": "2号楼", "lat": 31.002, "lon": 120.0},  # 222 m away
        {"building": "b3", "name": "3号楼"},
    ],
}
CALLER: Final = {"name": "Carla", "phone": "13912345678"}
LIFT: Final[dict[str, Any]] = {"category": "lift", "text": "电梯坏了", "attributes": {"trapped": "no"}}


async def by_caller(world: World, **report: Any) -> Any:
    return await world.by("oscar").post("reports", {"category": "water", "text": "漏水", "caller": CALLER, **report})


async def like(world: World, who: str, **report: Any) -> list[Any]:
    found: list[Any] = (await world.by(who).post("reports/duplicates", {**LIFT, **report}))["items"]
    return found


async def test_a_layout_says_where_buildings_stand(world: World) -> None:
    assert (await world.admin.put("layout", STANDING))["buildings"][2]["lat"] is None
    assert (await world.by("rita").get("layout"))["buildings"][0]["lat"] == 31.0
    assert await world.admin.put("layout", await world.admin.get("layout")) == await world.admin.get("layout")
    half = {**STANDING, "buildings": [{"building": "b1", "name": "1", "lat": 31.0}]}
    assert (await world.admin.call("PUT", "layout", half)).status_code == 422


@pytest.mark.parametrize(
    ("place", "building", "worker"),
    [
        ({"lat": 31.0005, "lon": 120.0}, "b1", "gwen"),
        ({"lat": 31.0015, "lon": 120.0}, "b2", "greg"),
        ({"lat": 31.0034, "lon": 120.0}, None, None),
        ({"zone": "z1"}, "b1", "gwen"),
        ({"zone": "z0"}, None, None),
        ({"address": "2号楼 3单元 电梯厅"}, "b2", "greg"),
        ({"address": "西门"}, None, None),
        ({"building": "b2", "lat": 31.0, "lon": 120.0}, "b2", "greg"),
    ],
)
async def test_a_report_goes_to_the_grid_of_its_place_however_that_is_said(
    world: World, place: dict[str, Any], building: str | None, worker: str | None
) -> None:
    await world.admin.put("layout", STANDING)
    order = await by_caller(world, **place)
    assert (order["building"], order["worker"]) == (building, worker)
    dried = await world.by("oscar").post("dispatch-dry-runs", {"category": "water", **place})
    assert dried["worker"] == worker
    grid = {"b1": "g1", "b2": "g2"}.get(building or "")
    assert dried["taken_as"] == {"building": building, "grid": grid, "unit": order["unit"], "severity": "info"}


async def test_an_address_that_names_another_house_is_not_of_the_reporters_own(world: World) -> None:
    await world.admin.put("layout", STANDING)
    named = {"2号楼门口": "b2", "二栋门口": "b2", "单元门口": "b1", "3楼走廊": "b1"}
    for address, building in (*named.items(), ("25号楼", None), ("二十五号楼", None), ("1号楼和2号楼之间", None)):
        order = await world.by("rita").post("reports", {"category": "water", "text": "漏水", "address": address})
        assert order["building"] == building


async def test_what_is_reported_is_of_the_house_that_its_words_name(world: World) -> None:
    hall = {"zone": "hall", "name": "大堂", "building": "b1"}
    await world.admin.put("layout", {**STANDING, "zones": [*LAYOUT["zones"], hall]})
    told: list[tuple[dict[str, Any], str | None]] = [
        ({"text": "2号楼漏水"}, "b2"), ({"text": "漏水,快来", "title": "二号楼"}, "b2"),
        ({"text": "2号楼大堂漏水", "address": "大堂"}, "b1"), ({"text": "2号楼漏水", "address": "单元门口"}, "b2"),
        ({"text": "2号楼漏水", "address": "1号楼"}, "b1"), ({"text": "2号楼漏水", "building": "b1"}, "b1"),
        ({"text": "2号楼漏水", "zone": "z0"}, None), ({"text": "1号楼和2号楼之间漏水"}, "b1"),
        ({"text": "25号楼漏水"}, None), ({"text": "三楼漏水"}, "b1"),
    ]  # fmt: skip
    for report, building in told:
        order = await world.by("rita").post("reports", {"category": "water", **report})
        assert (order["building"], order["worker"]) == (building, {"b1": "gwen", "b2": "greg"}.get(building or ""))
    called = {"category": "water", "text": "2号楼漏水", "caller": {"name": "王女士", "phone": "13800001234"}}
    assert (await world.by("oscar").post("reports", called))["building"] == "b2"
    assert (await world.by("gwen").post("reports", {"category": "water", "text": "2号楼漏水"}))["building"] == "b2"
    placeless = await world.by("gwen").call("POST", "reports", {"category": "railing", "text": "栏杆断了"})
    assert placeless.status_code == 422
    worded = await world.by("gwen").post("reports", {"category": "railing", "text": "2号楼栏杆断了"})
    assert worded["building"] == "b2"
    dried = await world.by("oscar").post("dispatch-dry-runs", {"category": "water", "text": "2号楼漏水"})
    assert dried["taken_as"]["building"] == "b2"


async def test_what_is_of_another_house_by_its_words_is_offered_what_is_of_that(world: World) -> None:
    await world.admin.put("layout", STANDING)
    await reported(world, **LIFT, building="b1")
    (found,) = await like(world, "ruth", text="1号楼电梯坏了")
    assert found["building"] == "b1"
    joined = await world.by("ruth").post("reports", {**LIFT, "text": "1号楼电梯坏了", "join": found["handle"]})
    assert (joined["building"], joined["state"]) == ("b1", "merged")


async def test_an_address_that_names_a_zone_is_of_the_building_that_it_lies_in(world: World) -> None:
    halls = [{"zone": f"hall{n}", "name": "大堂", "building": f"b{n}"} for n in (2, 3)]
    gate = {"zone": "east-gate", "name": "东门", "building": "b2"}
    await world.admin.put("layout", {**STANDING, "zones": [*LAYOUT["zones"], *halls, gate]})
    named = {("rita", "東門外"): "b2", ("rita", "1号楼东门"): "b1", ("rita", "大堂"): None, ("ruth", "大堂"): "b2"}
    for (who, address), building in named.items():
        order = await world.by(who).post("reports", {"category": "water", "text": "漏水", "address": address})
        assert order["building"] == building


@pytest.mark.parametrize(
    ("place", "building"),
    [
        ({"address_string": "1号楼 3单元 电梯厅"}, "b1"),
        ({"address_string": "", "address_id": "2号楼"}, "b2"),
        ({"address_string": "", "address_id": "b3"}, "b3"),
        ({"address_string": "", "lat": "31.0005", "long": "120.0"}, "b1"),
        ({"address_string": "西门", "lat": "31.2", "long": "120.0"}, None),
    ],
)
async def test_a_request_of_open311_finds_its_building(
    world: World, place: dict[str, str], building: str | None
) -> None:
    await world.admin.put("layout", STANDING)
    await taking_part(world)
    number = await (await client(world)).submitted(**place)
    order = await world.by("oscar").get(f"work-orders/{number}")
    assert (order["building"], order["worker"]) == (building, {"b1": "gwen", "b2": "greg"}.get(building or ""))


async def test_what_is_of_another_house_is_neither_offered_nor_joined(world: World) -> None:
    await world.admin.put("layout", STANDING)
    number = await reported(world, **LIFT, building="b1")
    (found,) = await like(world, "rob")
    assert found["building"] == "b1"
    assert await like(world, "rob", building="b2") == []
    assert await like(world, "ruth") == []  # who lives in b2, and says nothing else
    assert await like(world, "rob", lat=31.002, lon=120.0) == []
    elsewhere = {**LIFT, "building": "b2", "join": found["handle"]}
    assert await code(world, "rob", "reports", elsewhere) == (409, "another_place")
    joined = await world.by("rob").post("reports", {**LIFT, "join": found["handle"]})
    assert joined["merged_into"] == number
    other = await reported(world, "ruth", **LIFT)
    assert (await world.by("oscar").get(f"work-orders/{other}/duplicates"))["items"] == []
    desk = await world.by("oscar").call("POST", f"work-orders/{other}/merge", {"master": number, "reason": "Same lift"})
    assert desk.status_code == 200  # a person may know better


async def test_what_is_of_no_house_of_the_site_is_not_offered_what_is_of_one_nor_the_other_way_round(
    world: World,
) -> None:
    await world.admin.put("layout", STANDING)
    await reported(world, **LIFT, building="b1")
    (found,) = await like(world, "rob")
    assert await like(world, "rob", address="25号楼门口") == []
    elsewhere = {**LIFT, "address": "25号楼门口", "join": found["handle"]}
    assert await code(world, "rob", "reports", elsewhere) == (409, "another_place")
    other = await reported(world, "ruth", **LIFT, address="25号楼门口")
    assert (await world.by("oscar").get(f"work-orders/{other}/duplicates"))["items"] == []
    assert [each["building"] for each in await like(world, "rob")] == ["b1"]
    assert [each["building"] for each in await like(world, "rob", address="二十五號樓")] == [None]


async def test_what_is_about_to_be_sent_is_asked_about_as_it_is(world: World) -> None:
    await world.admin.put("layout", STANDING)
    await reported(world, **LIFT, building="b1")
    whole = {"title": "电梯", "phone": "13800001234", "confidential": False}
    for place in ({"zone": "z1"}, {"address": "1号楼门口"}, {"lat": 31.0001, "lon": 120.0}):
        (found,) = await like(world, "ruth", **place, **whole)
        assert {each["kind"] for each in found["because"]} == {"category", "building", "text"}
    (found,) = await like(world, "oscar", caller=CALLER, address="1号楼门口")
    assert found["building"] == "b1"
    assert await like(world, "rob", confidential=True) == []


@pytest.mark.parametrize(("trapped", "severity"), [("no", "info"), ("yes", "critical")])
async def test_somebody_trapped_in_the_lift_is_critical_whoever_says_it(
    world: World, trapped: str, severity: str
) -> None:
    said = {**LIFT, "building": "b1", "attributes": {"trapped": trapped}}
    made = [
        await world.by("rita").post("reports", said),
        await world.by("oscar").post("reports", {**said, "caller": CALLER}),
        await world.nobody.post("/v1/sites/s1/anonymous-reports", said),
    ]
    await taking_part(world)
    fields = {"service_code": "lift", "attribute[trapped]": trapped}
    numbers = [each["number"] for each in made] + [await (await client(world)).submitted(**fields)]
    for number in numbers:
        assert (await world.by("oscar").get(f"work-orders/{number}"))["severity"] == severity
    clocks = await world.by("oscar").get(f"work-orders/{numbers[0]}/clocks")
    assert clocks["promise"]["due_at"][:13] == {"info": "2026-06-03T04", "critical": "2026-06-01T16"}[severity]


@pytest.mark.parametrize(
    ("asked", "severity"),
    [
        ({}, "info"),
        ({"attributes": {"trapped": "no"}}, "info"),
        ({"attributes": {"trapped": "yes"}}, "critical"),
        ({"attributes": {"trapped": "yes"}, "severity": "warning"}, "warning"),
        ({"category": "gas"}, "critical"),
    ],
)
async def test_a_dry_run_is_as_severe_as_the_report_would_be(
    world: World, asked: dict[str, Any], severity: str
) -> None:
    rules = [{"name": each, "when": f"order.severity == '{each}'"} for each in ("info", "warning", "critical")]
    await world.by("susan").put("dispatch-rules", {"rules": rules})
    dried = await world.by("oscar").post("dispatch-dry-runs", {"category": "lift", "building": "b1", **asked})
    assert (dried["rule"], dried["taken_as"]["severity"]) == (severity, severity)


async def test_a_dry_run_asks_what_the_report_would_be_asked(world: World) -> None:
    body = {"category": "lift", "building": "b1", "attributes": {"trapped": "perhaps"}}
    for path, more in (("dispatch-dry-runs", {}), ("reports", {"text": "电梯坏了"})):
        answer = await world.by("oscar").call("POST", path, {**body, **more})
        assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, ["body", "attributes"])
