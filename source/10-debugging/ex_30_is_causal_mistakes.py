"""The mistakes of `is_causal`."""

import numpy as np

from autograder.exercise import leak_detectors
from autograder.exercise import misconceptions as mc

from .ex_30_is_causal import exercise, is_causal


def _changes(f, x, step=1.0, size=lambda change: np.abs(change).max(axis=1)):
    before, T = f(x), len(x)
    return np.array([size(f(x + step * (np.arange(T) == j)[:, None]) - before) for j in range(T)]).T


@exercise.mistake("Rounding is taken for a leak")
def noise_counted(f, x):
    """Any difference counts, even 1e-16. Sums in another order round differently, so honest models are accused.

    - How large is the smallest change your code counts?
    - Rounding here stays below 1e-9.
    - change[:j].max() > 1e-9
    """
    return not np.triu(_changes(f, x), 1).any()


@exercise.mistake("A small leak slips through")
def leak_below_tolerance(f, x):
    """The smallest leak (1e-6) moves an output by less than the tolerance, so a model that leaks a little is called
    honest: either the tolerance is too large, or the row was changed by much less than 1.

    - How far does a leak of 1e-6 move an output after your change, and how small is your tolerance?
    - np.allclose has tolerances of its own: 1e-8, plus 1e-5 of the value.
    - change[:j].max() > 1e-9
    """
    return not (np.triu(_changes(f, x), 1) > 1e-3).any()


@exercise.mistake("Only the last row was changed")
def only_last_row_changed(f, x):
    """A leak from a row in the middle stays unseen when only the last row moves.

    - Can output 2 read row 3 and no other later row?
    - Try every j.
    - for j in range(1, len(x)): ...
    """
    return not (_changes(f, x)[:-1, -1] > 1e-9).any()


@exercise.mistake("Only output 0 was looked at")
def only_first_output_tried(f, x):
    """Output 0 can be clean while a later one leaks.

    - Is one honest row a proof?
    - When row j changes, outputs 0 to j - 1 must stay.
    - change[:j].max()
    """
    return not (_changes(f, x)[0, 1:] > 1e-9).any()


@exercise.mistake("Only neighbours were tried")
def only_next_position_tried(f, x):
    """Output i may also depend on a row much later than i + 1.

    - Which outputs come before row j?
    - All of 0 to j - 1, not only j - 1.
    - change[:j].max()
    """
    return not (np.diag(_changes(f, x), 1) > 1e-9).any()


@exercise.mistake("Its own position is no leak")
def own_position_is_no_leak(f, x):
    """Output j may depend on row j; only the outputs before j must stay as they are.

    - May output 0 depend on row 0?
    - The rows before j are [:j], without j itself.
    - change[:j].max() > 1e-9
    """
    return not (np.triu(_changes(f, x)) > 1e-9).any()


@exercise.mistake("The past is no leak")
def past_is_no_leak(f, x):
    """An output may depend on earlier rows. It was looked at in the wrong direction of time.

    - Which rows lie in the future of output i?
    - Change row j, look at the outputs before j.
    - change[:j]
    """
    return not (np.tril(_changes(f, x), -1) > 1e-9).any()


@exercise.mistake("The verdict is upside down")
def verdict_inverted(f, x):
    """True means causal: nothing leaks.

    - What does True say about f?
    - True where no earlier output moved.
    - return not leaks
    """
    return not is_causal(f, x)


@exercise.mistake("False for everything")
def never_causal(f, x):
    """Honest models are accused too.

    - Which outputs may move when row j changes?
    - Those from j on; the outputs 0 to j - 1 must stay.
    - np.abs(f(x2) - before)[:j].max() > 1e-9
    """
    return not np.isfinite(f(x)).all()


exercise.add_mistakes(
    (leak_below_tolerance, lambda f, x: not (np.triu(_changes(f, x), 1) > 1e-6).any()),
)


@exercise.mistake("True for everything")
def always_causal(f, x):
    """Leaking models are called causal too: nothing was found in any of them.

    - What does your code compare, and is it ever different?
    - Change row j of a copy, call f again, compare.
    - np.abs(f(x2) - before)[:j].max() > 1e-9
    """
    return bool(np.isfinite(f(x)).all())


@exercise.mistake(leak_below_tolerance)
def allclose_as_it_comes(f, x):
    return all(np.allclose(f(x + (np.arange(len(x)) == j)[:, None])[:j], f(x)[:j]) for j in range(len(x)))


exercise.add_mistakes(
    (
        leak_detectors.SIGNS_CANCEL,
        lambda f, x: not (np.triu(_changes(f, x, size=lambda c: c.sum(axis=1)), 1) > 1e-9).any(),
    ),
)


@exercise.mistake(leak_detectors.SIGNS_CANCEL)
def signs_cancel(f, x):
    return not (np.triu(_changes(f, x, size=lambda c: np.abs(c.sum(axis=1))), 1) > 1e-9).any()


exercise.add_mistakes(
    (
        leak_detectors.SIGNS_CANCEL,
        lambda f, x: not (np.triu(_changes(f, x, size=lambda c: c.max(axis=1)), 1) > 1e-9).any(),
    ),
)


