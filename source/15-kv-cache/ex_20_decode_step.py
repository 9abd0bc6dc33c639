"""### One step with a cache

Keys and values of past tokens never change, so they can be kept. One step of decoding then needs only the newest token.

Write `decode_step(q, k, v, cache)`: `q` and `k` are `(d,)`, `v` is `(d_v,)`, all of the newest token; `cache` is \
`None` at the start, or the tuple `(K, V)` of the tokens
before, `(t, d)` and `(t, d_v)`. Return `(output, new_cache)`: the attention output `(d_v,)` of the newest token over \
all tokens **including itself**, and the
cache with the new key and value at its end. The old cache stays as it is, and two texts may continue one \
cache: neither \
changes the cache of the other. Scores may be large.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.attention_mistakes import wrong_attentions
from autograder.exercise.attention_probes import SEVEN_DIGITS
from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array, InvalidResult, Tuple


def _kind(_q, _k, _v, cache):
    """Without a cache the only weight is exactly 1. What is kept in the cache is kept as it is."""
    kept = Array(rtol=SEVEN_DIGITS, atol=1e-12)
    output = Array(rtol=SEVEN_DIGITS, atol=1e-12) if cache is None else Array()
    return Tuple(output=output, cache=Tuple(K=kept, V=kept))


SHARED_STORAGE = "A cache was continued twice, and the second step overwrote the key or value of the first."

exercise = Exercise(
    topic="KV cache",
    answer=_kind,
    hints=(
        "What has to be in the cache before the query looks at it?",
        "K' = [K; k], V' = [V; v]; output = softmax(K' q / sqrt(d)) V'",
        "np.concatenate([K, k[None]]) adds a row; then scores = K @ q / np.sqrt(len(q)).",
    ),
)


@exercise.solution
def decode_step(q, k, v, cache):
    """q, k (d,), v (d_v,), cache (K (t, d), V (t, d_v)) or None -> (output (d_v,), new cache)."""
    K, V = (k[None], v[None]) if cache is None else (np.vstack([cache[0], k]), np.vstack([cache[1], v]))
    scores = K @ q / np.sqrt(len(q))  # (t + 1,)
    weights = np.exp(scores - scores.max())
    return weights @ V / weights.sum(), (K, V)


@exercise.adapt
def continued_twice(answer, q, k, v, cache):
    """The step; and two more from its cache, of which the second must leave the cache of the first as it is."""
    output, new = answer(q, k, v, cache)
    if cache is not None and _is_cache(new):
        first = answer(q, k + 1, v + 1, new)[1]
        if _is_cache(first):
            before = [np.array(part) for part in first]
            answer(q, k - 1, v - 1, new)
            if not all(map(np.array_equal, before, first)):
                raise InvalidResult("overwritten", SHARED_STORAGE)
    return output, new


def _is_cache(given):
    return isinstance(given, tuple | list) and len(given) == 2 and all(isinstance(part, np.ndarray) for part in given)


def _inputs(rng, t, d, d_v):
    q, k, v = rng.normal(size=d), rng.normal(size=d), rng.normal(size=d_v)
    cache = (rng.normal(size=(t, d)), rng.normal(size=(t, d_v))) if t else None
    return q, k, v, cache


@exercise.part("By hand", points=1)
def by_hand(rng):
    yield case(np.array([1.0, 0.0]), np.array([2.0, 1.0]), np.array([5.0, 6.0, 7.0]), None, note="the first token")
    cache = (np.array([[0.0, 0.0], [0.0, 1.0]]), np.array([[3.0, 0.0, 0.0], [0.0, 3.0, 0.0]]))
    yield case(
        np.zeros(2), np.array([1.0, 1.0]), np.array([0.0, 0.0, 3.0]), cache, note="q = 0: a plain mean of three values"
    )


@exercise.part("Any step", points=1)
def any_step(rng):
    for t, d, d_v in ((1, 4, 4), (4, 4, 4), (6, 3, 5), (9, 5, 2), (2, 1, 1), (3, 7, 2), (0, 6, 4), (40, 3, 4)):
        yield case(*_inputs(rng, t, d, d_v))
    q, k, v, cache = _inputs(rng, 4, 3, 3)
    q[0], k[0] = 40.0, 40.0
    yield case(q, k, v, cache, note="large scores")
    q, k, v, (K, V) = _inputs(rng, 3, 4, 3)
    q, k, K = np.array([0.0, 1.0, 0.0, 0.0]), np.array([0.0, -360512.0, 0.0, 0.0]), np.zeros((3, 4))
    K[:, 1] = [-360000.0, -361024.0, -361536.0]
    yield case(q, k, v, (K, V), note="every score below -100000; the first one is far ahead")


@exercise.equivalent
def with_loops(q, k, v, cache):
    K = ([] if cache is None else [row.tolist() for row in cache[0]]) + [k.tolist()]
    V = ([] if cache is None else [row.tolist() for row in cache[1]]) + [v.tolist()]
    s = [sum(a * b for a, b in zip(q, row, strict=True)) / len(q) ** 0.5 for row in K]
    e = [np.exp(x - max(s)) for x in s]
    out = [sum(w * row[c] for w, row in zip(e, V, strict=True)) / sum(e) for c in range(len(v))]
    return out, (K, V)


@exercise.equivalent
def with_append(q, k, v, cache):
    if cache is None:
        return v.copy(), [k.reshape(1, -1), v.reshape(1, -1)]
    K, V = np.append(cache[0], [k], axis=0), np.append(cache[1], [v], axis=0)
    z = np.einsum("td,d->t", K, q / np.sqrt(q.size))
    return np.exp(z - np.logaddexp.reduce(z)) @ V, [K, V]


@exercise.equivalent
def preallocated(q, k, v, cache):
    t = 0 if cache is None else len(cache[0])
    K, V = np.empty((t + 1, k.size)), np.empty((t + 1, v.size))
    if cache is not None:
        K[:t], V[:t] = cache
    K[t], V[t] = k, v
    w = np.exp((z := q @ K.T / q.size**0.5) - z.max())
    return (w / w.sum()) @ V, (K, V)


def _attend(q, K, V, scale=None):
    s = K @ q / (np.sqrt(len(q)) if scale is None else scale)
    w = np.exp(s - s.max())
    return w @ V / w.sum()


def _grown(k, v, cache):
    return (k[None], v[None]) if cache is None else (np.vstack([cache[0], k]), np.vstack([cache[1], v]))


@exercise.mistake("The newest token can't see itself")
def newest_key_missing(q, k, v, cache):
    """The query looked at the cache before the new key and value were in it.

    - May the newest token attend to itself?
    - Append first, then attend.
    - Use the grown K and V for the scores.
    """
    return (v if cache is None else _attend(q, *cache)), _grown(k, v, cache)


@exercise.mistake("The cache does not grow")
def cache_not_returned_grown(q, k, v, cache):
    """The old cache came back: the next step will not know this token.

    - What will the next token see of this one?
    - new cache = old cache and one more row
    - Return (K, V) after appending.
    """
    grown = _grown(k, v, cache)
    return _attend(q, *grown), (grown if cache is None else cache)


@exercise.mistake("The cache forgets the past")
def cache_forgets(q, k, v, cache):
    """Only the newest key and value were kept.

    - What will the next token see?
    - All tokens so far.
    - Append to the cache, don't replace it.
    """
    return _attend(q, *_grown(k, v, cache)), (k[None], v[None])


@exercise.mistake("The cache is not used")
def ignores_the_cache(q, k, v, cache):
    """The output is the new value alone: the past plays no part.

    - Which keys may the newest query see?
    - All of the cache and its own.
    - Score q against all rows of K.
    """
    return v, _grown(k, v, cache)


@exercise.mistake("Added at the wrong end")
def added_at_the_front(q, k, v, cache):
    """The newest token was put first; the order of the cache is the order of the text.

    - Which row belongs to position 0?
    - The newest token comes last.
    - [K; k], not [k; K]
    """
    grown = (k[None], v[None]) if cache is None else (np.vstack([k, cache[0]]), np.vstack([v, cache[1]]))
    return _attend(q, *grown), grown


@exercise.mistake("The query was cached")
def query_cached(q, k, v, cache):
    """The cache holds keys and values; past queries are never needed again.

    - Which of q, k and v does a later token need?
    - k and v
    - Append k.
    """
    return _attend(q, *_grown(k, v, cache)), _grown(q, v, cache)


@exercise.mistake("Keys and values are swapped")
def key_and_value_swapped(q, k, v, cache):
    """The values went where the keys belong.

    - In which order is the cache?
    - (K, V)
    - Return (K, V).
    """
    K, V = _grown(k, v, cache)
    return _attend(q, K, V), (V, K)


@exercise.mistake("Scaled by the number of tokens")
def scaled_by_cache_length(q, k, v, cache):
    """sqrt(t) was used; the width d of the vectors counts.

    - Over what does the dot product sum?
    - sqrt(d)
    - np.sqrt(len(q))
    """
    return (_attend(q, *_grown(k, v, cache), scale=len(_grown(k, v, cache)[0]) ** 0.5), _grown(k, v, cache))


@exercise.mistake("The cache begins with zeros")
def zeros_at_the_start(q, k, v, cache):
    """At the first token a row of zeros stood in the cache already; the query attends to it.

    - How many keys does the first query see?
    - One: its own.
    - An empty cache has no rows: np.empty((0, d))
    """
    K, V = _grown(k, v, (np.zeros((1, len(k))), np.zeros((1, len(v)))) if cache is None else cache)
    return _attend(q, K, V), (K, V)


@exercise.mistake("The output was cached")
def output_cached(q, k, v, cache):
    """The output went into the cache in place of the value; later tokens mix values, not outputs.

    - What do later tokens mix?
    - V' = [V; v]
    - Append v.
    """
    output = _attend(q, *_grown(k, v, cache))
    return output, _grown(k, output, cache)


@exercise.mistake("Only the newest keys were read")
def old_keys_not_read(q, k, v, cache):
    """The cache is whole, but the query looked at its last rows only.

    - Which keys may the newest query see?
    - All of the cache and its own.
    - Score q against all rows of K.
    """
    K, V = _grown(k, v, cache)
    return _attend(q, K[-16:], V[-16:]), (K, V)


@exercise.mistake("It can't start")
def first_step_forgotten(q, k, v, cache):
    """At the first token cache is None, and None has no keys.

    - What is in the cache before the first token?
    - None: start with one row.
    - Treat `cache is None` first.
    """
    K, V = np.vstack([cache[0], k]), np.vstack([cache[1], v])
    return _attend(q, K, V), (K, V)


@exercise.mistake(mc.CHANGES_INPUTS)
def overwrites(q, k, v, cache):
    """Something that was handed in is different afterwards, such as the old cache: whoever still holds it sees other
    numbers.
    """
    if cache is not None:
        cache[0][-1] += 0.5
    K, V = _grown(k, v, cache)
    return _attend(q, K, V), (K, V)


def _step(attention):
    """A step whose new query attends wrongly to the grown cache."""

    def step(q, k, v, cache):
        K, V = _grown(k, v, cache)
        return attention(q[None], K, V)[0], (K, V)

    return step


exercise.add_shared_mistakes(wrong_attentions(_step, one_query=True), without=[mc.SCALE_BY_T])
