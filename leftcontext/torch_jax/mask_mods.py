"""Masks as functions: a `mask_mod(b, h, q, k)` says whether query q may attend to key k, in text b and head h.

Comparisons, indexing, & and | alone: the same functions run on integers, on NumPy's arrays, on PyTorch's tensors (then the
data that they index is a tensor too) and in JAX. The indices may be arrays that broadcast.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

MaskMod = Callable[[Any, Any, Any, Any], Any]


def causal_mod(b: Any, h: Any, q: Any, k: Any) -> Any:
    """True where the key does not lie in the future."""
    return k <= q


def padding_mod(lengths: Any) -> MaskMod:
    """lengths (B,) of texts that are padded on the right → True where the key is a real token."""
    return lambda b, h, q, k: k < lengths[b]


def sliding_window_mod(window: Any) -> MaskMod:
    """True where 0 <= q - k < window."""
    return lambda b, h, q, k: (k <= q) & (q - k < window)


def document_mod(document_ids: Any) -> MaskMod:
    """document_ids (B, T) → causal, and within one document."""
    return lambda b, h, q, k: (k <= q) & (document_ids[b, q] == document_ids[b, k])


def prefix_mod(prefix: Any) -> MaskMod:
    """prefix (B,) → causal, and the first keys of each text visible to all its queries."""
    return lambda b, h, q, k: (k <= q) | (k < prefix[b])


def and_mods(*mods: MaskMod) -> MaskMod:
    """True where all of them are."""

    def mask_mod(b: Any, h: Any, q: Any, k: Any) -> Any:
        allowed: Any = True
        for mod in mods:
            allowed = allowed & mod(b, h, q, k)
        return allowed

    return mask_mod


def dense_mask(mask_mod: MaskMod, B: int, H: int, T_q: int, T_k: int) -> NDArray[np.bool_]:
    """(B, H, T_q, T_k): what a mask_mod says of every pair; queries and keys are counted from 0."""
    return np.broadcast_to(mask_mod(*np.ogrid[:B, :H, :T_q, :T_k]), (B, H, T_q, T_k))


def block_kinds(mask_mod: MaskMod, T: int, size: int) -> NDArray[np.integer]:
    """(T / size, T / size): 0 where no cell of a block is allowed, 1 where some are, 2 where all are. `size` divides T."""
    n = T // size
    cells = dense_mask(mask_mod, 1, 1, T, T).reshape(n, size, n, size)
    return cells.any(axis=(1, 3)).astype(int) + cells.all(axis=(1, 3))
