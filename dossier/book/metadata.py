"""What other programs read of the book: tags of pages, schema.org, a map of the site, a feed of the revisions.

What needs an absolute address is left out while ``html.baseurl`` is empty; the rest is relative.
"""

import json
import re
import textwrap
import uuid
from collections.abc import Iterator
from pathlib import Path

import lxml.html
from lxml import etree
from lxml.builder import ElementMaker
from markupsafe import escape
from sphinx.application import Sphinx

from dossier import citation
from dossier.book import pictures, state
from dossier.book.citation import page_uri, uri
from dossier.book.registers import anchor, registered

FEED = "feed.xml"
DESCRIPTION = 300
"""Characters of a page's description, at most."""


def _add(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    whole = app.dossier_report
    if doctree is None or "body" not in context:
        about = f"{context.get('title') or pagename.capitalize()}: {whole.title}"
        tags = [_tag("description", about), _tag("robots", "noindex")]
    else:
        root = pagename == app.config.root_doc
        title = whole.title if root else app.env.titles[pagename].astext()
        about = whole.abstract if root else _lead(context["body"])
        about = about or (title if root else f"{title}, a part of {whole.title}")
        picture, words = pictures.picture(app, pagename)
        tags = [
            _tag("description", about),
            *_highwire(app, pagename, title),
            *_open_graph(app, pagename, title, about, picture, words),
            _json_ld(_described(app, pagename, title, about, picture)),
        ]
    feed = "../" * pagename.count("/") + FEED
    tags.append(f'<link rel="alternate" type="application/atom+xml" title="Changes" href="{feed}" />\n')
    context["metatags"] = context.get("metatags", "") + "".join(tags)


def _lead(body: str) -> str:
    """The first paragraph of a page that ends a sentence, cut to a description; marks of claims are left out."""
    for found in re.finditer(r"<p>.*?</p>", body, re.DOTALL):
        paragraph = lxml.html.fragment_fromstring(found[0])
        for mark in paragraph.find_class("claim-marks"):
            mark.drop_tree()
        text = re.sub(r"\s+(?=[.,;:])", "", paragraph.text_content()).strip()
        if text.endswith("."):
            return textwrap.shorten(text, DESCRIPTION, placeholder=" …")
    return ""


def _tag(name: str, content: str, key: str = "name") -> str:
    return f'<meta {key}="{name}" content="{escape(content)}" />\n'


def _highwire(app: Sphinx, pagename: str, title: str) -> Iterator[str]:
    """The tags that Google Scholar, Zotero and others read."""
    whole, url = app.dossier_report, page_uri(app, pagename)
    publisher = citation.publisher(whole.authors)
    yield _tag("citation_title", title)
    for author in whole.authors:
        yield _tag("citation_author", citation.name(author))
    for kind in ("publication", "online"):
        yield _tag(f"citation_{kind}_date", whole.date.replace("-", "/"))
    if title != whole.title:
        yield _tag("citation_book_title", whole.title)
    elif publisher:
        yield _tag("citation_technical_report_institution", publisher)
        yield _tag("citation_technical_report_number", f"Edition {whole.edition}")
    if publisher:
        yield _tag("citation_publisher", publisher)
    yield _tag("citation_language", app.config.language)
    for keyword in whole.keywords:
        yield _tag("citation_keywords", keyword)
    if url:
        yield _tag("citation_abstract_html_url", url)
        yield _tag("citation_fulltext_html_url", url)


def _open_graph(app: Sphinx, pagename: str, title: str, about: str, picture: str, words: str) -> Iterator[str]:
    """What a site shows where the page's address is shared."""
    whole = app.dossier_report
    said = {
        "title": title,
        "description": about,
        "type": "website" if title == whole.title else "article",
        "site_name": whole.title,
    }
    if url := page_uri(app, pagename):
        said |= {
            "url": url,
            "image": uri(app, picture),
            "image:width": str(pictures.WIDTH),
            "image:height": str(pictures.HEIGHT),
            "image:alt": words,
        }
    for name, content in said.items():
        yield _tag(f"og:{name}", content, "property")
    yield _tag("twitter:card", "summary_large_image" if url else "summary")


def _json_ld(described: dict) -> str:
    """A data block; what could end it, or start a comment, is written otherwise."""
    text = json.dumps({"@context": "https://schema.org", **described}, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return f'<script type="application/ld+json">{text}</script>\n'


def _described(app: Sphinx, pagename: str, title: str, about: str, picture: str) -> dict:
    """A page in the words of schema.org; the page of the schema holds the data set, too."""
    whole, up = app.dossier_report, "../" * pagename.count("/")

    def at(address: str) -> str:
        return uri(app, address) or up + address

    def page(name: str) -> str:
        return at(app.builder.get_target_uri(name))

    def part(kind: str, **more) -> dict:
        return {"@type": kind, **common, **{key: value for key, value in more.items() if value}}

    common = {
        "author": [_author(author) for author in whole.authors],
        "datePublished": whole.date,
        "version": whole.edition,
        "inLanguage": app.config.language,
        "isAccessibleForFree": True,
    }
    if whole.licence:
        common["license"] = f"https://spdx.org/licenses/{whole.licence}"
    root = app.config.root_doc
    named = {"name": title, "url": page(pagename), "description": about, "image": at(picture)}
    if pagename == root:
        chapters = [
            {"@type": "Chapter", "name": app.env.titles[name].astext(), "url": page(name)}
            for name in _below(app, root)
        ]
        return part("Report", **named, keywords=list(whole.keywords), hasPart=chapters)
    report = {"@type": "Report", "name": whole.title, "url": page(root)}
    chapter = part("Chapter", **named, isPartOf=report)
    if "schema" not in registered(app.env).get(pagename, {"tables": []})["tables"]:
        return chapter
    data = state.tables(app)
    files = [
        {
            "@type": "DataDownload",
            "name": resource["title"],
            "encodingFormat": resource.get("mediatype", "text/csv"),
            "contentUrl": at(f"data/{data.path(name).name}"),
        }
        for name, resource in data.schemas.items()
    ]
    about = data.descriptor.get("description", "")
    name = data.descriptor.get("title", whole.title)
    dataset = part("Dataset", name=name, description=about, url=page(pagename), isPartOf=report, distribution=files)
    return {"@graph": [chapter, dataset]}


def _author(author: dict[str, str]) -> dict[str, str]:
    if "literal" in author:
        return {"@type": "Organization", "name": author["literal"]}
    given = {"givenName": author["given"]} if "given" in author else {}
    name = " ".join(filter(None, (author.get("given"), author.get("non-dropping-particle"), author["family"])))
    return {"@type": "Person", "name": name, "familyName": author["family"], **given}


def _below(app: Sphinx, pagename: str) -> Iterator[str]:
    """The pages below one, in the order of the table of contents."""
    for name in app.env.toctree_includes.get(pagename, []):
        yield name
        yield from _below(app, name)


def _write_feed(app: Sphinx) -> None:
    """The revisions as Atom. Names are made of what does not move, so that a reader's program shows each once."""
    whole, data = app.dossier_report, state.tables(app)
    atom = _xml("http://www.w3.org/2005/Atom")

    def unique(*words: str) -> str:
        return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, ' '.join([whole.title, *words]))}"

    def at(address: str) -> str:
        return uri(app, address) or address

    pages = [page for page, held in registered(app.env).items() if "revisions" in held["tables"]]
    page = app.builder.get_target_uri(pages[0] if pages else app.config.root_doc)
    rows = data.revisions.sort_values(["date", "revision_id"], ascending=False).to_dict("records")
    feed = atom.feed(
        atom.title(f"Changes to {whole.title}"),
        atom.id(unique()),
        atom.updated(f"{rows[0]['date']:%Y-%m-%d}T00:00:00Z"),
        atom.link(rel="alternate", type="text/html", href=at(page)),
        *(atom.author(atom.name(citation.name(author))) for author in whole.authors),
    )
    if url := uri(app, FEED):
        feed.append(atom.link(rel="self", type="application/atom+xml", href=url))
    for row in rows:
        fragment = f"#{anchor('revisions', row['revision_id'])}" if pages else ""
        feed.append(
            atom.entry(
                atom.title(textwrap.shorten(f"Edition {row['edition']}: {row['change']}", 120, placeholder=" …")),
                atom.id(unique(row["revision_id"])),
                atom.updated(f"{row['date']:%Y-%m-%d}T00:00:00Z"),
                atom.link(rel="alternate", type="text/html", href=at(page) + fragment),
                atom.summary(row["change"]),
            )
        )
    _save(Path(app.outdir) / FEED, feed)


