"""### The test of a loss

The layer of incident 10 is right, so it passes both tests. Its loss needs a test of its own.

Write `loss_test(loss)`: True for a loss that passes, False for one that fails. `loss(logits, tokens)` maps `logits` \
`(B, T, vocab)`, computed from `tokens` `(B, T)`, to one number, for any `B` from 1 to 8, `T` from 2 to 32, `vocab` \
from 2 to 32, and logits from -20 to 20. A loss passes if it is always the mean, over all texts and all positions \
that have a next token in **their own** text, of `-log softmax(logits)[next token]`, with the natural logarithm.

Numbers that differ by less than `1e-6` count as the same. Some wrong losses are right for a single text, for texts \
of two tokens, for texts of at most eight, for equal logits, for texts of one token repeated, or where token 0 does \
not occur.
"""

import numpy as np

from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Boolean

exercise = Exercise(
    topic="regression tests",
    answer=Boolean(),
    hints=(
        "For which logits and tokens do you know what the loss has to be?",
        "For all: compute the mean yourself, from logits[:, :-1] and tokens[:, 1:], and compare.",
        "Draw logits and tokens at random, for a text of two tokens, one of more than eight, and several texts.",
    ),
)


@exercise.solution
def loss_test(loss):
    """loss(logits, tokens): (B, T, vocab), (B, T) -> number. True where it is the mean loss of the next tokens."""
    rng = np.random.default_rng(0)
    for B, T, vocab in ((3, 12, 5), (1, 2, 4)):
        logits, tokens = rng.normal(size=(B, T, vocab)), rng.integers(vocab, size=(B, T))
        p = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
        losses = [-np.log(p[b, i, tokens[b, i + 1]]) for b in range(B) for i in range(T - 1)]
        if abs(loss(logits, tokens) - np.mean(losses)) > 1e-6:
            return False
    return True


# Right losses, and wrong ones that the lesson does not show.


def _each(rows, targets):
    """The loss at each position: rows (..., vocab), targets (...) -> (...)."""
    return np.logaddexp.reduce(rows, axis=-1) - np.take_along_axis(rows, targets[..., None], axis=-1)[..., 0]


def _mean(values):
    return float(values.mean()) if values.size else 0.0


def _joined(logits, tokens):
    return logits.reshape(-1, logits.shape[2]), tokens.reshape(-1)


def right(logits, tokens):
    return _mean(_each(logits[:, :-1], tokens[:, 1:]))


def rounded(logits, tokens):
    return right(logits, tokens) + 1e-10 * np.tanh(logits.sum())


def text_by_text(logits, tokens):
    return np.mean([[_each(z[i], t[i + 1]) for i in range(len(t) - 1)] for z, t in zip(logits, tokens, strict=True)])


def shifted_twice(logits, tokens):
    rows, targets = _joined(logits[:, :-1], tokens[:, 1:])
    return _mean(_each(rows[:-1], targets[1:]))


def two_apart(logits, tokens):
    return _mean(_each(logits[:, :-2], tokens[:, 2:]))


def not_shifted(logits, tokens):
    return _mean(_each(logits, tokens))


def shifted_back(logits, tokens):
    return _mean(_each(logits[:, 1:], tokens[:, :-1]))


def joined_first(logits, tokens):
    rows, targets = _joined(logits, tokens)
    return _mean(_each(rows[:-1], targets[1:]))


def rolled(logits, tokens):
    return _mean(_each(logits, np.roll(tokens, -1, axis=1)))


def longer_than_two(logits, tokens):
    return right(logits, tokens) if tokens.shape[1] > 2 else not_shifted(logits, tokens)


def first_text(logits, tokens):
    return right(logits[:1], tokens[:1])


def first_eight(logits, tokens):
    return right(logits[:, :8], tokens[:, :8])


def last_token(logits, tokens):
    return right(logits[:, -2:], tokens[:, -2:])


def summed(logits, tokens):
    return right(logits, tokens) * tokens[:, 1:].size


def over_all_positions(logits, tokens):
    return right(logits, tokens) * tokens[:, 1:].size / tokens.size


def negative(logits, tokens):
    return -right(logits, tokens)


def in_bits(logits, tokens):
    return right(logits, tokens) / np.log(2)


def smoothed(logits, tokens):
    every = np.logaddexp.reduce(logits[:, :-1], axis=-1) - logits[:, :-1].mean(axis=-1)
    return 0.999 * right(logits, tokens) + 0.001 * _mean(every)


