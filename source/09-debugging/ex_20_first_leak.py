"""### Where does it leak first?

Write `first_leak(attend, Q, K, V)`: the first pair `(i, j)` with `j > i` for which changing row `j` of `K` and `V` changes output `i`; `None` if there is none.
"First" counts row by row: the smallest `i`, and in it the smallest `j`.

`attend`, the shapes and the rules are those of `influence_matrix`: change rows by about 1; less than `1e-9` counts as the same; leaks may be as small as `1e-6`, and
may begin with the second call only.
"""

import numpy as np

from autograder.exercise import leak_detectors
from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, Misconception, case
from autograder.exercise.results import Integer, OrNone, Tuple
from leftcontext.bugs import attention_bugs

exercise = Exercise(
    topic="finding leaks",
    answer=OrNone(Tuple(i=Integer(), j=Integer())),
    hints=(
        "For output i, which rows of K and V lie in the future?",
        "Two loops: i from 0, then j from i + 1; the first pair that moves is the answer.",
        "if np.abs(attend(Q, K2, V2) - before)[i].max() > 1e-9: return i, j",
    ),
)


@exercise.solution
def first_leak(attend, Q, K, V):
    """attend(Q, K, V), Q (T, d), K (T, d), V (T, d_v) -> (i, j), the first with j > i that leaks, or None."""
    before = attend(Q, K, V)
    for i in range(len(Q)):
        for j in range(i + 1, len(Q)):
            K2, V2 = K.copy(), V.copy()
            K2[j] += 1
            V2[j] += 1
            change = np.abs(attend(Q, K2, V2) - before)  # (T, d_v)
            if change[i].max() > 1e-9:
                return i, j
    return None


def _qkv(rng, T, d=4, d_v=6):
    return rng.normal(size=(T, d)), rng.normal(size=(T, d)), rng.normal(size=(T, d_v))


def second_query_sees_two_far_ones(Q, K, V):
    """Query 2 sees keys 4 and 5; query 1 sees key 5."""
    allowed = np.tri(len(Q), dtype=bool)
    allowed[2, 4:] = True
    allowed[1, 5:] = True
    return attention_bugs.attend_under(allowed, Q, K, V)


def last_but_one_sees_the_last(Q, K, V):
    """Only the last pair leaks."""
    allowed = np.tri(len(Q), dtype=bool)
    allowed[max(len(Q) - 2, 0), -1] = True
    return attention_bugs.attend_under(allowed, Q, K, V)


@exercise.part("Plain cases", points=1)
def plain(rng):
    for attend in (attention_bugs.one_ahead, attention_bugs.causal, attention_bugs.one_ahead_but_row_0, attention_bugs.window_of_two):
        yield case(attend, *_qkv(rng, 4, d=2, d_v=2))
    yield case(attention_bugs.causal, *_qkv(rng, 1))
    yield case(attention_bugs.no_mask, *_qkv(rng, 7))
    yield case(last_but_one_sees_the_last, *_qkv(rng, 16), note="a longer sequence")


@exercise.part("Leaks that hide", points=2)
def hidden(rng):
    for attend in (*attention_bugs.LEAKY[3:], second_query_sees_two_far_ones, last_but_one_sees_the_last):
        yield case(attend, *_qkv(rng, 6))
    Q, K, V = _qkv(rng, 6)
    K[-1], V[-1] = 0.0, 0.0
    yield case(attention_bugs.only_at_one_position, Q, K, V, note="the last row of K and V is 0, as padding is")
    yield case(attention_bugs.LeaksFromTheSecondCall(), *_qkv(rng, 4))


@exercise.part("Wrong suspicions", points=1)
def suspicious(rng):
    for attend in attention_bugs.HONEST:
        yield case(attend, *_qkv(rng, 6))
    yield case(attention_bugs.softmax_over_queries, *_qkv(rng, 6), note="later queries leak; here only K and V count")


def _matrix(attend, Q, K, V, tolerance=1e-9, keys=1.0, values=1.0, queries=0.0, size=lambda change: np.abs(change).max(axis=1)):
    before, moved = attend(Q, K, V), []
    for j in range(len(Q)):
        here = (np.arange(len(Q)) == j)[:, None]
        change = attend(Q + queries * here, K + keys * here, V + values * here) - before
        moved.append(size(change) > tolerance)
    return np.array(moved).T


