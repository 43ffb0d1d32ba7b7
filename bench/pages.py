"""Opens built pages in a browser as a reader far away does, and tells what they cost and what they show."""

import gzip
import json
import mimetypes
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import NamedTuple
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

from tests.conftest import CHROMIUM_FLAGS, find_chromium

SLOW_NETWORK = {
    "offline": False,
    "latency": 562,  # ms a request
    "downloadThroughput": 1.47e6 / 8,  # bytes a second
    "uploadThroughput": 0.675e6 / 8,
}
"""A phone on a slow mobile network: the figures of Lighthouse, here applied and not simulated."""

SLOW_CPU = 4
PHONE = {"width": 412, "height": 823}
DESKTOP = {"width": 1280, "height": 900}
NO_OTHER_HOSTS = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
LIGHTHOUSE = ("performance", "accessibility", "best-practices", "seo")
TEXT = ("text/", "javascript", "json", "xml")
QUIET_S, LIMIT_S = 2.5, 60

SHOWN = """() => new Set([...document.querySelectorAll(
    ['figure', '.cell_output'].flatMap(at => ['svg', 'canvas', 'img'].map(chart => `${at} ${chart}`)).join()
)].filter(chart => {
    const box = chart.getBoundingClientRect();
    return box.width >= 60 && box.height >= 60 && getComputedStyle(chart).visibility === 'visible';
}).map(chart => chart.closest('figure, .cell_output'))).size"""
"""Counts the charts shown: figures and outputs of cells in which a drawing has a size."""

FIRST = f"""(() => {{
    const shown = {SHOWN};
    const look = () => {{
        if (!shown()) return requestAnimationFrame(look);
        requestAnimationFrame(() => {{ window.benchFirstChart = performance.now(); }});  // it is painted by then
    }};
    requestAnimationFrame(look);
}})()"""


class Seen(NamedTuple):
    """What opening a page costs a reader.

    `own`, `other`: requests to the book's host and to others until the page was read to its end; `weight`: bytes of
    the own ones, compressed; `paint`, `chart`: seconds to the first contentful paint and to the first chart, on the
    slow network, None where there was none; `scriptless`: charts shown without JavaScript; `charts`: shown with it;
    `scores`: Lighthouse's categories, 0 to 100, empty where it is not installed.
    """

    own: int
    other: int
    weight: int
    paint: float | None
    chart: float | None
    scriptless: int
    charts: int
    scores: dict[str, float]


def lighthouse() -> str | None:
    """The command of Lighthouse: the environment variable ``LIGHTHOUSE``, or what is installed."""
    return os.environ.get("LIGHTHOUSE") or shutil.which("lighthouse")


def look(site: Path, names: list[str], *, runs: int, connected: bool, scored: bool) -> dict[str, list[Seen]]:
    """Open each page `runs` times; other hosts are asked only when `connected`. Page to what was seen."""
    flags = CHROMIUM_FLAGS if connected else [*CHROMIUM_FLAGS, NO_OTHER_HOSTS]
    chromium = find_chromium()
    with _served(site) as (address, log), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        path = chromium or playwright.chromium.executable_path
        found = {}
        for name in names:
            url = f"{address}{name}.html"
            cost, charts = _cost(browser, url, log)
            scriptless = _scriptless(browser, url)
            found[name] = [
                Seen(
                    *cost,
                    *_slow(browser, url, charts),
                    scriptless,
                    charts,
                    _scores(url, path, flags) if scored else {},
                )
                for _ in range(runs)
            ]
        browser.close()
    return found


@contextmanager
def _served(site: Path) -> Iterator[tuple[str, list[int]]]:
    """The pages on a port of this machine, compressed; gives the address and a list of the bytes of each answer."""
    log: list[int] = []

    class Handler(SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self):
            file = Path(self.translate_path(self.path))
            if not file.is_file():
                self.send_error(404)
                return
            kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
            packed = any(part in kind for part in TEXT)
            body = _packed(file) if packed else file.read_bytes()
            log.append(len(body))
            self.send_response(200)
            self.send_header("Content-Type", f"{kind}; charset=utf-8" if packed else kind)
            if packed:
                self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), lambda *args: Handler(*args, directory=str(site)))
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", log
    finally:
        server.shutdown()
        server.server_close()


