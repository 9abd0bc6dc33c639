"""Functions as one writes them in JAX: compiled, mapped, scanned, in half precision, with keys, caches and fixed shapes."""

import numpy as np
import pytest

jax = pytest.importorskip("jax", reason="jax is not installed")

from support import audited_jax_models as models  # noqa: E402
from support.audited_numpy_models import D, V  # noqa: E402
from support.sizes import share  # noqa: E402

from leftcontext.audit import AuditError, audit  # noqa: E402

jnp = jax.numpy
X = np.random.default_rng(0).normal(size=(2, 12, D)).astype(np.float32)


def test_there_are_many():
    assert len(models.HONEST) >= 20
    assert len(models.LEAKY) >= 18


@pytest.mark.parametrize("name", share(models.HONEST, 12))
def test_an_honest_model_is_not_accused(name):
    report = audit(models.HONEST[name], vocab=V, T=24)
    assert report.causal, report
    assert report.warnings == ()


@pytest.mark.parametrize("name", share(models.LEAKY, 9))
def test_a_leak_is_found_and_described(name):
    model, words = models.LEAKY[name]
    report = audit(model, vocab=V, T=24)
    assert not report.causal
    for word in words:
        assert word in report.looks_like, report


def test_a_step_with_a_buffer_of_fixed_size():
    model = jax.jit(models.lm(models.causal))
    report = audit(model, vocab=V, T=24, step=models.buffer_step)
    assert report.causal, report
    assert report.warnings == ()
    report = audit(model, vocab=V, T=24, step=lambda tokens, cache: models.buffer_step(tokens, cache, leaks=True))
    assert "only with a cache" in report.looks_like


def attend(q, k, v):
    """One text, (T, D) each, without a mask."""
    return jax.nn.softmax(q @ k.T, axis=-1) @ v


def attend_causally(q, k, v):
    return jax.nn.softmax(jnp.where(jnp.tri(len(q), dtype=bool), q @ k.T, -jnp.inf), axis=-1) @ v


def test_gradients_are_followed_through_several_arrays():
    report = audit(jax.jit(attend_causally), (X[0], X[0], X[0]))
    assert report.causal
    assert "gradients" in report.tried
    assert not any("gradients" in each for each in report.not_tried)
    assert not audit(jax.jit(attend), tuple(jnp.asarray(X[0]) for _ in range(3))).causal


def test_rows_in_bfloat16_and_a_gradient_that_was_stopped():
    assert audit(jax.jit(lambda x: jnp.cumsum(x, axis=1)), jnp.asarray(X, dtype=jnp.bfloat16)).causal
    stopped = jax.jit(lambda x: jnp.cumsum(x, axis=1) + jax.lax.stop_gradient(jnp.roll(x, -1, axis=1)))
    assert "one ahead" in audit(stopped, X).looks_like


def test_a_function_compiled_for_one_text_of_one_length_needs_a_function_around_it():
    compiled = jax.jit(models.lm(models.rolled)).lower(jnp.zeros((1, 24), dtype=jnp.int32)).compile()
    with pytest.raises(AuditError, match="Try a function around it"):
        audit(compiled, vocab=V, T=24)
    report = audit(lambda tokens: compiled(tokens[None])[0], vocab=V, T=24, batched=False)
    assert "one ahead" in report.looks_like


class DropoutWithAKeyOfItsOwn:
    """A key that is split in every call."""

    def __init__(self):
        self.begin()

    def begin(self):
        self.key = jax.random.key(0)

    def __call__(self, tokens):
        self.key, key = jax.random.split(self.key)
        outputs = models.lm(models.causal)(tokens)
        return jnp.where(jax.random.bernoulli(key, 0.8, outputs.shape), outputs, 0.0)


def test_a_key_that_is_split_in_every_call_is_put_back_by_reset():
    model = DropoutWithAKeyOfItsOwn()
    with pytest.raises(AuditError, match="reset="):
        audit(model, vocab=V, T=12)
    assert audit(model, vocab=V, T=12, reset=model.begin).causal
