"""### Find the wrong entry

Real masks are more than a triangle: padding, packed texts, windows, prefixes. Point your detector at them.

Write `find_wrong_entry(attend, allowed, Q, K, V)`. `allowed` `(T, T)` says what the mask of `attend` should be (True \
= query i may attend to key j). Return the pair `(i, j)`
at which `attend` does something else (it sees what it must not, or misses what it may see), and `None` if there is \
none. There is one such entry at most.

`attend`, the shapes and the tolerance are those of `influence_matrix`. A query that may see nothing gives zeros. \
Scores are moderate, so every key that a query sees has a weight well above the tolerance.
"""

import numpy as np

from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Integer, OrNone, Tuple

exercise = Exercise(
    topic="finding leaks",
    answer=OrNone(Tuple(i=Integer(), j=Integer())),
    hints=(
        "What does your influence matrix look like when attend does exactly what `allowed` says?",
        "Build the influence matrix, and compare it with allowed, entry by entry.",
        "wrong = np.argwhere(moves != allowed); the answer is its only row, or None.",
    ),
)


@exercise.solution
def find_wrong_entry(attend, allowed, Q, K, V):
    """attend(Q, K, V), allowed (T, T) bool, Q, K (T, d), V (T, d_v) -> (i, j) where attend differs, or None."""
    before = attend(Q, K, V)
    for j in range(len(K)):
        K2, V2 = K.copy(), V.copy()
        K2[j] += 1
        V2[j] += 1
        moves = np.abs(attend(Q, K2, V2) - before).max(axis=1) > 1e-9  # (T,)
        wrong = np.flatnonzero(moves != allowed[:, j])
        if wrong.size:
            return wrong[0], j
    return None


def _masked(name, allowed, wrong=None):
    """Attention under a mask of its own, which a detector has no business to read: it stays in here."""
    mask = allowed.copy()
    if wrong is not None:
        mask[wrong] = ~mask[wrong]

    def attend(Q, K, V):
        scores = Q @ K.T / np.sqrt(Q.shape[1])
        weights = np.where(mask, np.exp(scores - scores.max(axis=1, keepdims=True)), 0.0)
        total = weights.sum(axis=1, keepdims=True)
        rounding = 1e-13 * np.tanh(K.sum() + V.sum())
        return weights / np.where(total == 0, 1.0, total) @ V + rounding

    attend.__name__ = name
    return attend


def _leaking_by_a_millionth(allowed, entry):
    """Attention under `allowed`, but for a millionth of a hidden value."""
    honest, (i, j) = _masked("leaks_by_a_millionth", allowed), entry

    def attend(Q, K, V):
        outputs = honest(Q, K, V)
        outputs[i] += 1e-6 * V[j]
        return outputs

    attend.__name__ = "leaks_by_a_millionth"
    return attend


def _back(T):
    return np.arange(T)[:, None] - np.arange(T)


def _gallery():
    T = 6
    causal, at = _back(T) >= 0, np.arange(T)
    text = np.array([0, 0, 0, 1, 1, 1])
    return {
        "padded_on_the_right": causal & (at < 4),
        "padded_on_the_left": causal & (at >= 2),
        "packed": causal & (text[:, None] == text),
        "sliding_window": causal & (_back(T) < 3),
        "prefix": causal | ((at < 3) & (at[:, None] < 3)),
    }


WRONG = {
    "padded_on_the_right": (5, 4),
    "padded_on_the_left": (3, 1),
    "packed": (4, 2),
    "sliding_window": (5, 3),
    "prefix": (0, 2),
}


def _qkv(rng, T=6):
    return rng.normal(size=(T, 3)), rng.normal(size=(T, 3)), rng.normal(size=(T, 2))


@exercise.part("A gallery of masks", points=1)
def gallery(rng):
    for name, allowed in _gallery().items():
        yield case(_masked(name, allowed, WRONG[name]), allowed, *_qkv(rng))


@exercise.part("Anywhere", points=1)
def anywhere(rng):
    for name, allowed in _gallery().items():
        yield case(_masked(name, allowed), allowed, *_qkv(rng), note="nothing is wrong")
        yield case(_masked(name, allowed, tuple(rng.integers(0, 6, size=2))), allowed, *_qkv(rng))
    for entry in ((0, 0), (4, 4), (2, 3), (3, 2), (0, 4), (4, 0)):
        allowed = _back(5) >= 0
        yield case(_masked("causal", allowed, entry), allowed, *_qkv(rng, 5))
    allowed = _back(18) >= 0
    yield case(_masked("causal", allowed, (16, 17)), allowed, *_qkv(rng, 18), note="a longer sequence")
    allowed = _gallery()["padded_on_the_right"]
    Q, K, V = _qkv(rng)
    K[4:], V[4:] = 0.0, 0.0
    yield case(_masked("padded_on_the_right", allowed, (5, 5)), allowed, Q, K, V, note="the padding in K and V is 0")
    allowed, (Q, K, V) = _back(6) >= 0, _qkv(rng)
    yield case(_leaking_by_a_millionth(allowed, (2, 4)), allowed, Q, K, 3 + V, note="a leak of a millionth")
    Q, K = np.ones((6, 3)), np.ones((6, 3))
    K[2:4] -= 2.5
    yield case(_masked("causal", allowed), allowed, Q, K, V, note="some visible keys have a small weight")


def _moves(attend, Q, K, V, tolerance=1e-9, keys=1.0, values=1.0, size=lambda change: np.abs(change).max(axis=1)):
    before, moved = attend(Q, K, V), []
    for j in range(len(Q)):
        here = (np.arange(len(Q)) == j)[:, None]
        moved.append(size(attend(Q, K + keys * here, V + values * here) - before) > tolerance)
    return np.array(moved).T


def _first(wrong):
    return next(((int(i), int(j)) for i, j in np.argwhere(wrong)), None)


@exercise.equivalent
def by_the_whole_matrix(attend, allowed, Q, K, V):
    return _first(_moves(attend, Q, K, V) != np.array(allowed))


@exercise.equivalent
def values_alone_are_enough_here(attend, allowed, Q, K, V):
    return _first(_moves(attend, Q, K, V, keys=0.0, values=2.5, tolerance=1e-8) ^ allowed)


@exercise.equivalent
def pair_by_pair(attend, allowed, Q, K, V):
    for i in range(len(Q)):
        for j in range(len(Q)):
            K2, V2 = K.copy(), V.copy()
            K2[j], V2[j] = 1 - K[j], 2 - V[j]
            sees = np.linalg.norm(attend(Q, K2, V2)[i] - attend(Q, K, V)[i]) > 1e-9
            if sees != allowed[i][j]:
                return [i, j]
    return None


for change in ("1 -> 0", "1 -> 2", "1 -> 2 #2", "K2[j] += 1 -> (nothing)"):
    exercise.equivalent_mutant(change, because="with a proper mask, changing the value alone shows everything")
exercise.equivalent_mutant("0 -> -1", because="there is one wrong entry at most")
exercise.equivalent_mutant("attend(Q, K2, V2) - before -> before - attend(Q, K2, V2)", because="abs() follows")
_moved = "np.abs(attend(Q, K2, V2) - before)"
exercise.equivalent_mutant(
    f"{_moved}.max(axis=1) -> {_moved}.min(axis=1)", because="the whole row of V moves, so every component does"
)
exercise.equivalent_mutant(
    f"{_moved}.max(axis=1) > 1e-09 -> {_moved}.max(axis=1) >= 1e-09", because="no change is exactly 1e-9"
)
