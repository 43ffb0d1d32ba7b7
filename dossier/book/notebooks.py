"""Each page that has code cells as an executed notebook that reads well, and runs, in plain Jupyter.

myst-nb leaves the notebook of a page beside the book, and its outputs in the cache. Here its Markdown loses what
only the book understands: roles become what they show, links lead to the other notebooks or to the published pages.
Figures get the drawing of the book, because Jupyter shows no Vega-Lite of this version. The first cell tells what
is missing.
"""

import ast
import base64
import json
import posixpath
import re
from contextlib import suppress
from pathlib import Path

import nbformat
from jupyter_cache import get_cache
from myst_nb.core.variables import format_plain_text
from nbformat import NotebookNode
from sphinx.application import Sphinx

from dossier.book import state
from dossier.book.citation import page_uri
from dossier.book.claims import entry_page
from dossier.book.freshness import executions
from dossier.drawings import PREVIEW
from dossier.figures import MIMETYPE

ROLE = re.compile(r"\{([a-z]+(?::[a-z]+)?)\}`([^`]+)`")
LINK = re.compile(r"\[([^\]\[]*)\]\(([^)\s:]+\.md)(#[^)\s]*)?\)")
TARGET = re.compile(r"^\([^()\s]+\)=\n", re.MULTILINE)
DIRECTIVE = re.compile(r"^(`{3,}|:{3,})\{([\w-]+)\}[ \t]*(.*)\n((?:.*\n)*?)\1[ \t]*$", re.MULTILINE)
OPTION = re.compile(r"^:[\w-]+:.*\n?", re.MULTILINE)
PAPERMILL = "application/papermill.record/"
"""Leads the type of what a cell glues without showing it."""

GUARD = """\
# Says what is missing, if something is, before the other cells run.
from importlib import import_module

REMEDY = {remedy}


class Missing(Exception):
    def _render_traceback_(self):  # IPython shows this in the place of a traceback
        return [str(self)]


lacks = ""
try:
    for name in {modules}:
        import_module(name)
    import_module("dossier").load()
except ImportError as error:
    lacks = f"the Python package {{error.name}}"
except FileNotFoundError:
    lacks = "the folder data with the tables"
if lacks:
    raise Missing(f"This notebook lacks {{lacks}}. {{REMEDY}}")
"""


def file_name(pagename: str) -> str:
    """The file of a page's notebook: all notebooks lie in one folder, beside the package and the tables."""
    return f"{pagename.replace('/', '-')}.ipynb"


def pages(app: Sphinx) -> list[str]:
    """The pages that have code cells, in order."""
    return sorted(page for page in app.env.all_docs if "kernelspec" in app.env.metadata[page])


def notebook(app: Sphinx, pagename: str, remedy: str) -> str:
    """The notebook of a page as JSON; `remedy` says how to get what a reader lacks who has this file alone."""
    left = Path(app.outdir).parent / "jupyter_execute" / pagename
    book = nbformat.reads(left.with_suffix(".ipynb").read_text(encoding="utf-8"), as_version=4)
    with suppress(KeyError):  # a notebook that failed is not in the cache; the build tells it and stops
        _, book = get_cache(executions(app)).merge_match_into_notebook(book)
    glued = left.with_suffix(".glue.json")
    values = json.loads(glued.read_text(encoding="utf-8")) if glued.is_file() else {}
    for cell in book.cells:
        if cell.cell_type == "markdown":
            cell.source = readable(app, pagename, cell.source, values)
        else:
            cell.outputs = [_drawn(app, output) for output in cell.outputs if not _hidden(output)]
            folded = "hide-input" in cell.metadata.get("tags", [])
            cell.metadata = NotebookNode({"jupyter": {"source_hidden": True}} if folded else {})
    code = [cell.source for cell in book.cells if cell.cell_type == "code"]
    guard = nbformat.v4.new_code_cell(
        GUARD.format(modules=json.dumps(_imported(code)), remedy=json.dumps(remedy, ensure_ascii=False)),
        metadata={"jupyter": {"source_hidden": True}},
    )
    book.cells.insert(0, guard)
    for number, cell in enumerate(book.cells):
        cell.id = f"cell-{number}"
    language = NotebookNode(name=book.metadata.kernelspec.get("language", "python"))
    book.metadata = NotebookNode(kernelspec=book.metadata.kernelspec, language_info=language)
    nbformat.validate(book)
    return nbformat.writes(book) + "\n"


