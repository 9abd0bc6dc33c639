"""### Score one query with one key

How well does a query fit a key? The answer is one number, the **scaled dot product**: multiply the two vectors \
component by
component, add up, and divide by the square root of their width `d`.

Write `query_key_score(q, k)`. `q` and `k` are arrays of shape `(d,)`, the width `d` is 1 or more and differs from \
call to
call. Return one number. It may be negative, and it may be 0. `q` and `k` stay as they are.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, Misconception, Probe, case
from autograder.exercise.results import Number

ONE_WIDTH = Misconception(
    "one_width_only",
    "Right for one width only",
    "The square root belongs to a width written in the code; d differs from call to call.",
    ("What does your code do at d = 7?", "d is the number of components of q.", "np.sqrt(len(q))"),
)


def _same_divisor(answer):
    """Whether the dot product is divided by the same number at every width."""
    at_3, at_7 = (d / float(answer(np.ones(d), np.ones(d))) for d in (3, 7))
    return np.isclose(at_3, at_7) and not np.isclose(at_3, 1)


exercise = Exercise(
    topic="query-key scores",
    answer=Number(),
    probes=(Probe(ONE_WIDTH, _same_divisor),),
    hints=(
        "Which two steps lead from two vectors to one number, and which step comes after?",
        "(q[0] k[0] + q[1] k[1] + ...) / sqrt(d)",
        "q @ k is the dot product of two vectors, and len(q) is d.",
    ),
)


@exercise.solution
def query_key_score(q, k):
    """q (d,), k (d,) -> their scaled dot product, one number."""
    return q @ k / np.sqrt(len(q))


@exercise.part("By hand", points=1)
def by_hand(rng):
    yield case(np.array([1.0, 2.0, 0.0, 1.0]), np.array([3.0, 1.0, 5.0, 1.0]), note="6 over the square root of 4")
    yield case(np.array([1.0, 1.0]), np.array([2.0, -2.0]), note="at right angles: the score is 0")
    yield case(np.array([2.0, 1.0, 0.0, 0.0]), np.array([-3.0, 1.0, 4.0, 2.0]), note="a negative score")


@exercise.part("Any width", points=1)
def any_width(rng):
    for d in (2, 3, 5, 7, 16, 64, 1):
        yield case(rng.normal(size=d), rng.normal(size=d))
    # All digits count: float32 holds these numbers, their products and the quotient exactly.
    yield case(np.array([1.5]), np.array([2.0]), note="width 1", answer=Number(rtol=2e-7, atol=1e-9))
    yield case(np.full(16, 2.5), np.full(16, 4.0), note="width 16", answer=Number(rtol=1e-7, atol=1e-9))
    yield case(3000 * np.abs(rng.normal(size=8)), 3000 * np.abs(rng.normal(size=8)), note="long vectors")


@exercise.equivalent
def with_a_loop(q, k):
    total = 0.0
    for a, b in zip(q, k, strict=True):
        total += a * b
    return total / len(q) ** 0.5


@exercise.equivalent
def with_einsum(q, k):
    return np.einsum("d,d->", q, k) / np.sqrt(q.shape[-1])


@exercise.equivalent
def query_scaled_first(q, k):
    return np.dot(q / np.sqrt(q.size), k)


@exercise.equivalent
def both_scaled_by_the_fourth_root(q, k):
    return float(np.sum((q / q.size**0.25) * (k / k.size**0.25)))


@exercise.equivalent
def by_law_of_cosines(q, k):
    return ((q + k) @ (q + k) - (q - k) @ (q - k)) / 4 / np.sqrt(q.size)


@exercise.equivalent
def in_float32(q, k):
    return np.float32(np.sum(q * k) / np.sqrt(q.size))


@exercise.mistake(mc.NO_SCALE)
def no_scale(q, k):
    return q @ k


@exercise.mistake(mc.SCALE_BY_D)
def scale_by_d(q, k):
    """The sum was divided by d (that is the mean of the products) instead of by its square root."""
    return q @ k / len(q)


@exercise.mistake(mc.SCALE_MULTIPLIED)
def scale_multiplied(q, k):
    """The dot product was multiplied by sqrt(d), so it grew instead of shrinking."""
    return q @ k * np.sqrt(len(q))


@exercise.mistake("A cosine, not a score")
def cosine_similarity(q, k):
    """The product was divided by the lengths |q| and |k|; in attention, long vectors give large scores.

    - By which number is the dot product divided?
    - By sqrt(d), which depends on the width only.
    - Leave out np.linalg.norm.
    """
    return q @ k / (np.linalg.norm(q) * np.linalg.norm(k))


@exercise.mistake("Divided by the length of the query")
def divided_by_length_of_the_vector(q, k):
    """|q| was used in place of sqrt(d): the score should grow when the query grows.

    - What is d: a length in space, or a number of components?
    - d = len(q)
    - np.sqrt(len(q)), not np.linalg.norm(q)
    """
    return q @ k / np.linalg.norm(q)


@exercise.mistake("A distance, not a dot product")
def negative_distance(q, k):
    """This measures how far apart q and k lie; a score is their dot product.

    - Where do you multiply components?
    - q . k = sum of q[c] k[c]
    - q @ k
    """
    return -np.sqrt(np.sum((q - k) ** 2)) / np.sqrt(len(q))


@exercise.mistake("The sign was lost")
def sign_lost(q, k):
    """A score may be negative: then the query turns away from the key.

    - What is the dot product of (1, 0) and (-1, 0)?
    - It is -1.
    - Leave out abs and maximum.
    """
    return np.abs(q @ k) / np.sqrt(len(q))


@exercise.mistake("Negative scores became 0")
def negative_scores_cut(q, k):
    """A score below 0 was raised to 0; a negative score says 'rather not', and 0 does not.

    - What is the dot product of (1, 0) and (-1, 0)?
    - It is -1.
    - Leave out max(0, ...).
    """
    return max(0.0, q @ k / np.sqrt(len(q)))


@exercise.mistake("The exponential came too early")
def exp_of_the_score(q, k):
    """exp belongs to the softmax; the score itself is expected here.

    - Can your number be negative?
    - score = q . k / sqrt(d)
    - Leave out np.exp.
    """
    return np.exp(q @ k / np.sqrt(len(q)))


exercise.add_mistakes(
    (ONE_WIDTH, lambda q, k: q @ k / 2),
    (ONE_WIDTH, lambda q, k: q @ k / 8),
)


@exercise.mistake(mc.EPSILON)
def epsilon(q, k):
    """A small number was added to sqrt(d), so every score is a little too small; d is at least 1, and there is nothing
    to guard against.

    - Can sqrt(d) be 0?
    - q . k / sqrt(d), to the last digit
    - Divide by the plain square root.
    """
    return q @ k / (np.sqrt(len(q)) + 1e-6)


@exercise.mistake("Summed too early")
def sums_multiplied(q, k):
    """The components were added up first and the sums multiplied; multiply each pair, then add.

    - What is (1, 1) . (2, -2)?
    - 1 * 2 + 1 * (-2) = 0
    - np.sum(q * k)
    """
    return np.sum(q) * np.sum(k) / np.sqrt(len(q))


@exercise.mistake("Only the first two components")
def first_two_components(q, k):
    """A dot product adds up all d components.

    - How many products are there at d = 7?
    - d of them.
    - q @ k
    """
    return (q[:2] @ k[:2]) / np.sqrt(len(q))


@exercise.mistake("The key plays no part")
def query_used_twice(q, k):
    """q . q was computed; the score compares q with k.

    - Where does k enter?
    - q . k
    - q @ k
    """
    return q @ q / np.sqrt(len(q))


@exercise.mistake(mc.INTEGERS_INSIDE)
def integers_inside(q, k):
    """The score was cut to a whole number."""
    return int(q @ k / np.sqrt(len(q)))


@exercise.mistake(mc.CHANGES_INPUTS)
def changes_inputs(q, k):
    q /= np.sqrt(len(q))
    return q @ k


@exercise.mistake(mc.FLOAT16)
def float16_inside(q, k):
    return float(q.astype(np.float16) @ k.astype(np.float16)) / np.sqrt(len(q))


exercise.equivalent_mutant("q @ k -> k @ q", because="the dot product does not mind the order")
