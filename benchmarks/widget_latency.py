"""From a click to the new picture: AttentionMap beside the same map made with ipywidgets and matplotlib.

Both stand in one notebook, in headless Chromium on a JupyterLab of its own, and take turns. A click on another mask is
timed in the page: until the DOM holds the new numbers, and until the frame that shows them is painted. With a busy
kernel the same again while a cell computes for a second. "as usual" clears an Output and draws a figure; "in place"
changes the colours of one figure and the bytes of one Image.

    python benchmarks/widget_latency.py                  # needs Chromium on PATH
    python benchmarks/widget_latency.py --clicks 50
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

import nbformat
from playwright.sync_api import Page, sync_playwright
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from support.jupyter_lab import jupyterlab  # noqa: E402

SIZES = (16, 64)
FRAME = 1000 / 60  # milliseconds
BUSY = 1.0  # seconds that the kernel computes
OURS, USUAL, IN_PLACE = "AttentionMap", "matplotlib, as usual", "matplotlib, in place"
SETUP = """
import io, time
import ipywidgets, numpy as np
import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from leftcontext.widgets import AttentionMap
T = {T}
Q, K, V = np.random.default_rng(0).normal(size=(3, T, 8))

def weights(mask):
    scores = np.where(np.tri(T, k=0 if mask == "causal" else T), Q @ K.T / np.sqrt(8), -np.inf)
    e = np.exp(scores - scores.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)

def png(figure):
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()
"""
CELLS = {
    OURS: "AttentionMap(Q, K, V)",
    USUAL: """
chosen, output = ipywidgets.ToggleButtons(options=["causal", "none"]), ipywidgets.Output()

def draw(_=None):
    with output:
        output.clear_output(wait=True)
        plt.imshow(weights(chosen.value), cmap="cividis", vmin=0, vmax=1)
        plt.show()

chosen.observe(draw, "value")
draw()
ipywidgets.VBox([chosen, output])
""",
    IN_PLACE: """
again, figure = ipywidgets.ToggleButtons(options=["causal", "none"]), Figure()
picture = figure.subplots().imshow(weights("causal"), cmap="cividis", vmin=0, vmax=1)
shown = ipywidgets.Image(value=png(figure))

def change(_):
    picture.set_data(weights(again.value))
    shown.value = png(figure)

again.observe(change, "value")
ipywidgets.VBox([again, shown])
""",
}
WORK = f"end = time.perf_counter() + {BUSY}\nwhile time.perf_counter() < end: pass"
# Clicks on a mask in one cell's output. Times in milliseconds: until the DOM is new, and until its frame is painted.
CLICK = """
async ([cell, mask]) => {
  const output = document.querySelectorAll(".jp-CodeCell")[cell].querySelector(".jp-Cell-outputArea");
  const painted = () => new Promise((done) => requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => done(performance.now());
    port2.postMessage(0);
  }));
  const ours = output.querySelector(`input[value="${mask}"]`);
  const button = ours ?? [...output.querySelectorAll("button")].find((other) => other.textContent.trim() === mask);
  const last = { canvas: (node) => node.getContext("2d").getImageData(node.width - 1, 0, 1, 1).data.join(),
    table: (node) => node.rows[1].lastChild.ariaLabel, img: (node) => node.src }; // the first query's last key, or all
  const seen = () => {
    const node = output.querySelector(ours ? ".lc-plane canvas, .lc-grid" : "img");
    return node && last[node.localName](node);
  };
  const before = seen(), begin = performance.now();
  button.click();
  while (!seen() || seen() === before) {
    if (performance.now() - begin > 20000) throw new Error("The picture did not change.");
    await new Promise((done) => {
      const observer = new MutationObserver(() => { observer.disconnect(); done(); });
      observer.observe(output, { subtree: true, childList: true, attributes: true, characterData: true });
      setTimeout(() => { observer.disconnect(); done(); }, 200);
    });
  }
  await output.querySelector("img")?.decode();
  const dom = performance.now() - begin;
  return [dom, (await painted()) - begin];
}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clicks", type=int, default=21, help="on each map, with an idle kernel (default 21)")
    parser.add_argument("--busy-clicks", type=int, default=5, help="on each map, with a busy kernel (default 5)")
    options = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("This benchmark needs Chromium on PATH.")
    table = Table("tokens", "kernel", "map", "DOM, ms", "click to paint, ms", "ratio", title="Medians")
    with (
        tempfile.TemporaryDirectory() as home,
        jupyterlab(Path(home), Path(home)) as address,
        sync_playwright() as play,
        Progress(transient=True) as progress,
    ):
        browser = play.chromium.launch(executable_path=chromium, args=["--headless", "--no-sandbox", "--disable-gpu"])
        bar = progress.add_task("clicking", total=len(SIZES) * (options.clicks + options.busy_clicks))
        for tokens in SIZES:
            page = notebook(browser.new_page(viewport={"width": 1280, "height": 2400}), Path(home), address, tokens)
            for kernel, clicks in (("idle", options.clicks), ("busy", options.busy_clicks)):
                report(table, tokens, kernel, turns(page, clicks, kernel == "busy", lambda: progress.advance(bar)))
            page.close()
        browser.close()
    Console().print(table)


def notebook(page: Page, folder: Path, address: str, tokens: int) -> Page:
    """A notebook with all contestants, run, and one cell more that keeps the kernel busy."""
    sources = ["%matplotlib inline\n" + SETUP.replace("{T}", str(tokens)), *CELLS.values(), WORK]
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    name = f"latency-{tokens}.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), folder / name)
    page.goto(f"{address}/lab/tree/{name}?reset")
    page.get_by_role("tab", name=name).wait_for()
    page.get_by_role("button", name="| Idle").wait_for()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.locator(".jp-CodeCell").nth(3).locator("img").wait_for()
    idle(page)
    return page


def idle(page: Page) -> None:
    page.get_by_text("[*]:").first.wait_for(state="detached")
    page.get_by_role("button", name="| Idle").wait_for()


def turns(page: Page, clicks: int, busy: bool, done: Callable[[], None]) -> dict[str, list[tuple[float, float]]]:
    """Each map is clicked `clicks` times, in turns, to and fro between two masks."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in CELLS}
    for _ in range(clicks):
        mask = "causal" if page.evaluate("window.mask === 'none'") else "none"
        for cell, name in enumerate(CELLS, 1):
            if busy:
                page.locator(".jp-CodeCell").nth(len(CELLS) + 1).locator(".cm-content").click()
                page.keyboard.press("Control+Enter")
                page.get_by_text("[*]:").first.wait_for()
            times[name].append(tuple(page.evaluate(CLICK, [cell, mask])))
            idle(page)
        page.evaluate("(mask) => { window.mask = mask; }", mask)
        done()
    return times


def report(table: Table, tokens: int, kernel: str, times: dict[str, list[tuple[float, float]]]) -> None:
    painted = {name: median(paint for _, paint in clicks) for name, clicks in times.items()}
    for name, clicks in times.items():
        dom = median(dom for dom, _ in clicks)
        verdict = (" (in a frame)" if dom <= FRAME else " (over a frame)") if name == OURS else ""
        ratio = "" if name == OURS else f"{painted[name] / painted[OURS]:.1f} times"
        table.add_row(str(tokens), kernel, name, f"{dom:.1f}{verdict}", f"{painted[name]:.1f}", ratio)


if __name__ == "__main__":
    main()
