"""Notebooks run ahead of their pages, as many at a time as there are processors.

One that fails is a fault of its page, told by line and error, without the machinery's traceback.
"""

import os
import re
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import repeat
from logging import getLogger
from pathlib import Path

from jupyter_cache import get_cache
from jupyter_cache.executors import utils
from jupyter_client.kernelspec import NoSuchKernel
from myst_nb.core.execute import cache, create_client, direct
from myst_nb.core.read import create_nb_reader
from myst_nb.sphinx_ import NbMetadataCollector
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from sphinx.application import Sphinx
from sphinx.config import Config

from dossier.book import state

LONGEST = 400
"""Characters of an error that are told."""

_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


class CellError(Exception):
    """What stopped a notebook: the line in its file, a tab, what is wrong and what would be right."""


_ahead: dict[str, Future] = {}
"""What a notebook is, as `_name` has it, to its run."""


def _run_ahead(app: Sphinx, env, docnames: list[str]) -> None:
    """Start the notebooks of pages to be read, unless the cache has them; the pages that wait are read last.

    A page with settings of its own runs when it is read, and so does all that runs in a folder made for it.
    """
    settings = env.mystnb_config
    if settings.execution_mode != "cache" or settings.execution_in_temp:
        return
    executed = get_cache(settings.execution_cache_path)
    threads = ThreadPoolExecutor(os.cpu_count())
    running = set()
    for docname in docnames:
        path = Path(env.doc2path(docname))
        text = path.read_text(encoding="utf-8")
        reader = create_nb_reader(str(path), env.myst_config, settings, text)
        if reader is None:
            continue
        notebook, folder = reader.read(text), str(path.parent)
        client = create_client(notebook, str(path), settings, getLogger(__name__))
        if settings.metadata_key in notebook.metadata or not isinstance(client, cache.NotebookClientCache):
            continue
        try:
            executed.match_cache_notebook(notebook)
        except KeyError:
            options = {"timeout": settings.execution_timeout, "allow_errors": settings.execution_allow_errors}
            _ahead[_name(notebook, folder)] = threads.submit(_run, notebook, cwd=folder, **options)
            running.add(docname)
    threads.shutdown(wait=False)
    docnames.sort(key=lambda docname: (docname in running, docname))


def _name(notebook, folder: str) -> str:
    """A notebook not yet run and its folder, without the ids of cells, which are made anew at each reading."""
    return repr((folder, [{**cell, "id": ""} for cell in notebook.cells]))


def _execute(notebook, cwd: str, **options) -> utils.ExecutionResult:
    """As jupyter-cache does it, for myst-nb; the run may have been started before."""
    run = _ahead.pop(_name(notebook, cwd), None)
    if run is None:
        return _run(notebook, cwd=cwd, **options)
    result = run.result()
    notebook.update(result.nb)
    return result


def _run(notebook, **options) -> utils.ExecutionResult:
    """A kernel that fails is an error too, and so is what a cell warns of."""
    try:
        result = utils.single_nb_execution(notebook, **options)
        error = result.err
    except (NoSuchKernel, DeadKernelError) as raised:
        result, error = utils.ExecutionResult(notebook, options.get("cwd"), 0), raised
    if told := _told(notebook, error):
        result.err = error or CellError(told)
        result.exc_string = told
    return result


def _told(notebook, error: Exception | None) -> str:
    """Line, fault and remedy of the first cell that failed; empty where none did."""
    if isinstance(error, NoSuchKernel):
        return f"1\tno kernel is called {error.name!r}: install it, or name another in the head of the page"
    lines = notebook.metadata.get("source_map")  # a notebook in JSON has none
    cells = [
        (cell, line + 1)
        for cell, line in zip(notebook.cells, lines or repeat(0), strict=False)
        if cell.cell_type == "code"
    ]
    # a cell that was stopped has an error, one in which the kernel died may not have been counted
    stopped = (at for cell, at in cells if not cell.get("execution_count") or _errors(cell))
    if isinstance(error, CellTimeoutError):
        after = re.search(r"after (\d+) seconds", str(error))
        wrong = f"the cell still ran after {after[1]} seconds" if after else "the cell ran too long"
        return f"{next(stopped, 1)}\t{wrong}: a faster cell, or a higher execute.timeout in _config.yml"
    if isinstance(error, DeadKernelError):
        at = next(stopped, cells[-1][1] if cells else 1)
        return f"{at}\tthe kernel died about here: less memory, or no call that ends the process"
    for cell, line in cells:
        for output in _errors(cell):
            trace = _ESCAPES.sub("", "\n".join(output.traceback))
            within = re.search(r"Cell In\[\d+\], line (\d+)", trace)
            at = line + int(within[1]) - 1 if within and lines else line
            right = "mend the cell; run by hand, it shows the whole traceback"
            return f"{at}\tthe notebook stops here: {output.ename}: {_line(output.evalue)}: {right}"
        for output in cell.get("outputs", []):
            if error is None and output.get("name") == "stderr" and _strict:
                wrong = f"the cell warns, or prints to standard error: {_line(output.text)}"
                return f"{line}\t{wrong}: mend what it warns of"
    return f"1\t{_line(str(error))}: mend the notebook" if error else ""


def _errors(cell) -> list:
    return [output for output in cell.get("outputs", []) if output.output_type == "error"]


def _line(text: str) -> str:
    words = " ".join(_ESCAPES.sub("", text).split())
    return words if len(words) <= LONGEST else f"{words[:LONGEST]}…"


def _tell(app: Sphinx, doctree) -> None:
    """Runs when a page has been read."""
    done = NbMetadataCollector.get_exec_data(app.env, app.env.docname)
    if done and done["traceback"]:
        line, _, told = done["traceback"].partition("\t")
        state.fault(app, told, (app.env.docname, int(line)))
        (Path(app.outdir) / "reports" / f"{app.env.docname}.err.log").unlink(missing_ok=True)


_strict = True


def _configure(app: Sphinx, config: Config) -> None:
    global _strict
    _strict = config.nb_output_stderr.endswith(("-warn", "-error"))
    config.suppress_warnings = [*config.suppress_warnings, "mystnb.exec", "mystnb.stderr"]


def setup(app: Sphinx) -> None:
    """Register the hooks."""
    for module in (cache, direct):
        module.single_nb_execution = _execute
    app.connect("config-inited", _configure)
    app.connect("env-before-read-docs", _run_ahead)
    app.connect("doctree-read", _tell)
