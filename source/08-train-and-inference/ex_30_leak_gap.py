"""### The gap

Write `leak_gap(logits_fn, tokens)`: the free-running loss minus the teacher-forced loss, in nats, one float (float64).

For a causal model both are the same and the gap is 0. A gap says how much a model's good marks depend on seeing the future. A small leak makes a small gap, and it must not be rounded away.
"""

import numpy as np

from autograder.exercise.exercise import Exercise, Misconception, case
from autograder.exercise.results import Number
from leftcontext.model.toy_models import LEAKS, ToyModel, next_row, toy_models

exercise = Exercise(
    topic="the leak gap",
    answer=Number(rtol=1e-4, atol=1e-11),
    hints=(
        "Which of the two losses is larger for a model that peeks?",
        "free-running minus teacher-forced",
        "return free_running_loss(logits_fn, tokens) - teacher_forced_loss(logits_fn, tokens)",
    ),
)


@exercise.solution
def leak_gap(logits_fn, tokens):
    """logits_fn: (t,) -> (t, vocab); tokens (T+1,) int -> float, free-running minus teacher-forced."""

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
    yield case(ToyModel("mean_over_time", rng, 12, LEAKS["mean_over_time"]), rng.integers(0, 12, size=41), note="a longer text")
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


exercise.mistake(
    Misconception("gap_reversed", "The other way round", "Teacher-forced minus free-running: a leak comes out negative.",
                  ("Which loss is larger for a model that peeks?", "free-running minus teacher-forced", "Swap the two."))
)(lambda f, tokens: -leak_gap(f, tokens))  # fmt: skip
exercise.mistake(
    Misconception("absolute_gap", "The absolute value", "The sign matters: a gap can be negative when the future misleads.",
                  ("Can seeing the future hurt an untrained model?", "A plain difference.", "Leave out abs."))
)(lambda f, tokens: abs(leak_gap(f, tokens)))  # fmt: skip
exercise.mistake(
    Misconception("negative_gap_dropped", "A negative gap became 0", "The gap was cut off at 0. It can be negative, when the future misleads.",
                  ("Can seeing the future hurt an untrained model?", "A plain difference.", "Leave out max(0, ...)."))
)(lambda f, tokens: max(0.0, leak_gap(f, tokens)))  # fmt: skip
exercise.mistake(
    Misconception("ratio_not_difference", "A ratio", "The two losses were divided; the gap is their difference, in nats.",
                  ("What is the gap of a causal model?", "0, not 1.", "Subtract."))
)(lambda f, tokens: _losses(_rows(f, tokens), tokens[1:]).mean() / _losses(f(tokens[:-1]), tokens[1:]).mean())  # fmt: skip
exercise.mistake(
    Misconception("gap_rounded", "Rounded away", "The gap was rounded: a small leak loses its digits, or vanishes.",
                  ("How small may a leak be?", "Don't round.", "Return the difference as it is."))
)(lambda f, tokens: round(float(leak_gap(f, tokens)), 4))  # fmt: skip
exercise.mistake(
    Misconception("gap_rounded", "Rounded away", "The gap was rounded: a small leak loses its digits, or vanishes.",
                  ("How small may a leak be?", "Don't round.", "Return the difference as it is."))
)(lambda f, tokens: round(float(leak_gap(f, tokens)), 9))  # fmt: skip
exercise.mistake(
    Misconception("sum_instead_of_mean", "The sum, not the mean", "The gap was added up over positions.",
                  ("Are the two losses means?", "Both are means over T.", ".mean()"))
)(lambda f, tokens: leak_gap(f, tokens) * (len(tokens) - 1))  # fmt: skip
exercise.mistake(
    Misconception("same_loss_twice", "The same loss twice", "This gap is always 0: both losses come from one pass, or from the last position, where nobody has a future to see.",
                  ("Which of your two calls hides the future?", "Prefix by prefix for one of them.", "logits_fn(tokens[: i + 1])[-1]"))
)(lambda f, tokens: 0.0)  # fmt: skip
exercise.mistake(
    Misconception("labels_not_shifted", "The target is the token just read", "Row i predicts token i + 1.",
                  ("Which token comes after position i?", "tokens[1:]", "Shift the targets."))
)(lambda f, tokens: (_losses(_rows(f, tokens), tokens[:-1]) - _losses(f(tokens[:-1]), tokens[:-1])).mean())  # fmt: skip
exercise.mistake(
    Misconception("first_position_only", "Only the first position", "One position was compared; both losses are means over all T.",
                  ("How many positions have a future to see?", "All but the last.", "Average over all T."))
)(lambda f, tokens: (_losses(_rows(f, tokens), tokens[1:]) - _losses(f(tokens[:-1]), tokens[1:]))[0])  # fmt: skip
exercise.mistake(
    Misconception("last_token_given", "The last target was in the input", "The pass was given T + 1 tokens, so even the last position could peek.",
                  ("How many tokens go in?", "The first T.", "logits_fn(tokens[:-1])"))
)(lambda f, tokens: (_losses(_rows(f, tokens), tokens[1:]) - _losses(f(tokens)[:-1], tokens[1:])).mean())  # fmt: skip

_TWO_D = "axis 1 is the last axis of (T, vocab) logits"
exercise.equivalent_mutant("-1 -> 1", because=_TWO_D)
exercise.equivalent_mutant("-1 -> 1 #2", because=_TWO_D)
exercise.equivalent_mutant(
    "np.exp(shifted).sum(axis=-1, keepdims=True) -> np.exp(shifted).mean(axis=-1, keepdims=True)",
    because="both losses shift by ln(vocab), and the difference stays",
)
