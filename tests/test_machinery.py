"""What the notebook side promises: typed tables, origins counted, figures that are whole."""

import json
import os
import subprocess
import sys
import sysconfig
from types import SimpleNamespace

import altair as alt
import pandas as pd
import pytest
from lxml import etree

from dossier import corroboration, drawings, figure, load, prose_holds, with_evidence, workers
from dossier.book import freshness
from dossier.book.figures import csv_text
from dossier.book.freshness import tables_named
from dossier.book.state import GRADED, dates_in_words, range_in_words
from dossier.drawings import drawing, framed, static
from dossier.evidence import first_published
from dossier.figures import BOOK, NARROW, TOKENS, FigureError, claims_drawn
from dossier.package import DataError
from dossier.prose import ProseError
from dossier.unchanged import sources


def test_tables_are_typed(data):
    assert data.claims["date_start"].dtype.kind == "M"
    assert data.claims["credibility"].dtype == "Int64"
    assert data.places["latitude"].dtype == "float64"
    assert pd.isna(data.claims.loc[0, "date_end"])


@pytest.mark.parametrize("fence", ["```", "````", "~~~"])
def test_notebook_depends_on_the_tables_that_its_cells_name(data, fence):
    page = "Of places.\n\n{0}{{code-cell}} ipython3\n{1}\n{0}\n\nOf actors.\n"
    assert tables_named(page.format(fence, "data.estimates"), data) == ["estimates"]
    support = tables_named(page.format(fence, "from dossier.judgements import support\nsupport(data)"), data)
    assert {*GRADED, "judgements", "hypotheses", "ratings"} == {*support}


def test_notebook_in_json_depends_on_the_tables_that_its_cells_name(data):
    assert tables_named(r'{"cells": [{"source": "data = load()\nestimates = 1"}]}', data) == ["estimates"]


def test_tables_are_found_from_a_chapter(sample):
    assert load(sample / "chapters").folder == sample / "data"


def test_missing_package_says_what_to_do(tmp_path):
    with pytest.raises(FileNotFoundError, match="DOSSIER_DATA"):
        load(tmp_path)


def test_unknown_row_is_named(data):
    with pytest.raises(DataError, match="'K999'"):
        data.row("claims", "K999")


def test_two_outlets_with_one_origin_count_once(data):
    support = corroboration(data.evidence, data.origins, data.sources)
    assert support.loc["K002", ["origins", "sources"]].tolist() == [1, 2]
    assert support.loc["K001", ["origins", "first_hand"]].tolist() == [2, 2]
    assert support.loc["K004", ["origins", "contradicting"]].tolist() == [1, 1]


def test_origin_is_known_from_the_first_page_that_carries_it(data):
    data.sources.loc[data.sources["source_id"] == "island2031lamp", "date_precision"] = "month"
    days = first_published(data.evidence, data.sources)
    assert days["K001"] == ["2031-03-02", "2031-03-31"]
    assert days["K002"] == ["2031-03-02"]


def test_rows_carry_their_evidence(data):
    rows = with_evidence(data, data.estimates)
    assert rows["grade"].tolist() == ["B1", "B4"]
    assert rows["support"].tolist() == ["two or more origins", "one origin"]


def crates(data, **changes):
    chart = alt.Chart(with_evidence(data, data.estimates)).mark_bar().encode(x="high:Q", y="estimator:N")
    whole = {"id": "crates", "title": "Two counts", "alt": "Two bars: 2 and 3,000 crates.", **changes}
    return figure(chart, **whole)


def test_figure_names_its_claims(data):
    assert claims_drawn(crates(data).to_dict()) == ["K001", "K004"]


@pytest.mark.parametrize(
    "changes, wrong",
    [({"id": "Two Crates"}, "lower-case"), ({"title": ""}, "title"), ({"alt": " "}, "alt text")],
)
def test_half_figure_is_refused(data, changes, wrong):
    with pytest.raises(FigureError, match=wrong):
        crates(data, **changes)


def test_figure_without_claims_is_refused(data):
    chart = alt.Chart(data.estimates.drop(columns="claim_id")).mark_bar().encode(x="high:Q")
    with pytest.raises(FigureError, match="names a claim"):
        figure(chart, id="crates", title="Two counts", alt="Two bars.")