def _first(pairs):
    return next(((int(i), int(j)) for i, j in pairs), None)


@exercise.equivalent
def by_argwhere(attend, Q, K, V):
    leaks = np.argwhere(np.triu(_matrix(attend, Q, K, V), k=1))
    return tuple(leaks[0]) if len(leaks) else None


@exercise.equivalent
def as_a_list(attend, Q, K, V):
    rng = np.random.default_rng(3)
    found = []
    for j in range(1, len(K)):
        K2, V2 = np.array(K), np.array(V)
        K2[j], V2[j] = rng.normal(size=K.shape[1]), rng.normal(size=V.shape[1])
        change = np.linalg.norm(attend(Q, K2, V2) - attend(Q, K, V), axis=1)
        found += [[i, j] for i in range(j) if change[i] > 1e-8]
    return min(found, default=None)


@exercise.equivalent
def one_row_after_another(attend, Q, K, V):
    moved = _matrix(attend, Q, K, V, tolerance=2e-9, keys=-1.5, values=2.0)
    for i, row in enumerate(moved):
        later = np.flatnonzero(row[i + 1 :])
        if later.size:
            return np.array([i, i + 1 + later[0]])
    return None


NOISE_COUNTED = Misconception(
    "noise_counted", "Rounding is taken for a leak",
    "Any difference counts, even 1e-16. Sums in another order round differently, so honest models are accused.",
    ("How large is the smallest change your code counts?", "Rounding here stays below 1e-9.", "change[i].max() > 1e-9"),
)
TOO_TOLERANT = Misconception(
    "leak_below_tolerance", "A small leak slips through",
    "The tolerance is larger than what the smallest leak (1e-6) moves, so a model that leaks a little is called honest.",
    ("How far does a leak of 1e-6 move an output after your change, and how small is your tolerance?", "np.allclose has tolerances of its own: 1e-8, plus 1e-5 of the value.",
     "change[i].max() > 1e-9"),
)
VALUES_ONLY = Misconception(
    "only_values_changed", "Only the values were changed",
    "A leak can come through the keys alone: masked after the softmax, a future key still sits in the denominator.",
    ("What else does a token bring along besides its value?", "Change row j of K and of V.", "K2[j] += 1; V2[j] += 1"),
)
KEYS_ONLY = Misconception(
    "only_keys_changed", "Only the keys were changed",
    "A leak can come through the values alone: a mean over time, or a millionth of the next value.",
    ("What does the output mix?", "Change row j of K and of V.", "K2[j] += 1; V2[j] += 1"),
)
COLUMN_FIRST = Misconception(
    "column_before_row", "First by column",
    "The smallest j was taken first; the order asked for is row by row: the smallest i, and in it the smallest j.",
    ("Which loop is the outer one?", "Rows first: (1, 5) comes before (2, 4).", "for i ...: for j in range(i + 1, T): ..."),
)
PAIR_SWAPPED = Misconception(
    "pair_swapped", "(j, i) instead of (i, j)",
    "The output comes first in the pair, the changed row second.",
    ("Which number is the output?", "(i, j) with j > i.", "return i, j"),
)
DIAGONAL_COUNTED = Misconception(
    "own_position_is_no_leak", "Its own position is no leak",
    "Output i may depend on row i; a leak has j > i.",
    ("May output 0 depend on row 0?", "j starts at i + 1.", "for j in range(i + 1, len(Q))"),
)
PAST_COUNTED = Misconception(
    "past_is_no_leak", "The past is no leak",
    "The dependence that was reported looks back (j < i); that is what attention is for.",
    ("Which of the two numbers should be larger?", "A leak has j > i.", "for j in range(i + 1, len(Q))"),
)
LAST_LEAK = Misconception(
    "last_leak_reported", "The last leak, not the first",
    "The loop went on after the first find, and a later one took its place.",
    ("What happens after a leak is found?", "Return at once.", "return i, j inside the loop"),
)
NEXT_ONLY = Misconception(
    "only_next_position_tried", "Only the next position was tried",
    "Output i may also depend on a row much later than i + 1.",
    ("Which j can leak into output i?", "All of i + 1 to T - 1.", "for j in range(i + 1, len(Q))"),
)
FIRST_ROW_ONLY = Misconception(
    "only_first_output_tried", "Only output 0 was looked at",
    "Row 0 can be clean while later rows leak.",
    ("Is one honest row a proof?", "Every i from 0 to T - 1.", "for i in range(len(Q)): ..."),
)
ALL_LATER_AT_ONCE = Misconception(
    "wrong_partner", "The right row, the wrong partner",
    "All later rows were changed together, so i is right, but j is only a guess.",
    ("Which of the changed rows moved output i?", "Change one row at a time.", "K2[j] += 1; V2[j] += 1"),
)
NOT_NONE = Misconception(
    "no_leak_is_none", "No leak is None",
    "For an honest attention the answer is None, not a pair.",
    ("What does your function return when the loops end?", "Without a leak: None.", "return None after the loops"),
)

