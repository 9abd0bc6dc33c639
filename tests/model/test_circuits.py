"""The forward pass that keeps what each head does computes what the model computes, and changes what it is told to."""

import numpy as np
import pytest

from leftcontext.model import Config, Transformer, allowed_by
from leftcontext.model.circuits import PARTS, trace, without

CONFIG = Config(vocab=11, context=7, width=12, heads=3, layers=2, hidden=10)


@pytest.fixture
def model():
    model = Transformer(CONFIG, allowed_by("causal", 7), seed=1, dtype=np.float64)
    model.params["head"] *= 10
    return model


TOKENS = np.random.default_rng(0).integers(11, size=(2, 7))


@pytest.mark.parametrize("tokens", [TOKENS, TOKENS[0], TOKENS[:, :4], TOKENS[0, :1]], ids=["batch", "one", "short", "T=1"])
def test_it_computes_what_the_model_computes(model, tokens):
    found = trace(model, tokens)
    np.testing.assert_allclose(found.logits, model.logits(tokens), atol=1e-8)
    np.testing.assert_allclose(np.stack(found.weights), model.attention_weights(tokens), atol=1e-8)


def test_a_head_taken_out_is_its_rows_of_the_projection_set_to_0(model):
    found = trace(model, TOKENS, without((0, 1), (1, 2))).logits
    model.params["0.merge"][4:8] = 0
    model.params["1.merge"][8:12] = 0
    np.testing.assert_allclose(found, model.logits(TOKENS), atol=1e-8)


def test_weights_may_be_replaced(model):
    own = trace(model, TOKENS)
    same = trace(model, TOKENS, reweigh=lambda layer, w: own.weights[layer])
    np.testing.assert_allclose(same.logits, own.logits)
    even = np.tri(7) / np.arange(1, 8)[:, None]
    model.params["1.qkv"][:, :24] = 0  # all scores are 0
    expected = model.logits(TOKENS)
    found = trace(model, TOKENS, reweigh=lambda layer, w: np.broadcast_to(even, w.shape) if layer else w)
    np.testing.assert_allclose(found.logits, expected, atol=1e-8)


def test_hidden_from_all_parts_a_head_is_as_good_as_out_for_the_next_layer(model):
    model.params["0.down"][:] = 0  # the MLP between them would still see the head
    hidden, removed = trace(model, TOKENS, hidden=dict.fromkeys(PARTS, (0, 1))), trace(model, TOKENS, without((0, 1)))
    assert not np.allclose(hidden.weights[1], trace(model, TOKENS).weights[1])
    np.testing.assert_allclose(hidden.weights[1], removed.weights[1], atol=1e-12)
    np.testing.assert_allclose(hidden.heads[1], removed.heads[1], atol=1e-12)


def test_hidden_from_the_values_it_moves_no_weight(model):
    own, found = trace(model, TOKENS), trace(model, TOKENS, hidden={"value": (0, 0)})
    np.testing.assert_array_equal(found.weights[1], own.weights[1])
    assert not np.allclose(found.heads[1], own.heads[1])


def test_another_part_is_refused(model):
    with pytest.raises(ValueError, match="query, key or value, not output"):
        trace(model, TOKENS, hidden={"output": (0, 0)})
