"""Finding leaks in JAX: a derivative sees every smooth leak at once, but no step and no plateau."""

import jax
import jax.numpy as jnp


def influence_matrix(attend, Q, K, V):
    by_K, by_V = jax.jacrev(attend, argnums=(1, 2))(Q, K, V)  # (T, d_v, T, d) each
    size = abs(by_K).max(axis=(1, 3)) + abs(by_V).max(axis=(1, 3))  # (T, T)
    return size > 1e-9


def first_leak(attend, Q, K, V):
    leaks = jnp.argwhere(jnp.triu(influence_matrix(attend, Q, K, V), k=1))
    return tuple(leaks[0].tolist()) if len(leaks) else None


def is_causal(f, x):
    size = abs(jax.jacrev(f)(x)).max(axis=(1, 3))  # (T, T)
    return not (jnp.triu(size, k=1) > 1e-9).any()


def find_wrong_entry(attend, allowed, Q, K, V):
    wrong = jnp.argwhere(influence_matrix(attend, Q, K, V) != allowed)
    return tuple(wrong[0].tolist()) if len(wrong) else None


def audit(logits_fn, vocab, T):
    tokens = jnp.arange(T) % vocab
    before = logits_fn(tokens)
    for j in range(1, T):
        changed = tokens.at[j].set((tokens[j] + 1) % vocab)
        if not jnp.allclose(logits_fn(changed)[:j], before[:j], rtol=0, atol=1e-6):  # float32
            return False
    return True
