"""### A loss with a mask

Write `masked_mean_loss(logits, labels)`: `logits` is `(..., T, vocab)`, `labels` is `(..., T)`, integers, shifted \
already. Return one float: the mean of
`-log softmax(logits)[label]`, in nats, over **all labels that are not -100**, and `0.0` if there is none.

Divide by the number of those labels in the whole batch. Logits may be as large as ±10000; where a label is -100 they \
may hold anything, even NaN, and must not matter.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Number

exercise = Exercise(
    topic="the loss mask",
    answer=Number(),
    hints=(
        "Over how many positions is the mean taken?",
        "Take the rows whose label is not -100 first, and compute the losses of these alone.",
        "counted = labels != -100; logits[counted] has shape (n, vocab), labels[counted] has shape (n,).",
    ),
)


@exercise.solution
def masked_mean_loss(logits, labels):
    """logits (..., T, vocab), labels (..., T) int -> float, mean in nats over labels that are not -100, else 0.0."""
    counted = labels != -100
    rows, targets = logits[counted], labels[counted]  # (n, vocab), (n,)
    if len(targets) == 0:
        return 0.0
    shifted = rows - rows.max(axis=-1, keepdims=True)
    log_probs = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return float(-log_probs[np.arange(len(targets)), targets].mean())


def _masked(rng, *shape, vocab=5, share=0.4):
    labels = rng.integers(vocab, size=shape)
    labels[rng.random(shape) < share] = -100
    return 2 * rng.normal(size=(*shape, vocab)), labels


@exercise.part("By hand", points=1)
def by_hand(rng):
    yield case(np.zeros((3, 4)), np.array([2, -100, -100]), note="equal logits: the loss is log 4")
    yield case(
        np.log([[1.0, 2.0, 5.0], [6.0, 1.0, 1.0]]), np.array([1, -100]), note="the probability of the label is 2/8"
    )
    yield case(np.zeros((2, 3)), np.array([-100, -100]), note="nothing counts")


@exercise.part("Any batch", points=1)
def any_batch(rng):
    for shape in ((1,), (6,), (2, 5), (3, 4), (2, 3, 5)):
        yield case(*_masked(rng, *shape))
    logits, labels = _masked(rng, 2, 6, share=0.0)
    labels[1, 1:] = -100
    yield case(logits, labels, note="six labels in one row, one in the other")
    yield case(rng.normal(size=(2, 3, 120)), np.array([[3, -100, 119], [-100, -100, 20]]), note="120 tokens")
    yield case(rng.normal(size=(1, 4)), np.array([0]), note="T = 1, the token 0")


@exercise.part("Hostile logits", points=1)
def hostile(rng):
    logits, labels = _masked(rng, 2, 4)
    labels[0, 0] = 1
    hidden = logits.copy()
    hidden[labels == -100] = np.nan
    yield case(hidden, labels, note="NaN where the label is -100")
    hidden = logits.copy()
    hidden[labels == -100] = 1e30
    yield case(hidden, labels, note="1e30 where the label is -100")
    yield case(
        np.array([[2000.0, 0.0], [0.0, 2000.0], [5.0, 9.0]]), np.array([1, 1, -100]), note="very sure, once wrong"
    )
    yield case(np.array([[1e4, 1e4 - 1.0], [-1e4, -1e4 - 2.0]]), np.array([0, 1]), note="large logits")


@exercise.equivalent
def with_loops(logits, labels):
    losses = []
    for row, label in zip(logits.reshape(-1, logits.shape[-1]), labels.ravel(), strict=True):
        if label != -100:
            top = max(row)
            losses.append(top + np.log(sum(np.exp(z - top) for z in row)) - row[label])
    return sum(losses) / max(len(losses), 1)


@exercise.equivalent
def with_where(logits, labels):
    counts = labels != -100
    safe = np.where(counts[..., None], logits, 0.0)
    picked = np.take_along_axis(safe, np.where(counts, labels, 0)[..., None], axis=-1)[..., 0]
    losses = np.where(counts, np.logaddexp.reduce(safe, axis=-1) - picked, 0.0)
    return losses.sum() / max(counts.sum(), 1)


@exercise.equivalent
def with_one_hot(logits, labels):
    flat, answers = logits.reshape(-1, logits.shape[-1]), labels.reshape(-1)
    keep = np.flatnonzero(answers != -100)
    z = flat[keep] - flat[keep].max(axis=1, keepdims=True, initial=-np.inf)
    one_hot = np.arange(flat.shape[1]) == answers[keep][:, None]
    return (np.log(np.exp(z).sum(axis=1)) - (z * one_hot).sum(axis=1)).sum() / (keep.size or 1)


def _losses(logits, labels):
    """The loss of each position; at -100 that of label 0."""
    z = logits - logits.max(axis=-1, keepdims=True)
    picked = np.take_along_axis(z, np.where(labels == -100, 0, labels)[..., None], axis=-1)[..., 0]
    return np.log(np.exp(z).sum(axis=-1)) - picked


def _ratio(a, b):
    return float(a / b) if b else 0.0


def _clean(logits, labels):
    return np.where((labels != -100)[..., None], logits, 0.0)


# https://github.com/huggingface/trl/issues/2175 and https://github.com/huggingface/transformers/pull/34191
@exercise.mistake("A mean of means")
def mean_of_row_means(logits, labels):
    """Each row was averaged by itself, and then the rows: a row with one label weighs as much as one with six.

    - Two rows have 6 labels and 1 label. By what do you divide?
    - By 7, the number of labels in the whole batch.
    - One sum over all, divided by one count over all.
    """
    counts, losses = labels != -100, _losses(_clean(logits, labels), labels)
    totals, numbers = (losses * counts).sum(-1).ravel(), counts.sum(-1).ravel()
    return float(np.mean([_ratio(a, b) for a, b in zip(totals, numbers, strict=True)]))


@exercise.mistake("Divided by all positions")
def divided_by_all(logits, labels):
    """The positions with -100 were counted in the denominator, so the loss is too small.

    - Two of four labels are -100. By what do you divide the sum?
    - By the number of labels that are not -100.
    - (labels != -100).sum()
    """
    return float((_losses(_clean(logits, labels), labels) * (labels != -100)).sum() / labels.size)


@exercise.mistake("-100 was taken for a token")
def counts_from_the_end(logits, labels):
    """Every position was counted. NumPy counts negative numbers from the end, so -100 can be a token of the vocabulary.

    - What is row[-100], if the row has 120 entries?
    - Leave out the positions with -100.
    - counted = labels != -100
    """
    with np.errstate(all="ignore"):
        losses = _losses(_clean(logits, labels), labels % logits.shape[-1])
    return float(losses.mean())


@exercise.mistake("The loss was multiplied by the mask")
def nan_times_zero(logits, labels):
    """0 times NaN is NaN: the losses were computed everywhere and multiplied by 0, which does not remove a NaN.

    - What is 0 * np.nan?
    - Take the rows that count before you compute anything.
    - logits[labels != -100]
    """
    counts = labels != -100
    with np.errstate(all="ignore"):
        return _ratio((_losses(logits, labels) * counts).sum(), counts.sum())


# PyTorch gives NaN here: https://github.com/pytorch/pytorch/issues/70348
@exercise.mistake("A mean of nothing")
def nan_of_nothing(logits, labels):
    """Where no label counts, 0 was divided by 0. The prompt asks for 0.0 there.

    - By what do you divide if every label is -100?
    - Return 0.0 if nothing counts.
    - if not counted.any(): return 0.0
    """
    return masked_mean_loss(logits, labels) if (labels != -100).any() else float("nan")


@exercise.mistake("The labels were shifted again")
def shifted_again(logits, labels):
    """The labels are shifted already; they were shifted a second time inside the loss.

    - Which label belongs to the logits of position 0?
    - labels[..., 0]
    - Leave out [..., 1:].
    """
    return masked_mean_loss(logits[..., :-1, :], labels[..., 1:])


@exercise.mistake("Token 0 was left out")
def zero_left_out(logits, labels):
    """The labels 0 were left out as well (or instead): 0 is a token like any other.

    - Which number marks a position without a target?
    - Only -100.
    - labels != -100, not labels > 0
    """
    return masked_mean_loss(logits, np.where(labels > 0, labels, -100))


exercise.add_mistakes(
    (
        zero_left_out,
        lambda logits, labels: masked_mean_loss(
            _clean(logits, labels), np.where(labels == -100, 0, np.where(labels == 0, -100, labels))
        ),
    )
)


@exercise.mistake("The sum, not the mean")
def the_sum(logits, labels):
    """The losses were added up and not divided.

    - Should a longer text have a larger loss?
    - Divide by the number of labels that count.
    - .mean()
    """
    return masked_mean_loss(logits, labels) * float((labels != -100).sum())


@exercise.mistake("The sign is flipped")
def sign_flipped(logits, labels):
    """This is the mean log-probability, which is negative. A loss is its negative.

    - Is a better model to have a lower loss?
    - -log p
    - Put a minus in front.
    """
    return -masked_mean_loss(logits, labels)


@exercise.mistake("The maximum was not subtracted")
def overflows(logits, labels):
    """exp of a large logit overflows.

    - What is np.exp(2000.0)?
    - Subtract the maximum of each row first.
    - rows - rows.max(axis=-1, keepdims=True)
    """
    counted = labels != -100
    if not counted.any():
        return 0.0
    with np.errstate(all="ignore"):
        p = np.exp(logits[counted])
        p = p / p.sum(axis=-1, keepdims=True)
        return float(-np.log(p[np.arange(len(p)), labels[counted]]).mean())


@exercise.mistake(mc.CHANGES_INPUTS)
def in_place(logits, labels):
    loss = masked_mean_loss(logits, labels)
    labels[labels == -100] = 0
    return loss


exercise.equivalent_mutant("-1 -> 1", because="the rows that count have two axes, so the last one is axis 1")
exercise.equivalent_mutant("-1 -> 1 #2", because="the rows that count have two axes, so the last one is axis 1")
