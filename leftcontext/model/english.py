"""A little model of real English, trained under each mask: how large it is, how it was trained, and its shipped weights.

`tools/train_english.py` trains it again and measures what stands in `leftcontext/model/english_weights/table.json`.
A weight is shipped as one signed byte, and each row of a matrix has a factor: the largest weight of the row over 127.
"""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from leftcontext.language.english import SYMBOLS, decode, encode
from leftcontext.model.cached import CachedReader
from leftcontext.model.generation import choose
from leftcontext.model.layers import Array
from leftcontext.model.training import Schedule, allowed_by
from leftcontext.model.transformer import Config, Transformer

ENGLISH_MODEL = Config(vocab=len(SYMBOLS), context=96, width=80, heads=4, layers=3, hidden=240)  # 209,920 parameters
ENGLISH_SCHEDULES = {  # a model that copies what it should predict has learned that long before the end
    "causal": Schedule(steps=8_000, batch=16, rate=1e-2, warm_up=200),
    "one_ahead": Schedule(steps=3_000, batch=16, rate=1e-2, warm_up=200),
    "none": Schedule(steps=3_000, batch=16, rate=1e-2, warm_up=200),
}
FOLDER = Path(__file__).resolve().with_name("english_weights")
LARGEST = 127  # of a signed byte, so that 0 stays 0


def english_model(mask: str = "causal", dtype: DTypeLike = np.float32) -> Transformer:
    """The model that was trained under a mask: "causal", "one_ahead" or "none"."""
    model = Transformer(ENGLISH_MODEL, allowed=allowed_by(mask, ENGLISH_MODEL.context), dtype=dtype)
    unpack(model, *packed(mask))
    return model


@cache
def packed(mask: str) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """The shipped bytes (parameters,) and factors (rows of all matrices,) of a model."""
    allowed_by(mask, 1)  # refuses a mask that has no name
    with np.load(FOLDER / f"{mask}.npz") as file:
        return file["bytes"], file["factors"]


@cache
def table() -> dict[str, Any]:
    """What `tools/train_english.py` has measured on the shipped weights."""
    measured: dict[str, Any] = json.loads((FOLDER / "table.json").read_text(encoding="utf-8"))
    return measured


def pack(model: Transformer) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """The parameters as bytes (parameters,) and one factor for each row of each matrix (rows,)."""
    factors = [np.abs(w).max(axis=1) / LARGEST for w in model.params.values()]
    rounded = [np.rint(w / f[:, None]).ravel() for w, f in zip(model.params.values(), factors, strict=True)]
    return np.concatenate(rounded).astype(np.int8), np.concatenate(factors).astype(np.float32)


def unpack(model: Transformer, numbers: NDArray[np.int8], factors: NDArray[np.float32]) -> None:
    """Set the parameters of a model to packed ones, which have 32 bits whatever the model computes with."""
    row = at = 0
    for w in model.params.values():
        bytes_of_w = numbers[at : at + w.size].reshape(w.shape)
        w[:] = bytes_of_w * factors[row : row + len(w), None]
        row, at = row + len(w), at + w.size


def write(
    model: Transformer, prompt: str, characters: int, *, temperature: float = 1.0, seed: int = 0, allowed: str | None = None
) -> str:
    """What a model writes after a prompt: `characters` of them, under its own mask or the one named by `allowed`.

    Where the window is full, the model goes on from its second half. A mask that sees the future reads everything again
    for each character; a causal one keeps keys and values.
    """
    T, rng = model.config.context, np.random.default_rng(seed)
    mask = model.allowed if allowed is None else allowed_by(allowed, T)
    logits_of = _again(model, mask) if np.triu(mask, 1).any() else _cached(model)
    window, text = [0, *encode(prompt)][-T:], []
    for _ in range(characters):
        if len(window) > T:
            window = window[-T // 2 :]
        token = int(choose(logits_of(window), rng, temperature))
        text.append(token)
        window.append(token)
    return decode(text)


def _again(model: Transformer, mask: NDArray[np.bool_]) -> Callable[[list[int]], Array]:
    """Tokens (t,) → logits of the next one (V,); everything is computed again each time."""
    other = Transformer(model.config, allowed=mask)
    other.theta[:] = model.theta
    return lambda window: other.logits(window)[-1]


def _cached(model: Transformer) -> Callable[[list[int]], Array]:
    """The same under a causal mask, where a window that has grown only needs its new tokens read."""
    reader = CachedReader(model)

    def logits_of(window: list[int]) -> Array:
        nonlocal reader
        if len(window) <= len(reader):  # another window
            reader = CachedReader(model)
        return reader.read(window[len(reader) :])[-1]

    return logits_of
