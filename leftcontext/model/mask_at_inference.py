"""Is the mask needed at inference? The same model run with another mask than it was trained with."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from leftcontext.language.language import LITTLE_LANGUAGE
from leftcontext.model.generation import generate_texts, share_legal
from leftcontext.model.training import MASKS, allowed_by
from leftcontext.model.transformer import Transformer


def legal_under(
    model: Transformer, masks: Iterable[str] = MASKS, *, texts: int = 500, seed: int = 0, padded: bool = False
) -> dict[str, float]:
    """The share of generated texts that are legal in every token, for each mask used while generating.

    `padded` as in `generate`: then unwritten positions stand in the window too, and a missing mask shows them.
    """
    T = model.config.context
    generated = {m: generate_texts(model, texts, rng=seed, allowed=allowed_by(m, T), padded=padded) for m in masks}
    return {mask: share_legal(LITTLE_LANGUAGE, tokens) for mask, tokens in generated.items()}


def unmasked_change(model: Transformer, rows: NDArray[np.integer]) -> NDArray[np.float64]:
    """Inputs (B, T) → how far dropping the mask moves the logits of the *last* token, largest over the vocabulary (B,).

    The last token may see everything with the mask too, so its own row of weights stays. Exactly 0 with one layer; from
    two layers on its keys and values come from earlier positions, which now have seen the future.
    """
    masked = model.logits(rows)[:, -1]  # (B, V)
    open_ = model.logits(rows, allowed=True)[:, -1]  # (B, V)
    return np.abs(masked - open_).max(-1).astype(np.float64)
