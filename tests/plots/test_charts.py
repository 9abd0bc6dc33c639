"""Plots: what a reader gets without seeing, what is marked, and that the same figure gives the same bytes."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from leftcontext.plots import charts
from leftcontext.plots.picture import Picture

SENTENCE = ["these", "dogs", "near", "the", "cat"]
ALLOWED = np.tril(np.ones((5, 5), dtype=bool))
SCORES = np.arange(25.0).reshape(5, 5) / 10 - 1


def images(picture: Picture) -> list[Image.Image]:
    found = re.findall(r'src="data:image/png;base64,([^"]+)"', picture.html)
    return [Image.open(io.BytesIO(base64.b64decode(data))) for data in found]


def alts(picture: Picture) -> list[str]:
    return re.findall(r'alt="([^"]*)"', picture.html)


def top_right_corner(picture: Picture) -> np.ndarray:
    """The cell of query 0 and key 1 without its middle, where the number is."""
    [image] = images(picture)
    return np.asarray(image.convert("RGB").crop((image.width - 98, 102, image.width - 20, 110)), dtype=int)


def every_kind() -> dict[str, Picture]:
    return {
        "matrix": charts.show_matrix(SCORES, SENTENCE, SENTENCE, title="scores"),
        "matrices": charts.show_matrices({"scores": SCORES, "allowed": ALLOWED}, SENTENCE, SENTENCE),
        "large": charts.show_matrix(np.eye(24), title="identity"),
        "curves": charts.show_curves({"causal": [3.0, 2.1], "none": [3.0, 0.1]}, floor=1.996),
        "losses": charts.show_losses([0.0, 0.0, 2.1], floor=1.996),
        "losses beside": charts.show_losses_beside([0.0, 0.0, 2.1], [1.6, 2.8, 2.4]),
    }


def test_every_image_says_what_it_shows_and_is_small_enough_for_a_phone() -> None:
    for name, picture in every_kind().items():
        assert len(images(picture)) == len(alts(picture)) >= 1, name
        assert all(len(alt) > 20 for alt in alts(picture)), name
        assert all(image.width <= 2 * 460 for image in images(picture)), name
        assert len(picture.html) < 50_000 * len(alts(picture)), f"{name}, in light and dark"


@pytest.mark.long
def test_the_same_figure_gives_the_same_bytes() -> None:
    assert {name: p.html for name, p in every_kind().items()} == {name: p.html for name, p in every_kind().items()}


def test_a_small_matrix_is_read_aloud_with_its_numbers_and_a_large_one_by_its_extremes() -> None:
    [small] = alts(charts.show_matrix([[0.25, -np.inf]], ["these"], ["these", "dogs"], title="masked", alt="One row"))
    assert small == "masked. One row. Matrix of 1 by 2: rows are query i, columns are key j. these: 0.25, −∞."
    [large] = alts(charts.show_matrix(np.eye(24)))
    assert "24 by 24" in large and large.endswith("lowest 0.00, at 0, 1; highest 1.00, at 0, 0.")


def test_the_ticks_of_a_large_matrix_are_read_aloud_row_by_row() -> None:
    ticks = np.eye(7, dtype=bool)
    ticks[1, 4:] = True
    ticks[2] = False
    [said] = alts(charts.show_matrix(ticks))
    assert "0: 0; 1: 1, 4 to 6; 2: none; 3: 3; 4: 4; 5: 5; 6: 6." in said


def test_the_text_form_holds_names_and_numbers() -> None:
    lines = repr(charts.show_matrix([[1, -2], [3, 4]], ["a", "b"], ["c", "d"], title="t")).splitlines()
    assert [line.split() for line in lines] == [["t"], ["c", "d"], ["a", "1", "−2"], ["b", "3", "4"]]


def test_numbers_are_written_for_readers() -> None:
    row = [np.inf, -np.inf, np.nan, -0.001, -1.5, 1e6]
    assert repr(charts.show_matrix([row])).splitlines()[1].split()[1:] == ["∞", "−∞", "nan", "0.00", "−1.50", "1e+06"]
    assert repr(charts.show_matrix([[True, False]])).splitlines()[1].split()[1:] == ["✓", "·"]


def test_what_is_ruled_out_looks_different_from_a_zero_that_is_not() -> None:
    zeros = np.zeros((2, 2))
    may = np.tril(zeros == 0)
    plain, marked = charts.show_matrix(zeros), charts.show_matrix(zeros, allowed=may)
    infinite = charts.show_matrix(np.where(may, zeros, -np.inf))
    assert np.abs(top_right_corner(marked) - top_right_corner(plain)).max() > 100
    assert np.abs(top_right_corner(marked) - top_right_corner(infinite)).mean() < 2
    assert alts(marked) == alts(plain), "the numbers stay what they are"


def test_allowed_marks_only_the_matrix_it_is_given_for() -> None:
    both = {"scores": SCORES, "weights": SCORES}
    marked = charts.show_matrices(both, allowed={"weights": ALLOWED})
    first, second = images(marked)
    plain = images(charts.show_matrices(both))
    assert first.tobytes() == plain[0].tobytes()
    assert second.tobytes() != plain[1].tobytes()


def test_curves_tell_their_ends_and_the_floor() -> None:
    picture = charts.show_curves({"causal": [3.0, 2.1], "none": [3.0, 0.1]}, floor=1.996, title="Loss")
    assert alts(picture) == ["Loss. causal: from 3.00 to 2.10; none: from 3.00 to 0.10; entropy (dashed line): 1.996."]
    assert "none: from 3.00 to 0.10" in repr(picture)
    [bent] = alts(charts.show_curves({"hidden": [3.0, 1.5, 4.0]}, x=[0, 25, 50]))
    assert bent == "hidden: from 3.00 to 4.00, lowest 1.50 at 25."


def test_a_text_marks_illegal_words_by_more_than_colour() -> None:
    picture = charts.show_tokens(["these", "dogs", "sees"], [True, True, False], title="no mask")
    assert re.findall(r"<s [^>]*>(\w+)</s>", picture.html) == ["sees"]
    assert re.findall(r"<u [^>]*>(\w+)</u>", picture.html) == ["these", "dogs"]
    assert repr(picture) == "no mask: these dogs ✗sees  (first illegal word: sees)"
    assert "every word is legal" in repr(charts.show_tokens(["a"], [True]))
    assert repr(charts.show_tokens(["<b>"])) == "<b>" and "<b>" not in charts.show_tokens(["<b>"]).html


@pytest.mark.parametrize(
    ("draw", "sentence"),
    [
        (lambda: charts.show_matrix([1, 2]), "two axes"),
        (lambda: charts.show_matrix(np.zeros((0, 2))), "at least one entry"),
        (lambda: charts.show_matrix(SCORES, SENTENCE[:4]), "5 rows, but 4 names"),
        (lambda: charts.show_matrix(SCORES, None, SENTENCE[:4]), "5 columns, but 4 names"),
        (lambda: charts.show_matrix(SCORES, allowed=ALLOWED[:4]), "allowed has"),
        (lambda: charts.show_losses([1.0, 2.0], ["a"]), "2 positions, but 1 names"),
        (lambda: charts.show_tokens(["a"], [True, False]), "legal has 2"),
    ],
)
def test_wrong_shapes_get_a_sentence(draw: object, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        draw()  # type: ignore[operator]
