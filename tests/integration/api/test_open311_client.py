"""A client that others wrote (georeport, of the package index) reads our Open311 over the net."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx
import pytest
from georeport import GeoReport

from api.serve import listening, serve
from tests.integration.api.open311 import Client, as_text, client, taking_part
from tests.integration.api.running import World, until
from tests.integration.api.test_open311 import ANSWERS, LIFT

HALF_AN_HOUR: Final = "2026-06-01T04:30:00Z"


@asynccontextmanager
async def served(world: World) -> AsyncIterator[str]:
    """The address of the API, its tasks running beside it."""
    stop = asyncio.Event()
    with listening("127.0.0.1", 0) as listener:
        serving = asyncio.create_task(serve(world.resources, listener, stop))
        root = f"http://127.0.0.1:{listener.getsockname()[1]}"

        async def answers() -> bool:
            async with httpx.AsyncClient() as http:
                try:
                    return (await http.get(f"{root}/healthz")).is_success
                except httpx.ConnectError:
                    return False

        try:
            await until("the API listens", answers)
            yield f"{root}/open311/v2"
        finally:
            stop.set()
            await serving


@pytest.mark.parametrize("form", ["json", "xml"])
async def test_a_public_client_finds_services_definitions_and_requests(world: World, form: str) -> None:
    await taking_part(world)
    await world.admin.put("open311-services/lift", LIFT)
    one = await client(world)
    water, lift = await one.submitted(), await one.submitted(service_code="lift", **ANSWERS)
    async with served(world) as address:
        public = GeoReport(address, jurisdiction="s1", output_format=form)

        async def ask(method: Any, *args: Any, **kwargs: Any) -> Any:
            return await asyncio.to_thread(method, *args, **kwargs)

        assert {"lift", "water"} <= {each["service_code"] for each in await ask(public.get_service_list)}
        definition = await ask(public.get_service_definition, "lift")
        attributes = definition["attributes"] if form == "json" else definition["attributes"]["attribute"]
        assert [each["code"] for each in attributes] == [each["code"] for each in LIFT["attributes"]]
        found = await ask(public.get_service_requests, end_date=HALF_AN_HOUR, status="open", service_code="lift,water")
        assert [each["service_request_id"] for each in found] == [lift, water]
        single = await ask(public.get_service_request, water)
        assert as_text(single) == as_text(await Client(world.client).request(water))


async def test_a_served_process_opens_what_waits_by_itself(world: World) -> None:
    await taking_part(world)
    await world.admin.put("open311-services/water", {"type": "batch"})
    one = await client(world)
    assert (await one.post(service_code="water", address_id="b1")).status_code == 200

    async def is_opened() -> bool:
        return len(await one.numbers()) == 1

    async with served(world):
        await until("the request has its order", is_opened)
