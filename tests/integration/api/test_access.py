"""Who may call which route."""

from __future__ import annotations

import re
from typing import Any, Final

import jwt
import pytest
from fastapi.routing import APIRoute, iter_route_contexts

from api.roles import Role
from api.sessions import tokens
from tests.integration.api.running import SITE, As, World
from tests.unit.api.test_app import APP, PUBLIC, required

PLACES: Final = {
    "site": SITE, "device": "d1", "uid": "r1", "name": "l1", "zone": "z1", "year": "2027", "visitor": "v1",
    "resident": "r1", "number": "WO20260601-000000", "event_id": "e1", "item": "1", "visit": "1",
    "version": "1", "id": "1", "proposal": "1", "worker": "gwen",
    "picture": "00000000-0000-0000-0000-000000000003",
    "username": "rita", "channel": "email", "target": "only",
    "week": "2026-W20", "topic": "T20260601-000000",
    "alert_id": "00000000-0000-0000-0000-000000000001", "backtest_id": "00000000-0000-0000-0000-000000000002",
    "key_id": "0" * 16, "service_code": "water", "media_id": "0" * 32,
}  # fmt: skip
ROUTES: Final = [
    (method, route.path or "", required(route.dependant) or frozenset())
    for route in iter_route_contexts(APP.routes)
    if isinstance(route.original_route, APIRoute)
    for method in sorted(route.methods or ())
    if (method, route.path) not in PUBLIC and not (route.path or "").endswith("/live")
]


def filled(path: str) -> str:
    return re.sub(r"{(\w+)}", lambda match: PLACES[match.group(1)], path)


async def test_a_route_lets_in_its_roles_and_nobody_else(world: World) -> None:
    people = [{"username": f"only-{role}", "name": role, "roles": [role]} for role in Role]
    await world.admin.post("people", {"people": people})
    for method, path, roles in ROUTES:
        for role in Role:
            response = await world.by(f"only-{role}").call(method, filled(path), {} if method != "GET" else None)
            of_all_sites = (method, path) == ("POST", "/v1/sites")
            refused = response.status_code == 403
            assert refused == (role not in roles or of_all_sites), f"{role}: {method} {path}: {response.text}"


async def test_no_route_lets_in_whoever_has_no_token(world: World) -> None:
    for method, path, _ in ROUTES:
        response = await world.nobody.call(method, filled(path), {} if method != "GET" else None)
        assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer"), f"{method} {path}"


async def test_the_token_of_one_site_opens_no_other(world: World) -> None:
    await world.admin.post("/v1/sites", {"site": "s2", "name": "s2"})
    for who in ("oscar", "rita", "audrey", "gwen"):
        for path in ("work-orders", "live"):
            assert (await world.by(who, "s2").call("GET", path)).status_code == 403


async def test_a_site_that_does_not_exist_is_not_found_and_not_empty(world: World) -> None:
    assert (await world.by("admin", "s9").call("GET", "devices")).status_code == 404


async def test_a_token_ends(world: World) -> None:
    oscar = world.by("oscar")
    await oscar.get("/v1/me")
    world.wall.at_us += world.resources.settings.token_minutes * 60 * 1_000_000
    assert (await oscar.call("GET", "/v1/me")).status_code == 401


async def test_a_token_outlives_no_role_and_no_person(world: World) -> None:
    oscar = world.by("oscar")
    world.rows("UPDATE people SET roles = '{resident}' WHERE username = 'oscar'")
    assert (await oscar.call("GET", "events")).status_code == 403
    world.rows("UPDATE people SET enabled = false WHERE username = 'oscar'")
    assert (await oscar.call("GET", "/v1/me")).status_code == 401


@pytest.mark.parametrize("algorithm", ["HS256", "HS512", "none"])
async def test_a_token_that_we_did_not_sign_opens_nothing(world: World, algorithm: str) -> None:
    key: Any = {"HS256": "another key that has 32 bytes....", "none": None}.get(algorithm, "t" * 64)
    claims = {"sub": "admin", "exp": world.wall.now_us() // 1_000_000 + 3600}
    forged = jwt.encode(claims, key, algorithm)
    assert (await As(world.client, forged).call("GET", "/v1/me")).status_code == 401


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "x" * 5000])
async def test_what_is_no_token_opens_nothing(world: World, token: str) -> None:
    assert (await As(world.client, token or " ").call("GET", "/v1/me")).status_code == 401


async def test_a_token_says_who_and_until_when_and_nothing_else(world: World) -> None:
    token, _ = tokens.issue(world.resources, "rita")
    assert jwt.decode(token, options={"verify_signature": False}).keys() == {"sub", "iat", "exp"}
