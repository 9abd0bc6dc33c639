"""What a notebook with variants calls: `set_student(id)` says who works in it, `show_question(id, variant)` shows their quiz."""

from __future__ import annotations

import sys

from autograder import cell_runs
from autograder.bank import catalog
from autograder.exercise.quiz import Quiz
from autograder.output import say
from autograder.variant_seed import WHO, choose_student, current_student, variant_seed


def set_student(id: str = "") -> None:
    """Say who works in this notebook: questions and checks are those of this student. On JupyterHub it is known without."""
    choose_student(id)
    student = current_student()
    say(f"The questions and checks here are those of {student}. Hand in under this id." if student else WHO)


def question(exercise: str, seed: int) -> str:
    """A quiz's question and options as Markdown, without its heading. Raises UnknownExercise."""
    entry = catalog.find(exercise)
    quiz = entry.load()
    if not isinstance(quiz, Quiz):
        return entry.prompt
    prompt = quiz.with_numbers(entry.prompt, seed)
    heading, _, text = prompt.partition("\n")
    text = text if heading.startswith("#") else prompt
    return f"{text.strip()}\n\n{quiz.variant(seed).options_markdown()}"


def show_question(exercise: str, variant: str) -> None:
    """Show the question that the student of this notebook has; who that is, `set_student` has been told."""
    student = current_student()
    text = question(exercise, variant_seed(variant, student)) if student else WHO
    if cell_runs.current_shell() is not None:
        sys.modules["IPython"].display.display({"text/plain": text, "text/markdown": text}, raw=True)
    else:
        say(text)
