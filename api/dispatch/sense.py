"""Conditions that can be written and never hold: told when the rules are put, with what was expected.

Rules that are in force already are not asked again: what was put once still loads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, get_args

from api.categories import service as categories
from api.categories.tree import HandledBy
from api.clocks.limits import Severity
from api.dispatch.rules import FIELDS, Rule
from api.problems import FieldError
from api.sites import store as sites
from api.transactions import Transaction
from api.work_orders.kinds import Channel, Origin
from herun.cel_seen import Seen, Types, Values
from herun.cel_types import BOOL, INT, TEXT, judge
from herun.names import meant
from herun.schedule import WEEK

_TYPES: Final[dict[str, Types]] = {**dict.fromkeys(FIELDS, TEXT), "hour": INT, "workday": BOOL}
_OF_ALL_SITES: Final[dict[str, Iterable[str]]] = {
    "severity": get_args(Severity),
    "handled_by": get_args(HandledBy),
    "channel": list(Channel),
    "origin": list(Origin),
    "weekday": WEEK,
}
HOURS: Final = range(24)


async def senseless(tx: Transaction, rules: Iterable[Rule]) -> list[FieldError]:
    """What never holds in the conditions of rules, with the way to it."""
    seen = seen_of({**_OF_ALL_SITES, **await _of_site(tx)})
    return [
        FieldError(loc=["body", "rules", index, "when"], msg=what, type="never_holds")
        for index, what in faults(rules, seen)
    ]


def faults(rules: Iterable[Rule], seen: Seen) -> Iterator[tuple[int, str]]:
    """The same, by the place of the rule."""
    for index, rule in enumerate(rules):
        for what in judge(rule.when, seen).faults:
            yield index, what


def seen_of(names: Mapping[str, Iterable[str]]) -> Seen:
    """What a condition sees of an order; `names` are what some of its fields can be."""
    values = {f"order.{field}": _one_of(known) for field, known in names.items()}
    return Seen({"order": _TYPES}, values, {"order.hour": HOURS})


async def _of_site(tx: Transaction) -> dict[str, Iterable[str]]:
    known, layout = await categories.names(tx), await sites.layout(tx)
    return {
        "category": known.categories,
        "top": known.classes,
        "unit": known.units,
        "building": [each.building for each in layout.buildings],
        "zone": [each.zone for each in layout.zones],
        "grid": [each.grid for each in layout.grids],
    }


def _one_of(known: Iterable[str]) -> Values:
    there = sorted(known)
    return Values(frozenset(there), lambda name: meant(name, there), is_strict=True)
