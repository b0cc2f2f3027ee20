"""What was answered to the questions of a category, held against these."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from api.categories.tree import Category
from api.open311.attributes import Attribute, Values, checked
from api.open311.catalogue import attributes_of
from api.problems import FieldError, invalid


def wrong(category: Category, answers: Mapping[str, str | list[str]]) -> Iterator[FieldError]:
    """What is wrong with the answers, one that is lacking too."""
    yield from _errors(_held_against(attributes_of(category), answers)[1])


def in_part(category: Category, answers: Mapping[str, str | list[str]] | None) -> Values:
    """What is answered, by code: of somebody else's report nobody has to know all. Raises Problem 422."""
    asked = [each.model_copy(update={"required": False}) for each in attributes_of(category)]
    values, flaws = _held_against(asked, answers or {})
    if flaws:
        raise invalid("incomplete", f"{category.category} asks for something else: {flaws[0]}", [*_errors(flaws)])
    return values


def _held_against(asked: Sequence[Attribute], answers: Mapping[str, str | list[str]]) -> tuple[Values, list[str]]:
    sent = {code: [said] if isinstance(said, str) else said for code, said in answers.items()}
    return checked(asked, sent)


def _errors(flaws: list[str]) -> Iterator[FieldError]:
    for flaw in flaws:
        yield FieldError(loc=["body", "attributes"], msg=flaw, type="attribute")
