"""### Cross-entropy

The loss of a language model: how surprised it is, on average, by the token that really came.

`logits` is `(..., T, vocab)`, unnormalised scores of every token at every position; `targets` is `(..., T)`, whole numbers. Write
`cross_entropy(logits, targets)`: the **mean over all positions** (and batches) of `-log softmax(logits)[target]`, in nats, as one float.
Logits may be as large as ±10000, and they stay as they are.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, Misconception, Probe, case
from autograder.exercise.results import Number

EPSILON = Misconception(
    "epsilon_in_log", "A small number inside the logarithm", "log(p + 1e-9), or of p clipped from below, caps the loss of a sure and wrong model, here at about 20.7.",
    ("How large can the loss of a sure and wrong model be?", "log of a fraction is a difference.", "No epsilon is needed."),
)  # fmt: skip


def _cap(answer):
    return 1 < float(answer(np.array([[2000.0, 0.0]]), np.array([1]))) < 1990


exercise = Exercise(
    topic="cross-entropy",
    answer=Number(),
    probes=(Probe(EPSILON, _cap),),
    hints=(
        "Which entry of each row of log-probabilities belongs to the target?",
        "mean over positions of (log sum_k exp(z_k) - z_target)",
        "np.take_along_axis(log_probs, targets[..., None], axis=-1) picks one entry a row, with any leading axes.",
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
    yield case(np.array([[2000.0, 0.0], [0.0, 2000.0]]), np.array([1, 1]), note="very sure, and wrong once: the loss is 1000")
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


def _log_softmax(z, axis=-1):
    shifted = z - z.max(axis=axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


def _nll(logits, targets, axis=-1):
    return -np.take_along_axis(_log_softmax(logits, axis), targets[..., None], axis=-1)[..., 0]


exercise.mistake(
    Misconception("sum_instead_of_mean", "The sum, not the mean", "The losses of all positions were added up; the mean is wanted.",
                  ("Should a longer text have a larger loss?", "Divide by the number of positions.", ".mean()"))
)(lambda logits, targets: _nll(logits, targets).sum())  # fmt: skip
exercise.mistake(
    Misconception("mean_over_batch_only", "Divided by the batch only", "The losses along a sequence were added up before averaging; the mean runs over positions too.",
                  ("Over how many predictions do you average?", "All of them: batch times T.", ".mean() over everything"))
)(lambda logits, targets: _nll(logits, targets).sum(-1).mean() if targets.ndim > 1 else _nll(logits, targets).mean())  # fmt: skip
exercise.mistake(
    Misconception("sign_flipped", "The sign is flipped", "A loss is positive; this is the mean log-probability, which is negative.",
                  ("Should a better model have a lower loss?", "-log p", "Put a minus before the mean."))
)(lambda logits, targets: -_nll(logits, targets).mean())  # fmt: skip
exercise.mistake(
    Misconception("mean_over_the_table", "The mean over the whole vocabulary", "All log-probabilities were averaged, not only those of the targets.",
                  ("Where do the targets enter?", "One entry a row counts.", "np.take_along_axis(...)"))
)(lambda logits, targets: -_log_softmax(logits).mean())  # fmt: skip
exercise.mistake(
    Misconception("logits_as_log_probs", "Not normalised", "The raw logit of the target was used; it is no log-probability before the log-softmax.",
                  ("What does exp of a row of logits sum to?", "-(z_target - log sum exp z)", "Use log_softmax(logits)."))
)(lambda logits, targets: -np.take_along_axis(logits, targets[..., None], axis=-1).mean())  # fmt: skip
exercise.mistake(
    Misconception("other_base", "Bits instead of nats", "This is the loss in bits (log base 2); nats use the natural logarithm.",
                  ("What is the loss of a fair coin, log 2 or 1?", "1 bit = 0.693 nats", "np.log"))
)(lambda logits, targets: _nll(logits, targets).mean() / np.log(2))  # fmt: skip
exercise.mistake(
    Misconception("perplexity_not_loss", "That is the perplexity", "The exponential of the loss came back; the loss itself is wanted.",
                  ("What is the loss of a fair choice among 4?", "log 4", "Leave out the exp."))
)(lambda logits, targets: np.exp(_nll(logits, targets).mean()))  # fmt: skip
exercise.mistake(
    mc.WRONG_AXIS,
    "The softmax ran over positions instead of the vocabulary: the probabilities of the tokens don't sum to 1.",
    ("Among what does the model choose at one position?", "The softmax runs over the vocabulary, axis -1.", "axis=-1"),
)(lambda logits, targets: _nll(logits, targets, axis=-2).mean())


@exercise.mistake(
    Misconception("log_of_softmax", "The logarithm of 0", "The softmax rounded to 0, so the loss became infinite; the true loss is finite.",
                  ("What is np.exp(-2000)?", "log of a fraction is a difference.", "Use a stable log_softmax."))
)  # fmt: skip
def log_of_softmax(logits, targets):
    p = np.exp(_log_softmax(logits))
    return -np.log(np.take_along_axis(p, targets[..., None], axis=-1)).mean()


@exercise.mistake(EPSILON)
def epsilon(logits, targets):
    p = np.exp(_log_softmax(logits))
    return -np.log(np.take_along_axis(p, targets[..., None], axis=-1) + 1e-9).mean()


@exercise.mistake(mc.NO_MAX, message="exp(2000) is infinite, so large logits give inf or NaN.")
def no_max(logits, targets):
    log_probs = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    return -np.take_along_axis(log_probs, targets[..., None], axis=-1).mean()


@exercise.mistake(
    Misconception("probability_not_log", "1 - p is another loss", "The probability itself was averaged; cross-entropy averages its logarithm.",
                  ("What does a model lose for p = 0?", "-log p", "Take the logarithm."))
)  # fmt: skip
def one_minus_p(logits, targets):
    return (1 - np.exp(-_nll(logits, targets))).mean()


@exercise.mistake(
    Misconception("last_position_only", "Only the last position counts", "Every position predicts a next token, so every position counts.",
                  ("How many predictions does a sequence of T tokens make?", "T", "Average over all positions."))
)  # fmt: skip
def last_only(logits, targets):
    return _nll(logits, targets)[..., -1].mean()


exercise.mistake(
    Misconception("entropy_of_the_model", "The model's own entropy", "This measures how unsure the model feels; the targets play no part.",
                  ("Where do the targets enter?", "Only -log p of the target counts.", "Pick one entry a row with the targets."))
)(lambda logits, targets: -(np.exp(_log_softmax(logits)) * _log_softmax(logits)).sum(-1).mean())  # fmt: skip
exercise.mistake(
    Misconception("softmax_twice", "Softmax was taken twice", "The probabilities went through another softmax, which makes them nearly equal: the loss can't come near 0.",
                  ("What is the softmax of (1, 0)?", "-log softmax(logits)[target], one softmax.", "Hand the logits, not the probabilities, to the log-softmax."))
)(lambda logits, targets: _nll(np.exp(_log_softmax(logits)), targets).mean())  # fmt: skip
exercise.mistake(
    Misconception("mean_over_length_only", "Divided by the length only", "The losses of the batch were added up; the mean runs over the batch too.",
                  ("Over how many predictions do you average?", "All of them: batch times T.", ".mean() over everything"))
)(lambda logits, targets: _nll(logits, targets).sum() / targets.shape[-1])  # fmt: skip
exercise.mistake(mc.ONLY_FIRST_IN_BATCH, message="Only the first sequence of the batch counted.", hints=(
    "Is anything in your code indexed with [0]?", "Every sequence of the batch counts.", ".mean() over everything"
))(lambda logits, targets: _nll(logits, targets)[(0,) * (targets.ndim - 1)].mean())  # fmt: skip


@exercise.mistake(mc.GLOBAL_MAX, message="The largest logit of the whole array was subtracted, so a row far below it underflows to log(0).")
def global_max(logits, targets):
    shifted = logits - logits.max()
    log_probs = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return -np.take_along_axis(log_probs, targets[..., None], axis=-1).mean()


SHIFTED = Misconception(
    "labels_shifted_again", "The targets were shifted once more", "The targets are the next tokens already; shifting again skips a token.",
    ("Are the targets already the next tokens?", "Row i goes with targets[i].", "Don't shift."),
)  # fmt: skip
exercise.mistake(SHIFTED)(lambda logits, targets: _nll(logits, np.roll(targets, -1, axis=-1)).mean())


@exercise.mistake(SHIFTED)
def shifted_again(logits, targets):
    if targets.shape[-1] == 1:
        return _nll(logits, targets).mean()
    return _nll(logits[..., :-1, :], targets[..., 1:]).mean()


exercise.equivalent_mutant(
    "np.take_along_axis(log_probs, targets[..., None], axis=-1) -> np.take_along_axis(log_probs, targets[..., None])",
    because="-1 is the default axis since NumPy 2.3",
)
