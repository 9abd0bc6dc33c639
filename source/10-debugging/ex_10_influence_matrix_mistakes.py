"""The mistakes of `influence_matrix`."""

import numpy as np

from autograder.exercise import leak_detectors
from autograder.exercise import misconceptions as mc

from .ex_10_influence_matrix import exercise


def _matrix(
    attend, Q, K, V, tolerance=1e-9, keys=1.0, values=1.0, queries=0.0, size=lambda change: np.abs(change).max(axis=1)
):
    before, moved = attend(Q, K, V), []
    for j in range(len(Q)):
        here = (np.arange(len(Q)) == j)[:, None]
        change = attend(Q + queries * here, K + keys * here, V + values * here) - before
        moved.append(size(change) > tolerance)
    return np.array(moved).T


@exercise.mistake("The answer was assumed")
def assumes_causal(attend, Q, K, V):
    """This is the matrix of a causal attention, whatever attend does. A detector has to call it.

    - Where does your code call attend?
    - Change row j, call attend, compare.
    - attend(Q, K2, V2) - before
    """
    return np.tri(len(Q), dtype=bool)


@exercise.mistake("Rows and columns are swapped")
def influence_transposed(*given):
    """Entry (i, j) has the output in its row and the changed position in its column; here it is the other way round.

    - Which of your loops runs over outputs?
    - moves[i, j]: output i, changed row j.
    - moves[:, j] = change.max(axis=1) > 1e-9
    """
    return _matrix(*given).T


@exercise.mistake("Rounding is taken for a leak")
def noise_counted(*given):
    """Any difference counts, even 1e-16. Sums in another order round differently, so honest models are accused.

    - How large is the smallest change your code counts?
    - Rounding here stays below 1e-9.
    - np.abs(after - before) > 1e-9
    """
    return _matrix(*given, tolerance=0)


@exercise.mistake("A small leak slips through")
def leak_below_tolerance(*given):
    """The smallest leak (1e-6) moves an output by less than the tolerance, so a model that leaks a little is called
    honest: either the tolerance is too large, or the row was changed by much less than 1.

    - How far does a leak of 1e-6 move an output after your change, and how small is your tolerance?
    - np.allclose has tolerances of its own: 1e-8, plus 1e-5 of the value.
    - np.abs(after - before) > 1e-9
    """
    return _matrix(*given, tolerance=1e-3)


exercise.add_mistakes(
    (leak_below_tolerance, lambda *given: _matrix(*given, tolerance=1e-5)),
    (leak_below_tolerance, lambda *given: _matrix(*given, tolerance=1e-6)),
)


@exercise.mistake("Only the values were changed")
def only_values_changed(*given):
    """A leak can come through the keys alone: masked after the softmax, a future key still sits in the denominator.

    - What else does a token bring along besides its value?
    - Change row j of K and of V.
    - K2[j] += 1; V2[j] += 1
    """
    return _matrix(*given, keys=0.0)


@exercise.mistake("Only the keys were changed")
def only_keys_changed(*given):
    """A value can move an output without its key: the first output is V[0], whatever K says.

    - What does output 0 depend on?
    - Change row j of K and of V.
    - K2[j] += 1; V2[j] += 1
    """
    return _matrix(*given, values=0.0)


@exercise.mistake("The query was changed as well")
def queries_changed_too(*given):
    """Row j of Q moves output j whatever it attends to. Only what K and V bring is asked for.

    - Which of the three arrays did you change?
    - Row j of K and of V; Q stays.
    - attend(Q, K2, V2)
    """
    return _matrix(*given, queries=1.0)


@exercise.mistake("Only the future was filled in")
def past_left_out(*given):
    """Every entry is asked for: what an output takes from its own row and from the past is influence too.

    - Does output 3 depend on row 2?
    - All j, not only j > i.
    - for j in range(T): ...
    """
    return np.triu(_matrix(*given), 1)


exercise.add_mistakes(
    (leak_detectors.NOT_CHANGED, lambda *given: _matrix(*given, keys=0.0, values=0.0)),
    (leak_detectors.SIGNS_CANCEL, lambda *given: _matrix(*given, size=lambda change: change.sum(axis=1))),
    (leak_detectors.SIGNS_CANCEL, lambda *given: _matrix(*given, size=lambda change: np.abs(change.sum(axis=1)))),
    (leak_detectors.SIGNS_CANCEL, lambda *given: _matrix(*given, size=lambda change: change.max(axis=1))),
    (leak_detectors.ONE_COMPONENT, lambda *given: _matrix(*given, size=lambda change: np.abs(change[:, 0]))),
)


@exercise.mistake(leak_detectors.ONE_COMPONENT)
def one_component(*given):
    """Every number of the row had to move; one of them is enough."""
    return _matrix(*given, size=lambda change: np.abs(change).min(axis=1))


