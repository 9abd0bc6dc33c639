"""The mistakes of `first_leak`."""

import numpy as np

from autograder.exercise import leak_detectors
from autograder.exercise import misconceptions as mc

from .ex_20_first_leak import _matrix, exercise


def _first(pairs):
    return next(((int(i), int(j)) for i, j in pairs), None)


@exercise.mistake("Rounding is taken for a leak")
def noise_counted(*a):
    """Any difference counts, even 1e-16. Sums in another order round differently, so honest models are accused.

    - How large is the smallest change your code counts?
    - Rounding here stays below 1e-9.
    - change[i].max() > 1e-9
    """
    return _first(np.argwhere(np.triu(_matrix(*a, tolerance=0), 1)))


@exercise.mistake("A small leak slips through")
def leak_below_tolerance(*a):
    """The smallest leak (1e-6) moves an output by less than the tolerance, so a model that leaks a little is called
    honest: either the tolerance is too large, or the row was changed by much less than 1.

    - How far does a leak of 1e-6 move an output after your change, and how small is your tolerance?
    - np.allclose has tolerances of its own: 1e-8, plus 1e-5 of the value.
    - change[i].max() > 1e-9
    """
    return _first(np.argwhere(np.triu(_matrix(*a, tolerance=1e-3), 1)))


exercise.add_mistakes(
    (leak_below_tolerance, lambda *a: _first(np.argwhere(np.triu(_matrix(*a, tolerance=1e-6), 1)))),
)


@exercise.mistake("Only the values were changed")
def only_values_changed(*a):
    """A leak can come through the keys alone: masked after the softmax, a future key still sits in the denominator.

    - What else does a token bring along besides its value?
    - Change row j of K and of V.
    - K2[j] += 1; V2[j] += 1
    """
    return _first(np.argwhere(np.triu(_matrix(*a, keys=0.0), 1)))


@exercise.mistake("Only the keys were changed")
def only_keys_changed(*a):
    """A leak can come through the values alone: a mean over time, or a millionth of the next value.

    - What does the output mix?
    - Change row j of K and of V.
    - K2[j] += 1; V2[j] += 1
    """
    return _first(np.argwhere(np.triu(_matrix(*a, values=0.0), 1)))


@exercise.mistake("The query was changed as well")
def queries_changed_too(*a):
    """A later query may move an output too (a softmax over the queries does it). Only what K and V bring is asked for.

    - Which of the three arrays did you change?
    - Row j of K and of V; Q stays.
    - attend(Q, K2, V2)
    """
    return _first(np.argwhere(np.triu(_matrix(*a, queries=1.0), 1)))


@exercise.mistake("The loop ends too early")
def last_row_not_tried(*a):
    """The last row of K and V was never changed, or the last output but one never looked at: their pair can leak too.

    - Which pair (i, j) comes last?
    - i goes to T - 2, and j to T - 1.
    - for j in range(i + 1, T)
    """
    return _first(np.argwhere(np.triu(_matrix(*a), 1)[:, :-1]))


exercise.add_mistakes((last_row_not_tried, lambda *a: _first(np.argwhere(np.triu(_matrix(*a), 1)[:-2]))))


@exercise.mistake("Output 0 was not looked at")
def first_row_not_looked_at(*a):
    """The search began with a later output; the first leak may be in row 0.

    - Which output has the most future?
    - i starts at 0.
    - for i in range(T): ...
    """
    return _first((i, j) for i, j in np.argwhere(np.triu(_matrix(*a), 1)) if i > 0)


exercise.add_mistakes(
    (
        leak_detectors.SIGNS_CANCEL,
        lambda *a: _first(np.argwhere(np.triu(_matrix(*a, size=lambda c: c.sum(axis=1)), 1))),
    ),
)


exercise.add_mistakes(
    (
        leak_detectors.SIGNS_CANCEL,
        lambda *a: _first(np.argwhere(np.triu(_matrix(*a, size=lambda c: np.abs(c.sum(axis=1))), 1))),
    ),
    (
        leak_detectors.SIGNS_CANCEL,
        lambda *a: _first(np.argwhere(np.triu(_matrix(*a, size=lambda c: c.max(axis=1)), 1))),
    ),
    (
        leak_detectors.ONE_COMPONENT,
        lambda *a: _first(np.argwhere(np.triu(_matrix(*a, size=lambda c: np.abs(c[:, 0])), 1))),
    ),
)


@exercise.mistake(leak_detectors.ONE_COMPONENT)
def one_component(*a):
    """Every number of the row had to move; one of them is enough."""
    return _first(np.argwhere(np.triu(_matrix(*a, size=lambda c: np.abs(c).min(axis=1)), 1)))


@exercise.mistake("First by column")
def column_before_row(*a):
    """The smallest j was taken first; the order asked for is row by row: the smallest i, and in it the smallest j.

    - Which loop is the outer one?
    - Rows first: (1, 5) comes before (2, 4).
    - for i ...: for j in range(i + 1, T): ...
    """
    return _first((i, j) for j, i in np.argwhere(np.triu(_matrix(*a), 1).T))


@exercise.mistake("(j, i) instead of (i, j)")
def pair_swapped(*a):
    """The output comes first in the pair, the changed row second.

    - Which number is the output?
    - (i, j) with j > i.
    - return i, j
    """
    return _first((j, i) for i, j in np.argwhere(np.triu(_matrix(*a), 1)))


