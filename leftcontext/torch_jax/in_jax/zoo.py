"""The mask zoo in JAX."""

import functools

import jax
import jax.numpy as jnp


def padding_allowed(lengths, T):
    # jax.nn.dot_product_attention takes them as key_value_seq_lengths=lengths.
    return jnp.arange(T) < lengths[:, None, None]


def sliding_window_allowed(T, window):
    # jax.nn.dot_product_attention: local_window_size=(window - 1, 0)
    return jnp.tri(T, dtype=bool) & ~jnp.tri(T, k=-window, dtype=bool)


def prefix_lm_allowed(T, prefix):
    return jnp.tri(T, dtype=bool).at[:prefix, :prefix].set(True)


def packed_allowed(segment_ids):
    same = segment_ids[:, None] == segment_ids
    return jnp.tril(same)


def combine(*allowed):
    return functools.reduce(jnp.logical_and, allowed)


def alibi_bias(slopes, T):
    # bias= of jax.nn.dot_product_attention
    i = jnp.arange(T)
    age = i[:, None] - i
    return jnp.where(age >= 0, -slopes[:, None, None] * age, -jnp.inf)


def tree_allowed(parents):
    T = len(parents)
    parent = jax.nn.one_hot(parents, T)  # the row of -1, a root, is 0
    # I + P + P² + ...: oneself, the parent, its parent, ...
    return jnp.linalg.inv(jnp.eye(T) - parent) > 0.5


def alibi_slopes(heads):
    n = 2 ** (heads.bit_length() - 1)
    between = jnp.arange(heads - n) + 0.5  # the slopes that 2 n heads have between those of n
    return jnp.exp2(-8 / n * jnp.concatenate([jnp.arange(1, n + 1), between]))


def packed_inputs(documents):
    same = (documents[:, None] == documents) & (documents >= 0)
    allowed = jnp.tril(same)
    return jnp.maximum(allowed.sum(axis=1) - 1, 0), allowed
