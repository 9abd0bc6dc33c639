"""What PyTorch's `scaled_dot_product_attention` computes, in NumPy: the same arguments, the same surprises.

It stands in for PyTorch where that is not installed. The tests hold it to PyTorch 2.13 on a CPU.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leftcontext.torch_jax.libraries import TORCH

Floats = NDArray[np.floating]


def sdpa(
    q: ArrayLike, k: ArrayLike, v: ArrayLike, attn_mask: ArrayLike | None = None, is_causal: bool = False
) -> Floats:
    """(..., T_q, d), (..., T_k, d), (..., T_k, d_v) → (..., T_q, d_v): by PyTorch where it is installed, else by NumPy.

    A boolean `attn_mask` says where a query may attend, a float one is added to the scores, any other dtype is a
    RuntimeError (in NumPy a TypeError). `is_causal` is aligned at the top left.
    """
    query, key, value = (np.asarray(x) for x in (q, k, v))
    mask = None if attn_mask is None else np.asarray(attn_mask)
    if not TORCH.installed:
        return in_numpy(query, key, value, mask, is_causal)
    import torch

    tensors: list[Any] = [None if x is None else torch.from_numpy(x.copy()) for x in (query, key, value, mask)]
    return torch.nn.functional.scaled_dot_product_attention(*tensors, is_causal=is_causal).numpy()


def in_numpy(q: Floats, k: Floats, v: Floats, attn_mask: NDArray[Any] | None = None, is_causal: bool = False) -> Floats:
    """The same without PyTorch. Raises TypeError for a mask of another dtype than bool or that of `q`."""
    scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1], dtype=q.dtype)  # (..., T_q, T_k)
    if is_causal:
        scores = np.where(np.tri(scores.shape[-2], scores.shape[-1], dtype=np.bool_), scores, -np.inf)
    if attn_mask is not None:
        if attn_mask.dtype not in (bool, q.dtype):
            raise TypeError(f"Expected attn_mask dtype to be bool or to match query dtype, but got {attn_mask.dtype}.")
        scores = np.where(attn_mask, scores, -np.inf) if attn_mask.dtype == bool else scores + attn_mask
    top = scores.max(axis=-1, keepdims=True)
    weights = np.exp(scores - np.where(np.isneginf(top), 0, top))
    total = weights.sum(axis=-1, keepdims=True)
    weights = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)  # nothing allowed: zeros
    return (weights @ v).astype(q.dtype)
