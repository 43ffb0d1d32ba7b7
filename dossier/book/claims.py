"""The roles ``claim``, ``estimate``, ``when``, ``source`` tie prose to the tables; cards stand behind the marks."""

from docutils import nodes
from markupsafe import escape
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxRole

from dossier.book import state
from dossier.package import DataError


class claim_marks(nodes.Inline, nodes.Element):
    """The marks of one or more claims; becomes links when all pages are known."""


class source_mark(nodes.Inline, nodes.TextElement):
    """A link to a source's entry; becomes one when all pages are known."""


class claim_date(nodes.inline):
    """The date of a claim in prose; a page says of which claim, so that it can be checked against the table."""


class ClaimRole(SphinxRole):
    """``{claim}`A017``` or ``{claim}`A017 A018```: the mark of each claim on which the sentence rests."""

    def run(self):
        app = self.env.app
        known = state.claim_rows(app)
        state.depend_on(self.env, app.dossier_tables, *state.GRADED)
        keys = self.text.split()
        if not keys:
            state.fault(app, "names no claim: give the claim_id on which the sentence rests", self.get_location())
        for key in keys:
            if key not in known:
                state.fault(
                    app, f"unknown claim {key!r}: a claim_id of claims.csv, or a new row there", self.get_location()
                )
        keys = [key for key in keys if key in known]
        anchor = f"use-{self.env.new_serialno('dossier-use') + 1}"
        for key in keys:
            state.note_use(self.env, key, anchor, "")
        return [claim_marks(claims=keys, ids=[anchor])], []


class EstimateRole(SphinxRole):
    """``{estimate}`N012```: the number or range of an estimate, as the table has it."""

    def run(self):
        data = state.tables(self.env.app)
        state.depend_on(self.env, data, "estimates")
        try:
            row = data.row("estimates", self.text)
        except DataError as error:
            state.fault(self.env.app, str(error), self.get_location())
            return [], []
        words = state.range_in_words(row["low"], row["high"])
        html = f'<span class="from-table" data-row="{escape(self.text)}">{words}</span>'
        return [nodes.raw("", html, format="html", words=words)], []


class WhenRole(SphinxRole):
    """``{when}`A017```: the date of a claim in words."""

    def run(self):
        rows = state.claim_rows(self.env.app)
        state.depend_on(self.env, self.env.app.dossier_tables, "claims")
        if self.text not in rows:
            state.fault(
                self.env.app,
                f"unknown claim {self.text!r}: a claim_id of claims.csv, or a new row there",
                self.get_location(),
            )
            return [], []
        return [claim_date("", rows[self.text]["when"], classes=["from-table"], claim=self.text)], []


class SourceRole(SphinxRole):
    """``{source}`key```: a link to the entry of a source, shown as publisher and year."""

    def run(self):
        data = state.tables(self.env.app)
        state.depend_on(self.env, data, "sources")
        try:
            row = data.row("sources", self.text)
        except DataError as error:
            state.fault(self.env.app, str(error), self.get_location())
            return [], []
        return [source_mark("", state.source_in_words(row), source=self.text)], []


ENTRIES_A_PAGE = {"claims": 500, "sources": 1500}
"""How many entries of a register stand on one page; the next page is called after the first, with a number."""


def page_name(docname: str, number: int) -> str:
    """The name of the page of a register, counted from 0."""
    return f"{docname}-{number + 1}" if number else docname


def entry_page(app: Sphinx, table: str, key: str) -> str | None:
    """The page that holds the entry of a claim or a source; None where no register shows it."""
    if not hasattr(app, "dossier_entry_pages"):
        app.dossier_entry_pages = {
            (name, entry): page_name(docname, place // ENTRIES_A_PAGE[name])
            for docname, held in getattr(app.env, "dossier_registered", {}).items()
            for name, keys in held["entries"]
            for place, entry in enumerate(keys)
        }
    return app.dossier_entry_pages.get((table, key))


def _entry_uri(app: Sphinx, docname: str, table: str, key: str) -> str:
    page = entry_page(app, table, key)
    return f"#{key}" if page is None else f"{app.builder.get_relative_uri(docname, page)}#{key}"


def claim_uri(app: Sphinx, docname: str, claim_id: str) -> str:
    """Address of a claim's register entry as seen from a page."""
    return _entry_uri(app, docname, "claims", claim_id)


def source_uri(app: Sphinx, docname: str, source_id: str) -> str:
    """Address of a source's entry as seen from a page."""
    return _entry_uri(app, docname, "sources", source_id)


def _resolve(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    rows = state.claim_rows(app)
    for node in list(doctree.findall(claim_marks)):
        html = (
            state.templates()
            .get_template("marks.html")
            .render(
                claims=rows,
                keys=node["claims"],
                uri=lambda key: claim_uri(app, docname, key),
                anchor=node["ids"][0],
            )
        )
        node.replace_self(nodes.raw("", html.strip(), format="html"))
    for node in list(doctree.findall(source_mark)):
        uri = source_uri(app, docname, node["source"])
        node.replace_self(nodes.reference("", "", *node.children, internal=True, refuri=uri))


def _add_cards(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    if doctree is None or "body" not in context:
        return
    used = sorted(
        key
        for key, places in state.uses(app.env).get(pagename, {}).items()
        if any(use.label != state.AMONG_OTHERS for use in places)
    )
    if used:
        rows = state.claim_rows(app)
        context["body"] += (
            state.templates()
            .get_template("cards.html")
            .render(cards=[(rows[key], claim_uri(app, pagename, key)) for key in used])
        )


def _visit_date(translator, node: claim_date) -> None:
    translator.body.append(translator.starttag(node, "span", "", **{"data-when": node["claim"]}))


def _depart_date(translator, node: claim_date) -> None:
    translator.body.append("</span>")


def _purge(app: Sphinx, env, docname: str) -> None:
    state.uses(env).pop(docname, None)


def setup(app: Sphinx) -> None:
    """Register the roles and the hooks."""
    app.add_node(claim_marks)
    app.add_node(source_mark)
    app.add_node(claim_date, html=(_visit_date, _depart_date))
    app.add_role("claim", ClaimRole())
    app.add_role("estimate", EstimateRole())
    app.add_role("when", WhenRole())
    app.add_role("source", SourceRole())
    app.connect("env-purge-doc", _purge)
    app.connect("doctree-resolved", _resolve)
    app.connect("html-page-context", _add_cards)
