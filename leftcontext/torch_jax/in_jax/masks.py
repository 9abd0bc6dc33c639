"""Masks and their conventions in JAX."""

import jax.numpy as jnp


def future_pairs(T):
    return jnp.stack(jnp.triu_indices(T, k=1), axis=-1)


def weight_pattern():
    return jnp.tri(4)


def causal_allowed(T):
    return jnp.tri(T, dtype=bool)


def causal_mask(T):
    return jnp.triu(jnp.full((T, T), -jnp.inf), k=1)


def apply_mask(scores, mask):
    return scores + mask


def convert_mask(mask, source, target):
    allowed = {"blocked": mask == 0, "additive": mask == 0}.get(source, mask != 0)
    return {
        "allowed": allowed,  # mask= of jax.nn.dot_product_attention
        "blocked": ~allowed,
        "additive": jnp.where(allowed, 0, -jnp.inf),  # bias=
        "multiplicative": allowed.astype(float),
    }[target]


def finite_causal_mask(T, dtype):
    lowest = jnp.finfo(dtype).min
    return jnp.triu(jnp.full((T, T), lowest, dtype), k=1)


def causal_allowed_between(T_q, T_k):
    return jnp.tri(T_q, T_k, T_k - T_q, dtype=bool)


def window_mask(mask, window):
    too_old = jnp.tri(mask.shape[-1], k=-window, dtype=bool)
    return jnp.where((mask < 0) | too_old, -jnp.inf, 0)


def visible_keys(mask):
    return mask == 0
