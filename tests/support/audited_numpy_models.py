"""Small models in NumPy: leaky ones with what the audit must say of them, and honest ones that look suspicious.

Token models take (B, T) and return (B, T, V); T positions, D width, V tokens.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

V, D = 13, 6
RNG, DROPOUT = np.random.default_rng(0), np.random.default_rng(3)
E, H, W = RNG.normal(size=(V, D)), RNG.normal(size=(D, V)), RNG.normal(size=(3, D, D))
P = RNG.normal(size=(256, D))
Model = Callable[[Any], Any]


def softmax(scores):
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def attend(x, allowed, fill=-np.inf):
    """x (B, T, D) → (B, T, D), attention where `allowed` (T, T)."""
    q, k, v = (x @ w for w in W)
    scores = q @ k.mT / D**0.5
    return softmax(np.where(allowed, scores, scores.dtype.type(fill))) @ v


def tri(T, k=0):
    return np.tri(T, k=k, dtype=bool)


def embed(tokens):
    return E[tokens] + P[: tokens.shape[1]]


def lm(mix: Callable[[np.ndarray], np.ndarray]) -> Model:
    """A language model around a mixing of rows (B, T, D) → (B, T, D)."""

    def model(tokens):
        x = embed(tokens)
        return np.tanh(x + mix(x)) @ H

    model.__name__ = getattr(mix, "__name__", "model")
    return model


def masked(make: Callable[[int], np.ndarray], layers: int = 1, fill: float = -np.inf) -> Model:
    def mix(x):
        y = x
        for _ in range(layers):
            y = y + attend(y, make(y.shape[1]), fill)
        return y

    return lm(mix)


def causal(x):
    return attend(x, tri(x.shape[1]))


def shift(x, steps=1):
    """What stands so many places later; 0 at the end."""
    out = np.zeros_like(x)
    if steps < x.shape[1]:
        out[:, :-steps] = x[:, steps:]
    return out


def first_sees_last(x):
    out = np.zeros_like(x)
    out[:, 0] = x[:, -1]
    return out


def blocks(n):
    def make(T):
        here = np.arange(T) // n
        return tri(T) | (here[:, None] == here)

    return make


def with_hole(i, j):
    def make(T):
        allowed = tri(T)
        if max(i, j) < T:
            allowed[i, j] = True
        return allowed

    return make


def row_open(i):
    def make(T):
        allowed = tri(T)
        allowed[min(i, T - 1)] = True
        return allowed

    return make


def column_open(x):
    T = x.shape[1]
    allowed = tri(T)
    allowed[:, -1] = True
    return attend(x, allowed)


def normed_over_time(x):
    return causal(x) + (x - x.mean(axis=1, keepdims=True)) / (x.std(axis=1, keepdims=True) + 1e-5)


def fft_wraps(x):
    kernel = np.exp(-np.arange(x.shape[1]) / 4)
    return np.fft.irfft(np.fft.rfft(x, axis=1) * np.fft.rfft(kernel)[:, None], n=x.shape[1], axis=1)


def fft_wraps_short(x):
    kernel = np.arange(1, 1 + x.shape[1]) ** -1.0 * (np.arange(x.shape[1]) < 4)
    return np.fft.irfft(np.fft.rfft(x, axis=1) * np.fft.rfft(kernel)[:, None], n=x.shape[1], axis=1)


def fft_padded(x):
    T = x.shape[1]
    kernel = np.exp(-np.arange(T) / 4)
    return np.fft.irfft(np.fft.rfft(x, n=2 * T, axis=1) * np.fft.rfft(kernel, n=2 * T)[:, None], n=2 * T, axis=1)[:, :T]


def chunk_summary(x, n=4):
    """Each row sees the mean of its whole chunk: a summary written before the chunk has ended."""
    T = x.shape[1]
    out = np.zeros_like(x)
    for begin in range(0, T, n):
        out[:, begin : begin + n] = x[:, begin : begin + n].mean(axis=1, keepdims=True)
    return causal(x) + out


def spectral_filter(x):
    """A low-pass filter over all of time."""
    f = np.fft.rfft(x, axis=1)
    f[:, max(2, f.shape[1] // 3) :] = 0
    return causal(x) + np.fft.irfft(f, n=x.shape[1], axis=1)


def expert_choice(x, keep=0.5):
    """The experts choose: the best half of all rows are processed."""
    scores = x @ W[0][:, 0]
    count = max(1, int(keep * x.shape[1]))
    chosen = np.argsort(np.argsort(-scores, axis=1), axis=1) < count
    return np.where(chosen[..., None], np.tanh(x @ W[1]), 0)


def token_choice(x):
    """Each token chooses its expert."""
    best = np.argmax(x @ W[0], axis=-1)
    return causal(x) + np.take_along_axis(np.tanh(x[..., None] * W[1].T), best[..., None, None], axis=-1)[..., 0]


def global_max(x):
    return causal(x) + 0.1 * x.max(axis=1, keepdims=True)


def sorted_in(x):
    return causal(x) + 0.1 * np.sort(x, axis=1)


def divided_by_length(x):
    return np.cumsum(x, axis=1) / x.shape[1]


def positions_from_the_end(x):
    return causal(x + P[: x.shape[1]][::-1])


def last_row_added(x):
    return causal(x) + 0.1 * x[:, -1:]


def projected_over_time(x):
    """A Linformer: keys are mixed over time before the mask."""
    T = x.shape[1]
    mix = np.random.default_rng(T).normal(size=(T, T)) / T
    return attend(x + mix @ x, tri(T))


def strided_conv(x):
    """A convolution whose padding is on both sides."""
    padded = np.pad(x, ((0, 0), (1, 1), (0, 0)))
    return padded[:, :-2] + 0.5 * padded[:, 1:-1] + 0.25 * padded[:, 2:]


def causal_conv(x):
    padded = np.pad(x, ((0, 0), (2, 0), (0, 0)))
    return padded[:, :-2] + 0.5 * padded[:, 1:-1] + 0.25 * padded[:, 2:]


def masked_twice(x):
    """The additive mask multiplied by the window: 0 · -inf would be NaN, so it is a finite one, and its zeros open the rest."""
    T = x.shape[1]
    additive = np.where(tri(T), 0.0, -1e9) * np.triu(np.ones((T, T)), -2) * np.tri(T)
    q, k, v = (x @ w for w in W)
    return softmax(q @ k.mT / D**0.5 + additive) @ v


def inverted(x):
    allowed = ~tri(x.shape[1])
    allowed[-1, -1] = True
    return attend(x, allowed)


def merged_wrong(x):
    out = np.stack([attend(x, tri(x.shape[1]))[..., : D // 2], attend(2 * x, tri(x.shape[1]))[..., D // 2 :]], axis=1)
    return out.reshape(x.shape)


def in_first_row_only(x):
    """The mask was made for the first text of the batch."""
    out = attend(x, np.ones((x.shape[1],) * 2, dtype=bool))
    out[0] = causal(x[:1])[0]
    return out


def over_the_batch(x):
    return causal(x) + 0.1 * x.mean(axis=0, keepdims=True)


def of_one_token(tokens):
    """Everybody is told whether token 4 comes later."""
    later = np.cumsum((tokens == 4)[:, ::-1], axis=1)[:, ::-1] - (tokens == 4)
    return (np.tanh(embed(tokens) + causal(embed(tokens))) + 0.3 * (later > 0)[..., None]) @ H


def of_tokens_above_nine(tokens):
    following = np.pad(tokens[:, 1:], ((0, 0), (0, 1)))
    return (causal(embed(tokens)) + np.where((following > 9)[..., None], E[following], 0)) @ H


def of_repeated_tokens(tokens):
    following = np.pad(tokens[:, 1:], ((0, 0), (0, 1)), constant_values=-1)
    return (causal(embed(tokens)) + 0.5 * (following == tokens)[..., None]) @ H


def tiny(x):
    return causal(x) + 1e-6 * np.tanh(shift(x))


def where(condition):
    return lambda x: attend(x, tri(x.shape[1]) | condition(x.shape[1]))


# name: (model, words that must stand in the description)
LEAKY: dict[str, tuple[Model, tuple[str, ...]]] = {
    "no mask": (masked(lambda T: np.ones((T, T), dtype=bool)), ("whole row",)),
    "one ahead": (masked(lambda T: tri(T, 1)), ("one ahead",)),
    "one ahead in two layers": (masked(lambda T: tri(T, 1), layers=2), ("2 ahead",)),
    "next row added": (lm(shift), ("one ahead",)),
    "one ahead, and nothing to the left": (lambda t: np.tanh(E[t] + shift(E[t])) @ H, ("one ahead",)),
    "the first row sees the last": (lambda t: np.tanh(E[t] + first_sees_last(E[t])) @ H, ("wrap-around",)),
    "mean over time under a tanh": (lm(lambda x: -x.mean(axis=1, keepdims=True)), ("whatever their order", "mean")),
    "exactly three ahead": (lm(lambda x: shift(x, 3)), ("exactly 3 ahead",)),
    "mask inverted": (lm(inverted), ("only the future",)),
    "fill with 0": (masked(tri, fill=0.0), ("whole row",)),
    "blocks of 4": (masked(blocks(4)), ("inside blocks of 4",)),
    "blocks of 16": (masked(blocks(16)), ("inside blocks of 16",)),
    "blocks of 16 in two layers": (masked(blocks(16), layers=2), ("inside blocks of 16",)),
    "chunk summary": (lm(chunk_summary), ("inside blocks of 4",)),
    "mean over time": (lambda t: (causal(embed(t)) + embed(t).mean(axis=1, keepdims=True)) @ H, ("mean",)),
    "norm over time": (lambda t: (lambda x: (x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True))(embed(t)) @ H, ("mean or norm",)),
    "norm over time beside attention": (lm(normed_over_time), ("whole row",)),
    "FFT that wraps": (lambda t: fft_wraps(embed(t)) @ H, ("wrap-around",)),
    "FFT that wraps, a short kernel": (lm(fft_wraps_short), ("wrap-around",)),
    "roll": (lm(lambda x: np.roll(x, 1, axis=1)), ("wrap-around",)),
    "spectral filter": (lm(spectral_filter), ("whole row",)),
    "expert choice": (lm(expert_choice), ()),
    "global max": (lm(global_max), ()),
    "sort over time": (lm(sorted_in), ()),
    "divided by the length": (lm(divided_by_length), ("number of inputs",)),
    "positions from the end": (lm(positions_from_the_end), ("number of inputs",)),
    "the last row added": (lm(last_row_added), ("last input",)),
    "every row sees the last key": (lm(column_open), ("last input",)),
    "one pair": (masked(with_hole(2, 9)), ("only output 2 sees input 9",)),
    "neighbours, one pair": (masked(with_hole(5, 6)), ("only output 5 sees input 6",)),
    "one row": (masked(row_open(3)), ("single outputs: only 3",)),
    "projection over time": (lm(projected_over_time), ("whole row",)),
    "convolution padded on both sides": (lm(strided_conv), ("one ahead",)),
    "mask multiplied": (lm(masked_twice), ("whole row",)),
    "heads merged without a transpose": (lm(merged_wrong), ("scattered",)),
    "only the first text masked": (lm(in_first_row_only), ("only in batch rows 1, 2, 3",)),
    "mean over the batch": (lm(over_the_batch), ("another row of the batch",)),
    "one token of the vocabulary": (of_one_token, ()),
    "tokens above 9": (of_tokens_above_nine, ("one ahead",)),
    "repeated tokens": (of_repeated_tokens, ("one ahead",)),
    "a millionth": (lm(tiny), ("one ahead",)),
    "from 20 positions on": (lm(where(lambda T: T >= 20)), ("only from 20 positions on",)),
    "up to 16 positions": (lm(where(lambda T: T <= 16)), ("whole row", "only up to 16 positions")),
}  # fmt: skip
LONG: dict[str, tuple[Model, tuple[str, ...]]] = {
    "multiples of 64": (lm(where(lambda T: T % 64 == 0)), ("multiple of 64",)),
    "from 129 positions on": (lm(where(lambda T: T >= 129)), ("only from 129 positions on",)),
    "from 65 positions on": (lm(where(lambda T: T >= 65)), ("only from 65 positions on",)),
    "blocks of 64": (masked(blocks(64)), ("inside blocks of 64",)),
    "one pair across a block": (masked(with_hole(70, 100)), ("only output 70 sees input 100",)),
    "neighbours across a block": (masked(with_hole(63, 64)), ("only output 63 sees input 64",)),
    "neighbours far from any block's edge": (masked(with_hole(101, 102)), ("only output 101 sees input 102",)),
}


def keys_centred(x):
    """Moves all scores of a row alike: only rounding of it is left."""
    q, k, v = (x @ w for w in W)
    k = k - k.mean(axis=1, keepdims=True)
    return softmax(np.where(tri(x.shape[1]), q @ k.mT / D**0.5, -np.inf)) @ v


def in_float32(mix):
    return lambda x: mix(x.astype(np.float32)).astype(np.float32)


def single(tokens):
    """Written for one text (T,)."""
    x = E[tokens] + P[: len(tokens)]
    return np.cumsum(x, axis=0) / np.arange(1, len(x) + 1)[:, None] @ H


def in_blocks(x, n=4):
    """The online softmax, block by block."""
    q, k, v = (x @ w for w in W)
    T = x.shape[1]
    top, total, out = np.full((*x.shape[:2], 1), -np.inf), np.zeros((*x.shape[:2], 1)), np.zeros_like(x)
    for b in range(0, T, n):
        s = np.where(tri(T)[:, b : b + n], q @ k[:, b : b + n].mT / D**0.5, -np.inf)
        new = np.maximum(top, s.max(axis=-1, keepdims=True))
        safe = np.where(np.isfinite(new), new, 0)
        scale, p = np.exp(np.where(np.isfinite(top), top - safe, -np.inf)), np.exp(s - safe)
        total, out, top = total * scale + p.sum(-1, keepdims=True), out * scale + p @ v[:, b : b + n], new
    return out / total


class CountsCalls:
    """Keeps what it was called with; its outputs don't depend on it."""

    def __init__(self):
        self.calls = []

    def __call__(self, tokens):
        self.calls.append(tokens.shape)
        return lm(causal)(tokens)


