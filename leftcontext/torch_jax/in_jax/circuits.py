"""Looking into heads, in JAX."""

import jax
import jax.numpy as jnp


def previous_token_score(weights):
    T = weights.shape[-1]
    return jnp.trace(weights, offset=-1, axis1=-2, axis2=-1) / max(1, T - 1)


def induction_score(weights, tokens):
    earlier = jnp.tril(tokens[:, None] == tokens, k=-1)  # (T, T)
    # What followed: the same table, one column further right.
    target = jnp.roll(earlier, 1, axis=1)  # the last column, which goes round, is False
    return (weights * target).sum(axis=(-2, -1)) / jnp.maximum(1, earlier.any(axis=1).sum())


def ablate_head(heads, Wo, h):
    H, T, d = heads.shape
    return heads.at[h].set(0).swapaxes(0, 1).reshape(T, H * d) @ Wo


def patch(clean, corrupted, finish):
    low, high = finish(corrupted), finish(clean)

    def share(h):
        return (finish(corrupted.at[h].set(clean[h])) - low) / (high - low)

    return jnp.nan_to_num(jax.vmap(share)(jnp.arange(len(clean))))
