"""The mistakes of `find_wrong_entry`."""

import numpy as np

from autograder.exercise import leak_detectors

from .ex_97_find_wrong_entry import _first, _moves, exercise


@exercise.mistake(leak_detectors.NOT_CHANGED)
def not_changed(f, allowed, *x):
    return _first(np.array(allowed))


@exercise.mistake(leak_detectors.SIGNS_CANCEL)
def signs_cancel(f, allowed, *x):
    return _first(_moves(f, *x, size=lambda change: change.max(axis=1)) != allowed)


@exercise.mistake(leak_detectors.SIGNS_CANCEL)
def signs_cancel_in_the_sum(f, allowed, *x):
    return _first(_moves(f, *x, size=lambda change: change.sum(axis=1)) != allowed)


@exercise.mistake(leak_detectors.ZEROED)
def set_to_zero(attend, allowed, Q, K, V):
    before, rest = attend(Q, K, V), 1 - np.eye(len(Q))[:, :, None]
    moves = np.array([np.abs(attend(Q, K * keep, V * keep) - before).max(axis=1) > 1e-9 for keep in rest]).T
    return _first(moves != allowed)


@exercise.mistake("Only what is seen wrongly was reported")
def only_leaks_reported(f, allowed, *x):
    """A mask is also wrong where it hides what may be seen.

    - Can a mask be too strict?
    - Wrong is where influence and allowed differ, either way.
    - moves != allowed
    """
    return _first(_moves(f, *x) & ~allowed)


@exercise.mistake("Only what is missing was reported")
def only_missing_reported(f, allowed, *x):
    """A mask is also wrong where it shows what must be hidden.

    - Can a mask be too generous?
    - Wrong is where influence and allowed differ, either way.
    - moves != allowed
    """
    return _first(~_moves(f, *x) & allowed)


@exercise.mistake("Only the future was checked")
def only_the_future_checked(f, allowed, *x):
    """These masks also hide parts of the past (padding, other texts), and a prefix may see some of the future.

    - Is every forbidden entry above the diagonal?
    - Compare all entries with allowed.
    - moves != allowed
    """
    return _first(np.triu(_moves(f, *x) != allowed, 1))


@exercise.mistake("Only the past was checked")
def only_the_past_checked(f, allowed, *x):
    """Entries above the diagonal can be wrong too.

    - Which entries did you leave out?
    - Compare all entries with allowed.
    - moves != allowed
    """
    return _first(np.tril(_moves(f, *x) != allowed))


@exercise.mistake("Compared with the triangle, not with `allowed`")
def compared_with_the_triangle(f, allowed, *x):
    """The expected mask is the argument `allowed`, and that is not always the causal triangle.

    - Where does your code read allowed?
    - moves should equal allowed.
    - moves != allowed
    """
    return _first(_moves(f, *x) != np.tri(len(allowed), dtype=bool))


@exercise.mistake("(j, i) instead of (i, j)")
def pair_swapped(f, allowed, *x):
    """The query comes first in the pair, the key second.

    - Which number is the row?
    - (i, j): output i, changed row j.
    - return i, j
    """
    return (found := _first(_moves(f, *x) != allowed)) and found[::-1]


@exercise.mistake("Rounding is taken for a leak")
def noise_counted(f, allowed, *x):
    """Any difference counts, even 1e-16 (or a NaN, which passes every mask); then every forbidden entry looks wrong.

    - How large is the smallest change your code counts?
    - Rounding here stays below 1e-9.
    - ... > 1e-9
    """
    return _first(_moves(f, *x, tolerance=0) != allowed)


@exercise.mistake("Only the keys were changed")
def only_keys_changed(f, allowed, *x):
    """A query that sees one key only gives it weight 1 whatever the key is; only its value shows.

    - What does output 0 of a causal attention depend on?
    - Change row j of K and of V.
    - K2[j] += 1; V2[j] += 1
    """
    return _first(_moves(f, *x, values=0.0) != allowed)


@exercise.mistake("Nothing wrong is None")
def nothing_wrong_is_none(f, allowed, *x):
    """Where attend does what allowed says, the answer is None, not a pair.

    - What does your function return when nothing differs?
    - None.
    - return None after the loop
    """
    return _first(_moves(f, *x) != allowed) or (-1, -1)


exercise.add_mistakes((nothing_wrong_is_none, lambda f, allowed, *x: _first(_moves(f, *x) != allowed) or (0, 0)))


@exercise.mistake("Rows and columns are swapped")
def influence_transposed(f, allowed, *x):
    """The influence was written down with the changed row in its row; `allowed` has the query there.

    - Which of the two axes of your matrix counts outputs?
    - moves[i, j]: output i, changed row j.
    - moves[:, j] = change.max(axis=1) > 1e-9
    """
    return _first(_moves(f, *x).T != allowed)


@exercise.mistake("A small leak slips through")
def leak_below_tolerance(f, allowed, *x):
    """The smallest leak (1e-6) moves an output by less than the tolerance, so it is taken for nothing: either the
    tolerance is too large, or the row was changed by much less than 1.

    - How far does a leak of 1e-6 move an output after your change, and how small is your tolerance?
    - np.allclose and np.isclose have tolerances of their own: 1e-8, plus 1e-5 of the value.
    - np.abs(after - before) > 1e-9
    """
    return _first(_moves(f, *x, tolerance=1e-5) != allowed)


@exercise.mistake(leak_below_tolerance)
def with_isclose(attend, allowed, Q, K, V):
    before, steps = attend(Q, K, V), np.eye(len(Q))[:, :, None]
    moves = ~np.array([np.isclose(attend(Q, K + step, V + step), before).all(axis=1) for step in steps]).T
    return _first(moves != allowed)


@exercise.mistake("The diagonal was left out")
def diagonal_left_out(f, allowed, *x):
    """A query's own key can be hidden by mistake too, or shown where `allowed` hides it.

    - Must every query see its own key, whatever `allowed` says?
    - Compare all entries, those with i = j included.
    - moves != allowed
    """
    wrong = _moves(f, *x) != allowed
    return _first(wrong & ~np.eye(len(allowed), dtype=bool))
