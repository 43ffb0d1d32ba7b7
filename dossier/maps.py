"""Maps: country outlines under the points of a chapter, at one scale whatever the width.

Vega-Lite fits a projection to the data of a view, and a view has a fixed height: a map would be cut or float in
empty bands when it is drawn 680 and 340 px wide. Here scale and height follow from the width instead, as
expressions in the chart itself, so the notebook, both static drawings and the live chart show the same part of
the world. Layers added to the outlines share their projection::

    outline(data.shapes, west=8, south=19, east=26, north=34) + points + labels(names)
"""

from collections.abc import Collection
from math import asin, atan2, cos, degrees, hypot, radians, sin, sqrt

import altair as alt
import pandas as pd
import shapely
from shapely.geometry import shape

from dossier.figures import PALETTE, WIDE
from dossier.shapes import clipped

MARGIN = 0.5
"""Degrees by which the outlines go on beyond the view, so that no cut edge shows."""


FINEST = 4
"""Pixels: smaller bends and islands would be weight without sight."""


def outline(
    shapes: dict, west: float, south: float, east: float, north: float, names: Collection[str] = ()
) -> alt.LayerChart:
    """The outlines of a box in degrees as the lowest layers of a map; its width is that of the figure.

    `names` are the countries to be named, each written in the middle of what is seen of it.

    The projection is Lambert's azimuthal equal-area about the middle of the box: areas are true, and over a
    continent distances are so within a few per cent, which a map of reach needs and Mercator's does not give. North
    is up in the middle. Raises `ValueError` where `shapes` end before the view does.
    """
    middle = (west + east) / 2, (south + north) / 2
    left, bottom, right, top = _frame([_forward(*middle, *point) for point in _around(west, south, east, north)])
    view = _frame([_inverse(*middle, *point) for point in _around(left, bottom, right, top)])
    box = view[0] - MARGIN, view[1] - MARGIN, view[2] + MARGIN, view[3] + MARGIN
    edges = shapes["bbox"]
    if box[0] < edges[0] or box[1] < edges[1] or box[2] > edges[2] or box[3] > edges[3]:
        seen = ", ".join(f"{edge:.1f}" for edge in box)
        raise ValueError(f"the map shows {seen} (west, south, east, north), but the outlines end at {edges}")
    features = clipped(shapes["features"], box, tolerance=FINEST * degrees(right - left) / WIDE)
    land = alt.Chart(alt.Data(values=features)).mark_geoshape(
        clip=True, fill=PALETTE["grid"], stroke=PALETTE["paper"], strokeWidth=1, tooltip=None
    )
    found = {feature["properties"]["name"]: shape(feature["geometry"]) for feature in clipped(features, view, 0)}
    if unknown := sorted(set(names) - set(found)):
        raise ValueError(f"{', '.join(unknown)}: not in the map; it shows {', '.join(sorted(found))}")
    middles = [(name, shapely.maximum_inscribed_circle(found[name], 0.1).coords[0]) for name in names]
    rows = [{"name": name, "longitude": round(x, 2), "latitude": round(y, 2)} for name, (x, y) in middles]
    written = (
        alt.Chart(alt.Data(values=rows))
        .mark_text(fill=PALETTE["muted"], fontSize=11)
        .encode(longitude="longitude:Q", latitude="latitude:Q", text="name:N")
    )
    across = f"width / {right - left:.6f}"
    return (
        alt.layer(land, written)
        .project(
            "azimuthalEqualArea",
            rotate=[-middle[0], -middle[1], 0],
            scale=alt.ExprRef(across),
            precision=0.2,
            translate=alt.ExprRef(f"[{-left:.6f} * {across}, {top:.6f} * {across}]"),
        )
        .properties(height=round(WIDE * (top - bottom) / (right - left)))
        .add_params(alt.param(name="height", expr=f"width * {(top - bottom) / (right - left):.6f}"))
    )