def _write_sitemap(app: Sphinx) -> None:
    site = _xml("http://www.sitemaps.org/schemas/sitemap/0.9")
    pages = [app.config.root_doc, *_below(app, app.config.root_doc)]
    urls = [site.url(site.loc(page_uri(app, page)), site.lastmod(app.dossier_report.date)) for page in pages]
    _save(Path(app.outdir) / "sitemap.xml", site.urlset(*urls))
    robots = f"User-agent: *\nAllow: /\nSitemap: {uri(app, 'sitemap.xml')}\n"
    (Path(app.outdir) / "robots.txt").write_text(robots, encoding="utf-8")


def _xml(namespace: str) -> ElementMaker:
    return ElementMaker(namespace=namespace, nsmap={None: namespace})


def _save(path: Path, root: etree._Element) -> None:
    etree.indent(root)
    content = etree.tostring(root, xml_declaration=True, encoding="utf-8") + b"\n"
    if not path.is_file() or path.read_bytes() != content:  # or the book would seem to differ
        path.write_bytes(content)


def _write(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.format != "html":
        return
    _write_feed(app)
    if app.config.html_baseurl:
        _write_sitemap(app)
        return
    for name in ("sitemap.xml", "robots.txt"):
        (Path(app.outdir) / name).unlink(missing_ok=True)


def setup(app: Sphinx) -> None:
    """Register the hooks."""
    app.connect("html-page-context", _add, priority=700)
    app.connect("build-finished", _write)
