"""After any change an incremental build gives the same files, byte for byte, as a clean one; elsewhere, too."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, build, make_sample


class Report:
    """A made-up report with a copy of the machinery of its own, so that both can be changed."""

    def __init__(self, folder: Path):
        make_sample(folder)
        self.folder, self.code = folder, folder.with_name(f"{folder.name}-code")
        shutil.copytree(ROOT / "dossier", self.code / "dossier", ignore=shutil.ignore_patterns("__pycache__"))

    def build(self, **environment) -> str:
        """Build; returns what was printed."""
        done = subprocess.run(
            [sys.executable, "-m", "dossier", "build"],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(self.code), **environment},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def pages(self) -> dict[str, bytes]:
        """Address to content of each published file."""
        html = self.folder / "_build" / "html"
        return {
            path.relative_to(html).as_posix(): path.read_bytes()
            for path in sorted(html.rglob("*"))
            if path.is_file()
        }

    def edit(self, name: str, old: str, new: str) -> None:
        """Change one text in a file of the report, or of its machinery where the name starts with ``dossier/``."""
        path = (self.code if name.startswith("dossier/") else self.folder) / name
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{name} lacks {old!r}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def clean_copy(self, folder: Path) -> "Report":
        """The same sources elsewhere, never built."""
        copy = object.__new__(Report)
        copy.folder, copy.code = folder, folder.with_name(f"{folder.name}-code")
        shutil.copytree(self.folder, copy.folder, ignore=shutil.ignore_patterns("_build"))
        shutil.copytree(self.code, copy.code, ignore=shutil.ignore_patterns("__pycache__"))
        return copy


def differing(first: dict[str, bytes], second: dict[str, bytes]) -> list[str]:
    return sorted(name for name in {*first, *second} if first.get(name) != second.get(name))


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    built = Report(tmp_path_factory.mktemp("fresh") / "report")
    built.build(TZ="UTC", PYTHONHASHSEED="1", LC_ALL="C.UTF-8")
    return built


CHANGES = {  # what is edited at once, as file, old and new text; whether notebooks run again
    "tables and prose": (
        [
            ("data/estimates.csv", "2,2,crates", "2,7,crates"),
            ("data/claims.csv", "The crates held a lamp", "The crates held a lens"),
            ("chapters/island.md", "The keeper expects", "The keeper still expects"),
        ],
        True,
    ),
    "prose, style and template": (
        [
            ("chapters/island.md", "still expects", "hopes for"),
            ("dossier/book/assets/dossier.css", ".claim-card ul { ", ".claim-card ul { color: red; "),
            ("dossier/book/templates/cards.html", "in the register", "in our register"),
        ],
        False,
    ),
    "a colour of the charts": ([("dossier/figures.py", '"#1f5fa9"', '"#1f5fa0"')], True),
    "configuration": ([("_config.yml", "author: The lamp editors", "author: The lamp editors, a crew")], False),
    "citation": ([("CITATION.cff", "authors:\n", "keywords: [lamps]\nauthors:\n")], False),
    "address": (
        [("_config.yml", "launch_buttons:", "html: {baseurl: https://example.org/lamp}\nlaunch_buttons:")],
        False,
    ),
}


def test_incremental_build_is_the_clean_build(report, tmp_path):
    """An incremental build a change, a clean build after the first of them and after the last."""
    for number, (name, (edits, runs)) in enumerate(CHANGES.items(), 1):
        before = report.pages()
        for edit in edits:
            report.edit(*edit)
        told = report.build()
        assert differing(before, report.pages()), f"{name} changed nothing"
        assert ("Executing" in told) == runs, f"{name}: notebooks {'did not run' if runs else 'ran'} again"
        if number in (1, len(CHANGES)):
            clean = report.clean_copy(tmp_path / f"elsewhere{number}" / "deeper")
            clean.build(TZ="Asia/Kolkata", PYTHONHASHSEED="2", LC_ALL="C")
            assert differing(report.pages(), clean.pages()) == [], name


def test_page_that_left_the_contents_leaves_the_book(report):
    report.edit("_toc.yml", "      - file: chapters/island\n", "")
    report.build()
    assert [name for name in report.pages() if "island." in name and not name.startswith("figures/")] == []


def test_build_without_a_change_ends_at_once(report):
    report.build()
    before = report.pages()
    assert report.build().startswith("nothing has changed since the last build\n")
    assert report.pages() == before


def test_file_that_no_page_reads_changes_nothing(report):
    report.build()
    before = report.pages()
    (report.folder / "notes.txt").write_text("A note.", encoding="utf-8")
    told = report.build()
    assert "building" in told and "Executing" not in told and "writing output... [" not in told
    assert report.pages() == before


def test_figure_of_a_renamed_chapter_is_not_stale(report):
    (report.folder / "chapters" / "harbour.md").rename(report.folder / "chapters" / "port.md")
    report.edit("_toc.yml", "chapters/harbour", "chapters/port")
    report.edit("data/estimates.csv", "The Ember Gazette", "The Ember Herald")
    report.build()
    assert b"The Ember Herald" in report.pages()["figures/crates-counted.csv"]


def test_figure_moves_to_a_page_that_is_read_before(report):
    """The page that had it now shows, besides, the rows of one day of a table."""
    chapters = report.folder / "chapters"
    shutil.copy(chapters / "port.md", chapters / "east.md")
    register = "```{register} estimates\n:where: as_of = 2031-03-01\n:columns: estimate_id as_of\n```\n"
    (chapters / "port.md").write_text(f"# The port\n\n{register}", encoding="utf-8")
    report.edit(
        "_toc.yml", "      - file: chapters/port\n", "      - file: chapters/port\n      - file: chapters/east\n"
    )
    report.build()
    pages = report.pages()
    assert b'id="crates-counted"' in pages["chapters/east.html"]
    assert b'id="estimates-N001"' in pages["chapters/port.html"]
    assert b'id="estimates-N002"' not in pages["chapters/port.html"]


def test_page_runs_by_its_own_settings(sample):
    def rewrite(name, head, code):
        page = sample / "chapters" / name
        text = page.read_text(encoding="utf-8").replace("---\njupytext:", "jupytext:", 1)
        page.write_text(f"---\nmystnb: {head}\n{text}\n```{{code-cell}} ipython3\n{code}\n```\n", encoding="utf-8")

    head = "file_format: mystnb\nkernelspec: {name: python3, display_name: Python 3, language: python}\n---\n"
    rewrite("harbour.md", "{execution_timeout: 60}", "import time; time.sleep(2)")
    rewrite("island.md", f'{{execution_mode: "off"}}\n{head}', "open('ran', 'w')")
    settings = sample / "_config.yml"
    settings.write_text(settings.read_text().replace("cache,", "cache, timeout: 1,"))
    done = build(sample)
    assert done.returncode == 0, done.stderr
    assert not (sample / "chapters" / "ran").exists()


def test_book_that_was_touched_is_published_anew(report):
    report.build()
    before = report.pages()
    (report.folder / "_build" / "html" / "index.html").unlink()
    report.build()
    assert report.pages() == before
