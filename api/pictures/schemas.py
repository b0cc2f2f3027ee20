"""Pictures of orders."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from api.schema import Moment, View


class Kind(StrEnum):
    """What a picture shows."""

    BEFORE = "before"
    AFTER = "after"
    EVIDENCE = "evidence"


class Size(StrEnum):
    """How much of it is asked for."""

    WHOLE = "whole"
    THUMBNAIL = "thumbnail"


class Picture(View):
    """One picture, of which everything but what is to be seen was taken away. It is deleted at `expires_at`."""

    id: UUID
    kind: Kind
    width: int
    height: int
    bytes: int
    sent_by: str
    sent_at: Moment
    expires_at: Moment


class Pictures(View):
    """All pictures of an order, oldest first."""

    number: str
    items: list[Picture]


class SentAhead(View):
    """A picture that waits for its report: name its id there before `expires_at`. The id is for you alone."""

    id: UUID
    expires_at: Moment
