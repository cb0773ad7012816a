"""How quick are the player's pages, and how much do they ask for?

Starts the service on a library and prints: the time of each list, first and median of five; for some pages
the time to the first paint and to what the page is about; the requests of 24 changes of page, and of 10 s at
rest. Where there is no library in FOLDER, one of 100 000 made tracks is made.

Usage: python -m benchmarks.player_pages FOLDER
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
from playwright.sync_api import Page, sync_playwright

from benchmarks.serve import make
from tests.browsing import CHROMIUM, FLAGS

SIZE = {"width": 1440, "height": 900}  # px
ROUTES = """
    /home /albums?sort=artist&limit=60 /albums?sort=added&limit=60 /albums?sort=random&limit=60
    /albums?sort=artist&limit=60&offset=9000 /artists?limit=60 /artists?sort=played&limit=60 /genres
    /history?limit=100 /tracks?sort=artist&limit=60 /tracks?sort=artist&limit=60&offset=50000
    /tracks?sort=title&limit=60&offset=99900 /facets /library /search/grouped?q=title+777
""".split()
PAGES = {"/": ".tile", "/albums": ".tile", "/tracks": ".row", "/settings": ".panel"}
TOUR = ("Home", "Library", "Similar", "Playlists", "Status", "Settings")
FIRST_PAINT = """
    () => new Promise((done) => {
        const look = () => {
            const [found] = performance.getEntriesByName("first-contentful-paint")
            found ? done(found.startTime) : setTimeout(look, 20)
        }
        look()
    })
"""


@contextlib.contextmanager
def service(library: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "segue", "-l", str(library), "serve", "--no-open", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        address = process.stdout.readline().split()[0].rstrip("/")
        try:
            while True:
                with contextlib.suppress(httpx.TransportError):
                    httpx.get(f"{address}/api/v1/health")
                    break
                time.sleep(0.1)
            yield address
        finally:
            process.terminate()


def time_routes(address: str) -> None:
    print("| route | first, ms | then, ms | KB |\n|---|---|---|---|")
    with httpx.Client(base_url=f"{address}/api/v1", timeout=120) as client:
        for route in ROUTES:
            times, size = [], 0
            for _ in range(6):
                before = time.perf_counter()
                size = len(client.get(route).raise_for_status().content)
                times.append(1000 * (time.perf_counter() - before))
            print(f"| `{route}` | {times[0]:.0f} | {statistics.median(times[1:]):.0f} | {size / 1000:.0f} |")


def time_paints(page: Page) -> None:
    print("\n| page | first paint, ms | its first content, ms |\n|---|---|---|")
    for path, content in PAGES.items():
        times = []
        for _ in range(5):
            page.goto("about:blank")
            page.goto(path, wait_until="commit")
            page.locator(content).first.wait_for()
            shown_ms = page.evaluate("performance.now()")
            times.append((page.evaluate(FIRST_PAINT), shown_ms))
        first, shown = (statistics.median(column) for column in zip(*times, strict=True))
        print(f"| {path} | {first:.0f} | {shown:.0f} |")


def count_requests(page: Page) -> None:
    page.goto("/")
    page.wait_for_load_state("networkidle")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.split("?")[0]))
    for name in TOUR * 4:
        page.get_by_role("navigation").get_by_role("link", name=name, exact=True).first.click()
        page.wait_for_load_state("networkidle")
    page.wait_for_timeout(2000)  # for what the last page still loads
    covers = [url for url in asked if url.endswith("/cover")]
    print(f"\n24 changes of page: {len(asked)} requests, {len(covers)} for {len(set(covers))} covers")
    print(Counter(url.split("/", 3)[-1] for url in asked if not url.endswith("/cover")).most_common(12))
    asked.clear()
    page.wait_for_timeout(10_000)
    print(f"10 s at rest: {len(asked)} requests")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("library", type=Path)
    arguments = parser.parse_args()
    if not arguments.library.exists():
        make(arguments.library, 100_000)
    with service(arguments.library) as address, sync_playwright() as playwright:
        time_routes(address)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(base_url=address, viewport=SIZE)
        time_paints(page)
        count_requests(page)
        browser.close()


if __name__ == "__main__":
    main()
