"""Positions in JAX."""

import jax.numpy as jnp


def sinusoidal_positions(T, d):
    angle = jnp.outer(jnp.arange(T), 10000 ** (-jnp.arange(0, d, 2) / d))
    return jnp.stack([jnp.sin(angle), jnp.cos(angle)], axis=-1).reshape(T, d)


def rope(x, positions):
    d = x.shape[-1]
    angle = jnp.outer(positions, 10000 ** (-jnp.arange(0, d, 2) / d))
    turned = (x[..., 0::2] + 1j * x[..., 1::2]) * jnp.exp(1j * angle)
    return jnp.stack([turned.real, turned.imag], axis=-1).reshape(x.shape)


def position_ids(is_token):
    return jnp.maximum(is_token.cumsum(axis=-1) - 1, 0)


def rotate_half_rope(x, positions):
    d = x.shape[-1]
    angle = jnp.tile(jnp.outer(positions, 10000 ** (-jnp.arange(0, d, 2) / d)), 2)
    first, second = jnp.split(x, 2, axis=-1)
    return x * jnp.cos(angle) + jnp.concatenate([-second, first], axis=-1) * jnp.sin(angle)


def add_positions(x, is_token, rates):
    n = x.shape[1]
    positions = (is_token.cumsum(axis=1) - 1)[:, -n:]
    added = jnp.sin(positions[..., None] * rates)
    return jnp.where(is_token[:, -n:, None], x + added, x)
