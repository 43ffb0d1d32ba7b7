"""``python -m bench book`` beside a stock book, ``python -m bench growth`` for 1, 10, 100 times the claims."""

import argparse
import os
import shutil
import signal
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from pathlib import Path

from bench import builds, growth, pages, stock
from bench.builds import Book, Failed, Run

ROOT = Path(__file__).parents[1]
MB = 1e6
CELLS = ("claims.statement", "article.reason")
"""Cells to change: the one on which most pages rest, and one that one page shows."""

DOSSIER = [sys.executable, "-m", "dossier"]
STOCK = [stock.COMMAND, "build"]


def main() -> int:
    """Run a benchmark; returns the exit code."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    book = commands.add_parser("book", help="this book beside a stock Jupyter Book with Altair")
    book.add_argument("--runs", type=int, default=3, help="how often each thing is measured (default: 3)")
    book.add_argument("--quick", action="store_true", help="one run of each, and one chapter page of each book")
    book.add_argument("--cells", nargs="*", default=CELLS, metavar="TABLE.COLUMN", help="which cells to change")
    book.add_argument("--connected", action="store_true", help="let the pages ask other hosts")
    grown = commands.add_parser("growth", help="check, build, memory and pages as the tables grow")
    grown.add_argument("--factors", type=int, nargs="+", default=(1, 10, 100), help="default: 1 10 100")
    grown.add_argument("--check-only", action="store_true", help="do not build")
    grown.add_argument("--limit", type=float, default=3600, help="stop a command after so many seconds")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # what was started ends too
    print(f"{os.cpu_count()} CPUs, load {_load()} before", flush=True)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        try:
            if asked.command == "growth":
                whole = _growth(Path(folder), asked.factors, asked.check_only, asked.limit)
            else:
                whole = True
                runs = 1 if asked.quick else asked.runs
                _side_by_side(Path(folder), runs, asked.quick, asked.cells, asked.connected)
        except Failed as error:
            print(error, file=sys.stderr)
            return 1
    print(f"load {_load()} after")
    return 0 if whole else 1


def _load() -> str:
    return " ".join(f"{value:.1f}" for value in os.getloadavg())


def _tell(what: str) -> None:
    print(f"… {what}", file=sys.stderr, flush=True)


# --- this book beside a stock one ---------------------------------------------------------------------------------


def _side_by_side(folder: Path, runs: int, quick: bool, cells: Sequence[str], connected: bool) -> None:
    """Build and open both books in turn, and print what was measured."""
    ours = Book("this book", builds.copy(ROOT, folder / "ours"), [*DOSSIER, "build"], [*DOSSIER, "build"])
    _tell(f"cold build 1 of {runs}: {ours.name}")
    cold = {ours.name: [ours.cold()]}
    shape = stock.notebooks(ours.pages)
    named = {ours.name: [page for page, charts in shape.items() if charts]}
    plain = Book("stock book", folder / "stock", [*STOCK, "."], [*STOCK, "--all", "."])
    made = stock.make(plain.folder, shape)
    named[plain.name] = [page for page, charts in zip(made, shape.values(), strict=True) if charts]
    print(
        f"{len(shape)} notebooks with {', '.join(str(len(charts)) for charts in shape.values())} charts, "
        f"{sum(chart.bytes for charts in shape.values() for chart in charts) / 1000:,.0f} kB of data drawn; "
        f"medians of {runs}, least to most in brackets"
    )
    books = (ours, plain)
    _tell(f"cold build 1 of {runs}: {plain.name}")
    cold[plain.name] = [plain.cold()]
    for run in range(1, runs):
        for book in books:
            _tell(f"cold build {run + 1} of {runs}: {book.name}")
            cold[book.name].append(book.cold())
    _row("", ours.name, plain.name, "ratio")
    _measured("cold build, s", cold, _seconds)
    _measured("cold build a notebook, s", cold, lambda run: run.seconds / len(shape))
    _measured("cold build, s on the CPUs", cold, lambda run: run.cpu)
    _measured("peak memory, MB", cold, lambda run: run.peak / MB, ",.0f")
    same = {book.name: [book.again() for _ in range(runs)] for book in books}
    _measured("build without a change, s", same, _seconds)
    _changed_cells(ours, plain, cells, runs)
    _pages(books, {name: names[: 1 if quick else None] for name, names in named.items()}, runs, connected)


def _changed_cells(ours: Book, plain: Book, cells: Sequence[str], runs: int) -> None:
    """Builds after a changed cell. The stock book is built with --all where its own build leaves the page stale."""
    words = (f"benchmark{number}word" for number in count(1))

    def after(book: Book, table: Path, column: str, build: Callable[[], Run]) -> tuple[list[Run], bool]:
        _tell(f"one cell of {table.name} changed: {book.name}")
        found, fresh = [], True
        for _ in range(runs):
            builds.change(table, column, word := next(words))
            found.append(build())
            fresh = fresh and book.shows(word)
        return found, fresh

    data = min((plain.folder / "data").glob("*.csv"))
    by_default = after(plain, data, "note", plain.again)
    stock_runs, stock_fresh = by_default if by_default[1] else after(plain, data, "note", plain.anew)
    for cell in cells:
        table, column = cell.split(".")
        our_runs, our_fresh = after(ours, ours.folder / "data" / f"{table}.csv", column, ours.again)
        marks = ["" if fresh else ", not shown" for fresh in (our_fresh, stock_fresh)]
        marks[1] += "" if by_default[1] else ", --all"
        label = f"one cell changed ({cell}), s"
        _measured(label, {ours.name: our_runs, plain.name: stock_runs}, _seconds, marks=marks)
    if not by_default[1]:
        _measured(
            "  without --all, s", {ours.name: [], plain.name: by_default[0]}, _seconds, marks=("", ", not shown")
        )


def _seconds(run: Run) -> float:
    return run.seconds


def _pages(books: Iterable[Book], named: dict[str, list[str]], runs: int, connected: bool) -> None:
    """What the chapter pages, those with charts, cost and show: medians over the pages."""
    scored = pages.lighthouse() is not None
    seen: dict[str, list[pages.Seen]] = {}
    for book in books:
        _tell(f"chapter pages in the browser: {book.name}")
        found = pages.look(book.pages, named[book.name], runs=runs, connected=connected, scored=scored)
        seen[book.name] = [look for looks in found.values() for look in looks]
    network, number = pages.SLOW_NETWORK, len(next(iter(named.values())))
    print(
        f"\nChapter pages ({number} of each book); slow: {pages.SLOW_CPU} times slower CPU, "
        f"{network['latency']} ms a request, {network['downloadThroughput'] * 8 / 1e6:.2f} Mbit/s; "
        f"other hosts {'are asked' if connected else 'cannot be reached'}"
    )
    _measured("own requests", seen, lambda page: page.own, ".0f")
    _measured("requests to other hosts", seen, lambda page: page.other, ".0f")
    _measured("weight, gzip, kB", seen, lambda page: page.weight / 1000, ",.0f")
    _measured("first contentful paint, slow, s", seen, lambda page: page.paint, ".2f")
    _measured("first chart, slow, s", seen, lambda page: page.chart, ".2f")
    _measured("charts shown", seen, lambda page: page.charts, ".0f")
    _measured("charts shown without JavaScript", seen, lambda page: page.scriptless, ".0f")
    for name in pages.LIGHTHOUSE:
        label = f"Lighthouse {name}"
        if scored:
            _measured(label, seen, lambda page, name=name: page.scores[name], ".0f")
        else:
            print(f"{label:<44}not measured: install lighthouse")


def _measured(
    label: str,
    found: dict[str, Sequence],
    of: Callable[..., float | None],
    form: str = ".1f",
    marks: Sequence[str] = ("", ""),
) -> None:
    """Print a row: the median of each book with least and most, and the ratio of the first to the second.

    Where only some of the measured had a value, it says how many.
    """
    cells, medians = [], []
    for (_, measured), mark in zip(found.items(), marks, strict=False):
        values = [value for value in map(of, measured) if value is not None]
        if not measured:
            cells.append("")
        elif not values:
            cells.append("none")
        else:
            middle, least, most = statistics.median(values), min(values), max(values)
            span = f" ({least:{form}}–{most:{form}})" if f"{least:{form}}" != f"{most:{form}}" else ""
            some = "" if len(values) == len(measured) else f", {len(values)} of {len(measured)}"
            cells.append(f"{middle:{form}}{span}{some}{mark}")
            medians.append(middle)
    ratio = f"{medians[0] / medians[1]:.2f}" if len(medians) == 2 and medians[1] else ""
    _row(label, *cells, *[""] * (2 - len(cells)), ratio)


def _row(label: str, first: str, second: str, ratio: str) -> None:
    print(f"{label:<44}{first:<26}{second:<26}{ratio}".rstrip(), flush=True)


# --- growth -------------------------------------------------------------------------------------------------------


def _growth(folder: Path, factors: Sequence[int], check_only: bool, limit: float) -> bool:
    """Print what the check and the build take at each factor; in brackets how often that is the first factor's.

    Returns whether none failed.
    """
    first: dict[str, float] = {}
    failures = []

    def figure(name: str, value: float, unit: str, form: str = ",.1f") -> str:
        times = value / first.setdefault(name, value)
        return f"{value:{form}} {unit}" + (f" ({times:.1f}x)" if factor != factors[0] else "")

    def step(name: str, run: Callable[[], Run]) -> bool:
        try:
            done = run()
        except Failed as error:
            print(f"  {name:<24}{error}", flush=True)
            failures.append(error)
            return False
        print(
            f"  {name:<24}{figure(name, done.seconds, 's'):<22}"
            f"{figure(f'{name} cpu', done.cpu, 's on the CPUs'):<32}"
            f"{figure(f'{name} peak', done.peak / MB, 'MB at the peak', ',.0f')}",
            flush=True,
        )
        return True

    for factor in factors:
        project = builds.copy(ROOT, folder / f"x{factor}")
        rows = growth.grow(project, factor)
        book = Book(f"{factor}x", project, [*DOSSIER, "build"], [*DOSSIER, "build"], limit)
        print(f"{factor}x: {', '.join(f'{number:,} {name}' for name, number in rows.items())}")
        checked = step("check", lambda book=book: book.run([*DOSSIER, "check"]))
        if (
            checked
            and not check_only
            and step("cold build", book.cold)
            and step("build without a change", book.again)
        ):
            page = max(book.pages.rglob("*.html"), key=lambda page: page.stat().st_size)
            size = figure("page", page.stat().st_size / MB, "MB")
            print(f"  {'largest page':<24}{size:<22}{page.relative_to(book.pages)}", flush=True)
        shutil.rmtree(project)
    return not failures


if __name__ == "__main__":
    sys.exit(main())
