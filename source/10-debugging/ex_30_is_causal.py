"""### Is it causal?

The detector for anything that maps a sequence to a sequence: a layer, a block, a whole model.

Write `is_causal(f, x)`. `f` maps `x` `(T, d)` to `(T, d_out)`. Return True where no output `i` changes when the rows \
after `i` change, and False where one does.

Change every number of a row, by about 1, with a fixed `T` (some `f` work for one length only). If you change several \
rows at once, change each by another amount: an output may depend on the difference of two later rows alone.

Outputs that differ by less than `1e-9` \
count as the same (rounding); leaks may be as small
as `1e-6`, and may sit at one position only. The first call \
of `f` may be honest where every later one leaks. `x` itself stays as it is.
"""

import numpy as np

from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Boolean
from leftcontext.bugs import attention_bugs

exercise = Exercise(
    topic="finding leaks",
    answer=Boolean(),
    hints=(
        "Which outputs have to stay the same when row j changes?",
        "Change row j of a copy; the outputs 0 to j - 1 must not move; try this for every j.",
        "x2 = x.copy(); x2[j] += 1; then np.abs(f(x2) - before)[:j].max() > 1e-9 means False",
    ),
)


@exercise.solution
def is_causal(f, x):
    """f: (T, d) -> (T, d_out), x (T, d) -> True where no output depends on a later row."""
    before = f(x)
    step = np.linspace(0.5, 1.5, x.shape[1])  # a layer norm does not see the same step everywhere
    for j in range(1, len(x)):
        x2 = x.copy()
        x2[j] += step
        change = np.abs(f(x2) - before)  # (T, d_out)
        if change[:j].max() > 1e-9:
            return False
    return True


class _Layer:
    """x (T, d) → attend(x Wq, x Wk, x Wv), with fixed random projections; it reads as its attention's name."""

    def __init__(self, attend, rng, d=4, d_out=6):
        self.__name__ = attend.__name__
        self.attend = attend
        self.weights = [rng.normal(size=(d, n)) / 2 for n in (4, 4, d_out)]

    def __call__(self, x):
        return self.attend(*(x @ w for w in self.weights))


def running_mean(x):
    return np.cumsum(x, axis=0) / np.arange(1, len(x) + 1)[:, None]


def mean_of_all(x):
    return np.repeat(x.mean(axis=0)[None], len(x), axis=0)


def divided_by_length(x):
    return np.cumsum(x, axis=0) / len(x)


def for_six_positions_only(x):
    return np.tril(np.cos(np.arange(36.0).reshape(6, 6)) + 2) @ x


def reversed_in_time(x):
    return x[::-1]


def difference_to_the_next(x):
    return np.vstack([x[1:] - x[:-1], x[-1:]])


def minus_the_next(x):
    return np.cumsum(x, axis=0) - np.vstack([x[1:], 0 * x[:1]])


def third_reads_fourth(x):
    out = np.cumsum(x, axis=0)
    out[2] += x[3]
    return out


def steps_among_the_rest(x):
    """Adds how far the last row is from the one before: moving both alike leaves it as it is."""
    return np.cumsum(x, axis=0) + np.where(np.arange(len(x)) < len(x) - 2, 1.0, 0.0)[:, None] * (x[-1] - x[-2])


def last_but_one_reads_the_last(x):
    out = np.cumsum(x, axis=0)
    out[-2] += x[-1]
    return out


def first_reads_the_second(x):
    out = np.cumsum(x, axis=0)
    out[0] += x[1]
    return out


def all_before(x):
    """Strictly earlier rows only: not even its own."""
    return np.cumsum(x, axis=0) - x


def a_millionth_at_most(x):
    out = np.cumsum(x, axis=0)
    out[:-1] += 1e-6 * np.tanh(x[1:])
    return out


def only_the_last_number_leaks(x):
    """What each row lets through to the one before is its last number alone."""
    out = np.cumsum(x, axis=0)
    out[:-1] += x[1:, -1:]
    return out


def first_reads_the_last(x):
    out = np.cumsum(x, axis=0)
    out[0] += x[-1]
    return out


def normed_then_averaged(x):
    """Each row normed, as a transformer does before its attention; then a mean over all of them."""
    return mean_of_all((x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True))


