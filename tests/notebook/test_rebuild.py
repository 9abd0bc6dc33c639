"""A submission is rebuilt in released order, whatever was done to its cells."""

import json
from typing import Any

import nbformat
import pytest
from nbgrader.utils import compute_checksum

from autograder.notebook.cell import Cell, Role
from autograder.notebook.rebuild import MergedNotebook, merge
from autograder.notebook.submission import Unreadable, read


def mark(grade_id: str) -> dict[str, Any]:
    return {"grade_id": grade_id, "schema_version": 3}


RELEASED = (
    Cell("lesson", "code", "import numpy as np", Role.LESSON),
    Cell("answer", "code", "def f(x):\n    # YOUR CODE HERE", Role.SOLUTION, "f", metadata=mark("f")),
    Cell("test", "code", "assert f(1) == 2\n# hidden\nassert f(2) == 3", Role.TEST, "test_f", 2.0, metadata={**mark("test_f"), "locked": True}),
    Cell("words", "markdown", "The end."),
)
ANSWER = "def f(x):\n    return x + 1"


def cell(source: str, grade_id: str | None = None, kind: str = "code", **more: Any) -> dict[str, Any]:
    marks = {"nbgrader": mark(grade_id)} if grade_id else {}
    return {"cell_type": kind, "source": source, "metadata": marks, **more}


def merged(*cells: dict[str, Any], **more: Any) -> MergedNotebook:
    return merge(RELEASED, *read(json.dumps({"cells": cells, "nbformat": 4, **more}).encode()))


def sources(*cells: dict[str, Any]) -> list[str]:
    return [one.source for one in merged(*cells).cells]


GOOD = [cell("import numpy as np", id="lesson"), cell(ANSWER, "f"), cell("assert f(1) == 2", "test_f"), cell("The end.", kind="markdown")]
WANTED = ["import numpy as np", ANSWER, RELEASED[2].source, "The end."]


def test_an_honest_one() -> None:
    assert sources(*GOOD) == WANTED
    assert merged(*GOOD).notes == ()


@pytest.mark.parametrize(
    "cells",
    [
        [cell(ANSWER, "f")],  # all else deleted
        GOOD[::-1],
        [*GOOD[:1], {**GOOD[1], "cell_type": "markdown"}, *GOOD[2:]],
        [*GOOD[:1], cell(ANSWER, None), *GOOD[2:]],  # its mark is lost
        [*GOOD[:1], cell(ANSWER, None, id="answer"), *GOOD[2:]],
        [*GOOD[:2], cell("pass", "test_f"), GOOD[3]],
        [*GOOD[:1], cell("old", "f") | {"cell_type": "markdown"}, *GOOD[1:]][:1] + GOOD[1:],
        [*GOOD, cell("assert True", "test_f")],
    ],
    ids=["deleted", "reversed", "retyped", "unmarked", "unmarked, with its id", "test changed", "duplicated", "a test twice"],
)
def test_what_happened_to_the_cells_does_not_matter(cells: list[dict[str, Any]]) -> None:
    assert sources(*cells) == WANTED


def test_a_locked_cell_of_the_lesson_is_put_back_and_an_open_one_is_the_students() -> None:
    marks = {"grade_id": "given", "schema_version": 3, "grade": False, "solution": False}
    for is_locked, source in ((True, "limit = 3"), (False, "limit = 99")):
        given = Cell("given", "code", "limit = 3", Role.LESSON, "given", metadata={**marks, "locked": is_locked})
        submitted, _ = read(json.dumps({"cells": [cell("limit = 99", "given"), *GOOD], "nbformat": 4}).encode())
        assert [one.source for one in merge((given, *RELEASED), submitted).cells] == [source, *WANTED]


def test_added_cells_stay_where_they_were_added() -> None:
    assert sources(cell("a = 1"), *GOOD[:2], cell("b = 2"), *GOOD[2:], cell("c = 3")) == [
        "a = 1", *WANTED[:2], "b = 2", *WANTED[2:], "c = 3",
    ]  # fmt: skip


def test_of_two_with_one_mark_the_last_is_the_answer_and_the_first_is_run_before_it() -> None:
    assert sources(GOOD[0], cell("helper = 1", "f"), *GOOD[1:]) == [WANTED[0], "helper = 1", *WANTED[1:]]


@pytest.mark.parametrize(
    ("data", "note"),
    [
        (b"\xef\xbb\xbf" + json.dumps({"cells": GOOD}).encode(), None),
        (json.dumps({"cells": GOOD}).encode().replace(b"The end", b"The\0 end"), "Null bytes"),
        (json.dumps({"worksheets": [{"cells": [{"cell_type": "code", "input": ANSWER, "metadata": {"nbgrader": mark("f")}}]}]}).encode(), "old"),
        (json.dumps({"cells": [*GOOD, None, 3, {}, {"cell_type": 5, "source": {"a": 1}, "metadata": "x"}]}).encode(), None),
        (json.dumps({"cells": [*GOOD, cell("'\ud800'")]}).encode(), None),
    ],
    ids=["byte order mark", "null bytes", "nbformat 3", "no cells among the cells", "half a character"],
)
def test_odd_files_are_read(data: bytes, note: str | None) -> None:
    cells, notes = read(data)
    assert ANSWER in [one.source for one in merge(RELEASED, cells).cells]
    assert (note is None) == (not notes)
    assert note is None or note in notes[0].text


