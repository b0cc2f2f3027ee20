"""A client of Open311: what it sends, and what it reads of the answers, in both formats."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import Any, Final

import httpx

from tests.integration.api.running import SITE, World

V2: Final = "/open311/v2"
WATER: Final = {"service_code": "water", "address_string": "3号楼 电梯厅", "description": "水管漏水"}
EMPTY: Final = {"enabled": True, "reading": "public", "shows_media": False}


@dataclass
class Client:
    """Somebody with a key, or without one."""

    http: httpx.AsyncClient
    api_key: str | None = None
    form: str = "json"

    async def get(self, path: str, **params: Any) -> httpx.Response:
        """A GET; parameters that are None are not sent."""
        sent = {name: value for name, value in params.items() if value is not None}
        return await self.http.get(f"{V2}/{path}.{self.form}", params=sent)

    async def post(self, path: str = "requests", **fields: Any) -> httpx.Response:
        """A POST of a form, with the key."""
        keyed = fields if self.api_key is None else {"api_key": self.api_key, **fields}
        return await self.http.post(f"{V2}/{path}.{self.form}", data=keyed)

    async def submitted(self, **fields: Any) -> str:
        """The number of a request that has to be taken in."""
        response = await self.post(**{**WATER, **fields})
        assert response.status_code == 200, response.text
        (entry,) = read(response)
        return str(entry["service_request_id"])

    async def request(self, number: str, **params: Any) -> dict[str, Any]:
        """One published request."""
        response = await self.get(f"requests/{number}", **params)
        assert response.status_code == 200, response.text
        entries: list[dict[str, Any]] = read(response)
        assert len(entries) == 1
        return entries[0]

    async def numbers(self, **params: Any) -> list[str]:
        """The numbers of published requests."""
        response = await self.get("requests", **params)
        assert response.status_code == 200, response.text
        return [entry["service_request_id"] for entry in read(response) or []]


async def taking_part(world: World, site: str = SITE, **changes: Any) -> None:
    """Makes a site a jurisdiction."""
    await world.by("admin", site).put("open311", {**EMPTY, **changes})


async def client(world: World, *, site: str = SITE, form: str = "json", **key: Any) -> Client:
    """A client with a key of its own."""
    made = await world.by("admin", site).post("open311-keys", {"name": "portal", **key})
    return Client(world.client, made["api_key"], form)


def read(response: httpx.Response) -> Any:
    """The value of an answer, the same in both formats but that XML has only text."""
    if response.headers["content-type"].startswith("application/json"):
        return json.loads(response.content)
    return spark(ET.fromstring(response.content))


def spark(element: ET.Element) -> Any:
    """The Spark convention, as its authors' stylesheet has it: written here anew, so that it can disagree."""
    if len(element) == 0:
        return element.text
    tags = [child.tag for child in element]
    if element.tag in {tag + "s" for tag in tags} | {
        "service_requests",
        "service_request_updates",
        "service_requests_updates",
    }:
        return [spark(child) for child in element]
    return {child.tag: spark(child) for child in element}


def as_text(value: Any) -> Any:
    """A value of JSON as XML would say it."""
    match value:
        case dict():
            return {key: as_text(each) for key, each in value.items()}
        case list():
            return [as_text(each) for each in value] or None
        case bool():
            return "true" if value else "false"
        case None | "":
            return None
        case _:
            return str(value)
