"""The picture of a transformer: every part can be marked, for a reader who sees it and for one who doesn't."""

import re

import pytest

from leftcontext.plots import show_transformer
from leftcontext.plots.transformer import PARTS


def alt(picture: object) -> str:
    return re.findall(r'alt="([^"]*)"', picture.html)[0]  # type: ignore[attr-defined]


def test_a_part_that_is_marked_is_named_in_words_too() -> None:
    plain, marked = show_transformer(), show_transformer("mask")
    assert alt(marked) == f"{alt(plain)} You are here: mask."
    assert repr(marked).splitlines()[-1] == "You are here: mask."
    assert plain.html != marked.html


def test_it_fits_a_phone_and_tells_every_part() -> None:
    picture = show_transformer()
    assert int(re.findall(r'width="(\d+)"', picture.html)[0]) <= 440
    assert "max-width:100%" in picture.html
    assert all(part.says in alt(picture) for part in PARTS.values())


def test_several_parts_may_be_marked_and_an_unknown_one_is_refused() -> None:
    assert alt(show_transformer("mask", "softmax")).endswith("You are here: mask, softmax.")
    with pytest.raises(ValueError, match=r"no part masks\. It has tokens, embedding"):
        show_transformer("mask", "masks")


def test_no_part_leaves_the_picture() -> None:
    for name, part in PARTS.items():
        assert part.x >= 0 and part.x + part.width <= 43, name
        assert part.y >= 0 and part.y + part.height <= 63, name
