"""### Repair: a prompt through the cache

This code is right for a step of one token, and wrong for a prompt.

Repair `cached_step(Q, K, V, cache)`. `Q`, `K` `(t, d)` and `V` `(t, d_v)` belong to the `t` newest tokens; `cache` is \
`None`, or the tuple `(K, V)` of the tokens before, which may be `t = 0` rows long. Return `(output, new_cache)`: the \
causal attention outputs `(t, d_v)` of the newest tokens over all tokens so far, and the cache with their keys and \
values at its end. The inputs stay as they are. Scores may be large.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, Misconception, case
from autograder.exercise.results import Array, Tuple

exercise = Exercise(
    topic="KV cache",
    answer=Tuple(output=Array(), cache=Tuple(K=Array(), V=Array())),
    hints=(
        "Of five tokens in a prompt, which may the second one see? And behind three tokens in a cache?",
        "The mask depends on how many queries and keys there are, and not on whether there is a cache.",
        "np.tri(t, T_k, k=T_k - t, dtype=bool), in every case",
    ),
)
ONE_TOKEN_ONLY = Misconception(
    "no_mask_with_a_cache",
    "Right for one new token only",
    "With a cache there is no mask. One new token needs none, but of several, each sees those that come after it.",
    (
        "Of five tokens in a prompt, which may the second one see?",
        "Query i of the t newest ones stands at position T_k - t + i.",
        "np.tri(t, T_k, k=T_k - t, dtype=bool), in every case",
    ),
)


@exercise.solution
def cached_step(Q, K, V, cache):
    """Q, K (t, d), V (t, d_v), cache (K, V) or None -> (output (t, d_v), new cache)."""
    if cache is not None:
        K, V = np.concatenate([cache[0], K]), np.concatenate([cache[1], V])
    t, T_k = len(Q), len(K)
    scores = Q @ K.T / np.sqrt(Q.shape[1])  # (t, T_k)
    scores = np.where(np.tri(t, T_k, k=T_k - t, dtype=bool), scores, -np.inf)
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights = weights / weights.sum(axis=1, keepdims=True)
    return weights @ V, (K, V)


@exercise.mistake(ONE_TOKEN_ONLY)
@exercise.starter
def broken(Q, K, V, cache):
    """Q, K (t, d), V (t, d_v), cache (K, V) or None -> (output (t, d_v), new cache)."""
    if cache is not None:
        K, V = np.concatenate([cache[0], K]), np.concatenate([cache[1], V])
    t, T_k = len(Q), len(K)
    scores = Q @ K.T / np.sqrt(Q.shape[1])  # (t, T_k)
    if cache is None:
        scores = np.where(np.tri(t, T_k, k=T_k - t, dtype=bool), scores, -np.inf)
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights = weights / weights.sum(axis=1, keepdims=True)
    return weights @ V, (K, V)


def _inputs(rng, t, seen, d=3, d_v=2, size=1.0):
    Q, K, V = size * rng.normal(size=(t, d)), size * rng.normal(size=(t, d)), rng.normal(size=(t, d_v))
    return Q, K, V, None if seen is None else (size * rng.normal(size=(seen, d)), rng.normal(size=(seen, d_v)))


@exercise.part("A prompt", points=1)
def prompt(rng):
    Q, K, _, cache = _inputs(rng, 3, 0, d=2, d_v=3)
    yield case(Q, K, np.eye(3), cache, note="three tokens, and an empty cache; V is the identity")
    yield case(*_inputs(rng, 4, None), note="no cache")
    yield case(*_inputs(rng, 1, 0), note="one token")
    yield case(*_inputs(rng, 9, 0, d=5, d_v=4))


@exercise.part("Behind other tokens", points=1)
def behind(rng):
    for t, seen in ((2, 3), (1, 5), (5, 1), (3, 3), (6, 40), (70, 2)):
        yield case(*_inputs(rng, t, seen))
    yield case(*_inputs(rng, 4, 3, size=30.0), note="large scores")
    Q, K, V, cache = _inputs(rng, 3, 2, d=2)
    yield case(
        Q * 0 + [300.0, 0.0], K * 0 + [-4000.0, 0.0], V, (cache[0] * 0 + [-4001.0, 0.0], cache[1]), note="very low"
    )


@exercise.equivalent
def with_loops(Q, K, V, cache):
    seen = 0 if cache is None else len(cache[0])
    keys = K if cache is None else np.vstack([cache[0], K])
    values = V if cache is None else np.vstack([cache[1], V])
    out = []
    for i, q in enumerate(Q):
        s = keys[: seen + i + 1] @ q / len(q) ** 0.5
        w = np.exp(s - s.max())
        out.append(w @ values[: seen + i + 1] / w.sum())
    return np.array(out), (keys, values)


@exercise.equivalent
def one_token_after_another(Q, K, V, cache):
    keys, values = ([], []) if cache is None else (list(cache[0]), list(cache[1]))
    out = []
    for q, k, v in zip(Q, K, V, strict=True):
        keys.append(k)
        values.append(v)
        s = np.array(keys) @ q / np.sqrt(q.size)
        out.append(np.exp(s - np.logaddexp.reduce(s)) @ np.array(values))
    return np.array(out), (np.array(keys), np.array(values))


@exercise.equivalent
def the_last_rows_of_a_square(Q, K, V, cache):
    if cache is not None:
        K, V = np.append(cache[0], K, axis=0), np.append(cache[1], V, axis=0)
    allowed = np.tri(len(K), dtype=bool)[-len(Q) :]
    z = np.where(allowed, np.einsum("qd,kd->qk", Q, K) / np.sqrt(Q.shape[1]), -np.inf)
    return np.exp(z - np.logaddexp.reduce(z, axis=1, keepdims=True)) @ V, [K, V]


def _step(Q, K, V, cache, allowed, fill=-np.inf):
    if cache is not None:
        K, V = np.concatenate([cache[0], K]), np.concatenate([cache[1], V])
    scores = np.where(allowed(len(Q), len(K)), Q @ K.T / np.sqrt(Q.shape[1]), fill)
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True) @ V, (K, V)


def _own(t, T_k):
    return np.tri(t, T_k, k=T_k - t, dtype=bool)


@exercise.mistake("The triangle starts at the wrong corner")
def top_left(Q, K, V, cache):
    """Query i sees keys 0 to i. Behind a cache it stands further right, and has to see all that the cache holds.

    - At which position does the first of the new tokens stand?
    - At T_k - t; a triangle can be moved to the right.
    - np.tri(t, T_k, k=T_k - t)
    """
    return _step(Q, K, V, cache, lambda t, T_k: np.tri(t, T_k, dtype=bool))


@exercise.mistake(mc.NO_MASK)
def no_mask(Q, K, V, cache):
    """A new token sees those that come after it, with a cache and without.

    - Of five tokens in a prompt, which may the second one see?
    - Query i of the t newest ones stands at position T_k - t + i.
    """
    return _step(Q, K, V, cache, lambda t, T_k: np.ones((t, T_k), dtype=bool))


@exercise.mistake(mc.ONE_AHEAD)
def one_ahead(Q, K, V, cache):
    return _step(Q, K, V, cache, lambda t, T_k: np.tri(t, T_k, k=T_k - t + 1, dtype=bool))


@exercise.mistake("The newest tokens see the cache only")
def own_keys_hidden(Q, K, V, cache):
    """The new tokens do not see each other: not those before them, and not their own key.

    - May the second token of a prompt see the first one?
    - All keys up to its own one, in the cache or not.
    """
    return _step(Q, K, V, cache, lambda t, T_k: _own(t, T_k) & ((np.arange(T_k) < T_k - t) | (T_k == t)))


@exercise.mistake("Masked where the cache is empty only")
def empty_cache_only(Q, K, V, cache):
    """A prompt of several tokens may also follow tokens in the cache: a second question, or a prompt in chunks.

    - Which mask do three new tokens get behind two old ones?
    - The mask depends on how many queries and keys there are.
    """
    first = cache is None or len(cache[0]) == 0
    return _step(Q, K, V, cache, _own if first else lambda t, T_k: np.ones((t, T_k), dtype=bool))


@exercise.mistake("The cache was not extended")
def cache_as_before(Q, K, V, cache):
    """The outputs are right, and the cache that is returned lacks the new keys and values.

    - What does the next step need to see?
    - The cache, with the new rows at its end.
    """
    return _step(Q, K, V, cache, _own)[0], (K, V)


@exercise.mistake(mc.FILL_ZERO)
def zero_fill(Q, K, V, cache):
    return _step(Q, K, V, cache, _own, fill=0.0)


@exercise.mistake(mc.FILL_WEAK)
def weak_fill(Q, K, V, cache):
    return _step(Q, K, V, cache, _own, fill=-1e4)


exercise.equivalent_mutant(
    "np.tri(t, T_k, k=T_k - t, dtype=bool) -> np.tri(t, T_k, k=T_k - t)",
    because="np.where takes any number but 0 for True",
)
