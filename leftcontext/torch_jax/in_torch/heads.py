"""Heads in PyTorch."""

import torch


def split_heads(x, n_heads):
    return x.unflatten(-1, (n_heads, -1)).transpose(-2, -3)


def merge_heads(x):
    return x.transpose(-2, -3).flatten(-2)


def multi_head_causal_attention(x, Wq, Wk, Wv, Wo, n_heads):
    T, D = x.shape[-2:]  # x: (T, D) or (B, T, D)
    options = {"bias": False, "batch_first": True, "dtype": x.dtype}
    layer = torch.nn.MultiheadAttention(D, n_heads, **options)
    # A Linear layer keeps W transposed.
    inward = torch.cat([Wq, Wk, Wv], dim=1).T
    layer.load_state_dict({"in_proj_weight": inward, "out_proj.weight": Wo.T})
    future = torch.ones(T, T, dtype=torch.bool).triu(1)  # True: blocked
    return layer(x, x, x, attn_mask=future, need_weights=False)[0]
