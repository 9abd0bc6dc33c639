"""Masks and positions of a padded batch in JAX."""

import jax.numpy as jnp


def hf_to_allowed(attention_mask, T_q):
    T_k = attention_mask.shape[1]
    causal = jnp.tri(T_q, T_k, T_k - T_q, dtype=bool)
    return causal & (attention_mask[:, None, None, :] != 0)


def sdpa_mask(attention_mask, T_q):  # it decides by numbers: not under jit
    T_k = attention_mask.shape[1]
    if attention_mask.all() and T_q in (1, T_k):
        return None, T_q > 1
    causal = jnp.tri(T_q, T_k, T_k - T_q, dtype=bool)
    allowed = causal & (attention_mask[:, None, None, :] != 0)
    own = jnp.eye(T_q, T_k, T_k - T_q, dtype=bool)
    return allowed | (own & ~allowed.any(-1, keepdims=True)), False


def position_ids_from(attention_mask, T_q=None):
    position = attention_mask.cumsum(-1) - 1
    position = jnp.where(attention_mask != 0, position, 0)
    return position if T_q is None else position[:, -T_q:]


def dense_mask(mask_mod, B, H, T_q, T_k):
    b, h, q, k = jnp.ogrid[:B, :H, :T_q, :T_k]
    return jnp.broadcast_to(mask_mod(b, h, q, k), (B, H, T_q, T_k))


def self_attention_allowed(is_token, is_decoder):
    B, T = is_token.shape
    allowed = jnp.broadcast_to(is_token[:, None, :], (B, T, T))
    return jnp.tril(allowed) if is_decoder else allowed
