"""Leaks that run over all positions: a choice among them and a maximum are told from a mixture of them."""

import numpy as np
import pytest
from support.audited_numpy_models import E, H, V, W, attend, causal, embed, lm, softmax, tri

from leftcontext.audit import audit
from leftcontext.audit.choices import FEW, name_choice
from leftcontext.audit.inputs import TokenDraws
from leftcontext.audit.model import Subject


def hidden(tokens):
    """Rows that see their past, (B, T, D)."""
    return causal(embed(tokens))


def expert_choice(tokens):
    """Each of two experts takes the best quarter of all tokens of its text."""
    x = hidden(tokens)
    scores, out = softmax(x @ H[:, :2]), x.copy()
    for row, expert in np.ndindex(len(x), 2):
        best = np.argsort(-scores[row, :, expert])[: max(1, tokens.shape[1] // 4)]
        out[row, best] += scores[row, best, expert, None] * np.tanh(x[row, best] @ W[expert])
    return out @ H


def depth_by_choice(tokens):
    """Half of the positions pass through the layer, those that score best; the others go around it."""
    x = embed(tokens)
    scores = x @ H[:, 0]
    least = np.sort(scores, axis=1)[:, -(-tokens.shape[1] // 2)]
    return np.where((scores >= least[:, None])[..., None], x + causal(x), x) @ H


def quantised(rows, levels=127):
    """Rows (B, T, D) in steps of one size for each text."""
    scale = np.abs(rows).max(axis=(1, 2), keepdims=True) / levels
    return np.round(rows / scale) * scale


def eight_bits(tokens):
    return quantised(hidden(tokens)) @ H


def eight_bits_before_a_layer(tokens):
    """As in a linear layer whose inputs are quantised, with a causal attention behind it."""
    x = quantised(embed(tokens)) @ W[0]
    return (x + causal(x)) @ H


CHOICES = {"expert choice": expert_choice, "depth by choice": depth_by_choice}
SCALES = {"eight bits": eight_bits, "eight bits before a layer": eight_bits_before_a_layer}
MIXTURES = {
    "no mask": lm(lambda x: attend(x, True)),
    "a mean": lambda tokens: (hidden(tokens) + embed(tokens).mean(axis=1, keepdims=True)) @ H,
    "a largest number for each feature": lambda tokens: (hidden(tokens) + embed(tokens).max(axis=1, keepdims=True)) @ H,
    "a reshape without its transpose": lambda tokens: hidden(tokens).reshape(len(tokens), 2, -1, 6).swapaxes(1, 2).reshape(
        len(tokens), -1, 6
    ) @ H,
    "one ahead": lm(lambda x: attend(x, tri(x.shape[1], 1))),
    "one token counted": lambda tokens: hidden(tokens) @ H + 0.1 * (tokens == 3).sum(axis=1)[:, None, None],
}
NAMES = ("a choice among all positions", "all or none")


@pytest.mark.parametrize("T", [24, 96])
@pytest.mark.parametrize("name", CHOICES)
def test_a_choice_among_positions_is_called_one(name, T):
    report = audit(CHOICES[name], vocab=V, T=T)
    assert not report.causal
    assert report.looks_like.startswith("a choice among all positions"), report


@pytest.mark.parametrize("T", [24, 96])
@pytest.mark.parametrize("name", SCALES)
def test_one_scale_for_all_positions_is_called_one(name, T):
    report = audit(SCALES[name], vocab=V, T=T)
    assert not report.causal
    assert report.looks_like.startswith("all or none"), report
    assert "one scale for all positions" in report.looks_like


@pytest.mark.parametrize("name", MIXTURES)
def test_a_mixture_is_called_neither(name):
    report = audit(MIXTURES[name], vocab=V, T=24)
    assert not report.causal
    assert not any(words in report.looks_like for words in NAMES), report


def name_of(model, vocab=V, T=24):
    draws = TokenDraws(vocab)
    return name_choice(Subject("model", model), draws, draws.contexts(4, T), 1e-9, 16)


def test_what_is_said_of_a_choice_is_what_was_measured():
    """The number of values that it names is that of the output behind as many futures."""
    said = name_of(expert_choice)
    output, count = (int(word) for word in (said.split("output ")[1].split()[0], said.split("one of ")[1].split()[0]))
    assert 2 <= count <= FEW
    rng = np.random.default_rng(5)
    past = rng.integers(V, size=7)
    texts = np.concatenate([np.tile(past, (400, 1)), rng.integers(V, size=(400, 17))], axis=1)
    assert len(np.unique(expert_choice(texts)[:, output].round(9), axis=0)) <= FEW


def test_a_model_without_a_leak_and_one_with_few_inputs_are_given_no_name():
    assert name_of(lm(causal)) is None
    assert name_of(lambda tokens: E[tokens] @ H + E[tokens[:, -1:]] @ H, vocab=3) is None
    assert name_of(expert_choice, T=8) is None
