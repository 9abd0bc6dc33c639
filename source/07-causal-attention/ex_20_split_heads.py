"""### Split into heads

A vector of width `D` is divided among the heads: head 0 gets its first `D / n_heads` components, head 1 the next \
ones, and
so on. Each head then has a short vector for *every* position.

Write `split_heads(x, n_heads)`: `(..., T, D)` → `(..., n_heads, T, D / n_heads)`. The leading axes stay in front \
unchanged, and
`n_heads` divides `D`.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array

exercise = Exercise(
    topic="heads",
    answer=Array(rtol=1e-6, atol=1e-12),
    hints=(
        "Which components of position 0 belong to head 1? And which of position 1?",
        "First cut the last axis into (n_heads, D / n_heads); then the axes of T and of the heads change places.",
        "x.reshape(*x.shape[:-1], n_heads, -1), then np.swapaxes(..., -2, -3).",
    ),
)


@exercise.solution
def split_heads(x, n_heads):
    """(..., T, D) -> (..., n_heads, T, D / n_heads); head 0 has the first columns."""
    x = x.reshape(*x.shape[:-1], n_heads, x.shape[-1] // n_heads)  # (..., T, H, D / H)
    return np.swapaxes(x, -2, -3)  # (..., H, T, D / H)


def _numbered(T, D):
    """The entry 21 stands at position 2, column 1."""
    return 10.0 * np.arange(T)[:, None] + np.arange(D)


@exercise.part("Three positions by hand", points=1)
def by_hand(rng):
    yield case(_numbered(3, 4), 2, note="the entry 21 stands at position 2, column 1")
    yield case(_numbered(2, 6), 3)


@exercise.part("Any length, width and number of heads", points=1)
def any_size(rng):
    for T, D, n_heads in (
        (5, 8, 2),
        (4, 4, 4),
        (7, 6, 1),
        (3, 12, 3),
        (1, 6, 2),
        (5, 8, 2),
        (6, 9, 3),
        (2, 8, 4),
        (40, 60, 12),
    ):
        yield case(rng.normal(size=(T, D)), n_heads)


@exercise.part("In a batch", points=1)
def in_a_batch(rng):
    yield case(rng.normal(size=(2, 3, 4)), 2, note="a batch of 2")
    yield case(rng.normal(size=(3, 3, 6)), 3)
    yield case(rng.normal(size=(2, 3, 5, 8)), 4, note="two leading axes")
    yield case(rng.normal(size=(1, 4, 6)), 2, note="a batch of 1")


@exercise.equivalent
def by_slices(x, n_heads):
    width = x.shape[-1] // n_heads
    return np.stack([x[..., h * width : (h + 1) * width] for h in range(n_heads)], axis=-3)


@exercise.equivalent
def by_np_split(x, n_heads):
    return np.moveaxis(np.array(np.split(x, n_heads, axis=-1)), 0, -3)


@exercise.equivalent
def cell_by_cell(x, n_heads):
    *lead, T, D = x.shape
    out = np.empty((*lead, n_heads, T, D // n_heads), dtype=np.float32)
    for c in range(D):
        out[..., c // (D // n_heads), :, c % (D // n_heads)] = x[..., c]
    return out


@exercise.equivalent
def by_a_selection(x, n_heads):
    D = x.shape[-1]
    chosen = np.eye(D).reshape(D, n_heads, D // n_heads)  # which column goes to which head and place
    return np.einsum("...tc,chk->...htk", x, chosen)


@exercise.equivalent
def nested_lists(x, n_heads):
    if x.ndim > 2:
        return [nested_lists(one, n_heads) for one in x]
    width = x.shape[-1] // n_heads
    return [[list(row[h * width : (h + 1) * width]) for row in x] for h in range(n_heads)]


def _width(x, n_heads):
    return x.shape[-1] // n_heads


@exercise.mistake("Reshaped, but not transposed")
def heads_reshaped_without_transpose(x, n_heads):
    """The shape is right, but a head holds several pieces of one position; it should hold one piece of every position.

    - Which row of your head 0 comes from position 1?
    - reshape never changes the order in memory; here two axes must change places.
    - Cut into (..., T, n_heads, width) first, then np.swapaxes(..., -2, -3).
    """
    return x.reshape(*x.shape[:-2], n_heads, x.shape[-2], _width(x, n_heads))


@exercise.mistake("The heads come after the positions")
def heads_after_positions(x, n_heads):
    """The last axis is cut rightly, but the result is (..., T, n_heads, width): each head should hold all positions.

    - What should x[..., 0, :, :] be after splitting?
    - (..., n_heads, T, width)
    - np.swapaxes(..., -2, -3) at the end.
    """
    return x.reshape(*x.shape[:-1], n_heads, _width(x, n_heads))


@exercise.mistake("The heads are interleaved")
def heads_interleaved(x, n_heads):
    """Head 0 got every n_heads-th component; it should get the first D / n_heads ones, side by side.

    - Which columns belong to head 0?
    - Columns 0 to D / n_heads - 1.
    - reshape(..., n_heads, width), not (..., width, n_heads).
    """
    return np.moveaxis(x.reshape(*x.shape[:-1], _width(x, n_heads), n_heads), -1, -3)


@exercise.mistake("Number of heads and width are swapped")
def width_and_heads_swapped(x, n_heads):
    """n_heads was taken for the width of a head.

    - How many heads should come out?
    - n_heads heads of width D / n_heads.
    - reshape(*x.shape[:-1], n_heads, -1)
    """
    return split_heads(x, _width(x, n_heads))


@exercise.mistake("The positions were cut, not the components")
def positions_cut(x, n_heads):
    """Each head got some of the positions; it should get all of them, and some of the components.

    - Which axis is shared out among the heads?
    - The last one, of width D.
    - np.split(x, n_heads, axis=-1)
    """
    return np.stack(np.array_split(x, n_heads, axis=-2), axis=-3)


@exercise.mistake("The heads come before the batch")
def heads_before_the_batch(x, n_heads):
    """The axis of the heads should be the third from the end, right before the positions, whatever leads.

    - What is the shape for a batch of 2 with 4 heads?
    - (..., n_heads, T, width)
    - np.stack(..., axis=-3)
    """
    return np.array(np.split(x, n_heads, axis=-1))


@exercise.mistake("Every head got the whole vector")
def each_head_gets_everything(x, n_heads):
    """The heads share the D components; each gets only D / n_heads of them.

    - How wide is one head?
    - D / n_heads
    - x[..., h * width : (h + 1) * width]
    """
    return np.stack([x] * n_heads, axis=-3)


@exercise.mistake("Each head is turned over")
def positions_and_width_swapped(x, n_heads):
    """A head is (width, T); it should be (T, width), a row for each position.

    - What does a row of a head stand for?
    - A position.
    - Swap the axes of T and of the heads, and no others.
    """
    return np.swapaxes(split_heads(x, n_heads), -1, -2)


@exercise.mistake("The heads are in reverse order")
def heads_backwards(x, n_heads):
    """Head 0 should have the first components; it has the last.

    - Which components belong to head 0?
    - The first D / n_heads.
    - Leave out the [::-1].
    """
    return split_heads(x, n_heads)[..., ::-1, :, :]


@exercise.mistake("Always two heads")
def always_two_heads(x, n_heads):
    """There are two heads whatever n_heads says.

    - Where does n_heads enter your code?
    - (..., n_heads, T, D / n_heads)
    - Replace the 2 by n_heads.
    """
    return split_heads(x, 2)


@exercise.mistake(mc.INTEGERS_INSIDE)
def integers_inside(x, n_heads):
    return split_heads(x, n_heads).astype(int)


@exercise.mistake(mc.ONLY_FIRST_IN_BATCH)
def only_first(x, n_heads):
    """Only the first of the batch came back split.

    - Is anything in your code indexed with [0]?
    - Every leading axis comes along.
    - Count axes from the end, and never use x[0].
    """
    return split_heads(x.reshape(-1, *x.shape[-2:])[0], n_heads)


@exercise.mistake("Right for three axes only")
def three_axes_only(x, n_heads):
    """The axes are counted from the left, so it works with exactly one leading axis.

    - What is x.ndim without a batch?
    - Count from the end: -1 is the width, -2 the positions.
    - np.swapaxes(x, -2, -3)
    """
    B, T, D = x.shape
    return x.reshape(B, T, n_heads, D // n_heads).transpose(0, 2, 1, 3)


@exercise.mistake(mc.CHANGES_INPUTS)
def changes_shape(x, n_heads):
    """The array that was passed in is another one afterwards: its numbers or its shape have changed.

    - Do you assign to x.shape, or write into x?
    - x = x.reshape(...) leaves the array of the caller alone.
    - reshape instead of x.shape = ...
    """
    x.shape = (*x.shape[:-1], n_heads, _width(x, n_heads))
    return np.swapaxes(x, -2, -3)
