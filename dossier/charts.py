"""Figures as a notebook makes them: a plain Altair chart with an id, a finding, alt text and claims.

`figure` puts what a published figure needs into the chart itself (Vega-Lite's own ``name``, ``title``,
``description`` and ``usermeta``), so the notebook shows an ordinary chart and the book finds all it needs in
the output of the cell.
"""

import os

import altair as alt
from altair.utils.html import spec_to_html

from dossier.figures import BOOK, CATEGORIES, MIMETYPE, PALETTE, columns_drawn, demand, name_tooltips

TOOLTIP = [
    alt.Tooltip("statement:N", title="Claim"),
    alt.Tooltip("claimant:N", title="Says"),
    alt.Tooltip("grade:N", title="Grade"),
    alt.Tooltip("origins:Q", title="Independent origins"),
]
"""What a mark tells of its claim; the rows come from `dossier.with_evidence`."""

SUPPORT = alt.FillOpacity(
    "support:N", scale=alt.Scale(domain=["two or more origins", "one origin"], range=[0.95, 0.12]), legend=None
)
"""Filled marks rest on two or more independent origins, hollow ones on one; give the mark a stroke as well.

The page adds the key, since Vega-Lite draws none for this channel.
"""


def figure(chart, *, id: str, title: str, alt: str, note: str = ""):
    """Make a chart a figure of the report.

    Args:
        chart: A single-view or layered Altair chart. Its rows, or at least those of one layer, name their
            claims in a column `claim_id`, or several separated by spaces in `claim_ids`.
        id: Permanent name, lower-case words joined by hyphens; file names and links are made of it.
        title: The finding, as a sentence.
        alt: The chart in words, for those who do not see it: what is drawn and what it shows.
        note: How to read it, and caveats; printed under the figure.

    Returns the chart with these built in. Raises `FigureError` where one is missing.
    """
    chart = chart.properties(name=id, title=title, description=alt)
    spec = chart.to_dict(validate=False)  # it is validated when it is shown
    demand(spec)
    chart = chart.properties(usermeta={"note": note, "columns": columns_drawn(spec)})
    return chart if "width" in spec else chart.properties(width="container")


@alt.theme.register("dossier", enable=True)
def _theme() -> alt.theme.ThemeConfig:
    ink, muted, grid = PALETTE["ink"], PALETTE["muted"], PALETTE["grid"]
    return {
        "config": {
            "font": "Arial, sans-serif",
            "background": None,
            "view": {"stroke": None},
            "axis": {
                "labelColor": ink,
                "titleColor": muted,
                "domainColor": muted,
                "tickColor": muted,
                "gridColor": grid,
                "labelFontSize": 12,
                "titleFontSize": 12,
                "titleFontWeight": "normal",
                "labelLimit": 260,
            },
            "axisX": {"labelFlush": False},
            "legend": {
                "labelColor": ink,
                "titleColor": muted,
                "labelFontSize": 12,
                "titleFontSize": 12,
                "titleFontWeight": "normal",
                "orient": "top",
                "direction": "horizontal",
                "columns": 3,
                "labelLimit": 300,
                "symbolStrokeWidth": 2,
            },
            "header": {"labelColor": ink, "titleColor": muted},
            "title": {"color": ink, "anchor": "start", "fontSize": 15},
            "text": {"color": ink, "fontSize": 12},
            "mark": {"color": PALETTE["blue"]},
            "bar": {"color": PALETTE["blue"]},
            "rule": {"color": muted},
            "range": {"category": CATEGORIES},
        }
    }


def _render(spec: dict, **_) -> dict:
    name_tooltips(spec)
    bundle = {MIMETYPE: spec, "text/plain": str(spec.get("description") or "chart")}
    if BOOK not in os.environ:  # JupyterLab draws no Vega-Lite 6 by itself: give it the chart with its library
        bundle["text/html"] = spec_to_html(
            spec,
            mode="vega-lite",
            vega_version=alt.VEGA_VERSION,
            vegalite_version=alt.VEGALITE_VERSION,
            vegaembed_version=alt.VEGAEMBED_VERSION,
            output_div=str(spec.get("name") or "chart"),
            embed_options={"actions": False},
            template="inline",
        )
    return bundle


alt.data_transformers.enable("default", max_rows=100_000)  # Altair's own 5,000 would end a growing report's build
alt.renderers.register("dossier", _render)
alt.renderers.enable("dossier")
