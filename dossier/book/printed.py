"""A page as a tree for print, made from its doctree; the template ``report.typ`` lays it out.

A tree is JSON: a text is a string, anything else an object whose ``is`` names its kind. Text stays text until
Typst sets it, so nothing is to be escaped. What links point at, which number a source has and which grade a claim
has is settled when the document is known that the page becomes a part of (`dossier.book.pdf`).
"""

import hashlib
import posixpath
import re
import shutil
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from itertools import pairwise
from pathlib import Path

import lxml.html
import pandas as pd
from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from dossier import scales
from dossier.book import figures, registers, state
from dossier.book.claims import claim_marks, source_mark
from dossier.figures import WIDE
from dossier.package import column_in_words

WRAPPERS = {
    nodes.strong: "strong",
    nodes.emphasis: "emphasis",
    nodes.title_reference: "emphasis",
    nodes.subscript: "sub",
    nodes.superscript: "super",
    nodes.paragraph: "paragraph",
    nodes.block_quote: "quote",
    nodes.list_item: "item",
    nodes.bullet_list: "list",
    nodes.Admonition: "box",
    nodes.topic: "box",
    nodes.title: "caption",
    nodes.rubric: "caption",
    nodes.term: "caption",
}
THROUGH = (
    nodes.inline,
    nodes.container,
    nodes.compound,
    nodes.definition_list,
    nodes.definition_list_item,
    nodes.definition,
    HideCodeCellNode,
)
SILENT = (nodes.comment, nodes.substitution_definition, addnodes.index, addnodes.toctree, nodes.target)

SHORT, MARK = 16, 9
"""Characters: a column up to so wide is not narrowed; a claim's mark counts as so many."""

Tree = str | dict


class PrintError(ExtensionError):
    """Something cannot be printed; the message names the page and the remedy."""


def page(app: Sphinx, doctree: nodes.document, docname: str) -> list[Tree]:
    """The blocks of a page whose references are resolved but whose marks, figures and registers still stand."""
    return _Printer(app, docname).all(doctree)


def walk(tree: list[Tree]) -> Iterator[dict]:
    """All objects of a tree, in order."""
    for part in tree:
        if isinstance(part, dict):
            yield part
            for value in part.values():
                if isinstance(value, list):
                    yield from walk(value)
        elif isinstance(part, list):
            yield from walk(part)


