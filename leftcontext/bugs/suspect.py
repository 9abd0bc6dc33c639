"""A small GPT in NumPy that somebody hands you with the words "it is causal". Three leaks are planted in it.

Everything else is right. The same model in PyTorch is `suspect_torch`. The capstone asks where the leaks are.
Axis letters: B texts, T positions, H heads, d width of a head, D width, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Ints = NDArray[np.integer]
Cache = tuple[Array, Array]  # the keys and values of the rows so far, (B, H, T, d) each


@dataclass(frozen=True)
class Settings:
    """The size of the model, and the seed of its parameters."""

    vocab: int = 16
    context: int = 96
    width: int = 4
    heads: int = 2
    layers: int = 2
    seed: int = 0


class Embedding:
    """Tokens → rows: a vector for each token, and one for each position."""

    def __init__(self, settings: Settings, rng: np.random.Generator) -> None:
        self.token = rng.normal(size=(settings.vocab, settings.width))
        self.position = 0.3 * rng.normal(size=(settings.context, settings.width))

    def __call__(self, tokens: Ints, start: int = 0) -> Array:
        """Tokens (B, T), the first of them at position `start` → rows (B, T, D)."""
        rows: Array = self.token[tokens] + self.position[start : start + tokens.shape[-1]]
        return rows


class Norm:
    """Root-mean-square norm with a gain."""

    def __init__(self, settings: Settings, axis: int) -> None:
        self.gain = np.ones(settings.width)
        self.axis = axis

    def __call__(self, x: Array) -> Array:
        """Rows (B, T, D) → rows of the same shape."""
        size = np.sqrt((x**2).mean(axis=self.axis, keepdims=True) + 1e-5)
        return x / size * self.gain


class Attention:
    """Multi-head attention, in one pass or with a cache."""

    def __init__(self, settings: Settings, layer: int, rng: np.random.Generator) -> None:
        width = settings.width
        self.layer = layer
        self.heads = settings.heads
        self.qkv = rng.normal(size=(width, 3 * width)) / np.sqrt(width)
        self.out = rng.normal(size=(width, width)) / np.sqrt(width)

    def __call__(self, x: Array, cache: Cache | None = None) -> tuple[Array, Cache]:
        """Rows (B, T, D) that follow those of the cache → their outputs (B, T, D), and the longer cache."""
        q, k, v = (self.split(part) for part in np.split(x @ self.qkv, 3, axis=-1))  # (B, H, T, d)
        scores, k, v = self.scores(q, k, v, cache)
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights /= weights.sum(axis=-1, keepdims=True)
        return self.merge(weights @ v) @ self.out, (k, v)

    def scores(self, q: Array, k: Array, v: Array, cache: Cache | None) -> tuple[Array, Array, Array]:
        """Scores (B, H, T_q, T_k) of the new queries, hidden ones at -inf; with all keys and values."""
        if cache is not None:
            k = np.concatenate([cache[0], k], axis=2)
            v = np.concatenate([cache[1], v], axis=2)
        scores = q @ k.mT / np.sqrt(q.shape[-1])
        if cache is None:
            T = q.shape[2]
            allowed = np.arange(T)[:, None] + self.layer >= np.arange(T)
            scores = np.where(allowed, scores, -np.inf)
        return scores, k, v

    def split(self, x: Array) -> Array:
        """(B, T, D) → (B, H, T, d)."""
        B, T, D = x.shape
        return x.reshape(B, T, self.heads, D // self.heads).swapaxes(1, 2)

    def merge(self, x: Array) -> Array:
        """(B, H, T, d) → (B, T, D)."""
        B, H, T, d = x.shape
        return x.swapaxes(1, 2).reshape(B, T, H * d)


class MLP:
    """One hidden layer, for each row by itself."""

    def __init__(self, settings: Settings, rng: np.random.Generator) -> None:
        width = settings.width
        self.up = rng.normal(size=(width, 4 * width)) / np.sqrt(width)
        self.down = rng.normal(size=(4 * width, width)) / np.sqrt(4 * width)

    def __call__(self, x: Array) -> Array:
        """Rows (B, T, D) → rows of the same shape."""
        return np.maximum(x @ self.up, 0) @ self.down


class Block:
    """A norm and an attention, a norm and an MLP, each added to what goes into it."""

    def __init__(self, settings: Settings, layer: int, rng: np.random.Generator) -> None:
        self.attention_norm = Norm(settings, axis=-1)
        self.attention = Attention(settings, layer, rng)
        self.mlp_norm = Norm(settings, axis=-2 if layer == 0 else -1)
        self.mlp = MLP(settings, rng)

    def __call__(self, x: Array, cache: Cache | None = None) -> tuple[Array, Cache]:
        """Rows (B, T, D) → rows of the same shape, and the longer cache."""
        mixed, cache = self.attention(self.attention_norm(x), cache)
        x = x + mixed
        return x + self.mlp(self.mlp_norm(x)), cache


class Suspect:
    """The whole model: tokens (B, T) → logits (B, T, V)."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings = settings or Settings()
        rng = np.random.default_rng(settings.seed)
        self.embedding = Embedding(settings, rng)
        self.blocks = [Block(settings, layer, rng) for layer in range(settings.layers)]
        self.norm = Norm(settings, axis=-1)
        self.unembed = rng.normal(size=(settings.width, settings.vocab)) / np.sqrt(settings.width)

    def __call__(self, tokens: Ints) -> Array:
        """Logits (B, T, V) for tokens (B, T), in one pass."""
        return self.step(tokens, None)[0]

    def step(self, tokens: Ints, caches: list[Cache] | None) -> tuple[Array, list[Cache]]:
        """Logits of new tokens (B, t), and the caches with them in it."""
        seen = 0 if caches is None else caches[0][0].shape[2]
        x, longer = self.embedding(np.asarray(tokens), seen), []
        for n, block in enumerate(self.blocks):
            x, cache = block(x, None if caches is None else caches[n])
            longer.append(cache)
        return self.norm(x) @ self.unembed, longer

    def empty_caches(self, texts: int = 1) -> list[Cache]:
        """A cache without rows for each block."""
        shape = (texts, self.settings.heads, 0, self.settings.width // self.settings.heads)
        return [(np.empty(shape), np.empty(shape)) for _ in self.blocks]

    def generate(self, prompt: Ints, n: int) -> list[int]:
        """The prompt (T,) and the n likeliest tokens after it, one after another, with a cache."""
        text = [int(token) for token in prompt]
        logits, caches = self.step(np.array([text]), self.empty_caches())
        for _ in range(n):
            text.append(int(logits[0, -1].argmax()))
            logits, caches = self.step(np.array([text[-1:]]), caches)
        return text

    def loss(self, tokens: Ints) -> float:
        """Tokens (B, T) → the mean cross-entropy of the next tokens, in nats."""
        logits, targets = self(tokens[:, :-1]), tokens[:, 1:]
        log_p = logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)
        return float(-np.take_along_axis(log_p, targets[..., None], axis=-1).mean())


