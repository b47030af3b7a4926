"""Distances between institutions."""

from functools import lru_cache
from math import asin, cos, radians, sin, sqrt

from schemas.registry import Institution

EARTH_RADIUS_KM = 6_371.0088
"""Mean radius (IUGG)."""


def great_circle_km(one: Institution, other: Institution) -> float | None:
    """Distance by the haversine formula, km; None where a coordinate is missing."""
    if one.latitude is None or one.longitude is None or other.latitude is None or other.longitude is None:
        return None
    return _haversine_km(one.latitude, one.longitude, other.latitude, other.longitude)


@lru_cache(maxsize=100_000)
def _haversine_km(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    lat1, lon1, lat2, lon2 = map(radians, (latitude, longitude, other_latitude, other_longitude))
    chord = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(chord)))
