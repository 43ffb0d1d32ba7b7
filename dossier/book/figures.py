"""From a cell's Vega-Lite output to a figure of the page: static drawings, live chart, data, files, sources."""

import csv
import io
import json
import re
import shutil
import textwrap
from collections import Counter
from pathlib import Path

import vl_convert
from docutils import nodes
from lxml import etree
from sphinx.application import Sphinx

from dossier.book import state
from dossier.book.citation import cite
from dossier.book.claims import claim_uri
from dossier.figures import (
    MIMETYPE,
    NARROW,
    TOKENS,
    WIDE,
    FigureError,
    claims_drawn,
    columns_drawn,
    demand,
    rows_drawn,
    shows_support,
)


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
        try:
            node = _node(env, spec)
        except FigureError as error:
            state.fault(env.app, str(error), (env.docname, data.line - 1))  # the first line of the cell
            return []
        renderer.renderer.document.note_explicit_target(node)
        return [node]


def _node(env, spec: dict) -> drawn_figure:
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
    for key in claims:
        state.note_use(env, key, name, "figure")
    try:
        _write_files(app, spec)
        wide, narrow = static(spec, WIDE), static(spec, NARROW)
    except ValueError as error:  # of the renderer
        told = " ".join(line for line in map(str.strip, str(error).splitlines()) if not line.startswith("at "))
        raise FigureError(f"figure {name!r} cannot be drawn: {told}: mend the chart") from error
    text = json.dumps(spec, ensure_ascii=False, sort_keys=True)
    return drawn_figure(ids=[name], names=[name], spec=text, wide=wide, narrow=narrow)


def figures(env) -> dict[str, dict[str, str]]:
    """Page to figure id to title. Kept with the environment."""
    if not hasattr(env, "dossier_figures"):
        env.dossier_figures = {}
    return env.dossier_figures


def static(spec: dict, width: int) -> str:
    """A drawing of the given width as SVG for a page: no title, theme colours as CSS variables, ids of its own."""
    bare = {key: value for key, value in spec.items() if key not in ("title", "usermeta", "description")}
    root = etree.fromstring(vl_convert.vegalite_to_svg(sized(bare, width)).encode())
    prefix = f"{spec['name']}-{width}-"
    for element in root.iter():
        for key in list(element.attrib):
            value = element.attrib[key]
            if key == "id":
                element.set(key, prefix + value)
            elif key == "role" or key.startswith("aria-"):
                del element.attrib[key]
            elif "url(#" in value:
                element.set(key, value.replace("url(#", f"url(#{prefix}"))
            elif key == "font-family":
                del element.attrib[key]
    root.set("aria-hidden", "true")
    root.attrib.pop("version", None)
    text = re.sub(
        r"\d+\.\d{3,}", lambda number: f"{float(number.group()):.2f}", etree.tostring(root, encoding="unicode")
    )
    for token, (light, _) in TOKENS.items():
        text = re.sub(re.escape(light), f"var(--figure-{token})", text, flags=re.IGNORECASE)
    return text


def sized(spec: dict, width: int) -> dict:
    """The specification drawn so that the whole drawing, axes and legend with it, is so wide."""
    if spec.get("width") != "container":
        return spec
    return {**spec, "width": width, "autosize": {"type": "fit-x", "contains": "padding"}, "padding": 2}


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


def _folder(app: Sphinx) -> Path:
    return Path(app.doctreedir) / "figures"


def _write_files(app: Sphinx, spec: dict) -> None:
    """The files offered beside a figure; kept beside the doctrees and copied into the book at the end."""
    folder = _folder(app)
    folder.mkdir(parents=True, exist_ok=True)
    whole = {**sized(spec, WIDE), "background": TOKENS["paper"][0], "padding": 12}
    whole["title"] = {"text": textwrap.wrap(text_of(spec["title"]), 84), "anchor": "start"}
    if shows_support(spec):
        whole["title"]["subtitle"] = "Hollow marks rest on one origin"
    (folder / f"{spec['name']}.svg").write_text(vl_convert.vegalite_to_svg(whole), encoding="utf-8")
    (folder / f"{spec['name']}.png").write_bytes(vl_convert.vegalite_to_png(whole, scale=2))
    (folder / f"{spec['name']}.csv").write_text(csv_text(spec), encoding="utf-8")
    # Compiled here, not by the reader's browser: Vega-Lite warns there of harmless things. A script and not
    # JSON, because a page opened from a folder may load the one and not the other.
    live = vl_convert.vegalite_to_vega(sized({**spec, "title": None, "usermeta": None}, WIDE))
    text = json.dumps(live, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    call = f"(window.dossierFigures ??= {{}})[{json.dumps(spec['name'])}] = {text};\n"
    (folder / f"{spec['name']}.js").write_text(call, encoding="utf-8")


def text_of(title) -> str:
    """A chart's title as one line."""
    return (
        title
        if isinstance(title, str)
        else " ".join(title["text"])
        if isinstance(title["text"], list)
        else title["text"]
    )


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
    return (
        state.templates()
        .get_template("figure.html")
        .render(
            **shown,
            citation=cite(app, docname, "figure", shown["name"], shown["title"]),
            wide=node["wide"],
            narrow=node["narrow"],
            claim_uri=lambda key: claim_uri(app, docname, key),
            columns=columns,
            rows=rows,
            files="../" * docname.count("/") + "figures/",
        )
    )


def _publish(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.format != "html":
        return
    target = Path(app.outdir) / "figures"
    target.mkdir(exist_ok=True)
    current = {name for held in figures(app.env).values() for name in held}
    for file in target.iterdir():
        if file.stem not in current:
            file.unlink()
    for name in sorted(current):
        for suffix in (".svg", ".png", ".csv", ".js"):
            shutil.copyfile(_folder(app) / f"{name}{suffix}", target / f"{name}{suffix}")


def _purge(app: Sphinx, env, docname: str) -> None:
    figures(env).pop(docname, None)


def setup(app: Sphinx) -> None:
    """Register the node and the hooks."""
    app.add_enumerable_node(drawn_figure, "figure", lambda node: text_of(json.loads(node["spec"])["title"]))
    app.connect("env-purge-doc", _purge)
    app.connect("doctree-resolved", _resolve)
    app.connect("build-finished", _publish)
