"""Plate lists of a site."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from api.schema import Body, Moment, View

# With some 180 bytes of hashes each, nine tenths of what one control frame holds.
MAX_PLATES = 10_000

Plate = Annotated[str, Field(min_length=2, max_length=20, pattern=r"[0-9A-Za-z]", examples=["苏E12345"])]


class NewPlateList(Body):
    """PUT /v1/sites/{site}/plate-lists/{name} replaces the list."""

    plates: Annotated[list[Plate], Field(max_length=MAX_PLATES)]


class PlateList(View):
    """One list; plates are stored as keyed hashes and shown masked."""

    name: str
    count: int
    changed_by: str
    changed_at: Moment


class PlateListEntries(PlateList):
    """One list with its masked plates, by hash."""

    plates: list[str]


class PlateLists(View):
    """All lists, by name."""

    items: list[PlateList]
