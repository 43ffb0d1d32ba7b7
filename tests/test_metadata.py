"""What other programs read of the book: tags, schema.org, pictures, the map of the site, the feed, CITATION.cff."""

import json
import shutil
import struct

import feedparser
import jsonschema
import lxml.html
import pytest
import yaml
from conftest import ROOT, build
from lxml import etree

from dossier.book import metadata

BASE = "https://example.org/lamp"


def tree(folder, page):
    return lxml.html.parse(folder / "_build" / "html" / page).getroot()


def tags(root, key="name"):
    """Name of a tag to all its contents."""
    found = {}
    for tag in root.cssselect(f"meta[{key}]"):
        found.setdefault(tag.get(key), []).append(tag.get("content"))
    return found


def described(root):
    return json.loads(root.xpath("//script[@type='application/ld+json']")[0].text)


@pytest.fixture(scope="module")
def published(tmp_path_factory, sample_book):
    """The made-up report with a published address."""
    folder = shutil.copytree(sample_book, tmp_path_factory.mktemp("published") / "sample")
    with (folder / "_config.yml").open("a", encoding="utf-8") as config:
        config.write(f"html: {{baseurl: {BASE}}}\n")
    cff = folder / "CITATION.cff"
    cff.write_text(
        cff.read_text() + 'keywords: [lamps, "tea & <ferries>"]\nlicense: CC-BY-4.0\nabstract: A lamp.\n'
    )
    done = build(folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_tags_of_a_chapter(published):
    url = f"{BASE}/chapters/harbour.html"
    found = tags(tree(published, "chapters/harbour.html"))
    assert {name: values for name, values in found.items() if name.startswith("citation_")} == {
        "citation_title": ["The harbour"],
        "citation_author": ["The lamp editors"],
        "citation_publication_date": ["2031/04/02"],
        "citation_online_date": ["2031/04/02"],
        "citation_book_title": ["The lamp of Gull Island"],
        "citation_publisher": ["The lamp editors"],
        "citation_language": ["en"],
        "citation_keywords": ["lamps", "tea & <ferries>"],
        "citation_abstract_html_url": [url],
        "citation_fulltext_html_url": [url],
        "citation_pdf_url": [f"{BASE}/pdf/harbour.pdf"],
    }
    assert found["description"] == ["On 1 March 2031 the ferry Wren left with 2 crates. A clerk named the lamp."]


def test_tags_of_the_report(published):
    found = tags(tree(published, "index.html"))
    assert found["citation_technical_report_institution"] == ["The lamp editors"]
    assert found["citation_technical_report_number"] == ["Edition 1.0"]
    assert "citation_book_title" not in found
    assert found["description"] == ["A lamp."]


@pytest.mark.parametrize("page", ["index", "chapters/harbour", "chapters/reference/data"])
def test_a_shared_page_has_a_picture_of_its_size(published, page):
    root = tree(published, f"{page}.html")
    said = tags(root, "property")
    (image,) = said["og:image"]
    file = published / "_build" / "html" / image.removeprefix(f"{BASE}/")
    assert struct.unpack(">II", file.read_bytes()[16:24]) == (1200, 630)
    assert said["og:url"] == root.xpath("//link[@rel='canonical']/@href") == [f"{BASE}/{page}.html"]
    assert tags(root)["twitter:card"] == ["summary_large_image"]
    assert ("crates" in said["og:image:alt"][0]) == (page == "chapters/harbour")


def test_report_and_chapters_are_described_as_such(published):
    report, chapter = (described(tree(published, page)) for page in ("index.html", "chapters/harbour.html"))
    assert (report["@type"], report["version"], report["license"]) == (
        "Report",
        "1.0",
        "https://spdx.org/licenses/CC-BY-4.0",
    )
    assert [part["name"] for part in report["hasPart"]] == [
        "The harbour",
        "The island",
        "Claims",
        "Sources",
        "Data",
    ]
    assert report["hasPart"][0]["url"] == chapter["url"] == f"{BASE}/chapters/harbour.html"
    assert chapter["isPartOf"]["url"] == report["url"]
    assert report["author"] == [{"@type": "Organization", "name": "The lamp editors"}]


def test_data_set_is_described_with_a_file_for_each_table(published):
    (_, dataset) = described(tree(published, "chapters/reference/data.html"))["@graph"]
    html = published / "_build" / "html"
    files = [html / part["contentUrl"].removeprefix(f"{BASE}/") for part in dataset["distribution"]]
    assert {file.stem for file in files} >= {"claims", "sources", "evidence"}
    assert all(file.is_file() and file.suffix == ".csv" for file in files)


def test_text_cannot_end_a_data_block():
    block = metadata._json_ld({"name": "</script><b>&amp;<!--"})
    assert block.count("<") == 2 and "&" not in block
    assert described(lxml.html.document_fromstring(block))["name"] == "</script><b>&amp;<!--"


def test_map_of_the_site_names_every_page_once(published):
    html = published / "_build" / "html"
    urls = etree.parse(html / "sitemap.xml").xpath("//*[local-name()='loc']/text()")
    pages = {f"{BASE}/{path.relative_to(html).as_posix()}" for path in html.rglob("*.html")}
    assert len(urls) == len(set(urls))
    assert pages - set(urls) == {f"{BASE}/genindex.html", f"{BASE}/search.html"}
    assert f"Sitemap: {BASE}/sitemap.xml" in (html / "robots.txt").read_text()
    assert tags(tree(published, "search.html"))["robots"] == ["noindex"]


def test_without_an_address_nothing_absolute_is_said(sample_book):
    html = sample_book / "_build" / "html"
    assert not (html / "sitemap.xml").exists() and not (html / "robots.txt").exists()
    root = tree(sample_book, "chapters/harbour.html")
    said = {**tags(root), **tags(root, "property")}
    assert not {"citation_fulltext_html_url", "og:url", "og:image"} & said.keys()
    assert described(root)["isPartOf"]["url"] == "../index.html"
    assert not any("://" in content for contents in said.values() for content in contents)
    assert (html / "pictures" / "chapters-harbour.png").is_file()


@pytest.mark.parametrize("address", ["", BASE])
def test_feed_of_the_revisions_is_read_by_a_reader(request, address):
    folder = request.getfixturevalue("published" if address else "sample_book")
    feed = feedparser.parse((folder / "_build" / "html" / "feed.xml").read_bytes())
    assert not feed.bozo and feed.version == "atom10"
    (entry,) = feed.entries
    assert entry.title == "Edition 1.0: First edition."
    assert entry.updated == feed.feed.updated == "2031-04-02T00:00:00Z"
    assert entry.id.startswith("urn:uuid:") and entry.id != feed.feed.id
    assert entry.link == (f"{BASE}/index.html" if address else "index.html")
    assert tree(folder, "chapters/harbour.html").xpath("//link[@rel='alternate']/@href") == ["../feed.xml"]


def test_citation_file_fits_its_schema():
    schema = json.loads((ROOT / "tests" / "cff" / "schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8")), schema)
