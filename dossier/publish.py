"""Builds the book aside and publishes it whole, so that a failed build leaves the last good one untouched."""

import hashlib
import re
import shutil
import sys
from pathlib import Path

from jupyter_book.sphinx import build_sphinx

from dossier import citation, distributions
from dossier.book import downloads
from dossier.package import load


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
    shutil.copytree(built, fresh, ignore=shutil.ignore_patterns(".buildinfo*"))
    _bundle(project, fresh)
    if public.exists():
        public.rename(old)
    fresh.rename(public)
    shutil.rmtree(old, ignore_errors=True)
    print(f"the book: {(public / 'index.html').as_uri()}")
    return 0


def _bundle(project: Path, book: Path) -> None:
    """Put the whole book, without this file and the link to it, into one zip; made anew when a file has changed."""
    target = book / downloads.offered(load(project))["book"].path
    members = []
    for file in sorted(path for path in book.rglob("*") if path.is_file()):
        content = file.read_bytes()
        if file.suffix == ".html":
            content = re.sub(rb'<li class="download-book">.*?</li>\n', b"", content)
        members.append((f"{target.stem}/{file.relative_to(book).as_posix()}", content))
    digest = hashlib.sha256()
    for name, content in members:
        digest.update(name.encode() + hashlib.sha256(content).digest())
    made = book.with_name("work") / f"{digest.hexdigest()}.zip"
    if not made.is_file():
        for old in made.parent.glob("*.zip"):
            old.unlink()
        made.write_bytes(distributions.archive(members, citation.report(project).date))
    shutil.copyfile(made, target)
