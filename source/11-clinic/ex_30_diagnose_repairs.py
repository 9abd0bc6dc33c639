"""### Name the bug first

Seven attentions, 1 to 7; the evidence of each is above. Every one has one bug, and the bugs that it may have are \
numbered in `repairs.SUSPECTS`.

Write `diagnose_repairs(number)`: the number of an attention → the number of its bug, one int.
"""

from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Integer

exercise = Exercise(
    topic="diagnosis",
    answer=Integer(),
    hides_expected=True,
    hints=(
        "Is the influence a staircase? Then nothing of the future comes through, and the bug is in the weights.",
        "Full influence: do the rows sum to 1? What stands above the diagonal? Staircase: compare with the causal "
        "output, and look at the second call.",
        "found = {1: ..., 2: ..., 3: ...}; return found[number]",
    ),
)


@exercise.solution
def diagnose_repairs(number):
    """The number of an attention, 1 to 7 -> the number of its bug."""
    found = {1: 5, 2: 9, 3: 3, 4: 7, 5: 6, 6: 2, 7: 8}
    return found[number]


@exercise.part("Something of the future comes through", points=1)
def leaks(rng):
    for number in (1, 2, 3, 6):
        yield case(number)


@exercise.part("A perfect staircase", points=1)
def staircases(rng):
    for number in (4, 5, 7):
        yield case(number)


@exercise.equivalent
def from_a_list(number):
    return [5, 9, 3, 7, 6, 2, 8][number - 1]


@exercise.equivalent
def from_a_string(number):
    return int(" 5937628"[number])


@exercise.equivalent
def by_bug(number):
    return {attention: bug for bug, attention in {5: 1, 9: 2, 3: 3, 7: 4, 6: 5, 2: 6, 8: 7}.items()}[number]


def _but(**swapped):
    return lambda number: swapped.get(f"at_{number}", diagnose_repairs(number))


@exercise.mistake("A full influence is no diagnosis")
def full_taken_for_no_mask(number):
    """Attention 3 has zeros above the diagonal of its output: it has a mask. The influence is full for another reason.

    - What do its rows sum to?
    - Less than 1, since the future is still in the denominator.
    """
    return _but(at_3=4)(number)


@exercise.mistake("Equal weights come from equal scores")
def zeros_not_seen(number):
    """In attention 6, the weights above the diagonal of a row are all the same. Without a mask they would differ.

    - Which score is the same for every key, and is not hidden?
    - 0, for exp(0) is 1.
    """
    return _but(at_6=4)(number)


@exercise.mistake(zeros_not_seen)
def zeros_taken_for_late_mask(number):
    """Attention 6 has weights above the diagonal; with a mask after the softmax there would be zeros.

    - What stands above the diagonal, and do the rows sum to 1?
    - Equal weights, and they do: the scores of the future are 0.
    """
    return _but(at_6=3)(number)


@exercise.mistake("A right influence can hide a wrong softmax")
def columns_not_added(number):
    """Nothing of a later key or value comes through in attention 4, and its rows do not sum to 1. Look at its columns.

    - What does each column of its output for V = I sum to?
    - 1: the softmax runs over the queries.
    """
    return _but(at_4=3)(number)


@exercise.mistake("Flatter, and nothing is missing")
def flat_taken_for_window(number):
    """Attention 5 still gives weight to the oldest keys; its weights are only more even than the causal ones.

    - Is any weight 0 that should not be?
    - No. Every score is divided by too large a number.
    """
    return _but(at_5=1)(number)


@exercise.mistake("The second call was not looked at")
def second_call_not_seen(number):
    """Attention 7 gives another answer the second time, and no window and no scale does that.

    - What can a first call change for the second?
    - The arrays that it was given.
    """
    return _but(at_7=1)(number)


@exercise.mistake(second_call_not_seen)
def second_call_taken_for_scale(number):
    """Attention 7 gives another answer the second time; a wrong scale would be wrong in the same way again.

    - What can a first call change for the second?
    - The arrays that it was given.
    """
    return _but(at_7=6)(number)


@exercise.mistake("One ahead and transposed are two pictures")
def ahead_and_transposed(number):
    """Attention 1 sees one key too many, attention 2 sees the future and itself, and nothing else.

    - What does the last query of each see?
    - Attention 1: everything. Attention 2: only itself.
    """
    return _but(at_1=9, at_2=5)(number)


@exercise.mistake("That is the number of the attention")
def number_of_the_attention(number):
    """The number that was given came back; the bugs have numbers of their own.

    - What is printed of repairs.SUSPECTS?
    - Attention 1 is one token ahead, and that is suspect 5.
    """
    return number
