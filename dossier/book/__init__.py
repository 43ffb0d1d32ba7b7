"""The Sphinx side: claims, figures, registers and citations become pages. Assembles the parts."""

from sphinx.application import Sphinx

from dossier.book import (
    anchors,
    assets,
    citation,
    claims,
    control,
    diet,
    figures,
    findings,
    freshness,
    metadata,
    pdf,
    pictures,
    registers,
    state,
)


def setup(app: Sphinx) -> dict:
    """Called by Sphinx."""
    readers = (state, freshness, assets, claims, findings, figures, registers)
    for part in (*readers, citation, pdf, pictures, metadata, control, anchors, diet):
        part.setup(app)
    return {"version": "1", "env_version": 1, "parallel_read_safe": False, "parallel_write_safe": True}
