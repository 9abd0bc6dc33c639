"""### The leak gap

Write `leak_gap(logits_fn, tokens)`: the stepwise loss minus the teacher-forced loss, in nats, one float (float64).

For a causal model both are the same and the gap is 0. A gap says how much of a model's low loss depends on seeing \
the future. It is negative if what the model sees of the future misleads it. A small leak makes a small gap, which \
must not be rounded away.
"""

import numpy as np

from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Number
from leftcontext.model.toy_models import LEAKS, ToyModel, next_row, toy_models

exercise = Exercise(
    topic="the leak gap",
    answer=Number(rtol=1e-4, atol=1e-11),
    hints=(
        "Which of the two losses is larger for a model that reads ahead?",
        "stepwise minus teacher-forced",
        "return stepwise_loss(logits_fn, tokens) - teacher_forced_loss(logits_fn, tokens)",
    ),
)


@exercise.solution
def leak_gap(logits_fn, tokens):
    """logits_fn: (t,) -> (t, vocab); tokens (T+1,) int -> float, stepwise minus teacher-forced."""

    def mean_loss(logits):
        shifted = logits - logits.max(axis=-1, keepdims=True)
        log_probs = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
        return -log_probs[np.arange(len(logits)), tokens[1:]].mean()

    T = len(tokens) - 1
    free = np.array([logits_fn(tokens[: i + 1])[-1] for i in range(T)])  # (T, vocab)
    return float(mean_loss(free) - mean_loss(logits_fn(tokens[:-1])))


def copies_the_next_token(tokens):
    """Looks ahead: nearly sure of the next token where it can see it, and knows nothing at the end."""
    tokens = np.asarray(tokens)
    ahead = np.log(np.where(np.eye(5)[np.append(tokens[1:], 0)] > 0, 0.96, 0.01))
    ahead[-1] = np.log(0.2)
    return ahead


def avoids_the_next_token(tokens):
    """Looks ahead, and says what will not come: the future misleads it."""
    return np.log((1 - np.exp(copies_the_next_token(tokens))) / 4)


@exercise.part("A copier and an honest model", points=1)
def two(rng):
    yield case(copies_the_next_token, np.array([3, 1, 4, 1]), note="it copies two of three tokens")
    yield case(ToyModel("causal", rng, 5), np.array([3, 1, 4, 1]), note="a causal model: no gap")


@exercise.part("Any model", points=1)
def any_model(rng):
    tokens = rng.integers(0, 6, size=8)
    for model in toy_models(rng, 6):
        yield case(model, tokens)
    yield case(ToyModel("leaks_by_a_billionth", rng, 6, lambda x: 1e-9 * next_row(x)), tokens)
    yield case(
        ToyModel("mean_over_time", rng, 12, LEAKS["mean_over_time"]), rng.integers(0, 12, size=41), note="a longer text"
    )
    yield case(
        ToyModel("sees_the_mean", rng, 4, lambda x: np.broadcast_to(x.mean(axis=0), x.shape)),
        rng.integers(0, 4, size=2),
        note="T = 1: no future to see",
    )
    yield case(copies_the_next_token, rng.integers(0, 5, size=12))
    yield case(avoids_the_next_token, rng.integers(0, 5, size=6), note="the gap can be negative")
    yield case(
        ToyModel("very_sure", rng, 5, lambda x: 2 * x.mean(axis=0) + 0 * x, size=3000.0),
        rng.integers(0, 5, size=9),
        note="large logits",
    )


def _rows(f, tokens):
    return np.array([f(tokens[: i + 1])[-1] for i in range(len(tokens) - 1)])


def _losses(logits, targets):
    z = logits - logits.max(axis=-1, keepdims=True)
    return np.log(np.exp(z).sum(axis=-1)) - z[np.arange(len(z)), targets]


@exercise.equivalent
def position_by_position(logits_fn, tokens):
    whole, gap = logits_fn(tokens[:-1]), 0.0
    for i, target in enumerate(tokens[1:]):
        alone = logits_fn(tokens[: i + 1])[i]
        gap += (np.logaddexp.reduce(alone) - alone[target]) - (np.logaddexp.reduce(whole[i]) - whole[i][target])
    return gap / (len(tokens) - 1)


