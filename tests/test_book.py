"""A made-up report becomes a book: marks, registers, figures, fresh pages; and a faulty one does not."""

import csv
import shutil

import lxml.html
import pytest
from conftest import build


def page(folder, name):
    return lxml.html.parse(folder / "_build" / "html" / f"{name}.html").getroot()


def test_mark_leads_to_the_register_and_back(sample_book):
    mark = page(sample_book, "chapters/harbour").cssselect("a.claim-mark[data-claim=K001]")[0]
    assert mark.get("href") == "reference/claims.html#K001"
    entry = page(sample_book, "chapters/reference/claims").get_element_by_id("K001")
    back = [link.get("href") for link in entry.cssselect("a")]
    assert "../harbour.html#use-1" in back
    assert "../harbour.html#crates-counted" in back


def test_mark_in_a_table_has_a_card_and_leads_back(sample_book):
    front = page(sample_book, "index")
    assert front.get_element_by_id("card-K002") is not None
    back = [
        a.get("href")
        for a in page(sample_book, "chapters/reference/claims").get_element_by_id("K004").cssselect("a")
    ]
    assert "../../index.html#indicators-I01" in back
    assert front.get_element_by_id("indicators-I01") is not None


def test_card_tells_claimant_date_origins_and_sources(sample_book):
    card = page(sample_book, "chapters/harbour").get_element_by_id("card-K002").text_content()
    for part in ("a clerk who was not named", "1 March 2031", "B3", "1 independent origin", "Quay Digest"):
        assert part in card


def test_numbers_and_dates_in_prose_are_the_tables(sample_book):
    text = page(sample_book, "chapters/harbour").cssselect("article")[0].text_content()
    assert "On 1 March 2031 the ferry Wren left with 2 crates" in text
    assert "up to 1,200–3,000 crates" in page(sample_book, "chapters/island").text_content()


def test_figure_has_drawing_sources_table_and_files(sample_book):
    figure = page(sample_book, "chapters/harbour").get_element_by_id("crates-counted")
    assert len(figure.cssselect(".figure-static svg")) == 2
    assert figure.cssselect(".figure-chart")[0].get("aria-label").startswith("Two bars")
    assert "Island Post, The Ember Gazette; 2 claims, 2 pages, 2 independent origins" in figure.text_content()
    assert "1200" in figure.cssselect("table")[0].text_content()
    for suffix in ("csv", "png", "svg"):
        assert (sample_book / "_build" / "html" / "figures" / f"crates-counted.{suffix}").stat().st_size > 100


def test_figure_is_numbered_and_referred_to(sample_book):
    root = page(sample_book, "chapters/harbour")
    assert root.cssselect("a[href='#crates-counted'] .std-numref")[0].text_content() == "Figure 1"


def edit(folder, name, old, new):
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_changed_cell_reaches_prose_figure_and_csv_and_only_its_notebook_runs(sample):
    (sample / "chapters" / "island.md").write_text(
        (sample / "chapters" / "harbour.md")
        .read_text()
        .replace("crates-counted", "origins-counted")
        .replace("data.estimates", "data.evidence")
        .replace("high:Q", "count()")
        .replace("estimator:N", "origin_id:N"),
        encoding="utf-8",
    )
    assert build(sample).returncode == 0
    edit(sample, "data/estimates.csv", "2,2,crates", "2,7,crates")
    done = build(sample)
    assert done.returncode == 0, done.stderr
    assert "harbour.md: Executing" in done.stdout and "island.md: Executing" not in done.stdout
    html = sample / "_build" / "html"
    assert "left with 2–7 crates" in page(sample, "chapters/harbour").text_content()
    rows = csv.DictReader((html / "figures" / "crates-counted.csv").read_text().splitlines())
    assert ("2", "7", "crates") in [(row["low"], row["high"], row["unit"]) for row in rows]
    edit(sample, "data/claims.csv", "The crates held a lamp", "The crates held a lens")
    assert build(sample).returncode == 0
    assert "held a lens" in page(sample, "chapters/harbour").get_element_by_id("card-K002").text_content()
    assert "held a lens" in page(sample, "chapters/reference/claims").get_element_by_id("K002").text_content()


FAULTS = {
    "unknown claim in prose": (("chapters/island.md", "`K003`", "`K777`"), "unknown claim 'K777'"),
    "unknown estimate in prose": (("chapters/island.md", "`N002`", "`N777`"), "'N777'"),
    "figure without alt text": (
        ("chapters/harbour.md", 'alt="Two bars', 'alt="" and "Two bars'),
        "has no alt text",
    ),
    "chart that bypasses figure()": (
        (
            "chapters/harbour.md",
            'they count.",\n)\n```',
            'they count.",\n)\n```\n\n```{code-cell}\nalt.Chart(crates).mark_bar()\n```',
        ),
        "figure 'without an id': has no id",
    ),
    "figure that cannot be drawn": (
        ("chapters/harbour.md", 'x="high:Q"', 'x=alt.datum(1), x2=alt.datum({"expr": "("})'),
        "figure 'crates-counted' cannot be drawn",
    ),
    "notebook that raises": (("chapters/harbour.md", "data = load()", "data = 1 / 0"), "harbour"),
    "broken link": (("chapters/island.md", "The keeper", "[The keeper](nowhere.md)"), "nowhere.md"),
    "faulty table": (("data/claims.csv", "K002,harbour", "K002,attic"), "data/claims.csv:3:chapter: 'attic'"),
    "titles that differ": (("CITATION.cff", "The lamp of", "A lamp of"), "make them agree"),
    "editions that differ": (("CITATION.cff", '"1.0"', '"2.0"'), "make them agree"),
}