# What an audit of single parts needs. Nothing below is under suspicion.

PARTS = (
    "attention_norm 0", "attention 0", "mlp_norm 0", "mlp 0",
    "attention_norm 1", "attention 1", "mlp_norm 1", "mlp 1", "norm",
)  # fmt: skip


KINDS: dict[int, str] = {
    0: "nothing of a later row comes through",
    1: "the mask shows keys after the query's own",
    2: "a norm runs over time",
    3: "with a cache there is no mask",
    4: "a mean over time is subtracted",
    5: "the rows of a block are mixed",
}


def run_part(model: Any, name: str, x: Array, chunks: Sequence[int] | None = None) -> Array:
    """One part of the model alone: rows (T, D) → its outputs (T, D); with `chunks`, in pieces, through its cache."""
    part_name, _, number = name.partition(" ")
    part = getattr(model.blocks[int(number)] if number else model, part_name)
    rows, cache = np.asarray(x, dtype=float), None
    pieces = [rows] if chunks is None else np.split(rows, np.cumsum(chunks)[:-1])
    if chunks is not None and part_name == "attention":
        cache = model.empty_caches()[0]
    outputs = []
    for piece in pieces:
        output = part(_like(model, piece[None]), *([cache] if part_name == "attention" else []))
        if part_name == "attention":
            output, cache = output[0], output[1] if chunks is not None else None
        outputs.append(_plain(output)[0])
    return np.concatenate(outputs)


def _like(model: Any, rows: Array) -> Any:
    """Rows as the model takes them."""
    return rows if isinstance(model, Suspect) else model.unembed.new_tensor(rows)


def _plain(output: Any) -> Array:
    return output if isinstance(output, np.ndarray) else output.detach().numpy()


def load(settings: Settings | None = None) -> tuple[Any, str]:
    """The suspect and the name of its library: PyTorch where that is installed, otherwise NumPy."""
    try:
        from leftcontext.bugs import suspect_torch
    except ImportError:
        return Suspect(settings), "NumPy"
    return suspect_torch.twin(Suspect(settings)), "PyTorch"
