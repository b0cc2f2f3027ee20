"""Reports: what people send in. Each opens a work order."""

from __future__ import annotations

from api.schema import Body, Name, Phone, Text, Title


class NewReport(Body):
    """POST /v1/sites/{site}/reports; the answer is the work order.

    Left out, `building` and `phone` are the reporter's own. `phone` lets the progress be asked for without an account.
    """

    category: Name
    text: Text
    title: Title | None = None
    building: Name | None = None
    zone: Name | None = None
    phone: Phone | None = None
