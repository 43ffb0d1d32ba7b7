"""Makes a stock Jupyter Book with Altair, with as many notebooks, charts and rows as a book that was built."""

import subprocess
import sys
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

from lxml import html

COMMAND = str(Path(sys.executable).with_name("jupyter-book"))
"""The plain command of this environment."""

FIGURES = "//figure[@data-figure]/@data-figure"
GROUPS = ("north", "south", "east", "west", "centre")
CHARTS = (
    'mark_line(point=True).encode(x="day:T", y="value:Q", color="group:N", tooltip=["day:T", "value:Q", "note:N"])',
    'mark_bar().encode(x="mean(value):Q", y=alt.Y("group:N", sort="-x"), tooltip=["group:N", "mean(value):Q"])',
    'mark_circle().encode(x="cost:Q", y="value:Q", color="group:N", tooltip=["note:N", "cost:Q"]).interactive()',
    'mark_rect().encode(x="month(day):O", y="group:N", color="mean(cost):Q", tooltip=["group:N", "mean(cost):Q"])',
)
"""The kinds of chart in turn: line, bar, scatter and heat map, as Altair's documentation writes them."""

PROSE = "The chart below shows the measured values of this part by day and group. Its rows are read from one file. "


class Chart(NamedTuple):
    """The data of one chart: its `rows`, and its size as CSV in `bytes`."""

    rows: int
    bytes: int


def notebooks(pages: Path) -> dict[str, list[Chart]]:
    """The notebooks of a built book of this project: page (without suffix) to its charts, in order."""
    found = {}
    for source in sorted((pages / "_sources").rglob("*.md")):
        if "{code-cell}" in source.read_text(encoding="utf-8"):
            page = source.relative_to(pages / "_sources").with_suffix("")
            names = html.parse(str(pages / page.with_suffix(".html"))).xpath(FIGURES)
            found[page.as_posix()] = [_chart(pages / "figures" / f"{name}.csv") for name in names]
    return found


def _chart(file: Path) -> Chart:
    return Chart(rows=len(file.read_text(encoding="utf-8").splitlines()) - 1, bytes=file.stat().st_size)


def make(folder: Path, shape: dict[str, list[Chart]]) -> list[str]:
    """Write a book into a new folder: what ``jupyter-book create`` makes, with notebooks of the given shape.

    Its settings stay; its sample pages make room for the notebooks, one for each of `shape`. Returns their pages,
    in the order of `shape`.
    """
    subprocess.run([COMMAND, "create", str(folder)], check=True, capture_output=True)
    for sample in (*folder.glob("markdown*.md"), *folder.glob("*.ipynb")):
        sample.unlink()
    (folder / "data").mkdir()
    pages = [f"notebook{number}" for number in range(1, len(shape) + 1)]
    kinds = cycle(CHARTS)
    for page, charts in zip(pages, shape.values(), strict=True):
        text = [
            "---\njupytext: {text_representation: {extension: .md, format_name: myst}}\n"
            "kernelspec: {display_name: Python 3, language: python, name: python3}\n---\n",
            f"# {page.capitalize()}\n",
            _cell("import altair as alt\nimport pandas as pd"),
        ]
        for number, chart in enumerate(charts, 1):
            file = f"data/{page}-{number}.csv"
            (folder / file).write_text(_csv(chart), encoding="utf-8")
            text.append(f"## Part {number}\n\n{PROSE * 4}\n")
            text.append(
                _cell(
                    f'rows = pd.read_csv("{file}", parse_dates=["day"])\n'
                    f'alt.Chart(rows, title="Part {number}").{next(kinds)}.properties(width=600, height=300)'
                )
            )
        (folder / f"{page}.md").write_text("\n".join(text), encoding="utf-8")
    contents = "".join(f"- file: {page}\n" for page in pages)
    (folder / "_toc.yml").write_text(f"format: jb-book\nroot: intro\nchapters:\n{contents}", encoding="utf-8")
    return pages


def _cell(code: str) -> str:
    return f"```{{code-cell}} ipython3\n{code}\n```\n"


def _csv(chart: Chart) -> str:
    """Rows of a day, a group, two numbers and a note that fills the row to the wanted size."""
    lines = ["day,group,value,cost,note"]
    for row in range(chart.rows):
        day = f"{2020 + row // 336 % 10}-{row // 28 % 12 + 1:02}-{row % 28 + 1:02}"
        bare = f"{day},{GROUPS[row % 5]},{40 + row * 37 % 61}.{row % 10},{10 + row * 11 % 17},"
        size = chart.bytes // max(chart.rows, 1) - len(bare) - 1
        lines.append(bare + f"note {row} {PROSE * 9}"[: max(size, 8)].strip())
    return "\n".join(lines) + "\n"
