"""### Convert between the four conventions

Write `convert_mask(mask, source, target)`: the same mask, in another convention. `source` and `target` are names of this table, and may be equal.

| name | may attend | may not | dtype |
|---|---|---|---|
| `"allowed"` | True | False | bool |
| `"blocked"` | False | True | bool |
| `"additive"` | 0 | `-inf` | float |
| `"multiplicative"` | 1 | 0 | float |

`mask` is an array of any shape and pattern, and stays as it is. An additive mask holds only `0` and `-inf`. A multiplicative one may
arrive as integers, but leaves as floats.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, Misconception, Probe, case
from autograder.exercise.masks import causal
from autograder.exercise.results import Array

FINITE = mc.LARGE_NEGATIVE.with_text("The pattern is right. But `additive` means 0 and -inf here, and a finite number such as -1e9 only usually hides a key.")


def _finite_fill(answer):
    mask = np.asarray(answer(causal(3), "allowed", "additive"))
    return not mask[causal(3)].any() and (mask[~causal(3)] < -1000).all() and np.isfinite(mask).all()


NAMES = ("allowed", "blocked", "additive", "multiplicative")
RESULTS = {
    "allowed": Array("bool"),
    "blocked": Array("bool"),
    "additive": Array(exact_zeros=True),
    "multiplicative": Array("float", exact_zeros=True),
}

exercise = Exercise(
    topic="the conventions of masks",
    answer=lambda mask, source, target: RESULTS[target],
    probes=(Probe(FINITE, _finite_fill),),
    hints=(
        "Sixteen pairs are many. Which convention could be a stop on every way?",
        "First whatever it is into `allowed`, then `allowed` into the target: four and four small steps.",
        'From "additive": allowed = mask == 0. To "additive": np.where(allowed, 0.0, -np.inf). Six steps are left.',
    ),
)


@exercise.solution
def convert_mask(mask, source, target):
    """Any shape, from one of "allowed", "blocked", "additive", "multiplicative" to another (or the same)."""
    if source == "additive":
        allowed = mask == 0
    elif source == "blocked":
        allowed = ~mask
    else:
        allowed = mask.astype(bool)
    if target == "allowed":
        return allowed
    if target == "blocked":
        return ~allowed
    if target == "additive":
        return np.where(allowed, 0.0, -np.inf)
    return allowed.astype(float)


def _mask(allowed, name):
    allowed = np.asarray(allowed, dtype=bool)
    return {
        "allowed": allowed.copy(),
        "blocked": ~allowed,
        "additive": np.where(allowed, 0.0, -np.inf),
        "multiplicative": np.where(allowed, 1.0, 0.0),
    }[name]


def _every_pair(allowed, note=""):
    for source in NAMES:
        for target in NAMES:
            yield case(_mask(allowed, source), source, target, note=note)


@exercise.part('Out of "allowed"', points=1)
def out_of_allowed(rng):
    for target in ("blocked", "additive", "multiplicative"):
        yield case(causal(3), "allowed", target)


@exercise.part('Into "allowed"', points=1)
def into_allowed(rng):
    for source in ("blocked", "additive", "multiplicative"):
        yield case(_mask(causal(3), source), source, "allowed")


@exercise.part("All sixteen pairs, any pattern", points=1)
def sixteen(rng):
    yield from _every_pair([[True, False, False], [False, True, True]], note="not causal, not square")
    yield from _every_pair(rng.random((5, 5)) < 0.5)


@exercise.part("Any shape", points=1)
def any_shape(rng):
    yield from _every_pair([True, True, False], note="one axis: which of three keys are real tokens")
    yield from _every_pair(rng.random((2, 1, 3)) < 0.5, note="a batch of 2")
    yield from _every_pair([[True]])
    for source, target in (("additive", "blocked"), ("multiplicative", "additive"), ("blocked", "multiplicative")):
        yield case(_mask(np.zeros((2, 2)), source), source, target, note="nothing is allowed")
        yield case(_mask(np.ones((2, 2)), source), source, target, note="everything is allowed")
        yield case(_mask(rng.random((2, 3, 4, 4)) < 0.5, source), source, target)
    for target in ("allowed", "blocked", "additive"):
        yield case(np.tri(3, dtype=int), "multiplicative", target, note="integers 1 and 0")


@exercise.equivalent
def with_a_table_of_functions(mask, source, target):
    into = {"allowed": lambda m: m, "blocked": np.logical_not, "additive": lambda m: np.exp(m) == 1, "multiplicative": lambda m: m > 0}
    out_of = {"allowed": lambda a: a, "blocked": np.logical_not, "additive": lambda a: np.log(a.astype(float)), "multiplicative": lambda a: 1.0 * a}
    return out_of[target](into[source](mask))


@exercise.equivalent
def cell_by_cell(mask, source, target):
    may = {"allowed": True, "blocked": False, "additive": 0.0, "multiplicative": 1.0}
    may_not = {"allowed": False, "blocked": True, "additive": float("-inf"), "multiplicative": 0.0}

    def one(cell):
        if isinstance(cell, list):
            return [one(inner) for inner in cell]
        return may[target] if cell == may[source] else may_not[target]

    return one(mask.tolist())


@exercise.equivalent
def by_way_of_blocked(mask, source, target):
    blocked = {"allowed": lambda: ~mask, "blocked": lambda: mask.copy(), "additive": lambda: np.isneginf(mask), "multiplicative": lambda: mask == 0}[source]()
    if target == "multiplicative":
        return (1 - blocked).astype(np.float32)
    if target == "additive":
        result = np.zeros(blocked.shape, dtype=np.float16)
        result[blocked] = -np.inf
        return result
    return blocked if target == "blocked" else np.logical_not(blocked)


@exercise.equivalent
def the_same_mask_back_if_nothing_changes(mask, source, target):
    return mask if source == target else convert_mask(mask, source, target)


def _allowed(mask, source):
    """`mask` as `allowed`: the first half of the way, where a mistake is in the second."""
    return convert_mask(mask, source, "allowed")


def _instead(target, wrong):
    """The solution, but `wrong(allowed)` where it has to give `target`."""
    return lambda mask, source, goal: wrong(_allowed(mask, source)) if goal == target else convert_mask(mask, source, goal)


def _misread(source, wrong):
    """The solution, but `wrong(mask)` taken for `allowed` where the mask comes in as `source`."""
    return lambda mask, given, target: convert_mask(wrong(mask), "allowed", target) if given == source else convert_mask(mask, given, target)


exercise.mistake(mc.ADDITIVE_AS_BOOLEAN)(_misread("additive", lambda mask: mask.astype(bool)))
exercise.mistake(mc.INVERTED, message="`blocked` was treated like `allowed`. They are opposites: True means 'may not' in one and 'may' in the other.",
                 hints=("What does True mean in each of the two?", "blocked = not allowed", "Put ~ on the way in and on the way out."))(
    lambda mask, source, target: convert_mask(mask, source.replace("blocked", "allowed"), target.replace("blocked", "allowed"))
)  # fmt: skip
exercise.mistake(
    Misconception("blocked_in_not_inverted", "Blocked was read as allowed", "On the way in, True of a `blocked` mask was taken for 'may attend'. It means 'may not'.",
                  ("What does True mean in a `blocked` mask?", "allowed = ~blocked", "Invert where source is \"blocked\"."))
)(_misread("blocked", lambda mask: mask))  # fmt: skip
exercise.mistake(
    Misconception("blocked_out_not_inverted", "Allowed was handed out as blocked", "On the way out, a `blocked` mask should be True where the query may *not* attend.",
                  ("What does True mean in a `blocked` mask?", "blocked = ~allowed", "Invert where target is \"blocked\"."))
)(_instead("blocked", lambda allowed: allowed))  # fmt: skip
exercise.mistake(mc.ZERO_TIMES_INF)(_instead("additive", lambda allowed: ~allowed * -np.inf))
exercise.mistake(mc.FILL_PLUS_INF)(_instead("additive", lambda allowed: np.where(allowed, 0.0, np.inf)))
exercise.mistake(FINITE)(_instead("additive", lambda allowed: np.where(allowed, 0.0, -1e9)))
exercise.mistake(mc.MINUS_ONE_ADDED, message="-1 lowers a score by only 1: an additive mask of 0 and -1 hides nothing.")(
    _instead("additive", lambda allowed: allowed - 1.0)
)
exercise.mistake(mc.BOOLEAN_ADDED, message="1 and 0 are the numbers of a multiplicative mask. Added to scores they hide nothing.",
                 hints=("Which number leaves a score alone when it is added?", "Additive: 0 and -inf.", "np.where(allowed, 0.0, -np.inf)"))(
    _instead("additive", lambda allowed: allowed * 1.0)
)  # fmt: skip
exercise.mistake(
    Misconception("additive_out_inverted", "The additive mask is inverted", "-inf stands where the query may attend, and 0 where it may not.",
                  ("What does -inf do to a score?", "Allowed: 0. Not allowed: -inf.", "Swap the two branches of np.where."))
)(_instead("additive", lambda allowed: np.where(allowed, -np.inf, 0.0)))  # fmt: skip
exercise.mistake(
    Misconception("multiplicative_inverted", "The multiplicative mask is inverted", "In and out, 1 was taken for 'may not'. A weight is kept by multiplying it by 1.",
                  ("Which number keeps a weight when you multiply?", "1 keeps, 0 removes.", "multiplicative = allowed.astype(float)"))
)(
    lambda mask, source, target: convert_mask(
        1.0 - mask if source == "multiplicative" else mask, source, target
    ) if target != "multiplicative" or source == "multiplicative" else 1.0 - convert_mask(mask, source, target)
)  # fmt: skip
exercise.mistake(
    Misconception("multiplicative_in_inverted", "1 and 0 were swapped on the way in", "A multiplicative mask keeps a weight by 1 and removes it by 0; here its 1 was read as 'may not'.",
                  ("Which number keeps a weight when you multiply?", "1 keeps, 0 removes.", "allowed = mask.astype(bool)"))
)(_misread("multiplicative", lambda mask: mask == 0))  # fmt: skip
exercise.mistake(
    Misconception("multiplicative_out_inverted", "1 and 0 are swapped on the way out", "A multiplicative mask keeps a weight by 1 and removes it by 0; here 1 stands where the query may not attend.",
                  ("Which number keeps a weight when you multiply?", "1 keeps, 0 removes.", "allowed.astype(float)"))
)(_instead("multiplicative", lambda allowed: 1.0 - allowed))  # fmt: skip
exercise.mistake(
    Misconception("source_ignored", "The source plays no part", "Whatever comes in is taken for `allowed`: right for that one (and for 1 and 0), wrong for the others.",
                  ("What does 0 mean in an additive mask? And in a multiplicative one?", "The same number means opposite things: look at `source` first.",
                   "Four ways into `allowed`, one for each source."))
)(lambda mask, source, target: convert_mask(mask.astype(bool), "allowed", target))  # fmt: skip
exercise.mistake(
    Misconception("pattern_replaced", "The pattern was replaced by a causal one", "The result is a causal mask, whatever came in. Only the convention should change, never the pattern.",
                  ("Does the mask that was passed in matter to your result?", "Converting keeps what each cell says.", "Don't build a triangle here."))
)(lambda mask, source, target: convert_mask(np.tri(*np.atleast_2d(mask).shape[-2:], dtype=bool) & np.ones(mask.shape, dtype=bool), "allowed", target))  # fmt: skip
exercise.mistake(
    Misconception("same_convention_forgotten", "Nothing comes back if source and target are equal", "From a convention to itself the mask stays what it is; here the result is None.",
                  ("Which pairs does your code cover?", "Four of the sixteen pairs change nothing.", "By way of `allowed` these four need no rule of their own."))
)(lambda mask, source, target: None if source == target else convert_mask(mask, source, target))  # fmt: skip
exercise.mistake(mc.TRANSPOSED, message="Rows and columns were swapped. Only the convention should change; every cell stays where it is.",
                 hints=("Should a cell move when only its meaning is written differently?", "The shape stays the same.", "Leave out the transpose."))(
    lambda mask, source, target: convert_mask(mask.T, source, target)
)  # fmt: skip
exercise.mistake(
    Misconception("tilde_on_numbers", "~ is for booleans", "On integers, ~1 is -2 and ~0 is -1, both of which count as True; on floats it is an error. Make booleans first.",
                  ("What is ~np.array(1)?", "Booleans first: mask == 0 or mask.astype(bool).", "blocked = ~(mask.astype(bool))"))
)(lambda mask, source, target: ~mask if (source, target) == ("multiplicative", "blocked") else convert_mask(mask, source, target))  # fmt: skip


@exercise.mistake(
    Misconception("two_axes_only", "Right for two axes only", "The loops count on a matrix; a mask may have one axis, or leading axes for a batch.",
                  ("What is the shape of a mask with a batch axis?", "Comparisons and np.where work on every shape.", "Replace the loops by array operations."))
)  # fmt: skip
def two_axes_only(mask, source, target):
    T_q, T_k = mask.shape
    return np.array([[convert_mask(mask[i, j], source, target) for j in range(T_k)] for i in range(T_q)])


@exercise.mistake(mc.CHANGES_INPUTS, message="The mask that was passed in is different afterwards: the code writes into it.",
                  hints=("Is there an assignment into `mask[...]`?", "np.where makes a new array.", "Work on a copy: mask = mask.copy()"))  # fmt: skip
def writes_into_the_mask(mask, source, target):
    result = convert_mask(mask, source, target)
    if source == "additive":
        mask[np.isneginf(mask)] = 1
    return result


@exercise.warning(
    "Right. For real life: libraries also write the lowest finite number in place of -inf, "
    "and `mask == 0` (or `mask > -1`) reads those masks too; a test for -inf does not."
)
def finite_fill(rng):
    yield case(np.where(causal(3), 0.0, np.finfo(np.float32).min), "additive", "allowed")


@exercise.warning("Right. One thing more: a multiplicative mask of integers should leave as floats, also from that convention to itself.")
def integers_in_and_out(rng):
    yield case(np.tri(3, dtype=int), "multiplicative", "multiplicative")
