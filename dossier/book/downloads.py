"""What a reader takes away: the tables in other forms, the notebooks, the whole book; and where to run them.

The files are made beside the doctrees before pages are written, so that a page can tell their size, and copied
into the book at the end. Those of the tables are made anew when anything changes that stands in them.
"""

import hashlib
import shutil
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from docutils import nodes
from packaging.requirements import Requirement
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.docutils import SphinxDirective

from dossier import distributions, verify
from dossier.book import notebooks, state
from dossier.citation import Report
from dossier.package import Package
from dossier.workers import submit

FOLDER = "downloads"


class Download(NamedTuple):
    """A file that is offered: its address below the book, its name there, what it is, and its media type."""

    path: str
    title: str
    text: str
    mediatype: str


def offered(data: Package) -> dict[str, Download]:
    """What is offered, by kind, in the order in which it is listed."""
    name = data.descriptor["name"]
    return {
        "package": Download(
            f"{FOLDER}/{name}-data.zip",
            "Data package",
            "the tables as CSV with their schema, codebook, checksums and licence",
            "application/zip",
        ),
        "sqlite": Download(
            f"{FOLDER}/{name}.sqlite",
            "SQLite database",
            "the same tables with types and keys",
            "application/vnd.sqlite3",
        ),
        "workbook": Download(
            f"{FOLDER}/{name}.xlsx",
            "Excel workbook",
            "the same tables, one sheet each",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
        "notebooks": Download(
            f"{FOLDER}/{name}-notebooks.zip",
            "Notebooks",
            "each page with code as an executed notebook, with the tables and the code that it needs",
            "application/zip",
        ),
        "book": Download(
            f"{FOLDER}/{name}-book.zip",
            "The whole book",
            "all pages and files, to be read and kept offline",
            "application/zip",
        ),
        "verify": Download(
            "verify.py",
            "Verification",
            "a script that compares the numbers and dates in a copy of the book with its tables",
            "text/x-python",
        ),
    }


class downloads(nodes.General, nodes.Element):
    """The list of what is offered, to be rendered when sizes are known."""


class DownloadsDirective(SphinxDirective):
    """The list of what a reader can take away."""

    def run(self):
        pages_with_list(self.env).add(self.env.docname)
        return [downloads()]


def pages_with_list(env) -> set[str]:
    """The pages that list the downloads. Kept with the environment."""
    if not hasattr(env, "dossier_downloads"):
        env.dossier_downloads = set()
    return env.dossier_downloads


def _store(app: Sphinx) -> Path:
    """What lies here is laid out as in the book."""
    return Path(app.doctreedir) / "take"


def _homepage(app: Sphinx) -> str:
    return app.config.html_baseurl or ""


def _make_tables(app: Sphinx, env, docnames: list[str]) -> None:
    """Have the data package, the database and the workbook made, beside the build, where they are not yet."""
    data, whole, store = state.tables(app), app.dossier_report, _store(app)
    project = Path(app.srcdir)
    inputs = [data.descriptor_path, *map(data.path, data.resources), *sorted(project.glob("LICENSE*"))]
    inputs += project.glob("requirements.txt")
    said = [app.config.dossier_machinery, _homepage(app), repr(whole)]
    digest = hashlib.sha256("\n".join(said).encode() + b"".join(map(Path.read_bytes, inputs))).hexdigest()
    mark = store.with_name("take.digest")
    if mark.is_file() and mark.read_text() == digest:
        return
    shutil.rmtree(store, ignore_errors=True)
    mark.unlink(missing_ok=True)
    names = {kind: offer.path for kind, offer in offered(data).items()}
    distributions.write(store, {names["verify"]: Path(verify.__file__).read_bytes()})
    app.dossier_tables_made = digest, submit(distributions.make, project, whole, _homepage(app), store, names)


def _await_tables(app: Sphinx, env) -> None:
    if made := getattr(app, "dossier_tables_made", None):
        digest, written = made
        written.result()
        _store(app).with_name("take.digest").write_text(digest)


def _make_notebooks(app: Sphinx, env) -> None:
    """The notebook of each page with code, and all of them with what they need; pages and numbers are known now."""
    data, whole, folder = state.tables(app), app.dossier_report, _store(app) / FOLDER
    archive = offered(data)["notebooks"].path
    base = _homepage(app)
    origin = f" from {base.rstrip('/')}/{archive}" if base else ""
    remedy = f"Get {Path(archive).name}{origin}, unzip it and open this notebook there; its README.md says how."
    for old in folder.glob("*.ipynb"):
        old.unlink()
    made = {
        notebooks.file_name(page): notebooks.notebook(app, page, remedy).encode() for page in notebooks.pages(app)
    }
    distributions.write(folder, made)
    needs = {"README.md": _readme(whole), "requirements.txt": _requirements(Path(app.srcdir))}
    tables = distributions.package_files(data, whole, base, sealed=False)
    needs |= {f"data/{name}": content for name, content in tables.items() if name != "README.md"}
    code = sorted(file for file in state.CODE.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    needs |= {f"{state.CODE.name}/{file.relative_to(state.CODE).as_posix()}": file.read_bytes() for file in code}
    top = Path(archive).stem
    members = sorted((f"{top}/{name}", content) for name, content in (made | needs).items())
    distributions.write(_store(app), {archive: distributions.archive(members, whole.date)})


def _requirements(project: Path) -> bytes:
    """The project's lock where it has one, else what the machinery needs, in the versions at work here."""
    lock = project / "requirements.txt"
    if lock.is_file():
        return lock.read_bytes()
    needs = [Requirement(line) for line in metadata.requires(state.CODE.name) or [] if "extra ==" not in line]
    return "".join(f"{need.name}=={metadata.version(need.name)}\n" for need in needs).encode()


def _readme(whole: Report) -> bytes:
    return f"""# {whole.title}: the notebooks

Edition {whole.edition} of {whole.date}. Each notebook is a page of the report with its results. `data/` holds the
tables and what each column means (`codebook.csv`), `dossier/` the code that the notebooks import.

1. `python3 -m venv env` with Python 3.11 or later, then `env/bin/pip install -r requirements.txt`.
2. `env/bin/pip install jupyterlab`, then `env/bin/jupyter lab` here; open a notebook, Run > Run All Cells.
3. Change a code cell, or a row of a table in `data/`, and run the notebook again. `env/bin/python -m dossier check`
   tells what is wrong with a changed table. On Windows write `env\\Scripts\\` for `env/bin/`.
""".encode()


def _note_reading(app: Sphinx, env, docnames: list[str]) -> None:
    app.dossier_something_read = bool(docnames)


def _list_anew(app: Sphinx, env) -> list[str]:
    """Sizes may have changed when any page was read, or when the tables are made anew.

    At least the front page is written then: Sphinx calls what makes and awaits the files only before it writes.
    """
    made = hasattr(app, "dossier_tables_made")
    return sorted(pages_with_list(env) | {app.config.root_doc}) if made or app.dossier_something_read else []


def _resolve(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    for node in list(doctree.findall(downloads)):
        up = "../" * docname.count("/")
        made = [(kind, offer, _size(app, offer.path)) for kind, offer in offered(state.tables(app)).items()]
        html = state.templates().get_template("downloads.html").render(made=made, up=up)
        node.replace_self(nodes.raw("", html, format="html"))


def _size(app: Sphinx, path: str) -> int | None:
    """Bytes; None for what is made when all pages are written."""
    file = _store(app) / path
    return file.stat().st_size if file.is_file() else None


def _offer_notebook(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    """At the foot of a page with code, and in the menu of downloads, its notebook."""
    if doctree is None or "body" not in context or pagename not in notebooks.pages(app):
        return
    up, bundle = "../" * pagename.count("/"), offered(state.tables(app))["notebooks"]
    own = f"{FOLDER}/{notebooks.file_name(pagename)}"
    listed = sorted(pages_with_list(app.env))
    context["body"] += (
        state.templates()
        .get_template("rerun.html")
        .render(
            notebook=up + own,
            size=_size(app, own),
            bundle=up + bundle.path,
            bundle_size=_size(app, bundle.path),
            all=app.builder.get_relative_uri(pagename, listed[0]) if listed else "",
        )
    )
    for group in context.get("header_buttons", []):
        if group.get("label") == "download-buttons":
            kept = [button for button in group["buttons"] if button["label"] != "download-notebook-button"]
            button = {
                "type": "link",
                "url": up + own,
                "text": ".ipynb",
                "icon": "fas fa-code",
                "tooltip": "Download notebook file",
                "label": "download-notebook-button",
            }
            group["buttons"] = [button, *kept]


def _launch_from_repository(app: Sphinx, config: Config) -> None:
    """Launch buttons lead to a repository: without its address there are none, whatever else is set."""
    options = config.html_theme_options
    if not options.get("repository_url"):
        options["launch_buttons"] = {}


def _publish(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.format != "html":
        return
    out = Path(app.outdir)
    for folder in ("data", FOLDER):
        shutil.rmtree(out / folder, ignore_errors=True)
    shutil.copytree(_store(app), out, dirs_exist_ok=True)
    for page in notebooks.pages(app):  # the theme's copy, as the kernel left it
        (out / "_sources" / f"{page}.ipynb").unlink(missing_ok=True)


def _purge(app: Sphinx, env, docname: str) -> None:
    pages_with_list(env).discard(docname)


def setup(app: Sphinx) -> None:
    """Register the directive and the hooks."""
    app.add_node(downloads)
    app.add_directive("downloads", DownloadsDirective)
    app.connect("config-inited", _launch_from_repository)
    app.connect("env-purge-doc", _purge)
    app.connect("env-before-read-docs", _note_reading)
    app.connect("env-before-read-docs", _make_tables)
    app.connect("env-updated", _list_anew)
    app.connect("env-check-consistency", _make_notebooks, priority=600)  # meanwhile the PDFs are set
    app.connect("env-check-consistency", _await_tables, priority=800)  # before pages tell the sizes
    app.connect("doctree-resolved", _resolve)
    app.connect("html-page-context", _offer_notebook, priority=550)  # after the theme has made its buttons
    app.connect("build-finished", _publish)
