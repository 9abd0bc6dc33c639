"""Names beside the ends of lines: never on one another, in the order of the lines, and led to where one was moved."""

import itertools

import matplotlib.pyplot as plt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leftcontext.plots.line_names import GAP, ROW, name_ends, spread


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(1, 2)), max_size=6).map(sorted))
def test_names_are_apart_and_in_the_order_of_their_lines(lines: list[tuple[float, int]]) -> None:
    rows = [row for _, row in lines]
    places = spread([height for height, _ in lines], rows)
    assert len(places) == len(lines)
    apart = [above - below for below, above in itertools.pairwise(places)]
    assert all(gap >= GAP * sum(pair) / 2 - 1e-9 for gap, pair in zip(apart, itertools.pairwise(rows), strict=True))
    assert max(places, default=0) <= 1 + 1e-9


def test_names_with_room_stay_beside_their_lines() -> None:
    assert spread([0.1, 0.3, 0.9], [1, 1, 2]) == [0.1, 0.3, 0.9]


def test_a_long_name_has_several_rows() -> None:
    figure, axes = plt.subplots()
    name_ends(axes, {"loss with one wrong word, less the loss without": (0.5, "k")})
    rows = axes.texts[0].get_text().split("\n")
    assert len(rows) > 1
    assert max(map(len, rows)) <= ROW
    plt.close(figure)


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_a_name_that_was_moved_is_led_to_its_line(scale: str) -> None:
    figure, axes = plt.subplots()
    axes.set(yscale=scale, ylim=(1, 10))
    name_ends(axes, {"low": (2, "k"), "high": (9, "k"), "higher": (9.1, "k")})
    led = {text.get_text(): text.arrow_patch is not None for text in axes.texts}
    plt.close(figure)
    assert led.pop("low") is False
    assert any(led.values())
