"""Reports: what people send in. Each opens a work order."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StrictBool, model_validator

from api.schema import Body, Name, Phone, Text, Title

MAX_ATTRIBUTES = 50
Attributes = Annotated[
    dict[Name, Annotated[str, Field(max_length=500)] | Annotated[list[Name], Field(max_length=50)]],
    Field(max_length=MAX_ATTRIBUTES),
]


class NewReport(Body):
    """POST /v1/sites/{site}/reports; the answer is the work order.

    Left out, `building` and `phone` are the reporter's own. `phone` lets the progress be asked for without an account.
    `lat` and `lon` are WGS-84. A confidential report is read by its reporter, its worker, supervisors and auditors.
    """

    category: Name
    text: Text
    title: Title | None = None
    building: Name | None = None
    zone: Name | None = None
    phone: Phone | None = None
    lat: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)] | None = None
    lon: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)] | None = None
    address: Title | None = None
    attributes: Attributes | None = None
    confidential: StrictBool = False

    @model_validator(mode="after")
    def _has_both(self) -> NewReport:
        if (self.lat is None) != (self.lon is None):
            raise ValueError("lat and lon belong together")
        return self
