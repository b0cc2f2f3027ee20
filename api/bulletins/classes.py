"""The top class of each category, which is what a bulletin ranks."""

from __future__ import annotations

from typing import Final, NamedTuple

from api.categories import store as categories
from api.categories.tree import REST
from api.transactions import Transaction


class TopClass(NamedTuple):
    """The class as a bulletin prints it."""

    zh: str
    en: str


# Of a category of the class `rest`, or that the tree does not have: part of the rest, never ranked.
OTHER: Final = TopClass("其他", "other")


async def top_classes(tx: Transaction) -> dict[str, TopClass]:
    """By category, as the tree in force has them; what is not in it is OTHER."""
    tree = (await categories.in_force(tx)).tree
    return {
        name: OTHER if leaf.top_class == REST else TopClass(*tree.classes[leaf.top_class])
        for name, leaf in tree.categories.items()
    }
