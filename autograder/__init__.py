"""What judges and grades. In: answers, submissions. Out: verdicts, scores, pages. Notebooks import `check` from `leftcontext`."""

from __future__ import annotations

from typing import Any

from autograder.renamed import also_known_as

__all__ = ["check", "own", "set_student", "show_question"]

also_known_as(
    {
        "autograder.answers": "autograder.exercise.results",
        "autograder.authoring": "autograder.exercise.exercise",
        "autograder.checking": "autograder.check_answer",
        "autograder.misconceptions": "autograder.exercise.misconceptions",
        "autograder.nbgrader_execute": "autograder.nbgrader_plugins",
        "autograder.overview": "autograder.workspace.overview",
        "autograder.pages": "autograder.feedback",
        "autograder.pages.feedback": "autograder.feedback.exporter",
        "autograder.patterns": "autograder.exercise.masks",
        "autograder.probes": "autograder.exercise.attention_probes",
    }
)


def __getattr__(name: str) -> Any:
    # On demand, so that `leftcontext --help` does not wait for NumPy.
    if name == "check":
        from autograder.check_answer import check

        return check
    if name == "own":
        from autograder.own_functions import own

        return own
    if name in ("set_student", "show_question"):
        from autograder import variants

        return getattr(variants, name)
    raise AttributeError(f"module 'autograder' has no attribute {name!r}")
