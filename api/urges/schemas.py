"""Urging (催办)."""

from __future__ import annotations

from api.schema import Body, Moment, Text, View


class NewUrge(Body):
    """POST .../urge: in words, if you like."""

    reason: Text | None = None


class Urged(View):
    """When the order was urged, and from when on it may be urged again."""

    number: str
    urged_at: Moment
    again_from: Moment
