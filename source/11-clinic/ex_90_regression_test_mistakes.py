"""The mistakes of `regression_test`: tests in which something was left out."""

import numpy as np

from .ex_90_regression_test import _tester, exercise


@exercise.mistake("Every model passes")
def everybody_passes(model):
    """A test that cannot fail prevents nothing.

    - What does your test compare, and does it ever differ?
    - Change row j of a copy, call the model again, compare the outputs before j.
    """
    return bool(np.isfinite(model(np.ones((3, 4)))).all())


@exercise.mistake("Every model fails")
def nobody_passes(model):
    """The honest layers fail as well.

    - Which outputs may move when row j changes?
    - Those from j on. The outputs before j must stay.
    """
    return not np.isfinite(model(np.ones((3, 4)))).all()


@exercise.mistake("True for the broken ones")
def verdict_inverted(model):
    """The verdict is the wrong way round: True is for a model that passes.

    - What should a test say of an honest layer?
    - True, it passes.
    """
    return not _tester()(model)


@exercise.mistake("One path was tried")
def one_path_only(model):
    """The layer has two paths, and a bug can be on the one that was not tried.

    - With which value of `fused` did you call the model?
    - for fused in (True, False)
    """
    return _tester(paths=(True,))(model)


@exercise.mistake("Never with a cache")
def one_pass_only(model):
    """The rows were always given in one pass. With a cache, other code makes the mask.

    - Which incidents showed only when text was written?
    - Call the model with chunks too.
    """
    return _tester(pieces=lambda T: (None,))(model)


@exercise.mistake("Token by token only")
def single_rows_only(model):
    """Chunks of one row have no future inside, so a mask that is missing there does no harm.

    - How many rows does a prompt have?
    - Try a chunk of several rows as well.
    """
    return _tester(pieces=lambda T: (None, (1,) * T))(model)


@exercise.mistake("One chunk of everything only")
def one_chunk_only(model):
    """All rows came in one chunk, so there was never anything in the cache before them.

    - At which corner does the triangle start when there are as many queries as keys?
    - Split the text: some rows, then the others.
    """
    return _tester(pieces=lambda T: (None, (T,)))(model)


@exercise.mistake("A cache that is never full")
def short_texts_only(model):
    """All texts were short. Blocks, windows and caches have lengths of their own, and a bug can begin behind them.

    - How long was your longest text?
    - More than 64 rows, and then some in another chunk.
    """
    return _tester(texts=((8, 1.0), (8, 1000.0)))(model)


@exercise.mistake("Small numbers only")
def ordinary_sizes_only(model):
    """A finite fill hides a key as long as the other scores are higher. Nothing that was tried made them low.

    - How low can scores get when training pushes them?
    - Multiply the inputs by 1000.
    """
    return _tester(texts=((8, 1.0), (88, 1.0)))(model)


@exercise.mistake("Only compared with itself in chunks")
def only_compared(model):
    """In chunks and in one pass the outputs are the same, and both may look ahead.

    - What would your test say of a layer without any mask, in one chunk?
    - Change later rows too.
    """
    return _tester(still=False)(model)


@exercise.mistake("Chunks were not compared with one pass")
def not_compared(model):
    """No later row moves anything. But the layer may see too little in chunks, which no change of a later row shows.

    - What does a query see when its triangle starts at the wrong corner?
    - Compare the outputs in chunks with those in one pass.
    """
    return _tester(same=False)(model)


@exercise.mistake("Only the last row was changed")
def last_row_only(model):
    """A leak from a row in the middle stays unseen when only the last row moves.

    - Can output 3 see row 4 and no other later row?
    - Try every j.
    """
    return _tester(cuts=lambda T: (T - 2,))(model)


@exercise.mistake("Only the first output was looked at")
def first_output_only(model):
    """Output 0 can be right while a later one looks ahead.

    - Which outputs come before row j?
    - All of 0 to j - 1.
    """
    return _tester(earlier=lambda moved, i: moved[:1])(model)


@exercise.mistake("Rounding is taken for a leak")
def rounding_counted(model):
    """Differences far below 1e-6 were counted. Rounding may depend on everything, and is no leak.

    - How large is the smallest difference that your test counts?
    - More than 1e-6.
    """
    return _tester(tolerance=1e-13)(model)


@exercise.mistake("The two paths were compared")
def paths_compared(model):
    """The paths may give different numbers, as with dropout; each has to be causal by itself.

    - Is a model that scales its outputs on one path a leaky one?
    - Compare calls that have the same `fused`.
    """
    x = np.random.default_rng(0).normal(size=(9, 4))
    return bool(np.abs(model(x) - model(x, fused=False)).max() < 1e-6) and _tester()(model)


@exercise.mistake("The past is no leak")
def past_counted(model):
    """An output may move when an earlier row changes: it is what attention is for.

    - Which rows may output i depend on?
    - Compare only the outputs before the row that changed.
    """
    x = np.random.default_rng(0).normal(size=(9, 4))
    changed = x.copy()
    changed[2] += 1
    return bool(np.abs(model(changed) - model(x))[3:].max() < 1e-6)


@exercise.mistake("A small leak slips through")
def tolerance_too_large(model):
    """The tolerance is larger than the smallest difference that counts, 1e-6.

    - Which tolerance does np.allclose add by itself, beside a value of 10?
    - More than 1e-6, however large the outputs are.
    """
    return _tester(tolerance=1e-2)(model)


@exercise.mistake("The plain path only")
def other_path_only(model):
    """Only `fused=False` was tried, and the fused path has a mask of its own.

    - With which values of `fused` did you call the model?
    - for fused in (True, False)
    """
    return _tester(paths=(False,))(model)
