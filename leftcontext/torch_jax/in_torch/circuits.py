"""Looking into heads, in PyTorch."""

import torch


def previous_token_score(weights):
    T = weights.shape[-1]
    return weights.diagonal(offset=-1, dim1=-2, dim2=-1).sum(dim=-1) / max(1, T - 1)


def induction_score(weights, tokens):
    earlier = torch.tril(tokens[:, None] == tokens, diagonal=-1)  # (T, T)
    # What followed: the same table, one column further right.
    target = torch.nn.functional.pad(earlier, (1, 0))[:, :-1]
    return (weights * target).sum(dim=(-2, -1)) / earlier.any(dim=1).sum().clamp(min=1)


def ablate_head(heads, Wo, h):
    # In a model: a forward pre-hook of the output projection, which gets the merged heads.
    keep = (torch.arange(len(heads)) != h)[:, None, None]
    return (heads * keep).transpose(0, 1).flatten(1) @ Wo


def patch(clean, corrupted, finish):
    low, high = finish(corrupted), finish(clean)
    shares = []
    for h in range(len(clean)):
        patched = corrupted.clone()
        patched[h] = clean[h]
        shares.append((finish(patched) - low) / (high - low))
    return torch.nan_to_num(torch.stack(shares), nan=0.0)
