"""What the benchmarks are made of is sound: grown tables, a stock book of the same shape, a count of charts."""

import re
import sys

from bench import growth, pages, stock
from bench.builds import change, timed
from dossier import load
from dossier.checks import check


def test_a_grown_report_has_no_fault(sample):
    before = {name: len(load(sample).text(name)) for name in growth.GROWN}
    rows = growth.grow(sample, 5)
    data = load(sample)
    assert check(data) == []
    assert rows == {name: len(data.text(name)) for name in growth.GROWN}
    assert [rows[name] for name in ("claims", "evidence")] == [5 * before[name] for name in ("claims", "evidence")]
    assert data.claims["claim_id"].is_unique


def test_claims_beyond_the_pattern_widen_it(sample, monkeypatch):
    monkeypatch.setattr(growth, "ascii_uppercase", "K")
    growth.grow(sample, 260)
    data = load(sample)
    assert not data.claims["claim_id"].str.fullmatch(growth.CLAIM_PATTERN).all()
    assert check(data) == []


def test_the_stock_book_has_the_shape_of_the_built_one(sample_book, tmp_path, monkeypatch):
    shape = stock.notebooks(sample_book / "_build" / "html")
    assert [(page, [chart.rows for chart in charts]) for page, charts in shape.items()] == [
        ("chapters/harbour", [2]),
    ]
    shape["long"] = [stock.Chart(rows=1000, bytes=80_000)] * 5
    made = stock.make(tmp_path / "stock", shape)
    assert made == ["notebook1", "notebook2"]
    monkeypatch.chdir(tmp_path / "stock")
    assert abs(tmp_path.joinpath("stock/data/notebook2-1.csv").stat().st_size - 80_000) < 8_000
    for page, charts in zip(made, shape.values(), strict=True):
        names: dict = {}
        drawn = []
        text = tmp_path.joinpath("stock", f"{page}.md").read_text()
        for cell in re.findall(r"```\{code-cell\} ipython3\n(.*?)```", text, re.DOTALL):
            *lines, last = cell.strip().splitlines()
            exec("\n".join(lines), names)
            drawn += [eval(last, names)] if last.startswith("alt.Chart") else [exec(last, names)]
        specs = [chart.to_dict() for chart in drawn if chart]
        assert [len(next(iter(spec["datasets"].values()))) for spec in specs] == [chart.rows for chart in charts]


def test_a_changed_cell_is_changed_alone(sample):
    table = sample / "data" / "claims.csv"
    before = table.read_text()
    change(table, "statement", "benchmark1word")
    change(table, "statement", "benchmark2word")
    assert table.read_text().replace(" benchmark2word", "", 1) == before


def test_time_of_processes_that_are_not_waited_for_counts(tmp_path):
    busy = "import time\nwhile time.process_time() < 1: pass"
    code = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {busy!r}]); time.sleep(3)"
    run = timed([sys.executable, "-c", code], tmp_path)
    assert 0.5 < run.cpu < run.seconds


def test_charts_are_counted_as_shown(sample_book, browser):
    page = browser.new_page()
    page.goto((sample_book / "_build" / "html" / "chapters" / "harbour.html").as_uri())
    assert page.evaluate(pages.SHOWN) == 1
    page.evaluate("document.querySelectorAll('figure').forEach(figure => { figure.hidden = true; })")
    assert page.evaluate(pages.SHOWN) == 0
    page.close()
