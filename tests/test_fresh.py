"""After any change an incremental build gives the same files, byte for byte, as a clean one; elsewhere, too."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, make_sample


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


CHANGES = {  # the file, old and new text; whether notebooks run again
    "a number in a table": ("data/estimates.csv", "2,2,crates", "2,7,crates", True),
    "a text in a table": ("data/claims.csv", "The crates held a lamp", "The crates held a lens", True),
    "prose": ("chapters/island.md", "The keeper expects", "The keeper still expects", False),
    "a style": ("dossier/book/assets/dossier.css", ".claim-card ul { ", ".claim-card ul { color: red; ", False),
    "a template": ("dossier/book/templates/cards.html", "in the register", "in our register", False),
    "a colour of the charts": ("dossier/figures.py", '"#1f5fa9"', '"#1f5fa0"', True),
    "the configuration": ("_config.yml", 'copyright: "', 'copyright: "about ', False),
    "the citation": ("CITATION.cff", "authors:\n", "keywords: [lamps]\nauthors:\n", False),
}


@pytest.mark.parametrize("names", [list(CHANGES)[:3], list(CHANGES)[3:6], list(CHANGES)[6:]], ids=" and ".join)
def test_incremental_build_is_the_clean_build(report, tmp_path, names):
    """One incremental build a change, so that each is seen to matter; one clean build for the sum of them."""
    for name in names:
        file, old, new, runs = CHANGES[name]
        before = report.pages()
        report.edit(file, old, new)
        told = report.build()
        assert differing(before, report.pages()), f"{name} changed nothing"
        assert ("Executing" in told) == runs, f"{name}: notebooks {'did not run' if runs else 'ran'} again"
    clean = report.clean_copy(tmp_path / "elsewhere" / "deeper")
    clean.build(TZ="Asia/Kolkata", PYTHONHASHSEED="2", LC_ALL="C")
    assert differing(report.pages(), clean.pages()) == []


def test_page_that_left_the_contents_leaves_the_book(report, tmp_path):
    report.edit("_toc.yml", "  - file: chapters/island\n", "")
    report.build()
    clean = report.clean_copy(tmp_path / "clean")
    clean.build()
    assert differing(report.pages(), clean.pages()) == []


def test_build_without_a_change_runs_and_writes_nothing(report):
    before = report.pages()
    told = report.build()
    assert "Executing" not in told and "writing output... [" not in told
    assert report.pages() == before
