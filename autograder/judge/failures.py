"""The failures that the judge names by itself: of a call that returns nothing usable, and of a result of another type."""

from __future__ import annotations

from autograder.exercise.exercise import Misconception as M
from autograder.exercise.misconceptions import CHANGES_INPUTS, NOT_REPEATABLE

FAILURES = {
    idea.id: idea
    for idea in (
        CHANGES_INPUTS,
        NOT_REPEATABLE,
        M(
            "not_written",
            "Not written yet",
            "Nothing has been written here yet. Write your code where the comment says so, and return the result.",
        ),
        M("returned_none", "It returns nothing", "It returned None. Is the `return` line missing?"),
        M("raises", "It stops with an error", "The call ended in an error."),
        M("hangs", "It does not finish", "The call exceeded the time limit."),
        M("floods", "It prints too much", "The call printed far too much."),
        M("recurses", "Infinite recursion", "The call ended in a RecursionError."),
        M(
            "same_for_all",
            "The same result for every input",
            "Every input gives the same result: the arguments are not used, or the first result was kept.",
            (
                "Where do the arguments enter your code?",
                "Other inputs, other results.",
                "Compute the result from the arguments, in every call.",
            ),
        ),
        M(
            "remembered",
            "The result of an earlier call",
            "The result belongs to other numbers of the same shape: it was kept from an earlier call.",
            (
                "Is something kept between two calls?",
                "Other numbers, another result.",
                "Compute the result from the arguments, in every call.",
            ),
        ),
        M(
            "overwritten",
            "A later call changes an earlier result",
            "Another call has overwritten the result of an earlier one: both are one and the same array.",
            (
                "Does your code write into an array that lives outside the function?",
                "Every call has to return an array of its own.",
                "Make the array inside the function, or return a copy.",
            ),
        ),
        M("wrong_shape", "Wrong shape", "The result has the wrong shape."),
        M("wrong_type", "Wrong type", "The result does not have the expected type."),
        M("wrong_dtype", "Wrong dtype", "The array does not have the expected dtype."),
        M("not_boolean", "Not a boolean array", "The result should hold True and False."),
        M("not_floats", "Not floats", "The result should hold floating-point numbers."),
        M("not_integers", "Not integers", "The result should hold whole numbers."),
        M("not_an_integer", "Not a whole number", "The result should be a whole number."),
        M("not_a_number", "Not a single number", "The result should be one number."),
        M("not_a_tuple", "Not the expected tuple", "The result should be a tuple of several values."),
        M(
            "has_nan",
            "NaN in the result",
            "Some values are NaN (not a number): 0/0, inf - inf, or 0 * inf happened on the way.",
        ),
    )
}
