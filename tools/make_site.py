"""Build the course as a static site, for any web host: `make site`, or `python tools/make_site.py [--self-hosted]`.

    index.html   the demonstration: one model, trained with three masks
    lessons/     every lesson as a page to read (Sphinx)
    gallery/     all widgets on one page
    lab/         the course to work in: JupyterLite, whose Python runs in the browser

All links are relative. Nothing is asked of another host but Pyodide's packages, which a kernel in the lab loads from the CDN
that JupyterLite uses; with `--self-hosted` they lie in the site too, and it asks no other host for anything.
The site's tools have a virtual environment of their own, so that JupyterLite's extensions don't reach a learner's JupyterLab.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from html import escape
from pathlib import Path

import nbformat
import site_lite
import site_pages
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.course.execute import WIDGET_VIEW
from autograder.course.exercise_cells import NOTEBOOK_METADATA
from autograder.course.install_guard import ID as GUARD
from autograder.workspace.start_page import START, WIDGET
from autograder.workspace.take_along import FILE
from autograder.workspace.workspace import update_workspace
from leftcontext.widgets import StoryWriter, TrainAndGenerate
from leftcontext.widgets.gallery import PAGE as GALLERY
from leftcontext.widgets.shared.page import SCRIPT, STYLE, holder
from leftcontext.widgets.train_and_generate import RECORDED

ROOT = Path(__file__).resolve().parents[1]
REPOSITORY = "LEFTCONTEXT_REPOSITORY"  # the one setting: OWNER/NAME on GitHub
TITLE = "Left Context"
SUBTITLE = "Why does the model with the lowest loss write the worst texts?"
ABOUT = (
    "The same small language model was trained with different attention masks. Choose one, and compare two things: how low its "
    "loss gets, and what it writes. The course shows why, and you build it all yourself: {units} units with exercises that "
    "are judged at once, in this browser, with nothing to install."
)
MORE = (
    ("lab/lab/index.html?path=start.ipynb", "Begin the course", "in your browser; Python starts in some seconds"),
    ("lessons/index.html", "Read the lessons", "every unit as a page"),
    ("lab/lab/index.html?path=keep-my-work.ipynb", "Keep your work", "download it, hand it in, put it back"),
    ("gallery/index.html", "All widgets", "pictures one can touch"),
)
PURE = ("--only-binary", ":all:", "--platform", "any", "--abi", "none")  # wheels that run on every machine, a browser's too
ENGLISH = "The same with real English"
ABOUT_ENGLISH = (
    "A language of 48 words is easy to look through, but is it all an effect of so few words? These three models were trained "
    "by the course’s own code on three children’s books, character by character. They run in this page. Let each of them write, "
    "type a beginning of your own, and see where its heads look."
)
KEEPING = "keep-my-work.ipynb"
KEEP = """# Keep your work

What you write here is stored in this browser, on this device, and nowhere else. Save your notebooks, then run the next cell and
download the file. You can hand it in as it is, and put it back here or in another browser."""
PUT_BACK = f"""To put your work back, drag `{FILE}` into the list of files on the left, and run this cell. It prints the names
of the files that it changed; what was here before is kept beside them, with `.before` in its name."""
LOOK = """
.lead { font-size: 1.15rem; }
.ways { display: flex; flex-wrap: wrap; gap: .7rem; padding: 0; list-style: none; margin: 1.2rem .25rem 2rem; }
.ways li { flex: 1 1 9.5rem; }
.ways a { display: block; height: 100%; box-sizing: border-box; border: 1px solid #8888; border-radius: .5rem;
  padding: .7rem .9rem; color: inherit; text-decoration: none; }

