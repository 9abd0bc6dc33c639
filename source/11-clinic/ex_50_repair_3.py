"""### Repair 3: outputs that shrink

No value of the future gets through, and still each output shrinks when a later key grows.

Repair `repair_3(Q, K, V)` so that it is a causal attention: `Q`, `K` `(T, d)`, `V` `(T, d_v)` → `(T, d_v)`. Scores \
may be as large as 200,000 on either side of 0, and hidden ones far above the others. `d_v` may differ from \
`d`, and the inputs stay as they are. One small change will do.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.attention_variants import repair_exercise

exercise = repair_exercise(
    mc.MASK_AFTER_SOFTMAX,
    hints=(
        "What does row 0 of the weights sum to?",
        "Mask first, then softmax: the sum has to run over allowed keys only.",
        "scores = np.where(allowed, scores, -np.inf), before np.exp.",
    ),
)


@exercise.solution
def repair_3(Q, K, V):
    """Causal attention: (T, d), (T, d), (T, d_v) -> (T, d_v)."""
    T, d = Q.shape
    scores = Q @ K.T / np.sqrt(d)  # (T, T)
    allowed = np.tri(T, dtype=bool)  # (T, T)
    scores = np.where(allowed, scores, -np.inf)
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights = weights / weights.sum(axis=1, keepdims=True)
    return weights @ V


@exercise.mistake(mc.MASK_AFTER_SOFTMAX)
@exercise.starter
def broken(Q, K, V):
    """Causal attention: (T, d), (T, d), (T, d_v) -> (T, d_v)."""
    T, d = Q.shape
    scores = Q @ K.T / np.sqrt(d)  # (T, T)
    allowed = np.tri(T, dtype=bool)  # (T, T)
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights = weights / weights.sum(axis=1, keepdims=True)
    weights = np.where(allowed, weights, 0.0)
    return weights @ V


@exercise.equivalent
def renormalised(Q, K, V):
    scores = Q @ K.T / np.sqrt(Q.shape[1])
    highest = np.where(np.tri(len(Q), dtype=bool), scores, -np.inf).max(axis=1, keepdims=True)  # of the allowed ones
    weights = np.tril(np.exp(np.minimum(scores - highest, 0.0)))
    return weights / weights.sum(axis=1, keepdims=True) @ V


@exercise.mistake(mc.EPSILON)
def epsilon(Q, K, V):
    """Rows still sum to less than 1: something small was added to the denominator."""
    scores = np.where(np.tri(len(Q), dtype=bool), Q @ K.T / np.sqrt(Q.shape[1]), -np.inf)
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    return weights / (weights.sum(axis=1, keepdims=True) + 1e-3) @ V


exercise.equivalent_mutant("np.tri(T, dtype=bool) -> np.tri(T)", because="np.where takes any number but 0 for True")
