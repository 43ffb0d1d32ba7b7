"""Addresses that stay. Those that an edition published are kept in ``editions/``; a build that loses one fails.

An address is a path below the book, ``chapters/harbour.html`` or ``chapters/harbour.html#crates-counted``. What has
moved is told in ``_config.yml``, in the configuration value ``dossier_redirects``, old address to new. None of it
needs JavaScript: a page that is no more leads on by itself, a place within a page becomes an empty target at the
new place, or, where that is on another page, a line with a link.

The marks of claims in prose (``use-7``) are counted along the page and are not kept.
"""

import json
import posixpath
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import lxml.html
from markupsafe import escape
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from dossier import citation
from dossier.book.citation import uri
from dossier.book.registers import further_pages

EDITIONS = "editions"
PLACES = "self::section or self::figure or self::tr or self::li or self::span"
PASSING = re.compile(r"use-\d+|id\d+|cite-this-\w+")
WITHOUT = ("search.html", "genindex.html")

_recorded = ""
"""The edition whose addresses are being kept anew; what it promised before does not bind it."""


def published(html: Path) -> Iterator[str]:
    """The addresses of a built book that must stay: its pages, the places in them that have a name, its tables."""
    for path in sorted(html.rglob("*.html")):
        page = path.relative_to(html).as_posix()
        root = lxml.html.parse(path).getroot()
        if page in WITHOUT or page.startswith("_static/") or root.xpath("//meta[@http-equiv='refresh']"):
            continue
        yield page
        for name in root.xpath(f"//article//*[{PLACES}][@id][not(ancestor::*[local-name()='svg'])]/@id"):
            if not PASSING.fullmatch(name):
                yield f"{page}#{name}"
    yield from (f"data/{path.name}" for path in sorted((html / "data").glob("*.csv")))


def promised(project: Path, without: str = "") -> list[str]:
    """The addresses that the editions of a project, one apart, have published, sorted, each once."""
    files = [file for file in (project / EDITIONS).glob("*.txt") if file.stem != without]
    return sorted({line for file in files for line in file.read_text(encoding="utf-8").splitlines()})


def lost(html: Path, addresses: Iterable[str], redirects: dict[str, str]) -> list[str]:
    """Those addresses that neither exist in a built book nor lead on."""
    names: dict[str, set[str]] = {}
    return [address for address in addresses if not _exists(html, _moved_page(address, redirects), names)]


def _moved_page(address: str, redirects: dict[str, str]) -> str:
    """The address on the page to which its page has moved."""
    page, _, name = address.partition("#")
    new = redirects.get(page)
    return address if new is None else new if "#" in new or not name else f"{new}#{name}"


def _exists(html: Path, address: str, names: dict[str, set[str]]) -> bool:
    """Whether a file exists and has the place named; `names` keeps what was found in each."""
    page, _, name = address.partition("#")
    if page not in names:
        path = html / page
        is_page = path.is_file() and path.suffix == ".html"
        found = re.findall(r'\sid="([^"]*)"', path.read_text(encoding="utf-8")) if is_page else []
        names[page] = {*found, *([""] if path.is_file() else [])}
    return name in names[page]


def record(project: Path) -> int:
    """Build the book and keep the addresses of the edition that ``CITATION.cff`` names; returns the exit code.

    What the same edition had kept before is replaced, so this is for the release; other editions stay promised.
    """
    from dossier.publish import publish

    global _recorded
    _recorded = citation.report(project).edition
    file = project / EDITIONS / f"{_recorded}.txt"
    if failed := publish(project):
        return failed
    before = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    addresses = list(published(project / "_build" / "html"))
    file.parent.mkdir(exist_ok=True)
    file.write_text("\n".join([*addresses, ""]), encoding="utf-8")
    gone = sorted({*before} - {*addresses})
    print(f"{EDITIONS}/{file.name}: {len(addresses)} addresses" + (f"; no more among them: {gone}" if gone else ""))
    return 0


