"""Style, scripts and the chart library of the pages."""

from base64 import b64encode
from hashlib import sha256
from importlib import metadata
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config

from dossier import drawings
from dossier.figures import TOKENS
from dossier.workers import submit

ASSETS = Path(__file__).parent / "assets"


EARLY = (ASSETS / "early.js").read_text(encoding="utf-8")
"""The script that stands in each page: a request for it would hold up all that follows."""


def hash_source(text: str) -> str:
    """What stands in a policy for a script or a style sheet that stands in the page."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


POLICY = "; ".join(
    (
        "default-src 'none'",
        f"script-src 'self' '{hash_source(EARLY)}'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
    )
)
"""Content-Security-Policy of each page: nothing from elsewhere, no ``eval``, in the page one script and one sheet.

The sheet is known when all pages are (`dossier.book.diet`).
"""


def _add_policy(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    tag = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}" />\n'
    context["metatags"] = tag + context.get("metatags", "")


def _add_static_path(app: Sphinx, config: Config) -> None:
    """Sphinx copies two folders: the files written by hand, and the generated ones, kept beside the doctrees."""
    generated = Path(app.doctreedir) / "static"
    generated.mkdir(parents=True, exist_ok=True)
    version = f"/* vl-convert {metadata.version('vl-convert-python')} */\n"
    library = generated / "vega.js"
    if not library.is_file() or not library.read_text(encoding="utf-8").startswith(version):
        app.dossier_library = submit(drawings.library, library, version)
    (generated / "figure-colours.css").write_text(_colours(), encoding="utf-8")
    config.html_static_path += [str(ASSETS), str(generated)]
    if not config.html_favicon:
        config.html_favicon = str(ASSETS / "favicon.svg")


def _await_library(app: Sphinx, env) -> None:
    if hasattr(app, "dossier_library"):
        app.dossier_library.result()


def _colours() -> str:
    def block(selector: str, position: int) -> str:
        values = "".join(f"--figure-{token}:{pair[position]};" for token, pair in TOKENS.items())
        return f"{selector}{{{values}}}\n"

    fixed = "".join(f"--figure-light-{token}:{light};" for token, (light, _) in TOKENS.items())
    names = " ".join(TOKENS)
    return (
        f':root{{{fixed}--figure-tokens:"{names}";}}\n'
        + block(":root", 0)
        + block('html[data-theme="dark"]', 1)
        + "@media print{"
        + block('html[data-theme="dark"],:root', 0).strip()
        + "}\n"
    )


def setup(app: Sphinx) -> None:
    """Register files and hooks."""
    app.add_css_file("figure-colours.css")
    app.add_css_file("dossier.css")
    app.add_js_file("dossier.js", loading_method="defer")
    app.connect("config-inited", _add_static_path)
    app.connect("env-check-consistency", _await_library, priority=750)  # what works beside the build starts before
    app.connect("html-page-context", _add_policy, priority=999)
