"""Machinery for an evidence-graded report: tables, grades, checks, figures, citations.

In a notebook::

    from dossier import figure, load

    data = load()          # every table of the data package, typed
    data.claims            # a pandas DataFrame
    figure(chart, id=..., title=..., alt=...)
"""

from dossier.evidence import corroboration, with_evidence
from dossier.figures import PALETTE
from dossier.package import DataError, Package, load

__all__ = ["PALETTE", "DataError", "Package", "corroboration", "figure", "load", "with_evidence"]


def __getattr__(name: str):
    if name == "figure":  # on demand: Altair is slow to import, and a check of the tables does without it
        from dossier.charts import figure

        return figure
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
