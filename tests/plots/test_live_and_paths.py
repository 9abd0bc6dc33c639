"""Curves drawn while they are computed, and the paths along which a position has read."""

import re

import numpy as np
import pytest

from leftcontext.plots import live
from leftcontext.plots.live import watch
from leftcontext.plots.paths import show_paths


class Place:
    def __init__(self):
        self.shown = []

    def update(self, picture):
        self.shown.append(picture)


def test_the_curves_are_drawn_in_one_place_and_come_back(monkeypatch):
    place, first = Place(), []
    monkeypatch.setattr(live, "REDRAW", 0)

    def draw(picture, handle):
        (place.shown if handle else first).append(picture)
        return place

    monkeypatch.setattr(live, "_draw", draw)
    x, curves = watch([(1, {"a": 3.0}), (6, {"a": 2.0}), (11, {"a": 1.0})], y_axis="loss")
    assert (x, curves) == ([1, 6, 11], {"a": [3.0, 2.0, 1.0]})
    assert len(first) == 1
    assert len(place.shown) == 2  # one more point, and the end
    assert place.shown[-1].text == "a: from 3.00 to 1.00"


def test_in_a_plain_script_nothing_is_drawn(capsys):
    watch([(1, {"a": 3.0}), (2, {"a": 2.0})])
    assert capsys.readouterr().out == ""


def test_without_a_point_there_is_no_curve():
    with pytest.raises(ValueError, match="no points"):
        watch([])


def test_paths_tell_what_was_read_from_the_last_layer_to_the_first():
    before = np.eye(4, k=-1) + np.eye(4) * [1, 0, 0, 0]
    last = np.array([[1, 0, 0, 0], [1, 0, 0, 0], [0.5, 0.5, 0, 0], [0.1, 0.9, 0, 0]])
    picture = show_paths(["a", "b", "c", "a"], [before, last], 3, ["previous", "induction"])
    assert picture.text.splitlines() == [
        "induction: a at position 3 reads b at position 1, weight 0.90",
        "previous: b at position 1 reads a at position 0, weight 1.00",
    ]
    [alt] = re.findall(r'alt="([^"]*)"', picture.html)
    assert "induction: a at position 3 reads b at position 1" in alt


@pytest.mark.parametrize(
    ("layers", "query", "names"), [([np.eye(3)], 0, ["x"]), ([np.eye(2)], 2, ["x"]), ([np.eye(2)], 0, [])]
)
def test_paths_that_do_not_fit_are_refused(layers, query, names):
    with pytest.raises(ValueError, match="2 words need maps of 2 by 2"):
        show_paths(["a", "b"], layers, query, names)
