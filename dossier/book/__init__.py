"""The Sphinx side: claims, figures, registers and citations become pages. Assembles the parts."""

from sphinx.application import Sphinx

from dossier.book import (
    assets,
    citation,
    claims,
    control,
    diet,
    downloads,
    figures,
    findings,
    freshness,
    registers,
    state,
)

PARTS = (state, freshness, assets, claims, findings, figures, registers, downloads, citation, control, diet)
"""In the order in which their hooks run."""


def setup(app: Sphinx) -> dict:
    """Called by Sphinx."""
    for part in PARTS:
        part.setup(app)
    return {"version": "1", "env_version": 1, "parallel_read_safe": False, "parallel_write_safe": True}
