"""The ids of the bank's exercises, told apart by their names: to collect tests, no exercise is loaded."""

from autograder.bank import catalog

ALL = tuple(catalog.entries())
QUIZZES = tuple(id for id in ALL if id.startswith("quiz_"))
CODE = tuple(id for id in ALL if not id.startswith("quiz_"))
