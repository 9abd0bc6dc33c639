"""The KV cache in JAX."""

import jax.numpy as jnp
from jax.nn import dot_product_attention


def decode_step(q, k, v, cache):
    # Under jit shapes are fixed: a full-size buffer, jax.lax.dynamic_update_slice,
    # and key_value_seq_lengths= for how much of it is filled.
    K, V = k[None], v[None]
    if cache is not None:
        K, V = jnp.concatenate([cache[0], K]), jnp.concatenate([cache[1], V])
    out = dot_product_attention(q[None, None], K[:, None], V[:, None])
    return out[0, 0], (K, V)


def cached_attention(Q, K, V, chunk):
    outputs = []
    for start in range(0, len(Q), chunk):
        q = Q[start : start + chunk]
        seen = start + len(q)
        mask = jnp.tri(len(q), seen, start, dtype=bool)[None]  # bottom right
        k, v = K[:seen, None], V[:seen, None]
        outputs.append(dot_product_attention(q[:, None], k, v, mask=mask))
    return jnp.concatenate(outputs)[:, 0]


def cached_step(Q, K, V, cache):
    if cache is not None:
        K, V = jnp.concatenate([cache[0], K]), jnp.concatenate([cache[1], V])
    mask = jnp.tri(len(Q), len(K), len(K) - len(Q), dtype=bool)[None]
    out = dot_product_attention(Q[:, None], K[:, None], V[:, None], mask=mask)
    return out[:, 0], (K, V)
