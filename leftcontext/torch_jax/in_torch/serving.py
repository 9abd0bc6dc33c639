"""Serving in PyTorch."""

import torch
from torch.nn import functional as F


def cache_bytes(layers, kv_heads, head_dim, tokens, bytes_per_number):
    # A tensor on "meta" has a shape and no memory.
    numbers = torch.empty(layers, 2, kv_heads, tokens, head_dim, device="meta").numel()
    return numbers * bytes_per_number


def repeat_kv(x, groups):
    # x.repeat would let the heads take turns: 0, 1, 0, 1.
    return x.repeat_interleave(groups, dim=-3)


def grouped_query_attention(Q, K, V):
    # No repeat_kv: enable_gqa lets neighbouring query heads share.
    return F.scaled_dot_product_attention(Q, K, V, is_causal=True, enable_gqa=True)


def sink_window_allowed(T, sinks, window):
    # flex_attention takes the same rule as its mask_mod(b, h, i, j).
    i, j = torch.arange(T)[:, None], torch.arange(T)
    return (j <= i) & ((j < sinks) | (i - j < window))


def paged_gather(pages, table, length):
    t = torch.arange(length)
    page = pages.shape[1]
    return pages[table[t // page].long(), t % page]


def paged_attention(pages, table, lengths, q):
    page, outputs = pages.shape[2], []
    for b, length in enumerate(lengths.tolist()):
        t = torch.arange(length)
        K, V = pages[:, table[b, t // page].long(), t % page]
        outputs.append(F.scaled_dot_product_attention(q[b : b + 1], K, V))
    return torch.cat(outputs)


def verify_draft(p, q, draft, rng):
    n, token = len(draft), draft[:, None]
    ratio = p[:n].gather(1, token) / q.gather(1, token)
    accepted = torch.rand(n, generator=rng) < ratio[:, 0]  # rng: a torch.Generator
    kept = int(accepted.long().cumprod(dim=0).sum())
    last = p[n] if kept == n else (p[kept] - q[kept]).clamp(min=0)
    return torch.cat([draft[:kept], torch.multinomial(last, 1, generator=rng)])


def tree_positions(parents):
    T = len(parents)
    parent = F.one_hot(parents.long() + 1, T + 1)[:, 1:].double()  # a root's row is 0
    # P + P² + ...: one for each ancestor.
    ancestors = torch.linalg.inv(torch.eye(T).double() - parent).sum(dim=1) - 1
    return ancestors.round().long()
