"""Ties pages and executed notebooks to the data and the code they use, so that no page is stale.

Sphinx reads a page again when the page changes, and the execution cache knows code alone. Here a page depends
on the tables it uses (`state.depend_on`), every page on the machinery, and a cached execution is dropped when
a table that the notebook names, or the machinery behind it, has changed.
"""

import json
import os
import re
import shutil
from pathlib import Path

from jupyter_cache import get_cache
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.search import js_index

from dossier import UNUSED, kernels
from dossier.book import state
from dossier.figures import BOOK
from dossier.package import Package, digest, load
from dossier.unchanged import environment

_MODULES = "__init__ charts evidence figures geodesy hypotheses judgements maps package prose scales shapes"
NOTEBOOK_CODE = tuple(f"{module}.py" for module in _MODULES.split())

_CELL = re.compile(r"^ {0,3}(`{3,}|~{3,})\{code-cell\}.*?(?:^ {0,3}\1[`~]*[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)


def tables_named(source: str, data: Package) -> list[str]:
    """The tables, and shapes, on which the code of a notebook depends.

    A table counts when its name stands as a word in a code cell. Functions of `dossier.evidence` and
    `dossier.judgements` read the graded tables, so their names bring those.
    """
    code = _code(source)
    named = {name for name in data.resources if re.search(rf"\b{name}\b", code)}
    if re.search(r"evidence\b|corroboration|judgements", code):
        named.update(state.GRADED)
    if "judgements" in code:
        named.update(("hypotheses", "ratings"))
    return sorted(named)


def _code(source: str) -> str:
    """The code cells of a notebook in MyST; one in JSON whole, with its lines apart."""
    if source.startswith("{"):
        return source.replace(r"\n", "\n")
    return "\n".join(cell[0] for cell in _CELL.finditer(source))


def _prepare_kernels(app: Sphinx) -> None:
    """Notebooks know that they run for the book, and run under a profile of their own, not the reader's."""
    os.environ[BOOK] = "1"
    profile = Path(app.outdir).parent / ".ipython"
    settings = profile / "profile_default" / "ipython_kernel_config.py"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(
        "c.IPKernelApp.log_level = 50  # a kernel that is stopped says so with a traceback of its own\n"
        f"import sys; sys.modules.setdefault({UNUSED!r}, None)\n"
    )
    os.environ["IPYTHONDIR"] = str(profile)
    kernels.choose()


def executions(app: Sphinx) -> Path:
    """The folder of the cache of executed notebooks."""
    return Path(app.config.nb_execution_cache_path or Path(app.outdir).parent / ".jupyter_cache")


def _drop_stale_executions(app: Sphinx) -> None:
    """Forget each cached output that is not of a page whose tables and machinery are as they were.

    The cache finds a notebook by its code alone, wherever it lay when it ran.
    """
    folder = executions(app)
    data = load(Path(app.srcdir))
    store = folder / "fingerprints.json"
    before = json.loads(store.read_text()) if store.is_file() else {}
    after = {}
    machinery = environment() + digest(*(state.CODE / name for name in NOTEBOOK_CODE))
    for page in sorted(app.project.discover(app.config.exclude_patterns, app.config.include_patterns)):
        names = tables_named(Path(app.env.doc2path(page)).read_text(encoding="utf-8"), data)
        after[page] = digest(data.descriptor_path, *(data.path(name) for name in names)) + machinery
    app.dossier_stale = [page for page, mark in after.items() if before.get(page) != mark]
    fresh = {str(app.env.doc2path(page)) for page in after.keys() - app.dossier_stale}
    cache = get_cache(folder)
    for record in cache.list_cache_records():
        if record.uri not in fresh:
            cache.remove_cache(record.pk)
    whole = store.with_suffix(".new")  # a build may be cut off here
    whole.write_text(json.dumps(after, indent=1, sort_keys=True))
    whole.replace(store)


def _depend_on_named_tables(app: Sphinx, docname: str, source: list[str]) -> None:
    if _code(source[0]):
        data = state.tables(app)
        state.depend_on(app.env, data, *tables_named(source[0], data))


def _read_stale(app: Sphinx, env, added: set[str], changed: set[str], removed: set[str]) -> list[str]:
    """What was forgotten is made again, whatever Sphinx knows of its page."""
    return app.dossier_stale


def _start_anew(app: Sphinx, env, added: set[str], changed: set[str], removed: set[str]) -> list[str]:
    """When a page left the contents, forget all that was written: its files lie in more places than one."""
    if not removed:
        return []
    shutil.rmtree(app.outdir)
    Path(app.outdir).mkdir()
    return sorted(env.found_docs)


def _note_machinery(app: Sphinx, config: Config) -> None:
    """What makes the pages: the code here, and all that is installed, such as the renderer of charts."""
    config.dossier_machinery = environment() + digest(
        *sorted(file for file in state.CODE.rglob("*") if file.suffix != ".pyc" and file.is_file())
    )


def _forget_words(app: Sphinx, exception: Exception | None) -> None:
    """Drop from the search index the words that no page has any more: Sphinx keeps them, without pages."""
    index = Path(app.outdir) / "searchindex.js"
    if exception or not index.is_file():
        return
    with index.open(encoding="utf-8") as file:
        data = js_index.load(file)
    before = sum(map(len, (data["terms"], data["titleterms"])))
    for name in ("terms", "titleterms"):
        data[name] = {word: pages for word, pages in data[name].items() if pages != []}
    if sum(map(len, (data["terms"], data["titleterms"]))) < before:
        with index.open("w", encoding="utf-8") as file:
            js_index.dump(data, file)


def setup(app: Sphinx) -> None:
    """Register the hooks."""
    app.add_config_value("dossier_machinery", "", "env", [str])
    app.connect("config-inited", _note_machinery)
    app.connect("builder-inited", _prepare_kernels)
    app.connect("builder-inited", _drop_stale_executions)
    app.connect("env-get-outdated", _read_stale)
    app.connect("env-get-outdated", _start_anew)
    app.connect("source-read", _depend_on_named_tables)
    app.connect("build-finished", _forget_words)
