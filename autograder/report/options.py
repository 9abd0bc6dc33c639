"""What the option of a quiz says, which its explanation alone does not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from autograder.bank import catalog
from autograder.errors import UserError
from autograder.exercise.quiz import Quiz
from autograder.report.records import MisconceptionSummary


def option_texts(ideas: Iterable[MisconceptionSummary], seeds: Mapping[str, int]) -> dict[str, str]:
    """The text of each wrong option, by the id of its misconception; `seeds` are those of the assignment's variants."""
    found = {}
    for idea in ideas:
        if not idea.is_option or not (letter := re.search(r"option (\w)$", idea.title)):
            continue
        id = idea.title.partition(",")[0]
        text = _option(id, letter[1], seeds.get(id, 0))
        if text:
            found[idea.id] = text
    return found


def _option(id: str, letter: str, seed: int) -> str:
    try:
        quiz = catalog.find(id).load()
    except UserError:  # it is not in the bank any more, or no longer readable
        return ""
    if not isinstance(quiz, Quiz):
        return ""
    return next((f"{one.letter}. {one.text}" for one in quiz.variant(seed).options if one.letter == letter), "")
