"""Citations: what a style prints, and that other programs read back what was written."""

import json
from datetime import date

import bibtexparser
import lxml.html
import pytest
import rispy
from bibtexparser.middlewares import LatexDecodingMiddleware, MonthIntMiddleware, RemoveEnclosingMiddleware
from citeproc import Citation, CitationItem, CitationStylesBibliography, CitationStylesStyle, formatter
from citeproc.source.json import CiteProcJSON
from hypothesis import given
from hypothesis import strategies as st
from pybtex import format_from_string
from pybtex.database import parse_string
from pylatexenc.latex2text import LatexNodes2Text, MacroTextSpec, get_default_latex_context_db

from dossier import citation
from dossier.package import DataError

KINDS = [kind for kind in citation.KINDS if kind != "report"]


@pytest.fixture
def whole(sample):
    return citation.report(sample)


def made(whole, kind="report", **parts):
    return citation.item(whole, kind, key="lamp2031", url="https://example.org/harbour.html#lamp_1", **parts)


def plain(html):
    return lxml.html.fromstring(f"<p>{html}</p>").text_content()


PRINTED = {
    ("report", "APA"): "The lamp editors. (2031). The lamp of Gull Island (Edition 1.0). {url}",
    ("report", "Chicago"): "The lamp editors. 2031. The Lamp of Gull Island. Edition 1.0. {url}.",
    ("page", "APA"): "The lamp editors. (2031). The harbour. In The lamp of Gull Island (Edition 1.0). {url}",
    ("page", "Chicago"): "The lamp editors. 2031. ‘The Harbour’. In The Lamp of Gull Island, Edition 1.0. {url}.",
    (
        "figure",
        "APA",
    ): "The lamp editors. (2031). The harbour [Figure]. In The lamp of Gull Island (Edition 1.0). {url}",
    (
        "table",
        "APA",
    ): "The lamp editors. (2031). The harbour [Data set]. In The lamp of Gull Island (Edition 1.0). {url}",
    ("claim", citation.PLAIN): "The lamp editors (2031) ‘The harbour’, The lamp of Gull Island. Edition 1.0. "
    "Available at: {url}.",
}


@pytest.mark.parametrize("kind, style", PRINTED)
def test_a_style_prints_what_its_manual_asks(whole, kind, style):
    item = made(whole, kind, title="" if kind == "report" else "The harbour")
    assert plain(citation.formatted(item, style)) == PRINTED[kind, style].format(url=item["URL"])


def test_persons_are_cited_as_persons(sample):
    path = sample / "CITATION.cff"
    persons = (
        "{family-names: Berg, given-names: Otto, name-particle: van den}, {family-names: Doe, given-names: Jane}"
    )
    path.write_text(path.read_text().replace("authors:\n  - name: The lamp editors", f"authors: [{persons}]"))
    item = made(citation.report(sample))
    assert plain(citation.formatted(item, "APA")).startswith(
        "van den Berg, O., &amp; Doe, J. (2031)".replace("amp;", "")
    )
    first, second = parse_string(citation.bibtex(item), "bibtex").entries["lamp2031"].persons["author"]
    assert (first.prelast_names, first.last_names, first.first_names) == (["van", "den"], ["Berg"], ["Otto"])
    assert str(second) == "Doe, Jane"
    assert rispy.loads(citation.ris(item))[0]["authors"] == ["van den Berg, Otto", "Doe, Jane"]


@pytest.mark.parametrize("kind", citation.KINDS)
def test_a_plain_bibliography_style_prints_the_entry(whole, kind):
    text = citation.bibtex(made(whole, kind, title="" if kind == "report" else "The harbour & 3 % of it"))
    printed = format_from_string(text, style="plain", output_backend="plaintext")
    assert "The lamp editors. " in printed and "The lamp of Gull Island" in printed and "April 2031" in printed
    assert kind == "report" or "The harbour & 3 % of it. In" in printed


