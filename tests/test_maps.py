"""What maps promise: outlines cut to the view, no shape that fills the globe, the same map at every width."""

import re

import altair as alt
import pandas as pd
import pytest
import shapely
import vl_convert
from lxml import etree
from shapely.geometry import shape

from dossier import figure
from dossier.drawings import static
from dossier.figures import NARROW, WIDE
from dossier.geodesy import distance_km
from dossier.maps import arcs, labels, outline
from dossier.shapes import clipped, countries

BOX = {"west": 7, "south": 18, "east": 14, "north": 26}


@pytest.fixture
def harbour(data):
    """A map with two points at opposite corners of its box, an arc between them and a label."""
    ends = pd.DataFrame(
        {"place_id": ["a", "b"], "name": ["A", "B"], "side": ["right", "above left"]}
        | {"longitude": [8.0, 13.0], "latitude": [19.0, 25.0], "claim_id": ["K001", "K004"]}
    )
    way = pd.DataFrame({"start": ["a"], "end": ["b"], "claim_ids": ["K001 K004"]})
    points = alt.Chart(ends).mark_point().encode(longitude="longitude:Q", latitude="latitude:Q")
    chart = outline(data.shapes, **BOX, names=["Emberland"]) + arcs(way, ends) + points + labels(ends)
    return figure(chart, id="harbour-map", title="Two places", alt="Two places and the way between them.")


def test_outlines_are_cut_to_the_box(data):
    found = clipped(data.shapes["features"], (7, 18, 14, 26), tolerance=0.01)
    assert [feature["properties"]["name"] for feature in found] == ["Emberland", "Eastmark"]
    assert shapely.total_bounds([shape(feature["geometry"]) for feature in found]).tolist() == [7, 18, 14, 25]


def test_topology_becomes_clockwise_outlines():
    # two squares that share the arc 1; the second runs it backwards
    topology = {
        "transform": {"scale": [0.5, 0.5], "translate": [10, 20]},
        "arcs": [[[2, 0], [-2, 0], [0, 2], [2, 0]], [[2, 2], [0, -2]], [[2, 2], [2, 0], [0, -2], [-2, 0]]],
        "objects": {
            "countries": {
                "geometries": [
                    {"type": "Polygon", "id": "990", "properties": {"name": "W"}, "arcs": [[0, 1]]},
                    {"type": "MultiPolygon", "id": "991", "properties": {"name": "E"}, "arcs": [[[2, ~1]]]},
                ]
            }
        },
    }
    west, east = (shape(feature["geometry"]) for feature in clipped(countries(topology), (0, 0, 40, 40), 0.01))
    assert west.bounds == (10, 20, 11, 21) and east.bounds == (11, 20, 12, 21)
    assert not any(polygon.exterior.is_ccw for outline in (west, east) for polygon in outline.geoms)


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_map_is_the_same_at_both_widths(harbour, width):
    svg = static(harbour.to_dict(), width)
    root = etree.fromstring(svg.encode())
    assert float(root.get("width")) == width
    assert float(root.get("height")) / width == pytest.approx(1.22, abs=0.04)  # the box at its middle latitude
    land = root.xpath("//*[contains(@class, 'layer_0_layer_0_marks') or contains(@class, 'layer_0_marks')]//*[@d]")
    spots = root.xpath("//*[contains(@class, 'mark-symbol')]//*[@transform]")
    (x1, y1), (x2, y2) = ([float(n) for n in re.findall(r"[-\d.]+", spot.get("transform"))] for spot in spots)
    assert land and (x2 - x1) / width == pytest.approx(5 / 7, abs=0.03) and y1 > y2


def test_small_country_does_not_fill_the_globe(data):
    chart = outline(data.shapes, 2, 16, 18, 29).properties(width=WIDE)
    root = etree.fromstring(vl_convert.vegalite_to_svg(chart.to_dict()).encode())
    sizes = []
    for path in root.xpath("//*[contains(@class, 'mark-shape')]//*[@d]"):
        numbers = [float(number) for number in re.findall(r"-?[\d.]+", path.get("d"))]
        sizes.append(max(numbers[::2]) - min(numbers[::2]))
    assert sorted(round(size / WIDE * 16) for size in sizes) == [1, 7, 7]


def test_map_beyond_the_outlines_is_refused(data):
    with pytest.raises(ValueError, match="outlines end at"):
        outline(data.shapes, west=-5, south=18, east=14, north=26)


def test_arc_to_an_unknown_place_is_named(data):
    with pytest.raises(ValueError, match="gull-island"):
        arcs(pd.DataFrame({"start": ["port-ember"], "end": ["gull-island"]}), data.places)


def test_distance_is_that_of_a_published_geodesic():
    # C. F. F. Karney, Algorithms for geodesics, J. Geodesy 87 (2013), table 2: 10 000 km on WGS 84
    places = pd.DataFrame(
        {"place_id": ["a", "b"], "latitude": [40, 41.79331020506], "longitude": [0, 137.84490004377]}
    )
    assert distance_km(places, "a", "b") == pytest.approx(10_000, abs=1e-6)
