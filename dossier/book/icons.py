"""Icons as inline drawings, as the theme's script makes them when it runs.

Paths are taken by name from the FontAwesome file that the theme brings.
"""

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pydata_sphinx_theme

FILE = Path(pydata_sphinx_theme.__file__).parent / "theme/pydata_sphinx_theme/static/scripts/fontawesome.js"
ENTRY = re.compile(r'"?([\w-]+)"?:\[(\d+),(\d+),\[([^\]]*)\],"([0-9a-f]+)","([^"]+)"\]')
ICON = re.compile(r'<(i|span) class="([^"]*\bfa-[^"]*)"([^>]*)>\s*</\1>')
STYLES = {"fa", "fas", "far", "fab", "fa-solid", "fa-regular", "fa-brands"}


class Icon(NamedTuple):
    """A drawing: its width and height in its own units, and its path."""

    width: str
    height: str
    path: str


@cache
def _known() -> dict[str, list[Icon]]:
    """Name, other names and code point to the drawings so called, in the order brands, regular, solid."""
    found: dict[str, list[Icon]] = {}
    for name, width, height, others, code, path in ENTRY.findall(FILE.read_text(encoding="utf-8")):
        for key in (name, code, *re.findall(r'"([^"]+)"', others)):
            found.setdefault(key, []).append(Icon(width, height, path))
    return found


def _svg(match: re.Match) -> str:
    classes = match[2].split()
    name = next((word[3:] for word in classes if word.startswith("fa-") and word[3:] in _known()), None)
    if name is None:
        return match[0]
    width, height, path = _known()[name][0 if {"far", "fa-regular"} & set(classes) else -1]
    kept = " ".join(["svg-inline--fa", *(word for word in classes if word not in STYLES)])
    attributes = re.sub(r'\s*title="[^"]*"', "", match[3]).strip()
    return (
        f'<svg class="{kept}" {attributes}{" " if attributes else ""}aria-hidden="true" '
        f'viewBox="0 0 {width} {height}"><path fill="currentColor" d="{path}"/></svg>'
    )


def inline(html: str) -> str:
    """A page with each icon element of the theme replaced by its drawing."""
    return ICON.sub(_svg, html)


def as_image(character: str) -> str | None:
    """The drawing behind a character of the icon font, as a CSS image."""
    icons = _known().get(f"{ord(character):x}")
    if not icons:
        return None
    width, height, path = icons[-1]
    start = f"%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}'%3E"
    return f"url(\"data:image/svg+xml,{start}%3Cpath d='{path}'/%3E%3C/svg%3E\")"