def _imported(code: list[str]) -> list[str]:
    """The modules that cells import, in order of their names."""
    found = set()
    for node in (node for text in code for node in ast.walk(ast.parse(text))):
        if isinstance(node, ast.Import):
            found.update(name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return sorted(found)


def _hidden(output: NotebookNode) -> bool:
    return "data" in output and all(kind.startswith(PAPERMILL) for kind in output.data)


def _drawn(app: Sphinx, output: NotebookNode) -> NotebookNode:
    """A figure's output with its drawing, which shows in a notebook that is not trusted yet, too."""
    if MIMETYPE in output.get("data", {}):
        image = Path(app.doctreedir) / "figures" / f"{output.data[MIMETYPE]['name']}{PREVIEW}"
        output.data["image/png"] = base64.b64encode(image.read_bytes()).decode()
    return output


def readable(app: Sphinx, pagename: str, text: str, values: dict[str, dict]) -> str:
    """MyST Markdown as plain Markdown. `values` are what the page's cells glue, by key."""
    text = DIRECTIVE.sub(lambda match: _directive(app, *match.groups()[1:]), TARGET.sub("", text))
    text = ROLE.sub(lambda match: _role(app, match, values), text)
    return LINK.sub(lambda match: _link(app, pagename, *match.groups()), text)


def _role(app: Sphinx, match: re.Match, values: dict[str, dict]) -> str:
    name, content = match.groups()
    data = state.tables(app)
    if name == "claim":
        return " ".join(_claim(app, key) for key in content.split())
    if name == "estimate":
        row = data.row("estimates", content)
        return state.range_in_words(row["low"], row["high"])
    if name == "when":
        return state.claim_rows(app)[content]["when"]
    if name == "source":
        row = data.row("sources", content)
        return f"[{_escaped(state.source_in_words(row))}](<{row['url']}>)"
    if name == "numref":
        return _figure_number(app, content)
    if name == "glue:text":
        key, _, form = content.partition(":")
        return format_plain_text(values[key]["data"]["text/plain"], form or "s")
    return match[0]


def _claim(app: Sphinx, key: str) -> str:
    mark = f"{key} {state.claim_rows(app)[key]['grade']}"
    register = entry_page(app, "claims", key)
    url = page_uri(app, register) if register else ""
    return f"[[{mark}]]({url}#{key})" if url else f"[{mark}]"


def _figure_number(app: Sphinx, name: str) -> str:
    for numbers in app.env.toc_fignumbers.values():
        if number := numbers.get("figure", {}).get(name):
            return f"Figure {'.'.join(map(str, number))}"
    return name


def _link(app: Sphinx, pagename: str, words: str, path: str, fragment: str | None) -> str:
    target = posixpath.normpath(posixpath.join(posixpath.dirname(pagename), path.removesuffix(".md")))
    if target not in app.env.titles:
        return words
    words = words or _escaped(app.env.titles[target].astext())
    if target in pages(app):
        return f"[{words}]({file_name(target)})"
    url = page_uri(app, target)
    return f"[{words}]({url}{fragment or ''})" if url else words


def _directive(app: Sphinx, name: str, argument: str, content: str) -> str:
    """A table becomes the name of the data that it shows, any other box its heading and its content."""
    data = state.tables(app)
    if name == "register" and argument.strip() in data.schemas:
        title = data.schemas[argument.strip()]["title"]
        return f"*The table “{title}” stands here in the book; in this notebook it is `load().{argument.strip()}`.*"
    body = OPTION.sub("", content).strip()
    return "\n\n".join(filter(None, [f"**{argument.strip()}**" if argument.strip() else "", body]))


def _escaped(text: str) -> str:
    """Text of a table as text of a Markdown file."""
    return re.sub(r"([\\`*_{}\[\]<>#|$&])", r"\\\1", text)
