"""Texts that name a unit by its number or folder name a unit that is there."""

import re
from pathlib import Path

import pytest
from support.clone import ROOT

UNITS = {path.parent.name[:2]: path.parent.name for path in sorted((ROOT / "source").glob("*/lesson.md"))}
LESSONS = sorted((ROOT / "source").glob("*/lesson.md"))
TEXTS = [
    *ROOT.glob("*.md"),
    *(path for folder in ("docs", "benchmarks") for path in (ROOT / folder).glob("*.md")),
    *(path for suffix in ("md", "py") for path in (ROOT / "source").glob(f"*/*.{suffix}")),
    *(path for folder in ("autograder", "leftcontext", "benchmarks") for path in (ROOT / folder).rglob("*.py")),
]
NUMBERED = re.compile(r"\b[Uu]nits?\s+(\d+)\b(?:\s*(?:to|and|or|–|,)\s*(\d+)\b)?")
FOLDER = re.compile(r"(?<![\w.#-])(\d\d)-([a-z][a-z-]*[a-z])(?![\w-])")
FORMER_NAMES = ROOT / "autograder" / "bank" / "former_names.py"  # which names units that are gone, on purpose


def stray_numbers(text: str) -> list[str]:
    """The references `unit NN` (or `units NN to NN`) whose number no unit has."""
    found = []
    for match in NUMBERED.finditer(text):
        found += [match[0] for number in match.groups()[:2] if number and number not in UNITS]
    return found


def stray_folders(text: str) -> list[str]:
    """The names in the form of a unit's folder that no unit has."""
    return [match[0] for match in FOLDER.finditer(text) if match[0] not in UNITS.values()]


def test_the_patterns_find_what_they_should() -> None:
    assert stray_numbers("In unit 01, and in Units 03 to 07.\nSee unit\n08") == []
    assert stray_numbers("unit 99 and units 01 to 98 and unit 7") == ["unit 99", "units 01 to 98", "unit 7"]
    assert stray_folders("`source/05-causal-mask/lesson.md`, 04-causal-mask") == ["04-causal-mask"]
    assert stray_folders("ex_10-x, 2026-11-28, page#21-a-heading, a 10-bit number") == ["10-bit"]


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_number_of_a_unit_is_that_of_a_unit(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert stray_numbers(text) == []
    if path != FORMER_NAMES:
        assert stray_folders(text) == []


def test_the_table_of_the_readme_names_every_unit_in_order() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = readme.split("\n## The course\n")[1].split("\n**")[0]
    named = re.findall(r"\| (\d\d) ([A-Za-z -]+?) \|", table)
    assert sorted(f"{number}-{name.lower().replace(' ', '-')}" for number, name in named) == sorted(UNITS.values())


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.parent.name)
def test_a_lesson_opens_with_its_own_number_and_ends_with_the_next(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    number = path.parent.name[:2]
    assert text.startswith(f"# {number} · ")
    later = [other for other in UNITS if other > number]
    assert re.findall(r"\bNext, in \*\*(\d\d)\*\*", text) == later[:1]
