"""The mistakes of `convert_mask`."""

import numpy as np

from autograder.exercise import misconceptions as mc

from .ex_70_convert_mask import FINITE, convert_mask, exercise


def _allowed(mask, source):
    """`mask` as `allowed`: the first half of the way, where a mistake is in the second."""
    return convert_mask(mask, source, "allowed")


def _instead(target, wrong):
    """The solution, but `wrong(allowed)` where it has to give `target`."""
    return lambda mask, source, goal: (
        wrong(_allowed(mask, source)) if goal == target else convert_mask(mask, source, goal)
    )


def _misread(source, wrong):
    """The solution, but `wrong(mask)` taken for `allowed` where the mask comes in as `source`."""
    return lambda mask, given, target: (
        convert_mask(wrong(mask), "allowed", target) if given == source else convert_mask(mask, given, target)
    )


exercise.add_mistakes(
    (mc.ADDITIVE_AS_BOOLEAN, _misread("additive", lambda mask: mask.astype(bool))),
)


@exercise.mistake(mc.INVERTED)
def inverted(mask, source, target):
    """`blocked` was treated like `allowed`. They are opposites: True means 'may not' in one and 'may' in the other.

    - What does True mean in each of the two?
    - blocked = not allowed
    - Put ~ on the way in and on the way out.
    """
    return convert_mask(mask, source.replace("blocked", "allowed"), target.replace("blocked", "allowed"))


@exercise.mistake("Blocked was read as allowed")
def blocked_in_not_inverted(mask, source, target):
    """On the way in, True of a `blocked` mask was taken for 'may attend'. It means 'may not'.

    - What does True mean in a `blocked` mask?
    - allowed = ~blocked
    - Invert where source is "blocked".
    """
    return _misread("blocked", lambda mask: mask)(mask, source, target)


@exercise.mistake("Allowed was handed out as blocked")
def blocked_out_not_inverted(mask, source, target):
    """On the way out, a `blocked` mask should be True where the query may *not* attend.

    - What does True mean in a `blocked` mask?
    - blocked = ~allowed
    - Invert where target is "blocked".
    """
    return _instead("blocked", lambda allowed: allowed)(mask, source, target)


exercise.add_mistakes(
    (mc.ZERO_TIMES_INF, _instead("additive", lambda allowed: ~allowed * -np.inf)),
    (mc.FILL_PLUS_INF, _instead("additive", lambda allowed: np.where(allowed, 0.0, np.inf))),
    (FINITE, _instead("additive", lambda allowed: np.where(allowed, 0.0, -1e9))),
)


@exercise.mistake(mc.MINUS_ONE_ADDED)
def minus_one_added(mask, source, target):
    """-1 lowers a score by only 1: an additive mask of 0 and -1 hides nothing."""
    return _instead("additive", lambda allowed: allowed - 1.0)(mask, source, target)


@exercise.mistake(mc.BOOLEAN_ADDED)
def boolean_added(mask, source, target):
    """1 and 0 are the numbers of a multiplicative mask. Added to scores they hide nothing.

    - Which number leaves a score alone when it is added?
    - Additive: 0 and -inf.
    - np.where(allowed, 0.0, -np.inf)
    """
    return _instead("additive", lambda allowed: allowed * 1.0)(mask, source, target)


@exercise.mistake("The additive mask is inverted")
def additive_out_inverted(mask, source, target):
    """-inf stands where the query may attend, and 0 where it may not.

    - What does -inf do to a score?
    - Allowed: 0. Not allowed: -inf.
    - Swap the two branches of np.where.
    """
    return _instead("additive", lambda allowed: np.where(allowed, -np.inf, 0.0))(mask, source, target)


@exercise.mistake("The multiplicative mask is inverted")
def multiplicative_inverted(mask, source, target):
    """In and out, 1 was taken for 'may not'. A weight is kept by multiplying it by 1.

    - Which number keeps a weight when you multiply?
    - 1 keeps, 0 removes.
    - multiplicative = allowed.astype(float)
    """
    return (
        convert_mask(1.0 - mask if source == "multiplicative" else mask, source, target)
        if target != "multiplicative" or source == "multiplicative"
        else 1.0 - convert_mask(mask, source, target)
    )


