"""Choosing the next token in JAX."""

import jax
import jax.numpy as jnp


def greedy_decode(logits_fn, prompt, n):
    tokens = prompt
    for _ in range(n):
        tokens = jnp.append(tokens, logits_fn(tokens)[-1].argmax())
    return tokens


def sample_token(logits, rng, temperature=1.0, top_k=None):
    if temperature == 0:
        return logits.argmax()
    if top_k is not None and top_k < len(logits):
        least = jax.lax.top_k(logits, top_k)[0][-1]
        logits = jnp.where(logits >= least, logits, -jnp.inf)
    return jax.random.categorical(rng, logits / temperature)  # rng: a key, used once


def nucleus(logits, p):
    probs = jax.nn.softmax(logits)
    order = jnp.argsort(-probs)
    before = jnp.cumsum(probs[order]) - probs[order]
    kept = jnp.where(before < p, probs[order], 0)
    return jnp.zeros_like(probs).at[order].set(kept / kept.sum())
