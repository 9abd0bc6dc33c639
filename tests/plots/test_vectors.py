"""Vectors in the plane: what a reader gets without seeing, where the sum stands, and that wrong shapes are refused in words."""

import re

import numpy as np
import pytest

from leftcontext.plots.vectors import show_arrows, show_mixture

CORNERS = [[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]]


def alt(picture) -> str:
    [found] = re.findall(r'alt="([^"]*)"', picture.html)
    return found


def test_a_mixture_says_each_value_its_weight_and_where_the_output_lies() -> None:
    picture = show_mixture(
        CORNERS, [0.5, 0.25, 0.25], ["near", "dogs", "cat"], title="Mixed", alt="Inside the triangle"
    )
    assert alt(picture).startswith("Mixed. Inside the triangle. near: value (0.00, 0.00), weight 0.50;")
    assert "output: (1.00, 1.00)" in alt(picture)
    assert picture.text.splitlines()[-1] == "output: (1.00, 1.00)"


def test_a_chain_of_arrows_ends_at_their_sum() -> None:
    arrows = {"a": [1.0, 0.0], "b": [0.5, -2.0]}
    assert show_arrows(arrows, chain=True).text.splitlines() == [
        "a: (1.00, 0.00)",
        "b: (0.50, −2.00)",
        "sum: (1.50, −2.00)",
    ]
    assert "sum" not in show_arrows(arrows, bold="a").text


def test_the_same_vectors_give_the_same_bytes_and_a_path_is_drawn() -> None:
    weights = np.full(3, 1 / 3)
    plain, again = show_mixture(CORNERS, weights), show_mixture(CORNERS, weights)
    assert plain.html == again.html
    assert show_mixture(CORNERS, weights, path=[[1, 1], [2, 1], [1, 2]]).html != plain.html


@pytest.mark.parametrize("count", [1, 2, 5])
def test_any_number_of_values_can_be_mixed(count: int) -> None:
    values = np.random.default_rng(0).normal(size=(count, 2))
    assert f"output: ({values[0, 0]:.2f}".replace("-", "−") in show_mixture(values, np.eye(count)[0]).text


def test_wrong_shapes_are_refused_in_one_sentence() -> None:
    with pytest.raises(ValueError, match=r"values are \(t, 2\)"):
        show_mixture(CORNERS, [0.5, 0.5])
    with pytest.raises(ValueError, match="3 values, but 1 names"):
        show_mixture(CORNERS, [0.5, 0.25, 0.25], ["one"])
    with pytest.raises(ValueError, match="up has the shape"):
        show_arrows({"up": [1.0, 2.0, 3.0]})
