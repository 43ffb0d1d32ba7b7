"""A picture of each page, for the places where its address is shared: its title beside its first figure."""

import textwrap
from pathlib import Path

from lxml import etree
from sphinx.application import Sphinx

from dossier.book.figures import figures, rasterize
from dossier.drawings import svg, text_of
from dossier.figures import PALETTE

WIDTH, HEIGHT = 1200, 630
"""In pixels: what the sites that show such pictures ask for."""

PANEL, MARGIN = 400, 36
LINE = 1.2
"""Height of a line of text, in its size."""


def picture(app: Sphinx, pagename: str) -> tuple[str, str]:
    """Address below the book and words for a page's picture, made if need be.

    A page without a figure has the report's.
    """
    root = app.config.root_doc
    held = figures(app.env).get(pagename, {})
    if not held and pagename != root:
        return picture(app, root)
    whole = app.dossier_report
    title = whole.title if pagename == root else app.env.titles[pagename].astext()
    below = [f"Edition {whole.edition}"] if pagename == root else [whole.title, f"Edition {whole.edition}"]
    drawing = None
    words = title
    for name, finding in list(held.items())[:1]:
        drawing = Path(app.doctreedir) / "figures" / f"{name}.svg"
        words = f"{title}; a figure: {text_of(finding)}"
    made = Path(app.doctreedir) / f"{_address(pagename)}.made"
    rasterize(app, draw(title, below, drawing), Path(app.outdir) / _address(pagename), made)
    return _address(pagename), words


def _address(pagename: str) -> str:
    return f"pictures/{pagename.replace('/', '-')}.png"


def draw(title: str, below: list[str], drawing: Path | None) -> str:
    """A picture as SVG: a dark panel with a title and smaller lines below it, and a drawing as large as it fits."""
    panel = PANEL if drawing else WIDTH
    picture = svg.svg(
        svg.rect(width="100%", height="100%", fill=PALETTE["paper"]),
        svg.rect(width=str(panel), height="100%", fill=PALETTE["ink"]),
        width=str(WIDTH),
        height=str(HEIGHT),
    )
    y = _write(picture, title, 44, panel, MARGIN, "bold")
    for text in below:
        y = _write(picture, text, 22, panel, y + MARGIN / 2, "normal")
    if drawing:
        inner = etree.parse(drawing).getroot()
        box = {"x": panel + MARGIN / 2, "y": MARGIN / 2, "width": WIDTH - panel - MARGIN, "height": HEIGHT - MARGIN}
        for key, value in box.items():
            inner.set(key, str(value))
        picture.append(inner)
    return etree.tostring(picture, encoding="unicode")


def _write(picture: etree._Element, text: str, size: int, width: int, y: float, weight: str) -> float:
    """Set a text in lines below `y`; returns where it ends. A letter is taken as 0.58 of its size wide."""
    style = {"font-family": "Arial, sans-serif", "font-size": str(size), "font-weight": weight}
    for line in textwrap.wrap(text, int((width - 2 * MARGIN) / (0.58 * size))):
        y += LINE * size
        picture.append(svg.text(line, x=str(MARGIN), y=f"{y:g}", fill=PALETTE["paper"], **style))
    return y


def _keep(app: Sphinx, exception: Exception | None) -> None:
    """Drop the pictures of pages that are no more, or have no figure any more."""
    folder = Path(app.outdir) / "pictures"
    if exception or not folder.is_dir():
        return
    pages = [page for page in app.env.found_docs if figures(app.env).get(page)]
    current = {Path(_address(page)).name for page in [app.config.root_doc, *pages]}
    for file in folder.iterdir():
        if file.name not in current:
            file.unlink()


def setup(app: Sphinx) -> None:
    """Register the hooks."""
    app.connect("build-finished", _keep)
