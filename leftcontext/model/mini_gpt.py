"""The capstone's model: one layer, every parameter a named array, forward and backward in one page.

It is written to be read, down to its own Adam; `transformer` and `training` hold a faster model, with many layers.

| name | shape | what it is |
|---|---|---|
| `E` | (vocab, D) | a vector for each token |
| `P` | (context, D) | a vector for each position |
| `Wq`, `Wk`, `Wv` | (H, D, d) | queries, keys and values of each head |
| `Wo` | (H, d, D) | each head's way back |
| `W1`, `W2` | (D, F), (F, D) | the two matrices of the feed-forward part |
| `U` | (D, vocab) | from vectors to logits |

Axes: B batch, T position, D width, H head, d width of a head, F hidden. Source: Radford et al., "Language Models are
Unsupervised Multitask Learners" (2019), with the norm of Zhang and Sennrich (2019), without gains and biases.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from leftcontext.progress_bar import track

Params = dict[str, NDArray[np.floating]]
BETA_1, BETA_2, WARM_UP = 0.9, 0.98, 30  # Adam's memories, and the steps until the full rate
_watching: list[Callable[[float], None]] = []  # who wants to know the loss of each step
EPSILON = 1e-5  # keeps the norm of a zero vector finite


def init_params(vocab: int, context: int, width: int = 32, heads: int = 2, hidden: int = 64, seed: int = 0) -> Params:
    """Random parameters, scaled so that every part begins with outputs of about the size of its inputs."""
    rng, d = np.random.default_rng(seed), width // heads

    def matrix(*shape: int) -> NDArray[np.floating]:
        return rng.normal(size=shape) / np.sqrt(shape[-2])

    return {
        "E": rng.normal(size=(vocab, width)),
        "P": 0.3 * rng.normal(size=(context, width)),
        "Wq": matrix(heads, width, d),
        "Wk": matrix(heads, width, d),
        "Wv": matrix(heads, width, d),
        "Wo": matrix(heads, d, width) / 2,
        "W1": matrix(width, hidden),
        "W2": matrix(hidden, width) / 2,
        "U": matrix(width, vocab) / 2,
    }


def logits(params: Params, tokens: NDArray[np.integer]) -> NDArray[np.floating]:
    """The forward pass: tokens (..., T), T at most the context → logits (..., T, vocab)."""
    p, T = params, tokens.shape[-1]
    x = p["E"][tokens] + p["P"][:T]  # (..., T, D)
    h = _norm(x)[0][..., None, :, :]
    q, k, v = (h @ p[name] for name in ("Wq", "Wk", "Wv"))  # (..., H, T, d)
    x = x + (causal_attention(q, k, v) @ p["Wo"]).sum(axis=-3)
    x = x + np.maximum(_norm(x)[0] @ p["W1"], 0) @ p["W2"]
    return _norm(x)[0] @ p["U"]


def causal_attention(
    q: NDArray[np.floating], k: NDArray[np.floating], v: NDArray[np.floating]
) -> NDArray[np.floating]:
    """Queries and keys (..., T, d), values (..., T, d_v) → outputs (..., T, d_v)."""
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    return _softmax(np.where(np.tri(q.shape[-2], dtype=bool), scores, -np.inf)) @ v


def train(params: Params, batches: NDArray[np.integer], steps: int) -> Params:
    """`steps` steps of Adam on the batches (n, B, T+1) in turn → the trained parameters."""
    _, trained = deque(adam(params, batches[np.arange(steps) % len(batches)]), maxlen=1)[-1]
    return trained


@contextlib.contextmanager
def watched(steps: int, title: str = "training") -> Iterator[list[float]]:
    """The losses (nats per token) of all steps that are taken in the block, whoever's loop takes them; with a bar of `steps`."""
    losses: list[float] = []
    bar = track(range(steps), title)

    def watch(loss: float) -> None:
        losses.append(loss)
        next(bar, None)

    _watching.append(watch)
    try:
        yield losses
    finally:
        _watching.remove(watch)
        next(bar, None)  # draws the last one


