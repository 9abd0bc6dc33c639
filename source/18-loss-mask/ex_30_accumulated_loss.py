"""### One loss from several micro-batches

A batch that does not fit into memory is cut into micro-batches, and their losses are put together afterwards.

Write `accumulated_loss(losses, counts)`: `losses` is `(n,)`, the mean loss of each micro-batch over the labels that \
it counted; `counts` is `(n,)`, integers, how many labels that were. Their type may be too small for their sum, as \
`uint8` is. Return one float: the mean over **all counted labels**, as if the whole batch had been computed at once.

A micro-batch without any label has the count 0. Its loss is then NaN (as from PyTorch) or 0.0, and says nothing. If \
no label is counted at all, return `0.0`.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Number

exercise = Exercise(
    topic="gradient accumulation",
    answer=Number(),
    hints=(
        "Micro-batch 0 counted 1 label, micro-batch 1 counted 99. Should both weigh the same?",
        "sum of loss * count, divided by the sum of the counts",
        "kept = counts > 0; (losses[kept] * counts[kept]).sum() / counts.sum()",
    ),
)


@exercise.solution
def accumulated_loss(losses, counts):
    """losses (n,) means, counts (n,) int -> float, the mean over all counted labels; 0.0 if there are none."""
    losses, counts = np.asarray(losses), np.asarray(counts)
    kept = counts > 0
    if not kept.any():
        return 0.0
    return float((losses[kept] * counts[kept]).sum() / counts[kept].sum())


@exercise.part("Two micro-batches", points=1)
def two(rng):
    yield case(np.array([1.0, 3.0]), np.array([3, 1]))
    yield case(np.array([2.0, 4.0]), np.array([5, 5]), note="the same count twice")


@exercise.part("Any number", points=1)
def any_number(rng):
    yield case(np.array([2.5]), np.array([7]), note="one micro-batch")
    yield case(np.array([1.5, np.nan, 2.0]), np.array([2, 0, 6]), note="one of them counted nothing, and is NaN")
    yield case(np.array([1.5, 0.0, 2.0]), np.array([2, 0, 6]), note="one of them counted nothing, and is 0")
    yield case(np.array([np.nan, np.nan]), np.array([0, 0]), note="nothing was counted")
    yield case(np.array([0.0]), np.array([0]), note="one micro-batch, nothing was counted")
    yield case(np.array([0.0, 3.0]), np.array([4, 2]), note="a loss of 0.0 over four labels counts")
    for n in (3, 8, 64):
        yield case(5 * rng.random(n), rng.integers(1, 500, size=n))
    yield case(np.array([8.0, 1.0]), np.array([1, 100_000]), note="one label against a hundred thousand")
    yield case(np.array([2.0, 3.0]), np.array([200, 100], dtype=np.uint8), note="counts as uint8: 200 + 100 is 300")


@exercise.equivalent
def with_a_loop(losses, counts):
    total, number = 0.0, 0
    for loss, count in zip(losses.tolist(), counts.tolist(), strict=True):
        if count:
            total += loss * count
            number += count
    return total / number if number else 0.0


@exercise.equivalent
def running_mean(losses, counts):
    mean, seen = 0.0, 0
    for loss, count in zip(losses, map(int, counts), strict=True):
        if count > 0:
            seen += count
            mean += (loss - mean) * count / seen
    return mean


@exercise.equivalent
def weighted_average(losses, counts):
    clean, weights = np.where(counts == 0, 0.0, losses), counts.astype(float)
    return np.average(clean, weights=weights) if weights.any() else 0.0


@exercise.equivalent
def with_a_dot_product(losses, counts):
    wide = counts.astype(np.int64)
    return np.nan_to_num(losses) @ wide / max(wide.sum(), 1)


# https://github.com/huggingface/transformers/pull/34191 and https://unsloth.ai/blog/gradient (October 2024)
@exercise.mistake("The mean of the means")
def mean_of_means(losses, counts):
    """Each micro-batch has the same weight, however few labels it counted.

    - 1 label with loss 8, and 99 labels with loss 1: what is the mean of the 100?
    - Weigh each loss by its count.
    - (losses * counts).sum() / counts.sum()
    """
    kept = counts > 0
    return float(losses[kept].mean()) if kept.any() else 0.0


# What followed the repair: https://github.com/huggingface/transformers/pull/35438
@exercise.mistake("The sum of the means")
def sum_of_means(losses, counts):
    """The losses were added up and never divided: with more micro-batches the loss becomes larger.

    - Does the loss of a batch change if it is cut into more pieces?
    - Divide once, by the number of all labels.
    - (losses * counts).sum() / counts.sum()
    """
    return float(losses[counts > 0].sum())


# https://github.com/huggingface/transformers/issues/35203 discusses dividing twice.
@exercise.mistake("Divided twice")
def divided_twice(losses, counts):
    """The sum was divided by the number of labels, and then by the number of micro-batches too.

    - How many times is a mean divided?
    - Once: by the number of all labels.
    - Leave out / len(losses).
    """
    return accumulated_loss(losses, counts) / len(losses)


@exercise.mistake("The sum over all labels")
def not_divided(losses, counts):
    """This is the sum of the losses of all labels. The mean is asked for.

    - What are the unit and the size of a loss per token?
    - Divide by the sum of the counts.
    - / counts.sum()
    """
    kept = counts > 0
    return float((losses[kept] * counts[kept]).sum())


@exercise.mistake("Divided by the number of micro-batches")
def divided_by_pieces(losses, counts):
    """The sum over all labels was divided by the number of micro-batches.

    - How many losses were added up?
    - As many as there are labels.
    - / counts.sum(), not / len(counts)
    """
    return not_divided(losses, counts) / len(counts)


@exercise.mistake("NaN from a micro-batch without labels")
def nan_spreads(losses, counts):
    """0 times NaN is NaN: a micro-batch that counted nothing spoils the whole loss.

    - What is np.nan * 0?
    - Leave these micro-batches out before you multiply.
    - kept = counts > 0
    """
    with np.errstate(all="ignore"):
        total = (losses * counts).sum()
        return float(total / counts.sum()) if counts.any() else 0.0


@exercise.mistake("A mean of nothing")
def nothing_at_all(losses, counts):
    """Where no label is counted at all, 0 was divided by 0.

    - What should the loss be if nothing was counted?
    - 0.0
    - if not counts.any(): return 0.0
    """
    return accumulated_loss(losses, counts) if counts.any() else float("nan")


@exercise.mistake("The counts overflowed")
def counts_overflow(losses, counts):
    """The counts were added up in the small type in which they came.

    - What is 200 + 100 in uint8?
    - Add them up as Python integers or int64.
    - counts.astype(np.int64)
    """
    kept = counts > 0
    number = int(counts.sum(dtype=counts.dtype))
    return float((losses[kept] * counts[kept]).sum() / number) if kept.any() and number else 0.0


@exercise.mistake("The last micro-batch only")
def last_only(losses, counts):
    """Only one micro-batch was used.

    - How many micro-batches make up the batch?
    - Sum over all of them.
    - (losses * counts).sum()
    """
    kept = losses[counts > 0]
    return float(kept[-1]) if len(kept) else 0.0


@exercise.mistake("A loss of 0.0 was left out")
def zero_loss_left_out(losses, counts):
    """Micro-batches with the loss 0.0 were skipped; only the count says whether a loss counts.

    - May a model be right about every label of a micro-batch?
    - Then its loss is 0.0, over as many labels as it counted.
    - kept = counts > 0
    """
    return accumulated_loss(losses, np.where(losses == 0, 0, counts))


@exercise.mistake("Weighed by the inverse")
def inverse_weights(losses, counts):
    """A micro-batch with fewer labels got more weight.

    - Which of two micro-batches knows more about the mean?
    - The weight is the count.
    - losses * counts
    """
    kept = counts > 0
    weights = 1 / counts[kept].astype(float)
    return float((losses[kept] * weights).sum() / weights.sum()) if kept.any() else 0.0


@exercise.mistake(mc.CHANGES_INPUTS)
def in_place(losses, counts):
    loss = accumulated_loss(losses, counts)
    losses *= counts
    return loss


for name in ("losses", "counts"):
    exercise.equivalent_mutant(f"np.asarray({name}) -> {name}", because="arrays are promised; a list is taken as well")
