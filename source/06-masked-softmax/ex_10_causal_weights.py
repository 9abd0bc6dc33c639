"""### From scores to causal weights

`scores` is `(..., T, T)`, already scaled: rows are queries, columns are keys. Write `causal_weights(scores)`: mask \
the future, then softmax along each row.

Return weights of the same shape: every row sums to 1, and every weight above the diagonal is **exactly** 0. Scores \
may be as large as 1,000,000 on either side of 0; leading axes stay in front; the input stays as it is.
"""

import numpy as np

from autograder.exercise import attention_probes
from autograder.exercise import misconceptions as mc
from autograder.exercise.attention_cases import hidden_far_above
from autograder.exercise.attention_mistakes import BATCH_MAXIMUM, WRONG_MASKS, WRONG_SOFTMAXES, causal, softmax, weights
from autograder.exercise.exercise import Exercise, Probe, case
from autograder.exercise.masks import LONGER, OWN_POSITION_PATCHED, first_row_right, right_up_to_four
from autograder.exercise.results import Array


def _symptom(misconception, shows):
    """A probe of attention: the weights mix the values, and the scores come from queries and keys."""

    def attention(answer):
        return lambda Q, K, V: np.asarray(answer(Q @ np.swapaxes(K, -1, -2) / np.sqrt(Q.shape[-1]))) @ V

    return Probe(misconception, lambda answer: shows(attention(answer)))


def _lone_key_below_one(answer):
    return 0.95 < np.asarray(answer(np.zeros((2, 2))))[0, 0] < 1


def _fails_when_longer(answer):
    return right_up_to_four(lambda T: np.allclose(answer(np.zeros((T, T))), np.tri(T) / np.arange(1, T + 1)[:, None]))


exercise = Exercise(
    topic="masked softmax",
    answer=Array(exact_zeros=True),
    probes=(
        _symptom(
            attention_probes.LEAKS.with_text(
                "A row of weights changed when only scores above its diagonal were changed.",
                (
                    "Which scores may row i depend on?",
                    "Only scores[i, 0] to scores[i, i].",
                    "Change the last column of the scores yourself, and see which rows move.",
                ),
            ),
            attention_probes.leaks,
        ),
        _symptom(
            attention_probes.FORGETS.with_text("A key that the query may see got no weight."), attention_probes.forgets
        ),
        Probe(mc.EPSILON, _lone_key_below_one),
        _symptom(
            attention_probes.SUMS.with_text("Every row of weights should sum to 1, and one does not."),
            attention_probes.does_not_sum,
        ),
        _symptom(
            attention_probes.NOT_UNIFORM.with_text(
                "With all scores equal, row i should hold i + 1 equal weights, and it does not."
            ),
            attention_probes.not_a_mean,
        ),
        _symptom(attention_probes.BATCH, attention_probes.differs_in_a_batch),
        _symptom(attention_probes.LARGE, attention_probes.unstable),
        Probe(LONGER, _fails_when_longer),
    ),
    hints=(
        "What has to happen to the scores above the diagonal before the softmax?",
        "softmax(scores + mask) along axis -1, with -inf above the diagonal",
        (
            "s = np.where(np.tri(T, dtype=bool), scores, -np.inf); subtract each row's maximum; exp; divide by the "
            "row sum."
        ),
    ),
)


