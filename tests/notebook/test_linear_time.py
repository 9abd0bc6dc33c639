"""Nothing that is searched in a student's source takes more than linear time."""

import time

import pytest

from autograder.notebook.names import IPYTHON_SYNTAX, MAGIC, parse, without_magics

SOURCES = {
    "blank lines": "\n",
    "blanks": " ",
    "tabs and blank lines": "\t\n",
    "question marks": "? ",
    "many statements": "a=1\n",
    "percent signs": " %",
    "form feeds": "\f",
    "carriage returns": "\r",
}


def seconds(source: str) -> float:
    start = time.process_time()
    MAGIC.search(source)
    IPYTHON_SYNTAX.search(source)
    IPYTHON_SYNTAX.search(source + "x")
    without_magics(source)
    return time.process_time() - start


@pytest.mark.parametrize("name", SOURCES)
def test_a_megabyte_of_it_is_searched_at_once(name: str) -> None:
    assert seconds(SOURCES[name] * (1_000_000 // len(SOURCES[name]))) < 2


@pytest.mark.parametrize(
    ("source", "is_magic", "is_ipython"),
    [
        ("%time x", True, True), ("  !ls", True, True), ("x = 1\n\n\n   %time", True, True), ("x?", False, True), ("  x ?  ", False, True),
        ("x = 5 % 3", False, False), ("a = 1\nb = '?'", False, False), ("/f 1", False, True), (",f 1", False, True), ("x = 1", False, False),
    ],
)  # fmt: skip
def test_what_is_found_is_the_same_as_ever(source: str, is_magic: bool, is_ipython: bool) -> None:
    assert bool(MAGIC.search(source)) == is_magic
    assert bool(IPYTHON_SYNTAX.search(source)) == is_ipython
    assert parse("x = 1").body
