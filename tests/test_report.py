"""The real report, as its readers meet it: whole pages, charts that show and live, nothing asked of other hosts."""

import re
from urllib.parse import unquote, urldefrag, urljoin, urlparse

import lxml.html
import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import ROOT

from dossier import load
from dossier.book.state import range_in_words

CHAPTERS = sorted(path.stem for path in (ROOT / "chapters").glob("*.md"))


@pytest.fixture(scope="module")
def pages(book):
    """Address below the book to the parsed page."""
    return {
        path.relative_to(book).as_posix(): lxml.html.parse(path).getroot()
        for path in sorted(book.rglob("*.html"))
        if "_static" not in path.parts
    }


ONE_OF_EACH_SHAPE = """() => {
  const seen = new Set();
  for (const entry of document.querySelectorAll(".register-entry")) {
    const shape = [...new Set([...entry.querySelectorAll("*")].map((part) => part.tagName + part.className))];
    if (seen.has(shape.sort().join())) entry.remove();
    seen.add(shape.join());
  }
}"""
"""Of hundreds of entries, which take axe half a minute, leaves one with each set of elements and classes."""


def test_every_link_leads_somewhere(book, pages):
    anchors = {name: set(root.xpath("//@id")) for name, root in pages.items()}
    dangling = []
    for name, root in pages.items():
        for address in root.xpath("//a/@href | //link/@href | //script/@src | //img/@src"):
            parts = urlparse(address)
            if parts.scheme or parts.netloc:
                continue
            target, fragment = urldefrag(urljoin(f"/{name}", address))
            target = unquote(target).lstrip("/").split("?")[0] or name
            if not (book / target).exists() or (
                fragment and target in anchors and unquote(fragment) not in anchors[target]
            ):
                dangling.append((name, address))
    assert dangling == []


def test_every_claim_has_one_entry(pages):
    claims = load(ROOT).claims["claim_id"]
    entries = [
        key for root in pages.values() for key in root.xpath("//*[contains(@class, 'register-claims')]/section/@id")
    ]
    assert sorted(entries) == sorted(claims)


def test_marks_in_prose_lead_to_their_entry(pages):
    for chapter in CHAPTERS:
        marks = pages[f"chapters/{chapter}.html"].cssselect("article a.claim-mark")
        assert len(marks) >= 20, chapter
        for mark in marks:
            assert mark.get("href").endswith(f"#{mark.get('data-claim')}")


def test_numbers_in_prose_are_the_tables(pages):
    estimates = load(ROOT).estimates.set_index("estimate_id")
    shown = [span for root in pages.values() for span in root.xpath("//span[@data-row]")]
    assert len(shown) >= 20
    for span in shown:
        row = estimates.loc[span.get("data-row")]
        assert span.text_content() == range_in_words(row["low"], row["high"])


def test_each_chapter_has_figures_with_alt_text_and_sources(pages):
    for chapter in CHAPTERS:
        figures = pages[f"chapters/{chapter}.html"].cssselect("figure.dossier-figure")
        assert len(figures) >= 2, chapter
        for figure in figures:
            assert len(figure.cssselect(".figure-chart")[0].get("aria-label")) > 40
            assert "independent origin" in figure.cssselect(".figure-sources")[0].text_content()


@pytest.fixture
def visit(browser, book):
    """Open a page from the folder; collects script errors and requests to other hosts."""
    contexts = []

    def open_page(name, **settings):
        context = browser.new_context(**settings)
        contexts.append(context)
        page = context.new_page()
        page.faults = []
        page.on("console", lambda message: page.faults.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.on(
            "request",
            lambda request: (
                page.faults.append(request.url) if not request.url.startswith(("file:", "data:", "blob:")) else None
            ),
        )
        page.goto((book / name).as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()


def test_pages_ask_no_other_host_raise_no_error_and_fit_a_phone(pages, visit):
    for name in pages:
        page = visit(name, viewport={"width": 390, "height": 844})
        assert page.faults == [], name
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0, name


@pytest.mark.parametrize("chapter", CHAPTERS)
@pytest.mark.parametrize("width", [1280, 390])
def test_figures_show_without_javascript(visit, chapter, width):
    page = visit(f"chapters/{chapter}.html", java_script_enabled=False, viewport={"width": width, "height": 900})
    figures = page.locator("figure.dossier-figure")
    for index in range(figures.count()):
        drawings = figures.nth(index).locator(".figure-static svg:visible")
        assert drawings.count() == 1
        assert drawings.first.bounding_box()["width"] <= width


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_figures_come_alive_when_reached(visit, chapter):
    page = visit(f"chapters/{chapter}.html", viewport={"width": 1280, "height": 900})
    charts = page.locator(".figure-chart")
    for index in range(charts.count()):
        chart = charts.nth(index)
        before = chart.bounding_box()
        chart.hover()
        chart.locator(".figure-live svg").wait_for(timeout=10_000)
        after = chart.bounding_box()
        assert abs(after["height"] - before["height"]) < 4, "the page must not jump"
    assert page.faults == []


def test_card_opens_by_mouse_and_keyboard_and_closes(visit):
    page = visit(f"chapters/{CHAPTERS[0]}.html", viewport={"width": 1280, "height": 900})
    mark = page.locator("article a.claim-mark").first
    card = page.locator(f"#card-{mark.get_attribute('data-claim')}")
    mark.hover()
    card.wait_for(state="visible")
    page.keyboard.press("Escape")
    card.wait_for(state="hidden")
    mark.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    card.wait_for(state="visible")


def test_mark_of_a_chart_shows_its_card_at_a_tap(visit):
    page = visit("chapters/libyan-hub.html", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    figure = page.locator("#libya-flight-counts")
    figure.locator(".figure-chart").tap()
    figure.locator(".figure-live .mark-rect path").first.tap()
    page.locator("body > .claim-card").wait_for(state="visible")


def test_address_of_a_figure_leads_to_it(visit, pages):
    page = visit("chapters/libyan-hub.html", viewport={"width": 1280, "height": 900})
    last = pages["chapters/libyan-hub.html"].xpath("//figure[@id]/@id")[-1]
    page.goto(f"{page.url}#{last}")
    page.reload()
    assert 0 <= page.locator(f"#{last}").bounding_box()["y"] < 200


def test_search_finds_a_name_with_a_number(visit, book):
    page = visit("search.html")
    page.goto(f"{page.url}?q=S-400")
    page.get_by_text("Search finished").wait_for()
    found = {link.get_attribute("href").partition("#")[0] for link in page.locator("#search-results li > a").all()}
    assert found
    for name in found:
        assert "S-400" in (book / name.partition("?")[0]).read_text(encoding="utf-8")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "name",
    ["index", f"chapters/{CHAPTERS[0]}", "chapters/reference/method", f"chapters/reference/claims-{CHAPTERS[0]}"],
)
def test_no_serious_accessibility_fault(visit, name, scheme):
    page = visit(f"{name}.html", viewport={"width": 1280, "height": 900}, color_scheme=scheme)
    page.wait_for_load_state()
    page.evaluate(ONE_OF_EACH_SHAPE)
    found = Axe().run(page).response["violations"]
    serious = [
        (fault["id"], node["html"][:160])
        for fault in found
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]
    assert serious == []


def test_no_page_names_a_chart_host(book):
    named = [
        path.name
        for path in book.rglob("*.html")
        if re.search(
            r"(src|href)=\"https?://[^\"]*(cdn|jsdelivr|unpkg|googleapis)", path.read_text(encoding="utf-8")
        )
    ]
    assert named == []
