"""The book is published whole or not at all, whatever ends a build."""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from conftest import build
from test_book import book_state, edit

from dossier import publish
from dossier.book import citation


def interrupt(folder, number):
    """Start a build, send it a signal while a notebook runs; returns its exit code and what it told."""
    command = [sys.executable, "-u", "-m", "dossier", "build"]
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        progress = next(line for line in process.stdout if "Executing" in line)
        assert "chapters/harbour.md" in progress
        time.sleep(1)  # until the kernel is up
        process.send_signal(number)
        _, told = process.communicate(timeout=20)
    return process.returncode, told.strip()


def at_work(folder):
    """The processes that work in a folder."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if Path(process.cwd()).is_relative_to(folder):
                found.append(process)
    return found


def test_signal_leaves_the_last_book_and_the_next_build_makes_one(tmp_path, sample_book):
    folder = shutil.copytree(sample_book, tmp_path / "sample")
    stood = book_state(folder)
    page = folder / "chapters" / "harbour.md"
    text = page.read_text(encoding="utf-8")
    page.write_text(text.replace("data = load()", "import time; time.sleep(90); data = load()"), encoding="utf-8")
    told = publish.INTERRUPTED, f"interrupted; {folder / '_build' / 'html'} is as it was"
    assert interrupt(folder, signal.SIGINT) == told
    assert interrupt(folder, signal.SIGTERM) == told
    assert interrupt(folder, signal.SIGKILL) == (-signal.SIGKILL, "")
    _, left = psutil.wait_procs(at_work(folder), timeout=10)
    assert left == []
    assert book_state(folder) == stood
    page.write_text(text.replace("The harbour", "The old harbour"), encoding="utf-8")
    done = build(folder)
    assert done.returncode == 0, done.stderr
    assert "The old harbour" in (folder / "_build" / "html" / "chapters" / "harbour.html").read_text()


def test_damaged_memory_ends_one_build_and_not_the_next(tmp_path, sample_book):
    folder = shutil.copytree(sample_book, tmp_path / "sample")
    stood = book_state(folder)
    (folder / "_build" / "work" / ".jupyter_cache" / "fingerprints.json").write_text("")
    edit(folder, "chapters/harbour.md", "The harbour", "The old harbour")
    done = build(folder)
    assert done.returncode == 1 and "the next build starts from nothing" in done.stderr
    assert book_state(folder) == stood
    done = build(folder)
    assert done.returncode == 0, done.stderr
    assert "The old harbour" in (folder / "_build" / "html" / "chapters" / "harbour.html").read_text()


@pytest.fixture
def folders(tmp_path):
    """An old public book and a new one."""
    for name in ("html", "work"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "index.html").write_text(name)
    return tmp_path / "html", tmp_path / "work"


@pytest.mark.parametrize("able", [True, False])
def test_new_book_takes_the_place_of_the_old(folders, monkeypatch, able):
    public, built = folders
    if not able:
        monkeypatch.setattr(publish, "_exchange", lambda one, other: False)
    publish._replace(public, built)
    assert (public / "index.html").read_text() == "work"
    assert sorted(path.name for path in public.parent.iterdir()) == ["html", "work"]


def test_citations_that_a_later_build_writes_do_not_change_the_public_ones(folders):
    public, built = folders
    file = built / citation.FOLDER / "K001.bib"
    file.parent.mkdir()
    citation.put(file, "old")
    publish._replace(public, built)
    citation.put(file, "new")
    assert (public / citation.FOLDER / "K001.bib").read_text() == "old"
    assert file.read_text() == "new"


@pytest.mark.skipif(sys.platform != "linux", reason="two steps are needed elsewhere")
def test_linux_exchanges_the_books_in_one_step(folders):
    assert publish._exchange(*folders)
    assert [(folder / "index.html").read_text() for folder in folders] == ["work", "html"]


def test_build_cut_off_between_two_steps_leaves_a_book_to_the_next(folders):
    public, built = folders
    cut = """
import os, sys
from pathlib import Path
from dossier import publish
publish._exchange = lambda one, other: False
rename = Path.rename
def once(self, target):
    rename(self, target)
    os.kill(os.getpid(), 9)
Path.rename = once
publish._replace(Path(sys.argv[1]), Path(sys.argv[2]))
"""
    done = subprocess.run([sys.executable, "-c", cut, str(public), str(built)], env=os.environ)
    assert done.returncode == -signal.SIGKILL and not public.exists()
    publish._recover(public)
    assert (public / "index.html").read_text() == "html"


def test_book_that_stands_is_not_recovered(folders):
    public, _ = folders
    (public.parent / "html.old").mkdir()
    publish._recover(public)
    assert (public / "index.html").read_text() == "html"


def test_a_second_build_at_the_same_time_is_refused(sample):
    command = [sys.executable, "-u", "-m", "dossier", "build"]
    with subprocess.Popen(
        command, cwd=sample, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as first:
        next(line for line in first.stdout if "Executing" in line)
        second = build(sample)
        first.stdout.read()
    assert second.returncode == 1 and second.stderr.startswith("another build of this project is running")
    assert first.returncode == 0
