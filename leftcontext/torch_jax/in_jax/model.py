"""The capstone's transformer in JAX."""

import jax
import jax.numpy as jnp
from jax.example_libraries.optimizers import adam  # in a project: optax.adam
from jax.nn import dot_product_attention

from leftcontext.torch_jax.in_jax.loss import cross_entropy


def mini_gpt_logits(params, tokens):
    p, T = params, tokens.shape[-1]

    def norm(x):
        return x * jax.lax.rsqrt((x**2).mean(axis=-1, keepdims=True) + 1e-5)

    x = p["E"][tokens] + p["P"][:T]
    h = norm(x)
    q, k, v = (jnp.einsum("...tD,hDd->...thd", h, p[W]) for W in ("Wq", "Wk", "Wv"))
    heads = dot_product_attention(q, k, v, is_causal=True)
    x = x + jnp.einsum("...thd,hdD->...tD", heads, p["Wo"])
    x = x + jax.nn.relu(norm(x) @ p["W1"]) @ p["W2"]
    return norm(x) @ p["U"]


def train_mini_gpt(params, batches, steps):
    def rate(t):
        return 0.015 * jnp.minimum((t + 1) / 30, 1) * (1 - 0.95 * (t + 1) / steps)

    def loss(params, rows):
        return cross_entropy(mini_gpt_logits(params, rows[:, :-1]), rows[:, 1:])

    start, update, read = adam(rate, b1=0.9, b2=0.98)

    @jax.jit
    def step(t, state, rows):
        return update(t, jax.grad(loss)(read(state), rows), state)

    state = start(params)
    for t in range(steps):
        state = step(t, state, batches[t % len(batches)])
    return read(state)
