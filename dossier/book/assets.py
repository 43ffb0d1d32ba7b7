"""Style, scripts and the chart library of the pages; and what the stock theme sends that no page needs."""

from importlib import metadata
from pathlib import Path

import vl_convert
from sphinx.application import Sphinx
from sphinx.config import Config

from dossier.figures import TOKENS

ASSETS = Path(__file__).parent / "assets"


def _add_static_path(app: Sphinx, config: Config) -> None:
    config.html_static_path.append(str(ASSETS))


def _write_generated(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.format != "html":
        return
    static = Path(app.outdir) / "_static"
    version = f"/* vl-convert {metadata.version('vl-convert-python')} */\n"
    library = static / "vega.js"
    if not library.is_file() or not library.read_text(encoding="utf-8").startswith(version):
        # In a function, because as a plain script its top-level names collide with Sphinx's own.
        library.write_text(f"{version}(()=>{{{vl_convert.javascript_bundle()}}})();\n", encoding="utf-8")
    (static / "figure-colours.css").write_text(_colours(), encoding="utf-8")


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


def _drop_thebe(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    """The stock book loads Thebe's launcher on every page, twice, from another host; no page here uses it."""
    context["script_files"] = [
        script
        for script in context.get("script_files", [])
        if "thebe" not in str(getattr(script, "filename", script)).lower()
        and "thebe" not in str(getattr(script, "attributes", {})).lower()
    ]
    context["css_files"] = [
        sheet
        for sheet in context.get("css_files", [])
        if "thebe" not in str(getattr(sheet, "filename", sheet)).lower()
    ]


def setup(app: Sphinx) -> None:
    """Register files and hooks."""
    app.add_css_file("figure-colours.css")
    app.add_css_file("dossier.css")
    app.add_js_file("dossier.js", loading_method="defer")
    app.connect("config-inited", _add_static_path)
    app.connect("html-page-context", _drop_thebe, priority=900)
    app.connect("build-finished", _write_generated)