@pytest.mark.parametrize(
    ("cells", "about", "note"),
    [
        ([*GOOD[:1], *GOOD[2:]], "f", "was missing"),
        ([cell("old", "f"), *GOOD], "f", "was there 2 times"),
        ([*GOOD[:1], cell(ANSWER), *GOOD[2:]], "f", "lost nbgrader's mark"),
        ([*GOOD[:1], {**GOOD[1], "cell_type": "raw"}, *GOOD[2:]], "f", "of another type"),
        ([*GOOD[:2], cell("pass", "test_f"), GOOD[3]], "f", "was changed"),
        (GOOD[::-1], "f", "another order"),
        ([], "f", "is empty"),
    ],
    ids=["missing", "twice", "unmarked", "retyped", "test changed", "reversed", "empty"],
)
def test_what_was_mended_is_told_once_and_stands_as_a_comment_at_an_answer(cells: list, about: str, note: str) -> None:
    made = merged(*cells)
    assert len(made.notes) == 1
    assert note in made.notes[0].text
    assert made.comments == {about: made.notes[0].text}


@pytest.mark.parametrize(
    ("metadata", "noted"),
    [
        ({"kernelspec": {"name": "julia-1.9", "language": "julia"}}, True),
        ({"language_info": {"name": "R"}}, True),
        ({"kernelspec": {"name": "conda-env-x", "language": "python"}}, False),
        ({"kernelspec": {"name": "mine"}, "language_info": {"name": "ipython"}}, False),
        ({"kernelspec": 3, "language_info": []}, False),
    ],
)
def test_a_kernel_of_another_language_is_noted(metadata: dict, noted: bool) -> None:
    assert bool(merged(*GOOD, metadata=metadata).notes) == noted


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\n", b"[]", b"{}", b"3", b'{"cells": 3}', b"[" * 100_000])
def test_what_is_no_notebook_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(Unreadable, match="no notebook"):
        read(data)


def released_file(points: int, source: str = "assert f() == 1") -> bytes:
    """A test as nbgrader hands it out, in a notebook's file."""
    cell = nbformat.v4.new_code_cell(source, id="t")
    cell.metadata.nbgrader = {
        "grade_id": "t", "grade": True, "solution": False, "locked": True, "task": False, "schema_version": 3, "points": points,
    }  # fmt: skip
    cell.metadata.nbgrader["checksum"] = compute_checksum(cell)
    return nbformat.writes(nbformat.v4.new_notebook(cells=[cell])).encode()


def test_a_test_of_an_earlier_release_is_not_said_to_be_changed_by_the_student() -> None:
    now = Cell("t", "code", "assert f() == 1, 'corrected'", Role.TEST, "t", 2.0)
    earlier, _ = read(released_file(2))
    assert earlier[0].is_as_handed_out
    assert merge((now,), earlier).notes == ()
    for changed in (released_file(2).replace(b"f() == 1", b"True"), released_file(2).replace(b'"points": 2', b'"points": 3')):
        assert changed != released_file(2)
        cells, _ = read(changed)
        assert not cells[0].is_as_handed_out
        assert [note.text for note in merge((now,), cells).notes] == ["The test t was changed; it was put back."]


TABLE = (
    Cell("a", "code", "limit = 3", Role.LESSON),
    Cell("b", "code", 'quiz = ""  # your answer: one letter\n# YOUR CODE HERE', Role.SOLUTION, "quiz", metadata=mark("quiz"), solved='quiz = "B"'),
    Cell("c", "code", "# YOUR CODE HERE", Role.SOLUTION, "total", metadata=mark("total"), solved="limit = 4\ntotal = 0\nfor i in range(limit):\n    total += i"),
    Cell("d", "code", "# YOUR CODE HERE", Role.SOLUTION, "square", metadata=mark("square"), solved="def square(n):\n    return n * n"),
)


@pytest.mark.parametrize(
    "written",
    [
        ("limit = 3", 'quiz = "A"', "total = 6", "def square(n): return n ** 2"),
        ("limit = 3", 'quiz: str = "A"', "x = 1\ntotal=6", "square = lambda n: n ** 2"),
        ("limit = 3", 'quiz="A"', "total = sum(range(4))", "async def square(n):\n    return n"),
    ],
    ids=["as released", "with a type, a helper, a lambda", "without spaces"],
)
def test_answers_without_marks_and_ids_are_found_by_the_name_that_they_define(written: tuple[str, ...]) -> None:
    node = {"cells": [*map(cell, written), cell("limit = 99"), cell("if quiz == 1:\n    total = 0")], "nbformat": 4}
    made = merge(TABLE, *read(json.dumps(node).encode()))
    assert [one.source for one in made.cells if one.released] == list(written)
    assert [note.text.split()[2] for note in made.notes] == ["quiz", "total", "square"]
