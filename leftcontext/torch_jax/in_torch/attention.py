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


def fix_off_by_one(Q, K, V):
    return F.scaled_dot_product_attention(Q, K, V, is_causal=True)


fix_transposed = fix_mask_after_softmax = fix_softmax_axis = fix_off_by_one
fix_scale = fix_zero_fill = fix_in_place = fix_two_bugs = fix_off_by_one
