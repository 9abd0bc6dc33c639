"""### All must allow

A window *and* documents *and* padding: masks are combined by **and**, and so are masks that are functions.

Write `and_mods(*mods)`: any number of `mask_mod(b, h, q, k)`. Return one `mask_mod(b, h, q, k)` that is True where \
**all** of them are. What they return may have different shapes that broadcast. Without any, everything is allowed.

PyTorch has this as `and_masks`.
"""

import numpy as np

from autograder.exercise import mask_mods
from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, case

exercise = Exercise(
    topic="masks as functions",
    answer=mask_mods.ANSWER,
    hints=(
        "When is the answer of one function decisive for all?",
        "Call every mod with the same (b, h, q, k), and join the answers by &.",
        "Inside the new function: allowed = True, then for mod in mods: allowed = allowed & mod(b, h, q, k).",
    ),
)


@exercise.solution
def and_mods(*mods):
    """Any number of mask_mods -> a mask_mod that is True where all of them are."""

    def mask_mod(b, h, q, k):
        allowed = True
        for mod in mods:
            allowed = allowed & mod(b, h, q, k)
        return allowed

    return mask_mod


def causal(b, h, q, k):
    return k <= q


def window_of_three(b, h, q, k):
    return q - k < 3


def not_key_one(b, h, q, k):
    return k != 1


def even_texts_only(b, h, q, k):
    return b % 2 == 0


def short_in_head_one(b, h, q, k):
    return (h != 1) | (q - k < 2)


def not_key_four(b, h, q, k):
    return k != 4


@exercise.adapt
def as_a_table(answer, *mods):
    """What the function says for 2 texts, 2 heads, 6 queries and 6 keys, and for b = 0, h = 0, q = 2, k = 1."""
    mask, one_pair = mask_mods.read(answer(*mods), 2, 2, 6)
    return mask, one_pair


@exercise.part("Two functions", points=1)
def two(rng):
    yield case(causal, window_of_three)
    yield case(causal, not_key_one)


@exercise.part("Any number", points=1)
def any_number(rng):
    yield case(note="none: everything is allowed")
    yield case(causal, note="a single one")
    yield case(causal, window_of_three, not_key_one)
    yield case(even_texts_only, causal, note="answers of different shapes")
    yield case(short_in_head_one, not_key_four, window_of_three, causal)
    yield case(not_key_four, causal, causal, even_texts_only, not_key_one)
    yield case(short_in_head_one, even_texts_only, note="neither is causal")


@exercise.equivalent
def with_reduce(*mods):
    import functools
    import operator

    return lambda *place: functools.reduce(operator.and_, (mod(*place) for mod in mods), True)


@exercise.equivalent
def with_recursion(*mods):
    if not mods:
        return lambda b, h, q, k: True
    rest = and_mods(*mods[1:])
    return lambda b, h, q, k: mods[0](b, h, q, k) & rest(b, h, q, k)


@exercise.equivalent
def with_numpy(*mods):
    def mask_mod(b, h, q, k):
        answers = np.broadcast_arrays(True, *[mod(b, h, q, k) for mod in mods])
        return np.logical_and.reduce(answers)

    return mask_mod


@exercise.mistake("One mask is enough")
def any_instead_of_all(*mods):
    """A pair counts as allowed if any function allows it; all of them must.

    - Causality forbids, the window allows: what should win?
    - and, not or
    - & instead of |
    """

    def mask_mod(b, h, q, k):
        allowed = not mods
        for mod in mods:
            allowed = allowed | mod(b, h, q, k)
        return allowed

    return mask_mod


@exercise.mistake("Only the first two masks count")
def only_two_masks(*mods):
    """From the third function on nothing happens.

    - How many functions may come?
    - Loop over all of them.
    - for mod in mods: ...
    """
    return and_mods(*mods[:2])


@exercise.mistake("Only the last mask counts")
def only_the_last_mask(*mods):
    """Each answer overwrote the one before. (A function that is made in a loop has the same fault: it looks up the \
    variable of the loop when it is called, and finds the last one.)

    - What did the loop do with the first answer?
    - allowed & mod(b, h, q, k)
    - Keep what you have so far.
    """
    return and_mods(*mods[-1:])


@exercise.mistake("Only the first mask counts")
def only_the_first_mask(*mods):
    """The other functions play no part.

    - Where do the other functions enter?
    - allowed & mod(b, h, q, k)
    - Loop over all of them.
    """
    return and_mods(*mods[:1])


@exercise.mistake("Nothing allows nothing")
def none_forbids(*mods):
    """Without any function everything was forbidden: nobody forbids anything there.

    - Who forbids a pair if there is no function?
    - Start from True.
    - allowed = True before the loop
    """
    return and_mods(*mods) if mods else lambda b, h, q, k: False


# `all` and `and` need one truth value: https://github.com/pytorch/pytorch/issues/157543
@exercise.mistake("Python's `all` instead of &")
def python_all(*mods):
    """`all` and `and` need one truth value, but an answer may be an array: nothing says which cell counts.

    - What is the truth value of an array of four booleans?
    - & works on each cell for itself.
    - allowed = allowed & mod(b, h, q, k)
    """
    return lambda b, h, q, k: all(mod(b, h, q, k) for mod in mods)


@exercise.mistake("An odd number of masks")
def exclusive_or(*mods):
    """xor is True where an odd number of functions allows.

    - Two functions allow: what should come out?
    - and, not xor
    - & instead of ^
    """

    def mask_mod(b, h, q, k):
        allowed = not mods
        for mod in mods:
            allowed = allowed ^ mod(b, h, q, k)
        return allowed

    return mask_mod


@exercise.mistake(mc.INVERTED)
def inverted(*mods):
    return lambda b, h, q, k: np.logical_not(and_mods(*mods)(b, h, q, k))


@exercise.mistake("The functions were joined, not their answers")
def functions_joined(*mods):
    """& was applied to the functions themselves; it joins what they return.

    - What are the two sides of & here?
    - Call each function first.
    - mod(b, h, q, k)
    """
    joined = True
    for mod in mods:
        joined = joined & mod
    return joined


@exercise.mistake("Different shapes break it")
def no_broadcasting(*mods):
    """Stacking needs equal shapes, but a function of b alone and one of q and k return different ones.

    - What is the shape of an answer that depends on b only?
    - & broadcasts by itself.
    - allowed = allowed & mod(b, h, q, k)
    """
    return lambda b, h, q, k: np.all(np.stack([mod(b, h, q, k) for mod in mods]), axis=0) if mods else True
