"""### Repair: the other corner

With a cache there are more keys than queries. This code leaves the mask to a kernel, and not every version of the \
kernel means the same by `is_causal`.

`kernel(Q, K, V, is_causal=False, allowed=None)` returns an attention's outputs `(T_q, d_v)`. With `allowed`, \
booleans `(T_q, T_k)`, a query sees the keys where it is True. With `is_causal=True` the kernel makes a triangle of \
its own: in one version it begins at the top left, in another one it ends at the bottom right. It takes one of the \
two arguments, not both.

Repair `attend_last(Q, K, V, kernel)`: `Q` `(T_q, d)` are the queries of the **last** `T_q` of the `T_k` tokens in \
`K` `(T_k, d)` and `V` `(T_k, d_v)`. Return the causal outputs `(T_q, d_v)`, with **any version** of the kernel. The \
inputs stay as they are.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, Misconception, case
from autograder.exercise.results import Array

exercise = Exercise(
    topic="KV cache",
    answer=Array(),
    hints=(
        "At which position of the text does query 0 stand, and which keys may it see?",
        "Query i stands at T_k - T_q + i. Say so yourself: a mask in `allowed` means the same in every version.",
        "allowed = np.tri(T_q, T_k, k=T_k - T_q, dtype=bool)",
    ),
)
CORNER_LEFT_TO_THE_KERNEL = Misconception(
    "corner_left_to_the_kernel",
    "The corner was left to the kernel",
    "With more keys than queries, `is_causal` means another triangle in another version of the kernel.",
    (
        "Which keys does a single new query see in each of the two versions?",
        "Query i stands at T_k - T_q + i. A mask in `allowed` means the same in every version.",
        "allowed = np.tri(T_q, T_k, k=T_k - T_q, dtype=bool)",
    ),
)


@exercise.solution
def attend_last(Q, K, V, kernel):
    """Q (T_q, d), K (T_k, d), V (T_k, d_v), kernel -> (T_q, d_v): the causal outputs of the last T_q tokens."""
    T_q, T_k = len(Q), len(K)
    allowed = np.tri(T_q, T_k, k=T_k - T_q, dtype=bool)  # (T_q, T_k)
    return kernel(Q, K, V, allowed=allowed)


@exercise.mistake(CORNER_LEFT_TO_THE_KERNEL)
@exercise.starter
def broken(Q, K, V, kernel):
    """Q (T_q, d), K (T_k, d), V (T_k, d_v), kernel -> (T_q, d_v): the causal outputs of the last T_q tokens."""
    return kernel(Q, K, V, is_causal=True)


def _attend(Q, K, V, allowed):
    scores = np.where(allowed, np.asarray(Q) @ np.asarray(K).T / np.sqrt(np.shape(Q)[1]), -np.inf)
    top = scores.max(axis=1, keepdims=True)
    e = np.exp(scores - np.where(np.isfinite(top), top, 0.0))
    return e / np.maximum(e.sum(axis=1, keepdims=True), 1e-300) @ np.asarray(V)


def _kernel(corner):
    """A version of the kernel: `corner(T_q, T_k)` is the diagonal at which its triangle ends."""

    def kernel(Q, K, V, is_causal=False, allowed=None):
        T_q, T_k = len(Q), len(K)
        if is_causal and allowed is not None:
            raise ValueError("give is_causal or allowed, not both")
        if allowed is not None and np.shape(allowed) != (T_q, T_k):
            raise ValueError(f"allowed has the shape {np.shape(allowed)}, expected ({T_q}, {T_k})")
        if is_causal:
            allowed = np.tri(T_q, T_k, k=corner(T_q, T_k), dtype=bool)
        return _attend(Q, K, V, np.ones((T_q, T_k), dtype=bool) if allowed is None else np.asarray(allowed) != 0)

    return kernel


top_left = _kernel(lambda T_q, T_k: 0)
bottom_right = _kernel(lambda T_q, T_k: T_k - T_q)
top_left.__name__ = top_left.__qualname__ = "top_left"
bottom_right.__name__ = bottom_right.__qualname__ = "bottom_right"


def _inputs(rng, T_q, T_k, d=3, d_v=2):
    return rng.normal(size=(T_q, d)), rng.normal(size=(T_k, d)), rng.normal(size=(T_k, d_v))


@exercise.part("A new token", points=1)
def new_token(rng):
    Q, K, _ = _inputs(rng, 1, 3)
    yield case(Q, K, np.eye(3), top_left, note="one new token behind two; V is the identity")
    for kernel in (top_left, bottom_right):
        yield case(*_inputs(rng, 1, 6), kernel)
    yield case(*_inputs(rng, 1, 1), top_left, note="one token, and nothing before it")


@exercise.part("Several at once", points=1)
def several(rng):
    Q, K, _ = _inputs(rng, 2, 4)
    yield case(Q, K, np.eye(4), top_left, note="two new tokens behind two; V is the identity")
    for kernel in (top_left, bottom_right):
        yield case(*_inputs(rng, 4, 4), kernel, note="a prompt: as many queries as keys")
        for T_q, T_k in ((3, 5), (5, 7), (2, 40), (66, 70)):
            yield case(*_inputs(rng, T_q, T_k, d=4), kernel)


@exercise.equivalent
def as_a_square(Q, K, V, kernel):
    before = np.zeros((len(K) - len(Q), Q.shape[1]))
    return kernel(np.concatenate([before, Q]), K, V, is_causal=True)[len(before) :]


@exercise.equivalent
def one_query_at_a_time(Q, K, V, kernel):
    past = len(K) - len(Q)
    return [kernel(Q[i : i + 1], K[: past + i + 1], V[: past + i + 1])[0] for i in range(len(Q))]


@exercise.equivalent
def without_the_kernel(Q, K, V, kernel):
    position = np.arange(len(K) - len(Q), len(K))
    scores = np.where(np.arange(len(K)) <= position[:, None], Q @ K.T / Q.shape[1] ** 0.5, -np.inf)
    return np.exp(scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)) @ V


@exercise.equivalent
def short_cuts_that_are_right(Q, K, V, kernel):
    if len(Q) == len(K):
        return kernel(Q, K, V, is_causal=True)
    if len(Q) == 1:
        return kernel(Q, K, V)
    return kernel(Q, K, V, allowed=~np.triu(np.ones((len(Q), len(K)), dtype=bool), k=1 + len(K) - len(Q)))


@exercise.mistake("One new token was repaired")
def only_one_token(Q, K, V, kernel):
    """A single new token needs no mask, and gets none now. But several at once, behind a cache, still depend on the
    version.

    - Which triangle do three new tokens get behind two old ones?
    - Give the mask in `allowed` where there are several.
    """
    return kernel(Q, K, V, is_causal=len(Q) > 1)


@exercise.mistake("Behind a cache there is no mask")
def no_mask_behind_a_cache(Q, K, V, kernel):
    """Where there are more keys than queries the mask was left out. So each new token sees those that come after it.

    - Of three new tokens, which may the first one see?
    - With a cache too, query i sees the keys up to T_k - T_q + i.
    """
    return kernel(Q, K, V, is_causal=len(Q) == len(K))


@exercise.mistake("The triangle begins at the top left")
def own_top_left(Q, K, V, kernel):
    """The mask is yours now, in every version. But query i sees keys 0 to i only, and stands further right.

    - At which position does query 0 stand?
    - np.tri has a third number, which moves the triangle to the right: T_k - T_q.
    """
    return kernel(Q, K, V, allowed=np.tri(len(Q), len(K), dtype=bool))


@exercise.mistake("The cache was cut off")
def cache_cut_off(Q, K, V, kernel):
    """There are as many keys as queries now, so both versions agree. But the tokens before are forgotten.

    - Which keys may a new token see?
    - All those before it, in the cache or not.
    """
    return kernel(Q, K[-len(Q) :], V[-len(Q) :], is_causal=True)


@exercise.mistake(own_top_left)
def oldest_keys_taken(Q, K, V, kernel):
    return kernel(Q, K[: len(Q)], V[: len(Q)], is_causal=True)


@exercise.mistake(mc.LAST_ROW_ONLY)
def last_query_only(Q, K, V, kernel):
    """Only the output of the last query was computed. Each of the new tokens has an output of its own.

    - How many queries are there?
    - T_q outputs, each with the keys that its query may see.
    """
    return kernel(Q[-1:], K, V)


def _with(allowed):
    return lambda Q, K, V, kernel: kernel(Q, K, V, allowed=allowed(len(Q), len(K)))


exercise.add_mistakes(
    (mc.NO_MASK, lambda Q, K, V, kernel: kernel(Q, K, V)),
    (mc.ONE_AHEAD, _with(lambda T_q, T_k: np.tri(T_q, T_k, k=T_k - T_q + 1, dtype=bool))),
    (mc.OWN_POSITION_EXCLUDED, _with(lambda T_q, T_k: np.tri(T_q, T_k, k=T_k - T_q - 1, dtype=bool))),
    (mc.INVERTED, _with(lambda T_q, T_k: ~np.tri(T_q, T_k, k=T_k - T_q, dtype=bool))),
)


@exercise.mistake(own_top_left)
def zeros_behind_the_queries(Q, K, V, kernel):
    """Zeros behind the queries make a square, and every version has the same triangle. But the new tokens stand at the
    end of the text, and here they stand at its beginning.

    - Where in the square do the last T_q tokens stand?
    - In its last rows.
    """
    behind = np.zeros((len(K) - len(Q), Q.shape[1]))
    return kernel(np.concatenate([Q, behind]), K, V, is_causal=True)[: len(Q)]


exercise.equivalent_mutant(
    "np.tri(T_q, T_k, k=T_k - T_q, dtype=bool) -> np.tri(T_q, T_k, k=T_k - T_q)",
    because="the kernel takes any number but 0 for True",
)
