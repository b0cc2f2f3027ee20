"""How far two points of the earth are from each other. Pure."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt
from typing import Final

Point = tuple[float, float]  # latitude and longitude in degrees, WGS-84

_EARTH_M: Final = 6_371_008.8  # mean radius


def distance_m(one: Point | None, other: Point | None) -> float | None:
    """Metres between two points along the ground (haversine on a sphere: within 0.6 %); None if one is not known."""
    if one is None or other is None:
        return None
    lat, lon, other_lat, other_lon = map(radians, (*one, *other))
    half = sin((other_lat - lat) / 2) ** 2 + cos(lat) * cos(other_lat) * sin((other_lon - lon) / 2) ** 2
    return 2 * _EARTH_M * asin(min(1.0, sqrt(half)))
