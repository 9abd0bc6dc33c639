"""Attention with less memory or less work in PyTorch."""

import torch
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel


def online_softmax_update(state, scores, values):
    m, l, acc = (-torch.inf, 0.0, 0.0) if state is None else state
    new_m = scores.max().clamp(min=m)
    shrink, e = torch.exp(m - new_m), torch.exp(scores - new_m)
    return new_m, l * shrink + e.sum(), acc * shrink + e @ values


def blockwise_causal_attention(Q, K, V, block):
    # (B, H, T, d) and d_v = d. The size of the blocks is the kernel's own affair.
    with sdpa_kernel(SDPBackend.FLASH_ATTENTION):
        return F.scaled_dot_product_attention(Q, K, V, is_causal=True)


def causal_linear_attention(Q, K, V):
    q, k = (torch.where(x > 0, x + 1, x.clamp(max=0).exp()) for x in (Q, K))  # elu(x) + 1 loses digits far below 0
    sums = (k[..., None] * V[..., None, :]).cumsum(dim=-3)  # (..., T, d, d_v)
    above = torch.einsum("...td,...tdv->...tv", q, sums)
    return above / (q * k.cumsum(dim=-2)).sum(dim=-1, keepdim=True)


def block_summaries(x, block):
    blocks = x.split(block)
    return torch.cat([b.cumsum(0) / torch.arange(1, len(b) + 1)[:, None] for b in blocks])
