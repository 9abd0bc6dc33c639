"""### Repair: the loss of the next token

This loss asks each position for the token after the next one.

Repair `next_token_loss(logits, tokens)`: `logits` `(B, T, vocab)` were computed from `tokens` `(B, T)`, whole \
numbers, T at least 2. Return one float: the mean, over all texts and all positions that have a next token in **their \
own** text, of `-log softmax(logits)[next token]`. Logits may be as large as ±10000, and both inputs stay as they are.
"""

import numpy as np

from autograder.exercise import wrong_losses
from autograder.exercise.exercise import Exercise, Misconception, case
from autograder.exercise.results import Number

exercise = Exercise(
    topic="shifted labels",
    answer=Number(),
    hints=(
        "Write the tokens of a text of four below its logits: which stands below which after each line of the code?",
        "Shift once, before the texts are joined: logits at 0 .. T - 2, tokens at 1 .. T - 1.",
        "Leave out the two lines that cut `rows` and `targets` again.",
    ),
)
TWICE = Misconception(
    "labels_shifted_twice",
    "The labels are shifted twice",
    "Each position is asked for the token after the next one, and the end of a text for one of the next text.",
    (
        "Write the tokens of a text of four below its logits: which stands below which after each line of the code?",
        "Shift once, before the texts are joined: logits at 0 .. T - 2, tokens at 1 .. T - 1.",
        "One of the two shifts has to go; which of them knows where a text ends?",
    ),
)


@exercise.solution
def next_token_loss(logits, tokens):
    """logits (B, T, vocab), tokens (B, T) int -> float, mean negative log-probability of the next tokens."""
    rows = logits[:, :-1].reshape(-1, logits.shape[2])  # (N, vocab)
    targets = tokens[:, 1:].reshape(-1)  # (N,)
    shifted = rows - rows.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return float(-log_p[np.arange(len(targets)), targets].mean())


@exercise.mistake(TWICE)
@exercise.starter
def broken(logits, tokens):
    """logits (B, T, vocab), tokens (B, T) int -> float, mean negative log-probability of the next tokens."""
    rows = logits[:, :-1].reshape(-1, logits.shape[2])  # (N, vocab)
    targets = tokens[:, 1:].reshape(-1)  # (N,)
    rows = rows[:-1]
    targets = targets[1:]
    shifted = rows - rows.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return float(-log_p[np.arange(len(targets)), targets].mean())


@exercise.part("One text", points=1)
def one_text(rng):
    tokens = np.array([[0, 2, 1, 2]])
    knows = 3.0 * np.eye(3)[np.array([[2, 1, 2, 0]])]
    yield case(knows, tokens, note="the logits know each next token")
    yield case(np.zeros((1, 3, 4)), np.array([[1, 0, 3]]), note="all logits equal: the loss is log 4")
    yield case(rng.normal(size=(1, 6, 5)), rng.integers(5, size=(1, 6)))


@exercise.part("Several texts", points=1)
def several(rng):
    for B, T, vocab in ((2, 3, 4), (3, 5, 7), (4, 4, 4), (5, 2, 3), (2, 9, 6)):
        yield case(2 * rng.normal(size=(B, T, vocab)), rng.integers(vocab, size=(B, T)))
    yield case(1e4 * rng.normal(size=(2, 4, 3)), rng.integers(3, size=(2, 4)), note="large logits")


@exercise.equivalent
def with_loops(logits, tokens):
    losses = []
    for text, said in zip(tokens, logits, strict=True):
        for i in range(len(text) - 1):
            top = said[i].max()
            losses.append(top + np.log(np.exp(said[i] - top).sum()) - said[i][text[i + 1]])
    return sum(losses) / len(losses)


@exercise.equivalent
def never_joined(logits, tokens):
    z = logits[:, :-1]
    picked = np.take_along_axis(z, tokens[:, 1:, None], axis=2)[..., 0]
    return (np.logaddexp.reduce(z, axis=2) - picked).mean()