def a_little_high(logits, tokens):
    return right(logits, tokens) + 1e-5


def zero_as_padding(logits, tokens):
    return _mean(_each(logits[:, :-1], tokens[:, 1:])[tokens[:, 1:] != 0])


def softmax_over_time(logits, tokens):
    log_p = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    return -_mean(np.take_along_axis(log_p[:, :-1], tokens[:, 1:, None], axis=2))


def no_softmax(logits, tokens):
    return -_mean(np.take_along_axis(logits[:, :-1], tokens[:, 1:, None], axis=2))


def _cases(*losses):
    def cases(rng):
        for loss in losses:
            yield case(loss)

    return cases


exercise.part("The shift", points=1)(
    _cases(right, shifted_twice, not_shifted, shifted_back, joined_first, rolled, two_apart, longer_than_two)
)
exercise.part("The mean and the softmax", points=1)(
    _cases(
        text_by_text,
        first_text,
        first_eight,
        last_token,
        summed,
        over_all_positions,
        negative,
        in_bits,
        smoothed,
        a_little_high,
        zero_as_padding,
        softmax_over_time,
        no_softmax,
    )
)
exercise.part("No false alarm", points=1)(_cases(right, rounded, text_by_text))


def drawn(rng, B, T, vocab):
    """Logits (B, T, vocab) and tokens (B, T)."""
    return 3 * rng.normal(size=(B, T, vocab)), rng.integers(vocab, size=(B, T))


def _tester(
    shapes=((1, 2, 4), (1, 12, 5), (4, 2, 3), (3, 10, 6), (2, 5, 2)),
    draw=drawn,
    is_same=lambda value, expected: abs(value - expected) < 1e-6,
):
    """A test in which something may be left out."""

    def test(loss):
        rng = np.random.default_rng(3)
        calls = [draw(rng, *shape) for shape in shapes]
        return all(bool(is_same(loss(logits, tokens), right(logits, tokens))) for logits, tokens in calls)

    return test


@exercise.equivalent
def with_log_softmax(loss):
    for seed, shape in enumerate([(2, 9, 3), (1, 2, 3), (5, 2, 7), (8, 32, 32)]):
        rng = np.random.default_rng(seed)
        z, t = rng.uniform(-9, 9, size=shape), rng.integers(0, shape[2], size=shape[:2])
        log_p = z - z.max(axis=-1, keepdims=True)
        log_p = log_p - np.log(np.exp(log_p).sum(axis=-1, keepdims=True))
        asked = np.eye(shape[2])[t[:, 1:]]
        expected = -(asked * log_p[:, :-1]).sum() / asked.sum()
        if not np.isclose(loss(z, t), expected, rtol=0, atol=1e-7):
            return False
    return True


@exercise.equivalent
def one_position_raised(loss):
    rng, passes = np.random.default_rng(7), True
    for B, T, V in ((1, 2, 2), (2, 11, 4)):
        logits, tokens = rng.normal(size=(B, T, V)), rng.integers(V, size=(B, T))
        tokens[0, -1] = 0
        expected = sum(
            np.log(np.exp(logits[b, i]).sum()) - logits[b, i, tokens[b, i + 1]] for b in range(B) for i in range(T - 1)
        ) / (B * (T - 1))
        raised = logits.copy()
        raised[:, -1] += rng.normal(size=V)  # the last position has no next token
        passes &= abs(loss(logits, tokens) - expected) < 1e-6 and abs(loss(raised, tokens) - expected) < 1e-6
    return passes


@exercise.equivalent
def other_shapes(loss):
    return _tester(shapes=((1, 2, 3), (8, 30, 9)))(loss)


exercise.equivalent_mutant("0 -> 1", because="any seed will do")
for change in ("1 -> 2", "12 -> 11", "12 -> 13", "3 -> 2", "3 -> 4", "4 -> 3", "4 -> 5", "5 -> 4", "5 -> 6"):
    exercise.equivalent_mutant(change, because="texts of this shape show the same")
exercise.equivalent_mutant(
    "abs(loss(logits, tokens) - np.mean(losses)) > 1e-06 -> abs(loss(logits, tokens) - np.mean(losses)) >= 1e-06",
    because="no difference is exactly 1e-6",
)
exercise.equivalent_mutant(
    "loss(logits, tokens) - np.mean(losses) -> np.mean(losses) - loss(logits, tokens)",
    because="the absolute value follows",
)
