"""The tree of a site, and the routing that follows from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from api.audit import store as audit
from api.categories import store
from api.categories.schemas import CategoryTree, NewTree, Units
from api.categories.shipped import default_body, default_tree, free_category
from api.categories.tree import Category, Unit
from api.clocks.limits import Limits, contradiction
from api.problems import FieldError, conflict, invalid, not_found
from api.transactions import Transaction
from api.work_orders.states import State

OF_OUR_OWN: Final = "system"  # the category of what the engine says of itself
# What has to be done about an order in these states needs its category no more.
OVER: Final = frozenset({State.RATED, State.CLOSED, State.MERGED, State.CANCELLED})

_Leaves = Mapping[str, Category] | Mapping[str, Unit]
Named = tuple[Sequence[str | int], str]  # where a name stands in a request, and the name


@dataclass(frozen=True, slots=True)
class Routed:
    """Who is responsible: the unit, and the grid that the place lies in (None: in none, or the place is not known).

    `because`: the word of the text for which it is not the category's usual unit.
    """

    unit: str
    grid: str | None
    because: str | None = None


async def called(tx: Transaction, names: AbstractSet[str]) -> dict[str, str]:
    """The Chinese names of categories; of one that was taken out of the tree, the last that it had."""
    tree = (await store.in_force(tx)).tree
    return await _called(tx, "categories", "category", (default_tree().categories, tree.categories), names)


async def units_called(tx: Transaction, names: AbstractSet[str]) -> dict[str, str]:
    """The same for units."""
    tree = (await store.in_force(tx)).tree
    return await _called(tx, "units", "unit", (default_tree().units, tree.units), names)


@dataclass(frozen=True, slots=True)
class InBoth:
    """What a category and a unit are called in both languages; what is no more as it was last, in Chinese."""

    category: dict[str, str] | None
    unit: dict[str, str] | None


async def in_both(tx: Transaction, category: str, unit: str | None) -> InBoth:
    """The names of a category and of a unit; None for what never had one."""
    tree = (await store.in_force(tx)).tree
    return InBoth(
        _both(tree.categories, category) or _twice((await called(tx, {category})).get(category)),
        None if unit is None else _both(tree.units, unit) or _twice((await units_called(tx, {unit})).get(unit)),
    )


def _both(known: _Leaves, name: str) -> dict[str, str] | None:
    return {"zh": known[name].zh, "en": known[name].en} if name in known else None


def _twice(name: str | None) -> dict[str, str] | None:
    return {"zh": name, "en": name} if name else None


async def _called(
    tx: Transaction, part: str, field: str, known: tuple[_Leaves, _Leaves], names: AbstractSet[str]
) -> dict[str, str]:
    """By what is in force, else by the newest tree that had it, else as it is shipped; `known`: shipped, in force."""
    shipped, now = known
    found = {name: now[name].zh for name in names & now.keys()}
    found |= await store.last_names(tx, part, field, names - found.keys())
    return {name: shipped[name].zh for name in names & shipped.keys()} | found


@dataclass(frozen=True, slots=True)
class Names:
    """What the category, class and unit of an order can be, and the limits that the tree has for it."""

    categories: frozenset[str]
    classes: frozenset[str]
    units: frozenset[str]
    limits: tuple[Limits, ...]


async def names(tx: Transaction) -> Names:
    """Those of the tree. An alert's order has the category that its rule names, also one that the tree lacks."""
    tree, free = (await store.in_force(tx)).tree, free_category(OF_OUR_OWN)
    return Names(
        categories=frozenset({*tree.categories, *await store.of_rules(tx), OF_OUR_OWN}),
        classes=frozenset({*tree.classes, free.top_class}),
        units=frozenset({*tree.units, free.unit}),
        limits=tuple(limits for leaf in (*tree.categories.values(), free) for limits in leaf.limits.values()),
    )


async def category(tx: Transaction, name: str) -> Category:
    """The category of this name; for a name that the tree does not have, the desk's, with `known` false."""
    found = (await store.in_force(tx)).tree.categories.get(name)
    return found or free_category(name)


