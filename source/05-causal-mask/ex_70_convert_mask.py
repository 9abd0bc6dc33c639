"""### Convert between the four conventions

Write `convert_mask(mask, source, target)`: the same mask, in another convention. `source` and `target` are names of \
this table, and may be equal.

| name | may attend | may not | dtype |
|---|---|---|---|
| `"allowed"` | True | False | bool |
| `"blocked"` | False | True | bool |
| `"additive"` | 0 | `-inf` | float |
| `"multiplicative"` | 1 | 0 | float |

`mask` is an array of any shape and pattern, and stays as it is. An additive mask holds only `0` and `-inf`. A \
multiplicative one may
arrive as integers, but leaves as floats.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, Probe, case
from autograder.exercise.masks import causal
from autograder.exercise.results import Array

FINITE = mc.LARGE_NEGATIVE.with_text(
    "The pattern is right. But `additive` means 0 and -inf here, and a finite number such as -1e9 only usually "
    "hides a key."
)


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
        "Could you convert every mask to one convention first, and then to the target? No pair needs code of its own.",
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
    for target in NAMES:
        yield case(np.tri(3, dtype=int), "multiplicative", target, note="integers 1 and 0")


@exercise.equivalent
def with_a_table_of_functions(mask, source, target):
    into = {
        "allowed": lambda m: m,
        "blocked": np.logical_not,
        "additive": lambda m: np.exp(m) == 1,
        "multiplicative": lambda m: m > 0,
    }
    out_of = {
        "allowed": lambda a: a,
        "blocked": np.logical_not,
        "additive": lambda a: np.log(a.astype(float)),
        "multiplicative": lambda a: 1.0 * a,
    }
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
    blocked = {
        "allowed": lambda: ~mask,
        "blocked": lambda: mask.copy(),
        "additive": lambda: np.isneginf(mask),
        "multiplicative": lambda: mask == 0,
    }[source]()
    if target == "multiplicative":
        return (1 - blocked).astype(np.float32)
    if target == "additive":
        result = np.zeros(blocked.shape, dtype=np.float16)
        result[blocked] = -np.inf
        return result
    return blocked if target == "blocked" else np.logical_not(blocked)


@exercise.equivalent
def the_same_mask_back_if_nothing_changes(mask, source, target):
    return mask if source == target and mask.dtype.kind != "i" else convert_mask(mask, source, target)


@exercise.warning(
    "Right. For real life: libraries also write the lowest finite number in place of -inf, "
    "and `mask == 0` (or `mask > -1`) reads those masks too; a test for -inf does not."
)
def finite_fill(rng):
    yield case(np.where(causal(3), 0.0, np.finfo(np.float32).min), "additive", "allowed")
