"""### Repair 6: a mask that does not help

The mask is there, and still every output depends on how much future there is.

Repair `repair_6(Q, K, V)` so that it is a causal attention: `Q`, `K` `(T, d)`, `V` `(T, d_v)` → `(T, d_v)`. Scores \
may be as large as 200,000 on either side of 0, and hidden ones far above the others. `d_v` may differ from \
`d`, and the inputs stay as they are. One small change will do.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.attention_variants import repair_exercise

exercise = repair_exercise(
    mc.FILL_ZERO,
    hints=(
        "What is exp(0)?",
        "exp(-inf) is 0, exp(0) is 1.",
        "scores = np.where(allowed, scores, -np.inf)",
    ),
)


@exercise.solution
def repair_6(Q, K, V):
    """Causal attention: (T, d), (T, d), (T, d_v) -> (T, d_v)."""
    T, d = Q.shape
    scores = Q @ K.T / np.sqrt(d)  # (T, T)
    allowed = np.tri(T, dtype=bool)  # (T, T)
    scores = np.where(allowed, scores, -np.inf)
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights = weights / weights.sum(axis=1, keepdims=True)
    return weights @ V


@exercise.mistake(mc.FILL_ZERO)
@exercise.starter
def broken(Q, K, V):
    """Causal attention: (T, d), (T, d), (T, d_v) -> (T, d_v)."""
    T, d = Q.shape
    scores = Q @ K.T / np.sqrt(d)  # (T, T)
    allowed = np.tri(T, dtype=bool)  # (T, T)
    scores = scores * allowed
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights = weights / weights.sum(axis=1, keepdims=True)
    return weights @ V


@exercise.mistake(mc.ZERO_TIMES_INF)
def zero_times_inf(Q, K, V):
    hidden = 1.0 - np.tri(len(Q))
    scores = Q @ K.T / np.sqrt(Q.shape[1]) + hidden * -np.inf
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True) @ V


exercise.equivalent_mutant("np.tri(T, dtype=bool) -> np.tri(T)", because="np.where takes any number but 0 for True")