def test_figure_of_a_field_that_no_row_has_is_refused(data):
    chart = alt.Chart(data.estimates).mark_bar().encode(x="hihg:Q")
    for drawn in (chart, alt.layer(alt.Chart(data.estimates).mark_bar().encode(x="high:Q"), chart)):
        with pytest.raises(FigureError, match=r"draws the field 'hihg', which its rows do not have: one of .*high"):
            figure(drawn, id="crates", title="Two counts", alt="Two bars.")
    made = chart.transform_calculate(hihg="datum.high * 2")
    assert figure(made, id="crates", title="Two counts", alt="Two bars.")


def test_figure_of_several_views_is_refused(data):
    chart = alt.Chart(data.estimates).mark_bar().encode(x="high:Q")
    with pytest.raises(FigureError, match="several views"):
        figure(chart | chart, id="crates", title="Two counts", alt="Two bars.")


def test_drawing_fits_a_phone_and_takes_the_theme(data):
    svg = static(crates(data).to_dict(), NARROW)
    assert f'width="{NARROW}"' in svg
    assert "var(--figure-blue)" in svg
    assert not any(light in svg.lower() for light, _ in TOKENS.values())
    assert "Two counts" not in svg  # the title is text of the page


def test_drawing_is_the_same_after_others_and_in_any_time_zone():
    spec = {
        "name": "days",
        "width": 300,
        "data": {"values": [{"day": "2031-04-02T00:00:00", "x": 1}, {"day": "2031-04-20", "x": 2}]},
        "mark": {"type": "point", "clip": True},
        "encoding": {"x": {"field": "day", "type": "temporal"}, "y": {"field": "x", "type": "quantitative"}},
    }
    assert "clip-path" in (drawn := drawing(spec, NARROW))
    assert drawing(spec, NARROW) == drawn
    code = (
        f"from dossier import drawings, workers; print(workers.submit(drawings.drawing, {spec}, {NARROW}).result())"
    )
    zones = ("UTC", "Asia/Kolkata", "America/Lima")
    runs = [
        subprocess.run([sys.executable, "-c", code], env={**os.environ, "TZ": zone}, capture_output=True, text=True)
        for zone in zones
    ]
    assert "<svg" in runs[0].stdout, runs[0].stderr
    assert len({run.stdout for run in runs}) == 1


def test_text_that_no_svg_can_hold_is_a_fault_of_the_chart(data, tmp_path):
    whole = crates(data).to_dict()
    for key, told in (("title", r"the character \\u000b"), ("aria", "not XML")):
        spec = json.loads(json.dumps(whole))
        if key == "title":
            spec["encoding"]["x"]["title"] = "crates\x0b"
        else:  # a character that only the chart makes, in a text that is not measured
            spec["encoding"]["description"] = {"value": {"expr": "'\\u000b'"}}
        with pytest.raises(ValueError, match=told):
            drawings.draw(spec, tmp_path, "")


class Awkward(Exception):
    """Pickles, but cannot be made again from it."""

    def __init__(self, told, line):
        super().__init__(told)


def fail_awkwardly():
    raise Awkward("no such crate", 7)


def test_error_that_cannot_be_pickled_is_told_and_a_worker_that_died_is_replaced(monkeypatch):
    threads = workers.ThreadPoolExecutor(1, initializer=workers._hire)
    monkeypatch.setattr(workers, "_threads", lambda: threads)
    for function, arguments, told in (
        (fail_awkwardly, (), "Awkward: no such crate"),
        (etree.fromstring, ("<half>",), "XMLSyntaxError: Premature end"),
        (os._exit, (1,), "a worker died in _exit"),
    ):
        with pytest.raises(RuntimeError, match=told):
            workers.submit(function, *arguments).result()
    assert workers.submit(abs, -1).result() == 1


def test_pages_depend_on_what_is_installed(tmp_path, monkeypatch):
    config = SimpleNamespace()
    monkeypatch.setattr(sysconfig, "get_path", lambda kind: str(tmp_path))
    seen = []
    for version in ("vl_convert_python-1.9.0", "vl_convert_python-1.9.1"):
        (tmp_path / f"{version}.dist-info").mkdir()
        freshness._note_machinery(None, config)
        seen.append(config.dossier_machinery)
        (tmp_path / f"{version}.dist-info").rmdir()
    assert seen[0] != seen[1]


