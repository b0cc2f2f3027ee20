"""Plate lists of a site."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from api.schema import Body, Moment, OwnName, View
from herun.rule_files import MAX_PLATES, Plate


class NewPlateList(Body):
    """PUT /v1/sites/{site}/plate-lists/{name} replaces the list."""

    name: OwnName = None
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