def with_dropout(tokens):
    x = embed(tokens)
    return (causal(x) * (DROPOUT.random(x.shape) > 0.1)) @ H


def with_global_noise(tokens):
    return lm(causal)(tokens) + 0.1 * np.random.normal(size=(*tokens.shape, V))  # noqa: NPY002


def batch_variant(x):
    """Adds in another order in larger batches: float32 rounds differently."""
    y = causal(x.astype(np.float32))
    return (y[..., ::-1] @ W[0][::-1].astype(np.float32)) if len(x) > 2 else y @ W[0].astype(np.float32)


HONEST: dict[str, Model] = {
    "causal": lm(causal),
    "two layers": masked(tri, layers=2),
    "strictly before": lm(lambda x: np.concatenate([0 * x[:, :1], np.cumsum(x, axis=1)[:, :-1]], axis=1)),
    "keys centred over time": lm(keys_centred),
    "keys centred over time, float32": lm(in_float32(keys_centred)),
    "noise that depends on everything": lambda t: lm(causal)(t) + 1e-12 * np.tanh(embed(t).sum()),
    "noise of a float32 that depends on everything": lambda t: (
        lm(causal)(t).astype(np.float32) + np.float32(1e-7) * np.sign(np.sin(1e4 * embed(t).sum())).astype(np.float32)
    ),
    "fill with -1e9": masked(tri, fill=-1e9),
    "fill with -1e4": masked(tri, fill=-1e4),
    "fill with the lowest float32": lm(in_float32(lambda x: attend(x, tri(x.shape[1]), np.finfo(np.float32).min))),
    "padded FFT": lambda t: fft_padded(embed(t)) @ H,
    "padded FFT, float32": lambda t: (fft_padded(embed(t)) @ H).astype(np.float32),
    "causal convolution": lm(causal_conv),
    "window": masked(lambda T: tri(T) & ~tri(T, -3)),
    "attention in blocks": lm(in_blocks),
    "token choice": lm(token_choice),
    "one text at a time": single,
    "bag of words": lambda t: np.cumsum(E[t], axis=1) @ H,
    "each token alone": lambda t: E[t] @ H,
    "constant": lambda t: np.zeros((*t.shape, V)),
    "minus infinity among the logits": lambda t: np.where(np.arange(V) == 3, -np.inf, lm(causal)(t)),
    "NaN in one logit": lambda t: np.where(np.arange(V) == 3, np.nan, lm(causal)(t)),
    "argmax": lambda t: lm(causal)(t).argmax(axis=-1),
    "whole numbers": lambda t: np.cumsum(t, axis=1),
    "huge logits": lambda t: 1e8 * lm(causal)(t),
    "tiny logits": lambda t: 1e-8 * lm(causal)(t),
    "probabilities": lambda t: softmax(lm(causal)(t)),
    "counts its calls": CountsCalls(),
    "dropout from its own generator": with_dropout,
    "dropout from the global one": with_global_noise,
    "other rounding in larger batches": lm(batch_variant),
    "a cumulative maximum": lm(lambda x: np.maximum.accumulate(x, axis=1)),
    "a running norm": lm(lambda x: x / (1 + np.cumsum(x**2, axis=1) ** 0.5)),
    "a logits object": lambda t: {"logits": lm(causal)(t), "loss": 0.0},
    "a tuple": lambda t: (lm(causal)(t), None),
    "lists": lambda t: lm(causal)(t).tolist(),
}  # fmt: skip
