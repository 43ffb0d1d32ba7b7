"""The PDFs of a made-up report: tagged, outlined, with working links, the same each time."""

import re

import lxml.html
import pytest
from conftest import build
from pypdf import PdfReader
from pypdf.generic import IndirectObject
from test_book import edit

DOCUMENTS = ["report", "harbour", "island"]


def pdf(folder, stem):
    return PdfReader(folder / "_build" / "html" / "pdf" / f"{stem}.pdf")


def text(reader, first=0, last=None):
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in reader.pages[first:last]))


def objects(reader):
    """All dictionaries of a PDF."""
    for number in range(1, len(reader.xref_objStm) + sum(map(len, reader.xref.values())) + 1):
        found = reader.get_object(IndirectObject(number, 0, reader))
        if hasattr(found, "get"):
            yield found


def links(reader):
    """For each link: its page, and where it leads, an address or a page; both counted from 0."""
    numbers = {page.indirect_reference.idnum: number for number, page in enumerate(reader.pages)}
    for number, page in enumerate(reader.pages):
        for annotation in page.get("/Annots", ()):
            annotation = annotation.get_object()
            if "/A" in annotation:
                yield number, annotation["/A"]["/URI"]
            elif annotation["/Subtype"] == "/Link":
                target = annotation["/Dest"]
                if isinstance(target, str):
                    target = reader.named_destinations[target].dest_array
                yield number, numbers[target[0].indirect_reference.idnum]


@pytest.fixture(scope="module", params=DOCUMENTS)
def reader(request, sample_book):
    return pdf(sample_book, request.param)


def test_it_is_tagged_and_says_what_it_is(reader):
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/StructTreeRoot"]["/K"]
    assert root["/Lang"] == "en"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert "The lamp of Gull Island" in reader.metadata.title
    assert reader.metadata.author == "The lamp editors"
    assert f"{reader.metadata.creation_date:%Y-%m-%d}" == "2031-04-02"


def test_bookmarks_lead_to_the_parts(reader):
    titles = {
        entry.title: reader.get_destination_page_number(entry) for entry in reader.outline if "/Title" in entry
    }
    assert list(titles)[-2:] == ["Notes on the claims", "Sources"]
    for title, number in titles.items():
        assert title.split(" ", 1)[-1] in text(reader, number, number + 1)


def test_fonts_are_embedded(reader):
    fonts = [found for found in objects(reader) if found.get("/Type") == "/FontDescriptor"]
    assert {"SourceSansPro", "LibertinusSerif"} <= {re.split(r"[+-]", font["/FontName"])[1] for font in fonts}
    for font in fonts:
        assert {"/FontFile", "/FontFile2", "/FontFile3"} & font.keys(), font["/FontName"]


def test_every_link_leads_somewhere(reader, data):
    addresses = set(data.sources["url"])
    found = [target for _, target in links(reader)]
    assert any(isinstance(target, int) for target in found)
    assert {target for target in found if isinstance(target, str)} <= addresses


def test_a_chapter_says_what_its_page_says(sample_book, data):
    said = text(pdf(sample_book, "harbour"))
    assert "Chapter 1 The harbour" in said
    assert "On 1 March 2031 the ferry Wren left with 2 crates" in said
    assert "Figure 1.1 The Gazette counted two crates, the Post thousands" in said
    assert "The counts differ in what they count." in said
    assert "2 claims, 2 pages, 2 independent origins" in said
    assert "import altair" not in said
    claim, source = data.row("claims", "K001"), data.sources.iloc[0]
    assert f"K001 {claim['statement']}" in said.replace("K001 B2 ", "K001 ").replace("K001 B1 ", "K001 ")
    assert claim["claimant"] in said
    assert source["url"] in said
    assert "To cite a page, add its number" in said


def test_a_mark_leads_to_its_note_and_the_note_to_the_pages_of_its_sources(sample_book, data):
    reader = pdf(sample_book, "harbour")
    pages = range(len(reader.pages))
    notes = next(page for page in pages if text(reader, page, page + 1).startswith("Notes on the claims"))
    found = set(links(reader))
    assert (0, notes) in found  # from the sentence
    assert (notes, 0) in found  # and back, by the number of the page
    behind = set(data.evidence.loc[data.evidence["claim_id"] == "K001", "source_id"])
    assert {(notes, url) for url in data.sources.set_index("source_id")["url"][list(behind)]} <= found


