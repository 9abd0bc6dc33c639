"""### The influence matrix

Don't read the code: move something, and look at what moves.

Write `influence_matrix(attend, Q, K, V)`. `attend` maps `Q` `(T, d)`, `K` `(T, d)` and `V` `(T, d_v)` to outputs `(T, \
d_v)`.
Return a boolean `(T, T)`: entry `(i, j)` is True where changing row `j` of `K` **and** `V` changes output `i`.

Change rows by about 1. Outputs that differ by less than `1e-9` count as the same (rounding); leaks may be as small as \
`1e-6`.
`Q`, `K` and `V` themselves stay as they are.
"""

import numpy as np

from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array
from leftcontext.bugs import attention_bugs

exercise = Exercise(
    topic="finding leaks",
    answer=Array("bool"),
    hints=(
        "Which outputs move when only row j of K and V is different?",
        "Column j of the result: is the largest change in row i of the output above 1e-9?",
        (
            "K2, V2 = K.copy(), V.copy(); K2[j] += 1; V2[j] += 1; then np.abs(attend(Q, K2, V2) - "
            "before).max(axis=1) > 1e-9"
        ),
    ),
)


@exercise.solution
def influence_matrix(attend, Q, K, V):
    """attend(Q, K, V), Q (T, d), K (T, d), V (T, d_v) -> (T, T) bool: output i (row) depends on row j of K, V."""
    before = attend(Q, K, V)
    T = len(Q)
    moves = np.zeros((T, T), dtype=bool)
    for j in range(T):
        K2, V2 = K.copy(), V.copy()
        K2[j] += 1
        V2[j] += 1
        change = np.abs(attend(Q, K2, V2) - before)  # (T, d_v)
        moves[:, j] = change.max(axis=1) > 1e-9
    return moves


def _qkv(rng, T, d=4, d_v=6):
    return rng.normal(size=(T, d)), rng.normal(size=(T, d)), rng.normal(size=(T, d_v))


def first_sees_the_last(Q, K, V):
    """One entry leaks, as far from the diagonal as can be."""
    allowed = np.tri(len(Q), dtype=bool)
    allowed[0, -1] = True
    return attention_bugs.attend_under(allowed, Q, K, V)


@exercise.part("Honest or plainly leaky", points=1)
def plain(rng):
    for attend in (
        attention_bugs.causal,
        attention_bugs.no_mask,
        attention_bugs.one_ahead,
        attention_bugs.window_of_two,
    ):
        yield case(attend, *_qkv(rng, 4, d=2, d_v=2))
    yield case(attention_bugs.causal, *_qkv(rng, 1))
    yield case(attention_bugs.window_of_two, *_qkv(rng, 7))
    yield case(attention_bugs.one_ahead_but_row_0, *_qkv(rng, 20), note="a longer sequence")


@exercise.part("Leaks that hide", points=2)
def hidden(rng):
    for attend in attention_bugs.LEAKY[2:]:
        yield case(attend, *_qkv(rng, 6))
    yield case(attention_bugs.leaks_by_a_millionth, *_qkv(rng, 4, d=2, d_v=2))
    yield case(first_sees_the_last, *_qkv(rng, 12), note="12 positions")
    Q, K, V = _qkv(rng, 6)
    K[-1], V[-1] = 0.0, 0.0
    yield case(attention_bugs.only_at_one_position, Q, K, V, note="the last row of K and V is 0, as padding is")


@exercise.part("Wrong suspicions", points=1)
def suspicious(rng):
    for attend in attention_bugs.HONEST:
        yield case(attend, *_qkv(rng, 6))
    yield case(attention_bugs.softmax_over_queries, *_qkv(rng, 6), note="later queries leak; here only K and V count")


@exercise.equivalent
def random_changes(attend, Q, K, V):
    rng = np.random.default_rng(0)
    before, columns = attend(Q, K, V), []
    for j in range(len(K)):
        here = (np.arange(len(K)) == j)[:, None]
        after = attend(Q, np.where(here, rng.normal(size=K.shape), K), np.where(here, rng.normal(size=V.shape), V))
        columns.append(np.any(np.abs(after - before) > 1e-8, axis=-1))
    return np.array(columns).T


@exercise.equivalent
def pair_by_pair(attend, Q, K, V):
    def moves(i, j):
        K2, V2 = np.array(K), np.array(V)
        K2[j], V2[j] = -2 * K[j] + 0.5, 3.0 - V[j]
        return not np.allclose(attend(Q, K2, V2)[i], attend(Q, K, V)[i], rtol=0, atol=1e-9)

    return [[moves(i, j) for j in range(len(Q))] for i in range(len(Q))]


@exercise.equivalent
def keys_and_values_apart(attend, Q, K, V):
    T, before = len(Q), attend(Q, K, V)
    out = np.zeros((T, T), dtype=bool)
    for j in range(T):
        step = np.zeros((T, 1))
        step[j] = 1.5
        for after in (attend(Q, K + step, V), attend(Q, K, V + step), attend(Q, K - step, V - 2 * step)):
            out[:, j] |= np.linalg.norm(after - before, axis=1) > 1e-9
    return out


@exercise.equivalent
def by_central_differences(attend, Q, K, V):
    h = 1e-3  # how far an output moves for a step of 1, along each number of K and V
    slopes = np.zeros((len(Q), len(Q)))
    for j in range(len(Q)):
        for which, array in enumerate((K, V)):
            for c in range(array.shape[1]):
                up, down = [K.copy(), V.copy()], [K.copy(), V.copy()]
                up[which][j, c] += h
                down[which][j, c] -= h
                slopes[:, j] = np.maximum(slopes[:, j], np.abs(attend(Q, *up) - attend(Q, *down)).max(axis=1) / (2 * h))
    return slopes > 1e-8


for change in ("1 -> 2", "1 -> 2 #2"):
    exercise.equivalent_mutant(change, because="any change of about 1 will do")
exercise.equivalent_mutant(
    "attend(Q, K2, V2) - before -> before - attend(Q, K2, V2)", because="the absolute value follows"
)
exercise.equivalent_mutant(
    "change.max(axis=1) > 1e-09 -> change.max(axis=1) >= 1e-09", because="no change is exactly 1e-9"
)
exercise.equivalent_mutant(
    "np.zeros((T, T), dtype=bool) -> np.ones((T, T), dtype=bool)", because="every column is written"
)
