"""How to cite each page: formatted, as files for reference managers, and as metadata that tools read."""

import re
from pathlib import Path

from markupsafe import escape
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from dossier import citation
from dossier.book import state
from dossier.package import DataError
from dossier.project import agreement

FORMATS = {
    "bib": ("BibTeX", citation.bibtex),
    "ris": ("RIS", citation.ris),
    "json": ("CSL-JSON", citation.csl_json),
}


def _read_report(app: Sphinx) -> None:
    try:
        if faults := list(agreement(state.tables(app))):
            raise DataError(*faults)
        app.dossier_report = citation.report(Path(app.srcdir))
    except DataError as error:
        raise ExtensionError(str(error)) from error


def page_uri(app: Sphinx, pagename: str) -> str:
    """The published address of a page; empty while ``html.baseurl`` is."""
    base = app.config.html_baseurl
    return f"{base.rstrip('/')}/{app.builder.get_target_uri(pagename)}" if base else ""


def _key(app: Sphinx, *parts: str) -> str:
    """A citation key: the first words of the report's title, the year, and the parts."""
    whole = app.dossier_report
    words = (whole.title.split(":")[0], whole.date[:4], *parts)
    return "".join(re.sub(r"[^a-z0-9]", "", word.lower()) for word in words)


def figure_citation(app: Sphinx, pagename: str, name: str, title: str) -> dict[str, str]:
    """Style, or BibTeX, to the citation of a figure."""
    url = page_uri(app, pagename)
    csl = citation.item(
        app.dossier_report, key=_key(app, name), title=f"{title} [Figure]", url=f"{url}#{name}" if url else ""
    )
    return {**citation.formatted(csl), "BibTeX": citation.bibtex(csl)}


def _cite(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    if doctree is None or "body" not in context:
        about = f"{context.get('title') or pagename.capitalize()}: {app.dossier_report.title}"
        context["metatags"] = context.get("metatags", "") + _tag("description", about)
        return
    whole = app.dossier_report
    root = pagename == app.config.root_doc
    title = "" if root else app.env.titles[pagename].astext()
    url = page_uri(app, pagename)
    key = _key(app, *([] if root else [pagename.rsplit("/", 1)[-1]]))
    csl = citation.item(whole, key=key, title=title, url=url)
    folder = Path(app.outdir) / "cite"
    folder.mkdir(exist_ok=True)
    stem = pagename.replace("/", "-")
    texts = {}
    for suffix, (name, write) in FORMATS.items():
        texts[suffix] = (name, write(csl))
        (folder / f"{stem}.{suffix}").write_text(texts[suffix][1], encoding="utf-8")
    context["body"] += (
        state.templates()
        .get_template("cite.html")
        .render(
            formatted=citation.formatted(csl),
            formats=texts,
            files="../" * pagename.count("/") + f"cite/{stem}",
            url=url,
            what="report" if root else "page",
        )
    )
    tags = [("citation_title", title or whole.title), ("citation_language", "en")]
    tags += [("citation_author", author) for author in whole.authors]
    tags += [("citation_publication_date", whole.date.replace("-", "/"))]
    tags += [("citation_keywords", keyword) for keyword in whole.keywords]
    if title:
        tags.append(("citation_book_title", whole.title))
    if url:
        tags.append(("citation_fulltext_html_url", url))
    description = whole.abstract if root else f"{title}, a part of {whole.title}, edition {whole.edition}"
    tags.append(("description", description))
    context["metatags"] = context.get("metatags", "") + "".join(_tag(name, value) for name, value in tags)


def _tag(name: str, value: str) -> str:
    return f'<meta name="{name}" content="{escape(value)}" />\n'


def setup(app: Sphinx) -> None:
    """Register the hooks."""
    app.connect("builder-inited", _read_report)
    app.connect("html-page-context", _cite, priority=600)
