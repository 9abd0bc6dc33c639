"""### A window as a function

FlexAttention does not take a mask. It takes a **function** `mask_mod(b, h, q, k)`: given the number of the text, of \
the head, of the query and of the key, may this query attend to this key?

Write `sliding_window_mod(window)`, which **returns such a function**: causal, and at most `window` keys for a query, \
its own included. `window` is at least 1.

All four arguments may be integers, or arrays of integers that broadcast against each other; the answer is a boolean, \
or an array of booleans that broadcasts with them. With comparisons and `&` alone, one and the same function runs on \
integers, on NumPy's arrays, on PyTorch's tensors and in JAX.
"""

import numpy as np

from autograder.exercise import mask_mods
from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, case

exercise = Exercise(
    topic="masks as functions",
    answer=mask_mods.ANSWER,
    hints=(
        "What has to hold between q and k, and what for the age q - k?",
        "k <= q, and q - k < window: two conditions joined by &.",
        "def mask_mod(b, h, q, k): return (k <= q) & (q - k < window), and then return mask_mod.",
    ),
)


@exercise.solution
def sliding_window_mod(window):
    """window -> mask_mod(b, h, q, k) -> bool: True where 0 <= q - k < window."""

    def mask_mod(b, h, q, k):
        return (k <= q) & (q - k < window)

    return mask_mod


@exercise.adapt
def as_a_table(answer, window):
    """What the function says for T queries and T keys, (T, T), and for the pair q = 2, k = 1."""
    mask, one_pair = mask_mods.read(answer(window), 2, 2, min(window, 40) + 4)
    return mask[1, 1], one_pair


@exercise.part("A few positions", points=1)
def few(rng):
    yield case(1)
    yield case(2)


@exercise.part("Any window", points=1)
def any_window(rng):
    for window in (3, 4, 5, 9, 17, 300):
        yield case(window)
    yield case(int(rng.integers(6, 16)))


@exercise.equivalent
def as_a_lambda(window):
    return lambda b, h, q, k: (q - k >= 0) & (k > q - window)


@exercise.equivalent
def with_numpy(window):
    def mod(b, h, q, k):
        return np.logical_and(np.greater_equal(q, k), np.less(np.subtract(q, k), window))

    return mod


@exercise.equivalent
def one_cell_at_a_time(window):
    return np.vectorize(lambda b, h, q, k: bool(0 <= q - k < window), otypes=[bool])


# https://github.com/huggingface/transformers/issues/39408, https://github.com/huggingface/transformers/issues/29623
@exercise.mistake("One key too many")
def window_one_too_many(window):
    """q - k <= window counts window + 1 keys, the query's own included.

    - How many keys does a query see with window = 1?
    - 0 <= q - k < window
    - < instead of <=
    """
    return lambda b, h, q, k: (k <= q) & (q - k <= window)


@exercise.mistake("One key too few")
def window_one_too_few(window):
    """The query's own key counts too: window = 1 is the diagonal.

    - How many keys does a query see with window = 1?
    - 0 <= q - k < window
    - Mind the -1.
    """
    return lambda b, h, q, k: (k <= q) & (q - k < window - 1)


@exercise.mistake(mc.OWN_POSITION_EXCLUDED)
def own_position_excluded(window):
    """The query's own key is forbidden; it is the last one of its window.

    - How many keys does query 0 see?
    - One: its own.
    - k <= q, not k < q
    """
    return lambda b, h, q, k: (k < q) & (q - k <= window)


exercise.add_mistakes(
    (own_position_excluded, lambda window: lambda b, h, q, k: (k < q) & (q - k < window)),
)


@exercise.mistake(mc.NO_MASK)
def no_mask(window):
    """The window hides old keys only, so the future stays visible: a mask_mod is not causal by itself.

    - Is q - k < window true for a key of the future?
    - q - k must not be negative either.
    - (k <= q) & (q - k < window)
    """
    return lambda b, h, q, k: q - k < window


@exercise.mistake("The window looks ahead too")
def window_without_causal(window):
    """abs(q - k) < window opens the future.

    - May query 0 see key 1?
    - q - k must not be negative.
    - Ask for k <= q as well.
    """
    return lambda b, h, q, k: abs(q - k) < window


@exercise.mistake("The window plays no part")
def window_ignored(window):
    """That is the plain causal mask_mod.

    - Which keys are too old?
    - q - k < window
    - Ask for q - k < window as well.
    """
    return lambda b, h, q, k: k <= q


@exercise.mistake("Query and key are swapped")
def query_and_key_swapped(window):
    """The order is (b, h, q, k): each query sees itself and the keys *after* it.

    - Which comes first, the query or the key?
    - mask_mod(b, h, q, k)
    - k <= q, not q <= k
    """
    return lambda b, h, q, k: (q <= k) & (k - q < window)


# https://github.com/meta-pytorch/attention-gym/issues/110, https://github.com/pytorch/pytorch/issues/157543
@exercise.mistake("Python's `and` instead of &")
def python_and(window):
    """`and`, `or`, `not` and `if` need one truth value, but the arguments may be arrays: nothing says which cell
    counts.

    - What is the truth value of an array of four booleans?
    - & works on each cell for itself.
    - (k <= q) & (q - k < window), with the brackets
    """
    return lambda b, h, q, k: k <= q and q - k < window


exercise.add_mistakes((python_and, lambda window: lambda b, h, q, k: 0 <= q - k < window))


@exercise.mistake("A table instead of a function")
def table_returned(window):
    """A mask came back, and a function is asked for: it is given q and k, and says yes or no.

    - Does `sliding_window_mod` know how many positions there are?
    - It returns a function of (b, h, q, k).
    - def mask_mod(b, h, q, k): ... and then return mask_mod
    """
    age = np.arange(8)[:, None] - np.arange(8)
    return (age >= 0) & (age < window)


@exercise.mistake(mc.INVERTED)
def inverted(window):
    return lambda b, h, q, k: (k > q) | (q - k >= window)


@exercise.mistake("Blocks instead of a sliding window")
def blocks_not_window(window):
    """The keys were cut into fixed blocks; a window moves with every query.

    - How many keys does the first query of a block see?
    - Every query looks back the same way.
    - Compare q - k with window.
    """
    return lambda b, h, q, k: (k <= q) & (q // window == k // window)
