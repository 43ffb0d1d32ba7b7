"""The drawings of a figure, from its Vega-Lite specification: for a page, to take away, for print, and live.

Each figure is drawn twice, wide and narrow; all else is made of the wide drawing. It imports nothing of Sphinx,
because it runs in workers beside the build.
"""

import json
import re
import textwrap
from functools import cache
from pathlib import Path

import vl_convert
from lxml import etree
from lxml.builder import ElementMaker

from dossier.figures import NARROW, PALETTE, TOKENS, WIDE, shows_support

TAKEN = (".svg", ".png", ".csv", ".js")
"""Endings of the files of a figure that go into the book."""

PRINT_FONT = "Source Sans Pro"
TITLE, SUBTITLE, PADDING, COLUMNS = 15, 12, 12, 84
"""Sizes of the words above a drawing and the space around it, in CSS pixels; characters in a line of its title."""

PREVIEW = "-preview.png"
"""Ending of the small picture of a figure, for notebooks."""

MADE = ".made"
"""Ending of the file that tells of what the other files of a figure were made."""

NO_SVG = re.compile(r"\\(?:[bf]|u00[01].|ufff[ef])")
"""Characters that no SVG may hold, as JSON writes them: the renderer aborts at them, and with it its process."""

svg = ElementMaker(namespace="http://www.w3.org/2000/svg", nsmap={None: "http://www.w3.org/2000/svg"})


def draw(spec: dict, folder: Path, made_of: str) -> None:
    """Write the drawings of a figure, named after it, all but its large PNG, and last of what they were made.

    Raises `ValueError` where the specification cannot be drawn.
    """
    if unfit := NO_SVG.search(json.dumps(spec).replace(r"\\", "")):
        raise ValueError(f"one of its texts has the character {unfit[0]}, which no SVG may hold")
    name, vega = spec["name"], compiled(spec)
    wide = drawing(spec, WIDE, vega)
    whole = framed(wide, text_of(spec["title"]), "Hollow marks rest on one origin" if shows_support(spec) else "")
    if lost := unseen(whole):
        raise ValueError(f"the font of its PNG has no {' '.join(lost)}: write it in other signs")
    files = {
        "-wide.svg": for_page(wide, f"{name}-{WIDE}-"),
        "-narrow.svg": static(spec, NARROW, vega),
        "-print.svg": re.sub(r'font-family="[^"]*"', f'font-family="{PRINT_FONT}"', wide),
        ".svg": whole,
        ".js": _live(name, {**vega, "description": spec["description"]}),
    }
    for ending, text in files.items():
        (folder / f"{name}{ending}").write_text(text, encoding="utf-8")
    (folder / f"{name}{PREVIEW}").write_bytes(vl_convert.svg_to_png(whole))
    (folder / f"{name}{MADE}").write_text(made_of, encoding="utf-8")


def warm_up() -> None:
    """Start the renderer of this process, which takes longer than to draw."""
    vl_convert.vegalite_to_svg({"mark": "point", "data": {"values": [{}]}})


def leave_blank(name: str, folder: Path) -> None:
    """Write empty drawings for the page of a figure that cannot be drawn, with other faults still to be told."""
    for ending in ("-wide.svg", "-narrow.svg", "-print.svg"):
        (folder / f"{name}{ending}").write_text(framed('<svg width="1" height="1"/>', ""), encoding="utf-8")


def library(target: Path, head: str) -> None:
    """Write the chart library as a script that leaves no names behind: they would collide with Sphinx's own."""
    whole = target.with_suffix(".new")  # a build may be cut off here
    whole.write_text(f"{head}(()=>{{{vl_convert.javascript_bundle()}}})();\n", encoding="utf-8")
    whole.replace(target)


def rasterize(drawn: str, target: Path, scale: int, made: Path, made_of: str) -> None:
    """Write a drawing as PNG, and then of what it was made."""
    target.write_bytes(vl_convert.svg_to_png(drawn, scale=scale))
    made.write_text(made_of, encoding="utf-8")


def unseen(drawn: str) -> list[str]:
    """The characters of a drawing that would be empty boxes in a PNG."""
    characters = set("".join(_parsed(drawn).itertext()))
    return sorted(character for character in characters if not character.isascii() and not _has_glyph(character))


@cache
def _has_glyph(character: str) -> bool:
    return _alone(character) != _alone("\uf8ff")  # of private use, in no font


