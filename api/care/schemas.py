"""Residents who agreed to be looked for."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from api.schema import Body, Moment, Name, Title, View, without_repeats
from herun.passages import MAX_CARE_DEVICES, MAX_CARE_FACES

Person = Annotated[Title, Field(max_length=64)]
Devices = Annotated[list[Name], Field(max_length=MAX_CARE_DEVICES), AfterValidator(without_repeats)]
Faces = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=200)]],
    Field(max_length=MAX_CARE_FACES),
    AfterValidator(without_repeats),
]


class Consent(Body):
    """Who agreed, and when: the resident, or who may speak for them."""

    by: Person
    at: Moment


class NewCare(Body):
    """PUT /v1/sites/{site}/care/{resident}: raise it when nothing has seen the resident for `hours`.

    Seen by a device of the flat (`devices`), or by any camera that knows their face (`face_ids`, kept as keyed hashes).
    """

    name: Person
    hours: Annotated[float, Field(ge=1, le=24 * 14)] = 24.0
    devices: Devices = Field(default_factory=list)
    face_ids: Faces = Field(default_factory=list)
    consent: Consent

    @model_validator(mode="after")
    def _can_be_seen(self) -> NewCare:
        if not self.devices and not self.face_ids:
            raise ValueError("give a device of the flat or a face: nothing else can see the resident")
        return self


class Care(View):
    """One agreement. Faces are only counted: they are kept as keyed hashes."""

    resident: str
    name: str
    hours: float
    devices: list[str]
    faces: int
    consent_by: str
    consent_at: Moment
    changed_by: str
    changed_at: Moment


class Cares(View):
    """All agreements of a site, by resident."""

    items: list[Care]


class Withdrawn(View):
    """Whose agreement was taken back."""

    resident: str
