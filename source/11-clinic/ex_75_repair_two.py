"""### Two at once

Two bugs, one behind the other. The influence is full; what the first bug hides is no leak at all.

Repair `repair_two(Q, K, V)` so that it is a causal attention: `Q`, `K` `(T, d)`, `V` `(T, d_v)` → `(T, d_v)`. Scores \
may be as large as 200,000 on either side of 0, and hidden ones far above the others. `d_v` may differ from \
`d`, and the \
inputs stay as they are. Two small changes will do.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.attention_variants import repair_exercise
from autograder.exercise.exercise import Misconception

BOTH = Misconception(
    "two_bugs",
    "Two bugs, one behind the other",
    "The values are divided by a spread that counts the future, and behind that the mask forgets old tokens.",
    (
        "Which line mixes all positions before any mask is asked?",
        "Undo the spread over time, then look at the influence again: which ticks are missing?",
        "Leave V as it is, and allowed = back >= 0.",
    ),
)

exercise = repair_exercise(
    BOTH,
    hints=(
        "Which line mixes all positions before any mask is asked?",
        "Undo it, and look again: a full picture had hidden a narrow one.",
        "Leave V as it is, and allowed = back >= 0.",
    ),
)


@exercise.solution
def repair_two(Q, K, V):
    """Causal attention: (T, d), (T, d), (T, d_v) -> (T, d_v)."""
    T, d = Q.shape
    back = np.arange(T)[:, None] - np.arange(T)  # (T, T) how far back a key lies
    allowed = back >= 0  # (T, T)
    scores = np.where(allowed, Q @ K.T / np.sqrt(d), -np.inf)  # (T, T)
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights = weights / weights.sum(axis=1, keepdims=True)
    return weights @ V


def _attend(Q, K, V, window, spread):
    back = np.arange(len(Q))[:, None] - np.arange(len(Q))
    scores = np.where((back >= 0) & (back < window), Q @ K.T / np.sqrt(Q.shape[1]), -np.inf)
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    values = V / (1 + V.std(axis=0)) if spread else V
    return weights / weights.sum(axis=1, keepdims=True) @ values


@exercise.mistake(BOTH)
@exercise.starter
def broken(Q, K, V):
    """Causal attention: (T, d), (T, d), (T, d_v) -> (T, d_v)."""
    T, d = Q.shape
    V = V / (1 + V.std(axis=0))
    back = np.arange(T)[:, None] - np.arange(T)  # (T, T) how far back a key lies
    allowed = (back >= 0) & (back < 2)  # (T, T)
    scores = np.where(allowed, Q @ K.T / np.sqrt(d), -np.inf)  # (T, T)
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights = weights / weights.sum(axis=1, keepdims=True)
    return weights @ V


@exercise.mistake("A spread over time, the future's included")
def spread_over_time(Q, K, V):
    """The mask is right now. But V is still divided by a number that every position's value goes into.

    - Which line still reads the last value to make the first output?
    - A norm may run over the width of one token, never over time.
    - Leave out the line that divides V.
    """
    return _attend(Q, K, V, window=len(Q), spread=True)


@exercise.mistake(mc.WINDOW_TOO_SHORT)
def only_the_leak_fixed(Q, K, V):
    """The leak is closed, and what it hid has come to light: each query sees itself and one key before, and forgets the
    rest.

    - What does the influence picture look like now?
    - A causal query sees every key at or before it.
    - allowed = back >= 0
    """
    return _attend(Q, K, V, window=2, spread=False)


@exercise.equivalent
def sliced(Q, K, V):
    rows = []
    for i in range(len(Q)):
        scores = K[: i + 1] @ Q[i] / np.sqrt(Q.shape[1])  # (i + 1,)
        weights = np.exp(scores - scores.max())
        rows.append(weights @ V[: i + 1] / weights.sum())
    return np.array(rows)