class _Printer:
    """Prints the nodes of one page."""

    def __init__(self, app: Sphinx, docname: str) -> None:
        self.app, self.docname = app, docname
        self.address = app.builder.get_target_uri(docname)
        self.pages = {app.builder.get_target_uri(name): name for name in app.env.found_docs}

    def all(self, node: nodes.Element) -> list[Tree]:
        """What the children of a node become."""
        parts = [part for child in node.children for part in self.one(child)]
        for before, part in pairwise(range(len(parts))):  # a mark brings its own space, at which no line breaks
            if isinstance(parts[before], str) and isinstance(parts[part], dict) and parts[part]["is"] == "marks":
                parts[before] = parts[before].rstrip()
        return parts

    def one(self, node: nodes.Node) -> list[Tree]:
        """What a node becomes: nothing, one part, or its children's."""
        if isinstance(node, nodes.Text):
            return [re.sub(r"\s+", " ", node.astext())]
        if isinstance(node, SILENT):
            return self._anchors(node)
        for kind, method in self.METHODS.items():
            if isinstance(node, kind):
                return method(self, node)
        for kind, name in WRAPPERS.items():
            if isinstance(node, kind):
                return [{"is": name, "body": [*self._anchors(node), *self.all(node)]}]
        if isinstance(node, THROUGH):
            return [*self._anchors(node), *self.all(node)]
        raise PrintError(
            f"{self.docname}: the PDF knows no {type(node).__name__}: write it otherwise, "
            f"or teach dossier/book/printed.py to print it: {node.astext()[:60]!r}"
        )

    def _anchors(self, node: nodes.Element) -> list[Tree]:
        return [{"is": "anchor", "name": f"{self.docname}#{name}"} for name in node["ids"]]

    def _container(self, node: nodes.container) -> list[Tree]:
        return [] if "cell_input" in node["classes"] else [*self._anchors(node), *self.all(node)]

    def _section(self, node: nodes.section) -> list[Tree]:
        depth, around = 0, node
        while isinstance(around := around.parent, nodes.section):
            depth += 1
        names = [f"{self.docname}#{name}" for name in node["ids"]]
        if depth == 0:
            names.insert(0, self.docname)
        body = [part for child in node.children[1:] for part in self.one(child)]
        return [{"is": "heading", "depth": depth, "names": names, "body": self.all(node.children[0])}, *body]

    def _raw(self, node: nodes.raw) -> list[Tree]:
        if "words" in node:
            return [node["words"]]
        if node["format"] == "html" and re.sub(r"<!--.*?-->|<[^>]*>|\s", "", node.astext(), flags=re.DOTALL):
            raise PrintError(
                f"{self.docname}: raw HTML cannot be printed: give its node the attribute `words`, or write it "
                f"in Markdown: {node.astext()[:60]!r}"
            )
        return []

    def _reference(self, node: nodes.reference) -> list[Tree]:
        body, uri = self.all(node), node.get("refuri", "")
        if re.match(r"[a-z]+:", uri):
            return [{"is": "link", "address": uri, "body": body}]
        file, _, fragment = uri.partition("#")
        fragment = node.get("refid", fragment)
        file = posixpath.normpath(posixpath.join(posixpath.dirname(self.address), file)) if file else self.address
        name = self.pages.get(file, file) + (f"#{fragment}" if fragment else "")
        return [{"is": "reference", "to": name, "page": file + (f"#{fragment}" if fragment else ""), "body": body}]

    def _table(self, node: nodes.table) -> list[Tree]:
        def cells(part: nodes.Element | None) -> list[list]:
            rows = part.findall(nodes.row) if part is not None else []
            return [[self._cell(entry) for entry in row.children] for row in rows]

        head = cells(node.next_node(nodes.thead))
        found = [_ruled(head[0] if head else [], cells(node.next_node(nodes.tbody)))]
        caption = node.next_node(nodes.title)
        if caption is not None:
            found.insert(0, {"is": "caption", "body": self.all(caption)})
        return [*self._anchors(node), *found]

    def _cell(self, entry: nodes.entry) -> list[Tree]:
        if "morecols" in entry or "morerows" in entry:
            raise PrintError(f"{self.docname}: the PDF knows no cells that span: write the table without them")
        parts = self.all(entry)
        return parts[0]["body"] if len(parts) == 1 and parts[0]["is"] == "paragraph" else parts

    def _figure(self, node: figures.drawn_figure) -> list[Tree]:
        shown = figures.told(self.app, self.docname, node)
        shown["claims"] = [claim["claim_id"] for claim in shown["claims"]]
        shown["names"] = [f"{self.docname}#{name}" for name in node["ids"]]
        drawn = figures.folder(self.app) / f"{shown['name']}-print.svg"
        mark = hashlib.sha256(drawn.read_bytes()).hexdigest()[:8]
        file = f"figures/{shown.pop('name')}-{mark}.svg"
        target = folder(self.app) / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(drawn, target)
        width = float(re.search(r'<svg\b[^>]*?\bwidth="([\d.]+)"', target.read_text(encoding="utf-8"))[1])
        return [{"is": "figure", "file": file, "share": min(1, width / WIDE), **shown}]

    def _register(self, node: registers.register) -> list[Tree]:
        table, rows = node["table"], registers.rows_shown(self.app, node)
        if table in FORMS:
            return FORMS[table](self, rows)
        if table in ("claims", "sources", "schema"):
            raise PrintError(
                f"{self.docname}: the register {table!r} is not printed: leave the page out of the PDF"
            )
        data = state.tables(self.app)
        fields = {field["name"]: field for field in data.fields(table)}
        columns = node["columns"] or list(fields)
        head = [[column_in_words(column)] for column in columns]
        body = [[_table_cell(column, fields[column], row[column]) for column in columns] for row in rows]
        return [_ruled(head, body)]

    def judgements(self, rows: list[dict]) -> list[Tree]:
        """Numbered judgements, with their confidence and the claims on which they rest."""
        return [
            {
                "is": "entry",
                "label": f"{number}",
                "lead": [row["judgement"]],
                "body": [
                    {"is": "strong", "body": [f"{row['confidence'].capitalize()} confidence. "]},
                    row["confidence_reason"] + " Rests on",
                    _marks(row["claim_ids"]),
                    *([] if pd.isna(row["against_ids"]) else [" against", _marks(row["against_ids"])]),
                ],
            }
            for number, row in enumerate(rows, 1)
        ]

    def article(self, rows: list[dict]) -> list[Tree]:
        """Propositions, each with what became of it."""
        return [
            {
                "is": "entry",
                "label": row["proposition_id"],
                "lead": [row["proposition"], _marks(row["claim_id"])],
                "body": [
                    {"is": "strong", "body": [f"{row['verdict'].capitalize()}. "]},
                    row["reason"],
                    _marks(row["claim_ids"]),
                ],
            }
            for row in rows
        ]

    def scales(self, rows: list[dict]) -> list[Tree]:
        """The scales of the field side by side."""
        tables = (
            ("Letter", "Reliability of the source", scales.RELIABILITY),
            ("Figure", "Credibility of the information", scales.CREDIBILITY),
            ("Word", "%", {word: f"{low}–{high}" for word, (low, high) in scales.LIKELIHOOD.items()}),
        )
        return [
            {
                "is": "beside",
                "body": [
                    _ruled([[first], [second]], [[[str(key)], [words]] for key, words in scale.items()], even=False)
                    for first, second, scale in tables
                ],
            }
        ]

    METHODS = {  # noqa: RUF012
        nodes.section: _section,
        nodes.raw: _raw,
        nodes.reference: _reference,
        nodes.table: _table,
        figures.drawn_figure: _figure,
        registers.register: _register,
        nodes.container: _container,
        claim_marks: lambda self, node: [{"is": "marks", "claims": node["claims"]}],
        source_mark: lambda self, node: [{"is": "source", "source": node["source"], "body": self.all(node)}],
        nodes.literal: lambda self, node: [{"is": "code", "text": node.astext()}],
        nodes.enumerated_list: lambda self, node: [
            {"is": "enumeration", "start": node.get("start", 1), "body": self.all(node)}
        ],
        nodes.literal_block: lambda self, node: [{"is": "listing", "text": node.astext()}],
        nodes.transition: lambda self, node: [{"is": "pause"}],
    }


