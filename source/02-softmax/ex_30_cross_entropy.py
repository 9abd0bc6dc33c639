"""### Cross-entropy

The loss of a language model: how surprised it is, on average, by the token that really came.

`logits` is `(..., T, vocab)`, unnormalised scores of every token at every position; `targets` is `(..., T)`, whole \
numbers. Write
`cross_entropy(logits, targets)`: the **mean over all positions** (and batches) of `-log softmax(logits)[target]`, in \
nats, as one float.
Logits may be as large as ±10000, and they stay as they are.
"""

import numpy as np

from autograder.exercise.exercise import Exercise, Misconception, Probe, case
from autograder.exercise.results import Number

EPSILON = Misconception(
    "epsilon_in_log",
    "A small number inside the logarithm",
    "log(p + 1e-9), or of p clipped from below, caps the loss of a sure and wrong model: surer and wronger costs no "
    "more.",
    (
        "How large can the loss of a sure and wrong model be?",
        "log of a fraction is a difference.",
        "No epsilon is needed.",
    ),
)


def _cap(answer):
    if not np.isclose(answer(np.array([[1.0, 0.0]]), np.array([1])), np.log1p(np.e), atol=1e-3):
        return False  # it is no cross-entropy even where nothing is extreme
    losses = [float(answer(np.array([[sure, 0.0]]), np.array([1]))) for sure in (2000.0, 4000.0)]
    return 1 < losses[0] < 1990 and np.isclose(*losses)


exercise = Exercise(
    topic="cross-entropy",
    answer=Number(),
    probes=(Probe(EPSILON, _cap),),
    hints=(
        "Which entry of each row of log-probabilities belongs to the target?",
        "mean over positions of (log sum_k exp(z_k) - z_target)",
        "np.take_along_axis(log_probs, targets[..., None], axis=-1) picks one entry per row, with any leading axes.",
    ),
)


@exercise.solution
def cross_entropy(logits, targets):
    """logits (..., T, vocab), targets (..., T) int -> float, mean negative log-probability in nats."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_probs = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))  # (..., T, vocab)
    picked = np.take_along_axis(log_probs, targets[..., None], axis=-1)  # (..., T, 1)
    return float(-picked.mean())


@exercise.part("By hand", points=1)
def by_hand(rng):
    yield case(np.zeros((2, 4)), np.array([3, 0]), note="all logits equal: the loss is log 4")
    yield case(np.log([[1.0, 2.0, 5.0], [6.0, 1.0, 1.0]]), np.array([1, 0]), note="probabilities 2/8 and 6/8")


@exercise.part("Any shape", points=1)
def any_shape(rng):
    for shape in ((1, 4), (5, 7), (7, 5), (6, 6), (2, 3, 5), (3, 3, 3), (4, 2, 3, 6)):
        yield case(2 * rng.normal(size=shape), rng.integers(0, shape[-1], size=shape[:-1]))


@exercise.part("Large logits", points=1)
def large(rng):
    yield case(
        np.array([[2000.0, 0.0], [0.0, 2000.0]]), np.array([1, 1]), note="very sure, and wrong once: the loss is 1000"
    )
    yield case(np.array([[1e4, 1e4 - 1.0], [-1e4, -1e4 - 2.0]]), np.array([0, 1]), note="one row far above the other")


@exercise.equivalent
def with_loops(logits, targets):
    rows, labels = logits.reshape(-1, logits.shape[-1]), targets.reshape(-1)
    total = 0.0
    for row, label in zip(rows, labels, strict=True):
        top = row.max()
        total += top + np.log(sum(np.exp(value - top) for value in row)) - row[label]
    return total / len(labels)


@exercise.equivalent
def with_one_hot(logits, targets):
    normaliser = np.logaddexp.reduce(logits, axis=-1)
    chosen = np.einsum("...v,...v->...", logits, np.eye(logits.shape[-1])[targets])
    return (normaliser - chosen).mean()


@exercise.equivalent
def with_flat_indices(logits, targets):
    flat = logits.reshape(-1, logits.shape[-1])
    flat = flat - flat.max(axis=1, keepdims=True)
    chosen = flat[np.arange(len(flat)), targets.ravel()]
    return np.average(np.log(np.exp(flat).sum(axis=1)) - chosen)


exercise.equivalent_mutant(
    "np.take_along_axis(log_probs, targets[..., None], axis=-1) -> np.take_along_axis(log_probs, targets[..., None])",
    because="-1 is the default axis since NumPy 2.3",
)