@exercise.mistake("Its own position is no leak")
def own_position_is_no_leak(*a):
    """Output i may depend on row i; a leak has j > i.

    - May output 0 depend on row 0?
    - j starts at i + 1.
    - for j in range(i + 1, len(Q))
    """
    return _first(np.argwhere(np.triu(_matrix(*a))))


@exercise.mistake("The past is no leak")
def past_is_no_leak(*a):
    """The dependence that was reported looks back (j < i); that is what attention is for.

    - Which of the two numbers should be larger?
    - A leak has j > i.
    - for j in range(i + 1, len(Q))
    """
    return _first(np.argwhere(np.tril(_matrix(*a), -1)))


@exercise.mistake("The last leak, not the first")
def last_leak_reported(*a):
    """The loop went on after the first find, and a later one took its place.

    - What happens after a leak is found?
    - Return at once.
    - return i, j inside the loop
    """
    return _first(np.argwhere(np.triu(_matrix(*a), 1))[::-1])


@exercise.mistake("Only the next position was tried")
def only_next_position_tried(*a):
    """Output i may also depend on a row much later than i + 1.

    - Which j can leak into output i?
    - All of i + 1 to T - 1.
    - for j in range(i + 1, len(Q))
    """
    return _first((i, j) for i, j in np.argwhere(np.triu(_matrix(*a), 1)) if j == i + 1)


@exercise.mistake("Only output 0 was looked at")
def only_first_output_tried(*a):
    """Row 0 can be clean while later rows leak.

    - Is one honest row a proof?
    - Every i from 0 to T - 1.
    - for i in range(len(Q)): ...
    """
    return _first((i, j) for i, j in np.argwhere(np.triu(_matrix(*a), 1)) if i == 0)


@exercise.mistake("No leak is None")
def no_leak_is_none(*a):
    """For an honest attention the answer is None, not a pair.

    - What does your function return when the loops end?
    - Without a leak: None.
    - return None after the loops
    """
    return _first(np.argwhere(np.triu(_matrix(*a), 1))) or (-1, -1)


exercise.add_mistakes(
    (no_leak_is_none, lambda *a: _first(np.argwhere(np.triu(_matrix(*a), 1))) or (0, 0)),
)


@exercise.mistake(leak_detectors.ZEROED)
def set_to_zero(attend, Q, K, V):
    before, rest = attend(Q, K, V), 1 - np.eye(len(Q))[:, :, None]
    moved = np.array([np.abs(attend(Q, K * keep, V * keep) - before).max(axis=1) > 1e-9 for keep in rest]).T
    return _first(np.argwhere(np.triu(moved, 1)))


@exercise.mistake("(0, 1) for every model")
def everybody_accused(attend, Q, K, V):
    """Honest models are accused too: what was looked at moves for every model. Either all outputs were compared and
    not output i alone, or rows and columns are swapped, or the change was NaN, which passes every mask.

    - Which outputs may move when row j changes, also in an honest model?
    - Look at output i alone, with i < j.
    - K2[j] += 1; V2[j] += 1; then look at change[i]
    """
    poison = np.where(np.eye(len(Q))[:, :, None] > 0, np.nan, 0.0)
    moved = np.array([np.isnan(attend(Q, K + nan, V + nan)).any(axis=1) for nan in poison]).T
    return _first(np.argwhere(np.triu(moved, 1)))


exercise.add_mistakes(
    (
        everybody_accused,
        lambda *a: _first(np.argwhere(np.triu(_matrix(*a).any(axis=0, keepdims=True) | _matrix(*a), 1))),
    ),
)


@exercise.mistake(leak_detectors.POISONED)
def keys_poisoned(attend, Q, K, V):
    poison = np.where(np.eye(len(Q))[:, :, None] > 0, np.nan, 0.0)
    moved = np.array([np.isnan(attend(Q, K + nan, V)).any(axis=1) for nan in poison]).T
    return _first(np.argwhere(np.triu(moved, 1)))


@exercise.mistake(leak_below_tolerance)
def with_isclose(attend, Q, K, V):
    before, steps = attend(Q, K, V), np.eye(len(Q))[:, :, None]
    moved = ~np.array([np.isclose(attend(Q, K + step, V + step), before).all(axis=1) for step in steps]).T
    return _first(np.argwhere(np.triu(moved, 1)))


@exercise.mistake(leak_detectors.NOT_CHANGED)
def always_none(attend, Q, K, V):
    """None came back for every model, leaking ones too: no output was seen to move. Does the second call get other
    numbers than the first?
    """
    attend(Q, K, V)


@exercise.mistake("The right row, the wrong partner")
def wrong_partner(attend, Q, K, V):
    """All later rows were changed together, so i is right, but j is only a guess.

    - Which of the changed rows moved output i?
    - Change one row at a time.
    - K2[j] += 1; V2[j] += 1
    """
    before = attend(Q, K, V)
    for i in range(len(Q) - 1):
        later = (np.arange(len(Q)) > i)[:, None]
        if np.abs(attend(Q, K + later, V + later) - before)[i].max() > 1e-9:
            return i, i + 1
    return None


@exercise.mistake(mc.CHANGES_INPUTS)
def changes_inputs(attend, Q, K, V):
    before = attend(Q, K, V)
    for i in range(len(Q)):
        for j in range(i + 1, len(Q)):
            K[j] += 1
            V[j] += 1
            if np.abs(attend(Q, K, V) - before)[i].max() > 1e-9:
                return i, j
    return None
