"""Signing in."""

from __future__ import annotations

import dataclasses
import stat
from pathlib import Path
from typing import Any

import pytest

from api.sessions.service import PASSWORD_FILE, ensure_first_admin
from api.throttles import service as throttles
from api.throttles.service import Throttle
from tests.integration.api.running import As, World

PASSWORD = "correct horse"


async def sign_in(world: World, username: str, password: str, address: str = "127.0.0.1") -> Any:
    body = {"username": username, "password": password}
    return await world.nobody_from(address).call("POST", "/v1/sessions", body)


@pytest.fixture
async def person(world: World) -> World:
    tess = {"username": "tess", "name": "Tess", "roles": ["operator"], "password": PASSWORD}
    await world.admin.post("people", {"people": [tess]})
    return world


async def test_the_right_password_gives_a_token_that_works(person: World) -> None:
    response = await sign_in(person, "tess", PASSWORD)
    assert response.status_code == 201
    me = await As(person.client, response.json()["access_token"]).get("/v1/me")
    assert (me["username"], me["site"], me["roles"]) == ("tess", "s1", ["operator"])


async def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(person: World) -> None:
    wrong, unknown = await sign_in(person, "tess", "wrong"), await sign_in(person, "nobody", "wrong")
    passwordless = await sign_in(person, "rita", "wrong")
    assert wrong.status_code == 401
    assert wrong.text == unknown.text == passwordless.text


async def test_guessing_is_slowed_down_for_everybody_and_ends_with_the_window(person: World) -> None:
    for _ in range(10):
        assert (await sign_in(person, "tess", "wrong")).status_code == 401
    slowed = await sign_in(person, "tess", PASSWORD)
    assert slowed.status_code == 429
    assert 0 < int(slowed.headers["retry-after"]) <= 900
    assert (await sign_in(person, "oscar", "wrong")).status_code == 401
    person.wall.at_us += 901 * 1_000_000
    assert (await sign_in(person, "tess", PASSWORD)).status_code == 201


async def test_nobody_alone_locks_another_out(person: World) -> None:
    codes = {(await sign_in(person, "tess", "wrong", "192.0.2.1")).status_code for _ in range(110)}
    assert codes == {401, 429}
    assert (await sign_in(person, "tess", PASSWORD, "192.0.2.2")).status_code == 201


async def test_guessing_from_many_addresses_is_slowed_down_too(person: World, monkeypatch: pytest.MonkeyPatch) -> None:
    few = Throttle("sign_in", 3, throttles.SIGN_IN_NAME.window)
    monkeypatch.setattr(throttles, "SIGN_IN", dataclasses.replace(throttles.SIGN_IN, name=few))
    assert (await sign_in(person, "tess", PASSWORD, "192.0.2.9")).status_code == 201
    codes = [(await sign_in(person, "tess", "wrong", f"192.0.2.{n}")).status_code for n in range(4)]
    assert codes == [401, 401, 401, 429]


async def test_guessing_many_names_from_one_address_is_slowed_down_too(
    person: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = Throttle("sign_in_address", 3, throttles.SIGN_IN_ADDRESS.window)
    monkeypatch.setattr(throttles, "SIGN_IN", dataclasses.replace(throttles.SIGN_IN, address=few))
    codes = [(await sign_in(person, f"name{n}", "wrong", "192.0.2.1")).status_code for n in range(4)]
    assert codes == [401, 401, 401, 429]
    assert (await sign_in(person, "tess", PASSWORD, "192.0.2.2")).status_code == 201


async def test_the_right_password_forgives_the_wrong_ones(person: World) -> None:
    for _ in range(3):
        for _ in range(9):
            await sign_in(person, "tess", "wrong")
        assert (await sign_in(person, "tess", PASSWORD)).status_code == 201


async def test_the_first_administrators_password_lies_in_a_private_file(world: World) -> None:
    world.rows("DELETE FROM people WHERE username = 'admin'")
    await ensure_first_admin(world.resources)
    path: Path = world.resources.settings.data_dir / PASSWORD_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    password = path.read_text().strip()
    assert (await sign_in(world, "admin", password)).status_code == 201
    await ensure_first_admin(world.resources)
    assert path.read_text().strip() == password


async def test_no_password_is_stored(person: World) -> None:
    (row,) = person.rows("SELECT password_hash FROM people WHERE username = 'tess'")
    assert row["password_hash"].startswith("$argon2id$")