@exercise.equivalent
def with_one_hot(logits, tokens):
    log_p = logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)
    wanted = np.eye(logits.shape[-1])[np.roll(tokens, -1, axis=1)]
    return -np.einsum("btv,btv->bt", log_p, wanted)[:, :-1].mean()


def _loss(rows, targets):
    log_p = rows - np.logaddexp.reduce(rows, axis=-1, keepdims=True)
    return float(-np.take_along_axis(log_p, targets[..., None], axis=-1).mean())


@exercise.mistake("The labels are not shifted")
def not_shifted(logits, tokens):
    """Each position is asked for its own token, which it has seen.

    - Which token may a prediction at position i not know yet?
    - logits at i belong to the token at i + 1.
    """
    return _loss(logits, tokens)


@exercise.mistake("Shifted in the wrong direction")
def shifted_backwards(logits, tokens):
    """Each position is asked for the token before it.

    - Which token stands at position i + 1 of the labels?
    - logits[:, :-1] belong to tokens[:, 1:].
    """
    return _loss(logits[:, 1:], tokens[:, :-1])


@exercise.mistake("Two apart, inside each text")
def two_apart(logits, tokens):
    """The texts are kept apart now. But each position is still asked for the token after the next one.

    - Which token is position 0 asked for?
    - One shift is enough.
    """
    return _loss(logits[:, :-2], tokens[:, 2:]) if tokens.shape[1] > 2 else 0.0


@exercise.mistake("Shifted after the texts were joined")
def joined_first(logits, tokens):
    """The end of each text is asked for the first token of the next text.

    - Which token follows the last one of a text?
    - None. So its position is left out, in each text.
    - Cut before you reshape.
    """
    return _loss(logits.reshape(-1, logits.shape[2])[:-1], tokens.reshape(-1)[1:])


@exercise.mistake("The last position is asked for the first token")
def rolled_around(logits, tokens):
    """np.roll brings the first token to the end, and the last position has no next token.

    - How many positions of a text of T tokens have a next one?
    - T - 1 of them.
    """
    return _loss(logits, np.roll(tokens, -1, axis=1))


@exercise.mistake("A sum in place of a mean")
def summed(logits, tokens):
    """The loss grows with the number of tokens.

    - What is the loss of twice as many texts of the same kind?
    - .mean(), not .sum()
    """
    return _loss(logits[:, :-1], tokens[:, 1:]) * tokens[:, 1:].size


@exercise.mistake("A sign too few")
def sign_missing(logits, tokens):
    """A log-probability is below 0, and a loss above it.

    - Is log 0.5 positive?
    - -log p
    """
    return -_loss(logits[:, :-1], tokens[:, 1:])


for joined in ("1 -> 2", "1 -> 2 #3"):
    exercise.equivalent_mutant(joined, because="of reshape's arguments, any negative one is the length left open")


exercise.add_mistakes(
    (wrong_losses.BASES_MIXED, lambda logits, tokens: wrong_losses.bases_mixed(logits[:, :-1], tokens[:, 1:]).mean()),
    (
        wrong_losses.EPSILON_IN_LOG,
        lambda logits, tokens: wrong_losses.with_epsilon(logits[:, :-1], tokens[:, 1:]).mean(),
    ),
)


@exercise.mistake("Divided by all positions")
def divided_by_all_positions(logits, tokens):
    """The sum was divided by the number of all tokens, or of texts; only positions with a next token are counted.

    - How many losses were added up?
    - T - 1 of each text.
    """
    return _loss(logits[:, :-1], tokens[:, 1:]) * tokens[:, 1:].size / tokens.size


exercise.add_mistakes(
    (
        divided_by_all_positions,
        lambda logits, tokens: _loss(logits[:, :-1], tokens[:, 1:]) * tokens[:, 1:].size / len(tokens),
    ),
)
