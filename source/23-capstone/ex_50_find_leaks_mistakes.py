"""The mistakes of `find_leaks`: tests in which something was left out."""

import numpy as np

from autograder.exercise import leak_detectors

from .ex_50_find_leaks import _finder, exercise


@exercise.mistake("Never in chunks of several rows")
def one_pass_only(run, parts):
    """The rows came in one pass, or one by one. Only a chunk of several rows behind others has a later row inside and
    rows in the cache.

    - Which of the suspect's leaks showed in chunks only?
    - run(part, x, chunks=(18, 6))
    """
    return _finder(calls=(None,))(run, parts)


@exercise.mistake("Too short for what comes late")
def short_texts(run, parts):
    """A leak behind more than 16 rows can't show in a text that is no longer.

    - How many rows are in the cache, at most, in your longest text?
    - Take 24 rows, and chunks such as (18, 6).
    """
    return _finder(calls=(None, (12,), (9, 3)), rows=range(11), T=12)(run, parts)


@exercise.mistake("Only the last row was changed")
def last_row_only(run, parts):
    """A leak from a row in the middle stays unseen when only the last one changes.

    - Can output 3 see row 4 and no other later row?
    - Change the rows after each i in turn.
    """
    return _finder(rows=(22,))(run, parts)


@exercise.mistake("One output or one row only")
def first_output_only(run, parts):
    """Only output 0 was looked at, or only one row was changed. Output 0 can be right while a later one looks ahead.

    - Which outputs come before a changed row, and which rows may have changed?
    - All outputs 0 to i, and each i in turn.
    """
    return _finder(earlier=lambda moved, i: moved[:1])(run, parts)


@exercise.mistake("The changed rows were looked at too")
def own_row_counted(run, parts):
    """Outputs from row i + 1 on may move: their own rows changed.

    - May output 5 depend on row 5?
    - after[: i + 1]
    """
    return _finder(earlier=lambda moved, i: moved)(run, parts)


@exercise.mistake("A small leak slips through")
def tolerance_too_large(run, parts):
    """The tolerance is larger than the smallest leak, of about 1e-6.

    - How small may a leak be? And what does np.allclose add to its tolerance beside a value of 10?
    - More than 1e-9, however large the outputs are.
    """
    return _finder(tolerance=1e-4)(run, parts)


@exercise.mistake("Rounding is taken for a leak")
def rounding_counted(run, parts):
    """Differences far below 1e-9 were counted, and rounding may depend on everything.

    - How large is the smallest difference that your test counts?
    - More than 1e-9.
    """
    return _finder(tolerance=0.0)(run, parts)


@exercise.mistake(leak_detectors.ONE_COMPONENT)
def first_number_only(run, parts):
    return _finder(size=lambda moved: np.abs(moved)[:, :1])(run, parts)


@exercise.mistake("One pass and chunks were compared")
def compared_with_chunks(run, parts):
    """An attention that forgets in chunks sees too little and no future; that is another fault, and not asked for here.

    - Does a later row move anything when outputs in chunks are different?
    - Compare calls of the same kind, with later rows changed.
    """
    x = np.random.default_rng(0).normal(size=(24, 4))
    differs = [np.abs(run(part, x, chunks=(18, 6)) - run(part, x)).max() > 1e-9 for part in parts]
    return [a or b for a, b in zip(differs, _finder()(run, parts), strict=True)]


@exercise.mistake("Upside down")
def verdict_inverted(run, parts):
    """True is for a part that leaks.

    - What should stand for a part that is right?
    - False.
    """
    return [not leaks for leaks in _finder()(run, parts)]


@exercise.mistake("Every part is right")
def nothing_found(run, parts):
    """No part was accused of anything.

    - What does your test compare, and does it ever differ?
    - Outputs 0 to i, before and after the rows behind i changed.
    """
    return [False] * len(parts)


@exercise.mistake("One answer for all parts")
def whole_model_only(run, parts):
    """If one part leaks, all are accused here; a report names the place.

    - Which part moved an output?
    - One verdict for each name.
    """
    return [any(_finder()(run, parts))] * len(parts)


@exercise.mistake("Never in one pass")
def chunks_only(run, parts):
    """Every part got its rows in chunks; without `chunks` other code may make the mask.

    - With which values of `chunks` did you call run?
    - run(part, x), too.
    """
    return _finder(calls=((24,), (18, 6)))(run, parts)


@exercise.mistake("One chunk of everything only")
def one_chunk_only(run, parts):
    """All rows came in one chunk, so the cache was empty whenever it was read.

    - How many rows are in the cache before your chunk?
    - Split the rows: run(part, x, chunks=(18, 6)).
    """
    return _finder(calls=(None, (24,)))(run, parts)


exercise.add_mistakes((one_pass_only, _finder(calls=(None, (1,) * 24))))


@exercise.mistake("Only the row before was looked at")
def neighbour_only(run, parts):
    """When row j changed, only output j - 1 was compared; an earlier one may read row j as well.

    - Can output 2 read row 9?
    - All outputs before the changed row.
    """
    x = np.random.default_rng(6).normal(size=(24, 4))

    def leaks(part, chunks):
        before = run(part, x, chunks=chunks)
        moved = (
            run(part, x + 0.9 * (np.arange(24) == j)[:, None] * [1, -1, 0.7, -1.2], chunks=chunks) for j in range(24)
        )
        return any((np.abs(after - before)[j - 1] > 1e-9).any() for j, after in enumerate(moved) if j)

    return [any(leaks(part, chunks) for chunks in (None, (24,), (18, 6))) for part in parts]


@exercise.mistake("Only one number of the row was changed")
def one_number_changed(run, parts):
    """The other numbers of the later row stayed as they were, and what one of them lets through stays unseen.

    - How many numbers has a row?
    - Change all four, each by another amount.
    """
    x = np.random.default_rng(6).normal(size=(24, 4))

    def leaks(part, chunks):
        before = run(part, x, chunks=chunks)
        moved = (run(part, x + np.outer(np.arange(24) == j, np.arange(4) == 0), chunks=chunks) for j in range(24))
        return any((np.abs(after - before)[:j] > 1e-9).any() for j, after in enumerate(moved))

    return [any(leaks(part, chunks) for chunks in (None, (24,), (18, 6))) for part in parts]


@exercise.mistake(leak_detectors.SIGNS_CANCEL)
def signs_cancel(run, parts):
    return _finder(size=lambda moved: np.abs(moved.sum(axis=1)))(run, parts)


@exercise.mistake(tolerance_too_large)
def relative_tolerance(run, parts):
    def leaks(part, chunks):
        x, other = np.random.default_rng(4).normal(size=(2, 24, 4))
        before = run(part, x, chunks=chunks)
        for i in range(23):
            changed = np.concatenate([x[: i + 1], other[i + 1 :]])
            if not np.allclose(run(part, changed, chunks=chunks)[: i + 1], before[: i + 1]):
                return True
        return False

    return [any(leaks(part, chunks) for chunks in (None, (24,), (18, 6))) for part in parts]
