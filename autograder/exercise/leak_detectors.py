"""The ways in which a leak detector is too weak that more than one exercise can name."""

from __future__ import annotations

from autograder.exercise.exercise import Misconception as M

SIGNS_CANCEL = M(
    "signs_cancel",
    "Changes of opposite sign cancel",
    "A leak may push one number of an output up and another one down. Summed, or compared without `abs`, they vanish.",
    ("What is the sum of +0.1 and -0.1?", "How far a number moved is |after - before|.", "np.abs(after - before).max(axis=1)"),
)
ONE_COMPONENT = M(
    "one_component_compared",
    "Not every number of an output was compared",
    "An output is a whole row. A leak in one of its numbers is a leak.",
    ("How many numbers does output i have?", "One of them moving is enough.", "np.abs(after - before).max(axis=1)"),
)
ZEROED = M(
    "rows_set_to_zero",
    "The row was set to 0",
    "Where a row is 0 already, as padding may be, setting it to 0 or multiplying it changes nothing, and the leak stays unseen.",
    ("What changes in a row that is 0 already?", "Add something, or put other numbers there.", "K2[j] += 1, not K2[j] = 0"),
)
NOT_CHANGED = M(
    "nothing_changed",
    "Nothing was changed",
    "The second call got the same numbers as the first one (or the two outputs are the same array), so no output can move.",
    ("What is different between your two calls?", "A copy, and in it one changed row.",
     "K2, V2 = K.copy(), V.copy(); K2[j] += 1; V2[j] += 1"),
)
POISONED = M(
    "poisoned_with_nan",
    "NaN spreads further than a leak",
    "0 * NaN is NaN, so NaN passes every mask, and a mean over time of which only rounding is left: honest models are accused.",
    ("What is 0 * np.nan?", "A weight of exactly 0 stops every finite number.", "Change the row by about 1."),
)
