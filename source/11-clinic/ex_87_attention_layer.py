"""### Repair: the path that nobody tested

This layer has a fast path, which is right. It is left where the weights are asked for as well, or where the arrays \
do not have four axes; and there the mask is missing.

Repair `attention_layer(Q, K, V, is_causal, with_weights)`: `Q`, `K` `(..., T, d)`, `V` `(..., T, d_v)`, and two \
values that are True or False. Return `(output, weights)`:

- `output` `(..., T, d_v)`, an attention over all keys, or a causal attention where `is_causal` is True;
- `weights` `(..., T, T)`, those that make this output, where `with_weights` is True; otherwise `None`.

Scores may be large. The inputs stay as they are.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.attention_cases import hidden_far_above, queries_and_keys
from autograder.exercise.exercise import Exercise, Misconception, case
from autograder.exercise.results import Array, OrNone, Tuple

exercise = Exercise(
    topic="fixing an attention",
    answer=Tuple(output=Array(), weights=OrNone(Array(exact_zeros=True))),
    hints=(
        "Which calls leave the fast path, and what hides the future there?",
        "is_causal has to come into both paths, before the softmax.",
        "In front of the last two lines: if is_causal: scores = np.where(np.tri(T, dtype=bool), scores, -np.inf)",
    ),
)
OTHER_PATH_OPEN = Misconception(
    "slow_path_without_mask",
    "The slow path has no mask",
    "On the slow path every query sees every key, although `is_causal` is True.",
    (
        "Which calls leave the fast path, and what hides the future there?",
        "is_causal has to come into both paths, before the softmax.",
        "if is_causal: scores = np.where(np.tri(T, dtype=bool), scores, -np.inf)",
    ),
)


@exercise.solution
def attention_layer(Q, K, V, is_causal, with_weights):
    """Q, K (..., T, d), V (..., T, d_v) -> (output (..., T, d_v), weights (..., T, T) or None)."""
    scores = Q @ np.swapaxes(K, -1, -2) / np.sqrt(Q.shape[-1])  # (..., T, T)
    if is_causal:
        scores = np.where(np.tri(Q.shape[-2], dtype=bool), scores, -np.inf)
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = e / e.sum(axis=-1, keepdims=True)
    return weights @ V, weights if with_weights else None


@exercise.mistake(OTHER_PATH_OPEN)
@exercise.starter
def broken(Q, K, V, is_causal, with_weights):
    """Q, K (..., T, d), V (..., T, d_v) -> (output (..., T, d_v), weights (..., T, T) or None)."""
    T, d = Q.shape[-2:]

    def softmax(scores):
        e = np.exp(scores - scores.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True)

    scores = Q @ np.swapaxes(K, -1, -2) / np.sqrt(d)  # (..., T, T)
    if Q.ndim == 4 and not with_weights:  # the fast path: one call of a fused kernel, which makes its own mask
        return softmax(scores + (np.where(np.tri(T, dtype=bool), 0.0, -np.inf) if is_causal else 0.0)) @ V, None
    weights = softmax(scores)
    return weights @ V, weights if with_weights else None


def _inputs(rng, *shape, d_v=2, size=1.0):
    *leading, T, d = shape
    return size * rng.normal(size=shape), size * rng.normal(size=shape), rng.normal(size=(*leading, T, d_v))


@exercise.part("Causal, on every path", points=1)
def causal(rng):
    Q, K, _ = _inputs(rng, 3, 2)
    yield case(Q, K, np.eye(3), True, True, note="the weights are asked for; V is the identity")
    yield case(*_inputs(rng, 3, 2), True, False, note="two axes")
    yield case(*_inputs(rng, 2, 4, 3), True, False, note="three axes")
    yield case(*_inputs(rng, 2, 2, 3, 4), True, True, note="four axes, and the weights are asked for")
    yield case(*_inputs(rng, 2, 2, 3, 4), True, False, note="four axes: the fast path")
    yield case(*_inputs(rng, 1, 3), True, True, note="one token")
    yield case(*_inputs(rng, 40, 3), True, True)
    yield case(*_inputs(rng, 5, 3, size=40.0), True, True, note="large scores")
    for scores, note in hidden_far_above(rng):
        yield case(*queries_and_keys(scores), rng.normal(size=(4, 2)), True, True, note=note)


@exercise.part("Not causal", points=1)
def not_causal(rng):
    Q, K, _ = _inputs(rng, 3, 2)
    yield case(Q, K, np.eye(3), False, True, note="the weights are asked for; V is the identity")
    yield case(*_inputs(rng, 3, 2), False, False, note="two axes")
    yield case(*_inputs(rng, 2, 3, 4, 3), False, False, note="four axes: the fast path")
    yield case(*_inputs(rng, 2, 3, 4, 3), False, True, note="four axes, and the weights are asked for")


@exercise.equivalent
def both_paths_kept(Q, K, V, is_causal, with_weights):
    T, d = Q.shape[-2:]
    scores = Q @ np.swapaxes(K, -1, -2) / np.sqrt(d)
    mask = np.where(np.tri(T, dtype=bool), 0.0, -np.inf) if is_causal else np.zeros((T, T))
    if Q.ndim == 4 and not with_weights:
        return _softmax(scores + mask) @ V, None
    weights = _softmax(scores + mask)
    return [weights @ V, weights if with_weights else None]


@exercise.equivalent
def query_by_query(Q, K, V, is_causal, with_weights):
    T, d = Q.shape[-2:]
    weights = np.zeros((*Q.shape[:-1], T))
    for i in range(T):
        end = i + 1 if is_causal else T
        s = np.einsum("...d,...kd->...k", Q[..., i, :], K[..., :end, :]) / d**0.5
        weights[..., i, :end] = np.exp(s - np.logaddexp.reduce(s, axis=-1, keepdims=True))
    return weights @ V, (weights if with_weights else None)


@exercise.equivalent
def fast_path_for_the_output(Q, K, V, is_causal, with_weights):
    def fused(Q, K, V):
        return broken(np.atleast_3d(Q)[None], K[None], V[None], is_causal, False)[0][0]

    flat = [x.reshape(-1, *x.shape[-2:]) for x in (Q, K, V)]
    output = fused(*flat).reshape(*Q.shape[:-1], V.shape[-1])
    if not with_weights:
        return output, None
    eye = np.broadcast_to(np.eye(Q.shape[-2]), (len(flat[0]), Q.shape[-2], Q.shape[-2]))
    return output, fused(flat[0], flat[1], eye).reshape(*Q.shape[:-1], Q.shape[-2])


def _softmax(scores):
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _layer(Q, K, V, is_causal, with_weights, weights=None, allowed=np.tri, scale=None):
    T, d = Q.shape[-2:]
    scores = Q @ np.swapaxes(K, -1, -2) / (scale or np.sqrt(d))
    mask = allowed(T).astype(bool) if is_causal else np.ones((T, T), dtype=bool)
    made = _softmax(np.where(mask, scores, -np.inf)) if weights is None else weights(scores, mask)
    return made @ V, made if with_weights else None


@exercise.mistake("The mask is there, whatever is_causal says")
def always_causal(Q, K, V, is_causal, with_weights):
    """The future is hidden on the slow path. But it is hidden too where `is_causal` is False.

    - What does somebody ask for who says is_causal=False?
    - Put the mask under if is_causal.
    """
    return (
        broken(Q, K, V, is_causal, False) if Q.ndim == 4 and not with_weights else _layer(Q, K, V, True, with_weights)
    )


@exercise.mistake(always_causal)
def never_open(Q, K, V, is_causal, with_weights):
    return _layer(Q, K, V, True, with_weights)


@exercise.mistake("The fast path lost its mask")
def mask_moved(Q, K, V, is_causal, with_weights):
    """The mask went from the fast path to the slow one, and now it is missing there.

    - Which path does an array with four axes take?
    - Both paths need the mask.
    """
    fast = Q.ndim == 4 and not with_weights
    return _layer(Q, K, V, is_causal and not fast, with_weights)


@exercise.mistake("One way to the slow path was forgotten")
def only_with_weights(Q, K, V, is_causal, with_weights):
    """Where the weights are asked for, the mask is there. But arrays with two or three axes take the slow path too.

    - When does a call leave the fast path?
    - The mask has to be there in both cases.
    """
    return _layer(Q, K, V, is_causal, True) if with_weights else broken(Q, K, V, is_causal, False)


@exercise.mistake(only_with_weights)
def only_without_weights(Q, K, V, is_causal, with_weights):
    """Without weights the mask is there now. But a call that asks for the weights still sees the future."""
    return broken(Q, K, V, is_causal, True) if with_weights else _layer(Q, K, V, is_causal, False)


@exercise.mistake("The weights are not those of the output")
def weights_without_mask(Q, K, V, is_causal, with_weights):
    """The output is right, and the weights that come with it were computed without the mask.

    - Does weights @ V give your output?
    - Mask the scores once, and use the weights for both results.
    """
    output = _layer(Q, K, V, is_causal, False)[0]
    return output, _softmax(Q @ np.swapaxes(K, -1, -2) / np.sqrt(Q.shape[-1])) if with_weights else None


@exercise.mistake(weights_without_mask)
def output_without_mask(Q, K, V, is_causal, with_weights):
    """The weights are right, and the output was computed without the mask."""
    weights = _layer(Q, K, V, is_causal, True)[1]
    if Q.ndim == 4 and not with_weights:
        return weights @ V, None
    return broken(Q, K, V, False, False)[0], weights if with_weights else None


@exercise.mistake("The weights were given up")
def fast_path_only(Q, K, V, is_causal, with_weights):
    """Every call takes the fast path. Nothing of the future is seen, and the weights that were asked for are missing.

    - What does a caller get who says with_weights=True?
    - Return the weights of the masked scores.
    """
    return _layer(Q, K, V, is_causal, False)


@exercise.mistake("The weights come unasked")
def weights_always(Q, K, V, is_causal, with_weights):
    """The numbers are right. But without with_weights the second result is None.

    - What does the caller expect who did not ask for weights?
    - weights if with_weights else None
    """
    return _layer(Q, K, V, is_causal, True)


@exercise.mistake(mc.MASK_AFTER_SOFTMAX)
def masked_afterwards(Q, K, V, is_causal, with_weights):
    fast = Q.ndim == 4 and not with_weights
    return _layer(Q, K, V, is_causal, with_weights, weights=None if fast else lambda s, mask: _softmax(s) * mask)


def _normalised_again(scores, mask):
    kept = _softmax(scores) * mask
    return kept / kept.sum(axis=-1, keepdims=True)


exercise.add_mistakes(
    (mc.MAX_BEFORE_MASK, lambda *args: _layer(*args, weights=_normalised_again)),
    (mc.FILL_ZERO, lambda *args: _layer(*args, weights=lambda s, mask: _softmax(np.where(mask, s, 0.0)))),
    (mc.FILL_WEAK, lambda *args: _layer(*args, weights=lambda s, mask: _softmax(np.where(mask, s, -100.0)))),
    (mc.ONE_AHEAD, lambda *args: _layer(*args, allowed=lambda T: np.tri(T, k=1))),
    (mc.TRANSPOSED, lambda *args: _layer(*args, allowed=lambda T: np.tri(T).T)),
    (mc.NO_SCALE, lambda *args: _layer(*args, scale=1.0)),
)


exercise.equivalent_mutant(
    "np.tri(Q.shape[-2], dtype=bool) -> np.tri(Q.shape[-2])", because="np.where takes any number but 0 for True"
)