async def unknown(tx: Transaction, named: Iterable[str]) -> dict[str, list[str]]:
    """Those that the tree does not have, each with the nearest names that it has."""
    tree = (await store.in_force(tx)).tree
    return {name: tree.nearest(name) for name in named if name not in tree.categories}


async def must_have(tx: Transaction, *, categories: Sequence[Named], units: Sequence[Named]) -> None:
    """Raises Problem 422, with the nearest names, for categories and units that no order can have."""
    known, tree = await names(tx), (await store.in_force(tx)).tree
    found = {
        "category": [
            _unknown("category", each, tree.nearest(each[1])) for each in categories if each[1] not in known.categories
        ],
        "unit": [_unknown("unit", each, tree.nearest_units(each[1])) for each in units if each[1] not in known.units],
    }
    if errors := [error for those in found.values() for error in those]:
        raise invalid("unknown_category" if found["category"] else "unknown_unit", errors[0].msg, errors)


def _unknown(what: str, named: Named, nearest: Sequence[str]) -> FieldError:
    loc, name = named
    return FieldError(
        loc=list(loc), msg=f"no {what} {name}; nearest: {', '.join(nearest) or 'none is near'}", type="unknown"
    )


async def for_report(tx: Transaction, name: str, *, loc: Sequence[str] = ("body", "category")) -> Category:
    """The category that a report names (at `loc`); it stays in the tree until this transaction ends.

    Raises Problem 422, with the nearest names, for one that the tree does not have.
    """
    await store.hold(tx)
    tree = (await store.in_force(tx)).tree
    found = tree.categories.get(name)
    if found is None:
        error = _unknown("category", (loc, name), tree.nearest(name))
        raise invalid("unknown_category", error.msg, [error])
    return found


async def route(tx: Transaction, of: Category, building: str | None, text: str | None = None) -> Routed:
    """Who is responsible for a matter at a building; the text counts where the category says so."""
    unit, because = of.unit_for(text)
    return Routed(unit, await store.grid_of(tx, building) if building else None, because)


async def put(tx: Transaction, tree: NewTree, why: str | None) -> CategoryTree:
    """Makes the next version.

    Raises Problem 422 for limits that contradict one another, 409 if a category is left out that open orders have.
    """
    if errors := [FieldError(loc=["body", *path], msg=what, type="senseless") for path, what in _contradictions(tree)]:
        raise invalid("senseless_limits", f"{'.'.join(map(str, errors[0].loc))}: {errors[0].msg}", errors)
    await store.lock(tx)
    before = await store.in_force(tx)
    gone = before.tree.categories.keys() - {leaf.category for leaf in tree.categories}
    used = await store.in_use(tx, gone, OVER - {State.MERGED})
    if used:
        errors = [
            FieldError(loc=["body", "categories"], msg=f"{name} has {count} open orders", type="still_in_use")
            for name, count in used.items()
        ]
        raise conflict("still_in_use", f"left out, but open orders have it: {', '.join(used)}", errors)
    await store.add(tx, before.version + 1, tree, why)
    await audit.record(tx, "categories.put", tx.site, {"version": before.version + 1, "why": why})
    return await shown(tx)


def _contradictions(tree: NewTree) -> Iterator[tuple[list[str | int], str]]:
    for name, by_severity in tree.limits.items():
        for severity, limits in by_severity.items():
            if what := contradiction(Limits(**limits.model_dump())):
                yield ["limits", name, severity, "promise"], what


async def shown(tx: Transaction, version: int | None = None) -> CategoryTree:
    """A version of the tree, by default the one in force. Raises Problem 404."""
    if version is None:
        version = (await store.in_force(tx)).version
    found = await store.version(tx, version)
    if found is None:
        raise not_found("version of the categories")
    change, body = found
    return CategoryTree(tree=body, **change)


async def units(tx: Transaction) -> Units:
    """The units of the tree in force."""
    version = (await store.in_force(tx)).version
    return Units(items=(await shown(tx, version)).tree.units if version else default_body().units)
