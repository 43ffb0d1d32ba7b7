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


def test_text_of_a_table_is_text_on_the_page(sample_book):
    entry = page(sample_book, "chapters/reference/claims").get_element_by_id("K004")
    arabic = "\u0642\u0627\u0644 \u0627\u0644\u062d\u0627\u0631\u0633"
    assert f"From $5 to $6, *not* `more`, says {arabic}." in entry.text_content()
    assert not entry.cssselect("em, code, .math")


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
    assert root.cssselect("a[href='#crates-counted'] .std-numref")[0].text_content() == "Figure 1.1"


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


def test_findings_tell_what_is_left_of_them(sample_book):
    row = page(sample_book, "chapters/reference/data").xpath("//tr[th/a[contains(@href, '#finding-1')]]")[0]
    cells = [cell.text_content() for cell in row.iter("td")]
    assert cells[1:] == ["3", "1", "0", "3"], "claims, with two origins, to be read by each of the two days"
    assert page(sample_book, "chapters/island").get_element_by_id("finding-1").tag == "li"


NOTEBOOK = """---
jupytext:
  text_representation: {extension: .md, format_name: myst}
kernelspec: {name: python3, display_name: Python 3}
---

# A page

"""


def cell(code):
    return f"```{{code-cell}} ipython3\n{code}\n```\n\n"


def chart(**changes):
    """A cell that shows a Vega-Lite chart as Altair would, whole but for the changes."""
    whole = {
        "name": "whole",
        "title": "Title",
        "description": "Alt text",
        "mark": "bar",
        "data": {"values": [{"claim_id": "K001", "x": 1}]},
        "encoding": {"x": {"field": "x", "type": "quantitative"}},
    }
    spec = {key: value for key, value in {**whole, **changes}.items() if value is not None}
    return cell(f'display({{"application/vnd.vegalite.v6+json": {spec!r}}}, raw=True)')


FAULTS = {
    # what is wrong with a page, all told in one build: page, its text, and the place, fault and remedy of each
    "raises": (NOTEBOOK + cell("a = 1\na / 0"), ["11: ZeroDivisionError: division by zero: mend the cell"]),
    "syntax": (NOTEBOOK + cell("a = = 1"), ["10: SyntaxError: invalid syntax: mend the cell"]),
    "hangs": (
        NOTEBOOK.replace("---\n\n#", "execution: {timeout: 2}\n---\n\n#") + cell("import time\ntime.sleep(90)"),
        ["11: the cell still ran after 2 seconds: execute.timeout"],
    ),
    "warns": (NOTEBOOK + cell("import warnings\nwarnings.warn('an old word')"), ["10: an old word: mend what it"]),
    "prints": (NOTEBOOK + cell("import sys\nprint('oops', file=sys.stderr)"), ["10: oops: mend what it warns of"]),
    "dies": (NOTEBOOK + cell("import os\nos._exit(3)"), ["10: the kernel died: no call that ends the process"]),
    "kernel": (
        NOTEBOOK.replace("python3", "fortran") + cell("1"),
        ["1: no kernel is called 'fortran': install it"],
    ),
    "half": (
        NOTEBOOK
        + cell("from dossier.charts import alt, figure\nfigure(alt.Chart().mark_bar(), id='x', title='x', alt='')"),
        ["11: FigureError: figure 'x': has no alt text: pass"],
    ),
    "pictures": (
        NOTEBOOK
        + chart(name=None)
        + chart(title=" ")
        + chart(description=None)
        + chart(data={"values": [{"x": 1}]})
        + chart(name="Crates Counted")
        + chart(name="../../out")
        + chart(name="strange", data={"values": [{"claim_id": "K777", "x": 1}]})
        + chart(hconcat=[])
        + chart(name="twice")
        + chart(name="twice")
        + chart(name="crates-counted")
        + chart(name="undrawn", encoding={"x": {"datum": {"expr": "("}}})
        + cell('display({"application/vnd.vegalite.v6+json": [1]}, raw=True)')
        + chart(name="misspelt", encoding={"x": {"field": "y"}})
        + chart(name="unwritten", title="A \u25c0 sign"),
        [
            "10: 'without an id': has no id: dossier.figure()",
            "14: has no title: dossier.figure()",
            "18: has no alt text: dossier.figure()",
            "22: no row names a claim: keep the column claim_id",
            "26: 'Crates Counted': words joined by hyphens",
            "30: '../../out': words joined by hyphens",
            "34: draws unknown claims K777: claims.csv",
            "38: several views: use one view or layers",
            "46: 'twice' exists in chapters/pictures already: another id",
            "50: 'crates-counted' exists in chapters/harbour already: another id",
            "54: 'undrawn' cannot be drawn: mend the chart",
            "58: no Vega-Lite specification: pass an Altair chart",
            "62: draws the field 'y', which its rows do not have: claim_id, x",
            "66: 'unwritten' cannot be drawn: the font of its PNG has no \u25c0: other signs",
        ],
    ),
    "roles": (
        "# A page\n\n{claim}`K777`\n\n{claim}` `\n\n{estimate}`N777`\n\n{when}`K778`\n\n{source}`nobody`"
        "\n\n{lamp}`a`\n",
        [
            "3: unknown claim 'K777': a claim_id of claims.csv",
            "5: names no claim: give the claim_id",
            "7: estimates.csv has no row with the estimate_id 'N777': an identifier that it has",
            "9: unknown claim 'K778': a claim_id of claims.csv",
            "11: sources.csv has no row with the source_id 'nobody': an identifier that it has",
            '13: Unknown interpreted text role "lamp"',
        ],
    ),
    "directives": (
        """# A page

```{register} lamps
```

```{register} places
:columns: name colour
```

```{register} places
:where: colour = red
```

```{register} findings
:days: soon
```

```{register} places
:colour: red
```

```{register} places
:where: country = Atlantis
```

```{register} places
```

```{register} places
:where: place_id = port-ember
```

```{lighthouse}
```

:::{findings} No list
Light.
:::

:::{findings} No claim
- Light.
:::
""",
        [
            "3: no table 'lamps': one of sources",
            "6: no column 'colour': one of place_id",
            "10: no column 'colour': one of place_id",
            "14: 'soon' is not a day: as 2024-12-18",
            "18: Unknown option keys: ['colour']: allowed",
            "22: no row has country = 'Atlantis': :where: country = a value it has",
            "29: port-ember stands on this page already: each row once",
            "33: Unknown directive type: 'lighthouse'",
            "36: no list: write each finding as an item",
            "40: rests on no claim: add its mark",
        ],
    ),
    "links": (
        "# A page\n\n[x](nowhere.md)\n\n{ref}`nolabel`\n\n{doc}`nodoc`\n\n![x](nowhere.png)\n\n(here)=\n## Here\n",
        [
            "3: 'nowhere.md'",
            "5: undefined label: 'nolabel'",
            "7: unknown document: 'nodoc'",
            "9: nowhere.png",
        ],
    ),
    "others": ("# A page\n\n(here)=\n## Here\n", ["4: duplicate label here, other instance in"]),
    "head": ("---\nkernelspec: [\n---\n\n# A page\n", ["1: Malformed YAML"]),
}


