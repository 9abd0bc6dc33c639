"""How long the start of a unit takes in JupyterLite, from a click to the first passed check, with everything local.

    python tools/make_site.py --to site --self-hosted --pyodide FOLDER     # by .venv-site/bin/python
    python benchmarks/lite_start.py site

Each round is a browser that was never there: nothing is in its cache.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests/browser"), str(ROOT / "tests")]

import test_built_site as site  # noqa: E402
from conftest import FLAGS, idle  # noqa: E402
from playwright.sync_api import Browser, expect, sync_playwright  # noqa: E402
from support.built_site import served  # noqa: E402

STAGES = ("the kernel is idle", "the first cell has run", "the check has passed")


def main() -> None:
    """Print each stage's seconds, round by round, and their medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("site", type=Path, nargs="?", default=ROOT / "site", help="the built site (site/)")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None or not (options.site / "index.html").is_file():
        print(f"Left out: it needs Chromium, and a site in {options.site}.")
        return
    rounds = []
    with served(options.site) as address, sync_playwright() as playwright:
        for _ in range(options.rounds):
            browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS.split())
            rounds.append(time_stages(browser, address))
            browser.close()
            print(*(f"{stage}: {seconds:.1f} s" for stage, seconds in zip(STAGES, rounds[-1], strict=True)), sep=", ")
    medians = [statistics.median(column) for column in zip(*rounds, strict=True)]
    load = os.getloadavg()[0]
    print("median:", *(f"{stage}: {seconds:.1f} s" for stage, seconds in zip(STAGES, medians, strict=True)))
    print(f"load {load:.1f} on {os.cpu_count()} processors")


def time_stages(browser: Browser, address: str) -> list[float]:
    """Seconds from the click on "Open this unit" to the end of each stage."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.set_default_timeout(site.START)
    page.goto(f"{address}/lessons/{site.UNIT}/{site.UNIT}.html")
    link = page.get_by_role("link", name="Open this unit")
    began = time.perf_counter()
    link.click()
    expect(idle(page)).to_be_visible(timeout=site.START)
    seconds = [time.perf_counter() - began]
    site.run_cell(page, "from leftcontext.language import SENTENCE")
    seconds.append(time.perf_counter() - began)
    shown = site.answer(page, site.RIGHT)
    expect(shown.get_by_text("2 of 2 points").first).to_be_visible()
    return [*seconds, time.perf_counter() - began]


if __name__ == "__main__":
    main()
