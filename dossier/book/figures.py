"""From a cell's Vega-Lite output to a figure of the page: static drawings, live chart, data, files, sources."""

import csv
import io
import json
import shutil
from collections import Counter
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

from dossier import drawings
from dossier.book import state
from dossier.book.citation import cite
from dossier.book.claims import claim_uri
from dossier.drawings import text_of
from dossier.figures import (
    MIMETYPE,
    FigureError,
    claims_drawn,
    columns_drawn,
    demand,
    rows_drawn,
    shows_support,
)
from dossier.workers import submit

CLAIMS_A_CELL = 200
"""How many claims of one row the table below a figure links; its CSV file names all."""


class drawn_figure(nodes.figure):
    """A figure, drawn; its frame is made when numbers and pages are known."""


class FigureRenderer:
    """Takes Vega-Lite outputs from myst-nb (entry point ``myst_nb.mime_renderers``)."""

    mime_priority_overrides = (("*", MIMETYPE, 1),)

    @staticmethod
    def handle_mime(renderer, data, inline: bool) -> list[nodes.Element] | None:
        """A list with one figure, empty for a half one, which is a fault; None for any other output."""
        if data.mime_type != MIMETYPE or inline:
            return None
        env = renderer.renderer.sphinx_env
        spec = json.loads(json.dumps(data.content, sort_keys=True))  # as the cache of executions has it
        location = (env.docname, data.line - 1)  # the first line of the cell
        try:
            node = _node(env, spec, location)
        except FigureError as error:
            state.fault(env.app, str(error), location)
            return []
        renderer.renderer.document.note_explicit_target(node)
        return [node]


def _node(env, spec: dict, location: tuple[str, int]) -> drawn_figure:
    demand(spec)
    app, name = env.app, spec["name"]
    for page, held in figures(env).items():
        if name in held:
            raise FigureError(f"figure {name!r} exists in {page} already: give one of them another id")
    known = state.claim_rows(app)
    state.depend_on(env, app.dossier_tables, *state.GRADED)
    claims = claims_drawn(spec)
    if missing := [key for key in claims if key not in known]:
        told = f"figure {name!r} draws unknown claims {', '.join(missing)}"
        raise FigureError(f"{told}: claim_ids of claims.csv, or new rows there")
    figures(env).setdefault(env.docname, {})[name] = spec["title"]
    alone = {row.get("claim_id") or row.get("claim_ids") for row in rows_drawn(spec)}
    for key in claims:
        state.note_use(env, key, name, "mark" if key in alone else state.AMONG_OTHERS)
    _draw(env, spec, location)
    return drawn_figure(ids=[name], names=[name], spec=json.dumps(spec, ensure_ascii=False, sort_keys=True))


def figures(env) -> dict[str, dict[str, str]]:
    """Page to figure id to title. Kept with the environment."""
    if not hasattr(env, "dossier_figures"):
        env.dossier_figures = {}
    return env.dossier_figures


def table(spec: dict) -> tuple[list[str], list[dict]]:
    """Columns and rows of the data drawn, in order, each row once; dates and numbers as one writes them."""
    rows = [{column: _cell(value) for column, value in row.items()} for row in rows_drawn(spec)]
    filled = [column for column in columns_drawn(spec) if any(row.get(column) not in (None, "") for row in rows)]
    unique = {json.dumps(row, sort_keys=True): row for row in rows}
    return filled, list(unique.values())


def _cell(value):
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str):
        return value.removesuffix("T00:00:00")
    return value


def csv_text(spec: dict) -> str:
    """The data drawn as CSV; a text that a spreadsheet would run as a formula is led by an apostrophe."""
    columns, rows = table(spec)
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: _harmless(value) for key, value in row.items()})
    return out.getvalue()


def _harmless(value):
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t" else value


def folder(app: Sphinx) -> Path:
    """Where the files of figures are kept, beside the doctrees, to be copied into the book at the end."""
    return Path(app.doctreedir) / "figures"


def _draw(env, spec: dict, location: tuple[str, int]) -> None:
    """Write the data of a figure, and have it drawn beside the build unless that was done of the same."""
    app, name, target = env.app, spec["name"], folder(env.app)
    target.mkdir(parents=True, exist_ok=True)
    (target / f"{name}.csv").write_text(csv_text(spec), encoding="utf-8")
    made_of = _mark(app, json.dumps(spec))
    made = target / f"{name}{drawings.MADE}"
    if not made.is_file() or made.read_text(encoding="utf-8") != made_of:
        made.unlink(missing_ok=True)
        app.dossier_drawn[name] = location, submit(drawings.draw, spec, target, made_of)


def _mark(app: Sphinx, drawn: str) -> str:
    """A digest of what a picture is made of, and by."""
    return sha256((drawn + app.config.dossier_machinery + version("vl-convert-python")).encode()).hexdigest()


