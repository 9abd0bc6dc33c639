"""### Where does it leak first?

Write `first_leak(attend, Q, K, V)`: the first pair `(i, j)` with `j > i` for which changing row `j` of `K` and `V` \
changes output `i`; `None` if there is none.
"First" counts row by row: the smallest `i`, and in it the smallest `j`.

`attend`, the shapes and the rules are those of `influence_matrix`: change rows by about 1; less than `1e-9` counts as \
the same; leaks may be as small as `1e-6`. The \
first call of `attend` may be honest where every later one leaks, so compare later calls with each other.
"""

import numpy as np

from autograder.exercise.exercise import Exercise, case
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
    attend(Q, K, V)  # the first call may be more honest than the later ones
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


class FarLeakFromTheSecondCall:
    """Right in the first call; in every later one query 2 sees key 5."""

    __name__ = "far_leak_from_the_second_call"
    calls = 0

    def __call__(self, Q, K, V):
        self.calls += 1
        allowed = np.tri(len(Q), dtype=bool)
        allowed[2, 5] = self.calls > 1
        return attention_bugs.attend_under(allowed, Q, K, V)


def first_sees_the_last(Q, K, V):
    """One pair leaks, as far apart as can be."""
    allowed = np.tri(len(Q), dtype=bool)
    allowed[0, -1] = True
    return attention_bugs.attend_under(allowed, Q, K, V)


@exercise.part("Plain cases", points=1)
def plain(rng):
    for attend in (
        attention_bugs.one_ahead,
        attention_bugs.causal,
        attention_bugs.one_ahead_but_row_0,
        attention_bugs.window_of_two,
    ):
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
    yield case(FarLeakFromTheSecondCall(), *_qkv(rng, 7))
    yield case(first_sees_the_last, *_qkv(rng, 12), note="12 positions")


@exercise.part("Wrong suspicions", points=1)
def suspicious(rng):
    for attend in attention_bugs.HONEST:
        yield case(attend, *_qkv(rng, 6))
    yield case(attention_bugs.softmax_over_queries, *_qkv(rng, 6), note="later queries leak; here only K and V count")


def _matrix(
    attend, Q, K, V, tolerance=1e-9, keys=1.0, values=1.0, queries=0.0, size=lambda change: np.abs(change).max(axis=1)
):
    attend(Q, K, V)
    before, moved = attend(Q, K, V), []
    for j in range(len(Q)):
        here = (np.arange(len(Q)) == j)[:, None]
        change = attend(Q + queries * here, K + keys * here, V + values * here) - before
        moved.append(size(change) > tolerance)
    return np.array(moved).T


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


for change in ("1 -> 2", "1 -> 2 #2"):
    exercise.equivalent_mutant(change, because="any change of about 1 will do")
exercise.equivalent_mutant(
    "attend(Q, K2, V2) - before -> before - attend(Q, K2, V2)", because="the absolute value follows"
)
exercise.equivalent_mutant("change[i].max() > 1e-09 -> change[i].max() >= 1e-09", because="no change is exactly 1e-9")


# Two mistakes that the rest of them, in a file of their own, leave out.


@exercise.mistake("The first call was compared with later ones")
def honest_call_compared(attend, Q, K, V):
    """The outputs to compare with come from the very first call, which may be more honest than all later ones. Then
    every later call differs from it, whichever row was changed.

    - Which of the two calls that you compare was the first one of all?
    - Call attend once before, and forget what it gives.
    - attend(Q, K, V); before = attend(Q, K, V)
    """
    before = attend(Q, K, V)
    for i in range(len(Q)):
        for j in range(i + 1, len(Q)):
            here = (np.arange(len(Q)) == j)[:, None]
            if np.abs(attend(Q, K + here, V + here) - before)[i].max() > 1e-9:
                return i, j
    return None


@exercise.mistake("Only the last row was changed")
def only_last_row_changed(*a):
    """A leak from a row in the middle stays unseen when only the last row of K and V moves, and j is always the last.

    - Can output 0 see row 1 and no other later row?
    - Try every j from i + 1 on.
    - for j in range(i + 1, len(Q))
    """
    seen = np.flatnonzero(_matrix(*a)[:-1, -1])
    return (int(seen[0]), len(a[1]) - 1) if seen.size else None