@exercise.equivalent
def two_helpers(logits_fn, tokens):
    def loss(rows):
        return np.mean(
            [
                np.log(np.sum(np.exp(row - max(row)))) + max(row) - row[t]
                for row, t in zip(rows, tokens[1:], strict=True)
            ]
        )

    return loss([logits_fn(tokens[:n])[-1] for n in range(1, len(tokens))]) - loss(logits_fn(tokens[:-1]))


@exercise.equivalent
def mean_of_differences(logits_fn, tokens):
    return np.mean(
        _losses(_rows(logits_fn, tokens), tokens[1:]) - _losses(np.asarray(logits_fn(tokens[:-1])), tokens[1:])
    )


@exercise.mistake("The other way round")
def gap_reversed(f, tokens):
    """Teacher-forced minus stepwise: a leak comes out negative.

    - Which loss is larger for a model that reads ahead?
    - stepwise minus teacher-forced
    - Swap the two.
    """
    return -leak_gap(f, tokens)


@exercise.mistake("The absolute value")
def absolute_gap(f, tokens):
    """The sign matters: a gap can be negative when the future misleads.

    - Can seeing the future hurt an untrained model?
    - A plain difference.
    - Leave out abs.
    """
    return abs(leak_gap(f, tokens))


@exercise.mistake("A negative gap became 0")
def negative_gap_dropped(f, tokens):
    """The gap was cut off at 0. It can be negative, when the future misleads.

    - Can seeing the future hurt an untrained model?
    - A plain difference.
    - Leave out max(0, ...).
    """
    return max(0.0, leak_gap(f, tokens))


@exercise.mistake("A ratio")
def ratio_not_difference(f, tokens):
    """The two losses were divided; the gap is their difference, in nats.

    - What is the gap of a causal model?
    - 0, not 1.
    - Subtract.
    """
    return _losses(_rows(f, tokens), tokens[1:]).mean() / _losses(f(tokens[:-1]), tokens[1:]).mean()


@exercise.mistake("Rounded away")
def gap_rounded(f, tokens):
    """The gap was rounded: a small leak loses its digits, or vanishes.

    - How small may a leak be?
    - Don't round.
    - Return the difference as it is.
    """
    return round(float(leak_gap(f, tokens)), 4)


exercise.add_mistakes(
    (gap_rounded, lambda f, tokens: round(float(leak_gap(f, tokens)), 9)),
)


@exercise.mistake("The sum, not the mean")
def sum_instead_of_mean(f, tokens):
    """The gap was added up over positions.

    - Are the two losses means?
    - Both are means over T.
    - .mean()
    """
    return leak_gap(f, tokens) * (len(tokens) - 1)


@exercise.mistake("The same loss twice")
def same_loss_twice(f, tokens):
    """This gap is always 0: both losses come from one pass, or from the last position, where nobody has a future to
    see.

    - Which of your two calls hides the future?
    - Prefix by prefix for one of them.
    - logits_fn(tokens[: i + 1])[-1]
    """
    return 0.0


@exercise.mistake("The target is the token just read")
def labels_not_shifted(f, tokens):
    """Row i predicts token i + 1.

    - Which token comes after position i?
    - tokens[1:]
    - Shift the targets.
    """
    return (_losses(_rows(f, tokens), tokens[:-1]) - _losses(f(tokens[:-1]), tokens[:-1])).mean()


@exercise.mistake("Only the first position")
def first_position_only(f, tokens):
    """One position was compared; both losses are means over all T.

    - How many positions have a future to see?
    - All but the last.
    - Average over all T.
    """
    return (_losses(_rows(f, tokens), tokens[1:]) - _losses(f(tokens[:-1]), tokens[1:]))[0]


@exercise.mistake("The last target was in the input")
def last_token_given(f, tokens):
    """The pass was given T + 1 tokens, so even the last position could read ahead.

    - How many tokens go in?
    - The first T.
    - logits_fn(tokens[:-1])
    """
    return (_losses(_rows(f, tokens), tokens[1:]) - _losses(f(tokens)[:-1], tokens[1:])).mean()


_TWO_D = "axis 1 is the last axis of (T, vocab) logits"
exercise.equivalent_mutant("-1 -> 1", because=_TWO_D)
exercise.equivalent_mutant("-1 -> 1 #2", because=_TWO_D)
exercise.equivalent_mutant(
    "np.exp(shifted).sum(axis=-1, keepdims=True) -> np.exp(shifted).mean(axis=-1, keepdims=True)",
    because="both losses shift by ln(vocab), and the difference stays",
)
