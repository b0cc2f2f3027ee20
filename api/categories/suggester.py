"""The models that a process holds: learned in a thread, one at a time, and replaced when there is more to learn."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from api.categories import shipped
from api.categories.tree import InForce, Tree

if TYPE_CHECKING:
    from api.categories.classifier import Model

T = TypeVar("T")

MAX_MODELS: Final = 16  # of sites, and as many of trees: some 5 MB each
_OF_TREES: dict[str, Model] = {}  # by digest; what the shipped examples teach is the same for every site


@dataclass(frozen=True, slots=True)
class Learned:
    """A site's own model, by which tree and up to which lesson it has learned."""

    digest: str
    lesson: int
    model: Model


class Suggester:
    """Gives the model to suggest by. What has to be learned anew is in `stale`; `wanted` is set while there is any."""

    def __init__(self) -> None:
        self.stale: set[str] = set()
        self.wanted = asyncio.Event()
        self._of_sites: dict[str, Learned] = {}
        self._one_at_a_time = asyncio.Lock()

    def now(self, site: str, state: InForce) -> Model | None:
        """The best model that is there, at once; None if none is. Notes the site if there is more to learn for it."""
        if not state.tree.is_a_choice:
            return None
        learned = self._of_sites.get(site)
        fits = learned is not None and learned.digest == state.tree.digest
        model = learned.model if learned and fits else _OF_TREES.get(state.tree.digest)
        if model is None or state.lesson != (learned.lesson if learned and fits else 0):
            self.stale.add(site)
            self.wanted.set()
        return model

    async def best(self, site: str, state: InForce) -> Model | None:
        """The same, but waits for the first model of a tree; None for a tree that is no choice."""
        return self.now(site, state) or (await self.of_tree(state.tree) if state.tree.is_a_choice else None)

    async def of_tree(self, tree: Tree) -> Model:
        """What the shipped examples and the tree's keywords teach. Raises ValueError for a tree that is no choice."""
        async with self._one_at_a_time:
            found = _OF_TREES.get(tree.digest)
            if found is None:
                found = await asyncio.to_thread(_learned, tree, ())
                _keep(_OF_TREES, tree.digest, found)
        return found

    async def learn(self, site: str, state: InForce, lessons: Iterable[tuple[str, str]]) -> None:
        """Learns anew for a site: the shipped examples, and what its orders have taught; nothing of no choice.

        A site without lessons shares the model of its tree.
        """
        if not state.tree.is_a_choice:
            return
        if not state.lesson:
            self._of_sites.pop(site, None)
            await self.of_tree(state.tree)
            return
        async with self._one_at_a_time:
            model = await asyncio.to_thread(_learned, state.tree, tuple(lessons))
        _keep(self._of_sites, site, Learned(state.tree.digest, state.lesson, model))


def _learned(tree: Tree, lessons: tuple[tuple[str, str], ...]) -> Model:
    # Loading scikit-learn takes a second: not at every start of a test or a command.
    from api.categories.classifier import Example, train

    brought = [Example(text, name) for name, texts in shipped.examples().items() for text in texts]
    english = {name: each.en for name, each in tree.categories.items()}
    return train([*brought, *(Example(*lesson) for lesson in lessons)], tree.keywords, english)


def _keep(held: dict[str, T], key: str, value: T) -> None:
    held.pop(key, None)
    if len(held) >= MAX_MODELS:
        del held[next(iter(held))]
    held[key] = value
