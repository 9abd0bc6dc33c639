"""Scores and attention in PyTorch."""

import math

import torch
from torch.nn import functional as F


def query_key_score(q, k):
    return torch.dot(q, k) / math.sqrt(len(q))


def attention_scores(Q, K):
    return Q @ K.mT / math.sqrt(Q.shape[-1])


def attend_one(q, K, V):
    return F.scaled_dot_product_attention(q[None], K, V)[0]


def causal_output_at(Q, K, V, i):
    # No mask: what is not handed over can't be seen.
    seen = slice(i + 1)
    return F.scaled_dot_product_attention(Q[i, None], K[seen], V[seen])[0]


def causal_attention(Q, K, V):
    return F.scaled_dot_product_attention(Q, K, V, is_causal=True)


def attention_layer(Q, K, V, is_causal, with_weights):
    if not with_weights:  # the fused kernels return no weights
        return F.scaled_dot_product_attention(Q, K, V, is_causal=is_causal), None
    scores = Q @ K.mT / math.sqrt(Q.shape[-1])
    if is_causal:
        future = torch.ones_like(scores, dtype=torch.bool).triu(1)
        scores = scores.masked_fill(future, -torch.inf)
    weights = scores.softmax(dim=-1)
    return weights @ V, weights


def repair_1(Q, K, V):
    return F.scaled_dot_product_attention(Q, K, V, is_causal=True)


repair_2 = repair_3 = repair_4 = repair_1
repair_5 = repair_6 = repair_7 = repair_two = repair_1
