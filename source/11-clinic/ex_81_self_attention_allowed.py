"""### Repair: one mask for encoders and decoders

This code builds an encoder's mask, whatever the configuration says.

Repair `self_attention_allowed(is_token, is_decoder)`. `is_token` `(B, T)` holds booleans: True at a token, False at \
padding, which may stand on either side. `is_decoder` is True or False. Return booleans `(B, T, T)`, True where a \
query may attend:

- in a decoder to the tokens up to the query's own position,
- in an encoder to all tokens of its text, before and after it.

A query that stands on padding follows the same rule; padding itself is seen by nobody.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, Misconception, case
from autograder.exercise.results import Array

exercise = Exercise(
    topic="fixing a mask",
    answer=Array("bool"),
    hints=(
        "Where does `is_decoder` come into the code, and in which of its two cases is the mask wrong?",
        "A decoder needs a second condition beside the padding: the key is not after the query. An encoder does not.",
        "Where is_decoder is True, combine the mask with np.tri(T, dtype=bool) by &.",
    ),
)
ENCODER_MASK = Misconception(
    "encoder_mask_in_a_decoder",
    "An encoder's mask in a decoder",
    "A query of a decoder sees the tokens after it, as in an encoder.",
    (
        "Where does `is_decoder` come into the code?",
        "In a decoder a key has to be a token, and must not come after the query.",
        "Where is_decoder is True, combine the mask with np.tri(T, dtype=bool) by &.",
    ),
)


@exercise.solution
def self_attention_allowed(is_token, is_decoder):
    """is_token (B, T) bool, is_decoder -> (B, T, T) bool, True where a query may attend."""
    T = is_token.shape[1]
    allowed = np.repeat(is_token[:, None, :], T, axis=1)  # (B, T, T)
    if is_decoder:
        allowed = allowed & np.tri(T, dtype=bool)
    return allowed


@exercise.mistake(ENCODER_MASK)
@exercise.starter
def broken(is_token, is_decoder):
    """is_token (B, T) bool, is_decoder -> (B, T, T) bool, True where a query may attend."""
    T = is_token.shape[1]
    allowed = np.repeat(is_token[:, None, :], T, axis=1)  # (B, T, T)
    return allowed


def _texts(T, *lengths, left=True):
    """Rows of so many tokens, padded to T."""
    column = np.arange(T)
    return np.array([column >= T - length if left else column < length for length in lengths])


@exercise.part("Decoders", points=1)
def decoders(rng):
    yield case(np.ones((1, 3), dtype=bool), True, note="one text without padding")
    yield case(_texts(4, 2, 4), True, note="padding on the left")
    yield case(_texts(5, 3, 5, left=False), True, note="padding on the right")
    yield case(np.ones((2, 1), dtype=bool), True)
    yield case(_texts(9, *rng.integers(1, 9, size=3)), True)
    yield case(_texts(70, 66, 3), True)


@exercise.part("Encoders", points=1)
def encoders(rng):
    yield case(np.ones((1, 3), dtype=bool), False, note="one text without padding")
    yield case(_texts(4, 2, 4), False, note="padding on the left")
    yield case(_texts(5, 3, 5, left=False), False, note="padding on the right")
    yield case(_texts(9, *rng.integers(1, 9, size=3)), False)


@exercise.equivalent
def with_loops(is_token, is_decoder):
    T = len(is_token[0])
    return [[[bool(text[j]) and (j <= i or not is_decoder) for j in range(T)] for i in range(T)] for text in is_token]


@exercise.equivalent
def by_reach(is_token, is_decoder):
    at = np.arange(is_token.shape[1])
    last = at if is_decoder else np.full(at.shape, at.size)
    return (at <= last[:, None]) & is_token[:, np.newaxis]


@exercise.equivalent
def product_of_numbers(is_token, is_decoder):
    B, T = is_token.shape
    kept = np.einsum("i,bj->bij", np.ones(T), is_token.astype(float))
    return (np.tril(kept) if is_decoder else kept) > 0.5


@exercise.equivalent
def two_returns(is_token, is_decoder):
    B, T = is_token.shape
    if not is_decoder:
        return np.broadcast_to(is_token[:, None], (B, T, T))
    return np.stack([np.logical_and(np.tri(T), text) for text in is_token])


def _allowed(is_token, is_decoder, k=0, keys=lambda is_token: is_token[:, None, :], encoder=True):
    B, T = is_token.shape
    shape = np.tri(T, k=k, dtype=bool) if is_decoder or not encoder else np.ones((T, T), dtype=bool)
    return np.broadcast_to(shape & keys(is_token), (B, T, T))


@exercise.mistake("The encoder became a decoder")
def always_causal(is_token, is_decoder):
    """The decoder is repaired, and the encoder is broken: its queries no longer see the tokens after them.

    - What may a query of an encoder see?
    - The triangle belongs to decoders only.
    """
    return _allowed(is_token, True)


@exercise.mistake("The two cases are swapped")
def cases_swapped(is_token, is_decoder):
    """Encoders got the causal mask, and decoders the full one.

    - Which of the two must not see what comes after?
    - The triangle is combined where is_decoder is True.
    """
    return _allowed(is_token, not is_decoder)


@exercise.mistake("The padding became visible")
def padding_visible(is_token, is_decoder):
    """The future is hidden in a decoder, but the padding that was hidden before is visible now.

    - Which keys did the code hide before the repair?
    - A key has to be a token, and in a decoder not after the query.
    """
    return _allowed(is_token, is_decoder, keys=lambda is_token: True)


@exercise.mistake(padding_visible)
def padding_visible_in_decoders(is_token, is_decoder):
    return _allowed(is_token, is_decoder, keys=lambda is_token: True) if is_decoder else broken(is_token, False)


@exercise.mistake("Either condition is enough")
def either_condition(is_token, is_decoder):
    """In a decoder a key is visible here if it is a token or if it is not after the query. Both have to hold.

    - May a query see a token that comes after it?
    - Combine the two conditions by &, not by |.
    """
    return broken(is_token, True) | np.tri(is_token.shape[1], dtype=bool) if is_decoder else broken(is_token, False)


@exercise.mistake("The rows of padding are hidden, not its columns")
def rows_of_padding(is_token, is_decoder):
    """Queries on padding see nothing, and tokens see the padding: `is_token` lies along the wrong axis.

    - Which axis of the result counts keys?
    - The last one: is_token[:, None, :].
    """
    return _allowed(is_token, is_decoder, keys=lambda is_token: is_token[:, :, None])


@exercise.mistake("Rows of padding were emptied")
def padding_sees_nothing(is_token, is_decoder):
    """Queries on padding see nothing here. They follow the same rule as all others.

    - Does the rule ask what the query is?
    - Only the keys have to be tokens.
    """
    return _allowed(is_token, is_decoder, keys=lambda is_token: is_token[:, None, :] & is_token[:, :, None])


@exercise.mistake("One padding for all texts")
def first_text_for_all(is_token, is_decoder):
    """Every text of the batch got the padding of the first one.

    - Do the texts have the same padding?
    - Keep the first axis of is_token.
    """
    return np.repeat(_allowed(is_token[:1], is_decoder), len(is_token), axis=0)


exercise.add_mistakes(
    (mc.ONE_AHEAD, lambda is_token, is_decoder: _allowed(is_token, is_decoder, k=1)),
    (mc.OWN_POSITION_EXCLUDED, lambda is_token, is_decoder: _allowed(is_token, is_decoder, k=-1)),
    (mc.INVERTED, lambda is_token, is_decoder: ~_allowed(is_token, is_decoder)),
)


@exercise.mistake(mc.TRANSPOSED)
def transposed(is_token, is_decoder):
    T = is_token.shape[1]
    return broken(is_token, False) & (np.tri(T, dtype=bool).T if is_decoder else True)
