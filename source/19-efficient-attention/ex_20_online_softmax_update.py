"""### Softmax, a block at a time

Attention can be computed without ever holding a whole row of scores (Milakov and Gimelshein, 2018; FlashAttention, \
2022). Three things are carried along: the largest
score so far `m`, the sum of exponentials `l = sum exp(s - m)`, and the weighted sum of values `acc = sum exp(s - m) v`.

Write `online_softmax_update(state, scores, values)`: `state` is `(m, l, acc)` or `None` at the start; `scores` is \
`(n,)`, `values` `(n, d_v)`, the next block. Return the new
`(m, l, acc)`. At any time `acc / l` is the softmax-weighted mean of all values so far. The old state stays unchanged. \
Scores may be large, or `-inf`; each block has a finite one.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array, Number, Tuple

exercise = Exercise(
    topic="online softmax",
    answer=Tuple(m=Number(), l=Number(), acc=Array()),
    hints=(
        "If the maximum grows from 2 to 5, what has to happen to the old sum?",
        "m' = max(m, max s); old sums are multiplied by exp(old m - new m).",
        "shrink = np.exp(m - new_m); l * shrink + np.exp(scores - new_m).sum(); the same for acc.",
    ),
)


@exercise.solution
def online_softmax_update(state, scores, values):
    """state (m, l, acc) or None, scores (n,), values (n, d_v) -> the new (m, l, acc); acc / l is the output so far."""
    m, l, acc = (-np.inf, 0.0, 0.0) if state is None else state
    new_m = max(m, scores.max())
    shrink, e = np.exp(m - new_m), np.exp(scores - new_m)
    return new_m, l * shrink + e.sum(), acc * shrink + e @ values


def _state(scores, values):
    m = scores.max()
    e = np.exp(scores - m)
    return float(m), float(e.sum()), e @ values


def _block(rng, n, d_v, level=0.0):
    return level + rng.normal(size=n), rng.normal(size=(n, d_v))


@exercise.part("The first block", points=1)
def first(rng):
    yield case(None, np.log([1.0, 2.0]), np.array([[3.0, 0.0], [0.0, 3.0]]))
    yield case(None, *_block(rng, 4, 3))
    sharp = Tuple(m=Number(), l=Number(rtol=3e-7, atol=1e-9), acc=Array())
    yield case(None, *_block(rng, 1, 3), note="a single key", answer=sharp)
    yield case(None, *_block(rng, 40, 2), note="forty keys")
    yield case(None, *_block(rng, 3, 2, level=-900.0), note="all scores far below 0")
    yield case(None, *_block(rng, 3, 2, level=-30000.0), note="all scores below -20000")
    yield case(None, np.array([1000.0, 999.0]), np.array([[1.0], [2.0]]), note="large scores")
    yield case(None, np.array([0.5, -np.inf]), np.array([[1.0], [7.0]]), note="a masked key")


@exercise.part("The next blocks", points=2)
def following(rng):
    yield case((0.0, 1.0, np.array([5.0])), np.array([0.0]), np.array([[7.0]]), note="two equal scores")
    yield case(_state(*_block(rng, 3, 2)), *_block(rng, 2, 2, level=4.0), note="the maximum grows")
    yield case(_state(*_block(rng, 3, 2, level=4.0)), *_block(rng, 2, 2), note="the maximum stays")
    yield case(_state(*_block(rng, 3, 2)), np.array([0.5, -np.inf, 1.5]), rng.normal(size=(3, 2)), note="a masked key")
    small, large = rng.normal(size=(3, 2)), 1e4 * rng.normal(size=(2, 2))
    yield case(
        _state(np.array([5.0, 4.0, 3.0]), small),
        np.array([-6.0, -7.0]),
        large,
        note="scores far below the maximum, large values",
    )
    for n, d_v in ((1, 1), (5, 4), (2, 3), (24, 3)):
        yield case(_state(*_block(rng, 4, d_v)), *_block(rng, n, d_v))
    yield case(_state(*_block(rng, 2, 2, level=-800.0)), *_block(rng, 3, 2, level=800.0), note="from -800 to 800")
    yield case(_state(*_block(rng, 2, 2, level=800.0)), *_block(rng, 3, 2, level=-800.0), note="from 800 to -800")


@exercise.equivalent
def start_apart(state, scores, values):
    top = np.max(scores)
    p = np.exp(scores - top)
    if state is None:
        return [top, np.sum(p), p @ values]
    m, l, acc = state
    if m >= top:
        p = p * np.exp(top - m)
        return [m, l + p.sum(), acc + p @ values]
    return [top, l * np.exp(m - top) + p.sum(), acc * np.exp(m - top) + p @ values]


@exercise.equivalent
def key_by_key(state, scores, values):
    for s, v in zip(scores, values, strict=True):
        if state is None:
            state = (s, 1.0, np.array(v, dtype=float))
            continue
        m, l, acc = state
        top = s if s > m else m
        old, new = np.exp(m - top), np.exp(s - top)
        state = (top, l * old + new, acc * old + new * v)
    return state


@exercise.equivalent
def as_a_longer_block(state, scores, values):
    # The old state is one more key: score m + log l, value acc / l.
    if state is not None:
        m, l, acc = state
        scores, values = np.append(scores, m + np.log(l)), np.vstack([values, acc / l])
        top = max(m, np.max(scores[:-1]))
    else:
        top = np.max(scores)
    e = np.exp(scores - top)
    return top, e.sum(), np.einsum("n,nd->d", e, values)


def _update(state, scores, values, rescale_l=True, rescale_acc=True, start=-np.inf, sign=1.0, fresh=False):
    m, l, acc = (start, 0.0, np.zeros(values.shape[1])) if state is None else state
    top = scores.max() if fresh else max(m, scores.max())
    shrink = np.exp(sign * (m - top)) if np.isfinite(m) else 0.0
    e = np.exp(scores - top)
    return top, l * (shrink if rescale_l else 1.0) + e.sum(), acc * (shrink if rescale_acc else 1.0) + e @ values


@exercise.mistake("The old sums were not rescaled")
def not_rescaled(*a):
    """The maximum grew, but l and acc still belong to the old one.

    - Relative to which maximum was the old l computed?
    - Multiply by exp(old m - new m).
    - l * np.exp(m - new_m)
    """
    return _update(*a, rescale_l=False, rescale_acc=False)


@exercise.mistake("acc was not rescaled")
def accumulator_not_rescaled(*a):
    """l was brought to the new maximum, acc was not.

    - Does acc hold exponentials too?
    - The same factor for both.
    - acc * shrink
    """
    return _update(*a, rescale_acc=False)


@exercise.mistake("l was not rescaled")
def sum_not_rescaled(*a):
    """acc was brought to the new maximum, l was not.

    - Does l hold exponentials too?
    - The same factor for both.
    - l * shrink
    """
    return _update(*a, rescale_l=False)


@exercise.mistake("The maximum starts at 0")
def running_max_starts_at_zero(*a):
    """Where all scores are far below 0, every exponential underflows to 0.

    - What is max(0, -900)?
    - Start at -inf.
    - -np.inf, or the first block's own maximum
    """
    return _update(*a, start=0.0)


@exercise.mistake("Rescaled the wrong way")
def rescaled_the_wrong_way(*a):
    """exp(m' - m) grows where the old sums should shrink.

    - Is the factor above or below 1?
    - exp(old m - new m) <= 1
    - np.exp(m - new_m)
    """
    return _update(*a, sign=-1.0)


@exercise.mistake("Only the block's own maximum")
def block_maximum_only(*a):
    """m fell: the maximum so far can never get smaller.

    - Can the largest score so far shrink?
    - m' = max(m, max s)
    - Take the old m into account.
    """
    return _update(*a, fresh=True)


@exercise.mistake("The output was carried, not the sum")
def output_accumulated(state, scores, values):
    """acc was divided by l already; then the next block can't be added.

    - When is the division done?
    - acc / l, only at the very end.
    - Carry the undivided sum.
    """
    m, l, acc = online_softmax_update(state, scores, values)
    return m, l, acc / l


@exercise.mistake("m and l are swapped")
def maximum_and_sum_swapped(state, scores, values):
    """The state is (m, l, acc): the maximum first, then the sum.

    - In which order are the three wanted?
    - (m, l, acc)
    - Swap the first two.
    """
    m, l, acc = online_softmax_update(state, scores, values)
    return l, m, acc


@exercise.mistake("The state is ignored")
def state_ignored(state, scores, values):
    """Only the new block counts.

    - What is the state for?
    - Old sums and new ones.
    - l * shrink + ...
    """
    return _update(None, scores, values)


@exercise.mistake(mc.NO_MAX)
def no_max(state, scores, values):
    """Nothing is subtracted before exp, so large scores overflow."""
    m, l, acc = (-np.inf, 0.0, 0.0) if state is None else state
    top = max(m, scores.max())
    old = 0.0 if state is None else np.exp(m)
    e = np.exp(scores)
    return top, (l * old + e.sum()) / np.exp(top), (acc * old + e @ values) / np.exp(top)


@exercise.mistake("Each block was normalised")
def block_normalised(state, scores, values):
    """The block's weights were divided by their own sum, so all blocks count the same.

    - Should a block of low scores count as much as one of high scores?
    - Add exponentials, divide at the end.
    - e @ values, not softmax(scores) @ values
    """
    m, l, acc = online_softmax_update(state, scores, values)
    e = np.exp(scores - scores.max())
    mean = e @ values / e.sum()
    return m, l, mean if state is None else state[2] + mean


@exercise.mistake(mc.CHANGES_INPUTS)
def in_place(state, scores, values):
    """acc was changed in place (*=, +=), so the old state is spoiled."""
    m, l, acc = (-np.inf, 0.0, np.zeros(values.shape[1])) if state is None else state
    top = max(m, scores.max())
    e = np.exp(scores - top)
    acc *= np.exp(m - top)
    acc += e @ values
    return top, l * np.exp(m - top) + e.sum(), acc


exercise.equivalent_mutant("0.0 -> 1.0", because="exp(-inf) = 0 removes whatever the sum starts with")
exercise.equivalent_mutant("0.0 -> 1.0 #2", because="exp(-inf) = 0 removes whatever the sum starts with")
