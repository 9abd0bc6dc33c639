"""A small GPT in PyTorch that somebody hands you with the words "it is causal". Three leaks are planted in it.

Everything else is right. The same model in NumPy is `suspect`. The capstone asks where the leaks are.
Axis letters: B texts, T positions, H heads, d width of a head, D width, V vocabulary.
"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from leftcontext.bugs import suspect
from leftcontext.bugs.suspect import Settings

Cache = tuple[Tensor, Tensor]  # the keys and values of the rows so far, (B, H, T, d) each


class Embedding(nn.Module):
    """Tokens → rows: a vector for each token, and one for each position."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.randn(settings.vocab, settings.width))
        self.position = nn.Parameter(0.3 * torch.randn(settings.context, settings.width))

    def forward(self, tokens: Tensor, start: int = 0) -> Tensor:
        """Tokens (B, T), the first of them at position `start` → rows (B, T, D)."""
        return self.token[tokens] + self.position[start : start + tokens.shape[-1]]


class Norm(nn.Module):
    """Root-mean-square norm with a gain."""

    def __init__(self, settings: Settings, axis: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(settings.width))
        self.axis = axis

    def forward(self, x: Tensor) -> Tensor:
        """Rows (B, T, D) → rows of the same shape."""
        size = (x.square().mean(dim=self.axis, keepdim=True) + 1e-5).sqrt()
        return x / size * self.gain


class Attention(nn.Module):
    """Multi-head attention, in one pass or with a cache."""

    def __init__(self, settings: Settings, layer: int) -> None:
        super().__init__()
        width = settings.width
        self.layer = layer
        self.heads = settings.heads
        self.qkv = nn.Parameter(torch.randn(width, 3 * width) / math.sqrt(width))
        self.out = nn.Parameter(torch.randn(width, width) / math.sqrt(width))

    def forward(self, x: Tensor, cache: Cache | None = None) -> tuple[Tensor, Cache]:
        """Rows (B, T, D) that follow those of the cache → their outputs (B, T, D), and the longer cache."""
        q, k, v = (self.split(part) for part in (x @ self.qkv).chunk(3, dim=-1))  # (B, H, T, d)
        scores, k, v = self.scores(q, k, v, cache)
        weights = scores.softmax(dim=-1)
        return self.merge(weights @ v) @ self.out, (k, v)

    def scores(self, q: Tensor, k: Tensor, v: Tensor, cache: Cache | None) -> tuple[Tensor, Tensor, Tensor]:
        """Scores (B, H, T_q, T_k) of the new queries, hidden ones at -inf; with all keys and values."""
        if cache is not None:
            k = torch.cat([cache[0], k], dim=2)
            v = torch.cat([cache[1], v], dim=2)
        scores = q @ k.mT / math.sqrt(q.shape[-1])
        if cache is None:
            at = torch.arange(q.shape[2], device=q.device)
            allowed = at[:, None] + self.layer >= at
            scores = scores.masked_fill(~allowed, -torch.inf)
        return scores, k, v

    def split(self, x: Tensor) -> Tensor:
        """(B, T, D) → (B, H, T, d)."""
        B, T, D = x.shape
        return x.view(B, T, self.heads, D // self.heads).transpose(1, 2)

    def merge(self, x: Tensor) -> Tensor:
        """(B, H, T, d) → (B, T, D)."""
        return x.transpose(1, 2).flatten(2)


class MLP(nn.Module):
    """One hidden layer, for each row by itself."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        width = settings.width
        self.up = nn.Parameter(torch.randn(width, 4 * width) / math.sqrt(width))
        self.down = nn.Parameter(torch.randn(4 * width, width) / math.sqrt(4 * width))

    def forward(self, x: Tensor) -> Tensor:
        """Rows (B, T, D) → rows of the same shape."""
        return F.relu(x @ self.up) @ self.down


class Block(nn.Module):
    """A norm and an attention, a norm and an MLP, each added to what goes into it."""

    def __init__(self, settings: Settings, layer: int) -> None:
        super().__init__()
        self.attention_norm = Norm(settings, axis=-1)
        self.attention = Attention(settings, layer)
        self.mlp_norm = Norm(settings, axis=-2 if layer == 0 else -1)
        self.mlp = MLP(settings)

    def forward(self, x: Tensor, cache: Cache | None = None) -> tuple[Tensor, Cache]:
        """Rows (B, T, D) → rows of the same shape, and the longer cache."""
        mixed, cache = self.attention(self.attention_norm(x), cache)
        x = x + mixed
        return x + self.mlp(self.mlp_norm(x)), cache


class Suspect(nn.Module):
    """The whole model: tokens (B, T) → logits (B, T, V)."""

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__()
        self.settings = settings = settings or Settings()
        self.embedding = Embedding(settings)
        self.blocks = nn.ModuleList(Block(settings, layer) for layer in range(settings.layers))
        self.norm = Norm(settings, axis=-1)
        self.unembed = nn.Parameter(torch.randn(settings.width, settings.vocab) / math.sqrt(settings.width))

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits (B, T, V) for tokens (B, T), in one pass."""
        return self.step(tokens, None)[0]

    def step(self, tokens: Tensor, caches: list[Cache] | None) -> tuple[Tensor, list[Cache]]:
        """Logits of new tokens (B, t), and the caches with them in it."""
        seen = 0 if caches is None else caches[0][0].shape[2]
        x, longer = self.embedding(tokens, seen), []
        for n, block in enumerate(self.blocks):
            x, cache = block(x, None if caches is None else caches[n])
            longer.append(cache)
        return self.norm(x) @ self.unembed, longer

    def empty_caches(self, texts: int = 1) -> list[Cache]:
        """A cache without rows for each block."""
        shape = (texts, self.settings.heads, 0, self.settings.width // self.settings.heads)
        return [(self.unembed.new_empty(shape), self.unembed.new_empty(shape)) for _ in self.blocks]

    @torch.no_grad()
    def generate(self, prompt: Tensor, n: int) -> list[int]:
        """The prompt (T,) and the n likeliest tokens after it, one after another, with a cache."""
        text = [int(token) for token in prompt]
        logits, caches = self.step(torch.tensor([text]), self.empty_caches())
        for _ in range(n):
            text.append(int(logits[0, -1].argmax()))
            logits, caches = self.step(torch.tensor([text[-1:]]), caches)
        return text

    def loss(self, tokens: Tensor) -> Tensor:
        """Tokens (B, T) → the mean cross-entropy of the next tokens, in nats."""
        return F.cross_entropy(self(tokens[:, :-1]).flatten(0, 1), tokens[:, 1:].flatten())


# What an audit of single parts needs. Nothing below is under suspicion.


def twin(model: suspect.Suspect) -> Suspect:
    """The same model in PyTorch, with the same parameters, in float64."""
    made = Suspect(model.settings).double()
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            value: Any = model
            for step in name.split("."):
                value = value[int(step)] if step.isdigit() else getattr(value, step)
            parameter.copy_(torch.from_numpy(value))
    return made
