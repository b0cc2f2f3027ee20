"""Making people known."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from psycopg.errors import UniqueViolation

from api import cursors
from api.audit import store as audit
from api.categories import service as categories
from api.people import store
from api.people.schemas import MAX_PASSWORDS, NewPeople, NewPerson, People, PeopleAdded, Person
from api.problems import FieldError, conflict, invalid
from api.resources import Resources
from api.roles import WORKERS, Role
from api.sessions import passwords
from api.sites import store as places
from api.transactions import Transaction
from api.work_orders import service as work_orders
from herun.personal import mask


async def add(resources: Resources, tx: Transaction, new: NewPeople, *, replace: bool) -> PeopleAdded:
    """Makes all of them, or none.

    Raises Problem 409 for names that are taken, 422 for places that do not exist and skills that no order asks for.
    """
    known = await store.taken(tx, [person.username for person in new.people])
    if known and not replace:
        raise conflict("people_exist", f"{len(known)} of them exist already", _taken(new, known))
    await _check_places(tx, new)
    await categories.must_have(tx, categories=list(_skills(new)), units=())
    hashes = await _hashes(resources, new)
    try:
        await store.put(tx, new.people, hashes)
    except UniqueViolation as error:
        raise conflict("username_taken", "one of these usernames belongs to another site") from error
    if known:  # who is new has nothing in hand
        no_workers = [each.username for each in new.people if set(WORKERS).isdisjoint(each.roles)]
        await work_orders.take_back(tx, no_workers)
    roles = sorted({role.value for person in new.people for role in person.roles})
    await audit.record(tx, "people.put", tx.site, {"people": len(new.people), "roles": roles, "replaced": len(known)})
    return PeopleAdded(created=len(new.people) - len(known), replaced=len(known))


async def page(tx: Transaction, *, role: Role | None, cursor: str | None, limit: int) -> People:
    """One page by username, phones masked."""
    rows = await store.page(tx, role=role, after=cursors.decode_text(cursor), limit=limit + 1)
    items = [_shown(row) for row in rows[:limit]]
    return People(items=items, next_cursor=cursors.encode(items[-1].username) if len(rows) > limit else None)


def _shown(row: dict[str, Any]) -> Person:
    return Person(**{**row, "phone": mask(row["phone"]) if row["phone"] else None})


def _taken(new: NewPeople, known: dict[str, str]) -> list[FieldError]:
    return [
        FieldError(loc=["body", "people", index, "username"], msg="exists", type="exists")
        for index, person in enumerate(new.people)
        if person.username in known
    ]


async def _check_places(tx: Transaction, new: NewPeople) -> None:
    unknown = await places.unknown_places(
        tx,
        buildings=(person.building for person in new.people if person.building),
        grids=(grid for person in new.people for grid in person.grids),
    )
    errors = [
        FieldError(loc=["body", "people", index, field], msg=f"the site has no {kind} {name}", type="unknown")
        for index, person in enumerate(new.people)
        for field, kind, name in _places(person)
        if name in unknown[kind]
    ]
    if errors:
        raise invalid("unknown_place", errors[0].msg, errors)


def _skills(new: NewPeople) -> Iterator[categories.Named]:
    for index, person in enumerate(new.people):
        for place, skill in enumerate(person.skills):
            yield ("body", "people", index, "skills", place), skill


def _places(person: NewPerson) -> list[tuple[str, str, str]]:
    own = [("building", "building", person.building)] if person.building else []
    return own + [("grids", "grid", grid) for grid in person.grids]


async def _hashes(resources: Resources, new: NewPeople) -> dict[str, str]:
    given = {person.username: person.password for person in new.people if person.password is not None}
    if len(given) > MAX_PASSWORDS:
        raise invalid("too_many_passwords", f"at most {MAX_PASSWORDS} people of one request may have a password")
    made = await asyncio.gather(*(passwords.hashed(resources, password) for password in given.values()))
    return dict(zip(given, made, strict=True))
