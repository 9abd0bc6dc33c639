"""Scores and attention in JAX."""

import jax.numpy as jnp
from jax.nn import dot_product_attention, softmax


def query_key_score(q, k):
    return jnp.vdot(q, k) / jnp.sqrt(len(q))


def attention_scores(Q, K):
    return Q @ K.mT / jnp.sqrt(Q.shape[-1])


def attend_one(q, K, V):
    # (T, H, d): one head, so axis H has size 1; d_v must equal d.
    return dot_product_attention(q[None, None], K[:, None], V[:, None])[0, 0]


def causal_output_at(Q, K, V, i):
    # No mask: what is not handed over can't be seen.
    seen = slice(i + 1)
    return dot_product_attention(Q[i, None, None], K[seen, None], V[seen, None])[0, 0]


def causal_attention(Q, K, V):
    # (B, H, T, d) -> (B, T, H, d), with d_v = d
    q, k, v = (x.swapaxes(-2, -3) for x in (Q, K, V))
    return dot_product_attention(q, k, v, is_causal=True).swapaxes(-2, -3)


def attention_layer(Q, K, V, is_causal, with_weights):
    # dot_product_attention returns no weights, so one path is written here.
    T, d = Q.shape[-2:]
    allowed = jnp.tri(T, dtype=bool) if is_causal else True
    scores = jnp.where(allowed, Q @ K.mT / jnp.sqrt(d), -jnp.inf)
    weights = softmax(scores)
    return weights @ V, weights if with_weights else None


def repair_1(Q, K, V):
    q, k, v = (x[:, None] for x in (Q, K, V))  # (T, 1, d)
    return dot_product_attention(q, k, v, is_causal=True)[:, 0]


repair_2 = repair_3 = repair_4 = repair_1
repair_5 = repair_6 = repair_7 = repair_two = repair_1
