"""The tree and the examples that Herun brings along, and how a tree's body becomes a tree."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import yaml

from api.categories.schemas import NewAttribute, NewCategory, NewTree
from api.categories.tree import Attribute, Category, Diversion, Raise, Tree, Unit
from api.clocks.limits import Limits
from herun.marked_yaml import LOADER

_FOLDER: Final = Path(__file__).parent


def body_of(tree: NewTree) -> str:
    """A tree's body as it is stored: one text for one tree."""
    return tree.model_dump_json(by_alias=True)


def digest_of(body: str) -> str:
    """By which a tree is known."""
    return hashlib.sha256(body.encode()).hexdigest()


def tree_of(body: NewTree) -> Tree:
    """The tree of a body."""
    return Tree(
        digest=digest_of(body_of(body)),
        units={each.unit: Unit(**each.model_dump()) for each in body.units},
        classes={each.class_: (each.zh, each.en) for each in body.classes},
        categories={each.category: _category(each, body) for each in body.categories},
    )


@lru_cache(maxsize=1)
def default_body() -> NewTree:
    """The tree of a site that has none of its own."""
    return NewTree.model_validate(_read("default.yaml"))


@lru_cache(maxsize=1)
def default_tree() -> Tree:
    """The same, as a tree."""
    return tree_of(default_body())


@lru_cache(maxsize=1)
def examples() -> Mapping[str, tuple[str, ...]]:
    """Sentences by category; those of categories that a site's tree does not have are of no use there."""
    return MappingProxyType({name: tuple(sentences) for name, sentences in _read("examples.yaml").items()})


def free_category(name: str) -> Category:
    """What is known of a category that is only a name: the desk is responsible, with the usual limits."""
    other = default_tree().categories["other"]
    return replace(other, category=name, zh=name, en=name, handled_by="grid", anonymous=False, known=False)


def _read(name: str) -> Any:
    return yaml.load((_FOLDER / name).read_bytes(), Loader=LOADER)  # noqa: S506 - the safe loader, C's where it is


def _category(leaf: NewCategory, body: NewTree) -> Category:
    return Category(
        category=leaf.category,
        top_class=leaf.class_,
        zh=leaf.zh,
        en=leaf.en,
        unit=leaf.unit,
        handled_by=leaf.handled_by,
        limits=MappingProxyType(
            {severity: Limits(**each.model_dump()) for severity, each in body.limits[leaf.limits].items()}
        ),
        severity=leaf.severity,
        required=tuple(leaf.required),
        anonymous=leaf.anonymous,
        confidential=leaf.confidential,
        advice=None if leaf.advice is None else MappingProxyType({str(key): text for key, text in leaf.advice.items()}),
        keywords=tuple(leaf.keywords),
        unit_by_word=tuple(Diversion(each.unit, tuple(each.words)) for each in leaf.unit_by_word),
        attributes=tuple(map(_attribute, leaf.attributes)),
        raises=tuple(
            Raise(each.attribute, frozenset(each.values), each.severity) for each in leaf.severity_by_attribute
        ),
    )


def _attribute(new: NewAttribute) -> Attribute:
    values = tuple((each.key, each.zh, each.en) for each in new.values)
    return Attribute(new.code, new.datatype, new.required, new.zh, new.en, values)
