"""The KV cache in PyTorch."""

import torch
from torch.nn import functional as F
from torch.nn.attention.bias import causal_lower_right


def decode_step(q, k, v, cache):
    K, V = k[None], v[None]
    if cache is not None:
        K, V = torch.concatenate([cache[0], K]), torch.concatenate([cache[1], V])
    # One query, all keys: no mask. is_causal=True would leave it key 0 only.
    return F.scaled_dot_product_attention(q[None], K, V)[0], (K, V)


def cached_attention(Q, K, V, chunk):
    outputs = []
    for q in Q.split(chunk):
        seen = sum(map(len, outputs)) + len(q)
        mask = causal_lower_right(len(q), seen)
        outputs.append(F.scaled_dot_product_attention(q, K[:seen], V[:seen], attn_mask=mask))
    return torch.cat(outputs)


def cached_step(Q, K, V, cache):
    if cache is not None:
        K, V = torch.concatenate([cache[0], K]), torch.concatenate([cache[1], V])
    mask = causal_lower_right(len(Q), len(K))
    return F.scaled_dot_product_attention(Q, K, V, attn_mask=mask), (K, V)
