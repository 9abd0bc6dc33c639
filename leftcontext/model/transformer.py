"""A small transformer in NumPy, with any attention mask.

A decoder with pre-RMSNorm (Zhang and Sennrich 2019; no gains), learned positions, ReLU and no biases, after Vaswani et
al. 2017 and GPT-2. `allowed` is True where a query may attend to a key; a causal model is this one with a causal mask.

`mini_gpt` is the same kind of model written to be read, in one page; this one is written to be fast.

Names: theta, all parameters in one vector; `merge`, the output projection of attention, which merges the heads; `up` and
`down`, the two matrices of the feed-forward part (MLP). In `training`, `rate` is the learning rate.
Axis letters: B texts, T positions, H heads, D width, V vocabulary, N = B·T rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from leftcontext.model.layers import MLP, Array, Attention, Buffers, Norm

IGNORED = -100  # a target that holds this has no part in the loss, as in PyTorch's cross_entropy
SHARPNESS = 4  # multiplies the logits: they must grow large to rule a word out, and Adam's steps are small


@dataclass(frozen=True)
class Config:
    """The size of a model; the defaults are the course's, 19,968 parameters. With `hidden` = 0 it has no MLPs."""

    vocab: int = 48
    context: int = 16
    width: int = 32
    heads: int = 2
    layers: int = 2
    hidden: int = 64

    def shapes(self) -> Iterator[tuple[str, tuple[int, int]]]:
        """The parameters by name; a matrix W of shape (n_in, n_out) is used as x @ W."""
        yield "token", (self.vocab, self.width)
        yield "position", (self.context, self.width)
        for layer in range(self.layers):
            yield f"{layer}.qkv", (self.width, 3 * self.width)
            yield f"{layer}.merge", (self.width, self.width)
            yield f"{layer}.up", (self.width, self.hidden)
            yield f"{layer}.down", (self.hidden, self.width)
        yield "head", (self.width, self.vocab)


