"""The ``register`` directive: a table of the package as a part of a page."""

from collections.abc import Iterator
from datetime import date
from typing import ClassVar

import pandas as pd
from docutils import nodes
from docutils.parsers.rst import directives
from jinja2 import TemplateNotFound
from markupsafe import escape
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from dossier import scales
from dossier.book import state
from dossier.book.citation import cite
from dossier.book.claims import ENTRIES_A_PAGE, claim_uri, page_name, source_uri
from dossier.book.findings import findings
from dossier.evidence import first_published
from dossier.judgements import support
from dossier.package import Package

GENERATED = ("schema", "scales", "findings")
"""What is shown like a table but comes from the schema, the scales of the field and the findings of the pages."""


class register(nodes.General, nodes.Element):
    """A table to be rendered when all pages are known."""


class RegisterDirective(SphinxDirective):
    """Show a table: ``{register} claims`` with ``:where: chapter = harbour`` and ``:columns: name note``.

    A table with a template of its own is shown by it, any other as a plain table of the columns named. ``:days:``
    are the days on which the support of the findings is counted as it could then be read.
    """

    required_arguments = 1
    option_spec: ClassVar = {
        "where": directives.unchanged,
        "columns": directives.unchanged,
        "days": directives.unchanged,
    }

    def run(self):
        name = self.arguments[0]
        data = state.tables(self.env.app)
        if name not in data.schemas and name not in GENERATED:
            known = ", ".join([*data.schemas, *GENERATED])
            raise self.error(f"the data package has no table {name!r}: one of {known}")
        own = {"schema": data.resources, "judgements": ("judgements", "hypotheses", "ratings")}
        state.depend_on(self.env, data, *own.get(name, {name} & data.schemas.keys()), *state.GRADED)
        self._demand_columns(name, data)
        column, _, value = (part.strip() for part in self.options.get("where", "").partition("="))
        self._demand_rows(name, data, column, value)
        page = registered(self.env).setdefault(self.env.docname, {"tables": [], "claims": [], "entries": []})
        page["tables"].append(name)
        if name in ENTRIES_A_PAGE:
            keys = list(getattr(data, name)[_chosen(data, name, column, value)][data.key(name)])
            page["entries"].append((name, keys))
            page["claims"].extend(keys if name == "claims" else [])
        else:
            self._note_uses(data, name, column, value)
        columns, days = (self.options.get(option, "").split() for option in ("columns", "days"))
        return [register(table=name, column=column, value=value, columns=columns, days=days)]

    def _demand_columns(self, name: str, data) -> None:
        """The options name columns of the table, and days that exist."""
        known = [field["name"] for field in data.fields(name)] if name in data.schemas else []
        named = self.options.get("columns", "").split()
        if "where" in self.options:
            named.append(self.options["where"].partition("=")[0].strip())
        for column in named:
            if column not in known:
                right = "one of " + ", ".join(known) if known else "no columns"
                raise self.error(f"register {name}: there is no column {column!r}: {right}")
        for day in self.options.get("days", "").split():
            try:
                date.fromisoformat(day)
            except ValueError:
                raise self.error(f"register {name}: {day!r} is not a day: a day as 2024-12-18") from None

    def _demand_rows(self, name: str, data, column: str, value: str) -> None:
        """A selection has rows, and a row stands on a page once, as its id does."""
        if name not in data.schemas:
            return
        rows = getattr(data, name)[_chosen(data, name, column, value)]
        if column and rows.empty:
            raise self.error(f"register {name}: no row has {column} = {value!r}: :where: {column} = a value it has")
        shown, keys = self.env.temp_data.setdefault("dossier_shown", set()), {*rows[data.key(name)]}
        if twice := shown & {(name, key) for key in keys}:
            raise self.error(f"register {name}: {min(twice)[1]} stands on this page already: each row once")
        shown.update((name, key) for key in keys)

    def _note_uses(self, data, name: str, column: str, value: str) -> None:
        """The claims whose marks stand in a table are used by the page."""
        shown = self.options.get("columns", "").split()
        fields = [
            field["name"]
            for field in (data.fields(name) if name in data.schemas else [])
            if (field["name"] == "claim_id" or field.get("references") == "claims")
            and (not shown or field["name"] in shown)
        ]
        rows = getattr(data, name)[_chosen(data, name, column, value)] if fields else pd.DataFrame()
        for _, row in rows.iterrows():
            for key in " ".join(row[fields].dropna()).split():
                state.note_use(
                    self.env, key, anchor(name, row[data.key(name)]), data.schemas[name]["title"].lower()
                )


def anchor(table: str, key: str) -> str:
    """The id of a row on its page: its key where the table has a template of its own, else led by the table."""
    return str(key) if f"{table}.html" in state.templates().list_templates() else f"{table}-{key}"


def registered(env) -> dict[str, dict[str, list]]:
    """Page with registers to the `tables` shown there, the `claims` held there and the `entries`.

    The entries are pairs of table and keys, one a register; where they are many, they stand on further pages.
    """
    if not hasattr(env, "dossier_registered"):
        env.dossier_registered = {}
    return env.dossier_registered


