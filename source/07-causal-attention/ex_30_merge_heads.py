"""### Merge the heads

Each head has made an output for every position. Now the pieces go back side by side: position 0 of head 0, then \
position 0 of
head 1, and so on, into one vector for each position.

Write `merge_heads(x)`: `(..., n_heads, T, width)` → `(..., T, n_heads * width)`, the inverse of `split_heads`. The \
leading axes
stay in front unchanged.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array

exercise = Exercise(
    topic="heads",
    answer=Array(rtol=1e-6, atol=1e-12),
    hints=(
        "Which numbers belong to position 0 of the result, and where are they in x?",
        "First the axes of the heads and of T change places; then the last two axes become one.",
        "x = np.swapaxes(x, -2, -3), then x.reshape(*x.shape[:-2], -1).",
    ),
)


@exercise.solution
def merge_heads(x):
    """(..., n_heads, T, width) -> (..., T, n_heads * width), the inverse of split_heads."""
    x = np.swapaxes(x, -2, -3)  # (..., T, H, width)
    return x.reshape(*x.shape[:-2], x.shape[-2] * x.shape[-1])  # (..., T, D)


def _numbered(H, T, width):
    """The entry 120 stands in head 1, position 2, column 0."""
    return 100.0 * np.arange(H)[:, None, None] + 10.0 * np.arange(T)[:, None] + np.arange(width)


@exercise.part("Two heads by hand", points=1)
def by_hand(rng):
    yield case(_numbered(2, 3, 2), note="the entry 120 stands in head 1, position 2, column 0")
    yield case(_numbered(3, 2, 2))


@exercise.part("Any length, width and number of heads", points=1)
def any_size(rng):
    for H, T, width in (
        (2, 5, 4),
        (4, 4, 1),
        (1, 7, 6),
        (3, 3, 3),
        (2, 1, 3),
        (2, 5, 4),
        (4, 6, 2),
        (5, 2, 3),
        (12, 40, 5),
    ):
        yield case(rng.normal(size=(H, T, width)))


@exercise.part("In a batch", points=1)
def in_a_batch(rng):
    yield case(rng.normal(size=(2, 2, 3, 4)), note="a batch of 2")
    yield case(rng.normal(size=(3, 3, 3, 2)))
    yield case(rng.normal(size=(2, 3, 4, 5, 2)), note="two leading axes")
    yield case(rng.normal(size=(1, 2, 4, 3)), note="a batch of 1")


@exercise.equivalent
def side_by_side(x):
    return np.concatenate([x[..., h, :, :] for h in range(x.shape[-3])], axis=-1)


@exercise.equivalent
def row_by_row(x):
    *lead, H, T, width = x.shape
    out = np.zeros((*lead, T, H * width), dtype=np.float32)
    for h in range(H):
        out[..., h * width : (h + 1) * width] = x[..., h, :, :]
    return out


@exercise.equivalent
def by_a_selection(x):
    H, width = x.shape[-3], x.shape[-1]
    places = np.eye(H * width).reshape(H, width, H * width)
    return np.einsum("...htk,hkc->...tc", x, places)


@exercise.equivalent
def nested_lists(x):
    if x.ndim > 3:
        return [nested_lists(one) for one in x]
    return [sum((list(head[t]) for head in x), []) for t in range(x.shape[1])]


@exercise.mistake("Reshaped, but not transposed")
def heads_reshaped_without_transpose(x):
    """The shape is right, but a row holds several positions of one head in place of one position of all heads: the
    future leaks into the past.

    - Which positions do the numbers in your first row come from?
    - reshape never changes the order in memory; two axes must change places first.
    - np.swapaxes(x, -2, -3) before the reshape.
    """
    return x.reshape(*x.shape[:-3], x.shape[-2], x.shape[-3] * x.shape[-1])


@exercise.mistake("The heads are interleaved")
def heads_interleaved(x):
    """The columns alternate between the heads; all columns of head 0 come first, then those of head 1.

    - Which columns did split_heads give to head 0?
    - The first ones, side by side.
    - The axes before the reshape are (..., T, n_heads, width).
    """
    return np.moveaxis(x, -3, -1).reshape(*x.shape[:-3], x.shape[-2], -1)


@exercise.mistake("The heads were added up")
def heads_added(x):
    """The result is only as wide as one head; merging puts the heads side by side.

    - How wide should the result be?
    - n_heads * width
    - np.concatenate(..., axis=-1) instead of a sum.
    """
    return x.sum(axis=-3)


@exercise.mistake("The heads were averaged")
def heads_averaged(x):
    """The result is only as wide as one head; merging puts the heads side by side.

    - How wide should the result be?
    - n_heads * width
    - np.concatenate(..., axis=-1) instead of a mean.
    """
    return x.mean(axis=-3)


@exercise.mistake("The heads stand one below the other")
def heads_along_the_positions(x):
    """There are n_heads * T rows; there should be T rows, n_heads times as wide.

    - How many positions are there?
    - T rows of n_heads * width
    - Join along the last axis, not along the positions.
    """
    return x.reshape(*x.shape[:-3], -1, x.shape[-1])


@exercise.mistake("Transposed, but not joined")
def heads_not_joined(x):
    """The axes are in the right order, but there is still one too many: (..., T, n_heads, width).

    - How many axes should the result have?
    - (..., T, n_heads * width)
    - x.reshape(*x.shape[:-2], -1)
    """
    return np.swapaxes(x, -2, -3)


@exercise.mistake("Only the first head came back")
def first_head_only(x):
    """The other heads are gone; merging keeps every number.

    - How many numbers go in, and how many come out?
    - n_heads * width columns
    - Join all heads, not x[..., 0, :, :].
    """
    return x[..., 0, :, :]


@exercise.mistake("The heads are in reverse order")
def heads_backwards(x):
    """The last head comes first.

    - Which head has the first columns?
    - Head 0.
    - Leave out the [::-1].
    """
    return merge_heads(x[..., ::-1, :, :])


@exercise.mistake("Joined over the first axis")
def joined_over_the_first_axis(x):
    """Iterating over x walks over its first axis, which in a batch is the batch and not the heads.

    - What does `for head in x` give in a batch?
    - The heads are the third axis from the end.
    - x[..., h, :, :] for h in range(x.shape[-3])
    """
    return np.concatenate(list(x), axis=-1)


@exercise.mistake(mc.INTEGERS_INSIDE)
def integers_inside(x):
    return merge_heads(x).astype(int)


@exercise.mistake("Right for four axes only")
def four_axes_only(x):
    """The axes are counted from the left, so it works with exactly one leading axis.

    - What is x.ndim without a batch?
    - Count from the end: -3 is the heads, -2 the positions.
    - np.swapaxes(x, -2, -3)
    """
    B, H, T, width = x.shape
    return x.transpose(0, 2, 1, 3).reshape(B, T, H * width)


@exercise.mistake(mc.ONLY_FIRST_IN_BATCH)
def only_first(x):
    """Only the first of the batch came back.

    - Is anything in your code indexed with [0]?
    - Every leading axis comes along.
    - Count axes from the end, and never use x[0].
    """
    return merge_heads(x.reshape(-1, *x.shape[-3:])[0])


@exercise.mistake(mc.CHANGES_INPUTS)
def changes_shape(x):
    """The array that was passed in is another one afterwards: its numbers or its shape have changed.

    - Do you assign to x.shape, or write into x?
    - x = x.reshape(...) leaves the array of the caller alone.
    - reshape instead of x.shape = ...
    """
    merged = merge_heads(x)
    x.shape = merged.shape
    return merged
