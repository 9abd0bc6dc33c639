"""Masks and their conventions in PyTorch."""

import torch


def future_pairs(T):
    return torch.triu_indices(T, T, offset=1).T


def weight_pattern():
    return torch.ones(4, 4).tril()


def causal_allowed(T):
    return torch.ones(T, T, dtype=torch.bool).tril()


def causal_mask(T):
    return torch.nn.Transformer.generate_square_subsequent_mask(T)


def apply_mask(scores, mask):
    return scores + mask


def convert_mask(mask, source, target):
    blocked = {"blocked": mask == 1, "additive": mask < 0}.get(source, mask == 0)
    zeros = torch.zeros(mask.shape)
    return {
        "allowed": ~blocked,  # F.scaled_dot_product_attention
        "blocked": blocked,  # nn.MultiheadAttention
        "additive": zeros.masked_fill(blocked, -torch.inf),  # both
        "multiplicative": (~blocked).float(),
    }[target]


def finite_causal_mask(T, dtype):
    lowest = torch.finfo(dtype).min
    return torch.full((T, T), lowest, dtype=dtype).triu(1)


def causal_allowed_between(T_q, T_k):
    # as attn_mask, causal_lower_right(T_q, T_k) is the same
    return torch.ones(T_q, T_k, dtype=torch.bool).tril(T_k - T_q)


def window_mask(mask, window):
    T = mask.shape[-1]
    too_old = torch.ones(T, T, dtype=torch.bool).tril(-window)
    return torch.zeros(mask.shape).masked_fill((mask < 0) | too_old, -torch.inf)


def visible_keys(mask):
    # what attn_mask of scaled_dot_product_attention takes, and key_padding_mask does not
    return mask == 0
