"""The mistakes of `masked_softmax`."""

import numpy as np

from autograder.exercise import misconceptions as mc

from .ex_20_masked_softmax import FILL_WEAK, exercise, masked_softmax


def _softmax(s, axis=-1):
    e = np.exp(s - s.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def _where(scores, allowed, fill=-np.inf):
    return np.where(allowed, scores, fill)


exercise.add_mistakes(
    (mc.EMPTY_ROW_NAN, lambda scores, allowed: _softmax(_where(scores, allowed))),
    (mc.EMPTY_ROW_UNIFORM, lambda scores, allowed: _softmax(_where(scores, allowed, -1e9))),
)


@exercise.mistake(mc.MAX_BEFORE_MASK)
def max_before_mask(scores, allowed):
    """A huge hidden score sets the maximum, and the allowed weights underflow to 0: a key that nobody may see wipes
    them out.
    """
    return _safe_divide(np.exp(scores - scores.max(-1, keepdims=True)) * allowed)


@exercise.mistake(mc.INVERTED)
def inverted(scores, allowed):
    return masked_softmax(scores, ~np.asarray(allowed))


@exercise.mistake(mc.NO_MASK)
def no_mask(scores, allowed):
    """The mask is ignored: hidden keys get weight."""
    return _softmax(scores)


@exercise.mistake(mc.MASK_AFTER_SOFTMAX)
def mask_after_softmax(scores, allowed):
    """The weights were set to 0 after dividing, so the rows don't sum to 1."""
    return _softmax(scores) * allowed


@exercise.mistake(mc.FILL_ZERO)
def fill_zero(scores, allowed):
    return _softmax(scores * allowed)


@exercise.mistake(FILL_WEAK)
def fill_weak(scores, allowed):
    return _softmax(_where(scores, allowed, -10.0)) * np.any(allowed, axis=-1, keepdims=True)


@exercise.mistake(mc.FILL_WEAK)
def fill_too_high(scores, allowed):
    """-1e5 looks low, but allowed scores can be lower still; then hidden keys win."""
    return _softmax(_where(scores, allowed, -1e5)) * np.any(allowed, axis=-1, keepdims=True)


@exercise.mistake(mc.FILL_WEAK)
def fill_weak_and_hidden_after(scores, allowed):
    """Hidden keys are set to 0 at the end, but before that they took part in the row's sum, with a score that allowed
    ones can come near.
    """
    return _softmax(_where(scores, allowed, -10.0)) * allowed


@exercise.mistake(mc.FILL_WEAK)
def fill_too_high_and_hidden_after(scores, allowed):
    """-1e5 looks low, but allowed scores can be lower still: then the fill sets the maximum, and every allowed weight
    underflows to 0.
    """
    return _softmax(_where(scores, allowed, -1e5)) * allowed


@exercise.mistake(mc.EMPTY_ROW_UNIFORM)
def empty_row_uniform(scores, allowed):
    """A large negative number was added to the hidden scores. In a row where every key is hidden it cancels: the row
    attends to hidden keys.
    """
    return _softmax(scores - 1e9 * ~np.asarray(allowed))


@exercise.mistake(mc.CLIPPED)
def clipped(scores, allowed):
    return _safe_divide(np.exp(np.clip(scores, -700, 700)) * allowed)


@exercise.mistake("Only a wholly empty mask is taken care of")
def only_empty_masks(scores, allowed):
    """The result is zeros where *every* row is empty; each row has to be looked at alone.

    - Can one row be empty and the next one not?
    - Look at each row's own sum.
    - keepdims=True along axis -1
    """
    return np.zeros(scores.shape) if not np.any(allowed) else _softmax(_where(scores, allowed))


@exercise.mistake(mc.WRONG_AXIS)
def wrong_axis(scores, allowed):
    return np.nan_to_num(_softmax(_where(scores, allowed), axis=-2))


@exercise.mistake("A causal mask was added")
def causal_assumed(scores, allowed):
    """The mask is what `allowed` says, nothing more.

    - Is this function asked about the future?
    - Only `allowed` counts.
    - Leave out the triangle.
    """
    return masked_softmax(scores, np.asarray(allowed) & np.tri(*scores.shape[-2:], dtype=bool))


@exercise.mistake("The mask has to have the scores' shape")
def mask_not_broadcast(scores, allowed):
    """An index such as scores[~allowed] fails when the mask is smaller than the scores.

    - What is the shape of (T,) and (B, H, T, T) together?
    - np.where broadcasts by itself.
    - np.where(allowed, scores, -np.inf)
    """
    return _indexed(scores, allowed)


def _safe_divide(e):
    total = e.sum(axis=-1, keepdims=True)
    return e / np.where(total > 0, total, 1.0)


def _indexed(scores, allowed):
    s = scores.copy()
    s[~allowed] = -np.inf
    return masked_softmax(s, True)


@exercise.mistake(mc.EPSILON)
def epsilon(scores, allowed):
    """A small number in the denominator makes every row sum to less than 1."""
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


@exercise.mistake("Queries were masked instead of keys")
def query_axis_masked(scores, allowed):
    """The mask was turned, so it hides rows instead of columns.

    - Which axis counts keys?
    - The last one.
    - Use allowed as it is.
    """
    full = np.broadcast_to(allowed, scores.shape)
    if scores.shape[-1] != scores.shape[-2]:
        full = np.broadcast_to(full[..., :1], scores.shape)
        return masked_softmax(scores, full)
    return masked_softmax(scores, np.swapaxes(full, -1, -2))
