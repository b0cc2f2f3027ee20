"""Requests beside all other reports: the place of each is published, and what is known is answered with that."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any, Final

from tests.integration.api.many_orders import put
from tests.integration.api.open311 import Client, client, taking_part
from tests.integration.api.running import World
from tests.integration.api.test_open311 import SAMPLES
from tests.integration.api.test_open311_updates import told
from tests.integration.api.test_topics import FLOODS, said, sort_now

FLOOD: Final = {"service_code": "water", "address_id": "b1", "description": "地下车库积水,水泵坏了没人管"}


async def test_the_place_of_a_report_of_another_channel_is_published(world: World) -> None:
    await taking_part(world)
    place = {"lat": 31.50049, "lon": 121.24951, "address": "东门岗亭旁,电话13800001234"}
    body = {"category": "water", "text": "漏水", **place}
    number = (await world.by("rita").post("reports", body))["number"]
    hidden = (await world.by("rita").post("reports", {**body, "confidential": True}))["number"]
    shown = await Client(world.client).request(number)
    assert (shown["address"], shown["lat"], shown["long"]) == ("东门岗亭旁,电话***", 31.5, 121.25)
    assert (await Client(world.client).get(f"requests/{hidden}")).status_code == 404
    housed = (await world.by("rita").post("reports", {**body, "building": "b1", "address": "北面第二扇窗"}))["number"]
    shown = await Client(world.client).request(housed)
    assert (shown["address"], shown["address_id"], shown["lat"], shown["long"]) == ("b1", "b1", 31.5, 121.25)


async def test_a_request_of_what_is_being_dealt_with_is_answered_with_that(world: World) -> None:
    await taking_part(world)
    put(world, said(FLOODS, category="water"))
    (master,) = (await sort_now(world))["masters"]
    one = await client(world)
    for words in (FLOOD["description"], FLOOD["description"] + "!"):  # one client speaks for many
        number = await one.submitted(**{**FLOOD, "description": words})
        order = await world.by("oscar").get(f"work-orders/{number}")
        assert (order["merged_into"], order["channel"]) == (master, "open311")
    elsewhere = await one.submitted(**{**FLOOD, "address_id": "b2"})
    assert (await world.by("oscar").get(f"work-orders/{elsewhere}"))["merged_into"] is None


async def test_what_a_form_asked_for_makes_no_request_another_one(world: World) -> None:
    await taking_part(world)
    words = {"zh": "还有什么", "en": "What else"}
    question = {"code": "MORE", "datatype": "text", "required": False, "order": 1, "description": words}
    await world.admin.put("open311-services/water", {"attributes": [question]})
    put(world, said(FLOODS, category="water"))
    (master,) = (await sort_now(world))["masters"]
    form = {"attribute[MORE]": "上个月换过阀门,当时师傅留过电话,后来换了公司,找不到人,只好自己垫钱买材料,发票还留着"}
    one = await client(world)
    number = await one.submitted(**FLOOD, **form)
    assert (await world.by("oscar").get(f"work-orders/{number}"))["merged_into"] == master
    other = await one.submitted(**{**FLOOD, "description": "厨房水管"}, **{"attribute[MORE]": FLOOD["description"]})
    assert (await world.by("oscar").get(f"work-orders/{other}"))["merged_into"] is None


async def test_updates_are_called_as_the_sample_and_the_clients_call_them(world: World) -> None:
    await taking_part(world)
    one = await client(world, form="xml")
    await told(one, await one.submitted())
    root: Any = ET.fromstring((SAMPLES / "request_updates.xml").read_text(encoding="utf-8"))
    assert ET.fromstring((await one.get("servicerequestupdates")).content).tag == root.tag
    posted = await one.post("servicerequestupdates", service_request_id=(await one.numbers())[0], description="还没好")
    assert ET.fromstring(posted.content).tag == "service_request_updates"
