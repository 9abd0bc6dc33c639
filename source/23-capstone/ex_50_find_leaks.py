"""### The tests behind the report

A report holds for one model on one day. Tests go on. Yours are graded on other models, whose leaks are elsewhere.

Write `find_leaks(run, parts)`. `parts` is a list of names; `run(part, x, chunks=None)` gives rows `x` `(T, 4)`, for \
any T up to 64, to this part alone, and returns its outputs `(T, 4)`; `chunks`, lengths that add up to T, gives it the \
rows in pieces, with a cache where the part has one. Return a list of booleans, one for each name: True where an \
output of the part moves when a later row changes, in one pass or in chunks.

Outputs that differ by less than `1e-9` count as the same; leaks may be as small as `1e-6`. Some parts leak only in \
chunks, only behind more than 16 rows, only from one row of a block to the others, or into one number of each output.
"""

import numpy as np

from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array
from leftcontext.bugs import incident_layers as layers

exercise = Exercise(
    topic="auditing a model",
    answer=Array("bool"),
    hints=(
        "Which calls can a part be made with? Does each of them get its later rows changed?",
        "For each part and each kind of chunks: change the rows after i, compare outputs 0 to i, for every i.",
        "chunks None, (24,) and (18, 6); np.abs(after - before)[: i + 1].max() > 1e-9",
    ),
)


@exercise.solution
def find_leaks(run, parts):
    """run(part, x, chunks=None): (T, 4) -> (T, 4); parts: names -> list of bool, True where a part leaks."""
    x, other = np.random.default_rng(0).normal(size=(2, 24, 4))
    found = []
    for part in parts:
        leaks = False
        for chunks in (None, (24,), (18, 6)):
            before = run(part, x, chunks=chunks)
            for i in range(23):
                changed = np.concatenate([x[: i + 1], other[i + 1 :]])
                if np.abs(run(part, changed, chunks=chunks) - before)[: i + 1].max() > 1e-9:
                    leaks = True
        found.append(leaks)
    return found


# The parts of the models: right ones, some of which look suspicious, and leaking ones.


def _norm(x, axis=-1):
    return x / np.sqrt((x**2).mean(axis=axis, keepdims=True) + 1e-5)


def row_norm(x):
    return _norm(x)


def mlp(x):
    return np.maximum(x @ np.sin(np.arange(32.0)).reshape(4, 8), 0) @ np.cos(np.arange(32.0)).reshape(8, 4)


def running_mean(x):
    return np.cumsum(x, axis=0) / np.arange(1, len(x) + 1)[:, None]


def rounding(x):
    return mlp(x) + 1e-12 * np.tanh(x.sum())


def by_the_length(x):
    return x / len(x)


def norm_over_time(x):
    return _norm(x, axis=0)


def norm_of_groups(x):
    """Over the eight rows of a group."""
    return np.concatenate([_norm(x[start : start + 8], axis=None) for start in range(0, len(x), 8)])


def mean_subtracted(x):
    return x - x.mean(axis=0)


def next_row_mixed_in(x):
    out = mlp(x)
    out[:-1] += 0.5 * x[1:]
    return out


def a_millionth(x):
    out = mlp(x)
    out[:-1] += 1e-6 * np.tanh(x[1:])
    return out


def into_one_number(x):
    out = mlp(x)
    out[:-1, 2] += x[1:, 0]
    return out


def from_the_last_number(x):
    out = mlp(x)
    out[:-1, 0] += x[1:, 3]
    return out


def up_and_down(x):
    out = mlp(x)
    out[:-1] += np.tanh(x[1:, :1]) * [1, -1, 1, -1]
    return out


def a_millionth_beside_ten(x):
    return 10 + a_millionth(x)


def row_9_to_2(x):
    out = mlp(x)
    out[2:3] += x[9:10].sum(axis=0) * (len(x) > 9)
    return out


def row_17_to_16(x):
    out = mlp(x)
    if len(x) > 17:
        out[16] += x[17]
    return out


def row_4_to_3(x):
    out = mlp(x)
    out[3:4] += x[4:5].sum(axis=0) * (len(x) > 4)
    return out


class _Late(layers.CausalLayer):
    """Behind more than 16 rows in the cache there is no mask."""

    def step_mask(self, T_q, T_k, cache, fused):
        return np.zeros((T_q, T_k)) if cache is not None and len(cache[0]) > 16 else self.mask(T_q, T_k)


class _OpenInOnePass(layers.CausalLayer):
    """No mask where the rows come without chunks."""

    def __call__(self, x, fused=True, chunks=None):
        self.open = chunks is None
        return super().__call__(x, fused, chunks)

    def step_mask(self, T_q, T_k, cache, fused):
        return np.zeros((T_q, T_k)) if self.open else self.mask(T_q, T_k)


