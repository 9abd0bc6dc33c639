"""PyTorch's FlexAttention on NumPy's arrays, so that a lesson can put it beside its own. Needs PyTorch; runs on a CPU."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leftcontext.torch_jax.libraries import to_numpy
from leftcontext.torch_jax.mask_mods import MaskMod


def flex(q: Any, k: Any, v: Any, mask_mod: MaskMod | None = None, score_mod: Any = None) -> NDArray[np.floating]:
    """`flex_attention` of q (B, H, T_q, d), k (B, H, T_k, d), v (B, H, T_k, d_v) → (B, H, T_q, d_v).

    What the two functions index must be tensors. It is not compiled, and the warning about that is left out.
    """
    import torch
    from torch.nn.attention.flex_attention import create_block_mask, flex_attention

    tensors = [torch.from_numpy(np.array(x)) for x in (q, k, v)]
    block_mask = None
    if mask_mod is not None:
        sizes = len(q), q.shape[1], q.shape[2], k.shape[2]
        block_mask = create_block_mask(mask_mod, *sizes, device="cpu")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="flex_attention called without torch.compile")
        return to_numpy(flex_attention(*tensors, score_mod=score_mod, block_mask=block_mask))


def block_kinds_in_torch(mask_mod: MaskMod, T: int, size: int) -> NDArray[np.integer]:
    """What `create_block_mask` keeps of a mask: (T / size, T / size) of 0 for an empty block, 1 for a partial, 2 for a full."""
    from torch.nn.attention.flex_attention import create_block_mask

    made = create_block_mask(mask_mod, None, None, T, T, device="cpu", BLOCK_SIZE=size)
    kinds = np.zeros((T // size, T // size), dtype=int)
    for kind, counts, places in (
        (1, made.kv_num_blocks, made.kv_indices),
        (2, made.full_kv_num_blocks, made.full_kv_indices),
    ):
        for row, (count, columns) in enumerate(zip(to_numpy(counts)[0, 0], to_numpy(places)[0, 0], strict=True)):
            kinds[row, columns[:count]] = kind
    return kinds
