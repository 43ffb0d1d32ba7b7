"""Times a command with its processes, and the builds of a book: cold, without a change, after a changed cell."""

import contextlib
import csv
import os
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import psutil

SAMPLE_S = 0.2
"""Time between two looks at the processes, in seconds: looking takes time from them."""


TOLD = 2000
"""How much of what a failed command printed is shown of its beginning and of its end, in characters."""


class Failed(RuntimeError):
    """A measured command failed; the message has what it printed first and last."""


class Run(NamedTuple):
    """One run of a command: wall time and time on the processors in seconds, peak memory in bytes.

    The memory is the largest sum of the resident sizes of the process and all below it; what processes share
    counts for each of them. Of processes that are not waited for, the time since the last look is missing.
    """

    seconds: float
    cpu: float
    peak: int


def timed(command: list[str], folder: Path, *, timeout: float | None = None, **variables: str) -> Run:
    """Run a command in a folder, with environment variables. Raises `Failed` when it fails or takes too long."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as out:
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "", **variables},  # with byte code, as readers have it
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that an interrupted run leaves no kernel behind
        )
        peak, spent, over = [0], {}, threading.Event()
        watch = threading.Thread(target=_watch, args=(process.pid, peak, spent, over))
        watch.start()
        try:
            process.wait(timeout)
        except BaseException as error:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if isinstance(error, subprocess.TimeoutExpired):
                raise Failed(f"stopped after {timeout:.0f} s") from error
            raise
        finally:
            seconds = time.perf_counter() - start
            over.set()
            watch.join()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if process.returncode:
            out.seek(0)
            told = out.read()
            told = told if len(told) < 2 * TOLD else f"{told[:TOLD]}\n[…]\n{told[-TOLD:]}"
            raise Failed(f"{' '.join(command)} in {folder} failed:\n{told}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(seconds, max(cpu, sum(spent.values())), peak[0])


def _watch(pid: int, peak: list[int], spent: dict[psutil.Process, float], over: threading.Event) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        top = psutil.Process(pid)
        while not over.wait(SAMPLE_S):
            total = 0
            for process in (top, *top.children(recursive=True)):
                with contextlib.suppress(psutil.NoSuchProcess), process.oneshot():
                    total += process.memory_info().rss
                    spent[process] = sum(process.cpu_times()[:2])  # its own, in user and system mode
            peak[0] = max(peak[0], total)


@dataclass
class Book:
    """A book to be built in a folder of its own: `build` as its readers do, `rebuild` so that no page is stale.

    A command that takes longer than `limit` seconds is stopped.
    """

    name: str
    folder: Path
    build: list[str]
    rebuild: list[str]
    limit: float | None = None

    @property
    def pages(self) -> Path:
        """Where the built pages are."""
        return self.folder / "_build" / "html"

    def cold(self) -> Run:
        """Build with nothing there from earlier builds."""
        shutil.rmtree(self.folder / "_build", ignore_errors=True)
        return self.again()

    def again(self) -> Run:
        """Build with what earlier builds left."""
        return self.run(self.build)

    def anew(self) -> Run:
        """Build so that no page is stale."""
        return self.run(self.rebuild)

    def shows(self, word: str) -> bool:
        """Whether some page has a word."""
        return any(word in page.read_text(encoding="utf-8") for page in self.pages.rglob("*.html"))

    def run(self, command: list[str]) -> Run:
        """Run a command in the book's folder, with its own machinery. Raises `Failed`."""
        return timed(command, self.folder, timeout=self.limit, PYTHONPATH=str(self.folder))


def change(table: Path, column: str, word: str) -> None:
    """Put a word at the end of a cell, of the first row that has one; a word put there before makes room."""
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    row = next(row for row in rows if row[column])
    row[column] = f"{re.sub(' benchmark[0-9]+word$', '', row[column])} {word}"
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def copy(project: Path, folder: Path) -> Path:
    """A copy of a project without what was built or installed in it; returns its folder."""
    hidden = shutil.ignore_patterns(".*", "_build", "node_modules", "__pycache__", "*.egg-info")
    return shutil.copytree(project, folder, ignore=hidden)
