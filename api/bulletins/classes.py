"""The top class of each category, which is what a bulletin ranks."""

from __future__ import annotations

from typing import Final, NamedTuple

from api.categories import store as categories
from api.figures.service import is_rest
from api.transactions import Transaction


class TopClass(NamedTuple):
    """The class as a bulletin prints it."""

    zh: str
    en: str


# Of a category of the class `rest` (or that is called 其他), or that the tree does not have: of the rest, never ranked.
OTHER: Final = TopClass("其他", "other")


async def top_classes(tx: Transaction) -> dict[str, TopClass]:
    """By category, as the tree in force has them; what is not in it is OTHER."""
    tree = (await categories.in_force(tx)).tree
    return {
        name: OTHER if is_rest(tree, leaf.top_class) else TopClass(*tree.classes[leaf.top_class])
        for name, leaf in tree.categories.items()
    }