class Transformer:
    """Tokens in, logits of the next token out.

    `allowed` belongs to the model and may be set at any time, also between two steps of a training: boolean, True where
    a query may attend to a key, anything that broadcasts to (layers, heads, context, context).
    """

    def __init__(
        self, config: Config | None = None, allowed: ArrayLike = True, seed: int = 0, dtype: DTypeLike = np.float32
    ) -> None:
        self.config = c = config or Config()
        sizes = [rows * columns for _, (rows, columns) in c.shapes()]
        self.theta = np.empty(sum(sizes), dtype)  # all parameters in one vector, so that Adam is a few calls
        self.gradient = np.zeros_like(self.theta)
        self.params, self.grads = self.views(self.theta), self.views(self.gradient)
        self._draw(np.random.default_rng(seed))
        self.norms = [Norm(dtype) for _ in range(2 * c.layers + 1)]
        self.attention = [Attention(*self._pair(f"{i}.qkv", f"{i}.merge"), c.heads) for i in range(c.layers)]
        self.mlps = [MLP(*self._pair(f"{i}.up", f"{i}.down")) for i in range(c.layers)]
        self.new = Buffers(dtype)
        self.allowed = allowed

    def redraw(self, seed: int) -> None:
        """Draw every parameter anew, those too that were set to 0: a leak behind a projection that starts at 0 shows then."""
        self._draw(np.random.default_rng(seed))

    @property
    def allowed(self) -> NDArray[np.bool_]:
        """The mask (layers, heads, T_q, T_k), read only."""
        return self._allowed

    @allowed.setter
    def allowed(self, allowed: ArrayLike) -> None:
        self.additive_masks = self._additive(allowed)
        self._allowed = np.stack([np.isfinite(m[:, 0].transpose(1, 2, 0)) for m in self.additive_masks])

    def logits(self, tokens: ArrayLike, allowed: ArrayLike | None = None) -> Array:
        """Tokens (..., T), T up to `context` → logits (..., T, V); `allowed` replaces the model's mask here."""
        tokens = self._check_tokens(tokens)
        out = self._forward(tokens.reshape(-1, tokens.shape[-1]), self._masks_or(allowed))  # (V, N)
        return out.T.reshape(*tokens.shape, -1).copy()

    def attention_weights(self, tokens: ArrayLike, allowed: ArrayLike | None = None) -> Array:
        """Tokens (..., T) → the attention weights of every layer (layers, ..., H, T_q, T_k); rows are queries."""
        tokens = self._check_tokens(tokens)
        self._forward(tokens.reshape(-1, tokens.shape[-1]), self._masks_or(allowed))
        weights = np.stack([a.weights() for a in self.attention])  # (layers, B, H, T_q, T_k)
        return weights.reshape(len(weights), *tokens.shape[:-1], *weights.shape[2:])

    def loss_and_gradient(self, inputs: NDArray[np.integer], targets: NDArray[np.integer]) -> float:
        """Inputs and targets (B, T) → mean cross-entropy in nats; its gradient is left in `gradient` and `grads`.

        Where a target is `IGNORED`, nothing is counted and nothing is learned; where all are, the loss is 0.
        """
        p = self._forward(inputs, self.additive_masks)  # (V, N)
        p -= p.max(axis=0)
        rows, counts = np.arange(inputs.size), targets.ravel() != IGNORED  # (N,)
        answers, number = np.where(counts, targets.ravel(), 0), max(int(counts.sum()), 1)
        right = p[answers, rows]  # (N,)
        np.exp(p, out=p)
        total = p.sum(axis=0)  # (N,)
        p /= total
        p[answers, rows] -= 1
        p *= np.where(counts, SHARPNESS / number, 0).astype(p.dtype)
        self._backward(inputs, p)
        return float((np.log(total) - right)[counts].sum() / number)

    def _forward(self, tokens: NDArray[np.integer], masks: list[Array]) -> Array:
        B, T = tokens.shape
        x = self.new("x", B, T, self.config.width)  # (B, T, D)
        np.take(self.params["token"], tokens, axis=0, out=x, mode="clip")  # "clip" writes to `out` without a copy
        x += self.params["position"][:T]
        x = x.reshape(B * T, -1)  # (N, D)
        for i, (attention, mlp, mask) in enumerate(zip(self.attention, self.mlps, masks, strict=True)):
            x += attention.forward(self.norms[2 * i].forward(x), mask[:T, ..., :T])
            x += mlp.forward(self.norms[2 * i + 1].forward(x))
        y = self.norms[-1].forward(x)
        logits = np.matmul(self.params["head"].T, y.T, out=self.new("logits", self.config.vocab, B * T))  # (V, N)
        logits *= SHARPNESS
        return logits

    def _backward(self, tokens: NDArray[np.integer], dlogits: Array) -> None:
        np.matmul(self.norms[-1].y.T, dlogits.T, out=self.grads["head"])
        dy = np.matmul(dlogits.T, self.params["head"].T, out=self.new("dy", tokens.size, self.config.width))
        dx = self.norms[-1].backward(dy)  # (N, D)
        for i in reversed(range(self.config.layers)):
            dx += self.norms[2 * i + 1].backward(self.mlps[i].backward(dx))
            dx += self.norms[2 * i].backward(self.attention[i].backward(dx))
        one_hot = self.new("one hot", tokens.size, self.config.vocab)  # (N, V)
        one_hot[:] = 0
        one_hot[np.arange(tokens.size), tokens.ravel()] = 1
        np.matmul(one_hot.T, dx, out=self.grads["token"])  # a product of matrices beats np.add.at
        self.grads["position"][:] = 0
        np.sum(dx.reshape(*tokens.shape, -1), axis=0, out=self.grads["position"][: tokens.shape[1]])

    def _masks_or(self, allowed: ArrayLike | None) -> list[Array]:
        return self.additive_masks if allowed is None else self._additive(allowed)

    def _additive(self, allowed: ArrayLike) -> list[Array]:
        shape = (self.config.layers, self.config.heads, self.config.context, self.config.context)
        allowed = np.asarray(allowed)
        if allowed.dtype != bool and not np.isin(allowed, (0, 1)).all():
            raise ValueError("allowed must be True where attending is allowed; is this an additive mask?")
        if allowed.ndim > 4 or any(n not in (1, m) for n, m in zip(allowed.shape[::-1], shape[::-1], strict=False)):
            raise ValueError(f"allowed has shape {allowed.shape}, which does not broadcast to {shape}")
        masks = np.where(np.broadcast_to(allowed, shape), 0, -np.inf).astype(self.theta.dtype)  # (layers, H, T_q, T_k)
        return list(np.ascontiguousarray(masks.transpose(0, 3, 1, 2)[:, :, None]))  # each (T_k, 1, H, T_q)

    def _draw(self, rng: np.random.Generator) -> None:
        special = {"token": 0.5, "position": 0.1, "head": 0.02 * self.config.width**-0.5}
        deep = (2 * self.config.layers) ** -0.5  # so many matrices add to the residual stream
        for name, w in self.params.items():
            spread = special.get(name, max(1, len(w)) ** -0.5 * (deep if name.endswith(("merge", "down")) else 1))
            w[:] = rng.normal(0, spread, w.shape)

    def views(self, vector: Array) -> dict[str, Array]:
        """The parameters as parts of one flat vector, by name."""
        views, start = {}, 0
        for name, shape in self.config.shapes():
            stop = start + shape[0] * shape[1]
            views[name] = vector[start:stop].reshape(shape)
            start = stop
        return views

    def _pair(self, first: str, second: str) -> tuple[Array, Array, Array, Array]:
        return self.params[first], self.params[second], self.grads[first], self.grads[second]

    def _check_tokens(self, tokens: ArrayLike) -> NDArray[np.integer]:
        tokens = np.asarray(tokens)
        if not np.issubdtype(tokens.dtype, np.integer):
            raise TypeError(f"tokens must be integers, not {tokens.dtype}")
        if not 1 <= tokens.shape[-1] <= self.config.context:
            raise ValueError(f"{tokens.shape[-1]} tokens, but this model reads 1 to {self.config.context}")
        if np.any((tokens < 0) | (tokens >= self.config.vocab)):
            raise ValueError(f"tokens must lie between 0 and {self.config.vocab - 1}")
        return tokens
