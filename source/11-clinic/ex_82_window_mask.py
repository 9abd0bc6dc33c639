"""### Repair: a window over a mask

This code lays a window over a causal mask and opens it.

Repair `window_mask(mask, window)`. `mask` is additive, `(..., T, T)`: 0 where a query may attend, and where it may \
not, −∞ or the lowest float. Return the mask in which each query sees, of the keys that `mask` shows it, only its own \
and the `window - 1` before it: **0** there, **−∞** everywhere else. `window` is 1 or more. `mask` may hide padding as \
well as the future, and it stays as it is.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, Misconception, case
from autograder.exercise.results import Array

exercise = Exercise(
    topic="fixing a mask",
    answer=Array("float", exact_zeros=True),
    hints=(
        "What is 0 in an additive mask, and what does a product with 0 make of a hidden entry?",
        "Visible is what both masks show: an and, not a product.",
        "np.where((mask == 0) & (back < window), 0.0, -np.inf), with back = i - j.",
    ),
)
MULTIPLIED = Misconception(
    "additive_mask_multiplied",
    "An additive mask was multiplied",
    "In an additive mask 0 means visible, so a product with 0 opens every key that it touches, the future included.",
    (
        "What is 0 in an additive mask, and what does a product with 0 make of a hidden entry?",
        "Visible is what both masks show: an and, not a product.",
        "np.where(visible in both, 0.0, -np.inf)",
    ),
)
LOWEST = float(np.finfo(np.float32).min)


@exercise.solution
def window_mask(mask, window):
    """mask (..., T, T) of 0 and a very low number, window -> (..., T, T) of 0 and -inf."""
    at = np.arange(mask.shape[-1])
    back = at[:, None] - at  # (T, T)
    return np.where((mask == 0) & (back < window), 0.0, -np.inf)


@exercise.mistake(MULTIPLIED)
@exercise.starter
def multiplied(mask, window):
    """mask (..., T, T) of 0 and a very low number, window -> (..., T, T) of 0 and -inf."""
    return mask * np.tril(np.ones(mask.shape), k=-window)


def _causal(T, low=-np.inf):
    return np.where(np.tri(T, dtype=bool), 0.0, low)


@exercise.part("A causal mask", points=1)
def causal(rng):
    yield case(_causal(4, LOWEST), 2, note="the lowest float32 over the future")
    yield case(_causal(4), 2)
    yield case(_causal(1), 1)
    yield case(_causal(6, -1e9), 1, note="each query sees its own key only")
    yield case(_causal(5, LOWEST), 9, note="a window that is longer than the text")


@exercise.part("Padding and batches", points=1)
def padded(rng):
    low = float(rng.choice([-np.inf, LOWEST]))
    mask = _causal(6, low)
    mask[:, :2] = low
    yield case(mask, 3, note="two columns of padding on the left")
    real = np.arange(7) < rng.integers(3, 8, size=(2, 1, 1, 1))
    yield case(np.where(np.tri(7, dtype=bool) & real, 0.0, low), 3, note="a batch (2, 1, T, T)")
    yield case(_causal(70, LOWEST), 33)
    mask = _causal(5, LOWEST)
    mask[:, 1] = LOWEST
    yield case(mask, 4, note="a column of padding, hidden by the lowest float32")


@exercise.equivalent
def with_loops(mask, window):
    out = np.full(mask.shape, -np.inf)
    for *batch, i, j in np.ndindex(mask.shape):
        if mask[(*batch, i, j)] == 0 and i - j < window:
            out[(*batch, i, j)] = 0.0
    return out


@exercise.equivalent
def the_lower_of_two(mask, window):
    T = mask.shape[-1]
    too_old = np.tri(T, k=-window, dtype=bool)
    return np.minimum(np.where(mask < 0, -np.inf, 0.0), np.where(too_old, -np.inf, 0.0))


@exercise.equivalent
def two_steps(mask, window):
    out = mask.astype(float)
    out[out < 0] = -np.inf
    out[..., np.tri(mask.shape[-1], k=-window, dtype=bool)] = -np.inf
    return out


def _window(mask, window, allowed):
    at = np.arange(mask.shape[-1])
    return np.where(allowed(mask == 0, at[:, None] - at), 0.0, -np.inf)


@exercise.mistake("One key too many")
def one_key_too_many(mask, window):
    """i - j <= window counts window + 1 keys, the own one included.

    - How many keys does a query see with window = 1?
    - 0 <= i - j < window
    """
    return _window(mask, window, lambda shown, back: shown & (back <= window))


@exercise.mistake("One key too few")
def one_key_too_few(mask, window):
    """With window = 1 a query should see its own key, and here it sees none.

    - How far back is a query's own key?
    - 0 positions, and 0 < 1.
    """
    return _window(mask, window, lambda shown, back: shown & (back < window - 1))


@exercise.mistake("Or in place of and")
def either_is_enough(mask, window):
    """A key is visible here if one of the two masks shows it; both have to.

    - May a query see a key of the future that lies within the window?
    - Visible is what the mask shows and the window shows.
    """
    return _window(mask, window, lambda shown, back: shown | (back < window))


@exercise.mistake("The given mask was forgotten")
def only_the_window(mask, window):
    """The result is a causal window for every mask; what the given one hides besides, padding for instance, is visible.

    - Where in your result does `mask` come in?
    - A key that `mask` hides stays hidden.
    """
    return _window(mask, window, lambda shown, back: np.broadcast_to((back >= 0) & (back < window), shown.shape))


@exercise.mistake("Old keys are not hidden")
def window_left_out(mask, window):
    """Old keys are still visible: the window has no effect.

    - Which keys does the last query see with window = 1?
    - Those with i - j >= window have to be hidden too.
    """
    return _window(mask, window, lambda shown, back: shown)


@exercise.mistake("Two masks were added, and the low numbers kept")
def low_numbers_kept(mask, window):
    """The sum hides the right keys. But this mask promises -inf, and a lowest float that is added to a score or to
    itself overflows in some types and not in others.

    - What stands in your result where the given mask has the lowest float?
    - 0 or -np.inf, nothing else.
    """
    return mask + np.where(np.tri(mask.shape[-1], k=-window, dtype=bool), -np.inf, 0.0)


@exercise.mistake(low_numbers_kept)
def low_numbers_kept_where_near(mask, window):
    at = np.arange(mask.shape[-1])
    return np.where(at[:, None] - at < window, mask, -np.inf)


@exercise.mistake("A finite number in place of -inf")
def finite_fill(mask, window):
    """The right keys are visible. But this mask promises -inf for all others, and here stands a finite number.

    - What is a very low float plus a very high score?
    - 0 or -np.inf, nothing else.
    """
    return _window(mask, window, lambda shown, back: shown & (back < window)).clip(LOWEST)


@exercise.mistake("Only -inf was taken for hidden")
def lowest_taken_for_visible(mask, window):
    """A key is hidden by -inf or by the lowest float; here the second kind counts as visible.

    - What is the value of an entry that may be seen?
    - Visible is where mask == 0.
    """
    at = np.arange(mask.shape[-1])
    back = at[:, None] - at
    return np.where((mask != -np.inf) & (back >= 0) & (back < window), 0.0, -np.inf)


@exercise.mistake(mc.ZERO_TIMES_INF)
def zero_times_inf(mask, window):
    with np.errstate(invalid="ignore"):
        return _window(mask, window, lambda shown, back: shown & (back < window)) * np.where(mask == 0, 0.0, 1.0)


@exercise.mistake(mc.CHANGES_INPUTS)
def in_place(mask, window):
    mask[mask < 0] = -np.inf
    mask[..., np.tri(mask.shape[-1], k=-window, dtype=bool)] = -np.inf
    return mask


exercise.equivalent_mutant("1 -> 2", because="the last two axes of a mask are equally long")
