"""Finds exercises and proves them. In: `source/`. Out: exercises by id, and the proof that each tells right from wrong."""

from autograder.bank.catalog import find

__all__ = ["find"]