def _resolve(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    for node in list(doctree.findall(register)):
        rows = rows_shown(app, node)
        size = ENTRIES_A_PAGE.get(node["table"], len(rows) or 1)
        pages = [page_name(docname, number) for number in range(max(1, -(-len(rows) // size)))]
        for number, page in enumerate(pages):
            html = _html(app, page, node, rows[number * size : (number + 1) * size], pages)
            if page == docname:
                first = html
            elif page in {name for name, _, _ in app.dossier_further_pages}:
                raise ExtensionError(f"{docname}: two registers go on to {page}: give each a page of its own")
            else:
                app.dossier_further_pages.append((page, f"{app.env.titles[docname].astext()}, {number + 1}", html))
        node.replace_self(nodes.raw("", first, format="html"))


def further_pages(env) -> set[str]:
    """The names of all pages on which registers go on."""
    return {
        page_name(docname, number)
        for docname, held in registered(env).items()
        for table, keys in held["entries"]
        for number in range(1, -(-len(keys) // ENTRIES_A_PAGE[table]))
    }


def _further_pages(app: Sphinx) -> Iterator[tuple[str, dict, str]]:
    for page, title, html in app.dossier_further_pages:
        body = f'<section id="entries"><h1>{escape(title)}</h1>{html}</section>'
        yield page, {"title": title, "body": body}, "page.html"


def rows_shown(app: Sphinx, node: register) -> list[dict]:
    """The rows that a register shows, in order."""
    data, name = state.tables(app), node["table"]
    if name in GENERATED:
        return list(data.schemas.values())
    rows = state.claim_rows(app).values() if name == "claims" else getattr(data, name).to_dict("records")
    return [
        row for row, chosen in zip(rows, _chosen(data, name, node["column"], node["value"]), strict=True) if chosen
    ]


def _chosen(data: Package, name: str, column: str, value: str) -> pd.Series:
    """For each row of a table, whether a cell reads so; where no column is named, all do."""
    cells = data.text(name)
    return cells[column] == value if column else pd.Series(True, cells.index)


def _html(app: Sphinx, docname: str, node: register, rows: list[dict], pages: list[str]) -> str:
    data, name = state.tables(app), node["table"]
    environment = state.templates()
    try:
        template = environment.get_template(f"{name}.html")
    except TemplateNotFound:
        template = environment.get_template("table.html")
    fields = {} if name in GENERATED else {field["name"]: field for field in data.fields(name)}
    paging = environment.get_template("paging.html").render(
        pages=[(page, app.builder.get_relative_uri(docname, page)) for page in pages], here=docname
    )
    return paging + template.render(
        rows=rows,
        title=name.capitalize() if name in GENERATED else data.schemas[name]["title"],
        fields=fields,
        columns=node["columns"] or list(fields),
        key=None if name in GENERATED else data.key(name),
        anchor=lambda key: anchor(name, key),
        data=data,
        level=min(6, 1 + _depth(node)),
        scales=scales,
        claims=state.claim_rows(app),
        claim_uri=lambda key: claim_uri(app, docname, key),
        cite=lambda *what: cite(app, docname, *what),
        files="../" * docname.count("/") + "data/",
        used_at=lambda key: _used_at(app, docname, key),
        source_uri=lambda key: source_uri(app, docname, key),
        judgement_support=lambda: support(data).to_dict("index"),
        findings=_findings(app, node["days"]) if name == "findings" else [],
        days=[pd.Timestamp(day) for day in node["days"]],
        page_uri=lambda page: app.builder.get_relative_uri(docname, page),
    )


def _findings(app: Sphinx, days: list[str]) -> list[dict]:
    """The findings of all pages: how many of their claims stand on several origins, or could be read by a day."""
    data, rows = state.tables(app), state.claim_rows(app)
    published = first_published(data.evidence, data.sources)
    return [
        {
            "page": page,
            "title": app.env.titles[page].astext(),
            "number": number,
            "anchor": finding.anchor,
            "claims": finding.claims,
            "several": sum(rows[key]["origins"] > 1 for key in finding.claims),
            "known": [sum(published[key][0] <= day for key in finding.claims) for day in days],
        }
        for page, held in sorted(findings(app.env).items())
        for number, finding in enumerate(held, 1)
    ]


def _depth(node: nodes.Node) -> int:
    """The number of sections around a node."""
    return 0 if node.parent is None else _depth(node.parent) + isinstance(node.parent, nodes.section)


def _used_at(app: Sphinx, docname: str, claim_id: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Title of each page that uses a claim, with address and label of the places there."""
    found = []
    for page in sorted(state.uses(app.env)):
        if places := state.uses(app.env)[page].get(claim_id):
            numbers = app.env.toc_fignumbers.get(page, {}).get("figure", {})
            base = app.builder.get_relative_uri(docname, page)
            named = [
                (f"{base}#{use.anchor}", f"Figure {'.'.join(map(str, numbers[use.anchor]))}")
                if use.anchor in numbers
                else (f"{base}#{use.anchor}", use.label or "text")
                for use in places
            ]
            found.append((app.env.titles[page].astext(), list(dict.fromkeys(named))))
    return found


def _purge(app: Sphinx, env, docname: str) -> None:
    registered(env).pop(docname, None)


def _prepare(app: Sphinx) -> None:
    app.dossier_further_pages = []


def _rewrite(app: Sphinx, env) -> list[str]:
    """Registers link back to the places that use a claim: write them again when these have changed."""
    numbers = [(page, held.get("figure")) for page, held in env.toc_fignumbers.items()]
    titles = [(page, title.astext()) for page, title in env.titles.items()]
    linked = repr([sorted(part) for part in (titles, numbers, state.uses(env).items(), findings(env).items())])
    before, env.dossier_linked = getattr(env, "dossier_linked", None), linked
    return [] if linked == before else sorted(registered(env))


def setup(app: Sphinx) -> None:
    """Register the directive and the hooks."""
    app.add_node(register)
    app.add_directive("register", RegisterDirective)
    app.connect("builder-inited", _prepare)
    app.connect("html-collect-pages", _further_pages)
    app.connect("env-purge-doc", _purge)
    app.connect("env-get-updated", _rewrite, priority=900)  # figures have their numbers now
    app.connect("doctree-resolved", _resolve)
