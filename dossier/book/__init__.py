"""The Sphinx side: claims, figures, registers and citations become pages. Assembles the parts."""

from sphinx.application import Sphinx

from dossier.book import (
    assets,
    citation,
    claims,
    control,
    diet,
    execution,
    figures,
    findings,
    freshness,
    registers,
    state,
)


def setup(app: Sphinx) -> dict:
    """Called by Sphinx."""
    for part in (
        state,
        freshness,
        execution,
        assets,
        claims,
        findings,
        figures,
        registers,
        citation,
        control,
        diet,
    ):
        part.setup(app)
    return {"version": "1", "env_version": 1, "parallel_read_safe": False, "parallel_write_safe": True}
