"""Machinery for an evidence-graded report: tables, grades, checks, figures, citations.

In a notebook::

    from dossier import figure, load

    data = load()          # every table of the data package, typed
    data.claims            # a pandas DataFrame
    figure(chart, id=..., title=..., alt=...)
"""

import sys

# Where JupyterLab is installed, jsonschema would compile a grammar of IRIs, which nobody here asks for, in seconds.
sys.modules.setdefault("rfc3987_syntax", None)

from dossier.evidence import corroboration, with_evidence  # noqa: E402
from dossier.figures import PALETTE  # noqa: E402
from dossier.package import DataError, Package, load  # noqa: E402

__all__ = [
    "PALETTE",
    "SUPPORT",
    "TOOLTIP",
    "DataError",
    "Package",
    "corroboration",
    "figure",
    "load",
    "with_evidence",
]

_ON_DEMAND = ("SUPPORT", "TOOLTIP", "figure")


def __getattr__(name: str):
    if name in _ON_DEMAND:  # Altair is slow to import, and a check of the tables does without it
        from dossier import charts

        return getattr(charts, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
