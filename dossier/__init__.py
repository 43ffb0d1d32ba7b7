"""Machinery for an evidence-graded report: tables, grades, checks, figures, citations.

In a notebook::

    from dossier import figure, load

    data = load()          # every table of the data package, typed
    data.claims            # a pandas DataFrame
    figure(chart, id=..., title=..., alt=...)
"""

import sys

# Comes with JupyterLab, and jsonschema would load it: seconds to import, for a format that no schema here names.
UNUSED = "rfc3987_syntax"
sys.modules.setdefault(UNUSED, None)

from dossier.evidence import corroboration, with_evidence
from dossier.figures import PALETTE
from dossier.package import DataError, Package, load
from dossier.prose import prose_holds

__all__ = [
    "PALETTE",
    "SUPPORT",
    "TOOLTIP",
    "DataError",
    "Package",
    "corroboration",
    "figure",
    "load",
    "prose_holds",
    "with_evidence",
]

_ON_DEMAND = ("SUPPORT", "TOOLTIP", "figure")


def __getattr__(name: str):
    if name in _ON_DEMAND:  # Altair is slow to import, and a check of the tables does without it
        from dossier import charts

        return getattr(charts, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
