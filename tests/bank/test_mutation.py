"""Mutants of a solution, made where other libraries have been at the trees."""

import ast

from autograder.bank.mutation import mutants


def double_and_sum(x, y):
    return 2 * x + y


class NotToBeCopied:
    def __deepcopy__(self, memo: object) -> None:
        raise AssertionError("a mutant is a copy of its function alone")


def test_what_is_hung_on_the_nodes_that_all_trees_share_is_not_copied() -> None:
    """IPython's tracebacks (the library `executing`) give every node its parent."""
    before = [mutant.description for mutant in mutants(double_and_sum)]
    shared = ast.parse("x").body[0].value.ctx
    shared.parent = NotToBeCopied()
    try:
        assert [mutant.description for mutant in mutants(double_and_sum)] == before
    finally:
        del shared.parent


def test_a_mutant_leaves_the_others_and_the_function_as_they_are() -> None:
    results = {mutant.description: mutant.function(3, 4) for mutant in mutants(double_and_sum)}
    assert results["2 * x + y -> 2 * x - y"] == 2
    assert results["2 -> 3"] == 13
    assert double_and_sum(3, 4) == 10