class _OneAhead(layers.CausalLayer):
    def allowed(self, T_q, T_k):
        return np.tri(T_q, T_k, k=T_k - T_q + 1, dtype=bool)


ATTENTIONS = {
    "right": layers.CausalLayer,
    "window": layers.WrongCorner,  # forgets in chunks, and sees no future
    "ahead": _OneAhead,
    "bidirectional": layers.EncoderMask,
    "cache": layers.NoMaskWithCache,
    "late": _Late,
    "once": _OpenInOnePass,
    "block": layers.BlockSummary,
}


def _part(sort, seed):
    """A function (x, chunks) for a name in ATTENTIONS, or a function of rows."""
    if isinstance(sort, str):
        layer = ATTENTIONS[sort](seed=seed)
        return lambda x, chunks: layer(x, chunks=chunks)
    return lambda x, chunks: sort(x.copy())


def _case(rng, *sorts):
    names = [f"part {n}" for n in range(len(sorts))]
    made = {name: _part(sort, int(rng.integers(1000))) for name, sort in zip(names, sorts, strict=True)}

    def run(part, x, chunks=None):
        return made[part](np.asarray(x, dtype=float), chunks)

    run.__name__ = "_".join(sort if isinstance(sort, str) else sort.__name__ for sort in sorts)
    return case(run, names)


@exercise.part("The three leaks of the suspect", points=1)
def like_the_suspect(rng):
    yield _case(rng, row_norm, "cache", norm_over_time, mlp)
    yield _case(rng, row_norm, "ahead", row_norm, mlp)
    yield _case(rng, "right", "bidirectional")


@exercise.part("Leaks that are elsewhere", points=2)
def elsewhere(rng):
    yield _case(rng, row_norm, "late", mlp)
    yield _case(rng, norm_of_groups, "right", "block")
    yield _case(rng, row_4_to_3, row_norm)
    yield _case(rng, mean_subtracted, next_row_mixed_in, a_millionth)
    yield _case(rng, into_one_number, row_17_to_16, "cache", mlp)
    yield _case(rng, from_the_last_number, "right")
    yield _case(rng, up_and_down, row_9_to_2)
    yield _case(rng, "once", a_millionth_beside_ten)


@exercise.part("No false alarm", points=1)
def honest(rng):
    yield _case(rng, "right", row_norm, mlp, running_mean)
    yield _case(rng, rounding, "window", by_the_length)
    yield _case(rng, "right")


def _finder(
    calls=(None, (24,), (18, 6)),
    rows=range(23),
    earlier=lambda moved, i: moved[: i + 1],
    size=lambda moved: np.abs(moved),
    tolerance=1e-9,
    T=24,
):
    """A finder in which something may be left out."""

    def leaks(run, part):
        x, other = np.random.default_rng(4).normal(size=(2, T, 4))
        for chunks in calls:
            before = run(part, x, chunks=chunks)
            for i in rows:
                changed = np.concatenate([x[: i + 1], other[i + 1 :]])
                if (earlier(size(run(part, changed, chunks=chunks) - before), i) > tolerance).any():
                    return True
        return False

    return lambda run, parts: [leaks(run, part) for part in parts]


@exercise.equivalent
def one_row_at_a_time(run, parts):
    def leaks(part, chunks):
        x = np.random.default_rng(8).normal(size=(22, 4))
        before = run(part, x, chunks)
        for j in range(1, 22):
            changed = x.copy()
            changed[j] += [1.0, -0.7, 1.3, 0.4]
            if not np.allclose(run(part, changed, chunks)[:j], before[:j], rtol=0, atol=1e-8):
                return True
        return False

    return np.array([any(leaks(part, chunks) for chunks in (None, [22], [17, 5])) for part in parts])


@exercise.equivalent
def influence_first(run, parts):
    def influence(part, chunks, T):
        x = np.random.default_rng(2).normal(size=(T, 4))
        steps = np.eye(T)[:, :, None] * [0.9, -1.1, 0.7, -0.4]
        return np.array([np.abs(run(part, x + step, chunks) - run(part, x, chunks)).max(axis=1) for step in steps]).T

    return [
        any((np.triu(influence(part, chunks, 25), 1) > 1e-9).any() for chunks in (None, (25,), (17, 8), (1, 24)))
        for part in parts
    ]


@exercise.equivalent
def with_other_chunks(run, parts):
    return _finder(calls=(None, (2, 22), (17, 4, 3)))(run, parts)


exercise.equivalent_mutant(
    "*", because="a test is graded by the parts that it accuses and acquits: other lengths and seeds will do"
)
