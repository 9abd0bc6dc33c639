"""The bugs of eleven public incidents, each in a causal attention layer of a few lines; all else in the layer is right.

A layer maps rows x (T, d) to outputs (T, d), in one pass or in chunks with a cache. What broke in an incident is one
method of `CausalLayer`; the class of the incident replaces that method and nothing else, so its code is the difference.
Axis letters: T position, d width, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Bool = NDArray[np.bool_]
Ints = NDArray[np.intp]
Cache = tuple[Array, Array]  # the keys and values of all rows so far, (T_so_far, d) each

WIDTH = 4
FILL = -1e4  # what stood over hidden scores in some releases
LOWEST = float(np.finfo(np.float32).min)
PADDING = -1  # the document of a row that is padding


def softmax(scores: Array) -> Array:
    """Scores (..., T) → weights; a row of -inf alone gives zeros, as in new releases of PyTorch."""
    highest = scores.max(axis=-1, keepdims=True)
    e = np.exp(scores - np.where(np.isfinite(highest), highest, 0.0))
    total = e.sum(axis=-1, keepdims=True)
    return e / np.where(total > 0, total, 1.0)


class CausalLayer:
    """A causal attention layer that is right: positions, projections, mask, a cache, packed documents, and a loss.

    `fused` says which of two implementations is called; here both are the same. The parameters follow from the seed.
    """

    def __init__(self, seed: int = 0, width: int = WIDTH) -> None:
        rng = np.random.default_rng(seed)
        self.width = width
        self.Wq, self.Wk, self.Wv = rng.normal(size=(3, width, width))
        self.rates = rng.uniform(0.5, 1.5, size=width)  # of the positions

    # What breaks in one incident or another.

    def allowed(self, T_q: int, T_k: int) -> Bool:
        """(T_q, T_k) True where a query may attend; the queries are the last T_q of the T_k rows."""
        return np.tri(T_q, T_k, k=T_k - T_q, dtype=bool)

    def mask(self, T_q: int, T_k: int) -> Array:
        """What is added to the scores, (T_q, T_k)."""
        return np.where(self.allowed(T_q, T_k), 0.0, -np.inf)

    def weights(self, scores: Array, mask: Array) -> Array:
        """Scores and mask (T_q, T_k) → weights (T_q, T_k)."""
        return softmax(scores + mask)

    def mix(self, x: Array) -> Array:
        """What happens to the rows (T, d) before the attention: nothing, in a plain layer."""
        return x

    def step_mask(self, T_q: int, T_k: int, cache: Cache | None, fused: bool) -> Array:
        """The mask of one call, (T_q, T_k)."""
        return self.mask(T_q, T_k)

    def positions(self, documents: Ints) -> Ints:
        """Documents (T,) → the position of each row in its own document (T,), where each document is one run of rows."""
        at = np.arange(len(documents))
        starts = np.r_[True, documents[1:] != documents[:-1]]
        return at - np.maximum.accumulate(np.where(starts, at, 0))

    def together(self, documents: Ints) -> Bool:
        """Documents (T,) → (T, T) True where two rows belong to the same document."""
        return documents[:, None] == documents

    def shifted(self, logits: Array, tokens: Ints) -> tuple[Array, Ints]:
        """Logits (B, T, V) and tokens (B, T) → the rows of logits (N, V) and the token that each is asked for (N,)."""
        return logits[:, :-1].reshape(-1, logits.shape[-1]), tokens[:, 1:].reshape(-1)

    # What uses it.

    def __call__(self, x: Array, fused: bool = True, chunks: Sequence[int] | None = None) -> Array:
        """Rows x (T, d) → outputs (T, d): in one pass, or in chunks of these lengths, with a cache."""
        if chunks is None:
            return self.step(x, None, fused)[0]
        outputs, cache = [], self.new_cache()
        for rows in np.split(x, np.cumsum(chunks)[:-1]):
            output, cache = self.step(rows, cache, fused)
            outputs.append(output)
        return np.concatenate(outputs)

    def new_cache(self) -> Cache:
        """A cache that holds no row yet."""
        return np.empty((0, self.width)), np.empty((0, self.width))

    def step(self, x: Array, cache: Cache | None, fused: bool = True) -> tuple[Array, Cache]:
        """Rows x (t, d) that follow those of the cache → their outputs (t, d), and the cache with them in it."""
        seen = 0 if cache is None else len(cache[0])
        Q, K, V = self.project(self.mix(x), seen + np.arange(len(x)))
        if cache is not None:
            K, V = np.concatenate([cache[0], K]), np.concatenate([cache[1], V])
        scores = Q @ K.T / np.sqrt(self.width)  # (t, T_k)
        return self.weights(scores, self.step_mask(len(Q), len(K), cache, fused)) @ V, (K, V)

    def project(self, x: Array, positions: Ints) -> tuple[Array, Array, Array]:
        """Rows x (T, d) at these positions (T,) → queries, keys and values (T, d) each."""
        x = x + np.sin(positions[:, None] * self.rates)
        return x @ self.Wq, x @ self.Wk, x @ self.Wv

    def packed(self, x: Array, documents: Ints) -> Array:
        """Rows x (T, d) of several documents (T,) → outputs (T, d), each document by itself; rows of padding give 0."""
        Q, K, V = self.project(self.mix(x), self.positions(documents))
        real = documents != PADDING
        allowed = self.together(documents) & real
        scores = Q @ K.T / np.sqrt(self.width)  # (T, T)
        return self.weights(scores, np.where(allowed, self.mask(len(x), len(x)), -np.inf)) @ V * real[:, None]

    def loss(self, logits: Array, tokens: Ints) -> float:
        """Logits (B, T, V) and the tokens (B, T) that they were computed from → mean cross-entropy of the next tokens."""
        rows, targets = self.shifted(logits, tokens)
        e = rows - rows.max(axis=-1, keepdims=True)
        log_p = e - np.log(np.exp(e).sum(axis=-1, keepdims=True))
        return float(-log_p[np.arange(len(targets)), targets].mean())


class EncoderMask(CausalLayer):
    """Incident 1. The class is used as a decoder, and builds the mask of an encoder all the same."""

    is_decoder = True

    def allowed(self, T_q: int, T_k: int) -> Bool:
        """Everything, whatever `is_decoder` says."""
        return np.ones((T_q, T_k), dtype=bool)


class FiniteFill(CausalLayer):
    """Incident 2. A hidden score becomes -10,000: low enough, until training pushes all other scores below it.

    Here the score of a row with itself is always negative: larger parameters, or larger inputs, push it down.
    """

    def __init__(self, seed: int = 0, width: int = WIDTH) -> None:
        super().__init__(seed, width)
        self.Wk = -self.Wq

    def weights(self, scores: Array, mask: Array) -> Array:
        """Hidden scores are replaced by FILL."""
        return softmax(np.where(np.isneginf(mask), FILL, scores))


class OtherConvention(CausalLayer):
    """Incident 3. The mask says True where a key is hidden; the function that gets it takes True for visible."""

    def allowed(self, T_q: int, T_k: int) -> Bool:
        """True above the diagonal."""
        return np.triu(np.ones((T_q, T_k), dtype=bool), k=1 + T_k - T_q)


class MultipliedMask(CausalLayer):
    """Incident 4. A window is laid over an additive mask by a product, where 0 already means visible."""

    window = 4

    def mask(self, T_q: int, T_k: int) -> Array:
        """The lowest float32 number over the future, times a triangle of zeros and ones."""
        causal = np.where(self.allowed(T_q, T_k), 0.0, LOWEST)
        return causal * np.tri(T_q, T_k, k=T_k - T_q - self.window)


class OnePathMasked(CausalLayer):
    """Incident 5. The fused kernel is told to be causal; the path beside it is given no mask."""

    def step_mask(self, T_q: int, T_k: int, cache: Cache | None, fused: bool) -> Array:
        """The causal mask for the fused path, nothing for the other."""
        return self.mask(T_q, T_k) if fused else np.zeros((T_q, T_k))


class WrongCorner(CausalLayer):
    """Incident 6. The triangle starts at the top left, also where there are more keys than queries."""

    def allowed(self, T_q: int, T_k: int) -> Bool:
        """Query i sees keys 0 to i, wherever it stands in the text."""
        return np.tri(T_q, T_k, dtype=bool)


class NoMaskWithCache(CausalLayer):
    """Incident 7. With a cache there is no mask: right for a step of one token, wrong for a prompt."""

    def step_mask(self, T_q: int, T_k: int, cache: Cache | None, fused: bool) -> Array:
        """A mask only where there is no cache."""
        return self.mask(T_q, T_k) if cache is None else np.zeros((T_q, T_k))


class PaddingCounted(CausalLayer):
    """Incident 8. All texts of a batch get the same positions, which count the padding before a short one."""

    def positions(self, documents: Ints) -> Ints:
        """The number of the column."""
        return np.arange(len(documents))


class PositionsOnly(CausalLayer):
    """Incident 9. Packed documents get positions of their own, and no mask between them."""

    def together(self, documents: Ints) -> Bool:
        """Everything that is no padding belongs together."""
        return np.ones((len(documents), len(documents)), dtype=bool)


class ShiftedTwice(CausalLayer):
    """Incident 10. The model shifts its labels and flattens them, and the loss function shifts them once more."""

    def shifted(self, logits: Array, tokens: Ints) -> tuple[Array, Ints]:
        """The rows of logits, and the token after the next one of each."""
        rows, targets = super().shifted(logits, tokens)
        return rows[:-1], targets[1:]


class BlockSummary(CausalLayer):
    """Incident 11, first form. The mean of each whole block is added to all of its rows."""

    block = 4

    def mix(self, x: Array) -> Array:
        """The last block may be shorter."""
        blocks = np.arange(len(x)) // self.block
        return x + np.array([x[blocks == block].mean(axis=0) for block in blocks])


class ChunkStates(CausalLayer):
    """Incident 11, second form. A recurrence over the means of chunks: causal between chunks, not inside one."""

    block = 4

    def mix(self, x: Array) -> Array:
        """The state of a chunk is its mean and half the state of the chunk before."""
        chunks = np.arange(len(x)) // self.block
        states = [np.zeros(x.shape[1])]
        for chunk in range(chunks[-1] + 1):
            states.append(0.5 * states[-1] + x[chunks == chunk].mean(axis=0))
        return x + np.array(states)[chunks + 1]


class SpectralFilter(CausalLayer):
    """Incident 11, third form. Each frequency of the whole text is multiplied by a number, which mixes all positions."""

    def mix(self, x: Array) -> Array:
        """A response that has a part before time 0: the text is padded with zeros, and looks ahead all the same."""
        spectrum = np.fft.rfft(x, n=2 * len(x), axis=0)  # (T + 1, d)
        response = np.exp(1j * np.arange(len(spectrum)) ** 2)[:, None]
        return np.fft.irfft(spectrum * response, n=2 * len(x), axis=0)[: len(x)]
