"""A forward pass that keeps what each head does, and in which any of it can be changed: for looking into a model.

It computes what `Transformer.logits` computes, in plain NumPy and float64, one line for each step. What a head writes is
its rows of the output projection: heads add up in the residual stream, so that one of them can be taken out or replaced.

Axis letters: ... texts, T positions, H heads, d width of a head, D width, V vocabulary.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from leftcontext.model.layers import Array, attention_weights, rms_norm
from leftcontext.model.transformer import SHARPNESS, Transformer

Change = Callable[[int, Array], Array]  # (layer, what was computed there) → what to go on with, of the same shape
Head = tuple[int, int]  # (layer, head)
PARTS = ("query", "key", "value")


@dataclass(frozen=True)
class Trace:
    """What a forward pass computed."""

    logits: Array  # (..., T, V)
    weights: list[Array]  # of each layer (..., H, T, T)
    heads: list[Array]  # of each layer (..., H, T, d): weights @ values, after the change, before the output projection
    queries: list[Array]  # of each layer (..., H, T, d)
    keys: list[Array]  # of each layer (..., H, T, d)
    values: list[Array]  # of each layer (..., H, T, d)


def keep(layer: int, computed: Array) -> Array:
    """No change."""
    return computed


def without(*removed: Head) -> Change:
    """A change that takes heads out: their outputs are 0."""

    def change(layer: int, heads: Array) -> Array:
        rest = heads.copy()
        for _, h in (head for head in removed if head[0] == layer):
            rest[..., h, :, :] = 0
        return rest

    return change


def trace(
    model: Transformer,
    tokens: ArrayLike,
    change: Change = keep,
    hidden: Mapping[str, Head] | None = None,
    reweigh: Change = keep,
) -> Trace:
    """Tokens (..., T) → what each head did under the model's own mask.

    `change(layer, heads)` may replace the outputs (..., H, T, d) of a layer's heads, and `reweigh(layer, weights)` its
    attention weights (..., H, T, T). `hidden` names a part of later layers ("query", "key"
    or "value") and a head (layer, head): this part is computed as if the head had written nothing; all else sees it.
    Raises ValueError for another part.
    """
    if unknown := set(hidden or {}) - set(PARTS):
        raise ValueError(f"A part is query, key or value, not {', '.join(sorted(unknown))}.")
    p = {name: array.astype(float) for name, array in model.params.items()}
    tokens = np.asarray(tokens)
    T = tokens.shape[-1]
    x = p["token"][tokens] + p["position"][:T]  # (..., T, D)
    written: dict[Head, Array] = {}
    found = Trace(np.empty(0), [], [], [], [], [])
    for layer in range(model.config.layers):
        inputs = [rms_norm(x - written.get((hidden or {}).get(part, (-1, -1)), 0.0)) for part in PARTS]
        q, k, v = _split_qkv(inputs, p[f"{layer}.qkv"], model.config.heads)
        w = reweigh(layer, attention_weights(q, k, model.allowed[layer][:, :T, :T]))
        heads = change(layer, w @ v)
        kept = (found.weights, found.heads, found.queries, found.keys, found.values)
        for record, computed in zip(kept, (w, heads, q, k, v), strict=True):
            record.append(computed)
        for h, W in enumerate(np.split(p[f"{layer}.merge"], model.config.heads)):  # each (d, D)
            written[layer, h] = heads[..., h, :, :] @ W
            x = x + written[layer, h]
        x = x + np.maximum(rms_norm(x) @ p[f"{layer}.up"], 0) @ p[f"{layer}.down"]
    return replace(found, logits=SHARPNESS * rms_norm(x) @ p["head"])


def _split_qkv(inputs: list[Array], qkv: Array, H: int) -> list[Array]:
    """The inputs of query, key and value, each (..., T, D) → queries, keys and values, each (..., H, T, d)."""
    products = (x @ W for x, W in zip(inputs, np.split(qkv, 3, axis=1), strict=True))
    return [y.reshape(*y.shape[:-1], H, -1).swapaxes(-2, -3) for y in products]
