"""### The test that would have prevented it

Write `regression_test(model)`: True for a model that passes, False for one that fails. `model(x, fused=True, \
chunks=None)` maps rows `x` `(T, 4)` to outputs `(T, 4)`, for any `T` from 1 to 128 and numbers up to 1000. \
`fused=False` takes another path through its code. `chunks`, lengths that add up to `T` such as `(5, 3)`, feeds it \
the rows in pieces, with a cache. A model passes if, on **both** paths,

- no output moves when a later row changes, in one pass and in chunks, with numbers of about 1 and of about 1000, for \
a short text and for one of more than 70 rows;
- in chunks, it gives the same outputs as in one pass.

The two paths need not give the same numbers. Outputs that differ by less than `1e-6` count as the same. Some models \
fail only with `fused=False`, only in chunks (in one chunk of all rows, or only in several), only behind more than 64 \
rows, or only with large numbers. Some of the broken models are not in this lesson.
"""

import itertools

import numpy as np

from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Boolean
from leftcontext.bugs import incident_layers as layers
from leftcontext.bugs import unseen_layers as unseen

exercise = Exercise(
    topic="regression tests",
    answer=Boolean(),
    hints=(
        "Which ways of calling the model are there: paths, chunks, lengths, sizes? Does your test go through all "
        "of them?",
        "For each way of calling: change all rows after i, and compare outputs 0 to i with those before; then "
        "compare the outputs in chunks with those in one pass.",
        "for T, size in ((8, 1), (8, 1000), (88, 1)): for fused in (True, False): for chunks in (None, (T,), (T - "
        "5, 5)): ...",
    ),
)


@exercise.solution
def regression_test(model):
    """model(x, fused=True, chunks=None): (T, 4) -> (T, 4). True where it is causal however it is called."""
    rng = np.random.default_rng(0)
    for T, size in ((8, 1.0), (8, 1000.0), (88, 1.0)):
        x, other = size * rng.normal(size=(2, T, 4))
        for fused in (True, False):
            whole = model(x, fused=fused)
            for chunks in (None, (T,), (T - T // 4, T // 4)):
                before = model(x, fused=fused, chunks=chunks)
                if np.abs(before - whole).max() > 1e-6:
                    return False
                for i in range(0, T - 1, T // 8):
                    changed = np.concatenate([x[: i + 1], other[i + 1 :]])
                    after = model(changed, fused=fused, chunks=chunks)
                    if np.abs(after - before)[: i + 1].max() > 1e-6:
                        return False
    return True


def _model(layer, rng):
    made = layer(seed=int(rng.integers(1000)))

    def model(x, fused=True, chunks=None):
        return made(np.asarray(x, dtype=float), fused=fused, chunks=chunks)

    model.__name__ = model.__qualname__ = layer.__name__
    return model


def _cases(*sorts):
    def cases(rng):
        for sort in sorts:
            yield case(_model(sort, rng))

    return cases


exercise.part("In one pass", points=1)(
    _cases(
        layers.EncoderMask,
        layers.OtherConvention,
        layers.MultipliedMask,
        layers.BlockSummary,
        layers.ChunkStates,
        layers.SpectralFilter,
        unseen.OneOfEight,
        unseen.LastButOneOfEight,
        unseen.IntoOneNumber,
        unseen.LittleOfEight,
        unseen.FirstSeesSecond,
        unseen.LittleBesideTen,
    )
)
exercise.part("On every path, at every size and length", points=1)(
    _cases(layers.OnePathMasked, unseen.OpenWhereFused, layers.FiniteFill, unseen.FiniteOnOnePath, unseen.LongBlocks)
)
exercise.part("With a cache", points=2)(
    _cases(
        layers.WrongCorner,
        layers.NoMaskWithCache,
        unseen.LateLeak,
        unseen.OtherPathInChunks,
        unseen.OneAheadBehindTheCache,
        unseen.OpenInOneChunk,
        unseen.ForgetsTheCache,
        unseen.CoarseCache,
    )
)
exercise.part("No false alarm", points=1)(
    _cases(layers.CausalLayer, unseen.OtherNumbers, unseen.Rounding, unseen.Window, layers.PositionsOnly)
)


def _tester(
    texts=((8, 1.0), (8, 1000.0), (88, 1.0)),
    paths=(True, False),
    pieces=lambda T: (None, (T,), (T - T // 4, T // 4)),
    same=True,
    still=True,
    cuts=lambda T: range(0, T - 1, T // 8),
    earlier=lambda moved, i: moved[: i + 1],
    tolerance=1e-6,
):
    """A test in which something may be left out."""

    def moves(call, x, other):
        before = call(x)
        for i in cuts(len(x)) if still else ():
            changed = np.concatenate([x[: i + 1], other[i + 1 :]])
            if (earlier(np.abs(call(changed) - before), i) > tolerance).any():
                return True
        return False

    def test(model):
        rng = np.random.default_rng(3)
        for T, size in texts:
            x, other = size * rng.normal(size=(2, T, 4))
            for fused, chunks in itertools.product(paths, pieces(T)):
                call = lambda x: model(x, fused=fused, chunks=chunks)
                if same and np.abs(call(x) - model(x, fused=fused)).max() > tolerance:
                    return False
                if moves(call, x, other):
                    return False
        return True

    return test


@exercise.equivalent
def one_row_at_a_time(model):
    rng = np.random.default_rng(5)
    for T, size in ((6, 1), (6, 1000), (73, 1)):
        x = size * rng.normal(size=(T, 4))
        for fused in (False, True):
            for chunks in (None, [T], [T - 3, 3]):
                first = np.array(model(x, fused, chunks))
                if not np.allclose(first, model(x, fused), rtol=0, atol=1e-6):
                    return False
                for j in range(1, T) if T < 10 else (5, 31, 69, 71, 72):
                    changed = x.copy()
                    changed[j] += size * np.array([0.7, -1.1, 1.3, -0.6])
                    if np.max(np.abs(model(changed, fused, chunks)[:j] - first[:j])) > 1e-7:
                        return False
    return True


@exercise.equivalent
def influence_first(model):
    def leaks(f, x, step):
        before = f(x)
        moved = [np.abs(f(x + step * (np.arange(len(x)) == j)[:, None]) - before).max(axis=1) for j in range(len(x))]
        return bool((np.triu(np.array(moved).T, 1) > 1e-6).any())

    rng = np.random.default_rng(11)
    step = np.array([1.0, -0.5, 0.8, -1.2])
    for fused in (True, False):
        for T, size, pieces in ((6, 1.0, ((6,), (2, 4))), (6, 900.0, ((6,), (3, 3))), (70, 1.0, ((66, 4),))):
            x = size * rng.normal(size=(T, 4))
            for chunks in pieces:
                if np.abs(model(x, fused=fused, chunks=chunks) - model(x, fused=fused)).max() > 1e-6:
                    return False
                if leaks(lambda y: model(y, fused=fused, chunks=chunks), x, size * step):
                    return False
            if leaks(lambda y: model(y, fused=fused), x, size * step):
                return False
    return True


@exercise.equivalent
def with_other_texts(model):
    return _tester(texts=((5, 1.0), (9, 500.0), (100, 1.0)), cuts=lambda T: range(0, T - 1, max(1, T // 12)))(model)


exercise.equivalent_mutant(
    "*", because="a test is graded by the layers that it passes and fails: other lengths, sizes and seeds will do"
)
