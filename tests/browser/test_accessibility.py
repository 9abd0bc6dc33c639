"""Every widget's page, looked over by axe-core: nothing serious, in light and dark, wide and narrow.

axe-core comes from npm into build/, once. Without npm the tests are skipped, but where CI is set they fail.
"""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from leftcontext import widgets
from leftcontext.widgets import gallery
from leftcontext.widgets.base import CourseWidget

ROOT = Path(__file__).resolve().parents[2]
STRAY = np.tri(5, dtype=bool) | np.eye(5, k=2, dtype=bool)
IN_THE_MIDDLE: list[Callable[[], CourseWidget]] = [
    lambda: widgets.AttentionMap(mask="none"),
    lambda: widgets.AttentionMap(*np.random.default_rng(0).normal(size=(3, 64, 8)), mask="one_ahead"),
    lambda: widgets.BlockTiles(step=5),
    lambda: widgets.CachedGeneration(step=4, cached=False),
    lambda: widgets.GradientPattern(mask="none", of="inputs"),
    lambda: widgets.Heads(mask="none", merge="reshape"),
    lambda: widgets.LeakDetector(STRAY),
    lambda: widgets.LeftContext(mask="one_ahead"),
    lambda: widgets.SingleToken(query=2),
]
AXE = "axe-core@4.14.1"


def unavailable(why: str) -> NoReturn:
    pytest.fail(why) if os.environ.get("CI") else pytest.skip(why)


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    script = ROOT / "build" / f"{AXE}.min.js"
    if script.is_file():
        return script
    npm = shutil.which("npm")
    if npm is None:
        unavailable("There is no npm on PATH; axe-core comes from it.")
    folder = tmp_path_factory.mktemp("npm")
    command = [npm, "install", "--no-save", "--no-audit", "--no-fund", "--prefix", str(folder), AXE]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        unavailable(f"npm cannot install axe-core: {done.stderr[-500:]}")
    script.parent.mkdir(exist_ok=True)
    half = script.with_suffix(f".{os.getpid()}")  # another worker may do the same
    shutil.copy(folder / "node_modules/axe-core/axe.min.js", half)
    half.replace(script)
    return script


def serious(page: Page) -> list[str]:
    """What axe calls serious or critical: the rule and the element."""
    found = page.evaluate("axe.run(document).then((result) => result.violations)")
    return [
        f"{violation['id']}: {node['html'][:120]} {node['failureSummary'][:200]}"
        for violation in found
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]


@pytest.mark.parametrize("make", [*(getattr(widgets, name) for name in widgets.__all__), *IN_THE_MIDDLE])
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_axe_finds_nothing_serious(
    alone: Callable[[CourseWidget], Page], axe: Path, make: Callable[[], CourseWidget], scheme: str, width: int
) -> None:
    page = alone(make())
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    page.set_viewport_size({"width": width, "height": 900})
    expect(page.locator(".lc")).to_be_visible()
    page.add_script_tag(path=axe)
    assert serious(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_the_gallery(page: Page, axe: Path, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.context.set_offline(True)
    page.goto(gallery.PAGE.as_uri())
    expect(page.locator(".lc")).to_have_count(len(widgets.__all__))
    page.add_script_tag(path=axe)
    assert serious(page) == []


def test_axe_does_find_what_is_wrong(page: Page, axe: Path) -> None:
    page.set_content('<html lang="en"><title>t</title><main><button></button><img src=""></main>')
    page.add_script_tag(path=axe)
    assert [line.split(":")[0] for line in serious(page)] == ["button-name", "image-alt"]
