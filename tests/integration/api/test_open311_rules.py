"""Who may do what through Open311, what is never told, and what happens once however often it is sent."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from typing import Final

import pytest

from api import housekeeping
from api.open311 import batches, keys
from api.open311.service import REPEATED_WITHIN
from tests.integration.api.open311 import V2, WATER, Client, client, read, taking_part
from tests.integration.api.running import World
from tests.integration.api.test_open311 import LIFT

MINUTE_US: Final = 60_000_000
DAY_US: Final = 1440 * MINUTE_US
# What is sent where nobody means well.
TEXTS: Final = (
    "", " ", "1", "-1", "water", "31.3", "nan", "1e999", "\0", "中文", "🚒", "'; --", "<a>&", "%00", "a,b", "\x0b",
    "s1", "2026-01-01T00:00:00Z", "open", "x" * 5000, "9" * 30, "WO20260601-000000", "REOPEN", "http://example.org",
)  # fmt: skip
NAMES: Final = (
    "service_code", "lat", "long", "address_string", "address_id", "description", "phone", "email", "media_url", "page",
    "jurisdiction_id", "service_request_id", "start_date", "end_date", "status", "page_size", "per_page", "attribute[",
    "updated_after", "attribute[X]", "attribute[X][]", "update_id", "extensions",
)  # fmt: skip
PATHS: Final = (
    "services", "services/water", "requests", "requests/a", "tokens/a", "servicerequestupdates", "media/a", "discovery",
)  # fmt: skip
WHO: Final = {"phone": "13800009876", "email": "zhang@example.org", "first_name": "三丰", "last_name": "骉",
              "account_id": "account-77", "device_id": "device-88"}  # fmt: skip


def orders(world: World) -> int:
    return int(world.rows("SELECT count(*) AS orders FROM work_orders")[0]["orders"])


async def everything(world: World, number: str) -> str:
    """All that a stranger can get to read."""
    texts = []
    for form in ("xml", "json"):
        one = Client(world.client, form=form)
        paths = ("requests", f"requests/{number}", "servicerequestupdates", "services")
        texts += [(await one.get(path, extensions="true")).text for path in paths]
    return "\n".join(texts)


async def test_a_site_that_did_not_say_so_publishes_nothing(world: World) -> None:
    await world.by("rita").post("reports", {"category": "water", "text": "漏水"})
    assert (await world.client.get(f"{V2}/requests.json")).status_code == 404


async def test_no_field_that_tells_who_is_ever_published(world: World) -> None:
    await taking_part(world, shows_media=True)
    one = await client(world)
    text = "漏水,请打13800009876或写信给zhang@example.org,车牌苏E12345"
    number = await one.submitted(**{**WHO, "description": text, "address_string": "3号楼,电话 138 0000 9876"})
    await one.post("servicerequestupdates", service_request_id=number, description="还是13800009876", **WHO)
    told = await everything(world, number)
    assert "漏水" in told
    for secret in (*WHO.values(), "138 0000 9876", "苏E12345", "open311:", "gwen"):
        assert secret not in told, secret


async def test_a_report_of_a_resident_is_published_without_who_sent_it(world: World) -> None:
    await taking_part(world)
    body = {"category": "water", "text": "漏水,我的电话13800001234", "phone": "13800001234"}
    report = await world.by("rita").post("reports", body)
    shown = await Client(world.client).request(report["number"])
    assert (shown["description"], shown["address"], shown["address_id"]) == ("漏水,我的电话***", "b1", "b1")
    told = await everything(world, report["number"])
    for secret in ("rita", "Rita", "13800001234", "gwen", "Gwen"):
        assert secret not in told, secret


async def test_a_confidential_order_does_not_exist_to_strangers(world: World) -> None:
    await taking_part(world)
    one = await client(world)
    number = await one.submitted(description="机密")
    await one.post("servicerequestupdates", service_request_id=number, description="机密")
    world.rows("UPDATE work_orders SET confidential = true")
    assert (await one.get(f"requests/{number}")).status_code == 404
    assert await one.numbers(service_request_id=number) == []
    told = await everything(world, "none")
    assert number not in told
    assert "机密" not in told


async def test_what_a_confidential_master_was_answered_stays_with_it(world: World) -> None:
    await taking_part(world)
    one = await client(world)
    master, twin = await one.submitted(description="a"), await one.submitted(description="b")
    world.rows("UPDATE work_orders SET confidential = true, answer = '机密', state = 'answered' WHERE number = %(n)s",
               n=master)  # fmt: skip
    world.rows("UPDATE work_orders SET state = 'merged', merged_into = %(m)s WHERE number = %(n)s", m=master, n=twin)
    told = await everything(world, twin)
    assert twin in told
    assert master not in told
    assert "机密" not in told


async def test_a_part_of_an_order_is_not_published(world: World) -> None:
    await taking_part(world)
    one = await client(world)
    whole, part = await one.submitted(description="a"), await one.submitted(description="b")
    world.rows("UPDATE work_orders SET parent = %(whole)s WHERE number = %(part)s", whole=whole, part=part)
    assert await one.numbers() == [whole]


async def test_orders_of_alerts_are_published_only_where_the_category_says_so(world: World) -> None:
    await taking_part(world)
    await world.follow(world.alert())
    stranger = Client(world.client)
    assert await stranger.numbers() == []
    await world.admin.put("open311-services/water", {"lists_alerts": True})
    (number,) = await stranger.numbers()
    assert (await stranger.request(number))["description"] == "水位过高"
    await world.admin.call("DELETE", "open311-services/water")
    assert await stranger.numbers() == []


async def test_only_a_category_of_the_tree_is_offered_and_the_nearest_are_named(world: World) -> None:
    await taking_part(world)
    response = await world.admin.call("PUT", "open311-services/watr", {})
    assert (response.status_code, response.json()["type"]) == (422, "urn:herun:problem:unknown_category")
    (error,) = response.json()["errors"]
    assert error["loc"] == ["path", "service_code"]
    assert "nearest: water" in error["msg"]
    assert world.rows("SELECT * FROM open311_services") == []


async def test_what_was_set_of_a_category_that_the_tree_lost_offers_nothing(world: World) -> None:
    await taking_part(world)
    await world.admin.put("open311-services/water", {"name": {"zh": "水", "en": "Water"}})
    world.rows("UPDATE open311_services SET service_code = 'zz'")
    assert "zz" not in {each["service_code"] for each in read(await Client(world.client).get("services"))}
    assert (await (await client(world)).post(**{**WATER, "service_code": "zz"})).status_code == 404


@pytest.mark.parametrize(
    "name", [{}, {"zh": "水"}, {"en": "Water"}, {"xx": "<"}, {"zh": "水", "en": " "}, {"zh": "水", "xx": "x"}]
)
async def test_words_of_a_service_are_in_both_languages(world: World, name: dict[str, str]) -> None:
    for settings in (
        {"name": name},
        {"notice": name},
        {"attributes": [{**LIFT["attributes"][1], "description": name}]},
    ):
        assert (await world.admin.call("PUT", "open311-services/water", settings)).status_code == 422


async def test_pages_of_any_origin_may_read_and_not_write(world: World) -> None:
    await taking_part(world)
    one = await client(world)
    origin = {"Origin": "https://map.example.org"}
    for path in ("services.json", "requests.xml", "requests/none.json", "nothing"):
        headers = (await world.client.get(f"{V2}/{path}", headers=origin)).headers
        assert headers["access-control-allow-origin"] == "*", path
        assert "access-control-allow-credentials" not in headers
    asking = {**origin, "Access-Control-Request-Headers": "accept-language"}
    allowed = await world.client.options(f"{V2}/requests", headers={**asking, "Access-Control-Request-Method": "GET"})
    assert (allowed.status_code, allowed.headers["access-control-allow-methods"]) == (200, "GET")
    refused = await world.client.options(f"{V2}/requests", headers={**asking, "Access-Control-Request-Method": "POST"})
    assert refused.status_code == 400
    sent = await world.client.post(f"{V2}/requests", data={**WATER, "api_key": one.api_key}, headers=origin)
    assert sent.status_code == 200
    assert "access-control-allow-origin" not in sent.headers
    assert "access-control-allow-origin" not in (await world.client.get("/v1/sites", headers=origin)).headers


async def test_a_category_that_is_not_offered_is_neither_taken_nor_published(world: World) -> None:
    await taking_part(world)
    one = await client(world)
    await one.submitted()
    await world.admin.put("open311-services/water", {"offered": False})
    assert (await one.post(**WATER)).status_code == 404
    assert await one.numbers() == []
    assert "water" not in {each["service_code"] for each in read(await one.get("services"))}


async def test_reading_takes_a_key_where_the_site_says_so(world: World) -> None:
    await taking_part(world, reading="key")
    one, writer = await client(world), await client(world, rights=["create"])
    number = await writer.submitted()
    for path in ("requests", f"requests/{number}", "servicerequestupdates"):
        assert (await Client(world.client).get(path)).status_code == 403
        assert (await one.get(path, api_key=writer.api_key)).status_code == 403
        assert (await one.get(path, api_key=one.api_key)).status_code == 200
    assert (await Client(world.client).get("services")).status_code == 200


async def test_a_key_is_shown_once_and_kept_nowhere(world: World) -> None:
    made = await world.admin.post("open311-keys", {"name": "portal"}, key="k1")
    assert made["api_key"].startswith(keys.PREFIX)
    (listed,) = (await world.by("audrey").get("open311-keys"))["items"]
    assert "api_key" not in listed
    for name in ("open311_keys", "audit_log", "idempotency_keys"):
        assert made["api_key"] not in str(world.rows(f"SELECT * FROM {name}"))


async def test_a_revoked_key_opens_nothing_and_what_came_by_it_stays(world: World) -> None:
    await taking_part(world)
    one = await client(world)
    number = await one.submitted()
    (key,) = (await world.admin.get("open311-keys"))["items"]
    assert (await world.admin.call("DELETE", f"open311-keys/{key['key_id']}")).status_code == 200
    assert (await one.post(**{**WATER, "description": "more"})).status_code == 403
    assert await Client(world.client).numbers() == [number]


async def test_a_key_has_its_number_of_requests_an_hour(world: World) -> None:
    await taking_part(world)
    one, other = await client(world, hourly=2), await client(world, form="xml")
    assert [(await one.post(**WATER)).status_code for _ in range(3)] == [200, 200, 429]
    refusal = await one.post(**WATER)
    assert int(refusal.headers["retry-after"]) > 0
    assert read(refusal)[0]["code"] == 429
    assert (await other.post(**WATER)).status_code == 200
    world.wall.at_us += 61 * MINUTE_US
    assert (await one.post(**WATER)).status_code == 200


async def test_whoever_asks_without_a_key_is_counted_and_a_wrong_key_is_none(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await taking_part(world)
    one = await client(world)
    monkeypatch.setattr(keys, "READS", replace(keys.READS, tries=3))
    asked = [await one.get("services", api_key=wrong) for wrong in (None, "x", "y", "z")]
    assert [response.status_code for response in asked] == [200, 200, 200, 429]
    assert (await one.get("services", api_key=one.api_key)).status_code == 200


async def test_the_same_request_sent_again_is_one_order(world: World) -> None:
    await taking_part(world)
    one = await client(world)
    answers = [(await one.post(**WATER, **WHO)).json() for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert orders(world) == 1
    for change in ({"description": "more"}, {"address_string": "elsewhere"}, {"account_id": "another"}):
        await one.submitted(**{**WHO, **change})
    await (await client(world)).submitted(**WHO)
    assert orders(world) == 5
    world.wall.at_us += int(REPEATED_WITHIN.total_seconds() * 1_000_000) + 1
    await one.submitted(**WHO)
    assert orders(world) == 6


async def test_the_same_after_it_was_answered_or_taken_back_is_another_request(world: World) -> None:
    await taking_part(world)
    one = await client(world)
    first = await one.submitted(address_id="b1")
    for action, who, body in [
        ("handle", "gwen", {}),
        ("resolve", "gwen", {"text": "换了阀门"}),
        ("answer", "oscar", {"text": "好了"}),
    ]:
        assert await one.submitted(address_id="b1") == first
        await world.by(who).post(f"work-orders/{first}/{action}", body)
    second = await one.submitted(address_id="b1")
    assert await one.submitted(address_id="b1") == second != first
    back = {"service_request_id": second, "description": "不用了", "status": "CANCELLED"}
    assert (await one.post("servicerequestupdates", **back)).status_code == 200
    assert await one.submitted(address_id="b1") not in {first, second}


async def test_where_nobody_may_be_anonymous_somebody_can_be_asked(world: World) -> None:
    await taking_part(world)
    one = await client(world)
    fee = {**WATER, "service_code": "property-fee"}
    for nobody in ({}, {"first_name": "三", "account_id": "u7"}):
        response = await one.post(**fee, **nobody)
        assert response.status_code == 400
        assert read(response)[0]["description"].startswith("this service needs somebody who can be asked")
    for somebody in ({"phone": "13800009876"}, {"email": "a@example.org"}):
        assert (await one.post(**fee, **somebody)).status_code == 200


async def test_the_same_request_sent_twice_at_once_is_one_order(world: World) -> None:
    await taking_part(world)
    one = await client(world)
    answers = await asyncio.gather(*(one.post(**WATER) for _ in range(8)))
    assert {response.text for response in answers} == {answers[0].text}
    assert orders(world) == 1


async def test_a_refused_request_leaves_nothing_and_may_be_sent_again(world: World) -> None:
    await taking_part(world)
    one = await client(world)
    assert (await one.post(**{**WATER, "phone": "x"})).status_code == 400
    assert world.rows("SELECT * FROM open311_requests") == world.rows("SELECT * FROM open311_repeats") == []


async def test_a_batch_gives_a_token_and_the_token_the_number_once_the_order_is_open(world: World) -> None:
    await taking_part(world)
    await world.admin.put("open311-services/water", {"type": "batch"})
    for form in ("xml", "json"):
        one = await client(world, form=form)
        (entry,) = read(await one.post(**WATER, **WHO))
        assert "service_request_id" not in entry
        assert read(await one.post(**WATER, **WHO)) == [entry]
        waiting = {"service_request_id": None, "token": entry["token"]}
        assert read(await one.get(f"tokens/{entry['token']}")) == [waiting]
        assert await batches.open_waiting(world.resources) == 1
        assert await batches.open_waiting(world.resources) == 0
        (found,) = read(await one.get(f"tokens/{entry['token']}"))
        assert found["token"] == entry["token"]
        order = await world.by("oscar").get(f"work-orders/{found['service_request_id']}")
        assert order["contact_phone"] == WHO["phone"]
        assert (await one.request(order["number"]))["description"] == "水管漏水"


async def test_two_processes_open_a_waiting_request_once(world: World) -> None:
    await taking_part(world)
    await world.admin.put("open311-services/water", {"type": "batch"})
    one = await client(world)
    for n in range(20):
        await one.post(**{**WATER, "description": f"{n}"})
    opened = await asyncio.gather(*(batches.open_waiting(world.resources) for _ in range(4)))
    assert sum(opened) == orders(world) == 20


async def test_a_blackbox_opens_an_order_and_tells_nobody_which(world: World) -> None:
    await taking_part(world)
    await world.admin.put("open311-services/water", {"type": "blackbox"})
    one = await client(world)
    (entry,) = read(await one.post(**WATER))
    assert entry.keys().isdisjoint({"token", "service_request_id"})
    (order,) = (await world.by("oscar").get("work-orders"))["items"]
    (row,) = world.rows("SELECT token FROM open311_requests")
    assert (await one.get(f"requests/{order['number']}")).status_code == 404
    assert (await one.get(f"tokens/{row['token']}")).status_code == 404
    assert await one.numbers() == []


async def test_updates_tell_what_happened_and_what_was_added(world: World) -> None:
    await taking_part(world)
    for form in ("xml", "json"):
        one = await client(world, form=form)
        number = await one.submitted()
        world.clock.at_us += MINUTE_US
        more = {"service_request_id": number, "status": "OPEN", "description": "还在漏", "update_id": "c1",
                "updated_datetime": "2026-06-01T12:01:00+08:00"}  # fmt: skip
        (added,) = read(await one.post("servicerequestupdates", **more))
        assert read(await one.post("servicerequestupdates", **more)) == [added]
        told = read(await one.get("servicerequestupdates", service_request_id=number))
        assert [each["external_status_code"] for each in told] == ["submitted", "accepted", "accepted"]
        assert told[-1] == {
            "update_id": added["update_id"], "service_request_id": number, "status": "open", "description": "还在漏",
            "updated_datetime": told[-1]["updated_datetime"], "media_url": None, "external_status_code": "accepted",
        }  # fmt: skip
        start = {"start_date": told[-1]["updated_datetime"], "service_request_id": number}
        assert read(await one.get("servicerequestupdates", **start)) == told[-1:]
        assert read(await one.get("servicerequestupdates", page=2, page_size=2, service_request_id=number)) == told[-1:]


async def test_a_client_may_add_only_to_what_it_sent_in(world: World) -> None:
    await taking_part(world)
    one, other, reader = await client(world), await client(world), await client(world, rights=["read"])
    number = await one.submitted()
    body = {"service_request_id": number, "description": "x"}
    assert (await other.post("servicerequestupdates", **body)).status_code == 404
    assert (await reader.post("servicerequestupdates", **body)).status_code == 403
    assert (await one.post("servicerequestupdates", description="x")).status_code == 400
    assert (await one.post("servicerequestupdates", service_request_id=number)).status_code == 400
    assert (await one.post("servicerequestupdates", **{**body, "description": "x" * 2001})).status_code == 400


async def test_a_client_takes_back_or_reopens_what_it_sent_in_where_the_order_allows(world: World) -> None:
    await taking_part(world)
    one = await client(world)
    number = await one.submitted()
    wrong = await one.post("servicerequestupdates", service_request_id=number, status="REOPEN", description="no")
    assert wrong.status_code == 400
    assert world.rows("SELECT * FROM open311_updates") == []
    body = {"service_request_id": number, "status": "CANCELLED", "description": "自己好了"}
    assert (await one.post("servicerequestupdates", **body)).status_code == 200
    assert (await one.request(number))["status"] == "closed"
    (last,) = (await world.by("oscar").get(f"work-orders/{number}/history"))["items"][-1:]
    assert (last["action"], last["reason"]) == ("cancel", "自己好了")


async def test_who_sent_something_in_is_forgotten_in_time(world: World) -> None:
    await taking_part(world)
    number = await (await client(world)).submitted(**WHO)
    world.clock.at_us += 31 * DAY_US
    world.wall.at_us += 31 * DAY_US
    for forget in housekeeping._FORGET:
        await forget(world.resources)
    assert (await world.by("oscar").get(f"open311-requests/{number}"))["contact"] is None
    assert world.rows("SELECT * FROM open311_repeats") == []


async def test_nothing_that_is_sent_is_our_fault(world: World) -> None:
    """Random forms and questions: whatever comes, the answer is one of the specification."""
    await taking_part(world)
    one = await client(world, hourly=100_000)
    draw = random.Random(311)
    for _ in range(400):
        fields = {draw.choice(NAMES): draw.choices(TEXTS, k=draw.randint(1, 3)) for _ in range(draw.randint(0, 6))}
        path = f"{V2}/{draw.choice(PATHS)}.{draw.choice(['xml', 'json'])}"
        if draw.random() < 0.5:
            response = await world.client.get(path, params={"api_key": one.api_key, **fields})
        else:
            response = await world.client.post(path, data={"api_key": one.api_key, **fields})
        # 405: requests/{id} is read only.
        assert response.status_code in {200, 400, 403, 404, 405}, (path, fields, response.text)
        read(response)  # whatever it is, it can be read
