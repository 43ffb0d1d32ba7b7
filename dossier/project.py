"""Finds what is wrong with a project before it is built: with its tables, settings, list of pages and citation."""

import difflib
import importlib.util
import json
import posixpath
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from sphinx_external_toc.parsing import MalformedError, parse_toc_data

from dossier import citation, profiles
from dossier.checks import check
from dossier.package import DataError, Fault, Package, read_text, read_yaml

SUFFIXES = (".md", ".ipynb", ".rst")

_SETTINGS = ("project", "only_build_toc_files")
"""Settings that Jupyter Book reads and its own schema does not list."""


def project_faults(data: Package, memory: Path | None = None) -> list[Fault]:
    """All faults of the project around a data package, the tables first; empty where all is well.

    `memory` is that of `dossier.checks.check`.
    """
    tables = [fault._replace(file=f"{data.folder.name}/{fault.file}") for fault in check(data, memory)]
    folder = data.folder.parent
    around = [*_settings_faults(folder), *_toc_faults(folder), *citation.faults(folder)]
    return [*tables, *around, *([] if tables or around else agreement(data))]


def agreement(data: Package) -> Iterator[Fault]:
    """The settings, the citation and the revisions tell one title, the same authors, one edition and one date."""
    report = citation.report(data.folder.parent)
    settings = read_yaml(data.folder.parent / "_config.yml")
    if settings["title"] != report.title:
        wrong = f"{report.title!r}, but _config.yml has the title {settings['title']!r}"
        yield Fault("CITATION.cff", 0, "title", wrong, "make them agree")
    for author in report.authors:
        named = author.get("literal") or author["family"]
        if named not in settings.get("author", named):
            wrong = f"{named!r}, but _config.yml has the author {settings['author']!r}"
            yield Fault("CITATION.cff", 0, "authors", wrong, "make them agree")
    last = data.revisions.iloc[-1]
    for key, here, there in (
        ("version", report.edition, last["edition"]),
        ("date-released", report.date, f"{last['date']:%Y-%m-%d}"),
    ):
        if here != there:
            wrong = f"{here}, but the last row of revisions.csv has {there}"
            yield Fault("CITATION.cff", 0, key, wrong, "make them agree")


def _settings_faults(folder: Path) -> Iterator[Fault]:
    """``_config.yml`` by the schema of Jupyter Book, and what this book needs besides."""
    file = "_config.yml"
    try:
        settings = read_yaml(folder / file)
    except DataError as error:
        yield from error.args
        return
    schema = json.loads(_of_jupyter_book("config_schema.json").read_text(encoding="utf-8"))
    known = [*schema["properties"], *_SETTINGS]
    for key in settings:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, 1)
            right = f"{near[0]}, perhaps" if near else "one of " + ", ".join(known)
            yield Fault(file, 0, str(key), "no such setting", right)
    broken = {
        place: fault for place, *fault in [*profiles.unfit(schema, settings), *profiles.faults("config", settings)]
    }
    for place, (wrong, right) in sorted(broken.items()):
        yield Fault(file, 0, place, wrong, right)
    if broken:
        return
    for name in settings["sphinx"]["extra_extensions"]:
        try:
            found = importlib.util.find_spec(name)
        except (ImportError, ValueError):
            found = None
        if found is None:
            yield Fault(file, 0, "sphinx.extra_extensions", f"{name!r} is not installed", "an installed package")


def _of_jupyter_book(name: str) -> Path:
    """A file of Jupyter Book, found without the seconds that its import takes."""
    return Path(importlib.util.find_spec("jupyter_book").origin).with_name(name)


def _toc_faults(folder: Path) -> Iterator[Fault]:
    """``_toc.yml`` names pages that exist, each once."""
    file = "_toc.yml"
    try:
        toc = read_yaml(folder / file)
        parse_toc_data(toc)
    except DataError as error:
        yield from error.args
        return
    except MalformedError as error:
        if "multiple times" not in str(error):  # told below, with all others
            yield Fault(file, 0, "", str(error), "see the table of contents of Jupyter Book")
            return
    except (TypeError, AttributeError, RecursionError) as error:  # lists for names, and the like
        yield Fault(file, 0, "", f"cannot be read: {error}", "see the table of contents of Jupyter Book")
        return
    named = Counter(_pages(toc))
    for name, times in named.items():
        page = next((name + end for end in ("", *SUFFIXES) if (folder / f"{name}{end}").is_file()), None)
        if page is None or name != posixpath.normpath(name) or ".." in name:
            yield Fault(file, 0, "", f"there is no page {name!r}", f"a file of the project, as {name}.md")
        else:
            yield from _page_faults(folder, page)
        if times > 1:
            yield Fault(file, 0, "", f"{name!r} stands {times} times, so it has no one place", "each page once")


def _page_faults(folder: Path, page: str) -> Iterator[Fault]:
    """A page is text, with a heading by which others can name it."""
    try:
        text = read_text(folder / page)
    except DataError as error:
        yield from (fault._replace(file=page) for fault in error.args)
        return
    for number, line in enumerate(text.split("\n"), 1):
        if "\0" in line:
            yield Fault(page, number, "", "holds a NUL character", "text")
        if re.match("(<{7}|>{7}) ", line):
            yield Fault(page, number, "", "is the mark of a merge that was not ended", "one of the two versions")
    prose = re.sub(r"^(```+|~~~+|---$).*?^\1", "", text, flags=re.MULTILINE | re.DOTALL)
    if page.endswith(".md") and not re.search(r"^# \S|^\S.*\n=+ *$", prose, flags=re.MULTILINE):
        yield Fault(page, 0, "", "has no heading", "a line '# Title' before the text")


def _pages(item) -> Iterator[str]:
    """The files that a table of contents names, in order."""
    if isinstance(item, dict):
        for key, value in item.items():
            if key in ("root", "file"):
                yield str(value)
            else:
                yield from _pages(value)
    elif isinstance(item, list):
        for part in item:
            yield from _pages(part)
