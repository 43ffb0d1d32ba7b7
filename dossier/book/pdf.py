"""The report and each of its chapters as page-numbered, tagged PDF, set by Typst.

A chapter is a page that the table of contents numbers. The report is the front page, the chapters, and the pages
that ``dossier_pdf_appendices`` names. Each document brings notes on the claims that its pages use, and the sources
behind these. A document is set again only when something that it is made of has changed.
"""

import hashlib
import json
import os
import pickle
import re
import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from copy import copy
from functools import cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import font_source_sans_pro
import pandas as pd
import typst
from markupsafe import escape
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.transforms import SphinxTransformer
from sphinx.util import logging

from dossier import citation, scales
from dossier.book import printed, state
from dossier.book.citation import cite, page_uri, uri
from dossier.book.printed import Tree, folder, walk
from dossier.book.registers import registered
from dossier.drawings import PRINT_FONT
from dossier.figures import PALETTE
from dossier.package import Fault
from dossier.schema import row_number

logger = logging.getLogger(__name__)

REPORT = "report"
SUMMARY = "Summary"
"""What the front page is called inside the report, whose title stands on the title page."""

TEMPLATE = Path(__file__).parent / "templates" / "report.typ"
FACES = ("Regular", "It", "Semibold", "SemiboldIt", "Bold", "BoldIt")


class Part(NamedTuple):
    """A page of a document; the number of a chapter is empty for other pages."""

    docname: str
    number: tuple[int, ...]


class Document(NamedTuple):
    """One PDF: its file name without suffix, and the pages of the book in it."""

    stem: str
    parts: tuple[Part, ...]


def documents(app: Sphinx) -> list[Document]:
    """The report and its chapters, as the table of contents has them."""
    numbers = {page: held.get("") for page, held in app.env.toc_secnumbers.items()}
    numbered = sorted((tuple(number), page) for page, number in numbers.items() if number)
    chapters: dict[int, list[Part]] = {}
    for number, page in numbered:
        chapters.setdefault(number[0], []).append(Part(page, number))
    found = [Document(parts[0].docname.rsplit("/", 1)[-1], tuple(parts)) for parts in chapters.values()]
    appendices = app.config.dossier_pdf_appendices
    if unknown := sorted(set(appendices) - app.env.found_docs):
        raise ExtensionError(f"dossier_pdf_appendices names {', '.join(unknown)}: the book has no such page")
    inside = [Part(app.config.root_doc, ()), *(part for chapter in found for part in chapter.parts)]
    found.insert(0, Document(REPORT, (*inside, *(Part(page, ()) for page in appendices))))
    stems = [document.stem for document in found]
    if twice := sorted({stem for stem in stems if stems.count(stem) > 1}):
        raise ExtensionError(
            f"two PDFs would be called {', '.join(twice)}: give the files of the chapters other names"
        )
    return found


def _prepare(app: Sphinx) -> None:
    """The fonts stand beside the doctrees, in one folder that has no others: the same in every build."""
    fonts = folder(app) / "fonts"
    fonts.mkdir(parents=True, exist_ok=True)
    for face in FACES:
        name = f"SourceSansPro-{face}.otf"
        shutil.copyfile(Path(font_source_sans_pro.font_directory) / name, fonts / name)
    app.dossier_press = Press(app)


def _tree(app: Sphinx, docname: str) -> list[Tree]:
    """A page as a tree for print: with its references resolved, before marks, figures and registers become HTML."""
    env = app.env
    doctree, before = BuildEnvironment.get_doctree(env, docname), copy(env.temp_data)  # to be changed
    env.temp_data["docname"] = docname
    transformer = SphinxTransformer(doctree)
    transformer.set_environment(env)
    transformer.add_transforms(app.registry.get_post_transforms())
    with logging.suppress_logging():  # Sphinx tells of lost references when it writes the page
        transformer.apply_transforms()
    env.temp_data = before
    return printed.page(app, doctree, docname)


