"""Softmax and masked softmax in JAX."""

import jax
import jax.numpy as jnp


def softmax(x, axis=-1):
    return jax.nn.softmax(x, axis=axis)


def log_softmax(x, axis=-1):
    return jax.nn.log_softmax(x, axis=axis)


def causal_weights(scores):
    return jax.nn.softmax(scores, where=jnp.tri(scores.shape[-1], dtype=bool))


def masked_softmax(scores, allowed):
    return jax.nn.softmax(scores, where=allowed)  # a row with nothing allowed is 0


def mask_after_softmax(weights, allowed):
    kept = jnp.where(allowed, weights, 0)
    total = kept.sum(axis=-1, keepdims=True)
    return kept / jnp.where(total > 0, total, 1)


def filled_weights(scores, allowed):
    return jax.nn.softmax(scores, where=allowed)
