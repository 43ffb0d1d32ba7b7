"""Builds the book aside and publishes it whole, so that a failed build leaves the last good one untouched."""

import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path

from jupyter_book.sphinx import build_sphinx


def publish(project: Path) -> int:
    """Build with warnings as errors in ``_build/work``; on success replace ``_build/html``.

    This is ``jupyter-book build -W -n --keep-going``, called within the process: its command line wraps every
    error in a traceback. Returns the exit code; progress and warnings go to the terminal.
    """
    built, public = project / "_build" / "work" / "html", project / "_build" / "html"
    failed = build_sphinx(
        project,
        built,
        noconfig=True,
        path_config=project / "_config.yml",
        confoverrides={"external_toc_path": "_toc.yml", "latex_individualpages": False, "nitpicky": True},
        warningiserror=True,
        keep_going=True,
    )
    if failed:
        # Sphinx would not read the faulty pages again, so the next build would pass; nor know which pages are old.
        for folder in (built, built.with_name(".doctrees")):
            shutil.rmtree(folder, ignore_errors=True)
        print(f"the build failed; {public} is as it was", file=sys.stderr)
        return 1
    fresh, old = public.with_name("html.new"), public.with_name("html.old")
    for folder in (fresh, old):
        shutil.rmtree(folder, ignore_errors=True)

    def take(source: str, target: str) -> None:
        last = public / Path(target).relative_to(fresh)
        if _same(source, last):  # of thousands of files most builds change a few
            with suppress(OSError):  # not every file system has links
                os.link(last, target)
                return
        shutil.copy2(source, target)

    shutil.copytree(built, fresh, ignore=shutil.ignore_patterns(".buildinfo*"), copy_function=take)
    if public.exists():
        public.rename(old)
    fresh.rename(public)
    shutil.rmtree(old, ignore_errors=True)
    print(f"the book: {(public / 'index.html').as_uri()}")
    return 0


def _same(source: str, last: Path) -> bool:
    """Whether the last book, which goes, has the file unchanged, so that the new one may share it."""
    try:
        new, old = os.stat(source), os.stat(last)
    except FileNotFoundError:
        return False
    return (new.st_size, new.st_mtime_ns) == (old.st_size, old.st_mtime_ns)
