"""### Any mask, and rows with nothing in them

Write `masked_softmax(scores, allowed)`: a softmax along the last axis over the allowed keys only. `scores` is `(..., T_q, T_k)`; `allowed` is boolean and broadcasts to it in any way: `(T_q, T_k)`, `(T_k,)`, `(B, 1, 1, T_k)` ...

Every row sums to 1, hidden keys get exactly 0. A row in which **nothing** is allowed (a query on padding, say) gives zeros, never NaN. Neither a huge score at a hidden key nor large allowed scores may disturb the result. The inputs stay as they are.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.attention_probes import BATCH
from autograder.exercise.exercise import Exercise, Misconception, Probe, case
from autograder.exercise.results import Array

FILL_WEAK = mc.FILL_WEAK.with_text("A hidden score was set to a number that real scores can come near, so hidden keys get some weight.")


def _lone_key_below_one(answer):
    return 0.5 < np.asarray(answer(np.zeros((1, 2)), np.array([[True, False]])))[0, 0] < 1


def _hidden_key_seen(answer):
    """A hidden key gets a little weight, or one whose row sinks gets all."""
    low = np.array([[-2e5, 0.0]])
    return any(0 < np.asarray(answer(scores, np.array([[True, False]])))[0, 1] <= 1 for scores in (0 * low, low))


def _another_in_a_batch(answer):
    scores = np.arange(24.0).reshape(2, 3, 4) % 5
    together = np.asarray(answer(scores, np.tri(3, 4, dtype=bool)))
    return together.shape != scores.shape or not np.allclose(together[1], answer(scores[1], np.tri(3, 4, dtype=bool)))


exercise = Exercise(
    topic="masked softmax",
    answer=Array(exact_zeros=True),
    probes=(
        Probe(FILL_WEAK, _hidden_key_seen),
        Probe(mc.EPSILON, _lone_key_below_one),
        Probe(BATCH, _another_in_a_batch),
    ),
    hints=(
        "What is the maximum of a row of -inf, and what is -inf - (-inf)?",
        "Mask, subtract a finite maximum, exp, and divide only where the sum is not 0.",
        "top = masked.max(-1, keepdims=True); top = np.where(np.isfinite(top), top, 0); total = e.sum(...); e / np.where(total > 0, total, 1)",
    ),
)


@exercise.solution
def masked_softmax(scores, allowed):
    """scores (..., T_q, T_k), allowed broadcasts to it -> weights; a row with nothing allowed is all zeros."""
    masked = np.where(allowed, scores, -np.inf)
    top = masked.max(axis=-1, keepdims=True)
    e = np.exp(masked - np.where(np.isfinite(top), top, 0.0))
    total = e.sum(axis=-1, keepdims=True)
    return e / np.where(total > 0, total, 1.0)


@exercise.part("Two and three queries", points=1)
def by_hand(rng):
    yield case(np.log([[1.0, 3.0, 4.0], [1.0, 2.0, 5.0]]), np.array([[True, True, False], [True, True, True]]), note="logarithms: row 0 is 1/4, 3/4, 0")
    yield case(np.log([[1.0, 3.0, 4.0], [2.0, 1.0, 2.0], [1.0, 2.0, 5.0]]), np.array([[True] * 3, [False] * 3, [False, True, True]]), note="row 1 has nothing")


@exercise.part("Any mask that broadcasts", points=1)
def broadcasts(rng):
    yield case(rng.normal(size=(4, 4)), np.tri(4, dtype=bool))
    yield case(rng.normal(size=(3, 5)), np.array([True, False, True, True, False]), note="one mask for all queries")
    yield case(rng.normal(size=(4, 4)), np.array([True, False, True, True]), note="one mask for all queries, as many as keys")
    yield case(rng.normal(size=(3, 5)), np.array([[False, True, True, False, True]]), note="a mask of shape (1, T_k)")
    yield case(rng.normal(size=(3, 3, 3)), np.array([[True, True, False], [True, False, False], [True, True, True]])[:, None], note="as many in the batch as queries")
    yield case(rng.normal(size=(2, 3, 5, 5)), np.tri(5, dtype=bool))
    lengths = np.array([2, 4])
    yield case(rng.normal(size=(2, 3, 4, 4)), np.arange(4) < lengths[:, None, None, None], note="padding: (B, 1, 1, T_k)")
    yield case(rng.normal(size=(2, 4, 4)), (np.arange(4) < lengths[:, None, None]) & np.tri(4, dtype=bool))
    yield case(rng.normal(size=(2, 5)), np.tri(2, 5, k=3, dtype=bool), note="fewer queries than keys")
    yield case(rng.normal(size=(1, 1)), np.array([[True]]))
    yield case(rng.integers(-1, 2, size=(4, 5)).astype(float), rng.random((4, 5)) < 0.6)
    yield case(rng.normal(size=(3, 70)), rng.random((3, 70)) < 0.8, note="70 keys")


@exercise.part("Empty rows and extreme scores", points=1)
def extremes(rng):
    # Quarters: float32 holds every one of these scores exactly.
    s, causal = rng.integers(-8, 9, size=(4, 4)) / 4, np.tri(4, dtype=bool)
    yield case(s, np.zeros((4, 4), dtype=bool), note="nothing allowed anywhere")
    yield case(rng.normal(size=(2, 3, 3)), np.array([[[True] * 3, [False] * 3, [True, False, True]]] * 2))
    yield case(s + 3000.0 * ~causal, causal, note="huge scores at hidden keys")
    yield case(s - 40.0, causal, note="all scores near -40")
    yield case(np.array([[1000.0, 900.0, 0.0]]), np.array([[True, True, False]]), note="900 and 1000 side by side")
    yield case(s + np.array([[900.0], [-900.0], [0.0], [30000.0]]), causal, note="rows at very different levels")
    yield case(np.array([[800.0, -800.0, 0.0], [-200000.0, -200001.0, 5.0]]), np.array([[True, True, False]] * 2), note="allowed scores far below -100000")


@exercise.equivalent
def row_by_row(scores, allowed):
    allowed = np.broadcast_to(allowed, scores.shape)
    out = np.zeros(scores.shape)
    for index in np.ndindex(*scores.shape[:-1]):
        keys = np.flatnonzero(allowed[index])
        if keys.size:
            e = np.exp(scores[index][keys] - scores[index][keys].max())
            out[index][keys] = e / e.sum()
    return out


@exercise.equivalent
def with_initial_and_where(scores, allowed):
    keep = np.broadcast_to(allowed, scores.shape)
    top = np.max(scores, axis=-1, keepdims=True, where=keep, initial=-1e300)
    e = np.exp(scores - top, where=keep, out=np.zeros(scores.shape))
    total = e.sum(-1, keepdims=True)
    return np.divide(e, total, out=np.zeros(scores.shape), where=total > 0)


@exercise.equivalent
def finite_fill_then_zeroed(scores, allowed):
    s = np.where(allowed, scores, -1e300)
    e = np.exp(s - s.max(-1, keepdims=True)) * allowed
    return e / np.maximum(e.sum(-1, keepdims=True), 1e-300)


@exercise.equivalent
def logsumexp_and_nan_to_num(scores, allowed):
    s = np.where(allowed, scores, -np.inf)
    return np.nan_to_num(np.exp(s - np.logaddexp.reduce(s, axis=-1, keepdims=True)), nan=0.0).astype(np.float32).tolist()


def _softmax(s, axis=-1):
    e = np.exp(s - s.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def _where(scores, allowed, fill=-np.inf):
    return np.where(allowed, scores, fill)


exercise.mistake(mc.EMPTY_ROW_NAN)(lambda scores, allowed: _softmax(_where(scores, allowed)))
exercise.mistake(mc.EMPTY_ROW_UNIFORM)(lambda scores, allowed: _softmax(_where(scores, allowed, -1e9)))
exercise.mistake(
    mc.MAX_BEFORE_MASK,
    message="A huge hidden score sets the maximum, and the allowed weights underflow to 0: a key that nobody may see wipes them out.",
)(lambda scores, allowed: _safe_divide(np.exp(scores - scores.max(-1, keepdims=True)) * allowed))
exercise.mistake(mc.INVERTED)(lambda scores, allowed: masked_softmax(scores, ~np.asarray(allowed)))
exercise.mistake(mc.NO_MASK, message="The mask is ignored: hidden keys get weight.")(lambda scores, allowed: _softmax(scores))
exercise.mistake(mc.MASK_AFTER_SOFTMAX, message="The weights were set to 0 after dividing, so the rows don't sum to 1.")(
    lambda scores, allowed: _softmax(scores) * allowed
)
exercise.mistake(mc.FILL_ZERO)(lambda scores, allowed: _softmax(scores * allowed))
exercise.mistake(FILL_WEAK)(lambda scores, allowed: _softmax(_where(scores, allowed, -10.0)) * np.any(allowed, axis=-1, keepdims=True))
exercise.mistake(mc.FILL_WEAK, message="-1e5 looks low, but allowed scores can be lower still; then hidden keys win.")(
    lambda scores, allowed: _softmax(_where(scores, allowed, -1e5)) * np.any(allowed, axis=-1, keepdims=True)
)
exercise.mistake(mc.FILL_WEAK, message="Hidden keys are set to 0 at the end, but before that they took part in the row's sum, with a score that allowed ones can come near.")(
    lambda scores, allowed: _softmax(_where(scores, allowed, -10.0)) * allowed
)
exercise.mistake(mc.FILL_WEAK, message="-1e5 looks low, but allowed scores can be lower still: then the fill sets the maximum, and every allowed weight underflows to 0.")(
    lambda scores, allowed: _softmax(_where(scores, allowed, -1e5)) * allowed
)
exercise.mistake(mc.EMPTY_ROW_UNIFORM, message="A large negative number was added to the hidden scores. In a row where every key is hidden it cancels: the row attends to hidden keys.")(
    lambda scores, allowed: _softmax(scores - 1e9 * ~np.asarray(allowed))
)
exercise.mistake(mc.CLIPPED)(lambda scores, allowed: _safe_divide(np.exp(np.clip(scores, -700, 700)) * allowed))
exercise.mistake(
    Misconception("only_empty_masks", "Only a wholly empty mask is taken care of", "The result is zeros where *every* row is empty; each row has to be looked at alone.",
                  ("Can one row be empty and the next one not?", "Look at each row's own sum.", "keepdims=True along axis -1"))
)(lambda scores, allowed: np.zeros(scores.shape) if not np.any(allowed) else _softmax(_where(scores, allowed)))  # fmt: skip
exercise.mistake(mc.WRONG_AXIS)(lambda scores, allowed: np.nan_to_num(_softmax(_where(scores, allowed), axis=-2)))
exercise.mistake(
    Misconception("causal_assumed", "A causal mask was added", "The mask is what `allowed` says, nothing more.",
                  ("Is this function asked about the future?", "Only `allowed` counts.", "Leave out the triangle."))
)(lambda scores, allowed: masked_softmax(scores, np.asarray(allowed) & np.tri(*scores.shape[-2:], dtype=bool)))  # fmt: skip
exercise.mistake(
    Misconception("mask_not_broadcast", "The mask has to have the scores' shape", "An index such as scores[~allowed] fails when the mask is smaller than the scores.",
                  ("What is the shape of (T,) and (B, H, T, T) together?", "np.where broadcasts by itself.", "np.where(allowed, scores, -np.inf)"))
)(lambda scores, allowed: _indexed(scores, allowed))  # fmt: skip


def _safe_divide(e):
    total = e.sum(axis=-1, keepdims=True)
    return e / np.where(total > 0, total, 1.0)


def _indexed(scores, allowed):
    s = scores.copy()
    s[~allowed] = -np.inf
    return masked_softmax(s, True)


@exercise.mistake(mc.EPSILON, message="A small number in the denominator makes every row sum to less than 1.")
def epsilon(scores, allowed):
    masked = _where(scores, allowed)
    top = masked.max(axis=-1, keepdims=True)
    e = np.exp(masked - np.where(np.isfinite(top), top, 0.0))
    return e / (e.sum(axis=-1, keepdims=True) + 1e-3)


@exercise.mistake(mc.NO_MAX)
def no_max(scores, allowed):
    return _safe_divide(np.exp(_where(scores, allowed)))


@exercise.mistake(mc.NO_MAX)
def no_max_painted_over(scores, allowed):
    e = np.exp(_where(scores, allowed))
    return np.nan_to_num(e / e.sum(axis=-1, keepdims=True))


@exercise.mistake(mc.MAX_AT_LEAST_ZERO)
def maximum_at_least_zero(scores, allowed):
    masked = _where(scores, allowed)
    return _safe_divide(np.exp(masked - masked.max(axis=-1, keepdims=True, initial=0.0)))


@exercise.mistake(mc.GLOBAL_MAX)
def global_max(scores, allowed):
    masked = _where(scores, allowed)
    top = masked.max()
    return _safe_divide(np.exp(masked - (top if np.isfinite(top) else 0.0)))


@exercise.mistake(mc.CHANGES_INPUTS)
def in_place(scores, allowed):
    np.copyto(scores, -np.inf, where=~np.broadcast_to(allowed, scores.shape))
    return masked_softmax(scores, True)


@exercise.mistake(mc.ONLY_FIRST_IN_BATCH)
def only_first(scores, allowed):
    first = np.broadcast_to(allowed, scores.shape)[(0,) * (scores.ndim - 2)]
    return masked_softmax(scores, first)


@exercise.mistake(
    Misconception("query_axis_masked", "Queries were masked instead of keys", "The mask was turned, so it hides rows instead of columns.",
                  ("Which axis counts keys?", "The last one.", "Use allowed as it is."))
)  # fmt: skip
def turned(scores, allowed):
    full = np.broadcast_to(allowed, scores.shape)
    if scores.shape[-1] != scores.shape[-2]:
        full = np.broadcast_to(full[..., :1], scores.shape)
        return masked_softmax(scores, full)
    return masked_softmax(scores, np.swapaxes(full, -1, -2))


exercise.equivalent_mutant("0 -> 1", because="after subtracting the maximum a row's sum is at least 1, or 0")
exercise.equivalent_mutant("0.0 -> 1.0", because="any finite number does for a row that is all -inf")
exercise.equivalent_mutant("1.0 -> 2.0", because="0 divided by anything is 0")