def test_figures_have_alternative_text(sample_book):
    told = [found["/Alt"] for found in objects(pdf(sample_book, "harbour")) if found.get("/S") == "/Figure"]
    assert any(alt.startswith("Two bars: The Ember Gazette counts 2 crates") for alt in told)


def test_pages_have_labels_and_the_report_a_table_of_contents(sample_book):
    reader = pdf(sample_book, "report")
    front = reader.page_labels.index("i")
    assert reader.page_labels[front + 1 :] == [str(n) for n in range(1, len(reader.pages) - front)]
    contents = text(reader, front, front + 1)
    for entry in (
        "1 The harbour",
        "2 The island",
        "Notes on the claims",
        "Figure 1.1 The Gazette counted two crates",
    ):
        assert entry in contents
    assert pdf(sample_book, "island").page_labels[0] == "1"


def test_a_page_offers_its_pdf(sample_book):
    for name, file, what in (
        ("index", "pdf/report.pdf", "report"),
        ("chapters/harbour", "../pdf/harbour.pdf", "chapter"),
    ):
        path = sample_book / "_build" / "html" / f"{name}.html"
        link = lxml.html.parse(path).getroot().cssselect(f".cite-page a[href='{file}']")[0]
        assert what in link.text_content()
        assert (path.parent / file).is_file()


def test_the_same_report_gives_the_same_bytes_and_only_changed_documents_are_set_again(sample, sample_book):
    assert build(sample).returncode == 0
    for stem in DOCUMENTS:
        assert (sample / "_build" / "html" / "pdf" / f"{stem}.pdf").read_bytes() == (
            sample_book / "_build" / "html" / "pdf" / f"{stem}.pdf"
        ).read_bytes()
    edit(sample, "chapters/island.md", "expects light by summer", "expects light by autumn")
    done = build(sample)
    assert done.returncode == 0, done.stderr
    assert sorted(re.findall(r"setting (\w+)\.pdf", done.stdout)) == ["island", "report"]
    assert "expects light by autumn" in text(pdf(sample, "island"))


def test_with_a_published_address_links_lead_out_of_the_document(sample):
    edit(sample, "_config.yml", "launch_buttons:", "html: {baseurl: https://example.org/lamp}\nlaunch_buttons:")
    edit(
        sample, "chapters/island.md", "The Post said", "See [](harbour.md) and [](reference/data.md). The Post said"
    )
    done = build(sample)
    assert done.returncode == 0, done.stderr

    def out(stem):
        return {target for _, target in links(pdf(sample, stem)) if isinstance(target, str)}

    base = "https://example.org/lamp/chapters"
    assert {f"{base}/harbour.html", f"{base}/reference/data.html"} <= out("island")
    assert f"{base}/reference/data.html" in out("report")
    assert f"{base}/harbour.html" not in out("report")
    page = lxml.html.parse(sample / "_build" / "html" / "chapters" / "island.html").getroot()
    tag = page.cssselect("meta[name=citation_pdf_url]")[0]
    assert tag.get("content") == "https://example.org/lamp/pdf/island.pdf"


def test_what_cannot_be_printed_stops_the_build(sample):
    edit(sample, "chapters/island.md", "# The island", "# The island\n\n<p>Words in raw HTML</p>")
    done = build(sample)
    assert done.returncode == 1
    assert "chapters/island: raw HTML cannot be printed" in done.stderr + done.stdout
    assert not (sample / "_build" / "html").exists()


def test_letters_that_the_fonts_lack_are_told_by_the_cells_and_lines_that_have_them(sample):
    edit(sample, "data/claims.csv", "with two crates", "with two crates \u7a7a\u7bb1 \U0001f6a2")
    edit(sample, "chapters/island.md", "The keeper expects", "The keeper (\u5b88) expects")
    done = build(sample)
    assert done.returncode == 1
    remedy = "the same in Latin letters"
    assert (
        f"data/claims.csv:2:statement: the fonts of the PDFs have no \u7a7a\u7bb1\U0001f6a2: {remedy}"
        in done.stderr
    )
    assert f"chapters/island.md:7: the fonts of the PDFs have no \u5b88: {remedy}" in done.stderr
    assert not (sample / "_build" / "html").exists()
