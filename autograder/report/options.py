"""What the options of quizzes say: neither a letter nor an explanation alone tells an instructor which one was chosen."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from autograder.bank import catalog
from autograder.errors import UserError
from autograder.exercise.quiz import Option, Quiz
from autograder.report.records import Entries, MisconceptionSummary

MAX_TITLE = 60  # characters of an option where its letter would stand


def option_texts(
    ideas: Iterable[MisconceptionSummary], seeds: Mapping[str, int], variants: Collection[str]
) -> dict[str, list[str]]:
    """The wrong options that stand for a misconception, by its id: one for each quiz, with its letter.

    `seeds` are those of the assignment's variants, by the id of the quiz. In the quizzes of `variants` each student has an
    order of their own, so that there a letter says nothing.
    """
    found: dict[str, list[str]] = {}
    for idea in ideas:
        for exercise in idea.exercises if idea.is_option else ():
            option = _option(exercise, idea.id, seeds.get(exercise, 0))
            if option is not None:
                text = option.text if exercise in variants else f"{option.letter}. {option.text}"
                found.setdefault(idea.id, []).append(text)
    return found


def without_letters(entries: Entries, variants: Collection[str]) -> dict[str, dict[str, Any]]:
    """The journal's entries with what an option says in the place of its letter, in the quizzes of `variants`."""
    found: dict[str, dict[str, Any]] = copy.deepcopy({student: dict(entry) for student, entry in entries.items()})
    for entry in found.values() if variants else ():
        for finding in entry.get("findings", {}).values():
            if finding.get("is_option") and finding.get("exercise") in variants:
                option = _option(finding["exercise"], str(finding.get("misconception")), 0)
                finding["title"] = _short(option.text) if option else "a wrong option"
    return found


def _option(id: str, misconception: str, seed: int) -> Option | None:
    try:
        quiz = catalog.find(id).load()
    except UserError:  # it is not in the bank any more, or no longer readable
        return None
    if not isinstance(quiz, Quiz):
        return None
    return next((one for one in quiz.variant(seed).options if one.misconception == misconception), None)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MAX_TITLE else f"{line[: MAX_TITLE - 1]}…"
