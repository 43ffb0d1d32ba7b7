"""Fixtures: a made-up report for the machinery, the real report for its pages, and a browser."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings
from playwright.sync_api import sync_playwright

from dossier import load

# The same examples in every run.
settings.register_profile("steady", derandomize=True, deadline=None, max_examples=60, database=None)
settings.load_profile("steady")

ROOT = Path(__file__).parents[1]
CHROMIUM_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def make_sample(folder: Path) -> Path:
    """A copy of the made-up report, with the real schema but chapters of its own."""
    shutil.copytree(Path(__file__).parent / "sample", folder)
    schema = json.loads((ROOT / "data" / "datapackage.json").read_text(encoding="utf-8"))
    for resource in filter(lambda resource: "schema" in resource, schema["resources"]):
        for field in resource["schema"]["fields"]:
            if field["name"] == "chapter":
                field["constraints"]["enum"] = ["harbour", "island"]
    (folder / "data" / "datapackage.json").write_text(json.dumps(schema), encoding="utf-8")
    return folder


def build(folder: Path) -> subprocess.CompletedProcess:
    """Run the build command on a report; output and errors are captured as text."""
    return subprocess.run(
        [sys.executable, "-m", "dossier", "build"], cwd=folder, capture_output=True, text=True, timeout=300
    )


@pytest.fixture
def sample(tmp_path):
    """A fresh copy of the made-up report."""
    return make_sample(tmp_path / "sample")


@pytest.fixture
def data(sample):
    """The tables of the made-up report."""
    return load(sample)


@pytest.fixture(scope="session")
def sample_book(tmp_path_factory):
    """The made-up report, built once; not to be changed."""
    folder = make_sample(tmp_path_factory.mktemp("book") / "sample")
    done = build(folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def book():
    """The real report's pages, built from what is in the folder now."""
    done = build(ROOT)
    assert done.returncode == 0, done.stderr
    return ROOT / "_build" / "html"


def find_chromium() -> str | None:
    """An installed Chromium or Chrome; None where Playwright has its own."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if found:
        return found
    if shutil.which("apt-get") and os.geteuid() == 0:
        subprocess.run(["apt-get", "update", "-qq"], check=False)
        subprocess.run(["apt-get", "install", "-y", "-qq", "chromium"], check=False)
        if found := shutil.which("chromium"):
            return found
    done = subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    if done.returncode:
        pytest.exit(
            "The browser tests need Chromium: install the package chromium, or set CHROMIUM to its path.", 3
        )
    return None


@pytest.fixture(scope="session")
def browser():
    """A Chromium for the whole run."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_FLAGS)
        yield browser
        browser.close()
