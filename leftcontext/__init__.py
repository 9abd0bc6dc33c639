"""What a lesson imports. In: code of lessons and learners. Out: `check`, `own`, `predict`, a model, plots, widgets, an audit."""

from __future__ import annotations

from typing import Any

from autograder.renamed import also_known_as

__all__ = ["check", "own", "predict", "set_student", "show_question"]

also_known_as(
    {
        "leftcontext.bridge": "leftcontext.torch_jax",
        "leftcontext.characters": "leftcontext.model.characters",
        "leftcontext.clinic": "leftcontext.bugs.clinic",
        "leftcontext.evaluation": "leftcontext.model.evaluation",
        "leftcontext.generation": "leftcontext.model.generation",
        "leftcontext.grammar": "leftcontext.language.grammar",
        "leftcontext.inference": "leftcontext.model.mask_at_inference",
        "leftcontext.layers": "leftcontext.model.layers",
        "leftcontext.mini_gpt": "leftcontext.model.mini_gpt",
        "leftcontext.patients": "leftcontext.bugs.buggy_models",
        "leftcontext.picture": "leftcontext.plots.picture",
        "leftcontext.plane": "leftcontext.plots.vectors",
        "leftcontext.progress": "leftcontext.progress_bar",
        "leftcontext.real_masks": "leftcontext.bugs.mask_gallery",
        "leftcontext.specimens": "leftcontext.bugs.attention_bugs",
        "leftcontext.training": "leftcontext.model.training",
    }
)


def __getattr__(name: str) -> Any:
    # On demand: most of the library needs no judge.
    if name == "predict":
        from leftcontext.widgets.prediction import predict

        return predict
    if name in __all__:
        import autograder
        from autograder import check_answer

        check_answer.on_open_quiz(_show_form)
        return getattr(autograder, name)
    raise AttributeError(f"module 'leftcontext' has no attribute {name!r}")


def _show_form(quiz: Any) -> None:
    """A quiz to click, below the cell that checks it."""
    from IPython.display import display

    from leftcontext.widgets.quiz import QuizForm

    display(QuizForm(quiz))
