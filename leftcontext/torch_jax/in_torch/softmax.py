"""Softmax and masked softmax in PyTorch."""

import torch
from torch.nn import functional as F


def softmax(x, axis=-1):
    return torch.softmax(x, dim=axis)


def log_softmax(x, axis=-1):
    return torch.log_softmax(x, dim=axis)


def causal_weights(scores):
    T = scores.shape[-1]
    future = torch.ones(T, T, dtype=torch.bool).triu(1)
    return scores.masked_fill(future, -torch.inf).softmax(dim=-1)


def masked_softmax(scores, allowed):
    weights = scores.masked_fill(~allowed, -torch.inf).softmax(dim=-1)
    return weights.nan_to_num()  # a row with nothing allowed is NaN otherwise


def mask_after_softmax(weights, allowed):
    # The default eps, 1e-12, would swallow a row of which little is left.
    return F.normalize(weights * allowed, p=1, dim=-1, eps=torch.finfo(weights.dtype).tiny)


def filled_weights(scores, allowed):
    return scores.masked_fill(~allowed, -torch.inf).softmax(dim=-1)
