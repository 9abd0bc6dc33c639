"""### Repair 5: weights that fade with length

Nothing leaks. But the weights get flatter the longer the text is.

Repair `repair_5(Q, K, V)` so that it is a causal attention: `Q`, `K` `(T, d)`, `V` `(T, d_v)` → `(T, d_v)`. Scores \
may be as large as 200,000 on either side of 0, and hidden ones far above the others. `d_v` may differ from \
`d`, and the inputs stay as they are. One small change will do.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.attention_variants import repair_exercise

exercise = repair_exercise(
    mc.SCALE_BY_T,
    hints=(
        "Which number in the scale grows with the text?",
        "scores = Q K^T / sqrt(d): the width, not the length.",
        "T, d = Q.shape, then np.sqrt(d).",
    ),
)


@exercise.solution
def repair_5(Q, K, V):
    """Causal attention: (T, d), (T, d), (T, d_v) -> (T, d_v)."""
    T, d = Q.shape
    scale = np.sqrt(d)
    scores = Q @ K.T / scale  # (T, T)
    scores = np.where(np.tri(T, dtype=bool), scores, -np.inf)
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights = weights / weights.sum(axis=1, keepdims=True)
    return weights @ V


@exercise.mistake(mc.SCALE_BY_T)
@exercise.starter
def broken(Q, K, V):
    """Causal attention: (T, d), (T, d), (T, d_v) -> (T, d_v)."""
    T, d = Q.shape
    scale = np.sqrt(T)
    scores = Q @ K.T / scale  # (T, T)
    scores = np.where(np.tri(T, dtype=bool), scores, -np.inf)
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights = weights / weights.sum(axis=1, keepdims=True)
    return weights @ V


@exercise.mistake(mc.SCALE_AFTER_SOFTMAX)
def scaled_after_softmax(Q, K, V):
    scores = np.where(np.tri(len(Q), dtype=bool), Q @ K.T, -np.inf)
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True) / np.sqrt(Q.shape[1]) @ V


exercise.equivalent_mutant("np.tri(T, dtype=bool) -> np.tri(T)", because="np.where takes any number but 0 for True")
