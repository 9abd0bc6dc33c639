"""Serving in JAX."""

import jax
import jax.numpy as jnp
from jax.nn import dot_product_attention


def cache_bytes(layers, kv_heads, head_dim, tokens, bytes_per_number):
    # A ShapeDtypeStruct has a shape and no memory.
    shape = (layers, 2, kv_heads, tokens, head_dim)
    return jax.ShapeDtypeStruct(shape, jnp.bfloat16).size * bytes_per_number


def repeat_kv(x, groups):
    # jnp.tile would let the heads take turns: 0, 1, 0, 1.
    return jnp.repeat(x, groups, axis=-3)


def grouped_query_attention(Q, K, V):
    # No repeat_kv: fewer key heads than query heads are shared by neighbours.
    q, k, v = (jnp.swapaxes(x, -2, -3) for x in (Q, K, V))  # (..., T, H, d)
    return jnp.swapaxes(dot_product_attention(q, k, v, is_causal=True), -2, -3)


def sink_window_allowed(T, sinks, window):
    i, j = jnp.arange(T)[:, None], jnp.arange(T)
    return (j <= i) & ((j < sinks) | (i - j < window))


def paged_gather(pages, table, length):
    t = jnp.arange(length)
    page = pages.shape[1]
    return pages[table[t // page], t % page]


def paged_attention(pages, table, lengths, q):
    # Under jit shapes are fixed: as many rows for each text as its table can hold, and a mask.
    page = pages.shape[2]
    t = jnp.arange(table.shape[1] * page)
    real = t < lengths[:, None]  # (B, T)
    # Outside of an array JAX reads its last row without an error: take page 0 there.
    used = jnp.where(real, table[:, t // page], 0)
    K, V = jnp.where(real[..., None], pages[:, used, t % page], 0)  # (B, T, d)
    mask = real[:, None, None]
    out = dot_product_attention(q[:, None, None], K[:, :, None], V[:, :, None], mask=mask)
    return out[:, 0, 0]


def verify_draft(p, q, draft, rng):
    # rng: a key, used once. Not for jit: the length of the result depends on chance.
    accept, draw = jax.random.split(rng)
    n = len(draft)
    k = jnp.arange(n)
    accepted = jax.random.uniform(accept, (n,)) * q[k, draft] < p[k, draft]
    kept = int(accepted.cumprod().sum())
    last = p[n] if kept == n else jnp.maximum(p[kept] - q[kept], 0)
    return jnp.append(draft[:kept], jax.random.categorical(draw, jnp.log(last)))


def tree_positions(parents):
    T = len(parents)
    parent = jax.nn.one_hot(parents, T)  # the row of -1, a root, is 0
    # P + P² + ...: one for each ancestor.
    ancestors = jnp.linalg.inv(jnp.eye(T) - parent).sum(axis=1) - 1
    return jnp.round(ancestors).astype(int)