@exercise.mistake(leak_detectors.ONE_COMPONENT)
def one_component(f, x):
    return not (np.triu(_changes(f, x, size=lambda c: np.abs(c[:, 0])), 1) > 1e-9).any()


@exercise.mistake(leak_detectors.ONE_COMPONENT)
def every_component_wanted(f, x):
    """Every number of the row had to move; one of them is enough."""
    return not (np.triu(_changes(f, x, size=lambda c: np.abs(c).min(axis=1)), 1) > 1e-9).any()


@exercise.mistake(leak_detectors.ZEROED)
def zeroed(f, x):
    return not any((np.abs(f(x * (np.arange(len(x)) != j)[:, None]) - f(x))[:j] > 1e-9).any() for j in range(len(x)))


@exercise.mistake(leak_detectors.POISONED)
def poisoned(f, x):
    return not any(
        np.isnan(f(x + np.where(np.arange(len(x)) == j, np.nan, 0)[:, None])[:j]).any() for j in range(len(x))
    )


@exercise.mistake(leak_detectors.ONE_COMPONENT)
def first_number_changed(f, x):
    """Only the first number of a row was changed; what another one lets through stays unseen.

    - How many numbers does row j have?
    - Change the whole row.
    - x2[j] += 1, not x2[j, 0] += 1
    """
    before, first = f(x), np.arange(x.shape[1]) == 0
    return all(
        (np.abs(f(x + first * (np.arange(len(x)) == j)[:, None]) - before)[:j] < 1e-9).all() for j in range(1, len(x))
    )


@exercise.mistake("The sequence was split at one place only")
def one_split_only(f, x):
    """The second half was changed and the first half looked at. A leak within one of the halves stays unseen.

    - Can output 4 read row 5?
    - Try every j.
    - for j in range(1, len(x)): ...
    """
    half = len(x) // 2
    later = np.arange(len(x))[:, None] >= half
    changed = np.where(later, np.random.default_rng(0).normal(size=x.shape), x)
    return bool((np.abs(f(changed) - f(x))[:half] < 1e-9).all())


@exercise.mistake("The later rows only changed places")
def future_reordered(f, x):
    """A model that reads a mean over all rows does not notice when they change places.

    - What is the mean of the same rows in another order?
    - Give a later row other numbers.
    - x2[j] += 1
    """
    return all((np.abs(f(np.concatenate([x[:i], x[i:][::-1]])) - f(x))[:i] < 1e-9).all() for i in range(1, len(x)))


@exercise.mistake("The sequence was cut, not changed")
def cuts_instead_of_changing(f, x):
    """f was called with fewer rows. Some honest models divide by T, or work for one length only; here T stays the same.

    - Does f(x[:3]) have to equal f(x)[:3]?
    - Keep all T rows, and change the later ones.
    - x2 = x.copy(); x2[j] += 1; f(x2)
    """
    return all(np.allclose(f(x[: i + 1])[i], f(x)[i], rtol=0, atol=1e-9) for i in range(len(x)))


@exercise.mistake(cuts_instead_of_changing)
def cut_and_see(f, x):
    try:
        return cuts_instead_of_changing(f, x)
    except Exception:
        return False


@exercise.mistake("All later rows got the same change")
def changes_all_rows_alike(f, x):
    """A model that reads the difference of two later rows does not notice when both move alike.

    - What happens to x[5] - x[4] when both grow by 1?
    - Change one row at a time (or each by another amount).
    - x2[j] += 1
    """
    before, T = f(x), len(x)
    for i in range(T - 1):
        later = (np.arange(T) > i)[:, None]
        if np.abs(f(x + later) - before)[i].max() > 1e-9:
            return False
    return True


@exercise.mistake("The loop ends after its first turn")
def returns_too_early(f, x):
    """True was returned as soon as one row moved nothing; the rows after it were never changed.

    - When is it known that no row leaks?
    - return True stands behind the loop, not in it.
    - for j ...: if ...: return False; and after the loop: return True
    """
    f(x)
    return len(x) < 2 or bool((_changes(f, x)[0, 1] < 1e-9).all())


@exercise.mistake("The row just before was left out")
def neighbour_left_out(f, x):
    """Output j - 1 was not compared when row j changed, and a look one row ahead is the commonest leak.

    - Which outputs come before row j?
    - 0 to j - 1, the last of them included.
    - change[:j], not change[:j - 1]
    """
    return not (np.triu(_changes(f, x), 2) > 1e-9).any()


def _primed(mistake):
    """The same wrong answer behind a first call of f, of which nothing is kept."""

    def primed(f, x):
        f(x)
        return mistake(f, x)

    return primed


for _mistake in (future_reordered, cuts_instead_of_changing, changes_all_rows_alike, one_split_only, noise_counted):
    exercise.add_mistakes((_mistake, _primed(_mistake)))


@exercise.mistake(mc.CHANGES_INPUTS)
def in_place(f, x):
    before = f(x)
    for j in range(1, len(x)):
        x[j] += 1
        if np.abs(f(x) - before)[:j].max() > 1e-9:
            return False
    return True
