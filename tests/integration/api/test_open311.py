"""GeoReport v2 as its specification has it: each route, each field, each error, in both formats."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from api.open311 import store
from api.open311.asking import requests_asked, updates_asked
from api.open311.forms import Sent
from api.open311.statuses import CLOSED
from api.transactions import begin
from tests.integration.api.many_orders import W20, Row, number, put
from tests.integration.api.open311 import V2, WATER, Client, as_text, client, read, spark, taking_part
from tests.integration.api.running import NOON_US, World

FORMS: Final = ("xml", "json")
DAY_US: Final = 86_400_000_000
SAMPLES: Final = Path(__file__).parents[2] / "fixtures" / "open311"  # the specification's own

REQUEST_FIELDS: Final = {
    "service_request_id", "status", "status_notes", "service_name", "service_code", "description",
    "agency_responsible", "service_notice", "requested_datetime", "updated_datetime", "expected_datetime", "address",
    "address_id", "zipcode", "lat", "long", "media_url",
}  # fmt: skip
LIFT: Final[dict[str, Any]] = {
    "attributes": [
        {"code": "NO", "datatype": "string", "required": True, "order": 1,
         "description": {"zh": "电梯编号", "en": "No"},
         "datatype_description": {"zh": "轿厢内铭牌", "en": "On the plate"}},
        {"code": "FLOOR", "datatype": "number", "order": 2, "description": {"zh": "楼层", "en": "Floor"}},
        {"code": "SINCE", "datatype": "datetime", "order": 3, "description": {"zh": "何时起", "en": "Since"}},
        {"code": "MORE", "datatype": "text", "order": 4, "description": {"zh": "其他", "en": "More"}},
        {"code": "KIND", "datatype": "singlevaluelist", "order": 5, "description": {"zh": "现象", "en": "What"},
         "values": [{"key": "stuck", "name": {"zh": "困人", "en": "Stuck"}},
                    {"key": "noisy", "name": {"zh": "异响", "en": "Noisy"}}]},
        {"code": "WHERE", "datatype": "multivaluelist", "order": 6, "description": {"zh": "部位", "en": "Where"},
         "values": [{"key": "door", "name": {"zh": "门", "en": "Door"}},
                    {"key": "cabin", "name": {"zh": "轿厢", "en": "Cabin"}}]},
        {"code": "NOTE", "datatype": "string", "variable": False, "order": 7,
         "description": {"zh": "困人请按铃", "en": "If stuck, ring"}},
    ],
    "notice": {"zh": "30分钟内到场", "en": "Somebody comes within 30 minutes"},
}  # fmt: skip
ANSWERS: Final[dict[str, Any]] = {
    "attribute[NO]": "L3", "attribute[FLOOR]": "12", "attribute[SINCE]": "2026-06-01T11:00:00+08:00",
    "attribute[MORE]": "一\n二", "attribute[KIND]": "noisy", "attribute[WHERE][]": ["door", "cabin"],
}  # fmt: skip


def errors(response: Any) -> list[tuple[str, str]]:
    """Code and description of each error; the answer has to be one of the specification."""
    if response.headers["content-type"].startswith("text/xml"):
        assert ET.fromstring(response.content).tag == "errors"
    return [(str(each["code"]), each["description"]) for each in read(response)]


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_discovery_says_where_and_in_which_formats(world: World, form: str) -> None:
    await taking_part(world)
    for path in ("/open311/discovery", f"{V2}/discovery"):
        response = await world.client.get(f"{path}.{form}")
        found = read(response)
        assert found.keys() == {"changeset", "contact", "key_service", "endpoints"}
        (endpoint,) = found["endpoints"]
        assert endpoint == {
            "specification": "http://wiki.open311.org/GeoReport_v2", "url": "http://herun/open311/v2",
            "changeset": "2026-06-01 04:00", "type": "production", "formats": ["text/xml", "application/json"],
        }  # fmt: skip


async def test_the_changeset_moves_when_what_is_offered_does(world: World) -> None:
    await taking_part(world)
    world.clock.at_us += DAY_US
    await world.admin.put("open311-services/lift", LIFT)
    assert read(await world.client.get("/open311/discovery.json"))["changeset"] == "2026-06-02 04:00"


@pytest.mark.parametrize(
    "name", ["services.xml", "service_definition.json", "request_updates.xml", "post_response.xml"]
)
async def test_an_answer_has_what_the_specifications_sample_has(world: World, name: str) -> None:
    await taking_part(world)
    await world.admin.put("open311-services/lift", LIFT)
    one = await client(world)
    await one.submitted()
    text = (SAMPLES / name).read_text(encoding="utf-8")
    sample = json.loads(text) if name.endswith("json") else spark(ET.fromstring(text))
    if name == "service_definition.json":
        ours = read(await one.get("services/lift"))
        assert sample.keys() == ours.keys()
        lists = [each for each in ours["attributes"] if "values" in each]
        assert [set(each) for each in lists] == [set(sample["attributes"][0])] * 2
        assert lists[0]["values"][0].keys() == sample["attributes"][0]["values"][0].keys()
        return
    answers = {
        "services.xml": await one.get("services"),
        "request_updates.xml": await one.get("servicerequestupdates"),
        "post_response.xml": await one.post(**WATER),
    }
    entries = sample if isinstance(sample, list) else list(sample.values())
    assert entries[0].keys() <= read(answers[name])[0].keys()


async def test_a_request_has_the_fields_of_the_specifications_sample(world: World, form: str) -> None:
    await taking_part(world)
    one = await client(world, form=form)
    number = await one.submitted()
    sample = json.loads((SAMPLES / "requests_java.json").read_text(encoding="utf-8"))
    assert (await one.request(number)).keys() == sample[0].keys() == REQUEST_FIELDS


async def test_who_is_responsible_is_told_by_name(world: World) -> None:
    await taking_part(world)
    one = await client(world)
    number = await one.submitted()
    assert (await one.request(number))["agency_responsible"] == "自来水公司"
    response = await world.client.get(f"{V2}/requests/{number}.json", headers={"Accept-Language": "en"})
    assert response.json()[0]["agency_responsible"] == "Water company"
    world.rows("UPDATE work_orders SET unit = 'gone' WHERE number = %(n)s", n=number)
    assert (await one.request(number))["agency_responsible"] == "gone"


async def test_services_say_what_they_are(world: World, form: str) -> None:
    await taking_part(world)
    await world.admin.put("open311-services/lift", LIFT)
    found = {each["service_code"]: each for each in read(await Client(world.client, form=form).get("services"))}
    assert "困梯" in str(found["lift"].pop("keywords"))
    assert as_text(found["lift"]) == {
        "service_code": "lift", "service_name": "电梯故障", "description": "电梯故障", "metadata": "true",
        "type": "realtime", "group": "住房城建",
    }  # fmt: skip
    assert as_text(found["water"]["metadata"]) == "false"
    assert "fire" in found


async def test_services_are_told_in_the_language_asked_for(world: World) -> None:
    await taking_part(world)
    response = await world.client.get(f"{V2}/services.json", headers={"Accept-Language": "en-GB,zh;q=0.5"})
    assert "Lift broken" in {each["service_name"] for each in response.json()}


async def test_a_definition_has_all_six_types_and_what_each_needs(world: World, form: str) -> None:
    await taking_part(world)
    await world.admin.put("open311-services/lift", LIFT)
    found = read(await Client(world.client, form=form).get("services/lift"))
    assert found["service_code"] == "lift"
    assert [each["datatype"] for each in found["attributes"]] == [each["datatype"] for each in LIFT["attributes"]]
    assert as_text(found["attributes"][0]) == {
        "variable": "true", "code": "NO", "datatype": "string", "required": "true", "order": "1",
        "datatype_description": "轿厢内铭牌", "description": "电梯编号",
    }  # fmt: skip
    assert found["attributes"][4]["values"] == [{"key": "stuck", "name": "困人"}, {"key": "noisy", "name": "异响"}]
    assert as_text(found["attributes"][6]["variable"]) == "false"


async def test_both_formats_say_the_same(world: World) -> None:
    await taking_part(world)
    await world.admin.put("open311-services/lift", LIFT)
    one = await client(world)
    number = await one.submitted(lat="31.3", long="120.6", description="a < b & \x0b c")
    for path in ("services", "services/lift", "requests", f"requests/{number}", "servicerequestupdates", "discovery"):
        xml, plain = await world.client.get(f"{V2}/{path}.xml"), await world.client.get(f"{V2}/{path}.json")
        assert xml.text.startswith('<?xml version="1.0" encoding="utf-8"?>')
        expected = json.loads(json.dumps(as_text(plain.json()), ensure_ascii=False).replace("\\u000b", "�"))
        assert read(xml) == expected, path
        assert [xml.headers["content-type"], plain.headers["content-type"]] == [
            "text/xml; charset=utf-8", "application/json; charset=utf-8",
        ]  # fmt: skip


async def test_without_a_suffix_it_is_xml_or_what_the_header_asks_for(world: World) -> None:
    await taking_part(world)
    for accept, kind in [("*/*", "text/xml"), ("application/json", "application/json"), ("text/xml", "text/xml")]:
        response = await world.client.get(f"{V2}/services", headers={"Accept": accept})
        assert response.headers["content-type"] == f"{kind}; charset=utf-8"
    assert (await world.client.get(f"{V2}/services.html")).status_code == 404


async def test_a_method_that_is_not_there_is_told_with_those_that_are(world: World) -> None:
    await taking_part(world)
    for path, allowed in (("requests", "GET, HEAD, POST"), ("services", "GET, HEAD"), ("requests/WO1", "GET, HEAD")):
        for method in ("PUT", "DELETE", "OPTIONS"):
            response = await world.client.request(method, f"{V2}/{path}.json")
            assert (response.status_code, response.json()[0]["code"]) == (405, 405), (method, path)
            assert ", ".join(sorted(response.headers["allow"].split(", "))) == allowed


async def test_a_request_is_answered_with_its_number_and_becomes_an_order(world: World, form: str) -> None:
    await taking_part(world)
    await world.admin.put("open311-services/lift", LIFT)
    one = await client(world, form=form)
    fields = {"service_code": "lift", "address_id": "b1", "description": "一直响", "account_id": "u7"}
    response = await one.post(**fields, **ANSWERS, phone="138 0000 9876")
    (entry,) = read(response)
    assert (entry["account_id"], entry["service_notice"]) == ("u7", "30分钟内到场")
    assert "token" not in entry
    order = await world.by("oscar").get(f"work-orders/{entry['service_request_id']}")
    assert (order["category"], order["building"], order["contact_phone"]) == ("lift", "b1", "13800009876")
    lines = order["text"]["zh"].splitlines()
    assert lines[0] == "一直响"
    assert {"电梯编号 L3", "现象 异响", "部位 门, 轿厢"} <= set(lines)


async def test_what_came_with_a_request_is_there_for_the_desk_and_its_worker(world: World) -> None:
    await taking_part(world)
    await world.admin.put("open311-services/lift", LIFT)
    one = await client(world)
    who = {"email": "a@example.org", "first_name": "三", "last_name": "张", "phone": "13800009876", "device_id": "d"}
    fields = {"lat": "31.3", "long": "120.6", "zipcode": "215000", "media_url": "https://example.org/a.jpg", **who}
    number = await one.submitted(service_code="lift", **fields, **ANSWERS)
    found = await world.by("oscar").get(f"open311-requests/{number}")
    assert found["attributes"]["WHERE"] == ["door", "cabin"]
    assert (found["lat"], found["long"], found["zipcode"], found["client"]) == (31.3, 120.6, "215000", "portal")
    assert found["contact"] == {"phone": "13800009876", "email": "a@example.org", "first_name": "三", "last_name": "张"}
    assert (await world.by("gwen").call("GET", f"open311-requests/{number}")).status_code == 404
    await world.by("oscar").post(f"work-orders/{number}/dispatch", {"worker": "gwen"})
    assert (await world.by("gwen").get(f"open311-requests/{number}"))["address_string"] == "3号楼 电梯厅"
    (entry,) = (await world.by("audrey").get("audit"))["items"][:1]
    assert (entry["action"], entry["actor"]) == ("open311.request_read", "gwen")


async def test_required_attributes_are_required_and_wrong_ones_told_all_at_once(world: World, form: str) -> None:
    await taking_part(world)
    await world.admin.put("open311-services/lift", LIFT)
    one = await client(world, form=form)
    wrong = {"attribute[FLOOR]": "twelve", "attribute[KIND]": "x", "attribute[ELSE]": "1", "attribute[NOTE]": "1"}
    response = await one.post(service_code="lift", address_id="b1", **wrong)
    assert response.status_code == 400
    assert {description for _, description in errors(response)} == {
        "attribute[NO] is required", "attribute[FLOOR] is no number", "attribute[KIND] has no value x",
        "attribute[ELSE] is not asked for by this service", "attribute[NOTE] is not asked for by this service",
    }  # fmt: skip


@pytest.mark.parametrize(
    "place",
    [{"lat": "31.3", "long": "120.6"}, {"address_string": "门口"}, {"address_id": "b1"}, {"address_id": "elsewhere"}],
)
async def test_each_of_the_three_places_is_enough(world: World, form: str, place: dict[str, str]) -> None:
    await taking_part(world)
    one = await client(world, form=form)
    (entry,) = read(await one.post(service_code="water", **place))
    shown = as_text(await one.request(entry["service_request_id"]))
    names = {"address_string": "address"}
    assert {names.get(key, key): value for key, value in place.items()}.items() <= shown.items()


async def test_a_place_on_the_map_is_given_back_as_it_came(world: World) -> None:
    """WGS-84 in, WGS-84 out: no offset of any map is put in or taken out."""
    await taking_part(world)
    one = await client(world)
    shown = await one.request(await one.submitted(lat="31.2989743", long="120.5852916"))
    assert (shown["lat"], shown["long"]) == (31.2989743, 120.5852916)


async def test_errors_have_the_specifications_codes(world: World, form: str) -> None:
    await taking_part(world)
    one, stranger = await client(world, form=form), Client(world.client, form=form)
    reader = await client(world, form=form, rights=["read"])
    cases = [
        (await stranger.post(**WATER), 403),
        (await Client(world.client, "wrong", form).post(**WATER), 403),
        (await reader.post(**WATER), 403),
        (await one.post(), 400),
        (await one.post(service_code="none", address_id="b1"), 404),
        (await one.post(service_code="water"), 400),
        (await one.post(**{**WATER, "jurisdiction_id": "s9"}), 404),
        (await stranger.get("services", jurisdiction_id="s9"), 404),
        (await stranger.get("services/none"), 404),
        (await stranger.get("requests/WO20260101-000000"), 404),
        (await stranger.get("tokens/none"), 404),
        (await stranger.get("requests", status="x"), 400),
        (await stranger.get("nothing"), 404),
        (await world.client.put(f"{V2}/requests.{form}"), 405),
        (await world.client.post(f"{V2}/requests.{form}", json={}), 400),
        (await world.client.post(f"{V2}/requests.{form}", content=b"a=%00", headers=FORM_HEADERS), 400),
        (await world.client.post(f"{V2}/requests.{form}", content=b"\xff\xfe=1", headers=FORM_HEADERS), 400),
        (await world.client.post(f"{V2}/requests.{form}", content=b"x" * (9 * 1024 * 1024)), 400),
    ]
    for response, status in cases:
        assert response.status_code == status, response.text
        for code, description in errors(response):
            assert (code, bool(description)) == (str(status), True)


FORM_HEADERS: Final = {"Content-Type": "application/x-www-form-urlencoded"}


async def test_a_fault_of_ours_is_an_error_of_the_specification_too(world: World, form: str) -> None:
    await taking_part(world)
    world.rows("ALTER TABLE open311_services RENAME TO elsewhere")
    try:
        transport = httpx.ASGITransport(world.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://herun") as http:
            response = await Client(http, form=form).get("services")
    finally:
        world.rows("ALTER TABLE elsewhere RENAME TO open311_services")
    assert (response.status_code, errors(response)[0][0]) == (500, "500")


async def test_ids_are_text_in_json(world: World) -> None:
    await taking_part(world)
    one = await client(world)
    shown = await one.request(await one.submitted(zipcode="0042", address_id="007"))
    for field in ("service_request_id", "service_code", "zipcode", "address_id"):
        assert isinstance(shown[field], str)
    assert (shown["zipcode"], shown["address_id"]) == ("0042", "007")


async def test_the_jurisdiction_is_needed_only_if_there_are_several(world: World, form: str) -> None:
    stranger = Client(world.client, form=form)
    assert (await stranger.get("services")).status_code == 404
    await taking_part(world)
    assert (await stranger.get("services")).status_code == 200
    assert (await stranger.get("services", jurisdiction_id="s1")).status_code == 200
    await world.admin.post("/v1/sites", {"site": "s2", "name": "s2"})
    await taking_part(world, "s2")
    refusal = await stranger.get("services")
    assert (refusal.status_code, errors(refusal)) == (400, [("400", "jurisdiction_id was not provided")])
    one, two = await client(world, form=form), await client(world, form=form, site="s2")
    number = await one.submitted(jurisdiction_id="s1")
    assert await one.numbers(jurisdiction_id="s1") == [number]
    assert await one.numbers(jurisdiction_id="s2", api_key=two.api_key) == []
    assert (await stranger.get(f"requests/{number}", jurisdiction_id="s2")).status_code == 404
    assert (await two.post(**WATER, jurisdiction_id="s1")).status_code == 403
    await taking_part(world, "s2", enabled=False)
    assert (await stranger.get("services", jurisdiction_id="s2")).status_code == 404


async def test_requests_are_found_by_service_status_and_time(world: World, form: str) -> None:
    await taking_part(world)
    one = await client(world, form=form)
    old = await one.submitted(description="old")
    world.clock.at_us += 80 * DAY_US
    closed = await one.submitted(description="closed")
    await world.by("oscar").post(f"work-orders/{closed}/cancel", {"reason": "twice"})
    world.clock.at_us += DAY_US
    fire = await one.submitted(service_code="fire")
    assert await one.numbers() == [fire, closed, old]
    assert await one.numbers(service_code="fire") == [fire]
    assert await one.numbers(service_code="fire,water") == [fire, closed, old]
    assert await one.numbers(status="closed") == [closed]
    assert await one.numbers(status="open") == [fire, old]
    assert await one.numbers(status="open,closed") == [fire, closed, old]
    assert await one.numbers(start_date="2026-08-20T12:00:00+08:00") == [fire, closed]
    assert await one.numbers(end_date="2026-06-01T04:00:00Z") == [old]
    assert await one.numbers(start_date="2026-08-20T00:00:00Z", end_date="2026-08-20T23:00:00Z") == [closed]
    assert await one.numbers(updated_after="2026-08-20T00:00:00Z", updated_before="2026-08-20T23:00:00Z") == [closed]
    assert await one.numbers(service_request_id=f"{old},{fire}", status="closed", start_date="x") == [fire, old]
    world.clock.at_us += 10 * DAY_US
    assert await one.numbers() == [fire, closed]
    assert await one.numbers(service_request_id=old) == [old]


async def test_pages_are_stable_and_whole(world: World, form: str) -> None:
    await taking_part(world)
    one = await client(world, form=form)
    numbers = [await one.submitted(description=f"{n}") for n in range(7)]
    for name in ("page_size", "per_page"):
        pages = [await one.numbers(page=page, **{name: 3}) for page in (1, 2, 3, 4)]
        assert [len(page) for page in pages] == [3, 3, 1, 0]
        assert [number for page in pages for number in page] == numbers[::-1]


def much(world: World) -> None:
    """So many orders that to look through all of their history is dear."""
    put(world, [Row(number(n), handled_at=W20) for n in range(3000)])
    world.rows("ANALYZE work_orders, order_history")


async def test_the_history_of_a_request_is_found_by_an_index(world: World) -> None:
    much(world)
    async with begin(world.resources, "s1") as tx:
        await tx.run("SET LOCAL enable_seqscan = off")
        asked = {**asdict(requests_asked(Sent(), tx.at)), "codes": ["water"], "alert_codes": [], "wanted": None}
        statement = "EXPLAIN " + store._QUERIES["requests"]
        rows = await tx.chosen(statement, **asked, closed_states=list(CLOSED))
    plan = "\n".join(row["QUERY PLAN"] for row in rows)
    assert re.search(r"order_history_pkey.*\n\s*Index Cond: .*\(number = ", plan), plan


async def test_how_another_order_stood_is_found_by_an_index(world: World) -> None:
    much(world)
    async with begin(world.resources, "s1") as tx:
        await tx.run("SET LOCAL enable_seqscan = off")
        asked = {**asdict(updates_asked(Sent(), tx.at)), "codes": ["water"], "alert_codes": []}
        rows = await tx.chosen("EXPLAIN " + store._QUERIES["updates"], **asked)
    plan = "\n".join(row["QUERY PLAN"] for row in rows)
    assert re.search(r"order_history_pkey on order_history m.*\n\s*Index Cond: .*\(number = ", plan), plan


async def test_at_most_a_thousand_come_at_once(world: World) -> None:
    await taking_part(world)
    one = await client(world)
    number = await one.submitted()
    world.rows(
        "INSERT INTO work_orders (site, number, origin, state, category, severity, title, text, opened_seq, opened_at,"
        " updated_at, version) SELECT site, 'WO20260601-x' || n, origin, state, category, severity, title, text,"
        " n + 99, opened_at, updated_at, 1 FROM work_orders, generate_series(1, 1005) AS n WHERE number = %(number)s",
        number=number,
    )
    assert len(await one.numbers()) == 1000
    assert len(await one.numbers(page=2)) == 6


async def test_status_follows_the_order_to_its_answer(world: World, form: str) -> None:
    await taking_part(world)
    one = await client(world, form=form)
    number = await one.submitted(address_id="b1")
    seen = [await one.request(number, extensions="true")]
    for action, who, body in [
        ("handle", "gwen", {}), ("resolve", "gwen", {"text": "换了阀门"}),
        ("answer", "oscar", {"text": "已修好,问题请打13800001234"}),
    ]:  # fmt: skip
        world.clock.at_us += 60_000_000
        await world.by(who).post(f"work-orders/{number}/{action}", body)
        seen.append(await one.request(number, extensions="true"))
    assert [each["status"] for each in seen] == ["open", "open", "open", "closed"]
    assert [each["extended_attributes"]["detailed_status"] for each in seen] == [
        "action_scheduled", "in_progress", "in_progress", "fixed",
    ]  # fmt: skip
    assert seen[-1]["status_notes"] == "已修好,问题请打***"
    assert (seen[-1]["requested_datetime"], seen[-1]["updated_datetime"]) == (
        "2026-06-01T12:00:00+08:00", "2026-06-01T12:03:00+08:00",
    )  # fmt: skip
    world.clock.at_us += 60_000_000
    world.rows("UPDATE work_orders SET updated_at = updated_at + interval '1 hour', state = 'rated'")
    assert (await one.request(number))["updated_datetime"] == "2026-06-01T12:03:00+08:00"


async def test_a_merged_request_stands_as_its_master_does(world: World, form: str) -> None:
    await taking_part(world)
    one = await client(world, form=form)
    master = await one.submitted(address_id="b1")
    twin = await one.submitted(description="again", address_id="b1")
    await world.by("oscar").post(f"work-orders/{twin}/merge", {"master": master, "reason": "一回事"})
    shown = await one.request(twin, extensions="true")
    assert (shown["status"], shown["extended_attributes"]["detailed_status"]) == ("open", "duplicate")
    assert master in shown["status_notes"]
    for action, who, body in [
        ("handle", "gwen", {}),
        ("resolve", "gwen", {"text": "x"}),
        ("answer", "oscar", {"text": "好"}),
    ]:
        await world.by(who).post(f"work-orders/{master}/{action}", body)
    shown = await one.request(twin)
    assert (shown["status"], shown["status_notes"]) == ("closed", f"已并入工单 {master}。 好")
    told = read(await one.get("servicerequestupdates", service_request_id=twin))
    assert [each["external_status_code"] for each in told][-4:] == ["merged", "handling", "resolved", "answered"]


async def test_a_clock_of_the_estate_is_the_clock_of_the_window(world: World) -> None:
    await taking_part(world)
    one = await client(world)
    number = await one.submitted()
    assert world.clock.now_us() == NOON_US
    assert await one.numbers() == [number]
