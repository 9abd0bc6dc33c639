"""### A window that keeps the first tokens

A rolling cache drops old keys. Many trained models break when their very first keys are dropped, so a server keeps a \
few of them, the **sinks**, for ever.

Write `sink_window_allowed(T, sinks, window)`: `(T, T)` booleans, True where the query may attend. Each query sees the \
first `sinks` keys of the text and the last `window` keys up to its own, its own included: `sinks + window` keys in a \
long text. Never does a query see the future, not even a sink. `sinks` is 0 or more, `window` at least 1, and each of \
them may exceed `T`.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array

exercise = Exercise(
    topic="attention sinks",
    answer=Array("bool"),
    hints=(
        "For what two reasons may a query see a key, and what forbids it in any case?",
        "Key j is allowed where j <= i, and j < sinks or i - j < window.",
        "Put brackets around the two permissions joined by |, and join the causal rule to them by &.",
    ),
)


@exercise.solution
def sink_window_allowed(T, sinks, window):
    """(T, T) bool: True where j <= i, and j < sinks or i - j < window."""
    i, j = np.arange(T)[:, None], np.arange(T)
    return (j <= i) & ((j < sinks) | (i - j < window))


@exercise.part("Six positions", points=1)
def six(rng):
    yield case(6, 1, 2, note="one sink, and two keys")
    yield case(6, 2, 2)


@exercise.part("Any sizes", points=1)
def any_sizes(rng):
    yield case(6, 0, 3, note="no sinks: a plain sliding window")
    yield case(5, 1, 1, note="the first key and the own one")
    yield case(5, 3, 1, note="three sinks")
    yield case(1, 1, 1)
    yield case(4, 9, 1, note="more sinks than positions: the causal mask")
    yield case(4, 1, 9, note="a window longer than the text: the causal mask")
    for T, sinks, window in ((9, 2, 4), (12, 4, 3), (7, 3, 3), (40, 4, 17), (300, 1, 2)):
        yield case(T, sinks, window)


@exercise.equivalent
def with_loops(T, sinks, window):
    return [[j <= i and (j < sinks or j > i - window) for j in range(T)] for i in range(T)]


@exercise.equivalent
def from_triangles(T, sinks, window):
    allowed = np.tri(T, dtype=bool)
    too_old = np.tri(T, k=-window, dtype=bool)
    too_old[:, :sinks] = False
    return allowed & ~too_old


@exercise.equivalent
def row_by_row(T, sinks, window):
    allowed = np.zeros((T, T), dtype=bool)
    for i in range(T):
        allowed[i, max(0, i + 1 - window) : i + 1] = True
        allowed[i, : min(sinks, i + 1)] = True
    return allowed


def _rule(T, allowed):
    return allowed(np.arange(T)[:, None], np.arange(T))


@exercise.mistake("The sinks are visible before they are written")
def sinks_from_the_future(T, sinks, window):
    """A query before the end of the sinks sees the later ones: the sinks were not cut by the causal rule.

    - May query 0 see key 1, if there are two sinks?
    - j <= i holds for every key, sinks included.
    - (j <= i) & (... | ...)
    """
    return _rule(T, lambda i, j: ((j <= i) & (i - j < window)) | (j < sinks))


# https://github.com/huggingface/transformers/issues/39408
@exercise.mistake("One key too many")
def window_one_too_many(T, sinks, window):
    """i - j <= window counts window + 1 keys, the query's own included.

    - How many keys does a late query see with no sinks and window = 1?
    - i - j < window
    - < instead of <=
    """
    return _rule(T, lambda i, j: (j <= i) & ((j < sinks) | (i - j <= window)))


@exercise.mistake("One key too few")
def window_one_too_few(T, sinks, window):
    """The query's own key counts too: the window has window keys with it.

    - How many keys does a late query see with no sinks and window = 2?
    - i - j < window
    - Mind the -1.
    """
    return _rule(T, lambda i, j: (j <= i) & ((j < sinks) | (i - j < window - 1) | (i == j)))


@exercise.mistake("One sink too many")
def one_sink_too_many(T, sinks, window):
    """j <= sinks keeps sinks + 1 keys.

    - Which keys are kept with sinks = 1?
    - Key 0 alone.
    - j < sinks
    """
    return _rule(T, lambda i, j: (j <= i) & ((j <= sinks) | (i - j < window)))


@exercise.mistake("One sink too few")
def one_sink_too_few(T, sinks, window):
    """The last sink is dropped; with sinks = 1 there is none left.

    - Which keys are kept with sinks = 1?
    - Key 0.
    - j < sinks
    """
    return _rule(T, lambda i, j: (j <= i) & ((j < sinks - 1) | (i - j < window)))


@exercise.mistake("No sinks")
def no_sinks(T, sinks, window):
    """That is a plain sliding window: the first keys are dropped.

    - Which key does the last query see in column 0?
    - The first sinks keys stay for ever.
    - Add | (j < sinks).
    """
    return _rule(T, lambda i, j: (j <= i) & (i - j < window))


@exercise.mistake("Nothing is dropped")
def window_ignored(T, sinks, window):
    """That is the whole causal triangle.

    - Which keys are too old?
    - A key that is no sink has to be one of the last window.
    - i - j < window
    """
    return np.tri(T, dtype=bool)


@exercise.mistake("The sinks were taken out of the window")
def sinks_inside_the_window(T, sinks, window):
    """The window became shorter by the number of sinks; here it has window keys besides the sinks.

    - How many keys does a late query see?
    - sinks + window
    - i - j < window, whatever sinks is
    """
    return _rule(T, lambda i, j: (j <= i) & ((j < sinks) | (i - j < max(1, window - sinks))))


# https://github.com/JaydenLyh/Reward-Forcing/issues/5
@exercise.mistake("The newest keys were dropped")
def newest_dropped(T, sinks, window):
    """The oldest keys after the sinks stay and the newest ones are missing.

    - Which keys does a late query need most?
    - The last window keys, up to its own.
    - i - j < window
    """
    return _rule(T, lambda i, j: (j <= i) & ((j < sinks + window) | (i == j)))


@exercise.mistake("Both rules at once")
def and_instead_of_or(T, sinks, window):
    """Only sinks that are also in the window are visible.

    - May a key be seen for one of the two reasons alone?
    - j < sinks or i - j < window
    - | between the two, & before them
    """
    return _rule(T, lambda i, j: (j <= i) & (j < sinks) & (i - j < window))


@exercise.mistake("The window looks ahead too")
def looks_ahead(T, sinks, window):
    """abs(i - j) < window opens the future.

    - May query 0 see key 1?
    - i - j must not be negative.
    - Ask for j <= i as well.
    """
    return _rule(T, lambda i, j: (j < sinks) | (abs(i - j) < window))


@exercise.mistake(mc.OWN_POSITION_EXCLUDED)
def own_position_excluded(T, sinks, window):
    """The query's own key is forbidden; it is the last one of its window."""
    return _rule(T, lambda i, j: (j < i) & ((j < sinks) | (i - j <= window)))


exercise.add_mistakes(
    (
        own_position_excluded,
        lambda T, sinks, window: _rule(T, lambda i, j: (j < i) & ((j < sinks) | (i - j < window))),
    ),
)


@exercise.mistake(mc.NO_MASK)
def no_mask(T, sinks, window):
    """Old keys are forbidden, but nothing forbids the future."""
    return _rule(T, lambda i, j: (j < sinks) | (i - j < window))


@exercise.mistake(mc.TRANSPOSED)
def transposed(T, sinks, window):
    return sink_window_allowed(T, sinks, window).T


@exercise.mistake(mc.INVERTED)
def inverted(T, sinks, window):
    return ~sink_window_allowed(T, sinks, window)
