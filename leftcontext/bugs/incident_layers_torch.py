"""The layers of `incident_layers` in PyTorch: the same parameters, and the calls in which each bug stood.

`twin(layer)` is a module that gives what the layer gives. Axis letters: T position, d width, B batch, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from leftcontext.bugs import incident_layers as numpy_layers
from leftcontext.bugs.incident_layers import FILL, CausalLayer

Cache = tuple[Tensor, Tensor]


class TorchLayer(torch.nn.Module):
    """The layer that is right: rows x (T, d) → outputs (T, d), in one pass or in chunks with a cache."""

    def __init__(self, layer: CausalLayer) -> None:
        super().__init__()
        for name in ("Wq", "Wk", "Wv", "rates"):
            setattr(self, name, torch.nn.Parameter(torch.from_numpy(getattr(layer, name).copy())))

    def forward(self, x: Tensor, fused: bool = True, chunks: Sequence[int] | None = None) -> Tensor:
        """As `CausalLayer.__call__`."""
        if chunks is None:
            return self.step(x, None, fused)[0]
        cache: Cache = (x.new_empty(0, x.shape[1]), x.new_empty(0, x.shape[1]))
        outputs = []
        for rows in x.split(list(chunks)):
            output, cache = self.step(rows, cache, fused)
            outputs.append(output)
        return torch.cat(outputs)

    def step(self, x: Tensor, cache: Cache | None, fused: bool) -> tuple[Tensor, Cache]:
        """As `CausalLayer.step`."""
        seen = 0 if cache is None else len(cache[0])
        Q, K, V = self.project(self.mix(x), seen + torch.arange(len(x)))
        if cache is not None:
            K, V = torch.cat([cache[0], K]), torch.cat([cache[1], V])
        return self.attend(Q, K, V, cache, fused), (K, V)

    def project(self, x: Tensor, positions: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """As `CausalLayer.project`."""
        x = x + torch.sin(positions[:, None] * self.rates)
        return x @ self.Wq, x @ self.Wk, x @ self.Wv

    def mix(self, x: Tensor) -> Tensor:
        """Nothing happens to the rows before the attention."""
        return x

    def attend(self, Q: Tensor, K: Tensor, V: Tensor, cache: Cache | None, fused: bool) -> Tensor:
        """The last queries of the text see the keys up to their own; in the convention of this function, True is visible."""
        allowed = torch.ones(len(Q), len(K), dtype=torch.bool).tril(len(K) - len(Q))
        return F.scaled_dot_product_attention(Q, K, V, attn_mask=allowed)

    def packed(self, x: Tensor, documents: Tensor) -> Tensor:
        """As `CausalLayer.packed`, for documents without padding."""
        starts = torch.cat([torch.ones(1, dtype=torch.bool), documents[1:] != documents[:-1]])
        at = torch.arange(len(x))
        positions = at - torch.where(starts, at, 0).cummax(0).values
        allowed = self.visible(documents) & torch.ones(len(x), len(x), dtype=torch.bool).tril()
        return F.scaled_dot_product_attention(*self.project(x, positions), attn_mask=allowed)

    def visible(self, documents: Tensor) -> Tensor:
        """Only rows of the same document."""
        return documents[:, None] == documents

    def loss(self, logits: Tensor, tokens: Tensor) -> Tensor:
        """As `CausalLayer.loss`."""
        return F.cross_entropy(logits[:, :-1].flatten(0, 1), tokens[:, 1:].flatten())


class EncoderMask(TorchLayer):
    """Incident 1."""

    def attend(self, Q: Tensor, K: Tensor, V: Tensor, cache: Cache | None, fused: bool) -> Tensor:
        """A mask in which everything is visible."""
        return F.scaled_dot_product_attention(Q, K, V, attn_mask=torch.ones(len(Q), len(K), dtype=torch.bool))


class FiniteFill(TorchLayer):
    """Incident 2."""

    def attend(self, Q: Tensor, K: Tensor, V: Tensor, cache: Cache | None, fused: bool) -> Tensor:
        """Hidden scores become FILL."""
        hidden = torch.ones(len(Q), len(K), dtype=torch.bool).triu(1 + len(K) - len(Q))
        scores = (Q @ K.T / Q.shape[1] ** 0.5).masked_fill(hidden, FILL)
        return scores.softmax(-1) @ V


class OtherConvention(TorchLayer):
    """Incident 3."""

    def attend(self, Q: Tensor, K: Tensor, V: Tensor, cache: Cache | None, fused: bool) -> Tensor:
        """True above the diagonal, for a function that takes True for visible."""
        mask = torch.ones(len(Q), len(K)).triu(1 + len(K) - len(Q)).bool()
        return F.scaled_dot_product_attention(Q, K, V, attn_mask=mask)


class MultipliedMask(TorchLayer):
    """Incident 4."""

    def attend(self, Q: Tensor, K: Tensor, V: Tensor, cache: Cache | None, fused: bool) -> Tensor:
        """An additive mask times a triangle of zeros and ones."""
        hidden = torch.ones(len(Q), len(K), dtype=torch.bool).triu(1 + len(K) - len(Q))
        mask = Q.new_zeros(len(Q), len(K)).masked_fill(hidden, torch.finfo(torch.float32).min)
        mask = mask * torch.tril(torch.ones_like(mask), diagonal=len(K) - len(Q) - numpy_layers.MultipliedMask.window)
        return F.scaled_dot_product_attention(Q, K, V, attn_mask=mask)


class OnePathMasked(TorchLayer):
    """Incident 5."""

    def attend(self, Q: Tensor, K: Tensor, V: Tensor, cache: Cache | None, fused: bool) -> Tensor:
        """The fused kernel is causal; the other path has no mask."""
        if fused:
            return super().attend(Q, K, V, cache, fused)
        return (Q @ K.T / Q.shape[1] ** 0.5).softmax(-1) @ V


class WrongCorner(TorchLayer):
    """Incident 6."""

    def attend(self, Q: Tensor, K: Tensor, V: Tensor, cache: Cache | None, fused: bool) -> Tensor:
        """`is_causal` means a triangle that starts at the top left."""
        return F.scaled_dot_product_attention(Q, K, V, is_causal=True)


class NoMaskWithCache(TorchLayer):
    """Incident 7."""

    def attend(self, Q: Tensor, K: Tensor, V: Tensor, cache: Cache | None, fused: bool) -> Tensor:
        """A mask only where there is no cache."""
        scores = Q @ K.T / Q.shape[1] ** 0.5
        if cache is None:
            scores = scores.masked_fill(torch.ones(len(Q), len(K), dtype=torch.bool).triu(1), -torch.inf)
        return scores.softmax(-1) @ V


class PositionsOnly(TorchLayer):
    """Incident 9."""

    def visible(self, documents: Tensor) -> Tensor:
        """All rows, whatever their document."""
        return torch.ones(len(documents), len(documents), dtype=torch.bool)


class ShiftedTwice(TorchLayer):
    """Incident 10."""

    def loss(self, logits: Tensor, tokens: Tensor) -> Tensor:
        """Shifted and flattened, then shifted again."""
        rows, labels = logits[:, :-1].flatten(0, 1), tokens[:, 1:].flatten()
        return F.cross_entropy(rows[:-1], labels[1:])


class SpectralFilter(TorchLayer):
    """Incident 11, third form."""

    def mix(self, x: Tensor) -> Tensor:
        """The spectrum of the padded text, times a response that has a part before time 0."""
        spectrum = torch.fft.rfft(x, n=2 * len(x), dim=0)
        response = torch.exp(1j * torch.arange(len(spectrum), dtype=torch.float64) ** 2)[:, None]
        return torch.fft.irfft(spectrum * response, n=2 * len(x), dim=0)[: len(x)]


TWINS: dict[type[CausalLayer], Any] = {CausalLayer: TorchLayer} | {
    getattr(numpy_layers, sort.__name__): sort
    for sort in (
        EncoderMask, FiniteFill, OtherConvention, MultipliedMask, OnePathMasked, WrongCorner, NoMaskWithCache,
        PositionsOnly, ShiftedTwice, SpectralFilter,
    )
}  # fmt: skip


def twin(layer: CausalLayer) -> TorchLayer:
    """A layer → the module that gives the same. Raises KeyError for a layer without a twin."""
    made: TorchLayer = TWINS[type(layer)](layer)
    return made
