"""The command `leftcontext`. In: arguments. Out: text for people, JSON for programs, an exit code."""

from autograder.cli.app import main

__all__ = ["main"]
