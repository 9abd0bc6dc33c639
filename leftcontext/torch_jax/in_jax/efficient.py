"""Attention with less memory or less work in JAX."""

import functools

import jax
import jax.numpy as jnp
from jax.nn import dot_product_attention


def online_softmax_update(state, scores, values):
    m, l, acc = (-jnp.inf, 0.0, 0.0) if state is None else state
    new_m = jnp.maximum(m, scores.max())
    shrink, e = jnp.exp(m - new_m), jnp.exp(scores - new_m)
    return new_m, l * shrink + e.sum(), acc * shrink + e @ values


def blockwise_causal_attention(Q, K, V, block):
    cuts = list(range(block, Q.shape[-2], block))
    # Blocks (B, block, H, d). Each part comes with its log-sum of scores.
    q, k, v = (jnp.split(x.swapaxes(-2, -3), cuts, axis=-3) for x in (Q, K, V))
    attend = functools.partial(dot_product_attention, return_residual=True)
    outputs = []
    for a in range(len(q)):
        parts = [attend(q[a], k[b], v[b], is_causal=a == b) for b in range(a + 1)]
        blocks, log_sums = (jnp.stack(part) for part in zip(*parts, strict=True))
        shares = jax.nn.softmax(log_sums, axis=0)[..., None]
        outputs.append((shares * blocks).sum(axis=0))
    return jnp.concatenate(outputs, axis=-3).swapaxes(-2, -3)


def causal_linear_attention(Q, K, V):
    q, k = (jnp.where(x > 0, x + 1, jnp.exp(jnp.minimum(x, 0))) for x in (Q, K))  # elu(x) + 1 loses digits far below 0
    sums = (k[..., None] * V[..., None, :]).cumsum(axis=-3)  # (..., T, d, d_v)
    above = jnp.einsum("...td,...tdv->...tv", q, sums)
    return above / (q * k.cumsum(axis=-2)).sum(axis=-1, keepdims=True)


def block_summaries(x, block):
    blocks = jnp.split(x, [*range(block, len(x), block)])
    return jnp.concatenate([b.cumsum(0) / jnp.arange(1, len(b) + 1)[:, None] for b in blocks])
