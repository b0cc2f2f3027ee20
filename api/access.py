"""Who calls, and whether they may."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.problems import Problem, not_found
from api.resources import Resources, resources_of
from api.roles import Role
from api.sessions import store, tokens
from api.transactions import ALL_SITES, begin

BEARER: Final = HTTPBearer(auto_error=False, description="`access_token` of POST /v1/sessions")

# An EventSource cannot set headers, so this one kind of route also takes the token as a query parameter.
TOKEN_PARAMETER: Final = "access_token"  # noqa: S105 - the name of the parameter

Requirement = Callable[..., Awaitable["Caller"]]
# What each dependency that `requires` made asks for; a test walks all routes and looks here.
REQUIREMENTS: Final[dict[Requirement, frozenset[Role]]] = {}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, as the database knows them now: a role that was taken away is gone at the next request."""

    username: str
    name: str
    home: str  # their site; "*" for all
    roles: frozenset[Role]
    building: str | None
    expires_wall_us: int

    def has(self, *roles: Role) -> bool:
        """True if they have any of these roles."""
        return not self.roles.isdisjoint(roles)


def requires(*roles: Role, everywhere: bool = False, token_parameter: bool = False) -> Requirement:
    """A dependency that gives the caller if they have one of the roles at the site of the path.

    `everywhere` asks for somebody of all sites; `token_parameter` lets the token come in the query.
    Raises Problem 401 without a valid token, 403 without the role, 404 for a site that does not exist.
    """

    async def caller(request: Request, bearer: HTTPAuthorizationCredentials | None = Security(BEARER)) -> Caller:
        token = bearer.credentials if bearer else None
        if token is None and token_parameter:
            token = request.query_params.get(TOKEN_PARAMETER)
        found = await _identify(resources_of(request), token, request.path_params.get("site"))
        if not found.has(*roles) or (everywhere and found.home != ALL_SITES):
            raise _forbidden("this asks for another role")
        return found

    REQUIREMENTS[caller] = frozenset(roles)
    return caller


async def _identify(resources: Resources, token: str | None, site: str | None) -> Caller:
    if token is None:
        raise _unauthorised("send a bearer token; POST /v1/sessions gives one")
    claims = tokens.read(resources, token)
    if claims is None:
        raise _unauthorised("the token is not valid, or not any more")
    async with begin(resources, ALL_SITES) as tx:
        row = await store.caller(tx, claims.username, site)
    if row is None:
        raise _unauthorised("the token is not valid, or not any more")
    _check_site(row, site)
    return Caller(
        username=row["username"],
        name=row["name"],
        home=row["site"],
        roles=frozenset(map(Role, row["roles"])),
        building=row["building"],
        expires_wall_us=claims.expires_wall_us,
    )


def _check_site(row: dict[str, Any], site: str | None) -> None:
    if site is None:
        return
    if row["site"] not in {ALL_SITES, site}:
        raise _forbidden("you are not of this site")
    if not row["site_exists"]:
        raise not_found("site")


def _unauthorised(detail: str) -> Problem:
    return Problem(HTTPStatus.UNAUTHORIZED, "unauthorised", detail, headers={"WWW-Authenticate": "Bearer"})


def _forbidden(detail: str) -> Problem:
    return Problem(HTTPStatus.FORBIDDEN, "forbidden", detail)
