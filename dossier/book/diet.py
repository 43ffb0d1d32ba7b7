"""Puts the stock theme on a diet: of its scripts, styles and fonts, pages carry only what some page uses.

Runs when Sphinx has written. Pages written in this build still have the stock head, so they are thinned, once;
the style sheets are merged anew against all pages, and stand in each page, which is drawn as soon as it is there;
its policy knows the sheet by its hash. Sphinx copies its static files before it
writes any page, and what is not used is deleted here: when the theme's own sheet is not there, nothing was written.
"""

import hashlib
import re
from collections.abc import Collection, Iterable
from functools import cache
from itertools import chain
from pathlib import Path

from sphinx.application import Sphinx

from dossier.book import icons, styles
from dossier.book.assets import ASSETS, EARLY, hash_source

MERGED = "book"
BUNDLE = (
    "documentation_options.js",
    "doctools.js",
    "sphinx_highlight.js",
    "scripts/sphinx-book-theme.js",
    "scripts/pydata-sphinx-theme.js",
    "controls.js",
)
"""Scripts that every page needs, in order; they become ``book.js``."""

DROPPED = ("scripts/fontawesome.js", "scripts/bootstrap.js", "sphinx-thebe.js", "sphinx-thebe.css")
NEEDED_BY = {
    "clipboard.min.js": r'class="highlight\b',
    "copybutton.js": r'class="highlight\b',
    "togglebutton.js": r'class="(?:[^"]* )?(?:toggle|(?=[^"]*\badmonition\b)(?:[^"]* )?dropdown)[ "]',
    "design-tabs.js": r'class="[^"]*\bsd-tab-set\b',
    "searchtools.js": r'id="search-results"',
    "language_data.js": r'id="search-results"',
    "searchindex.js": r'id="search-results"',
}
"""Scripts of some pages only: what a page that needs one has in it."""

INLINE_DROPPED = r"kernelName|thebe|DOCUMENTATION_OPTIONS\.|dataset\.mode"
SCRIPT = re.compile(r"<script\b([^>]*)>(.*?)</script>[ \t]*\n?", re.DOTALL)
NAMED = re.compile(r"""[/"'(]([\w.-]+)""")
SHEET = re.compile(r'<link\b(?=[^>]*rel="stylesheet")[^>]*?href="(?:\.\./)*_static/([^"?]*)[^>]*>\s*')
WITHOUT_NEED = (  # what pages carry for scripts that are dropped, or twice
    (r'<link rel="preload"[^>]*>\s*', ""),
    (r"<noscript>\s*<style>.*?</style>\s*</noscript>\s*", ""),  # in dossier.css, as @media (scripting: none)
    (r"<!--.*?-->\s*", ""),
    (r'<meta name="viewport"[^>]*>\s*(?=.*<meta name="viewport")', ""),
    (r'<meta name="docsearch:[^>]*>\s*', ""),
    (r'<div id="ethical-ad-placement"[^>]*>\s*</div>', ""),
    (r'data-bs-(?:toggle="tooltip"|placement="\w+")\s*', ""),
    (r"data-bs-title=", "title="),
    (r'onclick="(?:window\.)?(\w+)\(\)"', r'data-call="\1"'),
    (r'(<button class="[^"]*search-button-field[^"]*"[^>]*?) aria-label="[^"]*"', r"\1"),  # the name is the text
    (r'<summary>(?=<span class="toctree-toggle")', '<summary aria-label="Pages below this one">'),
    (r'<summary aria-label="Toggle hidden content">', "<summary>"),  # the name is the text
    (r'<p class="((?:collapsed|expanded) admonition-title)">(.*?)</p>', r'<span class="\1">\2</span>'),
    (r'<label aria-controls="[^"]*"', "<label"),
    (r"<pre>", '<pre tabindex="0">'),  # the theme would measure each, and lay out the page as often
    (r'data-theme="auto"', 'data-theme="light"'),  # what shows without scripts; early.js sets the reader's
    (r'<div id="pst-primary-sidebar"', r'<div role="complementary" aria-label="Sidebar" id="pst-primary-sidebar"'),
    (
        r'<div class="(dropdown [^"]*)">\s*<button class="([^"]*)"[^>]*(aria-label="[^"]*")>(.*?)</button>'
        r'\s*<ul class="dropdown-menu">(.*?)</ul>\s*</div>',
        r'<details class="\1"><summary class="\2" \3>\4</summary><ul class="dropdown-menu show">\5</ul></details>',
    ),
)


