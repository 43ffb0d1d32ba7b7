"""What the parts of the book share: the tables, and who uses which claim where."""

from functools import cache
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.util import logging

from dossier import __file__ as _package_file
from dossier.checks import check
from dossier.evidence import graded_claims
from dossier.package import Package, column_in_words, load

logger = logging.getLogger(__name__)


class Use(NamedTuple):
    """One place where a page uses a claim."""

    docname: str
    anchor: str
    label: str


AMONG_OTHERS = "figure"
"""Label of the use of a claim that a figure counts, and shows by no mark of its own."""

CODE = Path(_package_file).parent


def tables(app: Sphinx) -> Package:
    """The checked tables of the project that is being built. Raises `ExtensionError` on faults."""
    if not hasattr(app, "dossier_tables"):
        data = load(Path(app.srcdir))
        if faults := check(data, Path(app.outdir).with_name("checked")):
            raise ExtensionError("the tables have faults:\n" + "\n".join(f"data/{fault}" for fault in faults))
        app.dossier_tables = data
    return app.dossier_tables


def source_rows(app: Sphinx) -> list[dict]:
    """The sources in the order of their ids."""
    if not hasattr(app, "dossier_sources"):
        app.dossier_sources = tables(app).sources.sort_values("source_id").to_dict("records")
    return app.dossier_sources


def claim_rows(app: Sphinx) -> dict[str, dict]:
    """Claim id to the graded claim, its place and its evidence, ready for a template."""
    if not hasattr(app, "dossier_claims"):
        data = tables(app)
        names = data.places.set_index("place_id")["name"]
        evidence = data.evidence.merge(data.sources, on="source_id", suffixes=("", "_source")).merge(
            data.origins, on="origin_id", suffixes=("", "_origin")
        )
        by_claim: dict[str, list[dict]] = {}
        for row in evidence.to_dict("records"):
            by_claim.setdefault(row["claim_id"], []).append(row)
        rows = {}
        for claim in graded_claims(data).to_dict("records"):
            claim["place"] = names.get(claim["place_id"], "")
            claim["when"] = dates_in_words(claim)
            claim["evidence"] = by_claim[claim["claim_id"]]
            rows[claim["claim_id"]] = claim
        app.dossier_claims = rows
    return app.dossier_claims


def uses(env: BuildEnvironment) -> dict[str, dict[str, list[Use]]]:
    """Page to claim id to the places where the page uses the claim. Kept with the environment."""
    if not hasattr(env, "dossier_uses"):
        env.dossier_uses = {}
    return env.dossier_uses


def note_use(env: BuildEnvironment, claim_id: str, anchor: str, label: str) -> None:
    """Remember that the page being read uses a claim."""
    uses(env).setdefault(env.docname, {}).setdefault(claim_id, []).append(Use(env.docname, anchor, label))


def depend_on(env: BuildEnvironment, data: Package, *names: str) -> None:
    """The page being read is read again when one of these tables changes."""
    env.note_dependency(str(data.descriptor_path))
    for name in names:
        env.note_dependency(str(data.path(name)))


def fault(app: Sphinx, message: str, location) -> None:
    """Tell a fault of a page; the build goes on to find the others and stops before it writes."""
    logger.warning("%s", message, location=location, type="dossier")
    app.dossier_faults = getattr(app, "dossier_faults", 0) + 1


def _stop_on_faults(app: Sphinx, env: BuildEnvironment) -> None:
    if count := getattr(app, "dossier_faults", 0):
        for docname in sorted(env.found_docs):  # tells of links that lead nowhere, too
            env.get_and_resolve_doctree(docname, app.builder)
        raise ExtensionError(f"{count} fault{'s' if count > 1 else ''} in the pages, told above")


def setup(app: Sphinx) -> None:
    """Register the hooks."""
    app.connect("builder-inited", tables)
    app.connect("env-check-consistency", _stop_on_faults)


GRADED = ("claims", "evidence", "origins", "sources", "places")
"""The tables behind a claim's mark, card and entry."""


@cache
def templates() -> Environment:
    """The HTML templates. All text from tables is escaped."""
    environment = Environment(
        loader=PackageLoader("dossier.book"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["day"] = lambda value: "" if pd.isna(value) else day_in_words(value)
    environment.filters["number"] = number_in_words
    environment.filters["column"] = column_in_words
    environment.filters["size"] = size_in_words
    environment.tests["given"] = lambda value: not pd.isna(value)
    environment.tests["timestamp"] = lambda value: isinstance(value, pd.Timestamp)
    return environment


def day_in_words(value: pd.Timestamp, precision: str = "day") -> str:
    """``18 December 2024``, ``December 2024`` or ``2024``."""
    return {"day": f"{value.day} {value:%B %Y}", "month": f"{value:%B %Y}", "year": f"{value:%Y}"}[precision]


def dates_in_words(row: dict) -> str:
    """The dates of a row with `date_start`, `date_end` and `date_precision`, as one writes them."""
    start, end, precision = row["date_start"], row["date_end"], row["date_precision"]
    first = day_in_words(start, precision)
    if pd.isna(end) or day_in_words(end, precision) == first:
        return first
    last = day_in_words(end, precision)
    if precision == "day" and (start.year, start.month) == (end.year, end.month):
        return f"{start.day}–{last}"
    return f"{first} to {last}"


def source_in_words(row: pd.Series) -> str:
    """Publisher and year of a source, as prose names it."""
    year = f", {row['date'].year}" if pd.notna(row["date"]) else ""
    return f"{row['publisher']}{year}"


def number_in_words(value: float) -> str:
    """A number with separators between thousands."""
    return f"{value:,.10g}" if value % 1 else f"{value:,.0f}"


def size_in_words(size: int) -> str:
    """A number of bytes as ``340 kB`` or ``1.2 MB``."""
    return f"{size / 1e6:,.1f} MB" if size >= 999_500 else f"{max(size / 1e3, 1):,.0f} kB"


def range_in_words(low: float, high: float) -> str:
    """``900``, ``800–1,200``, ``at least 800`` or ``up to 1,200``."""
    if pd.isna(low):
        return f"up to {number_in_words(high)}"
    if pd.isna(high):
        return f"at least {number_in_words(low)}"
    return number_in_words(low) if low == high else f"{number_in_words(low)}–{number_in_words(high)}"
