"""Heads in JAX."""

from jax.nn import dot_product_attention


def split_heads(x, n_heads):
    return x.reshape(*x.shape[:-1], n_heads, -1).swapaxes(-2, -3)


def merge_heads(x):
    x = x.swapaxes(-2, -3)
    return x.reshape(*x.shape[:-2], -1)


def multi_head_causal_attention(x, Wq, Wk, Wv, Wo, n_heads):
    def split(y):
        return y.reshape(*y.shape[:-1], n_heads, -1)  # (B, T, H, d) is JAX's own order

    q, k, v = split(x @ Wq), split(x @ Wk), split(x @ Wv)
    heads = dot_product_attention(q, k, v, is_causal=True)
    return heads.reshape(x.shape) @ Wo
