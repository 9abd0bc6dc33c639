"""Kinds of leaks and of honest models that were tried with fresh eyes: what a description must not claim, too."""

import numpy as np
import pytest
from support.audited_numpy_models import E, H, V, attend, causal, embed, lm, shift, tri
from support.sizes import share

from leftcontext.audit import audit


def masked_by(allowed):
    return lm(lambda x: attend(x, allowed(x.shape[1])))


def far_keys(T):
    i = np.arange(T)
    return tri(T) | (i - i[:, None] > 4)


def second_part_open(T):
    i = np.arange(T)
    return tri(T) | ((i[:, None] < 64) & (i >= 64))


def first_part_open(T):
    i = np.arange(T)
    return tri(T) | ((i[:, None] < 9) & (i < 9))


def flipped(tokens):
    y = lm(causal)(tokens)
    return y + 0.1 * y[:, ::-1]


def one_token_counted(tokens):
    """The sum goes over all of time, and counts one token alone."""
    return lm(causal)(tokens) + 0.1 * (tokens == 3).sum(axis=1)[:, None, None]


def next_two_are_equal(tokens):
    found = np.zeros(tokens.shape)
    found[:, :-2] = tokens[:, 1:-1] == tokens[:, 2:]
    return lm(causal)(tokens) + 0.2 * found[..., None]


def scaled_to_8_bits(tokens):
    """One scale for the whole text, as in a quantisation per tensor."""
    y = causal(embed(tokens))
    scale = np.abs(y).max(axis=(1, 2), keepdims=True) / 127
    return np.round(y / scale) * scale @ H


def capacity_by_score(tokens):
    """Experts keep their best tokens of the whole text: a later one can push an earlier one out."""
    x = causal(embed(tokens))
    scores, out = x @ H[:, :2], x.copy()
    for row, chosen in enumerate(scores.argmax(axis=-1)):
        for expert in range(2):
            own = np.flatnonzero(chosen == expert)
            best = own[np.argsort(-scores[row, own, expert])][: max(1, tokens.shape[1] // 4)]
            out[row, best] += np.tanh(x[row, best])
    return out @ H


def capacity_over_the_batch(tokens):
    """Experts take tokens in the order of the rows, as many as fit: earlier rows fill them."""
    x = embed(tokens).reshape(-1, E.shape[1])
    chosen, out = (x @ H[:, :2]).argmax(axis=-1), np.zeros_like(x)
    for expert in range(2):
        own = np.flatnonzero(chosen == expert)[: max(1, len(x) // 3)]
        out[own] = np.tanh(x[own])
    return (x + out).reshape(*tokens.shape, -1) @ H


# name: (model, positions, words that stand in the description, words that don't)
LEAKY = {
    "keys from 5 ahead on": (masked_by(far_keys), 24, ("from 5 to",), ("whole row",)),
    "the second part is open to the first": (masked_by(second_part_open), 140, ("outputs 0 to 63 see inputs 64 to",), ()),
    "the first nine see each other": (masked_by(first_part_open), 24, ("inside the first 9 positions",), ("blocks",)),
    "a flip added": (flipped, 24, ("mirrored",), ()),
    "one token counted": (one_token_counted, 24, ("sum or mean over time", "only for token 3"), ("only at some lengths",)),
    "the next two are equal": (next_two_are_equal, 24, (), ("blocks", "only for token")),
    "scaled to 8 bits": (scaled_to_8_bits, 24, (), ("blocks", "only for a later token that stands before it")),
    "capacity by score": (capacity_by_score, 24, (), ("blocks",)),
    "capacity over the batch": (capacity_over_the_batch, 24, ("another row of the batch",), ()),
    "a ten-thousandth in float32": (lambda t: ((E[t] + 1e-4 * shift(E[t])) @ H).astype(np.float32), 24, ("one ahead",), ()),
}


@pytest.mark.parametrize("name", share(LEAKY, 5))
def test_a_leak_is_described_as_what_it_is(name):
    model, T, words, wrong = LEAKY[name]
    report = audit(model, vocab=V, T=T)
    assert not report.causal
    for word in words:
        assert word in report.looks_like, report
    for word in wrong:
        assert word not in report.looks_like, report


def stabilised(tokens):
    """A running average whose weights are divided by the largest of the whole text: it cancels but for rounding."""
    x = embed(tokens).astype(np.float32)
    weights = np.exp(x[..., :1] - x[..., :1].max(axis=1, keepdims=True))
    return np.cumsum(weights * x, axis=1) / np.cumsum(weights, axis=1) @ H.astype(np.float32)


def first_come_first_served(tokens):
    """Capacity in the order of time: earlier tokens alone decide."""
    x = causal(embed(tokens))
    chosen = (x @ H[:, :2]).argmax(axis=-1)[..., None] == np.arange(2)
    kept = (np.cumsum(chosen, axis=1) * chosen).sum(axis=-1) <= 6
    return (x + kept[..., None] * np.tanh(x)) @ H


def spoils_its_input(tokens):
    y = lm(causal)(tokens)
    tokens[:] = 0
    return y


def padded_to_a_multiple(tokens):
    return lm(causal)(np.pad(tokens, ((0, 0), (0, -tokens.shape[1] % 16))))[:, : tokens.shape[1]]


def best_keys(tokens):
    """Top-k whose order among equals is left open."""
    x = embed(tokens)
    scores = np.where(tri(x.shape[1]), np.maximum(x @ x.mT, 0), -1)
    best = np.argpartition(-scores, min(4, scores.shape[-1]) - 1, axis=-1)[..., :4]
    weights = np.zeros_like(scores)
    np.put_along_axis(weights, best, 1.0, axis=-1)
    return (weights * (scores >= 0)) @ x @ H


HONEST = {
    "first come, first served": first_come_first_served,
    "spoils its input": spoils_its_input,
    "padded to a multiple of 16": padded_to_a_multiple,
    "the best keys, of which some are equal": best_keys,
    "8 bits for each position": lambda t: np.round(causal(embed(t)) * 31) / 31 @ H,
    "several tokens predicted at once": lambda t: np.stack([lm(causal)(t), 2 * lm(causal)(t)], axis=2),
    "truth values": lambda t: lm(causal)(t) > 0,
}


@pytest.mark.parametrize("name", share(HONEST, 3))
def test_an_honest_model_is_not_accused(name):
    report = audit(HONEST[name], vocab=V, T=24)
    assert report.causal, report
    assert report.warnings == ()


@pytest.mark.parametrize("vocab", [2, 3])
def test_a_vocabulary_of_two_or_three_is_enough(vocab):
    assert audit(lm(causal), vocab=vocab, T=16).causal
    assert "one ahead" in audit(lm(shift), vocab=vocab, T=16).looks_like


def test_rounding_in_one_direction_is_one_warning():
    report = audit(stabilised, vocab=V, T=48)
    assert report.causal
    assert sum("as little as a float32 rounds" in warning for warning in report.warnings) <= 1
