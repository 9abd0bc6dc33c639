"""### ALiBi: the older, the weaker

ALiBi (Press, Smith and Lewis, 2021) tells attention about distance without position vectors: each head subtracts a \
penalty that grows
with the age of a key.

Write `alibi_bias(slopes, T)`: `slopes` is `(H,)`, positive, one for each head. Return an additive bias `(H, T, T)`, \
float: `-slope * (i - j)` where `j <= i`, and `-inf`
where `j > i`.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, Probe, case
from autograder.exercise.results import Array


def _above(answer):
    """What stands above the diagonal, if the rest is right and it is one number everywhere; else NaN."""
    slopes, T = np.array([0.5, 0.25]), 4
    wanted, got = alibi_bias(slopes, T), np.asarray(answer(slopes, T), dtype=float)
    future = np.isneginf(wanted)
    if np.allclose(got[~future], wanted[~future]) and len(set(got[future])) == 1:
        return got[future][0]
    return np.nan


exercise = Exercise(
    topic="ALiBi",
    answer=Array(),
    probes=(
        Probe(mc.LARGE_NEGATIVE, lambda answer: -np.inf < _above(answer) <= -1000),
        Probe(
            mc.FILL_WEAK.with_text(
                "Above the diagonal stands a number that real scores can come near. The future has to be impossible."
            ),
            lambda answer: -1000 < _above(answer) < 0,
        ),
        Probe(
            mc.FILL_PLUS_INF.with_text("Above the diagonal stands +inf: the future would get all the weight."),
            lambda answer: _above(answer) == np.inf,
        ),
    ),
    hints=(
        "What is the bias on the diagonal?",
        "bias[h, i, j] = -slopes[h] * (i - j) for j <= i, -inf above.",
        "distance = i - j as a (T, T) array; slopes[:, None, None] * distance has shape (H, T, T).",
    ),
)


@exercise.solution
def alibi_bias(slopes, T):
    """slopes (H,), T -> (H, T, T) float: -slope * (i - j) at and below the diagonal, -inf above."""
    position = np.arange(T)
    distance = position[:, None] - position  # (T, T)
    return np.where(distance >= 0, -slopes[:, None, None] * distance, -np.inf)


@exercise.part("Two heads", points=1)
def two_heads(rng):
    yield case(np.array([0.5]), 4)
    yield case(np.array([0.5, 0.25]), 3)


@exercise.part("Any heads", points=1)
def any_heads(rng):
    for H, T in ((1, 1), (2, 5), (5, 2), (4, 4), (8, 7), (3, 1)):
        yield case(2.0 ** -np.arange(1, H + 1), T)
    yield case(rng.random(3) + 0.1, 6)
    yield case(rng.random(12) + 0.1, 24, note="12 heads, 24 positions")


@exercise.equivalent
def with_loops(slopes, T):
    return [[[-m * (i - j) if j <= i else -np.inf for j in range(T)] for i in range(T)] for m in slopes]


@exercise.equivalent
def penalty_plus_mask(slopes, T):
    i, j = np.indices((T, T))
    mask = np.triu(np.full((T, T), -np.inf), k=1)
    return np.einsum("h,ij->hij", slopes, np.minimum(j - i, 0.0)) + mask


@exercise.equivalent
def with_multiply_outer(slopes, T):
    age = np.subtract.outer(np.arange(T), np.arange(T)).astype(float)
    age[age < 0] = np.inf
    return -np.multiply.outer(slopes, age)


def _distance(T):
    return np.arange(T)[:, None] - np.arange(T)


@exercise.mistake("Old keys are rewarded")
def penalty_sign_flipped(slopes, T):
    """The sign is flipped: the bias grows with age instead of falling.

    - Should an old key get more weight or less?
    - -slope * (i - j)
    - Put a minus before the slope.
    """
    return np.where(_distance(T) >= 0, slopes[:, None, None] * _distance(T), -np.inf)


@exercise.mistake(mc.NO_MASK)
def no_mask(slopes, T):
    """The future is not masked, and there the bias is even positive: future keys are preferred."""
    return -slopes[:, None, None] * _distance(T)


@exercise.mistake("The future is only penalised")
def symmetric_alibi(slopes, T):
    """-slope * |i - j| makes the future less likely; it has to be impossible.

    - What is exp(-0.5)?
    - -inf where j > i.
    - np.where(j <= i, ..., -np.inf)
    """
    return -slopes[:, None, None] * abs(_distance(T))


@exercise.mistake(mc.FILL_ZERO)
def fill_zero(slopes, T):
    """Above the diagonal stands 0: that leaves the future's scores as they are."""
    return np.where(_distance(T) >= 0, -slopes[:, None, None] * _distance(T), 0.0)


@exercise.mistake(mc.TRANSPOSED)
def transposed(slopes, T):
    return alibi_bias(slopes, T).swapaxes(-1, -2)


@exercise.mistake(mc.OWN_POSITION_EXCLUDED)
def own_position_excluded(slopes, T):
    """The diagonal is -inf; a query may see its own key, with a bias of 0."""
    return np.where(_distance(T) > 0, -slopes[:, None, None] * _distance(T), -np.inf)


@exercise.mistake(mc.LARGE_NEGATIVE)
def large_negative(slopes, T):
    return np.where(_distance(T) >= 0, -slopes[:, None, None] * _distance(T), -1e9)


@exercise.mistake("One slope for all heads")
def slope_of_first_head(slopes, T):
    """Every head got the slope of the first.

    - Do the heads differ?
    - Head h uses slopes[h].
    - slopes[:, None, None]
    """
    return np.broadcast_to(alibi_bias(slopes[:1], T), (len(slopes), T, T))


@exercise.mistake("Divided by the slope")
def slopes_divide(slopes, T):
    """A larger slope should punish more, not less.

    - Which head looks further back, slope 0.5 or 0.25?
    - -slope * (i - j)
    - Multiply.
    """
    return np.where(_distance(T) >= 0, -_distance(T) / slopes[:, None, None], -np.inf)


@exercise.mistake("The key's position, not its age")
def key_position_not_distance(slopes, T):
    """The penalty depends on j alone. What counts is how far back the key is: i - j.

    - What is the bias on the diagonal?
    - i - j is 0 there.
    - Use i - j.
    """
    return np.where(_distance(T) >= 0, -slopes[:, None, None] * np.arange(T), -np.inf)


@exercise.mistake("The own key is punished")
def distance_starts_at_one(slopes, T):
    """i - j + 1 was used; the distance to oneself is 0.

    - How far is a position from itself?
    - i - j
    - Leave out the + 1.
    """
    return np.where(_distance(T) >= 0, -slopes[:, None, None] * (_distance(T) + 1), -np.inf)


@exercise.mistake("The heads are the last axis")
def heads_last(slopes, T):
    """The shape is (T, T, H); heads come first: (H, T, T).

    - Where is the head axis of the scores?
    - (..., H, T, T)
    - slopes[:, None, None]
    """
    return np.moveaxis(alibi_bias(slopes, T), 0, -1)
