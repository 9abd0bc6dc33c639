"""### Apply the mask

Write `apply_mask(scores, mask)`. `scores` is `(..., T_q, T_k)`, already scaled; `mask` is additive, it holds only `0` \
and `-inf`, and
its last two axes are `(T_q, T_k)` too. Return the masked scores, ready for the softmax: a score where the mask is \
`0`, and `-inf` where it is `-inf`.

- Leading axes (batch, heads) broadcast: one `(T, T)` mask serves a whole batch, and `(B, 1, T, T)` gives each text \
its own.
- Any pattern may come, not only the causal one; `T_q` and `T_k` may differ, and may be 1.
- The inputs stay as they are.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, Probe, case
from autograder.exercise.masks import causal

FINITE = mc.LARGE_NEGATIVE.with_text(
    "The pattern is right, but -inf became a large finite number on the way; huge scores can come near it."
)


def _finite_fill(answer):
    masked = np.asarray(answer(np.ones((2, 2)), np.where(causal(2), 0.0, -np.inf)))
    return np.array_equal(masked[causal(2)], np.ones(3)) and -np.inf < masked[0, 1] < -1000


exercise = Exercise(
    topic="applying a causal mask to attention scores",
    probes=(Probe(FINITE, _finite_fill),),
    hints=(
        "What is 2.5 + 0? What is 2.5 + (-inf)?",
        "masked = scores + mask, and NumPy broadcasts the leading axes by itself.",
        "One line, and no += on an argument: that would change the caller's scores.",
    ),
)


@exercise.solution
def apply_mask(scores, mask):
    """(..., T_q, T_k), (..., T_q, T_k) additive -> the masked scores; broadcasts, inputs unchanged."""
    return scores + mask


def _additive(allowed):
    return np.where(allowed, 0.0, -np.inf)


def _scores(rng, *shape):
    return np.round(rng.normal(size=shape) * 2, 1)


@exercise.part("Three tokens by hand", points=1)
def by_hand(rng):
    scores = np.array([[1.0, 2.0, 3.0], [0.0, -1.5, 2.0], [0.5, 0.0, 4.0]])
    yield case(scores, _additive(causal(3)), note="two scores are exactly 0, and they are allowed")
    yield case(_scores(rng, 5, 5), _additive(causal(5)))


@exercise.part("Any pattern and shape", points=1)
def any_pattern(rng):
    yield case(
        _scores(rng, 3, 3), _additive(np.array([[1, 1, 0], [0, 1, 1], [1, 0, 1]])), note="a pattern that is not causal"
    )
    yield case(_scores(rng, 2, 4), _additive(causal(4)[2:]), note="two queries, four keys")
    yield case(np.array([[-3.0]]), np.array([[0.0]]))
    yield case(np.array([[1.5, -2.0, 0.0]]), np.full((1, 3), -np.inf), note="everything is hidden")
    yield case(np.array([[9e8, -9e8], [-5e12, 7e12]]), _additive(causal(2)), note="huge scores")
    yield case(_scores(rng, 9, 9), _additive(rng.random((9, 9)) < 0.6))


@exercise.part("In a batch, with heads", points=1)
def in_a_batch(rng):
    yield case(_scores(rng, 2, 3, 3), _additive(causal(3)), note="a batch of 2, one mask for both")
    yield case(_scores(rng, 3, 3, 3), _additive(causal(3)), note="a batch of 3 texts with 3 tokens")
    yield case(_scores(rng, 2, 3, 4, 4), _additive(causal(4)), note="a batch of 2 with 3 heads")
    yield case(
        _scores(rng, 2, 3, 4, 4), _additive(rng.random((2, 1, 4, 4)) < 0.7), note="each text has a mask of its own"
    )
    yield case(_scores(rng, 1, 2, 5), _additive(causal(5)[3:]))
    yield case(_scores(rng, 4, 4), _additive(rng.random((3, 4, 4)) < 0.7), note="three masks for the same scores")


@exercise.equivalent
def with_where(scores, mask):
    return np.where(mask == 0, scores, -np.inf)


@exercise.equivalent
def on_a_copy(scores, mask):
    scores, mask = np.broadcast_arrays(scores, mask)
    masked = scores.copy()
    masked[np.isneginf(mask)] = -np.inf
    return masked


@exercise.equivalent
def with_loops(scores, mask):
    shape = np.broadcast_shapes(scores.shape, mask.shape)
    scores, mask = np.broadcast_to(scores, shape), np.broadcast_to(mask, shape)
    masked = np.empty(shape)
    for index in np.ndindex(*shape):
        masked[index] = float(scores[index]) if mask[index] == 0 else float("-inf")
    return masked.tolist()


@exercise.equivalent
def the_smaller_one(scores, mask):
    return np.minimum(scores, np.where(mask < 0, mask, np.inf))


@exercise.equivalent
def in_float32(scores, mask):
    return scores.astype(np.float32) + mask.astype(np.float32)


@exercise.mistake(mc.NO_MASK)
def no_mask(scores, mask):
    """The scores came back as they were. `scores + mask` makes a new array: return that one.

    - What happens to the array that `scores + mask` makes?
    - masked = scores + mask
    - return scores + mask
    """
    return scores.copy()


@exercise.mistake(mc.CHANGES_INPUTS)
def in_place(scores, mask):
    """`scores += mask` writes into the caller's array: afterwards the unmasked scores are gone, and a second mask would
    come on top.

    - What does += do to the array that was passed in?
    - `scores + mask` makes a new array; `scores += mask` changes the old one.
    - return scores + mask
    """
    if np.broadcast_shapes(scores.shape, mask.shape) != scores.shape:
        return scores + mask
    scores += mask
    return scores


@exercise.mistake(mc.FILL_ZERO)
def fill_zero(scores, mask):
    return np.where(mask == 0, scores, 0.0)


@exercise.mistake(mc.ADDITIVE_AS_BOOLEAN)
def additive_as_boolean(scores, mask):
    """bool(-inf) is True and bool(0.0) is False, so what should be hidden is kept, and the rest is hidden."""
    return np.where(mask, scores, -np.inf)


@exercise.mistake(mc.FILL_PLUS_INF)
def fill_plus_inf(scores, mask):
    """The mask was subtracted: minus -inf is +inf, so the hidden keys would get all the weight.

    - What is 2.5 - (-inf)?
    - The additive mask is added.
    - scores + mask
    """
    return scores - mask


@exercise.mistake("The mask was multiplied")
def mask_multiplied(scores, mask):
    """This mask is made for adding: times 0, every allowed score is lost, and times -inf gives an infinity of either
    sign, or NaN.

    - What is 2.5 * 0?
    - An additive mask leaves a score alone by adding 0.
    - Use +, not *.
    """
    return scores * mask


@exercise.mistake(FINITE)
def finite(scores, mask):
    return np.where(mask == 0, scores, -1e9)


@exercise.mistake(mc.TRANSPOSED)
def transposed(scores, mask):
    """The mask was transposed before it was added: a query's row got a key's column.

    - Which axis of the mask counts queries?
    - Mask and scores have the same axes: queries, then keys.
    - Leave the mask as it is.
    """
    return scores + np.swapaxes(mask, -1, -2)


@exercise.mistake("The mask that was passed in plays no part")
def own_causal_mask_used(scores, mask):
    """The code builds a causal mask of its own; any other pattern is lost.

    - Where does `mask` enter your code?
    - masked = scores + mask
    - Use the argument; don't build a triangle here.
    """
    return scores + _additive(np.tri(*scores.shape[-2:], scores.shape[-1] - scores.shape[-2]))


@exercise.mistake("That is one step too far")
def softmax_included(scores, mask):
    """These are weights. Here only the masked scores are wanted; the softmax is the next step.

    - Which line comes before the softmax?
    - masked = scores + mask
    - Return the sum itself.
    """
    return _softmax(scores + mask)


@exercise.mistake(mc.SCALED_TWICE)
def scaled_twice(scores, mask):
    """The scores come already scaled; here they were divided once more."""
    return scores / np.sqrt(scores.shape[-1]) + mask


exercise.add_mistakes(
    (mc.FLOAT16, lambda scores, mask: (scores.astype(np.float16) + mask).astype(np.float16)),
    (mc.INTEGERS_INSIDE, lambda scores, mask: scores.astype(int) + mask),
)


@exercise.mistake(mc.ZERO_AS_SENTINEL)
def zero_as_sentinel(scores, mask):
    kept = scores * (mask == 0)
    return np.where(kept == 0, -np.inf, kept)


@exercise.mistake(mc.ONLY_FIRST_IN_BATCH)
def only_first(scores, mask):
    masked = np.broadcast_to(scores, np.broadcast_shapes(scores.shape, mask.shape)).copy()
    first = (0,) * (masked.ndim - 2)
    masked[first] = (scores + mask)[first]
    return masked


@exercise.mistake("Every text got the first text's mask")
def first_mask_for_all(scores, mask):
    """A mask with a batch axis holds a pattern for each text; only the first was used.

    - What is in mask[1]?
    - (B, 1, T, T) broadcasts against (B, H, T, T) by itself.
    - Don't index the mask's leading axes.
    """
    return scores + mask[(0,) * (mask.ndim - 2)] + np.zeros((*mask.shape[:-2], 1, 1))


@exercise.mistake("Right for two axes only")
def batch_unrolled_by_hand(scores, mask):
    """The loops count on exactly two axes, so a batch breaks it.

    - What is len(scores) when scores is (B, H, T, T)?
    - scores + mask works for any number of leading axes.
    - Replace the loops by one addition.
    """
    T_q, T_k = scores.shape
    return [[scores[i, j] + mask[i, j] for j in range(T_k)] for i in range(T_q)]


def _softmax(scores):
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@exercise.warning(
    "Right for 0 and -inf. Some masks also hold finite numbers (ALiBi lowers far keys a little); a plain "
    "`scores + mask` serves them too."
)
def finite_entries(rng):
    yield case(_scores(rng, 3, 3), np.array([[0.0, -np.inf, -np.inf], [-0.5, 0.0, -np.inf], [-1.0, -0.5, 0.0]]))
