"""### The influence matrix

Don't read the code: move something, and look at what moves.

Write `influence_matrix(attend, Q, K, V)`. `attend` maps `Q` `(T, d)`, `K` `(T, d)` and `V` `(T, d_v)` to outputs `(T, d_v)`.
Return a boolean `(T, T)`: entry `(i, j)` is True where changing row `j` of `K` **and** `V` changes output `i`.

Change rows by about 1. Outputs that differ by less than `1e-9` count as the same (rounding); leaks may be as small as `1e-6`.
`Q`, `K` and `V` themselves stay as they are.
"""

import numpy as np

from autograder.exercise import leak_detectors
from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, Misconception, case
from autograder.exercise.results import Array
from leftcontext.bugs import attention_bugs

exercise = Exercise(
    topic="finding leaks",
    answer=Array("bool"),
    hints=(
        "Which outputs move when only row j of K and V is different?",
        "Column j of the result: is the largest change in row i of the output above 1e-9?",
        "K2, V2 = K.copy(), V.copy(); K2[j] += 1; V2[j] += 1; then np.abs(attend(Q, K2, V2) - before).max(axis=1) > 1e-9",
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


@exercise.part("Honest or plainly leaky", points=1)
def plain(rng):
    for attend in (attention_bugs.causal, attention_bugs.no_mask, attention_bugs.one_ahead, attention_bugs.window_of_two):
        yield case(attend, *_qkv(rng, 4, d=2, d_v=2))
    yield case(attention_bugs.causal, *_qkv(rng, 1))
    yield case(attention_bugs.window_of_two, *_qkv(rng, 7))
    yield case(attention_bugs.one_ahead_but_row_0, *_qkv(rng, 20), note="a longer sequence")


@exercise.part("Leaks that hide", points=2)
def hidden(rng):
    for attend in attention_bugs.LEAKY[2:]:
        yield case(attend, *_qkv(rng, 6))
    yield case(attention_bugs.leaks_by_a_millionth, *_qkv(rng, 4, d=2, d_v=2))
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


def _matrix(attend, Q, K, V, tolerance=1e-9, keys=1.0, values=1.0, queries=0.0, size=lambda change: np.abs(change).max(axis=1)):
    before, moved = attend(Q, K, V), []
    for j in range(len(Q)):
        here = (np.arange(len(Q)) == j)[:, None]
        change = attend(Q + queries * here, K + keys * here, V + values * here) - before
        moved.append(size(change) > tolerance)
    return np.array(moved).T


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


NOISE_COUNTED = Misconception(
    "noise_counted",
    "Rounding is taken for a leak",
    "Any difference counts, even 1e-16. Sums in another order round differently, so honest models are accused.",
    ("How large is the smallest change your code counts?", "Rounding here stays below 1e-9.", "np.abs(after - before) > 1e-9"),
)
TOO_TOLERANT = Misconception(
    "leak_below_tolerance",
    "A small leak slips through",
    "The tolerance is larger than what the smallest leak (1e-6) moves, so a model that leaks a little is called honest.",
    ("How far does a leak of 1e-6 move an output after your change, and how small is your tolerance?", "np.allclose has tolerances of its own: 1e-8, plus 1e-5 of the value.",
     "np.abs(after - before) > 1e-9"),
)
VALUES_ONLY = Misconception(
    "only_values_changed",
    "Only the values were changed",
    "A leak can come through the keys alone: masked after the softmax, a future key still sits in the denominator.",
    ("What else does a token bring along besides its value?", "Change row j of K and of V.", "K2[j] += 1; V2[j] += 1"),
)
KEYS_ONLY = Misconception(
    "only_keys_changed",
    "Only the keys were changed",
    "A value can move an output without its key: the first output is V[0], whatever K says.",
    ("What does output 0 depend on?", "Change row j of K and of V.", "K2[j] += 1; V2[j] += 1"),
)
TRANSPOSED = Misconception(
    "influence_transposed",
    "Rows and columns are swapped",
    "Entry (i, j) has the output in its row and the changed position in its column; here it is the other way round.",
    ("Which of your loops runs over outputs?", "moves[i, j]: output i, changed row j.", "moves[:, j] = change.max(axis=1) > 1e-9"),
)
WHOLE_OUTPUT = Misconception(
    "compares_whole_outputs",
    "All outputs at once",
    "A change anywhere counts for every row.",
    ("Which axis of the change belongs to i?", "One answer for each row of the output.", "np.abs(after - before).max(axis=1)"),
)
ALL_MOVED = Misconception(
    "everything_changed_at_once",
    "Everything was changed at once",
    "If all rows change together, nobody knows which one moved the output.",
    ("How many rows did you change before calling attend?", "Row j, and only row j.", "K2[j] += 1, not K2 += 1"),
)
KEPT_CHANGING = Misconception(
    "change_not_undone",
    "The last change is still there",
    "Row 0 stays changed while row 1 is tried, and so on: each column shows the changes before it too.",
    ("What do K and V look like when j = 2?", "Each j starts from the original arrays.", "K2, V2 = K.copy(), V.copy() inside the loop"),
)
ASSUMED = Misconception(
    "assumes_causal",
    "The answer was assumed",
    "This is the matrix of a causal attention, whatever attend does. A detector has to call it.",
    ("Where does your code call attend?", "Change row j, call attend, compare.", "attend(Q, K2, V2) - before"),
)
ONLY_LEAKS = Misconception(
    "past_left_out",
    "Only the future was filled in",
    "Every entry is asked for: what an output takes from its own row and from the past is influence too.",
    ("Does output 3 depend on row 2?", "All j, not only j > i.", "for j in range(T): ..."),
)
QUERIES_TOO = Misconception(
    "queries_changed_too",
    "The query was changed as well",
    "Row j of Q moves output j whatever it attends to. Only what K and V bring is asked for.",
    ("Which of the three arrays did you change?", "Row j of K and of V; Q stays.", "attend(Q, K2, V2)"),
)
exercise.mistake(ASSUMED)(lambda attend, Q, K, V: np.tri(len(Q), dtype=bool))
exercise.mistake(TRANSPOSED)(lambda *given: _matrix(*given).T)
exercise.mistake(NOISE_COUNTED)(lambda *given: _matrix(*given, tolerance=0))
exercise.mistake(TOO_TOLERANT)(lambda *given: _matrix(*given, tolerance=1e-3))
exercise.mistake(TOO_TOLERANT)(lambda *given: _matrix(*given, tolerance=1e-5))
exercise.mistake(TOO_TOLERANT)(lambda *given: _matrix(*given, tolerance=1e-6))
exercise.mistake(VALUES_ONLY)(lambda *given: _matrix(*given, keys=0.0))
exercise.mistake(KEYS_ONLY)(lambda *given: _matrix(*given, values=0.0))
exercise.mistake(QUERIES_TOO)(lambda *given: _matrix(*given, queries=1.0))
exercise.mistake(ONLY_LEAKS)(lambda *given: np.triu(_matrix(*given), 1))
exercise.mistake(leak_detectors.NOT_CHANGED)(lambda *given: _matrix(*given, keys=0.0, values=0.0))
exercise.mistake(leak_detectors.SIGNS_CANCEL)(lambda *given: _matrix(*given, size=lambda change: change.sum(axis=1)))
exercise.mistake(leak_detectors.SIGNS_CANCEL)(lambda *given: _matrix(*given, size=lambda change: np.abs(change.sum(axis=1))))
exercise.mistake(leak_detectors.SIGNS_CANCEL)(lambda *given: _matrix(*given, size=lambda change: change.max(axis=1)))
exercise.mistake(leak_detectors.ONE_COMPONENT)(lambda *given: _matrix(*given, size=lambda change: np.abs(change[:, 0])))
exercise.mistake(leak_detectors.ONE_COMPONENT, message="Every number of the row had to move; one of them is enough.")(
    lambda *given: _matrix(*given, size=lambda change: np.abs(change).min(axis=1))
)


@exercise.mistake(leak_detectors.ZEROED)
def set_to_zero(attend, Q, K, V):
    before, rest = attend(Q, K, V), 1 - np.eye(len(Q))[:, :, None]
    return np.array([np.abs(attend(Q, K * keep, V * keep) - before).max(axis=1) > 1e-9 for keep in rest]).T


@exercise.mistake(leak_detectors.POISONED)
def poisoned(attend, Q, K, V):
    poison = np.where(np.eye(len(Q))[:, :, None] > 0, np.nan, 0.0)
    return np.array([np.isnan(attend(Q, K + nan, V + nan)).any(axis=1) for nan in poison]).T


@exercise.mistake(leak_detectors.POISONED)
def keys_poisoned(attend, Q, K, V):
    poison = np.where(np.eye(len(Q))[:, :, None] > 0, np.nan, 0.0)
    return np.array([np.isnan(attend(Q, K + nan, V)).any(axis=1) for nan in poison]).T


@exercise.mistake(TOO_TOLERANT)
def with_isclose(attend, Q, K, V):
    before, steps = attend(Q, K, V), np.eye(len(Q))[:, :, None]
    return ~np.array([np.isclose(attend(Q, K + step, V + step), before).all(axis=1) for step in steps]).T


@exercise.mistake(TOO_TOLERANT)
def with_allclose(attend, Q, K, V):
    before = attend(Q, K, V)
    out = np.zeros((len(Q), len(Q)), dtype=bool)
    for j in range(len(Q)):
        K2, V2 = K.copy(), V.copy()
        K2[j], V2[j] = K2[j] + 1, V2[j] + 1
        after = attend(Q, K2, V2)
        out[:, j] = [not np.allclose(after[i], before[i], atol=1e-5) for i in range(len(Q))]
    return out


@exercise.mistake(WHOLE_OUTPUT)
def whole_output(attend, Q, K, V):
    out = _matrix(attend, Q, K, V)
    return out | out.any(axis=0)


@exercise.mistake(ALL_MOVED)
def everything_at_once(attend, Q, K, V):
    moved = np.abs(attend(Q, K + 1, V + 1) - attend(Q, K, V)).max(axis=1) > 1e-9
    return np.repeat(moved[:, None], len(Q), axis=1)


@exercise.mistake(KEPT_CHANGING)
def change_not_undone(attend, Q, K, V):
    before, K2, V2 = attend(Q, K, V), K.copy(), V.copy()
    out = np.zeros((len(Q), len(Q)), dtype=bool)
    for j in range(len(Q)):
        K2[j] += 1
        V2[j] += 1
        out[:, j] = np.abs(attend(Q, K2, V2) - before).max(axis=1) > 1e-9
    return out


@exercise.mistake(mc.CHANGES_INPUTS)
def changes_inputs(attend, Q, K, V):
    before = attend(Q, K, V)
    out = np.zeros((len(Q), len(Q)), dtype=bool)
    for j in range(len(Q)):
        K[j] += 1
        V[j] += 1
        out[:, j] = np.abs(attend(Q, K, V) - before).max(axis=1) > 1e-9
        K[j] -= 1
        V[j] -= 1
    return out


@exercise.mistake(
    mc.LAST_ROW_ONLY,
    message="Only the last output was looked at; each output has a row of its own.",
    hints=("How many outputs does one call of attend give?", "Every row i of the output.", "np.abs(after - before).max(axis=1)"),
)
def last_output_only(attend, Q, K, V):
    out = _matrix(attend, Q, K, V)
    out[:-1] = False
    return out

for change in ("1 -> 2", "1 -> 2 #2"):
    exercise.equivalent_mutant(change, because="any change of about 1 will do")
exercise.equivalent_mutant("attend(Q, K2, V2) - before -> before - attend(Q, K2, V2)", because="the absolute value follows")
exercise.equivalent_mutant("change.max(axis=1) > 1e-09 -> change.max(axis=1) >= 1e-09", because="no change is exactly 1e-9")
exercise.equivalent_mutant("np.zeros((T, T), dtype=bool) -> np.ones((T, T), dtype=bool)", because="every column is written")