.ways a:hover, .ways a:focus-visible { outline: 3px solid #0072b2; }
.ways b { display: block; }
@media print { .ways { display: none; } }
"""


def build_site(site: Path, tools: Path, pyodide: Path, self_hosted: bool, repository: str) -> None:
    """Build the whole site in the folder `site`. Raises CannotBuild."""
    work = ROOT / "build/parts-of-site"
    shutil.rmtree(work, ignore_errors=True)
    wheels, workspace = work / "wheels", work / "workspace"
    wheels.mkdir(parents=True)
    _collect_wheels(tools, wheels)
    lay_workspace(workspace)
    site_lite.build_lite(tools, workspace, sorted(wheels.glob("*.whl")), pyodide, site / "lab", self_hosted)
    _step("JupyterLite is built")
    try:
        site_pages.build_pages(tools, site / "lessons", site_pages.Addresses(repository))
    except subprocess.CalledProcessError as error:
        raise site_lite.CannotBuild(f"Sphinx could not make the pages:\n{error.stderr[-3000:]}") from None
    _step("the lessons' pages are built")
    (site / "gallery").mkdir(exist_ok=True)
    shutil.copy(GALLERY, site / "gallery/index.html")
    (site / "index.html").write_text(landing_page() + "\n", encoding="utf-8")
    (site / ".nojekyll").touch()  # GitHub Pages leaves out folders that begin with _ otherwise
    shutil.rmtree(work)


def lay_workspace(folder: Path) -> None:
    """What a learner has in the lab: a workspace whose notebooks don't ask whether the course is installed."""
    update_workspace(folder)
    _enliven(folder / START)
    nbformat.write(keeping_page(), folder / KEEPING)
    for path in folder.rglob("*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        notebook.cells = [cell for cell in notebook.cells if cell.id != GUARD]
        for cell in notebook.cells:
            if cell.get("outputs"):  # of the first page: a browser has no list of what is trusted
                cell.metadata["trusted"] = True
        path.write_text(json.dumps(notebook, indent=1) + "\n", encoding="utf-8")  # nbformat would leave out what is trusted


def _enliven(path: Path) -> None:
    """Let the widget of the first page live without a kernel, which takes some seconds to start.

    JupyterLab shows the stored state of a widget only once a kernel has answered, and until then nothing of it.
    """
    notebook = nbformat.read(path, as_version=4)
    del notebook.metadata["widgets"]
    (shown,) = (cell.outputs[0] for cell in notebook.cells if cell.id == WIDGET)
    del shown.data[WIDGET_VIEW]
    shown.data["text/html"] = f'{holder(_trained("causal"))}<script type="module">{SCRIPT}</script>'
    nbformat.write(notebook, path)


def _trained(mask: str) -> TrainAndGenerate:
    """The widget with its recorded trainings."""
    widget = TrainAndGenerate(mask)
    widget.recorded = RECORDED
    return widget


def keeping_page() -> NotebookNode:
    """The notebook in the lab that downloads a learner's work, and puts it back: a browser alone keeps it."""
    cells = [
        new_markdown_cell(KEEP, id="keep"),
        new_code_cell("from autograder.workspace.take_along import work\n\nwork()", id="download"),
        new_markdown_cell(PUT_BACK, id="put-back"),
        new_code_cell(f'from autograder.workspace.take_along import put_back\n\nput_back("{FILE}")', id="upload"),
    ]
    return new_notebook(cells=cells, metadata=NOTEBOOK_METADATA)


def landing_page() -> str:
    """The first page: two demonstrations that work, and the ways on."""
    about = escape(ABOUT.format(units=len(list((ROOT / "source").glob("[0-9][0-9]-*")))))
    ways = "".join(f'<li><a href="{link}"><b>{escape(name)}</b> {escape(text)}</a></li>' for link, name, text in MORE)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{TITLE}: a course on causal attention</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="description" content="{about}">'
        f"<style>{STYLE}{LOOK}</style></head><body><main><h1>{TITLE}</h1><p class='note lead'><b>{escape(SUBTITLE)}</b></p>"
        f'<p class="note">{about}</p><ul class="ways">{ways}</ul>{holder(_trained("none"))}'
        f'<h2>{escape(ENGLISH)}</h2><p class="note">{escape(ABOUT_ENGLISH)}</p>{holder(StoryWriter("none"))}</main>'
        f'<script type="module">{SCRIPT}</script></body></html>'
    )


def _collect_wheels(tools: Path, folder: Path) -> None:
    """The course's own wheel, built here, and the pinned ones that Pyodide has not."""
    python = tools / "bin/python"
    lines = [line for name in ("requirements.txt", "requirements-site.txt") for line in (ROOT / name).read_text().splitlines()]
    pinned = [line for line in lines if line.split("==")[0] in site_lite.ADDED] + [site_lite.WIDGETS]
    for options in (
        ["hatchling", "build", "--target", "wheel", "--directory", str(folder)],
        ["pip", "download", "--quiet", "--no-deps", *PURE, "--dest", str(folder), *pinned],
    ):
        done = subprocess.run([str(python), "-m", *options], cwd=ROOT, capture_output=True, text=True)
        if done.returncode:
            raise site_lite.CannotBuild(f"{' '.join(options)} failed:\n{(done.stdout + done.stderr)[-3000:]}")
    _step("the wheels are here")


def _step(what: str) -> None:
    print(f"{time.process_time():.0f} s: {what}" if os.environ.get("VERBOSE") else what, flush=True)


def main() -> int:
    """Build, and say where the site lies."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--to", type=Path, default=ROOT / "site", help="the folder for the site")
    parser.add_argument("--tools", type=Path, default=ROOT / ".venv-site", help="the virtual environment of the site's tools")
    parser.add_argument("--pyodide", type=Path, default=ROOT / "node_modules/pyodide", help="a folder with Pyodide's files")
    parser.add_argument("--self-hosted", action="store_true", help="ask no other host: Pyodide's packages lie in the site too")
    parser.add_argument("--repository", default=os.environ.get(REPOSITORY, ""), help="OWNER/NAME on GitHub, for links")
    options = parser.parse_args()
    try:
        build_site(options.to, options.tools.resolve(), options.pyodide.resolve(), options.self_hosted, options.repository)
    except site_lite.CannotBuild as reason:
        print(reason, file=sys.stderr)
        return 1
    print(f"The site is in {options.to}. To look at it: python -m http.server --directory {options.to}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
