"""Pages of a built book carry little, ask nobody else for anything, and still do what the theme offers."""

import base64
import gzip
import hashlib
import re
from pathlib import Path

import pytest
from conftest import build

LIMIT = 60_000
"""Bytes, compressed, that a page with one small figure may load before a reader touches it; stock: 866,000."""


@pytest.fixture(scope="module")
def html(sample_book):
    return sample_book / "_build" / "html"


@pytest.fixture
def visit(browser, html):
    """Opens a page and keeps what it loads and what it complains of; at the end there must be no complaint."""
    contexts, faults = [], []

    def open_page(name, **options):
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.loaded = []
        page.on("request", lambda request: page.loaded.append(request.url))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda line: faults.append(line.text) if line.type in ("error", "warning") else None)
        page.goto((html / name).as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []


def loaded_files(page):
    return {re.sub(r"[?#].*", "", address).removeprefix("file://") for address in page.loaded}


def test_no_page_and_no_script_of_one_names_another_host(visit, html):
    for path in sorted(html.rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        assert re.findall(r'<(?:script|link|img|iframe)\b[^>]*?(?:src|href)="(?:https?:)?//[^"]*', text) == [], path
        assert re.findall(r"\bon\w+=\"|\bstyle=\"", text) == [], f"{path} has a script or style in a tag"
        policy = re.search(r'"Content-Security-Policy" content="([^"]*)"', text)[1]
        own = re.findall(r"<(?:script>|style\b[^>]*>)(.*?)</(?:script|style)>", text, flags=re.DOTALL)
        hashes = [base64.b64encode(hashlib.sha256(part.encode()).digest()).decode() for part in own]
        assert re.findall(r"'sha256-([^']*)'", policy) == hashes, f"{path} has a script or style that is not known"
        assert "unsafe" not in policy
        for name in loaded_files(visit(path.relative_to(html).as_posix())):
            if name.endswith((".js", ".css")) and not name.endswith("searchindex.js"):
                text = Path(name).read_text(encoding="utf-8")
                hosts = re.findall(r"(?:https?:)?//([\w-]+\.[\w.-]+)", text)
                assert set(hosts) <= {"www.w3.org"}, name  # the names of SVG and XHTML, never asked for


def test_a_page_is_light(visit):
    page = visit("chapters/harbour.html")
    page.wait_for_load_state("networkidle")
    files = loaded_files(page)
    assert len(files) <= 12
    assert sum(len(gzip.compress(Path(name).read_bytes(), 6)) for name in files) < LIMIT
    assert not [name for name in files if "fontawesome" in name or "woff" in name]


def test_icons_and_menu_show_without_scripts(visit):
    page = visit("chapters/harbour.html", java_script_enabled=False, color_scheme="dark")
    assert page.locator("i[class*='fa-'], span[class*='fa-']").count() == 0
    page.locator("details.dropdown > summary").click()
    icon = page.locator("details.dropdown a svg").first.bounding_box()
    assert icon["width"] > 8 and icon["height"] > 8
    ink, paper = (
        page.evaluate(f"getComputedStyle(document.querySelector('pre')).{key}")
        for key in ("color", "backgroundColor")
    )
    assert ink != paper


def test_theme_switch(visit):
    page = visit("chapters/harbour.html", color_scheme="light")
    paper = "getComputedStyle(document.body).backgroundColor"
    shown = ".theme-switch-button svg:visible"
    before = page.evaluate(paper)
    page.click(".theme-switch-button")
    assert page.locator(shown).get_attribute("data-mode") == "dark"
    assert page.evaluate(paper) != before
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_search_from_a_folder(visit):
    page = visit("chapters/harbour.html")
    page.keyboard.press("Control+k")
    page.locator("#pst-search-dialog input").fill("keeper")
    page.keyboard.press("Enter")
    page.locator("#search-results a", has_text="The island").click()
    page.locator("article > section .highlighted", has_text="keeper").wait_for()


def test_sidebar_on_a_phone(visit):
    page = visit("chapters/harbour.html", viewport={"width": 390, "height": 800}, has_touch=True)
    link = page.locator(".bd-docs-nav a", has_text="The island")
    assert not link.is_visible()
    page.tap(".primary-toggle")
    link.tap()
    page.wait_for_url("**/chapters/island.html")
    page.tap(".primary-toggle")
    page.keyboard.press("Escape")
    link.wait_for(state="hidden")


def test_a_page_changed_later_gets_its_styles_and_the_others_the_same_sheet(sample):
    assert build(sample).returncode == 0
    html, page = sample / "_build" / "html", sample / "chapters" / "island.md"

    def sheets():
        return {
            re.search(rb"<style data-merged[^>]*>(.*?)</style>", path.read_bytes(), re.DOTALL)[1] for path in first
        }

    first, text = {path: path.read_bytes() for path in html.rglob("*.html")}, page.read_text(encoding="utf-8")
    assert b".seealso" not in next(iter(sheets()))
    page.write_text(f"{text}\n```{{seealso}}\nThe lamp is hot.\n```\n", encoding="utf-8")
    assert build(sample).returncode == 0
    assert len(sheets()) == 1
    assert b".admonition.seealso" in next(iter(sheets()))
    page.write_text(text, encoding="utf-8")
    assert build(sample).returncode == 0
    assert {path: path.read_bytes() for path in html.rglob("*.html")} == first
    assert build(sample).returncode == 0
    assert {path: path.read_bytes() for path in html.rglob("*.html")} == first