@exercise.mistake("Only one number of the row was changed")
def one_number_changed(attend, Q, K, V):
    """What comes through another number of row j of K or V stays unseen.

    - How many numbers does row j of V have?
    - Change the whole row of K and of V.
    - V2[j] += 1, not V2[j, 0] += 1
    """
    keys, values = (np.eye(len(Q))[:, :, None] * (np.arange(x.shape[1]) == 0) for x in (K, V))
    before = attend(Q, K, V)
    return np.array([np.abs(attend(Q, K + k, V + v) - before).max(axis=1) > 1e-9 for k, v in zip(keys, values)]).T


@exercise.mistake(leak_below_tolerance)
def changed_too_little(*given):
    return _matrix(*given, keys=1e-5, values=1e-5)


@exercise.mistake(leak_detectors.ZEROED)
def set_to_zero(attend, Q, K, V):
    before, rest = attend(Q, K, V), 1 - np.eye(len(Q))[:, :, None]
    return np.array([np.abs(attend(Q, K * keep, V * keep) - before).max(axis=1) > 1e-9 for keep in rest]).T


@exercise.mistake(leak_detectors.POISONED)
def poisoned(attend, Q, K, V):
    poison = np.where(np.eye(len(Q))[:, :, None] > 0, np.nan, 0.0)
    return np.array([np.isnan(attend(Q, K + nan, V + nan)).any(axis=1) for nan in poison]).T


@exercise.mistake(leak_detectors.POISONED)
def keys_poisoned(attend, Q, K, V):
    poison = np.where(np.eye(len(Q))[:, :, None] > 0, np.nan, 0.0)
    return np.array([np.isnan(attend(Q, K + nan, V)).any(axis=1) for nan in poison]).T


@exercise.mistake(leak_below_tolerance)
def with_isclose(attend, Q, K, V):
    before, steps = attend(Q, K, V), np.eye(len(Q))[:, :, None]
    return ~np.array([np.isclose(attend(Q, K + step, V + step), before).all(axis=1) for step in steps]).T


@exercise.mistake(leak_below_tolerance)
def with_allclose(attend, Q, K, V):
    before = attend(Q, K, V)
    out = np.zeros((len(Q), len(Q)), dtype=bool)
    for j in range(len(Q)):
        K2, V2 = K.copy(), V.copy()
        K2[j], V2[j] = K2[j] + 1, V2[j] + 1
        after = attend(Q, K2, V2)
        out[:, j] = [not np.allclose(after[i], before[i], atol=1e-5) for i in range(len(Q))]
    return out


@exercise.mistake("All outputs at once")
def compares_whole_outputs(attend, Q, K, V):
    """A change anywhere counts for every row.

    - Which axis of the change belongs to i?
    - One answer for each row of the output.
    - np.abs(after - before).max(axis=1)
    """
    out = _matrix(attend, Q, K, V)
    return out | out.any(axis=0)


@exercise.mistake("Everything was changed at once")
def everything_changed_at_once(attend, Q, K, V):
    """If all rows change together, nobody knows which one moved the output.

    - How many rows did you change before calling attend?
    - Row j, and only row j.
    - K2[j] += 1, not K2 += 1
    """
    moved = np.abs(attend(Q, K + 1, V + 1) - attend(Q, K, V)).max(axis=1) > 1e-9
    return np.repeat(moved[:, None], len(Q), axis=1)


@exercise.mistake("The last change is still there")
def change_not_undone(attend, Q, K, V):
    """Row 0 stays changed while row 1 is tried, and so on: each column shows the changes before it too.

    - What do K and V look like when j = 2?
    - Each j starts from the original arrays.
    - K2, V2 = K.copy(), V.copy() inside the loop
    """
    before, K2, V2 = attend(Q, K, V), K.copy(), V.copy()
    out = np.zeros((len(Q), len(Q)), dtype=bool)
    for j in range(len(Q)):
        K2[j] += 1
        V2[j] += 1
        out[:, j] = np.abs(attend(Q, K2, V2) - before).max(axis=1) > 1e-9
    return out


@exercise.mistake(mc.CHANGES_INPUTS)
def changes_inputs(attend, Q, K, V):
    before = attend(Q, K, V)
    out = np.zeros((len(Q), len(Q)), dtype=bool)
    for j in range(len(Q)):
        K[j] += 1
        V[j] += 1
        out[:, j] = np.abs(attend(Q, K, V) - before).max(axis=1) > 1e-9
        K[j] -= 1
        V[j] -= 1
    return out


@exercise.mistake(mc.LAST_ROW_ONLY)
def last_output_only(attend, Q, K, V):
    """Only the last output was looked at; each output has a row of its own.

    - How many outputs does one call of attend give?
    - Every row i of the output.
    - np.abs(after - before).max(axis=1)
    """
    out = _matrix(attend, Q, K, V)
    out[:-1] = False
    return out
