"""Signing in, and the first administrator."""

from __future__ import annotations

import os
import secrets
from http import HTTPStatus
from pathlib import Path
from typing import Final

from api.access import Caller
from api.problems import Problem
from api.resources import Resources
from api.roles import Role
from api.sessions import passwords, store, tokens
from api.sessions.schemas import Me, Session, SignIn
from api.throttles import service as throttles
from api.transactions import ALL_SITES, begin
from herun.clock import to_datetime

FIRST_ADMIN: Final = "admin"
PASSWORD_FILE: Final = "admin-password"  # noqa: S105 - a file name
_PASSWORD_BYTES: Final = 18


async def sign_in(resources: Resources, address: str, body: SignIn) -> Session:
    """A session. Raises Problem 401, the same for an unknown name as for a wrong password, and 429 after too many."""
    await throttles.SIGN_IN.allow(resources, address, body.username)
    async with begin(resources, ALL_SITES) as tx:
        person = await store.credentials(tx, body.username)
    if not await passwords.matches(resources, body.password, person["password_hash"] if person else None):
        raise Problem(HTTPStatus.UNAUTHORIZED, "wrong_credentials", "name or password is wrong")
    await throttles.SIGN_IN.was_right(resources, address, body.username)
    token, expires = tokens.issue(resources, body.username)
    return Session(access_token=token, expires_at=to_datetime(expires))


async def me(resources: Resources, caller: Caller) -> Me:
    """Who the caller is."""
    async with begin(resources, caller.home) as tx:
        grids = await store.grids_of(tx, caller.home, caller.username)
    return Me(
        username=caller.username,
        name=caller.name,
        site=caller.home,
        roles=sorted(caller.roles),
        building=caller.building,
        grids=grids,
    )


async def ensure_first_admin(resources: Resources) -> None:
    """Makes the user `admin` with a password of its own in `<data_dir>/admin-password`, unless there is one."""
    async with begin(resources, ALL_SITES) as tx:
        if await store.credentials(tx, FIRST_ADMIN):
            return
        password = secrets.token_hex(_PASSWORD_BYTES)
        if await store.add_first_admin(
            tx, FIRST_ADMIN, [Role.ADMIN.value], await passwords.hashed(resources, password)
        ):
            # Before the commit: rather a file without its user, which the next start writes anew, than a user whose
            # password nobody knows.
            _write_private(resources.settings.data_dir / PASSWORD_FILE, password)


def _write_private(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text + "\n")