def arcs(rows: pd.DataFrame, places: pd.DataFrame, start: str = "start", end: str = "end") -> alt.Chart:
    """A great circle for each row, from one place to another, as a layer over `outline`.

    `rows` name places by their `place_id` in the columns `start` and `end`; `places` has the coordinates. Colour
    and tooltip are encoded as on any chart.
    """
    named = {*rows[start], *rows[end]}
    points = places.loc[places["place_id"].isin(named), ["place_id", "longitude", "latitude"]]
    if missing := sorted(named - {*points.dropna()["place_id"]}):
        raise ValueError(f"{', '.join(missing)}: no coordinates in the table of places")
    found = alt.LookupData(points, key="place_id", fields=["longitude", "latitude"])
    line = "[[datum.x1, datum.y1], [datum.x2, datum.y2]]"
    return (
        alt.Chart(rows)
        .mark_geoshape(filled=False, fill=None, strokeWidth=1.5, stroke=PALETTE["blue"])
        .transform_lookup(start, from_=found, as_=["x1", "y1"])
        .transform_lookup(end, from_=found, as_=["x2", "y2"])
        .transform_calculate(type="'Feature'", geometry=f"{{type: 'LineString', coordinates: {line}}}")
    )


def labels(rows: pd.DataFrame, text: str = "name", side: str = "side", gap: int = 8) -> alt.Chart:
    """Names beside points, as a layer: `rows` have `longitude`, `latitude` and on which side the text stands.

    The side is left, right, above or below, or two of them, as "above left".
    """
    right, left = f"indexof(datum.{side}, 'right') >= 0", f"indexof(datum.{side}, 'left') >= 0"
    above, below = f"indexof(datum.{side}, 'above') >= 0", f"indexof(datum.{side}, 'below') >= 0"
    return (
        alt.Chart(rows)
        .mark_text(
            align=alt.ExprRef(f"{right} ? 'left' : {left} ? 'right' : 'center'"),
            baseline="middle",
            dx=alt.ExprRef(f"{right} ? {gap} : {left} ? -{gap} : 0"),
            dy=alt.ExprRef(f"{above} ? -{gap + 4} : {below} ? {gap + 4} : 0"),
        )
        .encode(longitude="longitude:Q", latitude="latitude:Q", text=f"{text}:N")
    )


def _around(west: float, south: float, east: float, north: float, steps: int = 40) -> list[tuple[float, float]]:
    """Points along the edges of a box."""
    along = [(west + (east - west) * i / steps, south + (north - south) * i / steps) for i in range(steps + 1)]
    return [point for x, y in along for point in ((x, south), (x, north), (west, y), (east, y))]


def _frame(points: list[tuple[float, float]]) -> tuple[float, float, float, float]:
    x, y = zip(*points, strict=True)
    return min(x), min(y), max(x), max(y)


def _forward(lon0: float, lat0: float, lon: float, lat: float) -> tuple[float, float]:
    """Lambert's azimuthal equal-area projection about a point, on the unit sphere (Snyder 1987, 24-2 to 24-4)."""
    away, at, middle = radians(lon - lon0), radians(lat), radians(lat0)
    k = sqrt(2 / (1 + sin(middle) * sin(at) + cos(middle) * cos(at) * cos(away)))
    return k * cos(at) * sin(away), k * (cos(middle) * sin(at) - sin(middle) * cos(at) * cos(away))


def _inverse(lon0: float, lat0: float, x: float, y: float) -> tuple[float, float]:
    """Longitude and latitude of a point of the map (Snyder 1987, 20-14 to 20-16)."""
    middle, far = radians(lat0), hypot(x, y)
    if far == 0:
        return lon0, lat0
    c = 2 * asin(far / 2)
    lat = asin(cos(c) * sin(middle) + y * sin(c) * cos(middle) / far)
    lon = atan2(x * sin(c), far * cos(middle) * cos(c) - y * sin(middle) * sin(c))
    return lon0 + degrees(lon), degrees(lat)