@pytest.fixture(scope="module")
def built_sample(tmp_path_factory, sample_book):
    return shutil.copytree(sample_book, tmp_path_factory.mktemp("faulty") / "sample")


def book_state(folder):
    """Each file of the public book with its content and its time."""
    html = folder / "_build" / "html"
    return {
        path: (path.read_bytes(), path.stat().st_mtime_ns) for path in sorted(html.rglob("*")) if path.is_file()
    }


@pytest.fixture(scope="module")
def faulty_build(built_sample):
    """What a build of all faulty pages tells, and whether it leaves the last book as it is."""
    folder = shutil.copytree(built_sample, built_sample.with_name("pages"))
    stood = book_state(folder)
    for name, (text, _) in FAULTS.items():
        (folder / "chapters" / f"{name}.md").write_text(text, encoding="utf-8")
    pages = "".join(f"      - file: chapters/{name}\n" for name in FAULTS)
    (folder / "_toc.yml").write_text((folder / "_toc.yml").read_text() + pages)
    return build(folder), stood == book_state(folder)


@pytest.mark.parametrize("name", FAULTS)
def test_fault_of_a_page_is_told_with_all_others(faulty_build, name):
    told = [line for line in faulty_build[0].stderr.splitlines() if f"chapters/{name}.md:" in line]
    for fault in FAULTS[name][1]:
        line, *parts = fault.split(": ")
        here = [text for text in told if f"chapters/{name}.md:{line}: " in text]
        assert any(all(part in text for part in parts) for text in here), (fault, told)


def test_faulty_pages_stop_the_build_and_leave_the_last_book(faulty_build):
    done, untouched = faulty_build
    assert done.returncode == 1
    assert "Traceback" not in done.stderr + done.stdout
    assert "\x1b" not in done.stderr + done.stdout, "no colours where there is no terminal"
    assert done.stderr.splitlines()[-1].endswith("_build/html is as it was")
    assert "raises.md: Executing notebook" in done.stdout, "progress tells which notebook runs"
    assert untouched


def test_fault_stops_the_next_build_too(built_sample):
    stood = book_state(built_sample)
    page = built_sample / "chapters" / "island.md"
    before = page.read_text(encoding="utf-8")
    page.write_text(before.replace("`K003`", "`K777`"), encoding="utf-8")
    try:
        for _ in range(2):  # must not pass because the first has read the pages
            done = build(built_sample)
            assert done.returncode == 1 and "unknown claim 'K777'" in done.stderr
    finally:
        page.write_text(before, encoding="utf-8")
    assert book_state(built_sample) == stood


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
    harbour.hover("a.claim-mark[data-claim=K001]")
    assert harbour.locator(".card-by").text_content() == "By 2031-03-02: 2 independent origins."


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
