"""Machinery for an evidence-graded report: tables, grades, checks, figures, citations.

In a notebook::

    from dossier import figure, load

    data = load()          # every table of the data package, typed
    data.claims            # a pandas DataFrame
    figure(chart, id=..., title=..., alt=...)
"""

import sys
from importlib import import_module

# Comes with JupyterLab, and jsonschema would load it: seconds to import, for a format that no schema here names.
UNUSED = "rfc3987_syntax"
sys.modules.setdefault(UNUSED, None)

_HOMES = {
    "PALETTE": "figures",
    "SUPPORT": "charts",
    "TOOLTIP": "charts",
    "DataError": "package",
    "Package": "package",
    "corroboration": "evidence",
    "figure": "charts",
    "load": "package",
    "prose_holds": "prose",
    "with_evidence": "evidence",
}
"""Name to the module that has it, imported when it is asked for: pandas and Altair are slow to import."""

__all__ = list(_HOMES)


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
