"""Every widget's page, looked over by axe-core: nothing serious, in light and dark, wide and narrow."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from support.axe_core import serious
from support.sizes import share

from leftcontext import widgets
from leftcontext.widgets import gallery
from leftcontext.widgets.shared.base import CourseWidget
from leftcontext.widgets.shared.page import page as widgets_page

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
EVERY_STATE = [*(getattr(widgets, name) for name in widgets.__all__), *IN_THE_MIDDLE]


@pytest.mark.parametrize(
    ("scheme", "width", "make"),
    [
        *(("light", 1280, make) for make in share(EVERY_STATE, 24)),
        *(("dark", 360, make) for make in share(EVERY_STATE, 24, first=12)),
    ],
)
def test_axe_finds_nothing_serious(
    alone: Callable[[CourseWidget], Page], axe: Path, scheme: str, width: int, make: Callable[[], CourseWidget]
) -> None:
    page = alone(make())
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    page.set_viewport_size({"width": width, "height": 900})
    expect(page.locator(".lc.lc-dark" if scheme == "dark" else ".lc:not(.lc-dark)")).to_be_visible()  # it has followed
    page.add_script_tag(path=axe)
    assert serious(page) == []


@pytest.mark.long
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_the_gallery(page: Page, axe: Path, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.context.set_offline(True)
    page.goto(gallery.PAGE.as_uri())
    expect(page.locator(".lc")).to_have_count(len(widgets.__all__))
    page.add_script_tag(path=axe)
    assert serious(page) == []


# How hosts say light and dark: the attributes of the page, its colours, and what the system prefers meanwhile.
HOSTS = {
    "JupyterLab, dark": ('data-jp-theme-light="false"', "--jp-ui-font-color1: #fff", "#fff", "#111", "light"),
    "VS Code, dark": ('class="vscode-dark"', "--vscode-foreground: #ccc", "#ccc", "#1e1e1e", "light"),
    "VS Code, light": ('class="vscode-light"', "--vscode-foreground: #333", "#333", "#fff", "dark"),
    "VS Code, high contrast": ('class="vscode-high-contrast"', "--vscode-foreground: #fff", "#fff", "#000", "light"),
    "Colab, dark": ('theme="dark"', "", "#e3e3e3", "#383838", "light"),
    "Colab, light": ('theme="light"', "", "#212121", "#fff", "dark"),
    "another, dark": ("", "", "oklch(0.92 0.01 250)", "oklch(0.2 0.02 250)", "light"),
}


@pytest.mark.long
@pytest.mark.parametrize("host", share(HOSTS, 4))
def test_every_host_s_theme_has_contrast_and_a_change_of_theme_is_followed(page: Page, axe: Path, host: str) -> None:
    attributes, variables, ink, paper, system = HOSTS[host]
    page.emulate_media(color_scheme=system)  # type: ignore[arg-type]
    shown = {"map": widgets.AttentionMap(mask="none"), "training": widgets.TrainAndGenerate()}
    text = widgets_page(shown, "Host").replace("<body>", f"<body {attributes}>")
    page.set_content(text.replace("</head>", f"<style>body {{ {variables}; color: {ink}; background: {paper} }}</style></head>"))
    expect(page.get_by_text("recorded when the course was made")).to_be_visible()
    page.add_script_tag(path=axe)
    assert serious(page) == []
    dark = page.locator(".lc-dark").count()
    assert dark == (2 if host.endswith(("dark", "contrast")) else 0)
    page.evaluate("dark => Object.assign(document.body.style, dark ? { color: '#000' } : { color: '#fff' })", dark)
    expect(page.locator(".lc-dark")).to_have_count(2 - dark)


def test_axe_does_find_what_is_wrong(page: Page, axe: Path) -> None:
    page.set_content('<html lang="en"><title>t</title><main><button></button><img src=""></main>')
    page.add_script_tag(path=axe)
    assert [line.split(":")[0] for line in serious(page)] == ["button-name", "image-alt"]