@pytest.mark.parametrize("kind", KINDS)
def test_an_independent_processor_reads_the_csl_json(whole, kind):
    (item,) = json.loads(citation.csl_json(made(whole, kind, title="The harbour", abstract="A lamp.")))
    bibliography = CitationStylesBibliography(
        CitationStylesStyle("apa", validate=False), CiteProcJSON([item]), formatter.plain
    )
    bibliography.register(Citation([CitationItem(item["id"])]))
    (printed,) = bibliography.bibliography()
    for part in ("The lamp editors", "2031", "The harbour", "The lamp of Gull Island"):
        assert part in str(printed)
    assert item["issued"] == {"date-parts": [[2031, 4, 2]]}


def test_ris_starts_with_its_type(whole):
    assert citation.ris(made(whole)).startswith("TY  - RPRT\n")


# Whatever a title or a name may hold; line breaks and spaces at the ends are faults of the tables.
visible = st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp", "Zs", "Cn"], exclude_characters="\u0600\ufeff")
awkward = st.sampled_from(
    [*"{}\"'&%$#_~^\\-`<>,;?!", "''", "``", "--", "?`", " and ", "ليبيا", "é", "\\&", "{\\'e}"]
)
words = st.lists(st.one_of(visible, awkward, st.just(" ")), min_size=1).map("".join)
texts = words.map(lambda text: " ".join(text.split())).filter(bool)
persons = st.fixed_dictionaries({"family": texts, "given": texts})


def reports(authors):
    return st.builds(
        citation.Report,
        title=texts,
        authors=authors,
        edition=st.just("2.1"),
        date=st.dates(min_value=date(1900, 1, 1)).map(str),
        keywords=st.just(()),
        abstract=st.just(""),
        licence=st.just(""),
    )


collective = reports(st.lists(st.fixed_dictionaries({"literal": texts}), min_size=1, max_size=3).map(tuple))
urls = st.from_regex(r"https://[a-z]{1,9}\.org/[A-Za-z0-9_.~%#&=?-]{0,20}", fullmatch=True)


def decoder():
    """LaTeX to text; pylatexenc knows other characters, or none, by three names of LaTeX's own."""
    known = get_default_latex_context_db()
    own = {"textbraceleft": "{", "textbraceright": "}", "textasciicircum": "^"}
    known.add_context_category("own", prepend=True, macros=[MacroTextSpec(*pair) for pair in own.items()])
    return LatexNodes2Text(latex_context=known, keep_braced_groups=False)


def item_of(whole, title, url):
    return citation.item(whole, "claim", key="k1", title=title, url=url, abstract=title)


@given(collective, texts, urls)
def test_bibtex_comes_back_from_a_parser(whole, title, url):
    item = item_of(whole, title, url)
    library = bibtexparser.parse_string(
        citation.bibtex(item),
        parse_stack=[RemoveEnclosingMiddleware(), MonthIntMiddleware()],
    )
    assert library.failed_blocks == []
    (entry,) = library.entries
    found = {key: field.value for key, field in entry.fields_dict.items()}
    assert found["url"] == url
    (entry,) = LatexDecodingMiddleware(decoder=decoder()).transform(library).entries
    decoded = {key: field.value for key, field in entry.fields_dict.items()}
    assert decoded["title"] == title
    assert decoded["abstract"] == title
    assert decoded["booktitle"] == whole.title
    assert decoded["author"] == " and ".join(author["literal"] for author in whole.authors)
    assert (int(found["year"]), found["month"]) == tuple(item["issued"]["date-parts"][0][:2])
    entry = parse_string(citation.bibtex(item), "bibtex").entries["k1"]
    assert len(entry.persons["author"]) == len(whole.authors), "a collective name is one name"