FORMS = {"judgements": _Printer.judgements, "article": _Printer.article, "scales": _Printer.scales}
"""Registers with a form of their own; any other is a table."""


def _ruled(head: list[list], rows: list[list], even: bool = True) -> Tree:
    """A table whose columns are as wide as their words, or, if `even`, share the line by how much they hold."""
    lengths = [[_length(cell) for cell in column] for column in zip(*([head] if head else []), *rows, strict=True)]
    widths = [
        round((sum(column) / len(column)) ** 0.5, 1) if even and max(column, default=0) > SHORT else 0
        for column in lengths
    ]
    return {"is": "table", "head": head, "rows": rows, "widths": widths}


def _length(tree: list[Tree]) -> int:
    """About how many characters a tree takes on a line."""
    return sum(
        len(part) if isinstance(part, str) else len(part.get("claims", ())) * MARK + _length(part.get("body", []))
        for part in tree
    )


def _marks(keys) -> Tree:
    return {"is": "marks", "claims": [] if pd.isna(keys) else keys.split()}


def _table_cell(column: str, field: dict, cell) -> list[Tree]:
    if pd.isna(cell):
        return []
    if field.get("references") == "claims" or column == "claim_id":
        return [_marks(cell)]
    if isinstance(cell, pd.Timestamp):
        return [state.day_in_words(cell)]
    if field["type"] == "number":
        return [state.number_in_words(cell)]
    if field.get("format") == "uri":
        return [{"is": "link", "address": cell, "body": [cell]}]
    return [str(cell)]


def from_html(text: str) -> list[Tree]:
    """A line of HTML, as citations are, as a tree: text, and italics as emphasis."""
    root = lxml.html.fragment_fromstring(text, create_parent="span")

    def inside(element) -> list[Tree]:
        parts: list[Tree] = [element.text or ""]
        for child in element:
            body = inside(child)
            parts += [{"is": "emphasis", "body": body}] if child.tag in ("i", "em") else body
            parts.append(child.tail or "")
        return parts

    return inside(root)


def folder(app: Sphinx) -> Path:
    """Where what is made for print is kept, beside the doctrees."""
    return Path(app.doctreedir) / "print"


@cache
def versions() -> str:
    """The versions of what draws and lays out."""
    return " ".join(metadata.version(name) for name in ("typst", "vl-convert-python", "font-source-sans-pro"))