def rasterize(app: Sphinx, drawn: str, target: Path, made: Path, scale: int = 1) -> None:
    """Have a PNG made beside the build, unless `made` tells that it was made of the same drawing before."""
    if target in app.dossier_rasterized:
        return
    made_of = _mark(app, drawn)
    if target.is_file() and made.is_file() and made.read_text(encoding="utf-8") == made_of:
        return
    for file in (target, made):
        file.parent.mkdir(exist_ok=True)
    app.dossier_rasterized[target] = submit(drawings.rasterize, drawn, target, scale, made, made_of)


def _forget(app: Sphinx, env, docnames: list[str]) -> None:
    """A figure may move to a page that is read before the one that had it."""
    for docname in docnames:
        figures(env).pop(docname, None)


def _prepare(app: Sphinx) -> None:
    app.dossier_drawn, app.dossier_rasterized = {}, {}


def _await_drawings(app: Sphinx, env) -> None:
    """Tell of the figures that could not be drawn."""
    for name, (location, drawn) in app.dossier_drawn.items():
        try:
            drawn.result()
        except ValueError as error:  # of the renderer
            told = " ".join(line for line in map(str.strip, str(error).splitlines()) if not line.startswith("at "))
            state.fault(app, f"figure {name!r} cannot be drawn: {told}: mend the chart", location)
            drawings.leave_blank(name, folder(app))


def _rasterize(app: Sphinx, env) -> None:
    """The large PNGs, for which no page waits."""
    if app.builder.format == "html":
        for name in sorted(name for held in figures(env).values() for name in held):
            drawn, target, made = (folder(app) / f"{name}{ending}" for ending in (".svg", ".png", ".png.made"))
            rasterize(app, drawn.read_text(encoding="utf-8"), target, made, scale=2)


def _resolve(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    for node in list(doctree.findall(drawn_figure)):
        node.replace_self(nodes.raw("", _html(app, docname, node), format="html"))


def told(app: Sphinx, docname: str, node: drawn_figure) -> dict:
    """What stands with a drawing on a page and in print: number, words, claims, sources."""
    spec, name = json.loads(node["spec"]), node["ids"][0]
    known = state.claim_rows(app)
    claims = [known[key] for key in claims_drawn(spec)]
    evidence = [row for claim in claims for row in claim["evidence"]]
    publishers = Counter()
    for source in {row["source_id"]: row for row in evidence}.values():
        publishers[source["publisher"]] += 1
    numbers = app.env.toc_fignumbers.get(docname, {}).get("figure", {})
    return {
        "name": name,
        "number": ".".join(map(str, numbers.get(name, ()))),
        "title": text_of(spec["title"]),
        "alt": spec["description"],
        "note": spec.get("usermeta", {}).get("note", ""),
        "support": shows_support(spec),
        "claims": claims,
        "sources": len({row["source_id"] for row in evidence}),
        "origins": len({row["origin_id"] for row in evidence if row["stance"] == "supports"}),
        "publishers": [
            publisher for publisher, _ in sorted(publishers.items(), key=lambda item: (-item[1], item[0]))
        ],
    }


def _html(app: Sphinx, docname: str, node: drawn_figure) -> str:
    shown = told(app, docname, node)
    columns, rows = table(json.loads(node["spec"]))
    drawn = folder(app)
    return (
        state.templates()
        .get_template("figure.html")
        .render(
            **shown,
            citation=cite(app, docname, "figure", shown["name"], shown["title"]),
            wide=(drawn / f"{shown['name']}-wide.svg").read_text(encoding="utf-8"),
            narrow=(drawn / f"{shown['name']}-narrow.svg").read_text(encoding="utf-8"),
            claim_uri=lambda key: claim_uri(app, docname, key),
            columns=columns,
            rows=rows,
            files="../" * docname.count("/") + "figures/",
            most=CLAIMS_A_CELL,
        )
    )


def _publish(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.format != "html":
        return
    for made in app.dossier_rasterized.values():
        made.result()
    target = Path(app.outdir) / "figures"
    target.mkdir(exist_ok=True)
    current = {name for held in figures(app.env).values() for name in held}
    for file in target.iterdir():
        if file.stem not in current:
            file.unlink()
    for name in sorted(current):
        for ending in drawings.TAKEN:
            shutil.copy2(folder(app) / f"{name}{ending}", target / f"{name}{ending}")


def _purge(app: Sphinx, env, docname: str) -> None:
    figures(env).pop(docname, None)


def setup(app: Sphinx) -> None:
    """Register the node and the hooks."""
    app.add_enumerable_node(drawn_figure, "figure", lambda node: text_of(json.loads(node["spec"])["title"]))
    app.connect("builder-inited", _prepare)
    app.connect("env-purge-doc", _purge)
    app.connect("env-before-read-docs", _forget)
    app.connect("env-updated", _await_drawings)
    app.connect("doctree-resolved", _resolve)
    app.connect("env-check-consistency", _rasterize, priority=700)  # what pages wait for comes before
    app.connect("build-finished", _publish, priority=940)  # what others do meanwhile comes before
