"""Who calls, and whether they may."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import Query, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.problems import Problem, not_found
from api.resources import Resources, resources_of
from api.roles import Role
from api.sessions import store, tokens
from api.sessions.tokens import Claims
from api.transactions import ALL_SITES, begin

BEARER: Final = HTTPBearer(auto_error=False, description="`access_token` of POST /v1/sessions")

TokenParameter = Annotated[
    str | None,
    Query(max_length=tokens.MAX_TOKEN_CHARS, description="the token, for an EventSource, which cannot set headers"),
]
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


def requires(*roles: Role, everywhere: bool = False) -> Requirement:
    """A dependency that gives the caller if they have one of the roles at the site of the path.

    `everywhere` asks for somebody of all sites. Raises Problem 401 without a valid token, 403 without the role, 404 for
    a site that does not exist.
    """

    async def caller(request: Request, bearer: HTTPAuthorizationCredentials | None = Security(BEARER)) -> Caller:
        found = await _identify(resources_of(request), bearer.credentials if bearer else None, request)
        if not found.has(*roles) or (everywhere and found.home != ALL_SITES):
            raise _forbidden("this asks for another role")
        return found

    REQUIREMENTS[caller] = frozenset(roles)
    return caller


def requires_here_or_in_link(*roles: Role) -> Requirement:
    """The same as `requires`, but the token may also come as a query parameter."""

    async def caller(
        request: Request,
        bearer: HTTPAuthorizationCredentials | None = Security(BEARER),
        access_token: TokenParameter = None,
    ) -> Caller:
        found = await _identify(resources_of(request), bearer.credentials if bearer else access_token, request)
        if not found.has(*roles):
            raise _forbidden("this asks for another role")
        return found

    REQUIREMENTS[caller] = frozenset(roles)
    return caller


async def _identify(resources: Resources, token: str | None, request: Request) -> Caller:
    site = request.path_params.get("site")
    if token is None:
        raise _unauthorised("send a bearer token; POST /v1/sessions gives one")
    claims = tokens.read(resources, token)
    if claims is None:
        raise _unauthorised("the token is not valid, or not any more")
    return await recognise(resources, claims, site)


async def recognise(resources: Resources, claims: Claims, site: str | None) -> Caller:
    """Whom the claims are about, as the database knows them now. Raises Problem 401, 403 or 404, as `requires` does."""
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
