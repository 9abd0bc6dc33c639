"""### Repair 2: a model that forgets its past

Its first output depends on every position, and its last one only on itself.

Repair `repair_2(Q, K, V)` so that it is a causal attention: `Q`, `K` `(T, d)`, `V` `(T, d_v)` → `(T, d_v)`. Scores \
may be as large as 200,000 on either side of 0, and hidden ones far above the others. `d_v` may differ from \
`d`, and the inputs stay as they are. One small change will do.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.attention_variants import repair_exercise

exercise = repair_exercise(
    mc.TRANSPOSED,
    hints=(
        "Which half of the matrix is the past?",
        "Rows are queries, columns are keys: the past is the lower left.",
        "The -inf belongs over j > i: np.triu(..., k=1).",
    ),
)


@exercise.solution
def repair_2(Q, K, V):
    """Causal attention: (T, d), (T, d), (T, d_v) -> (T, d_v)."""
    T, d = Q.shape
    scores = Q @ K.T / np.sqrt(d)  # (T, T)
    mask = np.triu(np.full((T, T), -np.inf), k=1)  # (T, T)
    scores = scores + mask
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights = weights / weights.sum(axis=1, keepdims=True)
    return weights @ V


@exercise.mistake(mc.TRANSPOSED)
@exercise.starter
def broken(Q, K, V):
    """Causal attention: (T, d), (T, d), (T, d_v) -> (T, d_v)."""
    T, d = Q.shape
    scores = Q @ K.T / np.sqrt(d)  # (T, T)
    mask = np.tril(np.full((T, T), -np.inf), k=-1)  # (T, T)
    scores = scores + mask
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights = weights / weights.sum(axis=1, keepdims=True)
    return weights @ V
