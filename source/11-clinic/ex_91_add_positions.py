"""### Repair: positions that count the padding

The texts of a batch are padded to one length. This code gives all of them the same positions, which count the \
padding before a text.

Repair `add_positions(x, is_token, rates)`. `is_token` `(B, T)`, booleans, is False at padding, which may stand on \
either side of a text; each text is one run of tokens. `x` `(B, n, d)` holds the rows of the **last** n of the T \
columns: all of them in one pass, the newest ones where a cache holds the others. `rates` is `(d,)`.

Return `(B, n, d)`: to the row of a token at position p of **its own text**, the first token being at 0, `np.sin(p * \
rates)` was added; the rows of padding are as in `x`. The inputs stay as they are.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, Misconception, case
from autograder.exercise.results import Array

exercise = Exercise(
    topic="positions",
    answer=Array(),
    hints=(
        "Which position does the first token of a text get that has two columns of padding before it?",
        "A token's position is the number of tokens before it in its own row of is_token.",
        "positions = np.cumsum(is_token, axis=1) - 1, of which the last n columns belong to x",
    ),
)
PADDING_COUNTED = Misconception(
    "padding_counted",
    "The padding is counted",
    "The position of a token is the number of its column, so the padding before a text moves all its positions.",
    (
        "Which position does the first token of a text get that has two columns of padding before it?",
        "A token's position is the number of tokens before it in its own row of is_token.",
        "positions = np.cumsum(is_token, axis=1) - 1, of which the last n columns belong to x",
    ),
)


@exercise.solution
def add_positions(x, is_token, rates):
    """x (B, n, d), is_token (B, T) bool, rates (d,) -> (B, n, d), each token with its position in its own text."""
    B, n, d = x.shape
    positions = np.cumsum(is_token, axis=1) - 1  # (B, T)
    positions = positions[:, -n:]  # (B, n)
    added = np.sin(positions[:, :, None] * rates)  # (B, n, d)
    return np.where(is_token[:, -n:, None], x + added, x)


@exercise.mistake(PADDING_COUNTED)
@exercise.starter
def broken(x, is_token, rates):
    """x (B, n, d), is_token (B, T) bool, rates (d,) -> (B, n, d), each token with its position in its own text."""
    B, n, d = x.shape
    positions = np.tile(np.arange(is_token.shape[1]), (B, 1))  # (B, T)
    positions = positions[:, -n:]  # (B, n)
    added = np.sin(positions[:, :, None] * rates)  # (B, n, d)
    return np.where(is_token[:, -n:, None], x + added, x)


def _tokens(T, *lengths, left=True):
    column = np.arange(T)
    return np.array([column >= T - length if left else column < length for length in lengths])


def _inputs(rng, is_token, n=None, d=3):
    B, T = is_token.shape
    return rng.normal(size=(B, n or T, d)), is_token, rng.uniform(0.5, 1.5, size=d)


@exercise.part("All columns", points=1)
def all_columns(rng):
    yield case(np.zeros((1, 4, 1)), _tokens(4, 2), np.array([1.0]), note="two columns of padding before two tokens")
    yield case(*_inputs(rng, _tokens(5, 2, 5)), note="padding on the left; the second text has none")
    yield case(*_inputs(rng, _tokens(5, 2, 5, left=False)), note="padding on the right")
    yield case(*_inputs(rng, np.array([[False, True, True, False]])), note="padding on both sides")
    yield case(*_inputs(rng, np.ones((2, 4), dtype=bool)), note="no padding")
    yield case(*_inputs(rng, _tokens(40, *rng.integers(1, 40, size=3)), d=4))
    yield case(*_inputs(rng, _tokens(1, 1, 1)), note="one token each")


@exercise.part("Behind a cache", points=1)
def behind_a_cache(rng):
    yield case(np.zeros((2, 1, 1)), _tokens(4, 2, 4), np.array([1.0]), note="one new token in each text")
    yield case(*_inputs(rng, _tokens(6, 2, 6), n=3), note="three new columns; one of them is padding in the first text")
    yield case(*_inputs(rng, np.ones((1, 7), dtype=bool), n=2), note="no padding")
    yield case(*_inputs(rng, _tokens(50, *rng.integers(2, 50, size=3)), n=5, d=4))


@exercise.equivalent
def with_loops(x, is_token, rates):
    out, past = np.array(x, dtype=float), is_token.shape[1] - x.shape[1]
    for b, text in enumerate(is_token):
        for i in range(x.shape[1]):
            if text[past + i]:
                out[b, i] += np.sin(int(text[: past + i].sum()) * rates)
    return out


@exercise.equivalent
def less_the_first_column(x, is_token, rates):
    first = is_token.argmax(axis=1)
    columns = np.arange(is_token.shape[1])[-x.shape[1] :]
    return x + np.sin((columns - first[:, None])[..., None] * rates) * is_token[:, -x.shape[1] :][..., None]


@exercise.equivalent
def numbered_where_true(x, is_token, rates):
    position = np.zeros(is_token.shape, dtype=int)
    for row, mask in zip(position, is_token, strict=True):
        row[mask] = np.arange(mask.sum())
    return x + np.sin(np.einsum("bt,d->btd", position, rates))[:, is_token.shape[1] - x.shape[1] :]


def _added(x, rates, positions, at):
    return np.where(at[..., None], x + np.sin(np.asarray(positions)[..., None] * rates), x)


def _newest(x, is_token):
    return is_token[:, is_token.shape[1] - x.shape[1] :]


@exercise.mistake("The cache was not counted")
def new_columns_only(x, is_token, rates):
    """The positions were counted within the new columns. Behind a cache a text goes on where it was.

    - How many tokens of its text does a new one have before it?
    - Count over all T columns, then take the last n.
    """
    at = _newest(x, is_token)
    return _added(x, rates, np.cumsum(at, axis=1) - 1, at)


@exercise.mistake("Counted from 1")
def from_one(x, is_token, rates):
    """The first token of a text is at position 0, and here it is at 1.

    - How many tokens stand before the first one?
    - np.cumsum counts the token itself: take 1 away.
    """
    at = _newest(x, is_token)
    return _added(x, rates, np.cumsum(is_token, axis=1)[:, -x.shape[1] :], at)


@exercise.mistake("The padding got a position too")
def padding_moved(x, is_token, rates):
    """Something was added to the rows of padding; they stay as they are.

    - Does padding have a place in the text?
    - Add only where is_token is True.
    """
    return _added(x, rates, np.cumsum(is_token, axis=1)[:, -x.shape[1] :] - 1, np.ones(x.shape[:2], dtype=bool))


@exercise.mistake("The rows of padding were set to 0")
def padding_zeroed(x, is_token, rates):
    """The rows of padding are 0 here; they stay as they are in `x`.

    - What do the rows of padding hold before your function?
    - np.where(is_token[:, -n:, None], x + added, x)
    """
    return add_positions(x, is_token, rates) * _newest(x, is_token)[..., None]


@exercise.mistake("The padding was counted on the wrong side")
def all_padding_subtracted(x, is_token, rates):
    """All columns of padding were taken away from the position, also those that come after the text.

    - Does padding on the right move a token?
    - Count what stands before the token.
    """
    padding = (~is_token).sum(axis=1)[:, None]
    columns = np.arange(is_token.shape[1] - x.shape[1], is_token.shape[1])
    return _added(x, rates, columns - padding, _newest(x, is_token))


@exercise.mistake("The padding of one text for all")
def first_text_for_all(x, is_token, rates):
    """All texts got the positions of the first one, and their padding is not the same.

    - How many columns of padding has each text?
    - Count in each row of is_token by itself: axis=1.
    """
    positions = np.cumsum(is_token[:1], axis=1)[:, -x.shape[1] :] - 1
    return _added(x, rates, np.broadcast_to(positions, x.shape[:2]), _newest(x, is_token))


@exercise.mistake("Counted down the batch")
def counted_down_the_batch(x, is_token, rates):
    """np.cumsum ran over the texts of the batch, not along a text.

    - Which axis is time?
    - axis=1
    """
    return _added(x, rates, np.cumsum(is_token, axis=0)[:, -x.shape[1] :] - 1, _newest(x, is_token))


@exercise.mistake("Counted on from text to text")
def counted_through(x, is_token, rates):
    """Without an axis, np.cumsum counts through the whole batch, so a later text begins where the one before ended.

    - Which position does the first token of the second text get?
    - np.cumsum(is_token, axis=1)
    """
    positions = np.cumsum(is_token).reshape(is_token.shape)[:, -x.shape[1] :] - 1
    return _added(x, rates, positions, _newest(x, is_token))


@exercise.mistake("The first columns in place of the last")
def first_columns(x, is_token, rates):
    """The positions of the first n columns were taken, and `x` holds the last n.

    - Which columns does x belong to where a cache holds the others?
    - positions[:, -n:]
    """
    return _added(x, rates, np.cumsum(is_token, axis=1)[:, : x.shape[1]] - 1, _newest(x, is_token))


@exercise.mistake("The rows were replaced")
def rows_replaced(x, is_token, rates):
    """The positions took the place of the rows. They are to be added, so that a row still says which token it is.

    - What is left of x at a token?
    - x + np.sin(positions * rates)
    """
    return add_positions(x, is_token, rates) - np.where(_newest(x, is_token)[..., None], x, 0.0)


@exercise.mistake("No positions at all")
def no_positions(x, is_token, rates):
    """Nothing was added any more, so the order of the tokens is lost.

    - What would tell the model that one token stands before another?
    - x + np.sin(positions * rates), with a position of its own for each token.
    """
    return x + 0.0


@exercise.mistake(mc.CHANGES_INPUTS)
def in_place(x, is_token, rates):
    at = _newest(x, is_token)
    x[at] += np.sin((np.cumsum(is_token, axis=1)[:, -x.shape[1] :] - 1)[at][:, None] * rates)
    return x
