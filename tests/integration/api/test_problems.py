"""Every error is a problem, and no input is our fault."""

from __future__ import annotations

from typing import Any, Final

import httpx
import psycopg
import pytest

from api.limits import MAX_BODY_BYTES
from tests.integration.api.running import SITE, World

REPORTS: Final = f"/v1/sites/{SITE}/reports"


def check(response: httpx.Response, status: int) -> Any:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == status
    assert problem["type"].startswith("urn:herun:problem:")
    assert problem["title"]
    assert problem["detail"]
    return problem


async def send(
    world: World, body: bytes, content_type: str = "application/json", path: str = REPORTS
) -> httpx.Response:
    headers = {"Authorization": f"Bearer {world.by('rita').token}", "Content-Type": content_type}
    return await world.client.post(path, content=body, headers=headers)


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/nothing", "/v1/sites/s1/devices/", "/docs", "/v1/sites/%2e%2e/devices"]
)
async def test_a_path_that_is_not_there(world: World, path: str) -> None:
    assert (await world.admin.call("GET", path)).status_code in {404, 422}
    check(await world.nobody.call("GET", "/v1/nothing"), 404)


async def test_a_method_that_is_not_there(world: World) -> None:
    for method in ("PUT", "DELETE", "PATCH", "TRACE", "FROBNICATE"):
        response = await world.admin.call(method, "/v1/sessions")
        check(response, 405)
        assert response.headers["allow"] == "POST"


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"not json", b"\xff\xfe", b'{"category": "water", "text": "\xff"}', b'{"text": 1e9999999}',
        b"[" * 100_000, b"1" * 5000, b'{"a":' * 5000, b"\xef\xbb\xbf{}",
    ],
)  # fmt: skip
async def test_a_body_that_is_no_json(world: World, body: bytes) -> None:
    response = await send(world, body)
    assert response.status_code in {400, 422}
    check(response, response.status_code)


UNSTORABLE: Final = [
    r'"a\u0000b"', r'"\ud800"', r'"\udc00\ud800"', "NaN", "Infinity", "-Infinity", "1e400", str(2**63),
    str(-(2**63) - 1), "1" * 4000, '{"a": ["\\u0000"]}', '{"\\u0000": 1}', "null", "[]", "true",
]  # fmt: skip


@pytest.mark.parametrize("path", [REPORTS, f"/v1/sites/{SITE}/work-orders/WO20260601-000000/cancel"])
async def test_json_that_the_database_would_not_take(world: World, path: str) -> None:
    for text in UNSTORABLE:
        for field in ("category", "text", "reason", "unknown"):
            body = f'{{"category": "water", "text": "x", "reason": "x", "{field}": {text}}}'
            check(await send(world, body.encode(), path=path), 422)


STRANGE: Final = [
    "/v1/sites/s1/devices/a%00b", "/v1/sites/%00/devices", "/v1/sites/s1/devices?cursor=%00",
    "/v1/sites/s1/events?device=%00", "/v1/sites/s1/events?device=%ff", "/v1/progress?number=%00&phone_tail=1234",
    "/v1/sites/s1/audit?actor=a%00", "/v1/sites/s1/devices/%ED%A0%80", "/v1/sites/s1/events?before=9999-99-99",
    "/v1/sites/s1/events?limit=99999999999999999999", "/v1/sites/s1/devices?%00=1",
]  # fmt: skip


async def test_paths_and_queries_that_the_database_would_not_take(world: World) -> None:
    for path in STRANGE:
        response = await world.admin.call("GET", path)
        assert response.status_code < 500, path
        if response.is_error:
            check(response, response.status_code)


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00", "1969-12-31T23:59:59Z"])
async def test_the_ends_of_time_are_asked_for_in_peace(world: World, moment: str) -> None:
    for name in ("before", "after"):
        assert (await world.admin.call("GET", f"events?{name}={moment}")).status_code in {200, 422}


async def test_a_body_over_the_limit_is_refused_whether_announced_or_not(world: World) -> None:
    check(await send(world, b" " * (MAX_BODY_BYTES + 1)), 413)

    async def endless() -> Any:
        for _ in range(MAX_BODY_BYTES // 65536 + 2):
            yield b" " * 65536

    headers = {"Authorization": f"Bearer {world.by('rita').token}", "Content-Type": "application/json"}
    check(await world.client.post(REPORTS, content=endless(), headers=headers), 413)


async def test_a_body_of_another_type_is_refused(world: World) -> None:
    check(await send(world, b'{"category": "water", "text": "x"}', "text/plain"), 422)
    check(await send(world, b"category=water", "application/x-www-form-urlencoded"), 422)


async def test_an_action_that_brings_nothing_comes_without_a_body_and_a_bad_body_is_still_refused(world: World) -> None:
    number = (await world.by("rita").post("reports", {"category": "water", "text": "x"}))["number"]
    path, gwen = f"work-orders/{number}/handle", world.by("gwen")
    for body in (b"null", b"[]", b'{"reazon": "x"}', b'{"reason": ""}', b"{"):
        assert (await gwen.send(path, body)).is_client_error
    assert (await gwen.call("POST", path)).json()["state"] == "handling"
    assert (await world.by("rita").call("POST", f"work-orders/{number}/links")).status_code == 201


async def test_a_misspelt_field_is_told_and_not_lost(world: World) -> None:
    problem = check(await world.by("rita").call("POST", "reports", {"category": "water", "txt": "x", "text": "x"}), 422)
    assert problem["errors"][0]["loc"] == ["body", "txt"]


async def test_a_database_that_is_away_asks_to_try_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> Any:
        raise psycopg.OperationalError("the connection is lost")

    monkeypatch.setattr(world.resources.pool, "connection", away)
    response = await world.admin.call("GET", "devices")
    check(response, 503)
    assert response.headers["retry-after"] == "1"


async def test_our_own_faults_say_nothing_of_the_inside(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> Any:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(world.resources.pool, "connection", broken)
    transport = httpx.ASGITransport(world.client._transport.app, raise_app_exceptions=False)  # type: ignore[attr-defined]
    async with httpx.AsyncClient(transport=transport, base_url="http://herun") as client:
        response = await client.get("/v1/me", headers={"Authorization": f"Bearer {world.admin.token}"})
    check(response, 500)
    assert "secret" not in response.text


async def test_no_route_is_counted_by_what_strangers_ask_for(world: World) -> None:
    await world.nobody.call("GET", "/v1/strange/path")
    text = (await world.nobody.call("GET", "/metrics")).text
    assert "/v1/strange/path" not in text
    assert 'herun_api_requests_total{method="GET",route="(none)",status="404"}' in text


async def test_a_query_parameter_that_does_not_exist_is_refused_with_those_that_do(world: World) -> None:
    answer = await world.admin.call("GET", "events?devise=d1")
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["type"] == "urn:herun:problem:unknown_parameter"
    assert problem["errors"][0]["loc"] == ["query", "devise"]
    assert "'device'" in problem["detail"]


async def test_a_query_parameter_that_comes_twice_is_refused_where_only_one_can_hold(world: World) -> None:
    answer = await world.admin.call("GET", "work-orders?category=water&category=noise&state=rated&state=closed")
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["type"] == "urn:herun:problem:repeated_parameter"
    assert [each["loc"] for each in problem["errors"]] == [["query", "category"]]
