"""Builds the book aside and publishes it whole: a build that fails or is cut off leaves the last book untouched."""

import contextlib
import ctypes
import os
import shutil
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import IO

import jupyter_book.sphinx
from sphinx.errors import SphinxError
from sphinx.util.console import color_terminal, nocolor

from dossier import citation, distributions, drawings
from dossier.book import downloads
from dossier.book.citation import FOLDER as CITATIONS
from dossier.package import DataError, load
from dossier.unchanged import note_built, sources
from dossier.workers import end, submit

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None

INTERRUPTED = 130
"""Exit code after Ctrl-C, by custom of shells."""

STACK = 64 * 2**20
"""Bytes of stack for the build; elsewhere than on Linux a thread has too little for deep pages."""


def publish(project: Path) -> int:
    """Build with warnings as errors in ``_build/work``; on success replace ``_build/html``.

    Returns the exit code; progress and warnings go to the terminal. Ctrl-C and SIGTERM end it at once, with one
    line: what is half done is in ``_build/work``, and the next build does not trust it.
    """
    work, public = project / "_build" / "work", project / "_build" / "html"
    work.mkdir(parents=True, exist_ok=True)
    with (work / "lock").open("w") as lock:
        if not _lock(lock):
            print(f"another build of this project is running; {public} is as it was", file=sys.stderr)
            return 1
        return _publish(project, work, public)


def _lock(file: IO) -> bool:
    """Hold a file until it is closed, or the process ends; False where another process holds it."""
    if fcntl:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def _publish(project: Path, work: Path, public: Path) -> int:
    submit(drawings.warm_up)
    _recover(public)
    made_of = sources(project)
    if not color_terminal():
        nocolor()

    def stop(*_) -> None:
        print(f"\ninterrupted; {public} is as it was", file=sys.stderr)
        end(INTERRUPTED)  # whatever a notebook or Sphinx is doing

    # In a thread of its own, because nbclient takes the signals of the main thread and outlives them.
    code: list[int] = []
    threading.stack_size(STACK)
    thread = threading.Thread(target=lambda: code.append(_build(project, work)), daemon=True)
    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        thread.start()
        while thread.is_alive():
            thread.join(0.1)
        if code != [0]:
            print(f"the build failed; {public} is as it was", file=sys.stderr)
            return 1
        built, zipped = work / "html", downloads.offered(load(project))["book"].path
        files = _files(built)
        if files != {name: state for name, state in _files(public).items() if name != zipped}:
            whole = work / Path(zipped).name
            bundled = submit(distributions.bundle, built, sorted(files), whole, citation.report(project).date)

            def finish(book: Path) -> None:
                bundled.result()
                whole.replace(book / zipped)

            _replace(public, built, finish)
        note_built(project, made_of)
    finally:
        threading.stack_size(0)
        for number, handler in before.items():
            signal.signal(number, handler)
    print(f"the book: {(public / 'index.html').as_uri()}")
    return 0


def _build(project: Path, work: Path) -> int:
    """``jupyter-book build -W -n --keep-going``, called within the process, for the sake of its messages."""
    unfinished, log = work / "unfinished", work / "error.log"
    if unfinished.exists():
        # Sphinx would not read pages again whose faults it has told, nor write those that it had read, nor know
        # which files are of pages that are no more. After an error that no one foresaw, nothing is trusted.
        for folder in ("html", ".doctrees", *([".jupyter_cache", "jupyter_execute"] if log.exists() else [])):
            shutil.rmtree(work / folder, ignore_errors=True)
        log.unlink(missing_ok=True)
    work.mkdir(parents=True, exist_ok=True)
    unfinished.touch()
    jupyter_book.sphinx.handle_exception = lambda app, settings, error, terminal: _tell(error, log)
    failed = jupyter_book.sphinx.build_sphinx(
        project,
        work / "html",
        noconfig=True,
        path_config=project / "_config.yml",
        confoverrides={"external_toc_path": "_toc.yml", "latex_individualpages": False, "nitpicky": True},
        warningiserror=True,
        keep_going=True,
    )
    if failed:
        return 1
    unfinished.unlink()
    return 0


def _files(folder: Path) -> dict[str, tuple[int, int]]:
    """File name to its state."""
    return {
        file.relative_to(folder).as_posix(): _state(file)
        for file in folder.rglob("*")
        if file.is_file() and not file.name.startswith(".buildinfo")
    }


def _state(file: Path) -> tuple[int, int] | None:
    """Size and time of the last change, which a copy keeps; None where there is no file."""
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    return found.st_size, found.st_mtime_ns


def _tell(error: BaseException, log: Path) -> None:
    """What went wrong, on the terminal; Sphinx's own function sends the reader to Sphinx's developers."""
    cause = getattr(error, "orig_exc", None) or error  # what a hook raised
    if isinstance(cause, (SphinxError, DataError)):
        print(f"\n{cause}", file=sys.stderr)
        return
    log.write_text("".join(traceback.format_exception(cause)), encoding="utf-8")
    print(
        f"\n{type(cause).__name__}: {cause}\n"
        f"this is told by no check; if a page is at fault, it is the last one named above; details are in {log}\n"
        "the next build starts from nothing",
        file=sys.stderr,
    )


def _replace(public: Path, built: Path, finish: Callable[[Path], None] = lambda book: None) -> None:
    """Put a copy of the built pages, finished, in the place of the public ones, in one step where it can be."""
    fresh, old = public.with_name("html.new"), public.with_name("html.old")
    for folder in (fresh, old):
        shutil.rmtree(folder, ignore_errors=True)

    def place(source: str, target: str) -> None:
        """Files that are never changed in their places, as the public ones are not, are linked, not copied."""
        found = Path(source)
        stands = public / found.relative_to(built)
        unchanged = (
            found if found.parent == built / CITATIONS else stands if _state(stands) == _state(found) else None
        )
        if unchanged:
            with contextlib.suppress(OSError):  # of a system without links
                os.link(unchanged, target)
                return
        shutil.copy2(source, target)

    shutil.copytree(built, fresh, ignore=shutil.ignore_patterns(".buildinfo*"), copy_function=place)
    finish(fresh)
    if public.exists() and _exchange(fresh, public):
        shutil.rmtree(fresh, ignore_errors=True)
        return
    if public.exists():
        public.rename(old)
    fresh.rename(public)
    shutil.rmtree(old, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two folders in one step; False where the system cannot (it is Linux that can)."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, TypeError, AttributeError):
        return False
    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    return renameat2(here, os.fsencode(one), here, os.fsencode(other), exchange) == 0


def _recover(public: Path) -> None:
    """The last book, where a build was cut off between the two steps of a system that needs two."""
    old = public.with_name("html.old")
    if old.is_dir() and not public.exists():
        old.rename(public)
