"""`QuizForm`. In: an open quiz. Out: its options as buttons, and the verdict on what is chosen."""

from leftcontext.widgets.quiz.widget import QuizForm

__all__ = ["QuizForm"]
