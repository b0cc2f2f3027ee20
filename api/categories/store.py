"""Trees, lessons and choices as they are stored."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from psycopg.types.json import Jsonb

from api.categories.schemas import Choice, NewTree, Suggested
from api.categories.shipped import body_of, default_body, default_tree, digest_of, tree_of
from api.categories.tree import InForce, Tree
from api.transactions import Transaction
from herun.database.queries import Queries

_QUERIES: Final = Queries(__package__)
MAX_TREES: Final = 32  # trees kept in memory, by what is in them; an estate changes its own a few times a year
MAX_LESSONS: Final = 2000  # of a site that a model learns from; more would take longer than it is worth
LESSONS_A_CATEGORY: Final = 100  # kept; nobody can teach one category so often that it drowns the others

_IN_FORCE: Final = "categories"  # among what a transaction knows

_trees: dict[str, Tree] = {}


async def in_force(tx: Transaction) -> InForce:
    """The tree that holds now, read once a transaction."""
    if _IN_FORCE not in tx.known:
        tx.known[_IN_FORCE] = await _read_in_force(tx)
    found: InForce = tx.known[_IN_FORCE]
    return found


async def _read_in_force(tx: Transaction) -> InForce:
    row = await tx.one(_QUERIES["in_force"])
    assert row is not None  # noqa: S101 - the statement always gives one
    digest = row.pop("digest")
    if digest is None:
        return InForce(tree=default_tree(), **row)
    tree = _trees.get(digest)
    if tree is None:
        tree = tree_of(await _body(tx, row["version"]))
        if len(_trees) >= MAX_TREES:
            del _trees[next(iter(_trees))]
        _trees[digest] = tree
    return InForce(tree=tree, **row)


async def version(tx: Transaction, number: int) -> tuple[dict[str, Any], NewTree] | None:
    """Who made a version when and why, and its body; None if there is none."""
    if number == 0:
        return {"version": 0, "changed_by": None, "changed_at": None, "why": None}, default_body()
    row = await tx.one(_QUERIES["version"], version=number)
    if row is None:
        return None
    body = NewTree.model_validate(row.pop("body"))
    del row["digest"]
    return row, body


async def last_names(tx: Transaction, part: str, field: str, names: Iterable[str]) -> dict[str, str]:
    """How those of these names were last called that any tree of the site has had in this part, by this field."""
    wanted = sorted(names)
    rows = await tx.all(_QUERIES["last_names"], part=part, field=field, names=wanted) if wanted else []
    return {row["id"]: row["zh"] for row in rows}


async def of_rules(tx: Transaction) -> list[str]:
    """The categories that rules in force name for the orders of their alerts."""
    return [row["category"] for row in await tx.all(_QUERIES["of_rules"])]


async def hold(tx: Transaction) -> None:
    """The tree stays what it is until this transaction ends."""
    await tx.all(_QUERIES["hold"])
    tx.known.pop(_IN_FORCE, None)


async def lock(tx: Transaction) -> None:
    """Nobody holds the tree, nor will until this transaction ends."""
    await tx.all(_QUERIES["lock"])
    tx.known.pop(_IN_FORCE, None)


async def add(tx: Transaction, number: int, tree: NewTree, why: str | None) -> None:
    """Adds the next version of the tree."""
    body = body_of(tree)
    await tx.run(_QUERIES["add"], version=number, digest=digest_of(body), body=body, why=why)
    tx.known.pop(_IN_FORCE, None)


async def in_use(tx: Transaction, categories: Iterable[str], over: Iterable[str]) -> dict[str, int]:
    """How many orders that are not `over` each of these categories has, where there are any."""
    rows = await tx.all(_QUERIES["in_use"], categories=sorted(categories), over=sorted(over))
    return {row["category"]: row["orders"] for row in rows}


async def grid_of(tx: Transaction, building: str) -> str | None:
    """The grid of a building; of several the first by name."""
    row = await tx.one(_QUERIES["grid_of"], building=building)
    return row["grid"] if row else None


async def teach(tx: Transaction, number: str, category: str, text: str, source: str) -> None:
    """Keeps what an order teaches, in place of what it taught before."""
    await tx.run(_QUERIES["take_lesson_back"], number=number)
    await tx.run(_QUERIES["teach"], number=number, category=category, text=text, source=source)
    await tx.run(_QUERIES["trim_lessons"], category=category, kept=LESSONS_A_CATEGORY)


async def description(tx: Transaction, number: str) -> str | None:
    """What somebody said in a request of Open311; None if they only filled in its form."""
    row = await tx.one(_QUERIES["description"], number=number)
    return row["description"] if row else None


async def forget(tx: Transaction, number: str) -> None:
    """Takes back what an order has taught, if anything: whoever has learned it learns anew without it."""
    if await tx.one(_QUERIES["take_lesson_back"], number=number):
        await tx.run(_QUERIES["renew_newest"])


async def lessons(tx: Transaction) -> list[tuple[str, str]]:
    """Text and category of all that orders have taught, the newest first; equal texts of a category once."""
    return [(row["text"], row["category"]) for row in await tx.all(_QUERIES["lessons"], limit=MAX_LESSONS)]


async def add_choice(
    tx: Transaction,
    number: str,
    n: int,
    chosen: str,
    *,
    by: str,
    reason: str | None = None,
    suggested: list[Suggested] | None = None,
) -> None:
    """Adds what was suggested for an order and what was chosen."""
    kept = None if suggested is None else Jsonb([each.model_dump() for each in suggested])
    await tx.run(_QUERIES["add_choice"], number=number, n=n, chosen=chosen, chosen_by=by, reason=reason, suggested=kept)


async def choices(tx: Transaction, number: str) -> list[Choice]:
    """How an order came to its category, oldest first."""
    return [Choice(**row) for row in await tx.all(_QUERIES["choices"], number=number)]


async def _body(tx: Transaction, number: int) -> NewTree:
    found = await version(tx, number)
    assert found is not None  # noqa: S101 - it was in force a statement ago, and is never deleted
    return found[1]
