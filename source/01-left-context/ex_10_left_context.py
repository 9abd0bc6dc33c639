"""### Return the left context

A causal language model reads from left to right. The prediction made *at* position `i` is about the token that
comes *after* it, and it may depend on the tokens at positions `0` to `i`: its **left context**, its own token included.

Write `left_context(tokens, i)`. `tokens` is an array of `T` integers, `0 <= i < T`. Return those tokens, as an \
array.

(In every exercise of this course: the inputs stay as they are, and the same input gives the same output.)
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array

exercise = Exercise(
    topic="the left context",
    answer=Array("int"),
    hints=(
        "How many tokens may the prediction at position 0 depend on?",
        "Positions 0 to i are i + 1 tokens.",
        "A slice tokens[:n] holds n tokens; which n do you need?",
    ),
)


@exercise.solution
def left_context(tokens, i):
    """tokens (T,) int, position i -> the tokens at positions 0 to i, (i + 1,)."""
    return tokens[: i + 1]


@exercise.part("Five tokens", points=1)
def five_tokens(rng):
    tokens = np.array([7, 3, 9, 4, 1])
    for i in (2, 0, 4, 3):
        yield case(tokens, i)


@exercise.part("Any sequence", points=1)
def any_sequence(rng):
    for T, i in ((1, 0), (2, 1), (9, 4), (12, 11), (12, 0), (30, 17), (70, 44)):
        yield case(rng.integers(0, 5, size=T), i)
    yield case(np.array([50256, 300, 17, 128]), 2, note="a vocabulary of 50257 tokens")


@exercise.equivalent
def with_a_list(tokens, i):
    return [tokens[j] for j in range(len(tokens)) if j <= i]


@exercise.equivalent
def with_a_boolean_mask(tokens, i):
    return np.asarray(tokens)[np.arange(len(tokens)) <= i]


@exercise.equivalent
def with_split(tokens, i):
    left, _right = np.split(tokens, [i + 1])
    return left


@exercise.equivalent
def from_the_right(tokens, i):
    return np.delete(tokens, np.s_[i + 1 :])


@exercise.mistake(mc.OWN_POSITION_EXCLUDED)
def own_position_excluded(tokens, i):
    """The token at position i itself is missing. The prediction made at i is about the next token, so it may use token
    i.

    - Which token does the prediction at position 0 have to go on?
    - tokens[:n] stops before position n.
    - Positions 0 to i are i + 1 tokens.
    """
    return tokens[:i]


@exercise.mistake(mc.ONE_AHEAD)
def one_ahead(tokens, i):
    """The token after position i came along. That is the token to be predicted: seeing it is cheating.

    - Which token is predicted at position i?
    - tokens[:n] holds positions 0 to n - 1.
    - Positions 0 to i are i + 1 tokens.
    """
    return tokens[: i + 2]


@exercise.mistake("That is the right context")
def right_context(tokens, i):
    """These are the tokens from position i on: the future.

    - Which way does a causal model read?
    - Left of i means smaller positions.
    - tokens[:n], not tokens[n:]
    """
    return tokens[i:]


@exercise.mistake(right_context)
def right_context_only(tokens, i):
    """These are the tokens after position i: the future."""
    return tokens[i + 1 :]


@exercise.mistake("All the tokens")
def everything(tokens, i):
    """The whole sequence came back, the future included.

    - What may position 0 see of position 4?
    - Only positions up to i count.
    - Cut the array at i + 1.
    """
    return tokens


@exercise.mistake("Only the token itself")
def own_token_only(tokens, i):
    """One token came back; every earlier one belongs to the left context too.

    - How far back may position i look?
    - To position 0.
    - tokens[: i + 1], a slice, not tokens[i].
    """
    return tokens[i : i + 1]


exercise.add_mistakes(
    (own_token_only, lambda tokens, i: tokens[i]),
)


@exercise.mistake("The order is turned round", id="reversed")
def in_reverse(tokens, i):
    """The right tokens, but from i down to 0.

    - Which token comes first?
    - Position 0 stays first.
    - Leave out the [::-1].
    """
    return tokens[: i + 1][::-1]


@exercise.mistake("Hidden, not removed")
def hidden_by_zeros(tokens, i):
    """The future was overwritten with zeros, but 0 is a token too; the array should end at i.

    - How long should the result be?
    - It has i + 1 entries.
    - Cut, don't overwrite.
    """
    return np.where(np.arange(len(tokens)) <= i, tokens, 0)


@exercise.mistake(hidden_by_zeros)
def hidden_by_minus_ones(tokens, i):
    """The future was overwritten with -1; nothing should be left in its place, the array should end at i."""
    return np.where(np.arange(len(tokens)) <= i, tokens, -1)


@exercise.mistake("Positions instead of tokens")
def positions_not_tokens(tokens, i):
    """These are the positions 0 to i; the tokens at them are expected.

    - What stands at position 0 of the example?
    - tokens[0] is a token, 0 is a position.
    - Index tokens.
    """
    return np.arange(i + 1)