@given(collective | reports(st.lists(persons, min_size=1, max_size=3).map(tuple)), texts, urls)
def test_ris_comes_back_from_a_parser(whole, title, url):
    (record,) = rispy.loads(citation.ris(item_of(whole, title, url)))
    assert record["title"] == title
    assert record["secondary_title"] == whole.title
    assert record["authors"] == [citation.name(author) for author in whole.authors]
    assert record["year"] == whole.date[:4]
    assert record["urls"] == [url]


@given(collective, texts, urls)
def test_formatted_text_is_only_text(whole, title, url):
    html = citation.formatted(item_of(whole, title, url), citation.PLAIN)
    root = lxml.html.fromstring(f"<p>{html}</p>")
    assert {element.tag for element in root.iter()} <= {"p", "i", "b"}


def test_citation_file_without_author_is_named(sample):
    path = sample / "CITATION.cff"
    path.write_text(path.read_text().replace("authors:", "writers:"))
    with pytest.raises(DataError, match=r"CITATION\.cff: has no authors"):
        citation.report(sample)


CITED = {
    "report": ("index.html", "cite-this-report", "index"),
    "page": ("chapters/harbour.html", "cite-this-page", "chapters-harbour"),
    "figure": ("chapters/harbour.html", "crates-counted", "figure-crates-counted"),
    "table": ("chapters/reference/data.html", "table-claims", "table-claims"),
    "claim": ("chapters/reference/claims.html", "K002", "K002"),
}


@pytest.mark.parametrize("kind", CITED)
def test_everything_carries_its_citation_and_files(sample_book, kind):
    page, anchor, stem = CITED[kind]
    html = sample_book / "_build" / "html"
    place = lxml.html.parse(html / page).getroot().get_element_by_id(anchor)
    texts = [text.text_content() for text in place.cssselect(".cite-text")]
    assert all("The lamp" in text and "Edition 1.0" in text for text in texts)
    assert len(texts) == (1 if kind == "claim" else 6)
    links = [link.get("href") for link in place.cssselect(".cite-format a[download]")]
    files = [(html / page).parent / link for link in links]
    assert [file.name for file in files] == [f"{stem}.{suffix}" for suffix in ("bib", "ris", "json")]
    (item,) = json.loads(files[2].read_text(encoding="utf-8"))
    assert parse_string(files[0].read_text(encoding="utf-8"), "bibtex").entries.keys() == {item["id"]}
    assert rispy.loads(files[1].read_text(encoding="utf-8"))[0]["title"] == item["title"]
    assert "URL" not in item, "the made-up report has no published address"


def test_citation_keys_are_unique(sample_book):
    files = sorted((sample_book / "_build" / "html" / "cite").glob("*.json"))
    keys = [json.loads(file.read_text(encoding="utf-8"))[0]["id"] for file in files]
    assert len(keys) > 20 and len(set(keys)) == len(keys)


def test_a_citation_is_copied_with_its_italics(browser, sample_book):
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto((sample_book / "_build" / "html" / "chapters" / "harbour.html").as_uri())
    page.locator(".cite-page .cite-copy").first.click()
    page.locator(".cite-copy", has_text="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()").startswith("The lamp editors. (2031). The harbour. In")
    rich = "navigator.clipboard.read().then(([item]) => item.getType('text/html')).then((blob) => blob.text())"
    assert "<i>The lamp of Gull Island</i>" in page.evaluate(rich)
    context.close()


def test_each_claim_is_cited_as_if_it_were_the_only_one(sample_book):
    page = sample_book / "_build" / "html" / "chapters" / "reference" / "claims.html"
    shown = {
        entry.get("id"): entry.find_class("cite-text")[0].text_content()
        for entry in lxml.html.parse(page).getroot().xpath("//*[@id][.//*[contains(@class, 'cite-entry')]]")
        if entry.get("id").startswith("K")
    }
    whole = citation.report(sample_book)
    assert len(shown) > 2
    for key, text in shown.items():
        item = citation.item(whole, "claim", key=key, title=f"Claim {key}")
        assert text == lxml.html.fromstring(citation.formatted(item, citation.PLAIN)).text_content()