@exercise.solution
def causal_weights(scores):
    """scores (..., T, T), already scaled -> weights (..., T, T), rows sum to 1, exact zeros above the diagonal."""
    allowed = np.tri(scores.shape[-1], dtype=bool)
    masked = np.where(allowed, scores, -np.inf)
    e = np.exp(masked - masked.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@exercise.part("Three tokens by hand", points=1)
def by_hand(rng):
    yield case(np.log([[1.0, 5.0, 9.0], [1.0, 3.0, 7.0], [1.0, 2.0, 5.0]]), note="logarithms: row 2 is 1/8, 2/8, 5/8")
    yield case(np.zeros((3, 3)), note="all scores equal")


@exercise.part("Any length, any batch", points=1)
def any_length(rng):
    for shape in ((5, 5), (1, 1), (2, 2), (9, 9), (70, 70), (1, 4, 4), (2, 4, 4), (3, 3, 3), (2, 3, 6, 6)):
        yield case(2 * rng.normal(size=shape))
    integers = rng.integers(-3, 4, size=(5, 5))
    yield case(integers.astype(float) * (np.abs(integers) > 1), note="some scores are exactly 0")


@exercise.part("Large scores", points=1)
def large(rng):
    # Quarters: float32 holds every one of these scores exactly.
    s = rng.integers(-8, 9, size=(4, 4)) / 4
    yield case(s + 900.0, note="scores near 900")
    yield case(s + np.array([[0.0], [1000.0], [-1000.0], [-20000.0]]), note="rows at very different levels")
    far = np.array(
        [[0.0, 0.0, 0.0, 0.0], [0.0, 1700.0, 0.0, 0.0], [0.0, 1700.25, 1700.0, 0.0], [-850.0, 850.0, 849.5, -850.0]]
    )
    yield case(far, note="scores of 0 and 1700 in one row")
    yield case(rng.integers(-3, 4, size=(4, 4)) - 1e6 + 3, note="every score near -1000000")
    for scores, note in hidden_far_above(rng):
        yield case(scores, note=note)


@exercise.equivalent
def row_by_row(scores):
    out = np.zeros(scores.shape)
    for index in np.ndindex(*scores.shape[:-1]):
        row = scores[index][: index[-1] + 1]
        e = np.exp(row - max(row))
        out[index][: index[-1] + 1] = e / sum(e)
    return out


@exercise.equivalent
def with_an_additive_mask(scores):
    T = scores.shape[-1]
    s = scores + np.triu(np.full((T, T), -np.inf), k=1)
    return np.exp(s - np.logaddexp.reduce(s, axis=-1, keepdims=True))


@exercise.equivalent
def masked_after_exp(scores):
    allowed = np.tri(scores.shape[-1], dtype=bool)
    top = scores.max(axis=-1, keepdims=True, where=allowed, initial=-np.inf)
    e = np.exp(np.minimum(scores - top, 0.0)) * allowed
    return e / e.sum(axis=-1, keepdims=True)


@exercise.equivalent
def in_float32_lists(scores):
    s = np.where(np.tri(scores.shape[-1]), scores, -1e30)
    s = s.astype(np.float32)
    e = np.exp(s - s.max(-1, keepdims=True))
    return (e / e.sum(-1, keepdims=True)).tolist()


@exercise.mistake(mc.FILL_WEAK)
def fill_weak(scores):
    """-1e5 looks low, but real scores can be lower still; then hidden keys win."""
    return weights(scores, fill=-1e5)


@exercise.mistake(mc.BOOLEAN_ADDED)
def boolean_added(scores):
    """A mask of True and False (1 and 0, or 0 and -1) was added: it lowers the hidden scores by only 1, and nothing is
    removed.
    """
    return softmax(scores + causal(scores))


@exercise.mistake(mc.UNIFORM_MEAN)
def uniform_mean(scores):
    """Every allowed key has the same weight; the scores play no part.

    - Where do the scores enter your weights?
    - The weights are a softmax of the scores.
    - softmax(scores + mask), not softmax(mask)
    """
    return np.broadcast_to(softmax(np.where(causal(scores), 0.0, -np.inf)), scores.shape)


@exercise.mistake("Scaled once more")
def scaled_again(scores):
    """The scores are scaled already; dividing by sqrt(T) makes the weights too flat.

    - What does 'already scaled' mean?
    - softmax(scores + mask)
    - Leave out the division.
    """
    return weights(scores / np.sqrt(scores.shape[-1]), causal(scores))


@exercise.mistake("Not divided by the row sum")
def exp_not_normalised(scores):
    """The exponentials are masked, but the rows don't sum to 1 yet.

    - What should a row sum to?
    - Divide by the row sum.
    - e / e.sum(axis=-1, keepdims=True)
    """
    return (lambda s: np.exp(s - s.max(-1, keepdims=True)))(np.where(causal(scores), scores, -np.inf))


@exercise.mistake("The softmax is missing")
def softmax_missing(scores):
    """These are the masked scores; turned into weights, each row is positive and sums to 1.

    - What should a row sum to?
    - softmax of the masked scores, along each row
    - exp, then divide by the row sum.
    """
    return np.where(causal(scores), scores, -np.inf)


@exercise.mistake("Nearly zero is not zero")
def nearly_zero(scores):
    """A tiny weight is left above the diagonal (from a fill such as -30, a clip, or an epsilon); a hidden key has to
    get exactly 0.

    - What is exp(-inf)?
    - exactly 0
    - Use -np.inf, and add nothing afterwards.
    """
    return np.maximum(causal_weights(scores), 1e-12)


@exercise.mistake(OWN_POSITION_PATCHED)
def own_position_patched(scores):
    return weights(scores, first_row_right(scores.shape[-1], -1))


@exercise.mistake(mc.HARD_ARGMAX)
def hard(scores):
    """- What does softmax do with two equal scores?
    - weights = exp(s) / sum(exp(s))
    - Leave out the argmax.
    """
    s = np.where(causal(scores), scores, -np.inf)
    return np.eye(s.shape[-1])[s.argmax(axis=-1)]


@exercise.mistake(mc.CHANGES_INPUTS)
def in_place(scores):
    """scores[...] = -inf writes into the array that was passed in."""
    scores[..., ~causal(scores)] = -np.inf
    return softmax(scores)


exercise.add_mistakes(
    (mc.FILL_WEAK, lambda scores: weights(scores, fill=-10.0)),
    (fill_weak, lambda scores: weights(scores, fill=-1e6)),
)
exercise.add_shared_mistakes((*WRONG_MASKS, *WRONG_SOFTMAXES), without=[BATCH_MAXIMUM])


exercise.equivalent_mutant(
    "np.tri(scores.shape[-1], dtype=bool) -> np.tri(scores.shape[-1])",
    because="np.where takes any number but 0 for True",
)
exercise.equivalent_mutant("1 -> 2", because="scores are square, so shape[-2] is shape[-1]")