def _relative(old: str, new: str) -> str:
    """An address as seen from a page."""
    page, hash_, name = new.partition("#")
    return posixpath.relpath(page, posixpath.dirname(old.partition("#")[0]) or ".") + hash_ + name


def _redirect_places(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    if doctree is None or "body" not in context:
        return
    page = app.builder.get_target_uri(pagename)
    for old, new in app.config.dossier_redirects.items():
        at, _, name = old.partition("#")
        if at != page or not name:
            continue
        if re.search(rf'\sid="{re.escape(name)}"', context["body"]):
            raise ExtensionError(f"dossier_redirects: {old} has not moved, it is still there")
        if new.startswith(f"{page}#"):
            # inside what has the new name; in a table's row, inside its first cell
            place = re.escape(new.partition("#")[2])
            opening = rf'<tr\b[^>]*\sid="{place}"[^>]*>\s*<t[hd]\b[^>]*>|<(?!tr\b)\w+\b[^>]*\sid="{place}"[^>]*>'
            if found := re.search(opening, context["body"]):
                before, after = context["body"][: found.end()], context["body"][found.end() :]
                context["body"] = f'{before}<span id="{escape(name)}"></span>{after}'
        else:
            link = f'<a href="{escape(_relative(old, new))}">{escape(new)}</a>'
            context["body"] += f'<p class="moved" id="{escape(name)}">{escape(name)} has moved to {link}.</p>\n'


def _redirect_pages(app: Sphinx) -> Iterator[tuple[str, dict, str]]:
    for old, new in app.config.dossier_redirects.items():
        if "#" in old:
            continue
        pagename = old.removesuffix(".html")
        if pagename in app.env.found_docs:
            raise ExtensionError(f"dossier_redirects: {old} has not moved, it is still there")
        address = escape(_relative(old, new))
        context = {
            "title": "Moved",
            "body": f'<h1>Moved</h1>\n<p>This page is now <a href="{address}">{escape(new)}</a>.</p>\n',
            "metatags": f'<meta http-equiv="refresh" content="0; url={address}" />\n',
            "pageurl": uri(app, new),
        }
        yield pagename, context, "page.html"


def _drop_old_pages(app: Sphinx, exception: Exception | None) -> None:
    """Remove the pages that have no source and are no more; Sphinx leaves what it once wrote."""
    if exception or app.builder.format != "html":
        return
    kept = Path(app.doctreedir) / "pages-without-source.json"
    before = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else []
    redirects = {old.removesuffix(".html") for old in app.config.dossier_redirects if "#" not in old}
    now = redirects | further_pages(app.env)
    for name in {*before} - now - app.env.found_docs:
        (Path(app.outdir) / f"{name}.html").unlink(missing_ok=True)
    kept.write_text(json.dumps(sorted(now)), encoding="utf-8")


def _check(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.format != "html":
        return
    html, redirects = Path(app.outdir), app.config.dossier_redirects
    if nowhere := lost(html, redirects.values(), {}):
        raise ExtensionError(f"dossier_redirects: no such address: {', '.join(nowhere)}")
    if gone := lost(html, promised(Path(app.srcdir), _recorded), redirects):
        listed = "\n".join(gone)
        raise ExtensionError(
            f"{len(gone)} address(es) of an earlier edition lead nowhere; others may cite them:\n{listed}\n"
            "Above a heading that was reworded put its old name as a target, (old-name)=, "
            "or tell under dossier_redirects in _config.yml where each has gone."
        )


def setup(app: Sphinx) -> None:
    """Register the configuration value and the hooks."""
    app.add_config_value("dossier_redirects", {}, "html", [dict])
    app.connect("html-page-context", _redirect_places, priority=650)
    app.connect("html-collect-pages", _redirect_pages)
    app.connect("build-finished", _drop_old_pages)
    app.connect("build-finished", _check, priority=950)
