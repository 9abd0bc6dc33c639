"""Layers that are causal without attention, in JAX."""

import jax
import jax.numpy as jnp


def causal_conv1d(x, kernel):
    # jnp.convolve turns the kernel around, as NumPy's does; jax.lax.conv does not.
    return jax.vmap(lambda column: jnp.convolve(column, kernel)[: len(x)], 1, 1)(x)


def causal_pool(x, stride):
    T, d = x.shape
    blocks = x[: T // stride * stride].reshape(-1, stride, d)
    waiting = jnp.zeros((stride - 1, d))
    return jnp.concatenate([waiting, jnp.repeat(blocks.mean(axis=1), stride, axis=0)])[:T]


def fft_causal_conv(x, kernel):
    n = len(x) + len(kernel) - 1
    product = jnp.fft.rfft(x, n, axis=0) * jnp.fft.rfft(kernel, n)[:, None]
    return jnp.fft.irfft(product, n, axis=0)[: len(x)]


def running_norm(x, eps):
    seen = jnp.tri(len(x), dtype=bool)[:, :, None]  # (T, T, 1): row t sees rows 0 to t
    rows = jnp.broadcast_to(x, (len(x), *x.shape))  # (T, T, d)
    mean = rows.mean(axis=(1, 2), where=seen)[:, None]
    variance = rows.var(axis=(1, 2), where=seen)[:, None]
    return (x - mean) / jnp.sqrt(variance + eps)


def route_tokens(logits, k, capacity):
    best, experts = jax.lax.top_k(logits, k)
    chosen = jax.nn.one_hot(experts, logits.shape[1])  # (T, k, E)
    weights = jax.nn.softmax(best)[:, None] @ chosen  # (T, 1, E)
    return weights[:, 0] * (chosen.sum(axis=1).cumsum(axis=0) <= capacity)


def chunked_scan(a, b, chunk):
    # In no fixed chunks: pairs of neighbours are joined, then pairs of pairs.
    def join(earlier, later):
        return earlier[0] * later[0], later[0] * earlier[1] + later[1]

    return jax.lax.associative_scan(join, (a, b))[1]
