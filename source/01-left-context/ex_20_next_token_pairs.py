"""### Inputs and targets

To train a language model on `T + 1` tokens we make two arrays of `T` tokens: the **inputs**, and the **targets**, \
where the
target at each position is the *next* token.

Write `next_token_pairs(tokens)`: `tokens` is `(..., T+1)`; return the tuple `(inputs, targets)`, both `(..., T)`.
Leading axes (a batch) stay in front, and no token moves from one row of a batch to another.
"""

import numpy as np

from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array, Tuple

exercise = Exercise(
    topic="next-token prediction",
    answer=Tuple(inputs=Array("int"), targets=Array("int")),
    hints=(
        "Of three tokens a b c: which pairs (input, target) can a model learn from?",
        "inputs = all but the last token, targets = all but the first.",
        "tokens[..., :-1] leaves out the last entry of the last axis.",
    ),
)


@exercise.solution
def next_token_pairs(tokens):
    """tokens (..., T+1) -> (inputs (..., T), targets (..., T)); targets[..., i] is the token after inputs[..., i]."""
    return tokens[..., :-1], tokens[..., 1:]


@exercise.part("One sequence", points=1)
def one_sequence(rng):
    yield case(np.array([7, 3, 9, 4, 1]))
    yield case(np.array([5, 2]))
    yield case(rng.integers(0, 50, size=12))
    yield case(np.array([50256, 300, 17, 128]), note="a vocabulary of 50257 tokens")
    yield case(np.array([5, 2, 0, 0]), note="token 0 is a token like any other")


@exercise.part("A batch", points=1)
def a_batch(rng):
    yield case(np.array([[1, 2, 3, 4], [11, 12, 13, 14]]), note="two rows, each on its own")
    yield case(rng.integers(0, 50, size=(4, 5)))
    yield case(rng.integers(0, 50, size=(2, 3, 7)))


@exercise.equivalent
def with_loops(tokens):
    rows = np.reshape(tokens, (-1, np.shape(tokens)[-1]))
    shape = (*np.shape(tokens)[:-1], -1)
    inputs = [[row[i] for i in range(len(row) - 1)] for row in rows]
    targets = [[row[i + 1] for i in range(len(row) - 1)] for row in rows]
    return np.reshape(inputs, shape), np.reshape(targets, shape)


@exercise.equivalent
def with_roll(tokens):
    rolled = np.roll(tokens, -1, axis=-1)
    return [np.delete(tokens, -1, axis=-1), np.delete(rolled, -1, axis=-1)]


@exercise.equivalent
def with_windows(tokens):
    pairs = np.lib.stride_tricks.sliding_window_view(tokens, 2, axis=-1)
    return pairs[..., 0], pairs[..., 1]


@exercise.mistake("The targets are not shifted")
def labels_not_shifted(tokens):
    """The target equals the input, so the model learns to copy: its loss falls to 0 and it repeats itself.

    - Which token should the model predict after reading the first?
    - targets[i] = tokens[i + 1]
    - The targets leave out the first token, the inputs the last.
    """
    return (tokens[..., :-1], tokens[..., :-1])


exercise.add_mistakes(
    (labels_not_shifted, lambda tokens: (tokens[..., 1:], tokens[..., 1:])),
    (labels_not_shifted, lambda tokens: (tokens, tokens)),
)


@exercise.mistake("The targets are the previous tokens")
def shifted_backwards(tokens):
    """The shift goes the wrong way: the model would learn to predict what it has read already.

    - Does a language model predict the next token or the previous one?
    - targets[i] = tokens[i + 1]
    - Swap the two slices.
    """
    return (tokens[..., 1:], tokens[..., :-1])


@exercise.mistake("Shifted twice")
def shifted_twice(tokens):
    """The target is the token after the next one; the next one itself is never learned.

    - How far ahead is the target?
    - By one position.
    - tokens[..., 1:] shifts by one already.
    """
    return (tokens[..., :-2], tokens[..., 2:])


@exercise.mistake("Inputs and targets differ in length")
def different_lengths(tokens):
    """The last input has no target. Both arrays need T entries.

    - What comes after the last token?
    - T + 1 tokens make T pairs.
    - Leave out the last input.
    """
    return (tokens, tokens[..., 1:])


@exercise.mistake("The last target is made up")
def padded_target(tokens):
    """The last input has no next token, and a filler was put in its place. T + 1 tokens make T pairs, all of them real.

    - What comes after the last token?
    - Both arrays have T entries, one fewer than tokens.
    - Leave out the last input instead.
    """
    return (tokens, np.concatenate([tokens[..., 1:], 0 * tokens[..., :1]], axis=-1))


exercise.add_mistakes(
    (padded_target, lambda tokens: (tokens, np.concatenate([tokens[..., 1:], 0 * tokens[..., :1] - 100], axis=-1))),
)


@exercise.mistake("The last target comes from the front")
def wraps_around(tokens):
    """np.roll brings the first token round to the end, so the last input gets a target that never followed it.

    - What follows the last token?
    - T + 1 tokens make only T pairs.
    - Drop the last entry of both.
    """
    return (tokens, np.roll(tokens, -1, axis=-1))


@exercise.mistake("The rows run into each other")
def shift_across_the_batch(tokens):
    """The batch was flattened before shifting, so the last target of a row is the first token of the next row.

    - Does row 1 continue row 0?
    - Each row is a sequence of its own.
    - Slice the last axis: tokens[..., 1:].
    """
    flat = tokens.reshape(-1)
    following = np.append(flat[1:], flat[-1]).reshape(tokens.shape)
    inputs, targets = tokens[..., :-1], following[..., :-1].copy()
    if tokens.ndim > 1:
        inputs, targets = tokens[..., 1:], following[..., 1:]
    return inputs, targets


@exercise.mistake("The first axis was cut, not the last")
def shifts_the_wrong_axis(tokens):
    """In a batch this shifts by one sequence instead of one token.

    - Which axis counts positions?
    - The last one.
    - tokens[..., :-1], not tokens[:-1].
    """
    return tokens[:-1], tokens[1:]
