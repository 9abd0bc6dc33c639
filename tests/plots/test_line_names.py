"""Names beside the ends of lines: never on one another, in the order of the lines, and led to where one was moved."""

import itertools

import matplotlib.pyplot as plt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leftcontext.plots.line_names import GAP, name_ends, spread


@given(st.lists(st.floats(0, 1), max_size=8).map(sorted))
def test_names_are_apart_and_in_the_order_of_their_lines(heights: list[float]) -> None:
    places = spread(heights)
    assert len(places) == len(heights)
    assert all(above - below >= GAP - 1e-9 for below, above in itertools.pairwise(places))
    assert max(places, default=0) <= 1 + 1e-9


def test_names_with_room_stay_beside_their_lines() -> None:
    assert spread([0.1, 0.3, 0.9]) == [0.1, 0.3, 0.9]


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_a_name_that_was_moved_is_led_to_its_line(scale: str) -> None:
    figure, axes = plt.subplots()
    axes.set(yscale=scale, ylim=(1, 10))
    name_ends(axes, {"low": (2, "k"), "high": (9, "k"), "higher": (9.1, "k")})
    led = {text.get_text(): text.arrow_patch is not None for text in axes.texts}
    plt.close(figure)
    assert led.pop("low") is False
    assert any(led.values())
