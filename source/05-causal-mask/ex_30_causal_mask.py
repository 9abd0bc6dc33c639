"""### Write the additive mask

Write `causal_mask(T)`: a `(T, T)` array of floats for any `T >= 1`, with `0` where query `i` may attend to key `j` and
`-inf` where it may not. Added to the scores, it leaves an allowed score as it is and turns every other score \
into `-inf`.

Any NumPy float type will do. A large negative number is not `-inf`: in this exercise a hidden weight must be exactly 0.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, Misconception, Probe, case
from autograder.exercise.masks import LONGER, causal, right_up_to_four, wrong_patterns
from autograder.exercise.results import Array, InvalidResult

SHIFTED = Misconception(
    "allowed_cells_shifted",
    "The allowed cells should be 0",
    ("An allowed cell is not 0, so an allowed score changes; a mask should leave these scores exactly as they are."),
    ("Which number added to a score changes nothing?", "0 where j <= i.", "Write 0.0 into every allowed cell."),
)
PATTERN_KEPT = (
    "The pattern is right, and such a number usually hides a key. But this mask promises -inf, which no score can "
    "outweigh."
)


class OfFloats(Array):
    """An array of numbers, and not of Python objects."""

    def parse(self, raw):
        if isinstance(raw, np.ndarray) and raw.dtype == object:
            raise InvalidResult("wrong_dtype", "It returned an array of dtype object, expected an array of floats.")
        return super().parse(raw)


def _fill(answer):
    """The one number that the answer writes above the diagonal, if the rest is 0; else nan."""
    mask = np.asarray(answer(5), dtype=float)
    hidden = mask[~causal(5)] if mask.shape == (5, 5) and not mask[causal(5)].any() else np.array([np.nan])
    return hidden[0] if (hidden == hidden[0]).all() else np.nan


def _allowed_cells_shifted(answer):
    mask = np.asarray(answer(5), dtype=float)
    return np.isneginf(mask[~causal(5)]).all() and np.isfinite(mask[causal(5)]).all() and (mask[causal(5)] != 0).any()


def _fails_when_longer(answer):
    return right_up_to_four(lambda T: np.array_equal(answer(T), np.where(causal(T), 0.0, -np.inf)))


exercise = Exercise(
    topic="the additive mask",
    answer=OfFloats(exact_zeros=True),
    probes=(
        Probe(mc.LARGE_NEGATIVE.with_text(message=PATTERN_KEPT), lambda answer: -np.inf < _fill(answer) <= -1000),
        Probe(mc.FILL_WEAK, lambda answer: -1000 < _fill(answer) < 0),
        Probe(SHIFTED, _allowed_cells_shifted),
        Probe(LONGER, _fails_when_longer),
    ),
    hints=(
        "Which number, added to a score, leaves it unchanged? Which one sinks it below every other?",
        "0 where j <= i, and -inf where j > i.",
        "np.where(causal_allowed(T), 0.0, ...) with the number that hides.",
    ),
)


@exercise.solution
def causal_mask(T):
    """int -> (T, T) float: 0 where query i may attend to key j, -inf where it may not."""
    allowed = np.tri(T, dtype=bool)
    return np.where(allowed, 0.0, -np.inf)


@exercise.part("Four tokens", points=1)
def four(rng):
    yield case(4)


@exercise.part("Any length", points=1)
def any_length(rng):
    for T in (2, 1, 3, 5, 8, 9, int(rng.integers(10, 16)), 17, 40, 130):
        yield case(T)


@exercise.equivalent
def upper_triangle_of_inf(T):
    return np.triu(np.full((T, T), -np.inf), k=1)


@exercise.equivalent
def logarithm_of_ones_and_zeros(T):
    return np.log(np.tri(T))


@exercise.equivalent
def with_loops(T):
    mask = np.zeros((T, T), dtype=np.float32)
    for i in range(T):
        mask[i, i + 1 :] = -np.inf
    return mask


@exercise.equivalent
def as_nested_lists(T):
    return [[0.0 if j <= i else float("-inf") for j in range(T)] for i in range(T)]


@exercise.equivalent
def in_float16(T):
    return causal_mask(T).astype(np.float16)


exercise.add_shared_mistakes(wrong_patterns(lambda pattern: lambda T: np.where(pattern(T), 0.0, -np.inf)))


exercise.add_mistakes(
    (mc.FILL_PLUS_INF, lambda T: np.where(causal(T), 0.0, np.inf)),
    (mc.ZERO_TIMES_INF, lambda T: (1 - np.tri(T)) * -np.inf),
)


@exercise.mistake(mc.LARGE_NEGATIVE)
def large_negative(T):
    """The pattern is right, and such a number usually hides a key. But this mask promises -inf, which no score can
    outweigh.
    """
    return np.where(causal(T), 0.0, -1e9)


@exercise.mistake(mc.LARGE_NEGATIVE)
def lowest_float(T):
    """The pattern is right, and such a number usually hides a key. But this mask promises -inf, which no score can
    outweigh.
    """
    return np.where(causal(T), 0.0, np.finfo(np.float64).min)


exercise.add_mistakes(
    (mc.FILL_WEAK, lambda T: np.where(causal(T), 0.0, -10.0)),
    (mc.FILL_TINY, lambda T: np.where(causal(T), 0.0, -1e-9)),
)


@exercise.mistake("A mask of 1 and 0 is not additive")
def not_additive(T):
    """This mask says 1 for 'may' and 0 for 'may not'. Added to scores it would shift some by 1 and hide nothing.

    - What does adding 0 do to a score that should be hidden?
    - Allowed: add 0. Hidden: add -inf.
    - np.where(allowed, 0.0, -np.inf)
    """
    return np.tri(T)


@exercise.mistake(mc.MINUS_ONE_ADDED)
def minus_one_added(T):
    """The pattern is right, but -1 lowers a score by only 1: its weight shrinks and does not vanish."""
    return np.tri(T) - 1


@exercise.mistake(SHIFTED)
def shifted(T):
    return np.where(causal(T), 1.0, -np.inf)


@exercise.mistake("A mask of 0 and 1 is not additive")
def one_where_blocked(T):
    """1 marks the hidden cells here, but adding 1 makes their scores larger: they would get more weight, not less.

    - What does adding 1 do to a weight?
    - Hidden: add -inf.
    - Put -np.inf where you have 1.
    """
    return np.triu(np.ones((T, T)), k=1)


@exercise.mistake(mc.ONE_SIZE)
def one_size(T):
    """It is right for T = 4 only: the size is fixed in the code."""
    return np.where(causal(4), 0.0, -np.inf)


@exercise.mistake(mc.ONE_SIZE)
def open_beyond_four(T):
    """The corner of 4 x 4 is right; beyond it nothing is hidden."""
    mask = np.zeros((T, T))
    n = min(T, 4)
    mask[:n, :n] = causal_mask(n)
    return mask


exercise.equivalent_mutant("np.tri(T, dtype=bool) -> np.tri(T)", because="np.where takes any number but 0 for True")