@contextmanager
def _pages_at_hand(env: BuildEnvironment) -> Iterator[None]:
    """Each reference by number looks into the page that it leads to, which Sphinx would load as often."""
    env.get_doctree = cache(env.get_doctree)
    try:
        yield
    finally:
        del env.get_doctree


def _offer(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    """What a page tells of its PDF: its own where it is a chapter, else the report's where it is a part of it."""
    for document in reversed(documents(app)):
        if doctree is not None and any(part.docname == pagename for part in document.parts):
            file = f"pdf/{document.stem}.pdf"
            what = "report" if document.stem == REPORT else "chapter"
            address_here = "../" * pagename.count("/") + file
            context["dossier_pdf"] = {"file": address_here, "what": what}
            for group in context.get("header_buttons", []):
                for button in group.get("buttons", ()):
                    if button.get("label") == "download-pdf-button":
                        del button["javascript"]  # the theme's button prints what the screen shows
                        tooltip = f"PDF of the {what}, with page numbers"
                        button.update(type="link", url=address_here, tooltip=tooltip)
            own = pagename in (document.parts[0].docname, app.config.root_doc)
            if own and (address := uri(app, file)):
                tag = f'<meta name="citation_pdf_url" content="{escape(address)}" />\n'
                context["metatags"] = context.get("metatags", "") + tag
            return


def _source_date(row: dict) -> str:
    return "undated" if pd.isna(row["date"]) else state.day_in_words(row["date"], row["date_precision"])


def _given(value) -> str:
    return "" if pd.isna(value) else str(value)


def _note(claim: dict, numbers: dict[str, int]) -> dict:
    """A claim as a note: its pages stand under the origins on which they rest."""
    origins: dict[str, list[dict]] = {}
    for row in claim["evidence"]:
        marks = [row["stance"]] if row["stance"] != "supports" else []
        marks += [row["fidelity"]] if row["fidelity"] != "exact" else []
        origins.setdefault(row["description"], []).append(
            {
                "publisher": f"{row['publisher']}, {_source_date(row)}",
                "url": row["url"],
                "number": numbers[row["source_id"]],
                "remark": ": ".join(
                    filter(None, [", ".join(marks), _given(row["note"]).rstrip(".") if marks else ""])
                ),
            }
        )
    told = ("claim_id", "statement", "when", "place", "status", "origins", "contradicting")
    return {
        **{key: claim[key] for key in told},
        "claimant": claim["claimant"][:1].upper() + claim["claimant"][1:],
        "grade": claim["grade"],
        "credibility": scales.CREDIBILITY[claim["credibility"]].capitalize(),
        "note": _given(claim["note"]),
        "evidence": [{"origin": origin, "pages": pages} for origin, pages in origins.items()],
    }


def _source(row: dict, number: int) -> dict:
    return {
        "number": number,
        "when": _source_date(row),
        "author": _given(row["author"]),
        "shown": quote(row["url"], safe=":/?#[]@!$&'()*+,;=%~"),
        "read": state.day_in_words(row["consulted"]),
        **{
            key: row[key] for key in ("source_id", "title", "publisher", "url", "language", "reliability", "extent")
        },
    }


def _resolve(app: Sphinx, tree: list[Tree], names: set[str]) -> None:
    """Settle where references lead: within the document, to the published book, or nowhere."""
    stand_ins = {}
    for page, held in registered(app.env).items():
        if "claims" in held["tables"]:
            stand_ins[page] = "notes"
        if "sources" in held["tables"]:
            stand_ins[page] = "sources"
    for part in walk(tree):
        if part["is"] == "reference":
            page, _, name = part.pop("to").partition("#")
            file = part.pop("page")
            whole = f"{page}#{name}" if name else page
            found = next(
                (at for at in (whole, f"note-{name}", f"source-{name}", stand_ins.get(whole, "")) if at in names),
                "",
            )
            part.update({"is": "inside", "to": found} if found else {"is": "link", "address": uri(app, file)})
        elif part["is"] == "source":
            part.update({"is": "inside", "to": f"source-{part['source']}"})


def compose(app: Sphinx, document: Document, pages: dict[str, bytes]) -> dict:
    """All that a document says, for the template, from the trees of its pages, pickled, as it changes them."""
    whole, env = app.dossier_report, app.env
    trees = []
    for part in document.parts:
        tree = pickle.loads(pages[part.docname])
        headings = [node for node in walk(tree) if node["is"] == "heading"]
        for heading in headings:
            heading["level"] = max(len(part.number), 1) + heading.pop("depth")
        headings[0]["number"] = ".".join(map(str, part.number))
        if part.docname == app.config.root_doc:
            headings[0]["body"] = [SUMMARY]
        trees.append(tree)
    rows = state.claim_rows(app)
    claims = sorted({key for part in walk(trees) for key in part.get("claims", ())})
    used = {row["source_id"] for key in claims for row in rows[key]["evidence"]}
    used |= {part["source"] for part in walk(trees) if part["is"] == "source"}
    listed = [row for row in state.source_rows(app) if row["source_id"] in used]
    numbers = {row["source_id"]: number for number, row in enumerate(listed, 1)}
    names = {name for part in walk(trees) for name in [*part.get("names", ()), part.get("name")] if name}
    names |= {f"note-{key}" for key in claims} | {f"source-{key}" for key in used}
    names |= ({"notes"} if claims else set()) | ({"sources"} if used else set())
    _resolve(app, trees, names)
    for part in walk(trees):
        if "claims" in part:
            part["claims"] = [
                {"id": key, "grade": rows[key]["grade"], "alone": bool(rows[key]["origins"] < 2)}
                for key in part["claims"]
            ]
    first = document.parts[0].docname
    report = document.stem == REPORT
    title = "" if report else env.titles[first].astext()
    cited = cite(app, first, "report" if report else "page", title=title)["formatted"]
    short, _, subtitle = (text.strip() for text in whole.title.partition(":"))
    year, month, day = (int(number) for number in whole.date.split("-"))
    return {
        "kind": "report" if report else "chapter",
        "title": title or whole.title,
        "report": {"title": whole.title, "short": short, "subtitle": subtitle},
        "authors": [citation.name(author) for author in whole.authors],
        "licence": whole.licence,
        "keywords": list(whole.keywords),
        "abstract": whole.abstract,
        "edition": whole.edition,
        "date": {"year": year, "month": month, "day": day, "words": state.day_in_words(pd.Timestamp(whole.date))},
        "language": app.config.language,
        "cite": [{"style": style, "body": printed.from_html(text)} for style, text in cited.items()],
        "address": page_uri(app, first),
        "colours": PALETTE,
        "font": PRINT_FONT,
        "scales": {
            "reliability": scales.RELIABILITY,
            "credibility": {str(figure): words for figure, words in scales.CREDIBILITY.items()},
        },
        "parts": trees,
        "notes": [_note(rows[key], numbers) for key in claims],
        "sources": [_source(row, numbers[row["source_id"]]) for row in listed],
    }


def _compile(app: Sphinx, stem: str) -> bytes:
    """Set one document. Raises `ExtensionError` with what Typst says, warnings included."""
    work = folder(app)
    date = pd.Timestamp(app.dossier_report.date, tz="UTC")
    try:
        pdf, warnings = typst.compile_with_warnings(
            work / TEMPLATE.name,
            root=work,
            font_paths=[str(work / "fonts")],
            ignore_system_fonts=True,
            format="pdf",
            sys_inputs={"document": f"{stem}.json"},
            pdf_standards=["ua-1"],
            timestamp=int(date.timestamp()),
        )
    except typst.TypstError as error:
        told = error.diagnostic or error.message
        if lost := {*"".join(re.findall(r'the text `"(.+?)"` could not be displayed', told))}:
            told = "\n".join(map(str, _written(app, lost))) or told
        raise ExtensionError(f"the PDF {stem} cannot be set:\n{told}") from error
    if warnings:
        raise ExtensionError(f"the PDF {stem}: " + "; ".join(warning.message for warning in warnings))
    return pdf


def _written(app: Sphinx, lost: set[str]) -> Iterator[Fault]:
    """Where characters stand that the fonts of the PDFs have not: in cells of tables, in lines of pages."""
    data = state.tables(app)
    texts = [
        (f"data/{data.path(name).name}", row_number(index), column, cell)
        for name in data.schemas
        for column, cells in data.text(name).items()
        for index, cell in cells.items()
    ]
    for docname in sorted(app.env.found_docs):
        path = Path(app.env.doc2path(docname))
        lines = enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        texts += [(path.relative_to(app.srcdir).as_posix(), number, "", line) for number, line in lines]
    for file, row, column, text in texts:
        if found := "".join(sorted(lost & {*text})):
            yield Fault(file, row, column, f"the fonts of the PDFs have no {found}", "the same in Latin letters")


def _give_way() -> None:
    """Let what is waited for go first; where threads have no priority of their own, nothing."""
    if sys.platform == "linux":
        os.nice(10)


def _digest(parts) -> str:
    total = hashlib.sha256()
    for part in parts:
        total.update(hashlib.sha256(part).digest())
    return total.hexdigest()


class Press:
    """Sets documents in threads while the build goes on: those that differ from what was set before.

    `kept` is what was set before, and `made_of` what is set now: file name to a digest of all in it.
    """

    def __init__(self, app: Sphinx):
        self.app, self.work = app, folder(app)
        kept = self.work / "kept.json"
        self.kept = json.loads(kept.read_text()) if kept.is_file() else {}
        self.made_of: dict[str, str] = {}
        self.running: dict[str, Future] = {}

    def start(self) -> None:
        """Set the documents, once in a build; all pages are read, and figures have their numbers."""
        if self.made_of:
            return
        found, threads = documents(self.app), ThreadPoolExecutor(os.cpu_count(), initializer=_give_way)
        with _pages_at_hand(self.app.env):
            pages = {part.docname: pickle.dumps(_tree(self.app, part.docname)) for part in found[0].parts}
        shutil.copyfile(TEMPLATE, self.work / TEMPLATE.name)
        for document in found:
            text = json.dumps(compose(self.app, document, pages), ensure_ascii=False, sort_keys=True)
            mark = _digest([text.encode(), TEMPLATE.read_bytes(), printed.versions().encode()])
            file = self.work / f"{document.stem}.pdf"
            if self.kept.get(document.stem) != mark or not file.is_file():
                logger.info("setting %s.pdf", document.stem)
                file.with_suffix(".json").write_text(text, encoding="utf-8")
                self.running[document.stem] = threads.submit(_compile, self.app, document.stem)
            self.made_of[document.stem] = mark
        threads.shutdown(wait=False)

    def finish(self) -> None:
        """Wait for the documents, and keep them. Raises `ExtensionError` where one cannot be set."""
        for stem, pdf in self.running.items():
            (self.work / f"{stem}.pdf").write_bytes(pdf.result())
        (self.work / "kept.json").write_text(json.dumps(self.made_of, indent=1, sort_keys=True), encoding="utf-8")


def _set(app: Sphinx, env) -> None:
    if app.builder.format == "html":
        app.dossier_press.start()


def _publish(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.format != "html":
        return
    app.dossier_press.start()  # where no page was read
    app.dossier_press.finish()
    target = Path(app.outdir) / "pdf"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    for document in documents(app):
        shutil.copy2(folder(app) / f"{document.stem}.pdf", target / f"{document.stem}.pdf")


def setup(app: Sphinx) -> None:
    """Register the setting and the hooks."""
    app.add_config_value("dossier_pdf_appendices", [], "env", [list])
    app.connect("builder-inited", _prepare)
    app.connect("env-check-consistency", _set)
    app.connect("html-page-context", _offer, priority=550)  # after the theme has made its buttons
    app.connect("build-finished", _publish, priority=950)  # what others do meanwhile comes before