@exercise.part("By hand", points=1)
def by_hand(rng):
    x = np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 1.0]])
    for f in (running_mean, mean_of_all, reversed_in_time, difference_to_the_next, divided_by_length):
        yield case(f, x)
    yield case(running_mean, x[:1], note="one position has no future")
    yield case(all_before, x)


@exercise.part("Leaks that hide", points=2)
def leaky(rng):
    for attend in (*attention_bugs.LEAKY, attention_bugs.LeaksFromTheSecondCall()):
        yield case(_Layer(attend, rng), rng.normal(size=(6, 4)))
    yield case(minus_the_next, rng.normal(size=(5, 2)))
    yield case(third_reads_fourth, rng.normal(size=(7, 3)))
    yield case(steps_among_the_rest, rng.normal(size=(6, 3)))
    yield case(difference_to_the_next, rng.normal(size=(5, 1)))
    yield case(_Layer(attention_bugs.softmax_over_queries, rng), rng.normal(size=(6, 4)))
    yield case(a_millionth_at_most, rng.normal(size=(6, 3)))
    yield case(only_the_last_number_leaks, rng.normal(size=(6, 3)))
    yield case(first_reads_the_second, rng.normal(size=(7, 2)))
    yield case(last_but_one_reads_the_last, rng.normal(size=(18, 2)), note="a longer sequence")
    x = rng.normal(size=(6, 3))
    x[-1] = 0.0
    yield case(first_reads_the_last, x, note="the last row of x is 0, as padding is")


@exercise.part("Wrong suspicions", points=1)
def honest(rng):
    for attend in attention_bugs.HONEST:
        yield case(_Layer(attend, rng), rng.normal(size=(6, 4)))
    yield case(for_six_positions_only, rng.normal(size=(6, 3)))
    yield case(divided_by_length, rng.normal(size=(9, 2)))
    yield case(running_mean, rng.normal(size=(25, 3)))


@exercise.equivalent
def random_future(f, x):
    rng = np.random.default_rng(7)
    for i in range(len(x) - 1):
        after = np.concatenate([x[: i + 1], rng.normal(size=x[i + 1 :].shape)])
        if np.any(np.abs(f(after)[: i + 1] - f(x)[: i + 1]) > 1e-9):
            return False
    return True


@exercise.equivalent
def influence_above_the_diagonal(f, x):
    T, before = len(x), f(x)
    moved = np.zeros((T, T))
    for j in range(T):
        x2 = np.array(x, dtype=float)
        x2[j] = 1.5 - 2 * x[j]
        moved[:, j] = np.abs(f(x2) - before).sum(axis=-1)
    return not np.triu(moved > 1e-8, k=1).any()


@exercise.equivalent
def all_pairs(f, x):
    def same(i, j):
        x2 = [list(row) for row in x]
        x2[j] = [value - 1.25 for value in x2[j]]
        return np.allclose(f(np.array(x2))[i], f(x)[i], rtol=0, atol=1e-9)

    return all(same(i, j) for i in range(len(x)) for j in range(i + 1, len(x)))


@exercise.equivalent
def by_central_differences(f, x):
    h, slopes = 1e-3, []
    for j, c in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[j, c] = h
        slopes.append(np.abs(f(x + step) - f(x - step))[:j].max(initial=0.0) / (2 * h))
    return max(slopes) < 1e-8


@exercise.warning(
    "Right. One weakness: behind a layer norm, the same step in all numbers of a row is invisible. "
    "Give each number a step of its own, and you can point it at a whole transformer."
)
def behind_a_layer_norm(rng):
    yield case(normed_then_averaged, rng.normal(size=(5, 4)))


for change in ("0.5 -> 1.5", "1.5 -> 2.5"):
    exercise.equivalent_mutant(change, because="any change of about 1 will do")
exercise.equivalent_mutant(
    "np.linspace(0.5, 1.5, x.shape[1]) -> 0.5", because="the same step everywhere earns a remark, and costs nothing"
)
exercise.equivalent_mutant("f(x2) - before -> before - f(x2)", because="the absolute value follows")
exercise.equivalent_mutant("change[:j].max() > 1e-09 -> change[:j].max() >= 1e-09", because="no change is exactly 1e-9")