def thin(html: str, to_static: str, inline: dict[str, str]) -> str:
    """A page without what it does not need. Adds the scripts that stood in the page itself to `inline`, by name."""
    sheets = [sheet for sheet in SHEET.findall(html) if sheet not in DROPPED]
    for pattern, new in WITHOUT_NEED:
        html = re.sub(pattern, new, html, flags=re.DOTALL)
    seen = set()

    def script(match: re.Match) -> str:
        attributes, body = match.groups()
        if kind := re.search(r'type="([^"]+)"', attributes):
            if "thebe" in kind[1]:
                return ""
            if "javascript" not in kind[1] and kind[1] != "module":
                return match[0]
        source = re.search(r'src="([^"]*)"', attributes)
        if not source:
            if re.search(INLINE_DROPPED, body) or ("toggle" in body and not needed("togglebutton.js")):
                return ""
            name = f"inline-{hashlib.sha256(body.encode()).hexdigest()[:8]}.js"
            inline[name] = body.strip() + "\n"
            address = f"{to_static}{name}"
        else:
            address = source[1]
            name = re.sub(r"^(\.\./)*(_static/)?|\?.*", "", address)
            if name in BUNDLE or name in DROPPED or not needed(name):
                return ""
        if address in seen:
            return ""
        seen.add(address)
        rest = re.sub(r'\s*(src|defer|async)(="[^"]*")?', "", attributes)
        defer = " defer" if source else ""  # what stood in the page set names for the others: it stays before them
        return f'<script{defer} src="{address}"{rest}></script>\n'

    @cache
    def needed(name: str) -> bool:
        return name not in NEEDED_BY or re.search(NEEDED_BY[name], html) is not None

    html = icons.inline(SHEET.sub("", SCRIPT.sub(script, html)))
    head = (
        f"<script>{EARLY}</script>\n"
        f'<style data-merged="{" ".join(sheets)}"></style>\n'
        f'<script defer src="{to_static}{MERGED}.js"></script>\n'
    )
    return html.replace("</title>\n", f"</title>\n{head}", 1)


def _lean(script: str) -> str:
    """A script without comments, notices of copyright apart, and with addresses that are mere text."""

    def comment(match: re.Match) -> str:
        return match[0] if re.search("licen[cs]e|copyright", match[0], re.IGNORECASE) else ""

    text = re.sub(
        r"^[ \t]*(?:/\*(?:(?!\*/).)*\*/|//[^\n]*)[ \t]*$", comment, script, flags=re.DOTALL | re.MULTILINE
    )
    text = re.sub(r"https?://(?!www\.w3\.org/)", "", text)
    return re.sub(r"\n\s*\n+", "\n", text).strip() + "\n"


def _write(path: Path, text: str) -> None:
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def _diet(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.format != "html":
        return
    out = Path(app.outdir)
    static = out / "_static"
    paths = [path for path in sorted(out.rglob("*.html")) if static not in path.parents]
    pages = {path: path.read_text(encoding="utf-8") for path in paths}
    if (static / "styles" / "pydata-sphinx-theme.css").is_file():
        inline: dict[str, str] = {}
        for path, html in pages.items():
            if f"_static/{MERGED}.js" not in html:
                pages[path] = thin(html, "../" * (len(path.relative_to(out).parts) - 1) + "_static/", inline)
        for name, text in inline.items():
            _write(static / name, text)
        bundle = "\n".join((static / name).read_text(encoding="utf-8") for name in BUNDLE)
        _write(static / f"{MERGED}.js", _lean(bundle.replace('["pre",', "[")))  # has its tabindex in the page
        for path in filter(Path.is_file, map(static.joinpath, NEEDED_BY)):
            _write(path, _lean(path.read_text(encoding="utf-8")))
        sheet = _sheet(static, pages.values(), Path(app.doctreedir) / f"{MERGED}.css")
        mark = hashlib.sha256((static / f"{MERGED}.js").read_bytes()).hexdigest()[:8]
        for path, html in pages.items():
            html = re.sub(rf'(_static/{MERGED}\.js)(\?v=\w+)?"', rf'\1?v={mark}"', html, count=1)
            pages[path] = _with_sheet(html, sheet)
        for path, html in pages.items():
            _write(path, html)
    used = _used(static, pages.values())
    for path in static.rglob("*"):
        if path.is_file() and path not in used:
            path.unlink()
    for path in sorted(static.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def _with_sheet(html: str, sheet: str) -> str:
    html = re.sub(
        r'(<style data-merged="[^"]*">).*?(?=</style>)',
        lambda found: found[1] + sheet,
        html,
        count=1,
        flags=re.DOTALL,
    )
    return re.sub(r"(style-src 'self')[^;\"]*", rf"\1 '{hash_source(sheet)}'", html, count=1)


def _sheet(static: Path, pages: Collection[str], kept: Path) -> str:
    groups = [group.split() for html in pages for group in re.findall(r'data-merged="([^"]*)"', html)]
    own = {path.name for path in ASSETS.iterdir()} | {"figure-colours.css"}
    said = "\n".join(pages)
    scripts = [path.read_text(encoding="utf-8") for path in sorted(static.rglob("*.js")) if f"/{path.name}" in said]
    return styles.merge(static, dict.fromkeys(chain(*groups)), own, pages, scripts, kept)


def _used(static: Path, pages: Iterable[str]) -> list[Path]:
    """The static files that pages name, and those that the scripts and sheets among them name in turn."""
    said = re.sub(r'data-merged="[^"]*"', "", "\n".join(pages))
    left, used = [path for path in static.rglob("*") if path.is_file()], []
    while found := (names := set(re.findall(NAMED, said))) and [path for path in left if path.name in names]:
        used += found
        left = [path for path in left if path not in found]
        said = "\n".join(path.read_text(encoding="utf-8") for path in found if path.suffix in (".css", ".js"))
    return used


def setup(app: Sphinx) -> None:
    """Register the hook; other parts write their files first."""
    app.connect("build-finished", _diet, priority=900)