def adam(params: Params, batches: NDArray[np.integer], rate: float = 1.5e-2) -> Iterator[tuple[float, Params]]:
    """Train in float32 on batches (n, B, T+1), one step each; yields the loss (nats per token) and the parameters.

    Source: Kingma and Ba, "Adam: A Method for Stochastic Optimization" (2015).
    """
    p = {name: array.astype(np.float32) for name, array in params.items()}
    m, v = ({name: np.zeros_like(array) for name, array in p.items()} for _ in range(2))
    for t, rows in enumerate(batches, 1):
        loss, g = loss_and_gradients(p, rows)
        now = rate * min(t / WARM_UP, 1) * (1 - 0.95 * t / len(batches))
        for name in g:
            m[name] = BETA_1 * m[name] + (1 - BETA_1) * g[name]
            v[name] = BETA_2 * v[name] + (1 - BETA_2) * g[name] ** 2
            p[name] = p[name] - now * (m[name] / (1 - BETA_1**t)) / (np.sqrt(v[name] / (1 - BETA_2**t)) + 1e-8)
        yield loss, p


def loss_and_gradients(params: Params, rows: NDArray[np.integer]) -> tuple[float, Params]:
    """Teacher forcing on rows (B, T+1): the mean loss in nats per token, and its gradient for every parameter."""
    p = params
    inputs, targets = rows[:, :-1], rows[:, 1:]
    B, T = inputs.shape
    scale = 1 / np.sqrt(p["Wq"].shape[-1])

    x = p["E"][inputs] + p["P"][:T]  # (B, T, D)
    h, r = _norm(x)
    q, k, v = (h[:, None] @ p[name] for name in ("Wq", "Wk", "Wv"))  # (B, H, T, d)
    scores = np.where(np.tri(T, dtype=bool), scale * q @ k.swapaxes(-1, -2), -np.inf)  # (B, H, T, T)
    weights = _softmax(scores)
    o = weights @ v  # (B, H, T, d)
    x1 = x + (o @ p["Wo"]).sum(axis=1)
    h1, r1 = _norm(x1)
    a = np.maximum(h1 @ p["W1"], 0)  # (B, T, F)
    x2 = x1 + a @ p["W2"]
    h2, r2 = _norm(x2)
    probs = _softmax(h2 @ p["U"])  # (B, T, vocab)
    picked = np.take_along_axis(probs, targets[..., None], axis=-1)
    loss = float(-np.log(np.maximum(picked, 1e-300)).mean())

    g: Params = {}
    dz = probs.copy()
    np.put_along_axis(dz, targets[..., None], picked - 1, axis=-1)
    dz /= B * T  # (B, T, vocab)
    g["U"] = _outer(h2, dz)
    dx2 = _norm_backward(dz @ p["U"].T, h2, r2)
    g["W2"] = _outer(a, dx2)
    da = dx2 @ p["W2"].T * (a > 0)
    g["W1"] = _outer(h1, da)
    dx1 = dx2 + _norm_backward(da @ p["W1"].T, h1, r1)
    g["Wo"] = (o.swapaxes(-1, -2) @ dx1[:, None]).sum(axis=0)
    do = dx1[:, None] @ p["Wo"].swapaxes(-1, -2)
    dweights = do @ v.swapaxes(-1, -2)
    ds = scale * weights * (dweights - (weights * dweights).sum(axis=-1, keepdims=True))
    back = {"Wq": ds @ k, "Wk": ds.swapaxes(-1, -2) @ q, "Wv": weights.swapaxes(-1, -2) @ do}
    dh = np.zeros_like(x)
    for name, d_out in back.items():
        g[name] = (h[:, None].swapaxes(-1, -2) @ d_out).sum(axis=0)
        dh += (d_out @ p[name].swapaxes(-1, -2)).sum(axis=1)
    dx = dx1 + _norm_backward(dh, h, r)
    g["P"] = np.zeros_like(p["P"])
    g["P"][:T] = dx.sum(axis=0)
    one_hot = inputs.reshape(-1)[:, None] == np.arange(len(p["E"]))
    g["E"] = one_hot.astype(dx.dtype).T @ dx.reshape(B * T, -1)
    for watch in _watching:
        watch(loss)
    return loss, g


def _outer(x: NDArray[np.floating], dy: NDArray[np.floating]) -> NDArray[np.floating]:
    """The gradient of W in y = x @ W, summed over batch and positions."""
    return x.reshape(-1, x.shape[-1]).T @ dy.reshape(-1, dy.shape[-1])


def _softmax(z: NDArray[np.floating]) -> NDArray[np.floating]:
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _norm(x: NDArray[np.floating]) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """x over its root mean square along D, and that root."""
    r = np.sqrt((x**2).mean(axis=-1, keepdims=True) + EPSILON)
    return x / r, r


def _norm_backward(
    dh: NDArray[np.floating], h: NDArray[np.floating], r: NDArray[np.floating]
) -> NDArray[np.floating]:
    return (dh - h * (dh * h).mean(axis=-1, keepdims=True)) / r