LAST_SKIPPED = Misconception(
    "last_row_not_tried", "The loop ends too early",
    "The last row of K and V was never changed, or the last output but one never looked at. The very last pair can leak too.",
    ("Which pair (i, j) comes last?", "i goes to T - 2, and j to T - 1.", "for j in range(i + 1, T)"),
)
QUERIES_TOO = Misconception(
    "queries_changed_too", "The query was changed as well",
    "A later query may move an output too (a softmax over the queries does it). Only what K and V bring is asked for.",
    ("Which of the three arrays did you change?", "Row j of K and of V; Q stays.", "attend(Q, K2, V2)"),
)
FIRST_SKIPPED = Misconception(
    "first_row_not_looked_at", "Output 0 was not looked at",
    "The search began with a later output; the first leak may be in row 0.",
    ("Which output has the most future?", "i starts at 0.", "for i in range(T): ..."),
)

ACCUSES_EVERYBODY = Misconception(
    "everybody_accused", "(0, 1) for every model",
    "Honest models are accused too. Either rows and columns are swapped, or the change was NaN, which passes every mask.",
    ("Does an honest attention move output 0 in your code?", "moves[i, j]: output i, changed row j. 0 * NaN is NaN.", "K2[j] += 1; V2[j] += 1; then look at change[i]"),
)

exercise.mistake(NOISE_COUNTED)(lambda *a: _first(np.argwhere(np.triu(_matrix(*a, tolerance=0), 1))))
exercise.mistake(TOO_TOLERANT)(lambda *a: _first(np.argwhere(np.triu(_matrix(*a, tolerance=1e-3), 1))))
exercise.mistake(TOO_TOLERANT)(lambda *a: _first(np.argwhere(np.triu(_matrix(*a, tolerance=1e-6), 1))))
exercise.mistake(VALUES_ONLY)(lambda *a: _first(np.argwhere(np.triu(_matrix(*a, keys=0.0), 1))))
exercise.mistake(KEYS_ONLY)(lambda *a: _first(np.argwhere(np.triu(_matrix(*a, values=0.0), 1))))
exercise.mistake(QUERIES_TOO)(lambda *a: _first(np.argwhere(np.triu(_matrix(*a, queries=1.0), 1))))
exercise.mistake(LAST_SKIPPED)(lambda *a: _first(np.argwhere(np.triu(_matrix(*a), 1)[:, :-1])))
exercise.mistake(LAST_SKIPPED)(lambda *a: _first(np.argwhere(np.triu(_matrix(*a), 1)[:-2])))
exercise.mistake(FIRST_SKIPPED)(lambda *a: _first((i, j) for i, j in np.argwhere(np.triu(_matrix(*a), 1)) if i > 0))
exercise.mistake(leak_detectors.SIGNS_CANCEL)(lambda *a: _first(np.argwhere(np.triu(_matrix(*a, size=lambda c: c.sum(axis=1)), 1))))
exercise.mistake(leak_detectors.SIGNS_CANCEL)(lambda *a: _first(np.argwhere(np.triu(_matrix(*a, size=lambda c: np.abs(c.sum(axis=1))), 1))))
exercise.mistake(leak_detectors.SIGNS_CANCEL)(lambda *a: _first(np.argwhere(np.triu(_matrix(*a, size=lambda c: c.max(axis=1)), 1))))
exercise.mistake(leak_detectors.ONE_COMPONENT)(lambda *a: _first(np.argwhere(np.triu(_matrix(*a, size=lambda c: np.abs(c[:, 0])), 1))))
exercise.mistake(leak_detectors.ONE_COMPONENT, message="Every number of the row had to move; one of them is enough.")(
    lambda *a: _first(np.argwhere(np.triu(_matrix(*a, size=lambda c: np.abs(c).min(axis=1)), 1)))
)
exercise.mistake(COLUMN_FIRST)(lambda *a: _first((i, j) for j, i in np.argwhere(np.triu(_matrix(*a), 1).T)))
exercise.mistake(PAIR_SWAPPED)(lambda *a: _first((j, i) for i, j in np.argwhere(np.triu(_matrix(*a), 1))))
exercise.mistake(DIAGONAL_COUNTED)(lambda *a: _first(np.argwhere(np.triu(_matrix(*a)))))
exercise.mistake(PAST_COUNTED)(lambda *a: _first(np.argwhere(np.tril(_matrix(*a), -1))))
exercise.mistake(LAST_LEAK)(lambda *a: _first(np.argwhere(np.triu(_matrix(*a), 1))[::-1]))
exercise.mistake(NEXT_ONLY)(lambda *a: _first((i, j) for i, j in np.argwhere(np.triu(_matrix(*a), 1)) if j == i + 1))
exercise.mistake(FIRST_ROW_ONLY)(lambda *a: _first((i, j) for i, j in np.argwhere(np.triu(_matrix(*a), 1)) if i == 0))
exercise.mistake(NOT_NONE)(lambda *a: _first(np.argwhere(np.triu(_matrix(*a), 1))) or (-1, -1))
exercise.mistake(NOT_NONE)(lambda *a: _first(np.argwhere(np.triu(_matrix(*a), 1))) or (0, 0))