@pytest.fixture(scope="module")
def built_sample(tmp_path_factory, sample_book):
    return shutil.copytree(sample_book, tmp_path_factory.mktemp("faulty") / "sample")


@pytest.mark.parametrize("change, told", FAULTS.values(), ids=FAULTS)
def test_fault_stops_the_build_and_leaves_the_last_book(built_sample, change, told):
    name, old, new = change
    before = (built_sample / name).read_text(encoding="utf-8")
    public = built_sample / "_build" / "html" / "index.html"
    stood = public.stat().st_mtime_ns, public.read_bytes()
    edit(built_sample, name, old, new)
    try:
        done, again = build(built_sample), build(built_sample)
    finally:
        (built_sample / name).write_text(before, encoding="utf-8")
    assert done.returncode != 0
    assert told in done.stderr + done.stdout
    assert again.returncode != 0, "a second build must not pass because the first has read the pages"
    assert (public.stat().st_mtime_ns, public.read_bytes()) == stood


def test_two_figures_with_one_id_stop_the_build(built_sample):
    path = built_sample / "chapters" / "island.md"
    before = path.read_text()
    path.write_text((built_sample / "chapters" / "harbour.md").read_text())
    try:
        done = build(built_sample)
    finally:
        path.write_text(before)
    assert done.returncode != 0
    assert "figure 'crates-counted' exists in chapters/" in done.stderr


@pytest.fixture
def harbour(browser, sample_book):
    page = browser.new_page(viewport={"width": 1000, "height": 900})
    page.goto((sample_book / "_build" / "html" / "chapters" / "harbour.html").as_uri())
    yield page
    page.close()


def test_evidence_control_filters_chart_and_table_and_is_remembered(harbour):
    harbour.select_option("[name=origins]", "2")
    harbour.locator(".figure-live svg").wait_for()
    assert harbour.locator(".figure-live .mark-rect path").count() == 1
    assert harbour.locator(".figure-data tbody tr:not([hidden])").count() == 1
    assert harbour.locator(".figure-shown").text_content() == "Shown: 1 of 2 rows."
    harbour.reload()
    assert harbour.locator("[name=origins]").input_value() == "2"


def test_page_can_be_read_as_of_an_earlier_day(harbour):
    harbour.goto(harbour.url + "?asof=2031-03-01")
    assert harbour.locator(".control-shown").text_content() == "0 of 3 claims of this page"
    assert harbour.locator("a.claim-mark.left-out").count() == 3
    harbour.fill("[name=asof]", "2031-03-02")
    assert harbour.locator("a.claim-mark.left-out").count() == 0
    assert harbour.locator(".figure-data tbody tr:not([hidden])").count() == 2


def test_live_chart_takes_the_theme_and_returns_when_it_changes(harbour):
    harbour.hover(".figure-chart")
    bar = harbour.locator(".figure-live .mark-rect path").first
    bar.wait_for()
    light = bar.get_attribute("fill")
    harbour.evaluate("document.documentElement.dataset.theme = 'dark'")
    harbour.wait_for_function(
        "light => document.querySelector('.figure-live .mark-rect path')?.getAttribute('fill') !== light", arg=light
    )


def test_print_from_a_dark_screen_is_dark_on_white_and_static(harbour):
    harbour.evaluate("document.documentElement.dataset.theme = 'dark'")
    harbour.hover(".figure-chart")
    harbour.locator(".figure-live svg").wait_for()
    harbour.evaluate("dispatchEvent(new Event('beforeprint'))")
    harbour.emulate_media(media="print")
    assert harbour.evaluate("document.documentElement.dataset.theme") == "light"
    assert harbour.locator(".figure-static svg:visible").count() == 1
    assert harbour.locator(".figure-live svg:visible").count() == 0


def test_mark_of_a_chart_shows_the_card_of_its_claim(harbour):
    harbour.hover(".figure-chart")
    bar = harbour.locator(".figure-live .mark-rect path").last
    bar.wait_for()
    bar.hover()
    card = harbour.locator("body > .claim-card")
    card.wait_for()
    assert "The ferry Wren left" in card.text_content() or "The crates were empty" in card.text_content()
    assert card.locator("a", has_text="in the register").count() == 1


def test_static_chart_stays_when_the_library_does_not_load(harbour):
    harbour.evaluate("document.querySelector('.dossier-figure').dataset.script = 'missing.js'")
    harbour.hover(".figure-chart")
    harbour.wait_for_timeout(500)
    assert harbour.locator(".figure-static svg:visible").count() == 1


def test_table_of_a_figure_sorts_by_its_head(harbour):
    harbour.locator(".figure-data summary").click()
    head = harbour.locator(".figure-data th", has_text="low").first
    column = head.evaluate("cell => cell.cellIndex + 1")
    cells = harbour.locator(f".figure-data tbody td:nth-child({column})")
    head.locator("button").click()
    rising = cells.all_text_contents()
    head.locator("button").click()
    assert rising == ["2", "1200"] and cells.all_text_contents() == ["1200", "2"]
