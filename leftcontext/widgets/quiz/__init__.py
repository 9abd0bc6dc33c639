"""The buttons of a quiz, which `check` shows below a question that is still open."""

from leftcontext.widgets.quiz.widget import QuizForm

__all__ = ["QuizForm"]