@exercise.mistake(leak_detectors.ZEROED)
def set_to_zero(attend, Q, K, V):
    before, rest = attend(Q, K, V), 1 - np.eye(len(Q))[:, :, None]
    moved = np.array([np.abs(attend(Q, K * keep, V * keep) - before).max(axis=1) > 1e-9 for keep in rest]).T
    return _first(np.argwhere(np.triu(moved, 1)))


@exercise.mistake(ACCUSES_EVERYBODY)
def poisoned(attend, Q, K, V):
    poison = np.where(np.eye(len(Q))[:, :, None] > 0, np.nan, 0.0)
    moved = np.array([np.isnan(attend(Q, K + nan, V + nan)).any(axis=1) for nan in poison]).T
    return _first(np.argwhere(np.triu(moved, 1)))


@exercise.mistake(leak_detectors.POISONED)
def keys_poisoned(attend, Q, K, V):
    poison = np.where(np.eye(len(Q))[:, :, None] > 0, np.nan, 0.0)
    moved = np.array([np.isnan(attend(Q, K + nan, V)).any(axis=1) for nan in poison]).T
    return _first(np.argwhere(np.triu(moved, 1)))


@exercise.mistake(TOO_TOLERANT)
def with_isclose(attend, Q, K, V):
    before, steps = attend(Q, K, V), np.eye(len(Q))[:, :, None]
    moved = ~np.array([np.isclose(attend(Q, K + step, V + step), before).all(axis=1) for step in steps]).T
    return _first(np.argwhere(np.triu(moved, 1)))


@exercise.mistake(
    leak_detectors.NOT_CHANGED,
    message="None came back for every model, leaking ones too: no output was seen to move. Does the second call get other numbers than the first?",
)
def always_none(attend, Q, K, V):
    attend(Q, K, V)


@exercise.mistake(ALL_LATER_AT_ONCE)
def all_later_at_once(attend, Q, K, V):
    before = attend(Q, K, V)
    for i in range(len(Q) - 1):
        later = (np.arange(len(Q)) > i)[:, None]
        if np.abs(attend(Q, K + later, V + later) - before)[i].max() > 1e-9:
            return i, i + 1
    return None


@exercise.mistake(mc.CHANGES_INPUTS)
def changes_inputs(attend, Q, K, V):
    before = attend(Q, K, V)
    for i in range(len(Q)):
        for j in range(i + 1, len(Q)):
            K[j] += 1
            V[j] += 1
            if np.abs(attend(Q, K, V) - before)[i].max() > 1e-9:
                return i, j
    return None


for change in ("1 -> 2", "1 -> 2 #2"):
    exercise.equivalent_mutant(change, because="any change of about 1 will do")
exercise.equivalent_mutant("attend(Q, K2, V2) - before -> before - attend(Q, K2, V2)", because="the absolute value follows")
exercise.equivalent_mutant("change[i].max() > 1e-09 -> change[i].max() >= 1e-09", because="no change is exactly 1e-9")
