"""People of a site."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from api.roles import Role
from api.schema import MAX_BULK, MAX_CATEGORIES, Body, Moment, Name, Phone, Roles, Title, View, distinct
from api.sessions.schemas import Password
from api.transactions import SYSTEM

# A password costs about 25 ms of CPU to hash, so one request may bring only so many.
MAX_PASSWORDS = 200


def _of_a_person(username: str) -> str:
    if username.lower() == SYSTEM:
        raise ValueError(f"{SYSTEM} is who acts where no person does")
    return username


class NewPerson(Body):
    """One person. Without a password nobody can sign in as them. `skills` are categories of orders."""

    username: Annotated[Name, AfterValidator(_of_a_person)]
    name: Title
    roles: Roles
    phone: Phone | None = None
    building: Name | None = None
    grids: Annotated[list[Name], Field(default_factory=list, max_length=50)]
    skills: Annotated[list[Name], Field(default_factory=list, max_length=MAX_CATEGORIES)]
    password: Password | None = None


class NewPeople(Body):
    """POST /v1/sites/{site}/people: all or none; at most 200 of them with a password."""

    people: Annotated[list[NewPerson], Field(min_length=1, max_length=MAX_BULK), distinct("username")]


class Person(View):
    """One person as an administrator sees them; the phone is masked."""

    username: str
    name: str
    roles: list[Role]
    phone: str | None
    building: str | None
    grids: list[str]
    skills: list[str]
    can_sign_in: bool
    enabled: bool
    created_at: Moment


class PeopleAdded(View):
    """How many were made, and how many replaced (`?replace=true`)."""

    created: int
    replaced: int


class People(View):
    """One page, by username; `next_cursor` is null on the last."""

    items: list[Person]
    next_cursor: str | None
