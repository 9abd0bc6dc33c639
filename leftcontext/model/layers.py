"""The layers of the little model, each with its forward and its backward pass.

Axis letters: B texts, T positions (T_q queries, T_k keys), H heads, d width of a head, D width, F hidden width,
N = B·T rows. Two habits make them fast. Every intermediate array has its own buffer, because at this size fresh memory
costs more than the arithmetic. And softmax reduces the *first* axis, the keys, because NumPy is slow along a short last
axis. What a pass returns is such a buffer: read it before the next pass.
"""

import numpy as np
from numpy.typing import DTypeLike, NDArray

Array = NDArray[np.floating]
EPSILON = 1e-6  # below the root of a norm
LOWEST = -1e30  # below every score, and finite: a row that may see nothing then gives zeros, not NaN


def rms_norm(x: Array) -> Array:
    """x (..., D) / rms(x): what `Norm` computes, for any leading axes and without a way back."""
    y: Array = x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + EPSILON)
    return y


def attention_weights(q: Array, k: Array, allowed: NDArray[np.bool_]) -> Array:
    """Queries (..., T_q, d), keys (..., T_k, d), allowed (..., T_q, T_k) → weights (..., T_q, T_k), without a way back."""
    scores = np.where(allowed, q @ k.mT * q.shape[-1] ** -0.5, -np.inf)
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    w: Array = e / e.sum(axis=-1, keepdims=True)
    return w


class Buffers(dict[str, Array]):
    """Scratch arrays by name. The same name gives the same array again, and a new one only where the shape has changed."""

    def __init__(self, dtype: DTypeLike) -> None:
        self.dtype = np.dtype(dtype)

    def __call__(self, name: str, *shape: int) -> Array:
        array = self.get(name)
        if array is None or array.shape != shape:
            array = self[name] = np.empty(shape, self.dtype)
        return array


class Norm:
    """RMS norm: y = x / rms(x), for each row."""

    def __init__(self, dtype: DTypeLike) -> None:
        self.new = Buffers(dtype)

    def forward(self, x: Array) -> Array:
        size = np.vecdot(x, x, out=self.new("size", len(x)))  # (N,)
        size /= x.shape[1]
        size += EPSILON
        np.sqrt(size, out=size)
        self.rms = size[:, None]  # (N, 1)
        self.y = np.divide(x, self.rms, out=self.new("y", *x.shape))  # (N, D)
        return self.y

    def backward(self, dy: Array) -> Array:
        along = np.vecdot(dy, self.y, out=self.new("along", len(dy)))  # (N,) what only stretches y is lost
        along /= dy.shape[1]
        dx = np.multiply(self.y, along[:, None], out=self.new("dx", *dy.shape))  # (N, D)
        np.subtract(dy, dx, out=dx)
        dx /= self.rms
        return dx


class Attention:
    """softmax(Q Kᵀ / √d + mask) V in each head, then a matrix that merges the heads."""

    def __init__(self, qkv: Array, merge: Array, d_qkv: Array, d_merge: Array, heads: int) -> None:
        self.qkv, self.merge, self.d_qkv, self.d_merge, self.heads = qkv, merge, d_qkv, d_merge, heads
        self.scale = (qkv.shape[0] // heads) ** -0.5
        self.new = Buffers(qkv.dtype)

    def forward(self, x: Array, mask: Array) -> Array:
        """Rows x (N, D), additive mask (T_k, 1, H or 1, T_q) → (N, D)."""
        T, H, D = len(mask), self.heads, x.shape[1]
        B, d = len(x) // T, D // H
        self.x = x
        qkv = np.matmul(x, self.qkv, out=self.new("qkv", len(x), 3 * D))
        self.q, self.k, self.v = qkv.reshape(B, T, 3, H, d).transpose(2, 0, 3, 1, 4)  # each (B, H, T, d)
        e = self.e = self.new("e", T, B, H, T)  # (T_k, B, H, T_q)
        np.matmul(self.k, self.q.mT, out=e.transpose(1, 2, 0, 3))
        e *= self.scale
        e += mask
        e -= np.max(e, axis=0, initial=LOWEST, out=self.new("max", B, H, T))
        np.exp(e, out=e)
        total = np.sum(e, axis=0, out=self.new("total", B, H, T))
        np.maximum(total, 1e-30, out=total)
        self.total = total.transpose(0, 2, 1)[..., None]  # (B, T_q, H, 1)
        self.o = self.new("o", B, T, H, d)  # (B, T_q, H, d)
        np.matmul(e.transpose(1, 2, 3, 0), self.v, out=self.o.transpose(0, 2, 1, 3))
        self.o /= self.total  # after the product with V: T·d divisions instead of T·T
        return np.matmul(self.o.reshape(-1, D), self.merge, out=self.new("y", *x.shape))

    def backward(self, dy: Array) -> Array:
        (N, D), (T, B, H, _) = dy.shape, self.e.shape
        np.matmul(self.o.reshape(N, D).T, dy, out=self.d_merge)
        g = np.matmul(dy, self.merge.T, out=self.new("g", N, D)).reshape(self.o.shape)  # (B, T_q, H, d)
        g /= self.total
        dq, dk, dv = self.new("dqkv", B, T, 3, H, D // H).transpose(2, 0, 3, 1, 4)  # each (B, H, T, d)
        gh = g.transpose(0, 2, 1, 3)  # (B, H, T_q, d)
        np.matmul(self.e.transpose(1, 2, 0, 3), gh, out=dv)
        ds = self.new("ds", T, B, H, T)  # (T_k, B, H, T_q)
        np.matmul(self.v, gh.mT, out=ds.transpose(1, 2, 0, 3))
        ds -= np.vecdot(g, self.o, out=self.new("go", B, T, H)).transpose(0, 2, 1)
        ds *= self.e
        ds *= self.scale
        np.matmul(ds.transpose(1, 2, 3, 0), self.k, out=dq)
        np.matmul(ds.transpose(1, 2, 0, 3), self.q, out=dk)
        dqkv = self.new["dqkv"].reshape(N, 3 * D)
        np.matmul(self.x.T, dqkv, out=self.d_qkv)
        return np.matmul(dqkv, self.qkv.T, out=self.new("dx", N, D))

    def weights(self) -> Array:
        """The weights of the last forward pass (B, H, T_q, T_k)."""
        return self.e.transpose(1, 2, 3, 0) / self.total.transpose(0, 2, 1, 3)


class MLP:
    """relu(x Up) Down."""

    def __init__(self, up: Array, down: Array, d_up: Array, d_down: Array) -> None:
        self.up, self.down, self.d_up, self.d_down = up, down, d_up, d_down
        self.new = Buffers(up.dtype)

    def forward(self, x: Array) -> Array:
        self.x = x
        self.h = np.matmul(x, self.up, out=self.new("h", len(x), self.up.shape[1]))  # (N, F)
        np.maximum(self.h, 0, out=self.h)
        return np.matmul(self.h, self.down, out=self.new("y", *x.shape))  # (N, D)

    def backward(self, dy: Array) -> Array:
        np.matmul(self.h.T, dy, out=self.d_down)
        dh = np.matmul(dy, self.down.T, out=self.new("dh", *self.h.shape))  # (N, F)
        dh *= self.h > 0
        np.matmul(self.x.T, dh, out=self.d_up)
        return np.matmul(dh, self.up.T, out=self.new("dx", *dy.shape))  # (N, D)
