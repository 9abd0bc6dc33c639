"""### Repair: summaries of blocks

This code gives each row the mean of its block, and with it the future.

Repair `block_summaries(x, block)`: rows `x` `(T, d)` → `(T, d)`. Blocks are `block` rows long: rows 0 to `block - 1`, \
then the next ones; the last block may be shorter. Row i gets the mean of the rows **of its own block**, from the \
first one **up to row i itself**. `x` stays as it is.
"""

import numpy as np

from autograder.exercise.exercise import Exercise, Misconception, case
from autograder.exercise.results import Array

exercise = Exercise(
    topic="causal without a mask",
    answer=Array(),
    hints=(
        "Which is the last row that row i may know?",
        "A slice that begins at the start of the block, and ends after row i.",
        "x[start : i + 1]",
    ),
)
WHOLE = Misconception(
    "whole_block",
    "The whole block was summed up",
    "The first row of a block gets a mean that holds the rows after it.",
    ("Which is the last row that row i may know?", "The slice has to end after row i.", "x[start : i + 1]"),
)


@exercise.solution
def block_summaries(x, block):
    """x (T, d), block -> (T, d): for each row the mean of its block so far."""
    out = np.zeros(x.shape)
    for i in range(len(x)):
        start = i - i % block
        out[i] = x[start : i + 1].mean(axis=0)
    return out


@exercise.mistake(WHOLE)
@exercise.starter
def broken(x, block):
    """x (T, d), block -> (T, d): for each row the mean of its block so far."""
    out = np.zeros(x.shape)
    for i in range(len(x)):
        start = i - i % block
        out[i] = x[start : start + block].mean(axis=0)
    return out


@exercise.part("By hand", points=1)
def by_hand(rng):
    yield case(np.array([[1.0], [3.0], [8.0], [2.0]]), 2, note="two blocks of two rows")
    yield case(np.array([[2.0, 0.0], [4.0, 1.0], [0.0, 5.0]]), 3, note="one block")


@exercise.part("Any length", points=1)
def any_length(rng):
    for T, d, block in ((5, 2, 2), (8, 3, 4), (7, 2, 3), (1, 2, 4), (6, 1, 1), (3, 2, 8), (37, 2, 16)):
        yield case(rng.normal(size=(T, d)), block)


@exercise.equivalent
def running_sums(x, block):
    out = np.empty(x.shape)
    for start in range(0, len(x), block):
        part = x[start : start + block]
        out[start : start + block] = np.cumsum(part, axis=0) / np.arange(1, len(part) + 1)[:, None]
    return out


@exercise.equivalent
def as_a_product(x, block):
    at = np.arange(len(x))
    seen = (at[:, None] >= at) & (at[:, None] // block == at // block)
    return seen / seen.sum(axis=1, keepdims=True) @ x


@exercise.equivalent
def row_by_row(x, block):
    out, total, count = [], 0.0, 0
    for i, row in enumerate(x):
        total, count = (row, 1) if i % block == 0 else (total + row, count + 1)
        out.append(total / count)
    return out


def _summaries(x, rows):
    return np.array([x[rows(i)].mean(axis=0) for i in range(len(x))])


@exercise.mistake("The row itself was left out")
def without_the_row_itself(x, block):
    """A row may know itself; its mean here ends one row too early.

    - What is the summary of the first row of a block?
    - The row itself.
    """
    return _summaries(x, lambda i: slice(i - i % block, max(i, i - i % block + 1)))


@exercise.mistake("One row too many")
def one_row_ahead(x, block):
    """Each row still gets the next one of its block.

    - Where does the slice a : b end?
    - Before b, so b is i + 1.
    """
    return _summaries(x, lambda i: slice(i - i % block, min(i + 2, i - i % block + block)))


@exercise.mistake("The mean of all rows so far")
def over_all_blocks(x, block):
    """Nothing of the future comes through, but the earlier blocks do; a summary is of one block.

    - Where does the block of row i begin?
    - At i - i % block.
    """
    return _summaries(x, lambda i: slice(0, i + 1))


@exercise.mistake("A window in place of a block")
def sliding_window(x, block):
    """The last rows were taken, wherever a block begins.

    - Which rows does row `block` get?
    - Its own only, for with it a block begins.
    """
    return _summaries(x, lambda i: slice(max(0, i + 1 - block), i + 1))


@exercise.mistake("Divided by the block's length")
def divided_by_block(x, block):
    """The sum is right, and was divided by `block`; the mean of the first row alone is the row itself.

    - How many rows are summed up at row i?
    - i % block + 1
    """
    at = np.arange(len(x)) % block
    return _summaries(x, lambda i: slice(i - i % block, i + 1)) * ((at + 1) / block)[:, None]


@exercise.mistake("A sum in place of a mean")
def summed(x, block):
    """The rows so far were added and not divided.

    - What is the mean of one row?
    - .mean(axis=0)
    """
    at = np.arange(len(x)) % block
    return _summaries(x, lambda i: slice(i - i % block, i + 1)) * (at + 1)[:, None]


@exercise.mistake("The last summary for the whole block")
def only_the_last_one(x, block):
    """Every row of a block gets the mean of the block before. That is causal, and not what is asked for: the rows of
    the own block up to row i belong to it.

    - What is the summary of row 0?
    - Row 0 itself.
    """
    return np.array([x[max(0, i - i % block - block) : max(1, i - i % block)].mean(axis=0) for i in range(len(x))])


exercise.equivalent_mutant("np.zeros(x.shape) -> np.ones(x.shape)", because="every row is written")
