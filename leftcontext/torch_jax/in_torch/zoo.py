"""The mask zoo in PyTorch; `create_mask` makes a matrix of what `flex_attention` takes as a function."""

import torch
from torch.nn import functional as F
from torch.nn.attention.flex_attention import create_mask


def padding_allowed(lengths, T):
    # key_padding_mask of nn.MultiheadAttention is its opposite: True at padding.
    return torch.arange(T) < lengths[:, None, None]


def sliding_window_allowed(T, window):
    def mask_mod(b, h, i, j):
        return (j <= i) & (i - j < window)

    return create_mask(mask_mod, None, None, T, T, device="cpu")[0, 0]


def prefix_lm_allowed(T, prefix):
    def mask_mod(b, h, i, j):
        return (j <= i) | (j < prefix)

    return create_mask(mask_mod, None, None, T, T, device="cpu")[0, 0]


def packed_allowed(segment_ids):
    def mask_mod(b, h, i, j):
        return (j <= i) & (segment_ids[i] == segment_ids[j])

    T = len(segment_ids)
    return create_mask(mask_mod, None, None, T, T, device="cpu")[0, 0]


def combine(*allowed):
    return torch.stack(torch.broadcast_tensors(*allowed)).all(dim=0)


def alibi_bias(slopes, T):
    # flex_attention: score_mod = score - slopes[h] * (i - j)
    i = torch.arange(T)
    age = i[:, None] - i
    return (-slopes[:, None, None] * age).masked_fill(age < 0, -torch.inf)


def tree_allowed(parents):
    T = len(parents)
    parent = F.one_hot(parents + 1, T + 1)[:, 1:].double()  # a root's row is 0
    # I + P + P² + ...: oneself, the parent, its parent, ...
    return torch.linalg.inv(torch.eye(T).double() - parent) > 0.5


def alibi_slopes(heads):
    n = 2 ** (heads.bit_length() - 1)
    between = torch.arange(heads - n) + 0.5  # the slopes that 2 n heads have between those of n
    return torch.exp2(-8 / n * torch.cat([torch.arange(1, n + 1), between]).double())


def packed_inputs(documents):
    same = (documents[:, None] == documents) & (documents >= 0)
    allowed = same.tril()
    return (allowed.sum(1) - 1).clamp(min=0), allowed