@exercise.mistake("1 and 0 were swapped on the way in")
def multiplicative_in_inverted(mask, source, target):
    """A multiplicative mask keeps a weight by 1 and removes it by 0; here its 1 was read as 'may not'.

    - Which number keeps a weight when you multiply?
    - 1 keeps, 0 removes.
    - allowed = mask.astype(bool)
    """
    return _misread("multiplicative", lambda mask: mask == 0)(mask, source, target)


@exercise.mistake("1 and 0 are swapped on the way out")
def multiplicative_out_inverted(mask, source, target):
    """A multiplicative mask keeps a weight by 1 and removes it by 0; here 1 stands where the query may not attend.

    - Which number keeps a weight when you multiply?
    - 1 keeps, 0 removes.
    - allowed.astype(float)
    """
    return _instead("multiplicative", lambda allowed: 1.0 - allowed)(mask, source, target)


@exercise.mistake("The source plays no part")
def source_ignored(mask, source, target):
    """Whatever comes in is taken for `allowed`: right for that one (and for 1 and 0), wrong for the others.

    - What does 0 mean in an additive mask? And in a multiplicative one?
    - The same number means opposite things: look at `source` first.
    - Four ways into `allowed`, one for each source.
    """
    return convert_mask(mask.astype(bool), "allowed", target)


@exercise.mistake("The pattern was replaced by a causal one")
def pattern_replaced(mask, source, target):
    """The result is a causal mask, whatever came in. Only the convention should change, never the pattern.

    - Does the mask that was passed in matter to your result?
    - Converting keeps what each cell says.
    - Don't build a triangle here.
    """
    return convert_mask(
        np.tri(*np.atleast_2d(mask).shape[-2:], dtype=bool) & np.ones(mask.shape, dtype=bool), "allowed", target
    )


@exercise.mistake("Nothing comes back if source and target are equal")
def same_convention_forgotten(mask, source, target):
    """From a convention to itself the mask stays what it is; here the result is None.

    - Which pairs does your code cover?
    - Four of the sixteen pairs change nothing.
    - By way of `allowed` these four need no rule of their own.
    """
    return None if source == target else convert_mask(mask, source, target)


@exercise.mistake(mc.TRANSPOSED)
def transposed(mask, source, target):
    """Rows and columns were swapped. Only the convention should change; every cell stays where it is.

    - Should a cell move when only its meaning is written differently?
    - The shape stays the same.
    - Leave out the transpose.
    """
    return convert_mask(mask.T, source, target)


@exercise.mistake("~ is for booleans")
def tilde_on_numbers(mask, source, target):
    """On integers, ~1 is -2 and ~0 is -1, both of which count as True; on floats it is an error. Make booleans first.

    - What is ~np.array(1)?
    - Booleans first: mask == 0 or mask.astype(bool).
    - blocked = ~(mask.astype(bool))
    """
    return ~mask if (source, target) == ("multiplicative", "blocked") else convert_mask(mask, source, target)


@exercise.mistake("Right for two axes only")
def two_axes_only(mask, source, target):
    """The loops count on a matrix; a mask may have one axis, or leading axes for a batch.

    - What is the shape of a mask with a batch axis?
    - Comparisons and np.where work on every shape.
    - Replace the loops by array operations.
    """
    T_q, T_k = mask.shape
    return np.array([[convert_mask(mask[i, j], source, target) for j in range(T_k)] for i in range(T_q)])


@exercise.mistake(mc.CHANGES_INPUTS)
def writes_into_the_mask(mask, source, target):
    """The mask that was passed in is different afterwards: the code writes into it.

    - Is there an assignment into `mask[...]`?
    - np.where makes a new array.
    - Work on a copy: mask = mask.copy()
    """
    result = convert_mask(mask, source, target)
    if source == "additive":
        mask[np.isneginf(mask)] = 1
    return result
