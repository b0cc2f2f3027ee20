"""Signing in."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from api.roles import Role
from api.schema import Body, Moment, Name, View

Password = Annotated[str, Field(min_length=8, max_length=200, examples=["correct horse"])]


class SignIn(Body):
    """POST /v1/sessions"""

    username: Annotated[str, Field(min_length=1, max_length=64)]
    password: Annotated[str, Field(min_length=1, max_length=200)]


class Session(View):
    """What to send as `Authorization: Bearer <access_token>` until `expires_at` (the machine's clock)."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - the name of the scheme
    expires_at: Moment


class Me(View):
    """GET /v1/me. `site` is "*" for those who administer all sites."""

    username: str
    name: str
    site: str
    roles: list[Role]
    building: Name | None
    grids: list[Name]
