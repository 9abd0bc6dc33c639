"""### Pool, and wait for the block

Many models pool blocks of rows and later repeat each result for the rows of its block. Then the first row of a block \
gets a mean in which rows after it take part.

Write `causal_pool(x, stride)`: `x` `(T, d)` → `(T, d)`. The rows are cut into blocks of `stride` rows: 0 to \
`stride - 1`, then the next ones. Row t gets the mean of the **last block that is complete at row t**: one whose last \
row is row t or stands before it. Rows before the first complete block get 0. A block at the end with fewer rows is \
never complete. `stride` is at least 1 and may be larger than `T`.
"""

import numpy as np

from autograder.exercise.exercise import Exercise, case

exercise = Exercise(
    topic="causal pooling",
    hints=(
        "With stride 2, when does row t know both rows of block 0?",
        "At row t, (t + 1) // stride blocks are complete; the last of them has the number (t + 1) // stride - 1.",
        "stop = (t + 1) // stride * stride; y[t] = x[stop - stride : stop].mean(axis=0), if stop > 0.",
    ),
)


@exercise.solution
def causal_pool(x, stride):
    """x (T, d) -> (T, d): row t gets the mean of the last block of `stride` rows that is complete at t, or 0."""
    y = np.zeros(x.shape)
    for t in range(stride - 1, len(x)):
        stop = (t + 1) // stride * stride  # the rows of all complete blocks
        y[t] = x[stop - stride : stop].mean(axis=0)
    return y


@exercise.part("By hand", points=1)
def by_hand(rng):
    yield case(np.array([[1.0], [3.0], [8.0], [2.0], [6.0]]), 2, note="two blocks of two, and a row that is left over")
    yield case(np.array([[2.0, 0.0], [4.0, 1.0], [0.0, 5.0]]), 3, note="one block")


@exercise.part("Any length", points=1)
def any_length(rng):
    for T, d, stride in ((6, 2, 2), (8, 3, 4), (7, 2, 3), (1, 2, 1), (5, 1, 1), (37, 2, 16), (12, 3, 5)):
        yield case(rng.normal(size=(T, d)), stride)
    yield case(rng.normal(size=(3, 2)), 8, note="no block is ever complete")
    yield case(rng.integers(0, 9, size=(6, 2)), 2, note="integers")


@exercise.equivalent
def pooled_and_shifted(x, stride):
    T, d = x.shape
    n = T // stride
    means = x[: n * stride].reshape(n, stride, d).mean(axis=1)
    waiting = np.zeros((stride - 1, d))
    return np.concatenate([waiting, np.repeat(means, stride, axis=0)])[:T] if T >= stride else np.zeros(x.shape)


@exercise.equivalent
def with_a_counter(x, stride):
    out, block, last = [], [], np.zeros(x.shape[1])
    for row in x:
        block.append(row)
        if len(block) == stride:
            last, block = sum(block) / stride, []
        out.append(last)
    return np.array(out)


@exercise.equivalent
def as_a_product(x, stride):
    T = len(x)
    complete = (np.arange(T)[:, None] + 1) // stride - 1  # the number of the last complete block
    return (np.arange(T) // stride == complete) / stride @ x


def _repeat(means, T, stride):
    return np.repeat(means, stride, axis=0)[:T]


def _means(x, stride):
    """The mean of every block; the last one may have fewer rows."""
    return np.array([x[start : start + stride].mean(axis=0) for start in range(0, len(x), stride)])


# https://github.com/neu-vi/ACMDM/issues/1, https://github.com/pclucas14/pixel-cnn-pp/issues/24
@exercise.mistake("The mean came too early")
def own_block(x, stride):
    """Each row gets the mean of its own block, so the first row of a block reads the rows after it.

    - Which rows are known at the first row of a block?
    - That block is not complete yet, so the one before it is the newest that may be used.
    - The last complete block has the number (t + 1) // stride - 1.
    """
    return _repeat(_means(x, stride), len(x), stride)


@exercise.mistake("One block late")
def block_before(x, stride):
    """Each row gets the block before its own. That is causal, but the last row of a block knows its own block already.

    - Is block 0 complete at its last row?
    - Yes: row t itself may be used.
    - (t + 1) // stride - 1 in place of t // stride - 1
    """
    means = np.concatenate([np.zeros((1, x.shape[1])), _means(x, stride)])
    return _repeat(means, len(x), stride)


@exercise.mistake("A mean that slides")
def sliding(x, stride):
    """The last `stride` rows were taken, wherever a block begins; a block keeps its rows.

    - What do rows 1 and 2 get with stride 2?
    - Both get the mean of rows 0 and 1.
    - Round (t + 1) down to a multiple of stride first.
    """
    complete = np.arange(len(x))[:, None] >= stride - 1
    return np.where(complete, np.array([x[max(0, t + 1 - stride) : t + 1].mean(axis=0) for t in range(len(x))]), 0.0)


@exercise.mistake("The block so far")
def block_so_far(x, stride):
    """Each row gets the mean of the rows of its own block so far; asked for is a block that is complete.

    - What does the first row of a block get?
    - The mean of the block before.
    """
    return np.array([x[t - t % stride : t + 1].mean(axis=0) for t in range(len(x))])


@exercise.mistake("All complete blocks together")
def all_blocks(x, stride):
    """The mean of all rows in complete blocks was taken; asked for is the last block alone.

    - Which rows enter output 3 with stride 2?
    - Rows 2 and 3, and not rows 0 and 1.
    - x[stop - stride : stop], not x[:stop]
    """
    stops = [(t + 1) // stride * stride for t in range(len(x))]
    return np.array([x[:stop].mean(axis=0) if stop else np.zeros(x.shape[1]) for stop in stops])


@exercise.mistake("The sum of a block")
def summed(x, stride):
    """The rows of the block were added and not divided by their number.

    - What is the mean of 1 and 3?
    - .mean(axis=0)
    """
    return causal_pool(x, stride) * stride


@exercise.mistake("The largest number of a block")
def maximum(x, stride):
    """The largest number of the block was taken in place of its mean.

    - What is the mean of 1 and 3?
    - .mean(axis=0)
    """
    return np.array(
        [
            x[(t + 1) // stride * stride - stride :][:stride].max(axis=0) if t + 1 >= stride else 0 * x[0]
            for t in range(len(x))
        ]
    )


@exercise.mistake("Only at the end of each block")
def only_at_the_end(x, stride):
    """The mean stands at the last row of its block only; the rows after it are 0 until the next block is complete.

    - What does the row after a complete block get?
    - The same mean, until a newer block is complete.
    - Repeat it `stride` times.
    """
    return causal_pool(x, stride) * ((np.arange(len(x)) + 1) % stride == 0)[:, None]


@exercise.mistake("The unfinished block counts as complete")
def tail_included(x, stride):
    """At the end of the text the rows that are left over were pooled too, as if their block were complete.

    - With five rows and stride 2: which block is the last complete one?
    - Rows 2 and 3. Row 4 begins a block that never ends.
    """
    y = causal_pool(x, stride)
    if len(x) % stride:
        y[-1] = x[-(len(x) % stride) :].mean(axis=0)
    return y