@cache
def _alone(character: str) -> bytes:
    words = svg.text(character, x="5", y="30", style="font: 24px Arial, sans-serif")
    return vl_convert.svg_to_png(etree.tostring(svg.svg(words, width="40", height="40"), encoding="unicode"))


def compiled(spec: dict) -> dict:
    """The figure for Vega, without title and description, so that the whole drawing, axes and legend, is wide."""
    bare = {key: value for key, value in spec.items() if key not in ("title", "usermeta", "description")}
    if spec.get("width") == "container":
        bare |= {"width": WIDE, "autosize": {"type": "fit-x", "contains": "padding"}, "padding": 2}
    return vl_convert.vegalite_to_vega(bare)


def drawing(spec: dict, width: int, vega: dict | None = None) -> str:
    """A drawing of the given width as SVG, without its title; `vega` is the figure compiled, if that was done."""
    vega = vega or compiled(spec)
    if spec.get("width") == "container":
        vega = {**vega, "width": width}
    names: dict[str, str] = {}  # Vega counts its names through all drawings of a process
    return re.sub(
        r'(?<=\bid=")[^"]+|(?<=url\(#)[^)]+',
        lambda found: names.setdefault(found[0], f"part{len(names) + 1}"),
        vl_convert.vega_to_svg(vega),
    )


def static(spec: dict, width: int, vega: dict | None = None) -> str:
    """A drawing of the given width as SVG for a page."""
    return for_page(drawing(spec, width, vega), f"{spec['name']}-{width}-")


def for_page(drawn: str, prefix: str) -> str:
    """A drawing with theme colours as CSS variables, and with ids that are its own on a page."""
    root = _parsed(drawn)
    for element in root.iter():
        for key in list(element.attrib):
            value = element.attrib[key]
            if key == "id":
                element.set(key, prefix + value)
            elif key == "role" or key.startswith("aria-"):
                del element.attrib[key]
            elif "url(#" in value:
                element.set(key, value.replace("url(#", f"url(#{prefix}"))
            elif key == "font-family":
                del element.attrib[key]
    root.set("aria-hidden", "true")
    root.attrib.pop("version", None)
    text = re.sub(
        r"\d+\.\d{3,}", lambda number: f"{float(number.group()):.2f}", etree.tostring(root, encoding="unicode")
    )
    for token, (light, _) in TOKENS.items():
        text = re.sub(re.escape(light), f"var(--figure-{token})", text, flags=re.IGNORECASE)
    return text


def framed(drawn: str, title: str, subtitle: str = "") -> str:
    """A drawing on paper, below its title."""
    inner = _parsed(drawn)
    width, height = (float(inner.get(key)) for key in ("width", "height"))
    words, y = [], PADDING
    for lines, size, weight, colour in (
        (textwrap.wrap(title, COLUMNS), TITLE, "bold", "ink"),
        ([subtitle] if subtitle else [], SUBTITLE, "normal", "muted"),
    ):
        style = {"font-family": "Arial, sans-serif", "font-size": str(size), "font-weight": weight}
        for line in lines:
            y += size
            words.append(svg.text(line, x=str(PADDING), y=f"{y:g}", fill=PALETTE[colour], **style))
            y += round(size / 3)
    inner.set("x", str(PADDING))
    inner.set("y", f"{y + PADDING:g}")
    box = {"width": f"{width + 2 * PADDING:g}", "height": f"{y + height + 2 * PADDING:g}"}
    sheet = svg.svg(svg.rect(width="100%", height="100%", fill=PALETTE["paper"]), *words, inner, **box)
    sheet.set("viewBox", f"0 0 {box['width']} {box['height']}")
    return etree.tostring(sheet, encoding="unicode")


def _parsed(drawn: str) -> etree._Element:
    try:
        return etree.fromstring(drawn.encode())
    except etree.XMLSyntaxError as error:  # of what the chart itself computes
        raise ValueError(f"its SVG is not XML: {error.msg}") from error


def _live(name: str, vega: dict) -> str:
    """The chart for Vega, as a script and not as JSON: a page opened from a folder may load the one, not the other.

    Compiled here, not by the reader's browser: Vega-Lite warns there of harmless things.
    """
    text = json.dumps(vega, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return f"(window.dossierFigures ??= {{}})[{json.dumps(name)}] = {text};\n"


def text_of(title) -> str:
    """A chart's title as one line."""
    words = title if isinstance(title, str) else title["text"]
    return words if isinstance(words, str) else " ".join(words)
