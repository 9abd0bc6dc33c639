"""### A prefix as a function

Each text of a batch begins with a prompt of its own length, which may be read in both directions. What is written \
after it stays causal.

Write `prefix_mod(prefix)`: `prefix` is `(B,)`, the length of each prompt, an integer from 0 on. Return a \
`mask_mod(b, h, q, k)`: a query may attend to every key of the prompt of its text, and to every key up to its own \
position.

All four arguments may be integers, or arrays of integers that broadcast.
"""

import numpy as np

from autograder.exercise import mask_mods
from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, case

exercise = Exercise(
    topic="masks as functions",
    answer=mask_mods.ANSWER,
    hints=(
        "Which two reasons are there for a key to be allowed?",
        "k <= q, or k < prefix[b].",
        "return lambda b, h, q, k: (k <= q) | (k < prefix[b])",
    ),
)


@exercise.solution
def prefix_mod(prefix):
    """prefix (B,) int -> mask_mod(b, h, q, k) -> bool: causal, and the prefix of each text is visible to all its
    queries."""

    def mask_mod(b, h, q, k):
        return (k <= q) | (k < prefix[b])

    return mask_mod


@exercise.adapt
def as_a_table(answer, prefix):
    """What the function says for every text, query and key, (B, T, T), and for b = 0, q = 2, k = 1."""
    mask, one_pair = mask_mods.read(answer(prefix), len(prefix), 3, max(5, int(prefix.max())))
    return mask[:, 1], one_pair


@exercise.part("A few positions", points=1)
def few(rng):
    yield case(np.array([3]))
    yield case(np.array([2, 4]), note="two texts")


@exercise.part("Any prefixes", points=1)
def any_prefixes(rng):
    yield case(np.array([0]), note="no prompt: the causal mask")
    yield case(np.array([1, 0, 5]), note="one text is all prompt")
    for B in (2, 4, 5):
        yield case(rng.integers(0, 6, size=B))
    yield case(rng.integers(5, 41, size=3), note="up to forty positions")


@exercise.equivalent
def last_visible_key(prefix):
    return lambda b, h, q, k: k <= np.maximum(q, prefix[b] - 1)


@exercise.equivalent
def with_numpy(prefix):
    def mask_mod(b, h, q, k):
        return np.logical_or(np.less_equal(k, q), np.less(k, np.take(prefix, b)))

    return mask_mod


@exercise.equivalent
def nothing_that_is_hidden(prefix):
    return lambda b, h, q, k: np.logical_not((k > q) & (k >= prefix[b]))


@exercise.mistake("The prefix is still causal")
def prefix_stays_causal(prefix):
    """Within the prompt every position should see every other.

    - May position 0 see position 1 of the prompt?
    - A key of the prompt is allowed for every query.
    - (k <= q) | (k < prefix[b])
    """
    return lambda b, h, q, k: k <= q


@exercise.mistake("The prefix sees what comes after it")
def prefix_sees_suffix(prefix):
    """The first *queries* were opened; it is the first keys that every query may see.

    - What may position 0 know of the text to be written?
    - It is about the key: k < prefix[b].
    - k, not q
    """
    return lambda b, h, q, k: (k <= q) | (q < prefix[b])


@exercise.mistake("Both conditions were demanded")
def all_instead_of_any(prefix):
    """A key has to be in the past *and* in the prompt: then what is written can't see itself.

    - May a written token see an earlier written one?
    - One of the two reasons is enough.
    - | instead of &
    """
    return lambda b, h, q, k: (k <= q) & (k < prefix[b])


@exercise.mistake("The prefix is one token too long")
def prefix_one_too_long(prefix):
    """prefix = 3 means positions 0, 1 and 2.

    - Which positions are the first three?
    - k < prefix[b]
    - < instead of <=
    """
    return lambda b, h, q, k: (k <= q) | (k <= prefix[b])


@exercise.mistake("The first text's prefix for all")
def first_prefix_for_all(prefix):
    """Every text got the prompt of text 0; `b` says which text is meant.

    - What is the argument b for?
    - Each text has a prompt of its own length.
    - prefix[b]
    """
    return lambda b, h, q, k: (k <= q) | (k < prefix[0])


@exercise.mistake("The longest prefix for all")
def longest_prefix_for_all(prefix):
    """Every text got the longest prompt of the batch, so in the others what is written sees its future.

    - What stands behind a short prompt?
    - Each text has a prompt of its own length.
    - prefix[b], no max
    """
    return lambda b, h, q, k: (k <= q) | (k < prefix.max())


# https://github.com/meta-pytorch/attention-gym/issues/97
@exercise.mistake("All lengths at once")
def prefix_not_indexed(prefix):
    """The whole array `prefix` was compared with k: its axis counts texts, but beside k it is read as keys.

    - What is the shape of k < prefix?
    - Pick the text's own length by b.
    - prefix[b]
    """
    return lambda b, h, q, k: (k <= q) | (k < prefix)


# https://github.com/meta-pytorch/attention-gym/issues/110
@exercise.mistake("Python's `or` instead of |")
def python_or(prefix):
    """`and`, `or`, `not` and `if` need one truth value, but the arguments may be arrays: nothing says which cell
    counts.

    - What is the truth value of an array of four booleans?
    - | works on each cell for itself.
    - (k <= q) | (k < prefix[b]), with the brackets
    """
    return lambda b, h, q, k: k <= q or k < prefix[b]


@exercise.mistake(mc.NO_MASK)
def no_mask(prefix):
    return lambda b, h, q, k: (k <= q) | (k > q)


@exercise.mistake("Query and key are swapped")
def query_and_key_swapped(prefix):
    """Behind the prompt each query sees itself and the keys *after* it: the order is (b, h, q, k).

    - Which comes first, the query or the key?
    - k <= q
    - Swap the two in the comparison.
    """
    return lambda b, h, q, k: (q <= k) | (k < prefix[b])


@exercise.mistake(mc.INVERTED)
def inverted(prefix):
    return lambda b, h, q, k: (k > q) & (k >= prefix[b])
