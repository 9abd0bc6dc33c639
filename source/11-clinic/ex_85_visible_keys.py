"""### Repair: two meanings of True

A library function takes booleans that are True where a query **may** attend. This code makes them out of the masks \
of a model, and turns them around.

Repair `visible_keys(mask)`: `mask` `(..., T_q, T_k)` is one of two kinds.

- Booleans that are True where a key is **hidden**, as in `nn.MultiheadAttention`.
- Floats to be added to the scores: 0 where a key is visible; where it is hidden, −∞ or the lowest number of the \
type, float32 or float64.

Return booleans of the same shape, True where the query may attend. `mask` may hide padding as well as the future, \
and it stays as it is.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array

exercise = Exercise(
    topic="mask conventions",
    answer=Array("bool"),
    hints=(
        "What does the code make of a True, of a 0.0 and of -np.inf? Which keys do they stand for?",
        "In both kinds, what is visible is the entry that counts as zero: False, or 0.0.",
        "mask == 0",
    ),
)
TRUE_MEANS_HIDDEN = mc.INVERTED.with_text(
    "What was hidden is visible now, and the other way round: True, -inf and every number but 0 count as true.",
    (
        "What is bool(-np.inf), and what is bool(0.0)?",
        "In both kinds, what is visible is the entry that counts as zero: False, or 0.0.",
        "mask == 0",
    ),
)
LOW = (-np.inf, float(np.finfo(np.float32).min))


@exercise.solution
def visible_keys(mask):
    """mask (..., T_q, T_k), bool with True for hidden, or additive -> bool of the same shape, True for visible."""
    return mask == 0


@exercise.mistake(TRUE_MEANS_HIDDEN)
@exercise.starter
def broken(mask):
    """mask (..., T_q, T_k), bool with True for hidden, or additive -> bool of the same shape, True for visible."""
    return mask.astype(bool)


def _hidden(T_q, T_k=None, padding=0):
    T_k = T_k or T_q
    return ~np.tri(T_q, T_k, k=T_k - T_q, dtype=bool) | (np.arange(T_k) < padding)


@exercise.part("True for hidden", points=1)
def booleans(rng):
    yield case(_hidden(3), note="a causal mask")
    yield case(_hidden(4, padding=2), note="padding on the left: the first two queries see nothing")
    yield case(rng.random((2, 1, 3, 5)) < 0.5, note="any keys hidden, in a batch")
    yield case(np.zeros((2, 2), dtype=bool), note="nothing is hidden")
    yield case(_hidden(2, 5))
    yield case(_hidden(1))
    yield case(rng.random((9, 9)) < 0.3)


@exercise.part("Numbers that are added", points=1)
def additive(rng):
    for low in LOW:
        yield case(np.where(_hidden(3), low, 0.0), note="a causal mask")
    yield case(np.where(_hidden(4, padding=1), LOW[1], 0.0).astype(np.float32), note="float32, and padding")
    yield case(np.where(_hidden(4, padding=2), np.finfo(np.float64).min, 0.0), note="the lowest float64")
    yield case(np.where(rng.random((2, 3, 4, 4)) < 0.5, rng.choice(LOW), 0.0), note="any keys hidden, in a batch")
    yield case(np.where(_hidden(2, 5), -np.inf, 0.0))
    yield case(np.zeros((3, 3)), note="nothing is hidden")


@exercise.equivalent
def by_kind(mask):
    if mask.dtype == bool:
        return ~mask
    return mask > -1


@exercise.equivalent
def not_true(mask):
    return np.logical_not(mask)


@exercise.equivalent
def with_loops(mask):
    out = np.ones(mask.shape, dtype=bool)
    for cell in np.ndindex(mask.shape):
        if mask[cell]:
            out[cell] = False
    return out


@exercise.equivalent
def by_what_is_added(mask):
    cost = np.where(mask, -np.inf, 0.0) if mask.dtype == np.bool_ else mask
    return np.exp(cost) > 0.5


@exercise.mistake("The booleans were left as they were")
def booleans_not_turned(mask):
    """The numbers are read rightly now. But booleans came back as they were, and True was hidden in them.

    - Which of the two meanings of True does the library take, and which does the mask have?
    - A mask of booleans has to be turned around.
    """
    return mask if mask.dtype == bool else mask == 0


@exercise.mistake("The numbers were read as booleans")
def numbers_not_read(mask):
    """Booleans are turned around now. But of numbers, -inf counts as true and 0.0 as false, and the mask that is added
    is upside down.

    - What is bool(-np.inf)?
    - Visible is where mask == 0.
    """
    return ~mask if mask.dtype == bool else mask.astype(bool)


@exercise.mistake("Only -inf was taken for hidden")
def lowest_taken_for_visible(mask):
    """Some models hide a key by the lowest number of the type, and here such a key is visible.

    - Which number do the visible keys have?
    - Visible is where mask == 0, and nowhere else.
    """
    return ~mask if mask.dtype == bool else mask != -np.inf


@exercise.mistake(lowest_taken_for_visible)
def finite_taken_for_visible(mask):
    return ~mask if mask.dtype == bool else np.isfinite(mask)


@exercise.mistake(lowest_taken_for_visible)
def a_limit_below_the_lowest(mask):
    return ~mask if mask.dtype == bool else mask > -1e40


@exercise.mistake("One rule for numbers, and booleans go through it")
def above_minus_one(mask):
    """A rule such as mask > -1 is right for numbers. A True is 1 and a False is 0, so of booleans all are visible.

    - What is True > -1?
    - The entry of a visible key counts as zero in both kinds.
    """
    return mask > -1


@exercise.mistake(above_minus_one)
def not_minus_infinity(mask):
    return mask != -np.inf


@exercise.mistake("The hidden keys were returned")
def low_taken_for_visible(mask):
    """The entries that are very low came back as True. They are the hidden ones, and of booleans none is below 0.

    - What does True mean to the library function?
    - Visible is where mask == 0, in both kinds.
    """
    return mask < 0


exercise.add_mistakes((low_taken_for_visible, lambda mask: mask == -np.inf))


@exercise.mistake("The mask was not looked at")
def always_causal(mask):
    """The result is a causal mask, whatever the given one hides.

    - Where does `mask` come into your result?
    - It may hide padding, and show everything else.
    """
    T_q, T_k = mask.shape[-2:]
    return np.broadcast_to(np.tri(T_q, T_k, k=T_k - T_q, dtype=bool), mask.shape)


@exercise.mistake("Queries that see nothing were opened")
def empty_rows_opened(mask):
    """A query that may see no key sees all of them here. The mask says that it sees none.

    - What does row 0 of a mask with padding on the left hide?
    - Turn the entries around, and change nothing else.
    """
    allowed = mask == 0
    return allowed | ~allowed.any(axis=-1, keepdims=True)


@exercise.mistake("Everything is visible")
def all_visible(mask):
    """No key is hidden any more.

    - Which entries of the mask stand for hidden keys?
    - Visible is where mask == 0.
    """
    return np.ones(mask.shape, dtype=bool)


exercise.add_mistakes(
    (mc.CHANGES_INPUTS, lambda mask: np.logical_not(mask, out=mask) if mask.dtype == bool else mask == 0)
)