def test_change_behind_a_link_is_a_change_and_links_that_lead_nowhere_or_round_are_none(tmp_path):
    project, chapters = tmp_path / "project", tmp_path / "chapters"
    for folder in (project / "_builders", project / "_build" / "html", chapters):
        folder.mkdir(parents=True)
    for name, target in (("chapters", chapters), ("gone", "nowhere"), ("up", tmp_path), ("book", "_build/html")):
        (project / name).symlink_to(target)
    (chapters / "back").symlink_to(project)
    digests = [sources(project)]
    for file in (chapters / "harbour.md", project / "_builders" / "cranes.md"):
        file.write_text("Cranes.")
        digests.append(sources(project))
    assert len(set(digests)) == 3
    (project / "_build" / "html" / "index.html").write_text("The book.")
    assert sources(project) == digests[-1]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the renderer finds the fonts of the system")
def test_png_is_the_same_whatever_fonts_a_machine_has(tmp_path):
    (tmp_path / "none.conf").write_text("<fontconfig><dir>/none</dir></fontconfig>")
    drawn = framed('<svg width="90" height="30"/>', "Words")
    pictures = []
    for number, fonts in enumerate(({}, {"FONTCONFIG_FILE": str(tmp_path / "none.conf")})):
        target, made_of = tmp_path / f"{number}.png", tmp_path / f"{number}.svg"
        code = (
            "from pathlib import PosixPath\nfrom dossier import drawings, workers\n"
            f"workers.submit(drawings.rasterize, {drawn!r}, {target!r}, 1, {made_of!r}, '').result()"
        )
        subprocess.run([sys.executable, "-c", code], env={**os.environ, **fonts}, check=True)
        pictures.append(target.read_bytes())
    assert pictures[0] == pictures[1]


def test_text_of_a_table_stays_text_in_a_drawing_and_in_csv(data):
    rows = with_evidence(data, data.estimates).assign(estimator=["<script>x</script>", "=1+1"])
    chart = figure(
        alt.Chart(rows).mark_bar().encode(x="high:Q", y="estimator:N"),
        id="crates",
        title="Two counts",
        alt="Two bars.",
    )
    assert "<script>" not in static(chart.to_dict(), NARROW)
    assert ",'=1+1," in csv_text(chart.to_dict())


@pytest.mark.parametrize(
    "low, high, words",
    [
        (900, 900, "900"),
        (800, 1200, "800–1,200"),
        (800, None, "at least 800"),
        (None, 1200, "up to 1,200"),
        (2.5, 2.5, "2.5"),
    ],
)
def test_ranges_read_as_one_writes_them(low, high, words):
    assert (
        range_in_words(low if low is not None else float("nan"), high if high is not None else float("nan"))
        == words
    )


@pytest.mark.parametrize(
    "start, end, precision, words",
    [
        ("2024-12-18", None, "day", "18 December 2024"),
        ("2024-12-01", None, "month", "December 2024"),
        ("2024-12-06", "2024-12-08", "day", "6–8 December 2024"),
        ("2024-11-27", "2024-12-08", "day", "27 November 2024 to 8 December 2024"),
        ("2023-01-01", "2024-01-01", "year", "2023 to 2024"),
    ],
)
def test_dates_read_as_one_writes_them(start, end, precision, words):
    row = {"date_start": pd.Timestamp(start), "date_end": pd.Timestamp(end), "date_precision": precision}
    assert dates_in_words(row) == words


def test_text_that_no_longer_holds_stops_the_book_and_is_told_by_hand(monkeypatch, capsys):
    monkeypatch.delenv(BOOK, raising=False)
    prose_holds(True, "the first line")
    prose_holds(False, "the second line")
    assert capsys.readouterr().out == "With these data the second line no longer holds.\n"
    monkeypatch.setenv(BOOK, "1")
    with pytest.raises(ProseError, match="the second line needs rewriting"):
        prose_holds(False, "the second line")
