"""What was answered to the questions of a category, held against these."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from api.categories.tree import Category
from api.open311.attributes import checked
from api.open311.catalogue import attributes_of
from api.problems import FieldError


def wrong(category: Category, answers: Mapping[str, str | list[str]]) -> Iterator[FieldError]:
    """What is wrong with the answers, one that is lacking too."""
    sent = {code: [said] if isinstance(said, str) else said for code, said in answers.items()}
    for flaw in checked(attributes_of(category), sent)[1]:
        yield FieldError(loc=["body", "attributes"], msg=flaw, type="attribute")
