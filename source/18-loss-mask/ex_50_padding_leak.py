"""### How far the padding reaches

Does what stands at the padding change what the model says at the real tokens? Measure it.

Write `padding_leak(logits_fn, tokens, is_token, fillers)`: `logits_fn` maps `(B, T)` integers to `(B, T, vocab)` \
logits; `tokens` is `(B, T)`, integers; `is_token` is `(B, T)`, booleans, True where a real token stands; `fillers` is \
`(n,)`, the tokens to try.

For each filler, write it to **all positions that are not real**, and compare the logits with those of `tokens` as \
they are. Return one float: the largest absolute difference at any **real** token, over all fillers; `0.0` if there is \
no filler to try, no padding or no real token.

The same function measures contamination between packed documents: pass as `is_token` where one document stands, and \
its neighbour is overwritten.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Number

exercise = Exercise(
    topic="contamination",
    answer=Number(rtol=1e-6, atol=1e-12),
    hints=(
        "Which tokens are changed, and at which positions are the logits compared?",
        "max over fillers of |logits_fn(tokens with the filler) - logits_fn(tokens)| at is_token",
        "changed = np.where(is_token, tokens, filler); np.abs(logits_fn(changed) - before)[is_token].max(initial=0.0)",
    ),
)


@exercise.solution
def padding_leak(logits_fn, tokens, is_token, fillers):
    """logits_fn (B, T) -> (B, T, vocab), tokens, is_token (B, T), fillers (n,) -> float, the largest change at a
    token."""
    before, largest = logits_fn(tokens), 0.0
    for filler in fillers:
        moved = np.abs(logits_fn(np.where(is_token, tokens, filler)) - before)  # (B, T, vocab)
        largest = max(largest, float(moved[is_token].max(initial=0.0)))
    return largest


class Reads:
    """A model whose logits at i are the mean of the vectors of the positions that `allowed(tokens)` (B, T, T) lets it
    see."""

    def __init__(self, name, rng, allowed, vocab=6, size=1.0):
        self.__name__ = name
        self.vectors = size * rng.normal(size=(vocab, vocab))
        self.allowed = allowed

    def __call__(self, tokens):
        allowed = np.broadcast_to(self.allowed(np.asarray(tokens)), (*np.shape(tokens), np.shape(tokens)[-1]))
        x = self.vectors[np.asarray(tokens)]  # (B, T, vocab)
        own = self.vectors[::-1][np.asarray(tokens)]
        return own + allowed @ x / np.maximum(allowed.sum(axis=-1, keepdims=True), 1)


def causal(tokens):
    return np.tri(tokens.shape[-1], dtype=bool)


def both_ways(tokens):
    return np.ones((tokens.shape[-1],) * 2, dtype=bool)


def within(segments):
    return lambda tokens: causal(tokens) & (segments[:, None] == segments)


def pad_hidden(tokens):
    return causal(tokens) & (tokens != 0)[:, None, :]


RIGHT = np.array([[True, True, True, False, False], [True, True, True, True, False]])
LEFT = RIGHT[:, ::-1].copy()


@exercise.part("One sentence", points=1)
def one_sentence(rng):
    one = np.array([[2, 3, 4, 0, 0]])
    yield case(Reads("reads_to_the_left", rng, causal), one, one != 0, np.array([1, 5]), note="padding on the right")
    yield case(Reads("reads_to_the_left", rng, causal), one[:, ::-1].copy(), (one != 0)[:, ::-1].copy(), np.array([1]))
    yield case(Reads("reads_both_ways", rng, both_ways), one, one != 0, np.array([1, 5]))


@exercise.part("Any batch", points=1)
def any_batch(rng):
    tokens, fillers = rng.integers(1, 6, size=(2, 5)), np.arange(1, 6)
    for name, allowed in (("reads_to_the_left", causal), ("reads_both_ways", both_ways)):
        for is_token in (RIGHT, LEFT):
            yield case(Reads(name, rng, allowed), np.where(is_token, tokens, 0), is_token, fillers)
    yield case(Reads("hides_the_token_0", rng, pad_hidden), np.where(LEFT, tokens, 0), LEFT, np.array([0]))
    second = np.array([[True] * 5, [True, True, True, False, False]])
    yield case(
        Reads("reads_both_ways", rng, both_ways), tokens, second, fillers, note="only the second text has padding"
    )
    yield case(Reads("leaks_a_little", rng, causal, size=1e-6), tokens, LEFT, fillers, note="a small leak")
    yield case(Reads("leaks_much", rng, both_ways, size=1e4), tokens, RIGHT, fillers, note="a large one")


@exercise.part("Documents, and nothing to change", points=1)
def documents(rng):
    tokens, segments = rng.integers(6, size=(3, 7)), np.array([0, 0, 0, 1, 1, 1, 1])
    second = np.tile(segments == 1, (3, 1))
    yield case(Reads("keeps_documents_apart", rng, within(segments)), tokens, second, np.arange(6))
    yield case(Reads("reads_to_the_left", rng, causal), tokens, second, np.arange(6), note="two documents")
    model = Reads("reads_both_ways", rng, both_ways)
    yield case(model, tokens, np.ones((3, 7), dtype=bool), np.arange(6), note="no padding")
    yield case(model, tokens, np.zeros((3, 7), dtype=bool), np.arange(6), note="no real token")
    yield case(model, tokens, second, np.array([], dtype=int), note="no filler to try")
    yield case(model, np.array([[3]]), np.array([[True]]), np.array([1]), note="T = 1")


@exercise.equivalent
def all_at_once(logits_fn, tokens, is_token, fillers):
    before = np.asarray(logits_fn(tokens))
    moved = [np.abs(np.asarray(logits_fn(np.where(is_token, tokens, f))) - before)[is_token] for f in fillers]
    return max((m.max() for m in moved if m.size), default=0.0)


@exercise.equivalent
def with_a_copy(logits_fn, tokens, is_token, fillers):
    before, largest = logits_fn(tokens.copy()), 0.0
    for filler in fillers:
        changed = tokens.copy()
        changed[~is_token] = filler
        after = logits_fn(changed)
        for b, t in zip(*np.nonzero(is_token), strict=True):
            largest = max(largest, abs(after[b, t] - before[b, t]).max())
    return float(largest)


@exercise.equivalent
def one_row_at_a_time(logits_fn, tokens, is_token, fillers):
    largest = [0.0]
    for row, real in zip(tokens, is_token, strict=True):
        before = logits_fn(row[None])[0]
        for filler in fillers:
            after = logits_fn((row * real + filler * ~real)[None])[0]
            largest += np.abs(after - before)[real].ravel().tolist()
    return max(largest)


def _moved(f, tokens, changed, at):
    return float(np.abs(f(changed) - f(tokens))[at].max(initial=0.0))


def _over(fillers, change):
    return max([0.0, *(change(filler) for filler in fillers)])


@exercise.mistake("The padding itself was compared")
def everywhere(f, tokens, is_token, fillers):
    """The logits at the padding were compared as well. They may change: nothing is read from them.

    - At which positions do the logits matter?
    - At the real tokens only.
    - np.abs(after - before)[is_token]
    """
    return _over(fillers, lambda new: _moved(f, tokens, np.where(is_token, tokens, new), np.ones_like(is_token)))


@exercise.mistake(everywhere)
def at_the_padding(f, tokens, is_token, fillers):
    """The logits at the padding were compared, and not those at the real tokens."""
    return _over(fillers, lambda new: _moved(f, tokens, np.where(is_token, tokens, new), ~is_token))


@exercise.mistake("The real tokens were overwritten")
def wrong_side(f, tokens, is_token, fillers):
    """The filler was written to the real tokens. What is asked is how far a change of the padding reaches.

    - Which positions should change?
    - Those where is_token is False.
    - np.where(is_token, tokens, filler)
    """
    return _over(fillers, lambda new: _moved(f, tokens, np.where(is_token, new, tokens), is_token))


@exercise.mistake("Only the first filler was tried")
def first_filler_only(f, tokens, is_token, fillers):
    """A filler may happen to change little. Try all of them and take the largest change.

    - What does one filler that changes nothing prove?
    - The largest change over all fillers.
    - for filler in fillers: ...
    """
    return padding_leak(f, tokens, is_token, fillers[:1])


@exercise.mistake("Only the last filler counts")
def last_filler_only(f, tokens, is_token, fillers):
    """Each filler overwrote the result of the one before.

    - What does your loop do with the first result?
    - Keep the largest.
    - largest = max(largest, ...)
    """
    return padding_leak(f, tokens, is_token, fillers[-1:])


@exercise.mistake("A mean, not the largest")
def mean_change(f, tokens, is_token, fillers):
    """The changes were averaged, so a leak at one position nearly disappears.

    - One of a thousand logits moves by 8. What is the mean?
    - The largest change.
    - .max()
    """
    changes = [np.abs(f(np.where(is_token, tokens, new)) - f(tokens))[is_token] for new in fillers]
    return float(np.mean(changes)) if changes and changes[0].size else 0.0


@exercise.mistake("Changes down were not seen")
def signed(f, tokens, is_token, fillers):
    """Without the absolute value a logit that becomes smaller does not count.

    - Is a change of -5 a change?
    - |after - before|
    - np.abs(...)
    """
    changes = [(f(np.where(is_token, tokens, new)) - f(tokens))[is_token].max(initial=0.0) for new in fillers]
    return float(max([0.0, *changes]))


@exercise.mistake("Rounded away")
def rounded(f, tokens, is_token, fillers):
    """Small changes were taken for rounding. Return what was measured.

    - How large is the change of a small leak?
    - Return the largest change as it is.
    - Leave out the tolerance.
    """
    leak = padding_leak(f, tokens, is_token, fillers)
    return leak if leak > 1e-4 else 0.0


@exercise.mistake("Only the first text was compared")
def first_text_only(f, tokens, is_token, fillers):
    """The other texts of the batch were left out; the largest change may be in any of them.

    - Along which axis do the texts of a batch lie?
    - Along axis 0: compare at all real tokens of all texts.
    - np.abs(after - before)[is_token].max()
    """
    return padding_leak(f, tokens, is_token & (np.arange(len(tokens)) == 0)[:, None], fillers)


@exercise.mistake(mc.CHANGES_INPUTS)
def in_place(f, tokens, is_token, fillers):
    """The filler was written into the tokens that were passed in."""
    leak = padding_leak(f, tokens, is_token, fillers)
    tokens[~is_token] = fillers[-1] if len(fillers) else 0
    return leak


exercise.equivalent_mutant(
    "logits_fn(np.where(is_token, tokens, filler)) - before -> before - logits_fn(np.where(is_token, tokens, filler))",
    because="the absolute value of a difference is the same both ways round",
)
