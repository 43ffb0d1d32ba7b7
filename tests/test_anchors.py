"""Published addresses stay: a lost one stops the build, a redirect leads on, with or without JavaScript."""

import json
import shutil
import subprocess
import sys

import lxml.html
import pytest
from conftest import ROOT, build

from dossier.book import anchors

REDIRECTS = {
    "chapters/island.html": "chapters/isle.html",
    "chapters/harbour.html#crates-counted": "chapters/harbour.html#counts",
    "chapters/reference/claims.html#K003": "chapters/reference/sources.html#K003",
    "chapters/reference/claims.html#K004": "chapters/reference/sources.html#K004",
    "chapters/reference/data.html#places-gull-island": "chapters/reference/data.html#places-gull-isle",
}


@pytest.fixture(scope="module")
def edition(tmp_path_factory, sample_book):
    """The made-up report, whose first edition has been kept."""
    folder = shutil.copytree(sample_book, tmp_path_factory.mktemp("edition") / "sample")
    command = [sys.executable, "-m", "dossier", "edition"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return folder


def test_an_edition_keeps_what_can_be_cited(edition):
    kept = (edition / "editions" / "1.0.txt").read_text().splitlines()
    for address in (
        "index.html",
        "index.html#indicators-I01",
        "chapters/harbour.html#the-harbour",
        "chapters/harbour.html#crates-counted",
        "chapters/reference/claims.html#K001",
        "chapters/reference/data.html#table-claims",
        "data/claims.csv",
    ):
        assert address in kept
    assert len(set(kept)) == len(kept)
    assert not [address for address in kept if "use-" in address or "search" in address or "cite-this" in address]


def rewrite(path, *changes):
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def told(edition):
    """What a build says when a page, a figure, a place and a heading have new names, and claims have moved."""
    (edition / "chapters" / "island.md").rename(edition / "chapters" / "isle.md")
    rewrite(edition / "chapters" / "isle.md", ("# The island", "(the-island)=\n# The isle"))
    rewrite(edition / "_toc.yml", ("chapters/island", "chapters/isle"))
    rewrite(edition / "chapters" / "harbour.md", ("crates-counted", "counts"))
    register = "```{register} claims\n:where: chapter = island\n```\n"
    rewrite(edition / "chapters" / "reference" / "claims.md", (register, ""))
    with (edition / "chapters" / "reference" / "sources.md").open("a") as page:
        page.write(f"\n{register}")
    for table in (edition / "data").glob("*.csv"):
        table.write_text(table.read_text().replace("gull-island", "gull-isle"))
    done = build(edition)
    assert done.returncode != 0
    return done.stderr


def test_a_lost_address_stops_the_build(told):
    assert "7 address(es) of an earlier edition lead nowhere" in told
    for address in (
        "chapters/island.html",
        "chapters/island.html#the-island",
        "chapters/harbour.html#crates-counted",
        "chapters/reference/claims.html#K003",
        "chapters/reference/claims.html#K004",
        "chapters/reference/data.html#places-gull-island",
    ):
        assert f"\n{address}\n" in told


@pytest.fixture(scope="module")
def redirected(edition, told):
    """The pages of the same report with its redirects told."""
    rewrite(edition / "_config.yml", ("config: {", f"config: {{dossier_redirects: {json.dumps(REDIRECTS)}, "))
    done = build(edition)
    assert done.returncode == 0, done.stderr
    return edition / "_build" / "html"


def test_a_place_within_a_page_is_an_empty_target_at_the_new_place(redirected):
    root = lxml.html.parse(redirected / "chapters" / "harbour.html").getroot()
    assert root.get_element_by_id("crates-counted").getparent() is root.get_element_by_id("counts")
    root = lxml.html.parse(redirected / "chapters" / "reference" / "data.html").getroot()
    cell = root.get_element_by_id("places-gull-island").getparent()
    assert cell.tag == "th" and cell.getparent() is root.get_element_by_id("places-gull-isle")


def test_a_place_that_went_to_another_page_says_where(redirected):
    root = lxml.html.parse(redirected / "chapters" / "reference" / "claims.html").getroot()
    line = root.get_element_by_id("K004")
    assert line.text_content() == "K004 has moved to chapters/reference/sources.html#K004."
    assert line.xpath("a/@href") == ["sources.html#K004"]


@pytest.mark.parametrize("scripts", [True, False])
def test_a_page_that_is_no_more_leads_on(browser, redirected, scripts):
    context = browser.new_context(java_script_enabled=scripts)
    page = context.new_page()
    page.goto((redirected / "chapters" / "island.html").as_uri() + "#the-island")
    page.wait_for_url("**/isle.html#the-island" if scripts else "**/isle.html")
    assert page.locator("#the-island").count() == 1
    context.close()


def test_a_redirect_leads_somewhere(redirected):
    new = REDIRECTS | {"chapters/old.html": "chapters/nowhere.html", "index.html#a": "index.html#b"}
    assert anchors.lost(redirected, new.values(), {}) == ["chapters/nowhere.html", "index.html#b"]


def test_last_edition_is_kept():
    assert anchors.promised(ROOT), "editions/ keeps the addresses that others cite"


def test_edition_that_is_not_built_keeps_its_addresses(sample, monkeypatch):
    kept, seen = sample / "editions" / "1.0.txt", []
    kept.parent.mkdir()
    kept.write_text("chapters/harbour.html\n", encoding="utf-8")
    monkeypatch.setattr("dossier.publish.publish", lambda project: seen.append(kept.is_file()) or 1)
    assert anchors.record(sample) == 1
    assert seen == [True] and kept.read_text(encoding="utf-8") == "chapters/harbour.html\n"


def test_redirect_that_is_taken_back_leaves_the_book(edition, redirected):
    rewrite(edition / "_config.yml", (f"dossier_redirects: {json.dumps(REDIRECTS)}, ", ""))
    assert "\nchapters/island.html\n" in build(edition).stderr
