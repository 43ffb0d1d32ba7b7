"""The reader's control of the evidence: how many origins, which grade, and as of which day.

Each page that uses claims carries, for each of them, the days on which its origins came to be published, and its
credibility. The script counts, so the page can be read as it would have stood on an earlier day.
"""

import json

from sphinx.application import Sphinx

from dossier.book import state
from dossier.book.registers import registered
from dossier.evidence import first_published


def _support(app: Sphinx) -> dict[str, list]:
    """Claim id to the days of its origins and its credibility."""
    if not hasattr(app, "dossier_support"):
        data = state.tables(app)
        days = first_published(data.evidence, data.sources)
        app.dossier_support = {
            key: [days[key], int(row["credibility"])] for key, row in state.claim_rows(app).items()
        }
    return app.dossier_support


def _add(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    if doctree is None or "body" not in context:
        return
    held = registered(app.env).get(pagename, {"tables": [], "claims": []})
    used = sorted({*state.uses(app.env).get(pagename, {}), *held["claims"]})
    if not used:
        return
    support = _support(app)
    days = sorted(day for key in used for day in support[key][0])
    html = (
        state.templates()
        .get_template("control.html")
        .render(
            support=json.dumps({key: support[key] for key in used}, separators=(",", ":")),
            first=days[0],
            last=f"{state.tables(app).revisions['date'].max():%Y-%m-%d}",
        )
    )
    head, found, rest = context["body"].partition("</h1>")
    context["body"] = head + found + html + rest if found else html + context["body"]


def setup(app: Sphinx) -> None:
    """Register the hook."""
    app.connect("html-page-context", _add)
