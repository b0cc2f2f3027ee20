"""Announced visits of cars."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final

from pydantic import Field, model_validator

from api.schema import Body, Moment, OwnName, Title, View

LONGEST_VISIT: Final = timedelta(days=366)

Plate = Annotated[str, Field(min_length=2, max_length=20, examples=["苏E12345"])]


class NewVisitor(Body):
    """PUT /v1/sites/{site}/visitors/{visitor}: a car may be on the estate from when until when, and whom it visits."""

    visitor: OwnName = None
    plate: Plate
    whom: Title
    valid_from: Moment
    valid_until: Moment

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> NewVisitor:
        if not timedelta(0) < self.valid_until - self.valid_from <= LONGEST_VISIT:
            raise ValueError("a visit ends after it begins, within a year")
        return self


class Visitor(View):
    """One announced visit; the plate is kept as keyed hashes and shown masked."""

    visitor: str
    plate: str
    whom: str
    valid_from: Moment
    valid_until: Moment
    changed_by: str
    changed_at: Moment


class Visitors(View):
    """One page, by name; `next_cursor` is null on the last."""

    items: list[Visitor]
    next_cursor: str | None


class Removed(View):
    """What was taken back."""

    visitor: str
