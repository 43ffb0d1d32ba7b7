"""Registers that outgrow a page."""

import os
import shutil
import subprocess
import sys
from urllib.parse import urljoin

import lxml.html
from conftest import ROOT


def test_long_register_goes_on_on_further_pages(sample, tmp_path):
    shutil.copytree(ROOT / "dossier", tmp_path / "code" / "dossier", ignore=shutil.ignore_patterns("__pycache__"))
    limits = tmp_path / "code" / "dossier" / "book" / "claims.py"
    text = limits.read_text(encoding="utf-8")
    limits.write_text(text.replace('"claims": 500, "sources": 1500', '"claims": 3, "sources": 2'), encoding="utf-8")
    (sample / "chapters" / "reference" / "claims.md").write_text("# Claims\n\n```{register} claims\n```\n")
    done = subprocess.run(
        [sys.executable, "-m", "dossier", "build"],
        cwd=sample,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "code")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    html = sample / "_build" / "html"
    reference = html / "chapters" / "reference"
    assert {path.name for path in reference.glob("*-2.html")} == {"claims-2.html", "sources-2.html"}
    pages = {path: lxml.html.parse(path).getroot() for path in html.rglob("*.html")}
    second = pages[reference / "claims-2.html"]
    assert second.xpath("//*[contains(@class, 'register-claims')]/section/@id") == ["K004"]
    assert second.xpath("//nav[@class='register-pages']/a/@href") == ["claims.html"]
    assert second.xpath("//article//h1/text()") == ["Claims, 2"]
    for page, root in pages.items():
        for address in root.xpath("//a[contains(@href, '#K0')]/@href"):
            target, _, key = urljoin(page.as_uri(), address).partition("#")
            held = next(tree for path, tree in pages.items() if path.as_uri() == target)
            assert held.xpath(f"//section[@id='{key}']"), (page.name, address)
