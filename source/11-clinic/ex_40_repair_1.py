"""### Repair 1: a loss that is too good

This model reaches a training loss near zero and writes nonsense.

Repair `repair_1(Q, K, V)` so that it is a causal attention: `Q`, `K` `(T, d)`, `V` `(T, d_v)` → `(T, d_v)`. Scores \
may be as large as 200,000 on either side of 0, and hidden ones far above the others. `d_v` may differ from \
`d`, and the inputs stay as they are. One small change will do.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.attention_variants import repair_exercise

exercise = repair_exercise(
    mc.ONE_AHEAD,
    hints=(
        "How many keys may query 0 see, and how many does it see here?",
        "Allowed is j <= i.",
        "np.tri(T, k=1) has one diagonal too many: k=0.",
    ),
)


@exercise.solution
def repair_1(Q, K, V):
    """Causal attention: (T, d), (T, d), (T, d_v) -> (T, d_v)."""
    T, d = Q.shape
    scores = Q @ K.T / np.sqrt(d)  # (T, T)
    allowed = np.tri(T, k=0, dtype=bool)  # (T, T)
    scores = np.where(allowed, scores, -np.inf)
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights = weights / weights.sum(axis=1, keepdims=True)
    return weights @ V


@exercise.mistake(mc.ONE_AHEAD)
@exercise.starter
def broken(Q, K, V):
    """Causal attention: (T, d), (T, d), (T, d_v) -> (T, d_v)."""
    T, d = Q.shape
    scores = Q @ K.T / np.sqrt(d)  # (T, T)
    allowed = np.tri(T, k=1, dtype=bool)  # (T, T)
    scores = np.where(allowed, scores, -np.inf)
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights = weights / weights.sum(axis=1, keepdims=True)
    return weights @ V


exercise.equivalent_mutant("np.tri(T, k=0, dtype=bool) -> np.tri(T, dtype=bool)", because="k is 0 by itself")
exercise.equivalent_mutant(
    "np.tri(T, k=0, dtype=bool) -> np.tri(T, k=0)", because="np.where takes any number but 0 for True"
)
