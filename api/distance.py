"""How far two points of the earth are from each other, and when two places are two. Pure."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt
from typing import Final, NamedTuple

Point = tuple[float, float]  # latitude and longitude in degrees, WGS-84

NEAR_M: Final = 50.0  # within, two points are one place
FAR_M: Final = 150.0  # beyond, they are two
_EARTH_M: Final = 6_371_008.8  # mean radius


def point_of(lat: float | None, lon: float | None) -> Point | None:
    """A point of what may be known; None if it is not."""
    return None if lat is None or lon is None else (lat, lon)


class Place(NamedTuple):
    """Where something is, as far as it is known. `is_elsewhere`: in a building that is none of the site's."""

    building: str | None
    point: Point | None
    is_elsewhere: bool = False


def are_apart(one: Place, other: Place) -> bool:
    """True if two places are known to be two: points that are far from each other, or two buildings.

    Two points near each other are one place, whatever building each is nearest to.
    """
    metres = distance_m(one.point, other.point)
    if metres is not None and (metres > FAR_M or metres <= NEAR_M):
        return metres > FAR_M
    if one.is_elsewhere or other.is_elsewhere:
        return one.building is not None or other.building is not None
    return None not in (one.building, other.building) and one.building != other.building


def distance_m(one: Point | None, other: Point | None) -> float | None:
    """Metres between two points along the ground (haversine on a sphere: within 0.6 %); None if one is not known."""
    if one is None or other is None:
        return None
    lat, lon, other_lat, other_lon = map(radians, (*one, *other))
    half = sin((other_lat - lat) / 2) ** 2 + cos(lat) * cos(other_lat) * sin((other_lon - lon) / 2) ** 2
    return 2 * _EARTH_M * asin(min(1.0, sqrt(half)))
