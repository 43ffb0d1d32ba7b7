"""Makes the resource `shapes` of the data package: country outlines of a region, from Natural Earth.

``python -m dossier.shapes WEST SOUTH EAST NORTH`` (``make shapes``). The descriptor names the npm package and
the TopoJSON file in it; npm fetches the package. It is run by hand, when the region changes, and its result is
kept with the tables: a build of the book needs neither npm nor a network.
"""

import argparse
import json
import subprocess
import tarfile
import tempfile
from itertools import accumulate, chain
from pathlib import Path

import shapely
from shapely.geometry import shape

from dossier.package import load

TOLERANCE = 0.1
"""Degrees: what is smoothed away in the file."""


def main(arguments: list[str] | None = None) -> None:
    """Write the file that the descriptor names."""
    parser = argparse.ArgumentParser(prog="dossier.shapes", description=__doc__.partition("\n")[0])
    for edge in ("west", "south", "east", "north"):
        parser.add_argument(edge, type=float, help="in degrees")
    box = tuple(vars(parser.parse_args(arguments)).values())
    data = load()
    source = data.resources["shapes"]["sources"][0]
    found = clipped(countries(_from_npm(source["package"], source["file"])), box, TOLERANCE)
    features = ",\n".join(json.dumps(feature, separators=(",", ":")) for feature in found)
    head = f'{{"type":"FeatureCollection","bbox":{json.dumps(box)},"features":[\n'
    data.path("shapes").write_text(f"{head}{features}\n]}}\n", encoding="utf-8")


def _from_npm(package: str, file: str) -> dict:
    """One JSON file of an npm package."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", package], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        with tarfile.open(next(Path(folder).glob("*.tgz"))) as archive:
            return json.load(archive.extractfile(f"package/{file}"))


def countries(topology: dict) -> list[dict]:
    """The features of the object `countries` of a TopoJSON topology, as GeoJSON; ids are ISO 3166-1 numeric."""
    scale, translate = topology["transform"]["scale"], topology["transform"]["translate"]

    def points(arc: list) -> list[tuple[float, ...]]:
        steps = accumulate(arc, lambda point, step: (point[0] + step[0], point[1] + step[1]))
        return [tuple(at * s + t for at, s, t in zip(point, scale, translate, strict=True)) for point in steps]

    arcs = [points(arc) for arc in topology["arcs"]]

    def ring(indexes: list[int]) -> list:
        # a negative index is an arc run backwards; the first point of an arc is the last of the one before
        parts = [arcs[index] if index >= 0 else arcs[~index][::-1] for index in indexes]
        return [parts[0][0], *chain.from_iterable(part[1:] for part in parts)]

    def coordinates(geometry: dict) -> list:
        polygons = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
        return [[ring(indexes) for indexes in polygon] for polygon in polygons]

    return [
        {
            "type": "Feature",
            "properties": {"iso": geometry.get("id"), "name": geometry["properties"]["name"]},
            "geometry": {"type": "MultiPolygon", "coordinates": coordinates(geometry)},
        }
        for geometry in topology["objects"]["countries"]["geometries"]
        if geometry["type"] in ("Polygon", "MultiPolygon")
    ]


def clipped(features: list[dict], box: tuple[float, float, float, float], tolerance: float) -> list[dict]:
    """What of each feature lies in a box (west, south, east, north), smoothed, to two decimals (about 1 km).

    Bends smaller than a square of side `tolerance` (degrees) go, in the borders of neighbours alike. Exterior
    rings run clockwise, as d3 and Vega want them on the sphere: the other way round they fill the globe.
    """
    frame = shapely.box(*box)
    inside = [polygons(shapely.make_valid(shape(feature["geometry"])).intersection(frame)) for feature in features]
    smooth = shapely.set_precision(shapely.coverage_simplify(inside, tolerance), 0.01)
    smooth = shapely.segmentize(smooth, 2)  # between far points d3 draws great circles, not parallels
    return [
        {**feature, "geometry": _written(polygons(outline, tolerance**2))}
        for feature, outline in zip(features, smooth, strict=True)
        if not outline.is_empty
    ]


def polygons(geometry: shapely.Geometry, smallest: float = 0) -> shapely.MultiPolygon:
    """The polygons of a geometry that are larger, exterior rings clockwise; lines and points are left out."""
    parts = [part for whole in shapely.get_parts([geometry]) for part in shapely.get_parts(whole)]
    found = shapely.MultiPolygon([part for part in parts if part.geom_type == "Polygon" and part.area > smallest])
    return shapely.orient_polygons(found, exterior_cw=True)


def _written(outline: shapely.MultiPolygon) -> dict:
    rings = [[polygon.exterior, *polygon.interiors] for polygon in outline.geoms]
    return {
        "type": "MultiPolygon",
        "coordinates": [[[[round(x, 2), round(y, 2)] for x, y in ring.coords] for ring in held] for held in rings],
    }


if __name__ == "__main__":
    main()
