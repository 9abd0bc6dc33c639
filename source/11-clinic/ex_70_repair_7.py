"""### Repair 7: two calls, two answers

Called twice with the same arrays, it gives two answers.

Repair `repair_7(Q, K, V)` so that it is a causal attention: `Q`, `K` `(T, d)`, `V` `(T, d_v)` → `(T, d_v)`. Scores \
may be as large as 200,000 on either side of 0, and hidden ones far above the others. `d_v` may differ from \
`d`, and the \
inputs stay as they are. Small changes will do.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.attention_variants import repair_exercise

exercise = repair_exercise(
    mc.CHANGES_INPUTS,
    hints=(
        "Which lines write into an array that came from outside?",
        "Q = Q / s makes a new array, Q /= s changes the old one; V[i] = ... writes into V.",
        "output = np.zeros_like(V, dtype=float), and write there.",
    ),
)


@exercise.solution
def repair_7(Q, K, V):
    """Causal attention: (T, d), (T, d), (T, d_v) -> (T, d_v)."""
    T, d = Q.shape
    Q = Q / np.sqrt(d)
    output = np.zeros_like(V)  # (T, d_v)
    for i in range(T):
        scores = K[: i + 1] @ Q[i]  # (i + 1,)
        weights = np.exp(scores - scores.max())
        output[i] = weights @ V[: i + 1] / weights.sum()
    return output


@exercise.mistake(mc.CHANGES_INPUTS)
@exercise.starter
def broken(Q, K, V):
    """Causal attention: (T, d), (T, d), (T, d_v) -> (T, d_v)."""
    T, d = Q.shape
    Q /= np.sqrt(d)
    for i in range(T):
        scores = K[: i + 1] @ Q[i]  # (i + 1,)
        weights = np.exp(scores - scores.max())
        V[i] = weights @ V[: i + 1] / weights.sum()
    return V


@exercise.mistake("It reads its own outputs")
def reads_its_own_outputs(Q, K, V):
    """V is a copy now, but each output still overwrites a value that later positions have to read.

    - What stands in V[0] when i = 1?
    - Read from V, write to another array.
    - output = np.zeros_like(V); output[i] = ...
    """
    Q, V = Q / np.sqrt(Q.shape[1]), V.copy()
    for i in range(len(Q)):
        weights = np.exp(K[: i + 1] @ Q[i] - (K[: i + 1] @ Q[i]).max())
        V[i] = weights @ V[: i + 1] / weights.sum()
    return V


@exercise.mistake(mc.CHANGES_INPUTS)
def queries_still_scaled(Q, K, V):
    """V is left alone now, but `Q /= ...` still scales the caller's queries, call after call."""
    Q /= np.sqrt(Q.shape[1])
    output = np.zeros_like(V)
    for i in range(len(Q)):
        weights = np.exp(K[: i + 1] @ Q[i] - (K[: i + 1] @ Q[i]).max())
        output[i] = weights @ V[: i + 1] / weights.sum()
    return output
