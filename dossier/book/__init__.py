"""The Sphinx side: claims, figures, registers and citations become pages. Assembles the parts."""

from sphinx.application import Sphinx

from dossier.book import (
    anchors,
    assets,
    citation,
    claims,
    control,
    diet,
    downloads,
    execution,
    figures,
    findings,
    freshness,
    metadata,
    pdf,
    pictures,
    registers,
    search,
    state,
)

READING = (state, freshness, execution, assets, claims, findings, figures, registers, search)
WRITING = (citation, downloads, pdf, pictures, metadata, control, anchors, diet)
"""In the order in which their hooks run."""


def setup(app: Sphinx) -> dict:
    """Called by Sphinx."""
    for part in (*READING, *WRITING):
        part.setup(app)
    return {"version": "1", "env_version": 1, "parallel_read_safe": False, "parallel_write_safe": False}
