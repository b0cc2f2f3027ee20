"""What a service is, and the one that each category of the tree is. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from api.categories.tree import Attribute as Asked
from api.categories.tree import Category, Need, Tree
from api.open311.attributes import Attribute, Choice, DataType
from api.open311.schemas import Kind

Bilingual = dict[str, str]


@dataclass(frozen=True, slots=True)
class Service:
    """One service; its code is the category of the orders that come of it."""

    code: str
    name: Bilingual
    description: Bilingual
    group: Bilingual
    keywords: tuple[str, ...] = ()
    kind: Kind = Kind.REALTIME
    attributes: tuple[Attribute, ...] = ()
    notice: Bilingual | None = None
    anonymous: bool = True  # whether a request may come from nobody who can be asked
    lists_alerts: bool = False  # whether orders of alerts in this category are published too

    @property
    def is_listed(self) -> bool:
        """Whether its requests are published: those of a blackbox cannot be followed by anybody."""
        return self.kind is not Kind.BLACKBOX


def of_category(category: Category, tree: Tree) -> Service:
    """The service of a category; of what is confidential nobody learns any more after sending it in."""
    name = {"zh": category.zh, "en": category.en}
    zh, en = tree.classes[category.top_class]
    return Service(
        code=category.category,
        name=name,
        description=name,
        group={"zh": zh, "en": en},
        keywords=category.keywords,
        kind=Kind.BLACKBOX if category.confidential else Kind.REALTIME,
        attributes=attributes_of(category),
        notice=dict(category.advice) if category.advice is not None else None,
        anonymous=category.anonymous and Need.CONTACT not in category.required,
    )


def attributes_of(category: Category) -> tuple[Attribute, ...]:
    """What a category of the tree asks for with a report."""
    return tuple(_attribute(each, n) for n, each in enumerate(category.attributes, 1))


def _attribute(asked: Asked, order: int) -> Attribute:
    return Attribute(
        code=asked.code,
        datatype=DataType(asked.datatype),
        required=asked.required,
        order=order,
        description={"zh": asked.zh, "en": asked.en},
        values=[Choice(key=key, name={"zh": zh, "en": en}) for key, zh, en in asked.values],
    )
