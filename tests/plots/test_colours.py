"""What a colour means: one table for figures and widgets, shared scales, signs, hatching, and a dark figure."""

import base64
import io
import itertools
import re

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from PIL import Image

from leftcontext.plots import charts, colours
from leftcontext.plots.picture import Picture
from leftcontext.widgets import TrainAndGenerate
from leftcontext.widgets.shared.mask_rules import LABELS

TRI = np.tri(4, dtype=bool)


def test_every_mask_has_one_colour_in_figures_and_in_widgets() -> None:
    names = {"causal": "causal", "one_ahead": "one-ahead", "none": "none", "yours": "yours"}
    for mask, name in names.items():
        assert colours.OF_MASK[LABELS[mask]][0] == colours.LIGHT[name]
        assert f"--lc-{name}:{colours.LIGHT[name]}" in TrainAndGenerate._css.replace(" ", "")
        assert f"--lc-{name}:{colours.DARK[name]}" in TrainAndGenerate._css.replace(" ", "")
    assert len({colour for colour, _ in colours.OF_MASK.values()}) == 4
    assert len(set(colours.LIGHT.values())) == len(colours.LIGHT), "else the dark theme could not tell them apart"


def test_a_mask_keeps_its_colour_whatever_stands_beside_it() -> None:
    for names in (["no mask", "one ahead", "causal"], ["a", "none", "b"], ["causal", "c", "d", "e"]):
        for name, (colour, _) in zip(names, colours.curve_styles(names), strict=True):
            mask = colours.OF_MASK.get(name)
            others = {colours.OF_MASK[other][0] for other in names if other in colours.OF_MASK}
            assert colour == mask[0] if mask else colour not in others


def test_numbers_of_both_signs_are_coloured_around_zero() -> None:
    assert colours.limits_of(np.array([-1.0, 3.0])) == (-3, 3) and colours.map_for(-3, 3) == colours.DIVERGING
    assert colours.limits_of(np.array([-1e-17, 0.9])) == (-1e-17, 0.9), "rounding is no sign"
    assert colours.map_for(*colours.limits_of(np.array([0.2, 0.9]))) == colours.SEQUENTIAL


def test_in_a_comparison_the_same_number_has_the_same_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, tuple[float, float]] = {}
    show = charts.show_matrix

    def spy(matrix: object, *args: object, title: str, limits: tuple[float, float], **rest: object) -> Picture:
        seen[title] = limits
        return show(matrix, *args, title=title, limits=limits, **rest)

    monkeypatch.setattr(charts, "show_matrix", spy)
    charts.show_matrices({"a": [[0.1, 0.4]], "b": [[0.45, 0.2]], "scores": [[-2.0, 1.0]], "mask": TRI})
    assert seen["a"] == seen["b"] == (0.1, 0.45)
    assert seen["scores"] == (-2, 2) and seen["mask"] is None


@pytest.mark.parametrize("mask", [TRI, np.where(TRI, 0.0, -np.inf)], ids=["boolean", "additive"])
def test_what_may_be_attended_to_has_one_colour_in_every_convention(mask: np.ndarray) -> None:
    for given, options in ((mask, {}), (TRI.astype(float), {"may": TRI}), (~TRI, {"may": TRI})):
        found = re.findall(r'src="data:image/png;base64,([^"]+)"', charts.show_matrix(given, **options).html)
        image = Image.open(io.BytesIO(base64.b64decode(found[0]))).convert("RGB")
        shares = {to_hex(np.array(rgb) / 255): n for n, rgb in image.getcolors(1 << 24) or []}
        assert shares.get(colours.LIGHT["may"], 0) > 0.2 * image.width * image.height


def test_the_dark_figure_has_dark_paper_and_light_ink_and_the_same_numbers() -> None:
    html = charts.show_matrix([[0.1, 0.9]], allowed=[[True, True]]).html
    data = r"data:image/png;base64,([^\")]+)"
    light, dark = (
        Image.open(io.BytesIO(base64.b64decode(re.findall(before + data, html)[0]))).convert("RGB")
        for before in ('src="', r"content:url\(")
    )
    assert light.size == dark.size
    assert min(light.getpixel((1, 1))) > 250 and max(dark.getpixel((1, 1))) < 40
    cell = (light.width - 40, light.height - 40)
    assert np.abs(np.subtract(light.getpixel(cell), dark.getpixel(cell))).max() < 12


@pytest.mark.parametrize("top", [9, 400, 16_000, 1_200_000])
@pytest.mark.parametrize("log", [False, True])
def test_tick_labels_do_not_overlap(monkeypatch: pytest.MonkeyPatch, top: int, log: bool) -> None:
    figures: list[Figure] = []
    monkeypatch.setattr(charts, "drawn", lambda figure, alt, text: figures.append(figure) or Picture("", text))
    charts.show_curves({"a": [1, 2, 3, 4.0]}, x=np.array([top // 8, top // 4, top // 2, top]) + 1, log=log)
    figures[0].canvas.draw()
    [axes] = figures[0].axes
    boxes = sorted((t.get_window_extent() for t in axes.get_xticklabels() if t.get_text()), key=lambda box: box.x0)
    assert len(boxes) >= 2
    assert all(a.x1 < b.x0 for a, b in itertools.pairwise(boxes))
