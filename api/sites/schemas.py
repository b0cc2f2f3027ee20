"""Sites and their layout."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from api.distance import Point, point_of
from api.schema import Body, Latitude, Longitude, Moment, Name, Title, View, distinct, lat_with_lon
from herun.schedule import DEFAULT_TIME_ZONE, TimeZone


class NewSite(Body):
    """POST /v1/sites. The partition is assigned, and stays."""

    site: Name
    name: Title
    time_zone: TimeZone = DEFAULT_TIME_ZONE


class Site(View):
    """One site."""

    site: str
    name: str
    partition: int
    time_zone: str
    created_at: Moment


class Sites(View):
    """All sites that the caller may see."""

    items: list[Site]


class Building(Body):
    """A house of the site. With `lat` and `lon` (WGS-84, of its middle) a report by a point near it is of it."""

    building: Name
    name: Title
    lat: Latitude | None = None
    lon: Longitude | None = None

    _has_both = model_validator(mode="after")(lat_with_lon)

    @property
    def point(self) -> Point | None:
        """Where it stands; None if it does not say."""
        return point_of(self.lat, self.lon)


class Zone(Body):
    """A set of devices that belong together; it may lie in a building."""

    zone: Name
    name: Title
    building: Name | None = None


class Grid(Body):
    """The patch that grid workers look after."""

    grid: Name
    name: Title
    buildings: Annotated[list[Name], Field(default_factory=list, max_length=500)]


class Layout(Body):
    """PUT /v1/sites/{site}/layout replaces the layout; what is still in use cannot be left out (409)."""

    buildings: Annotated[list[Building], Field(default_factory=list, max_length=500), distinct("building")]
    zones: Annotated[list[Zone], Field(default_factory=list, max_length=1000), distinct("zone")]
    grids: Annotated[list[Grid], Field(default_factory=list, max_length=500), distinct("grid")]

    @model_validator(mode="after")
    def _names_its_own_buildings(self) -> Layout:
        known = {building.building for building in self.buildings}
        named = {zone.building for zone in self.zones if zone.building}
        named |= {name for grid in self.grids for name in grid.buildings}
        if named - known:
            raise ValueError(f"zones or grids name buildings that are not in this layout: {sorted(named - known)[:5]}")
        return self
