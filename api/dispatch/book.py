"""The dispatch rules of a site: one ordered book, each change a version."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from psycopg.types.json import Jsonb

from api import cursors
from api.audit import store as audit
from api.categories import service as categories
from api.dispatch import sense, store
from api.dispatch.rules import MAX_RULES, Rule
from api.dispatch.schemas import Book, BookEntry, BookHistory, NewBook, RollBack
from api.problems import FieldError, conflict, invalid, not_found
from api.sites import store as places
from api.transactions import Transaction
from herun.database.queries import Queries

_QUERIES: Final = Queries(__package__)
_EMPTY: Final = Book(version=0, rules=[], changed_by=None, changed_at=None, why=None)


async def put(tx: Transaction, new: NewBook) -> Book:
    """Makes the next version.

    Raises Problem 422 for what the site does not have and conditions that never hold, 409 if somebody was quicker.
    """
    await store.one_at_a_time(tx)
    now = await newest(tx)
    if new.based_on is not None and new.based_on != now.version:
        raise conflict("another_version", f"version {now.version} is the newest, not {new.based_on}")
    code, errors = await wrong(tx, new.rules)
    if errors:
        raise invalid(code, f"{'.'.join(map(str, errors[0].loc))}: {errors[0].msg}", errors)
    return await _add(tx, now, new.rules, new.why)


async def put_before(tx: Transaction, now: Book, rule: Rule, why: str) -> Book:
    """Puts one rule, in which nothing is `wrong`, before the newest ones, of which nothing is asked anew.

    The transaction dispatches alone. Raises Problem 409 for more rules than a site has.
    """
    if len(now.rules) >= MAX_RULES:
        raise conflict("too_many_rules", f"a site has at most {MAX_RULES} dispatch rules")
    return await _add(tx, now, [rule, *now.rules], why)


async def roll_back(tx: Transaction, asked: RollBack) -> Book:
    """Puts an old version's rules as a new one, as they were: nothing is asked of them anew. Raises Problem 404."""
    await store.one_at_a_time(tx)
    old = await one(tx, asked.version)
    return await _add(tx, await newest(tx), old.rules, asked.why or f"as in version {asked.version}")


async def wrong(tx: Transaction, rules: list[Rule]) -> tuple[str, list[FieldError]]:
    """What rules name that the site does not have, or else what never holds: the kind of refusal, and the places."""
    if unknown := [error async for error in _unknown(tx, rules)]:
        return "unknown_name", unknown
    return "never_holds", await sense.senseless(tx, rules)


async def _add(tx: Transaction, now: Book, rules: list[Rule], why: str | None) -> Book:
    bodies = [rule.model_dump(mode="json") for rule in rules]
    await tx.run(_QUERIES["add_book"], version=now.version + 1, rules=Jsonb(bodies), why=why)
    await tx.run(_QUERIES["forget_turns"], rules=[rule.name for rule in rules])
    await audit.record(tx, "dispatch.rules_put", str(now.version + 1), {"rules": len(bodies), "why": why})
    return await newest(tx)


async def newest(tx: Transaction) -> Book:
    """The rules that hold now."""
    return _book(await tx.one(_QUERIES["newest_book"])) or _EMPTY


async def one(tx: Transaction, version: int) -> Book:
    """One version. Raises Problem 404."""
    found = _EMPTY if version == 0 else _book(await tx.one(_QUERIES["book"], version=version))
    if found is None:
        raise not_found("version of the dispatch rules")
    return found


async def history(tx: Transaction, *, cursor: str | None, limit: int) -> BookHistory:
    """Versions, newest first."""
    key = cursors.decode_numbers(cursor, 1)
    before = min(key[0], 2**31 - 1) if key else None
    rows = await tx.all(_QUERIES["books"], before=before, limit=limit + 1)
    items = [BookEntry(**row) for row in rows[:limit]]
    return BookHistory(items=items, next_cursor=cursors.encode(items[-1].version) if len(rows) > limit else None)


def _book(row: dict[str, Any] | None) -> Book | None:
    return Book(**{**row, "rules": list(store.rules_of(row["rules"]))}) if row else None


async def _unknown(tx: Transaction, rules: list[Rule]) -> Any:
    """What rules name that the site does not have, with the way to it."""
    named = {kind: {name for _, where, name in _names(rules) if where == kind} for kind in _NAMED}
    row = await tx.one(
        _QUERIES["known_names"],
        workers=sorted(named["worker"]),
        units=sorted(named["unit"]),
        skills=sorted(named["skill"]),
    )
    unknown: dict[str, Iterable[str]] = {kind: named[kind] - set(known) for kind, known in (row or {}).items()}
    unknown["grid"] = (await places.unknown_places(tx, grids=named["grid"]))["grid"]
    units = (await categories.names(tx)).units
    for index, kind, name in _names(rules):
        if name in unknown[kind]:
            loc: list[str | int] = ["body", "rules", index, "to", kind]
            says = f"the site has no {kind} {name}"
            if kind == "unit" and name in units:
                says = f"nobody's roster has the unit {name}: PUT rosters/{{worker}} with it first"
            yield FieldError(loc=loc, msg=says, type="unknown")


_NAMED: Final = ("worker", "unit", "grid", "skill")


def _names(rules: list[Rule]) -> Iterator[tuple[int, str, str]]:
    for index, rule in enumerate(rules):
        for kind in _NAMED:
            if (name := getattr(rule.to, kind)) is not None:
                yield index, kind, name
