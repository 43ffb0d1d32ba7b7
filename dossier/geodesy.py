"""Distances on the earth: geodesics on the WGS 84 ellipsoid, by GeographicLib (C. F. F. Karney, 2013)."""

import pandas as pd
from geographiclib.geodesic import Geodesic


def distance_km(places: pd.DataFrame, start: str, end: str) -> float:
    """Shortest distance between two places, in kilometres.

    `places` has `place_id`, `latitude` and `longitude` in degrees. Raises `KeyError` for an unknown place and
    `ValueError` for one without coordinates.
    """
    found = places.set_index("place_id")[["latitude", "longitude"]]
    for place in (start, end):
        if found.loc[place].isna().any():
            raise ValueError(f"{place} has no coordinates in the table of places")
    (lat1, lon1), (lat2, lon2) = found.loc[start], found.loc[end]
    return Geodesic.WGS84.Inverse(lat1, lon1, lat2, lon2)["s12"] / 1000


def distances_km(places: pd.DataFrame, starts: list[str], ends: list[str]) -> pd.DataFrame:
    """Distances between each start and each end: columns `start`, `end`, `distance_km`."""
    return pd.DataFrame(
        [(start, end, distance_km(places, start, end)) for start in starts for end in ends],
        columns=["start", "end", "distance_km"],
    )
