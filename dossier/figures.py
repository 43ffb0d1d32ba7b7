"""What makes a Vega-Lite specification a figure of the report: name, finding, alt text, claims; and its colours."""

import re
from collections.abc import Iterator

from dossier.package import column_in_words

MIMETYPE = "application/vnd.vegalite.v6+json"

BOOK = "DOSSIER_BOOK"
"""Environment variable that is set where a notebook is executed for the book and not by hand."""

WIDE, NARROW = 680, 340
"""Widths in CSS pixels of the two static layouts."""

TOKENS = {
    "ink": ("#1c2331", "#e8ebf1"),
    "muted": ("#545d6b", "#aab3c0"),
    "grid": ("#dadee4", "#384150"),
    "paper": ("#fefefe", "#14181f"),
    "blue": ("#1f5fa9", "#7fb6f2"),
    "orange": ("#b5480e", "#f39b67"),
    "green": ("#1a7757", "#5dc8a2"),
    "purple": ("#7c4a99", "#c99ee2"),
    "ochre": ("#836500", "#dcbb4d"),
    "grey": ("#69717e", "#a4adb9"),
}
"""Colour tokens: name to (light, dark). A chart uses the light value; the page swaps in the reader's theme."""

PALETTE = {name: light for name, (light, _) in TOKENS.items()}
"""Token name to the colour to write in a chart: ``PALETTE["blue"]``."""

CATEGORIES = [PALETTE[name] for name in ("blue", "orange", "green", "purple", "ochre", "grey")]


class FigureError(ValueError):
    """A figure lacks what a published figure must have; the message names the figure and the remedy."""


_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def demand(spec: dict) -> None:
    """Raise `FigureError` unless a Vega-Lite specification is a whole figure."""
    if not isinstance(spec, dict):
        raise FigureError("a chart that is no Vega-Lite specification: pass an Altair chart to dossier.figure()")
    name = spec.get("name") or "without an id"
    for key, what in (("name", "id"), ("title", "title that says the finding"), ("description", "alt text")):
        if not str(spec.get(key) or "").strip():
            raise FigureError(
                f"figure {name!r}: has no {what}: pass the chart through dossier.figure() and give one"
            )
    if not _ID.fullmatch(str(name)):
        raise FigureError(
            f"figure {name!r}: the id must be lower-case words joined by hyphens, as 'flights-counted'"
        )
    if {"hconcat", "vconcat", "concat", "facet", "repeat"} & spec.keys():
        raise FigureError(
            f"figure {name!r}: is made of several views, which cannot be laid out for a phone: "
            "use one view or layers, or two figures"
        )
    for field, columns in _fields_without_data(spec):
        raise FigureError(
            f"figure {name!r}: draws the field {field!r}, which its rows do not have: one of {', '.join(columns)}"
        )
    if not claims_drawn(spec):
        raise FigureError(
            f"figure {name!r}: no row names a claim, so it has no sources: keep the column claim_id "
            "(or claim_ids) in the data drawn"
        )


def _fields_without_data(spec: dict) -> Iterator[tuple[str, list[str]]]:
    """Fields that are drawn though no row has them, and the columns that the rows have.

    Where the chart itself makes fields, by a transform, or its data is no list of rows, this is not known.
    """
    for part in (spec, *spec.get("layer", [])):
        data = part.get("data") or spec.get("data") or {}
        rows = data.get("values") or spec.get("datasets", {}).get(data.get("name"))
        if "layer" in part or "transform" in spec or "transform" in part or not isinstance(rows, list):
            continue
        columns = list(dict.fromkeys(column for row in rows for column in row))
        for channel in {**spec.get("encoding", {}), **part.get("encoding", {})}.values():
            for shown in channel if isinstance(channel, list) else [channel]:
                field = shown.get("field") if isinstance(shown, dict) else None
                if isinstance(field, str) and columns and field.replace("\\", "") not in columns:
                    yield field, columns


def rows_drawn(spec: dict) -> list[dict]:
    """The rows of a specification that name claims, of all its datasets."""
    return [row for rows in _datasets(spec) for row in rows if "claim_id" in row or "claim_ids" in row]


def columns_drawn(spec: dict) -> list[str]:
    """The columns of the rows drawn, in their order; a stored notebook keeps that of lists, not of keys."""
    kept = spec.get("usermeta", {}).get("columns")
    return kept or list(dict.fromkeys(column for row in rows_drawn(spec) for column in row))


def claims_drawn(spec: dict) -> list[str]:
    """The ids of the claims that a specification draws, each once, sorted."""
    found: set[str] = set()
    for row in rows_drawn(spec):
        found.update(str(row.get("claim_id") or "").split())
        found.update(str(row.get("claim_ids") or "").split())
    return sorted(found)


def name_tooltips(spec: dict) -> None:
    """Give the fields of tooltips that have no title one in words, in a specification, in place."""
    for part in (spec, *spec.get("layer", [])):
        shown = part.get("encoding", {}).get("tooltip", [])
        for line in shown if isinstance(shown, list) else [shown]:
            if "field" in line:
                line.setdefault("title", column_in_words(line["field"]).capitalize())


def shows_support(spec: dict) -> bool:
    """Whether marks are filled or hollow by the number of origins (`dossier.SUPPORT`)."""
    layers = [spec, *spec.get("layer", [])]
    return any(layer.get("encoding", {}).get("fillOpacity", {}).get("field") == "support" for layer in layers)


def _datasets(spec: dict) -> Iterator[list[dict]]:
    yield from spec.get("datasets", {}).values()
    for part in (spec, *spec.get("layer", [])):
        values = part.get("data", {}).get("values")
        if isinstance(values, list):
            yield values