@lru_cache(maxsize=256)
def _packed(file: Path) -> bytes:
    return gzip.compress(file.read_bytes(), 6, mtime=0)


def _cost(browser: Browser, url: str, log: list[int]) -> tuple[tuple[int, int, int], int]:
    """The first three fields of `Seen`, and the charts shown."""
    page = browser.new_page(viewport=DESKTOP)
    others = []
    page.on("request", lambda request: _is_other(request.url) and others.append(request.url))
    log.clear()
    _open(page, url)
    _read(page)
    charts = page.evaluate(SHOWN)
    page.context.close()
    return (len(log), len(others), sum(log)), charts


def _is_other(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https", "ws", "wss") and parts.hostname != "127.0.0.1"


def _scriptless(browser: Browser, url: str) -> int:
    """The charts shown without JavaScript."""
    context = browser.new_context(viewport=DESKTOP, java_script_enabled=False)
    page = context.new_page()
    page.goto(url)
    shown = page.evaluate(SHOWN)  # asked by the debugger, which the page's setting does not bind
    context.close()
    return shown


def _slow(browser: Browser, url: str, charts: int) -> tuple[float | None, float | None]:
    """Seconds to the first contentful paint and to the first chart, on a slow phone."""
    context = browser.new_context(viewport=PHONE, device_scale_factor=1.75, is_mobile=True, has_touch=True)
    page = context.new_page()
    debugger = context.new_cdp_session(page)
    debugger.send("Network.enable")
    debugger.send("Network.emulateNetworkConditions", SLOW_NETWORK)
    debugger.send("Emulation.setCPUThrottlingRate", {"rate": SLOW_CPU})
    page.add_init_script(FIRST)
    _open(page, url)
    until = time.monotonic() + (LIMIT_S if charts else 0)
    while (first := page.evaluate("() => window.benchFirstChart ?? null")) is None and time.monotonic() < until:
        page.wait_for_timeout(200)
    paint = page.evaluate("() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null")
    context.close()
    if paint is not None and first is not None:
        first = max(paint, first)  # a chart that has its place is seen when the page is painted
    return tuple(None if value is None else value / 1000 for value in (paint, first))


def _open(page: Page, url: str) -> None:
    """Open a page and wait until it asks for no more."""
    page.goto(url, wait_until="load", timeout=LIMIT_S * 1000)
    page.wait_for_load_state("networkidle", timeout=LIMIT_S * 1000)
    page.wait_for_timeout(QUIET_S * 1000)


def _read(page: Page) -> None:
    """Scroll to the end of a page, a screen at a time."""
    for top in range(0, page.evaluate("() => document.scrollingElement.scrollHeight"), DESKTOP["height"]):
        page.evaluate("top => window.scrollTo(0, top)", top)
        page.wait_for_timeout(80)
    page.wait_for_load_state("networkidle", timeout=LIMIT_S * 1000)
    page.wait_for_timeout(QUIET_S * 1000)


def _scores(url: str, chromium: str, flags: list[str]) -> dict[str, float]:
    """Lighthouse's scores of a page as its command line gives them without options."""
    done = subprocess.run(
        [
            lighthouse(),
            url,
            "--quiet",
            "--output=json",
            "--output-path=stdout",
            f"--only-categories={','.join(LIGHTHOUSE)}",
            "--chrome-flags=" + " ".join(f'"{flag}"' if " " in flag else flag for flag in flags),
        ],
        env={**os.environ, "CHROME_PATH": chromium},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    report = json.loads(done.stdout)
    return {name: 100 * (report["categories"][name]["score"] or 0) for name in LIGHTHOUSE}
