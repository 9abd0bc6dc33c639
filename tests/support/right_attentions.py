"""Causal attentions that are right, in styles that the exercise file does not hold. Each has to score full."""

import functools
import math
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

Attention = Callable[..., Any]
RIGHT: dict[str, Attention] = {}


def right(attend: Attention) -> Attention:
    RIGHT[attend.__name__] = attend
    return attend


def scores_of(Q, K):
    return np.einsum("...qd,...kd->...qk", Q, K) / math.sqrt(Q.shape[-1])


def hidden(T):
    return np.arange(T)[None, :] > np.arange(T)[:, None]


def softmax(s):
    e = np.exp(s - np.max(s, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def one_by_one(attend2d):
    """A (T, d) attention, sequence by sequence."""

    @functools.wraps(attend2d)
    def attend(Q, K, V):
        out = np.empty((*V.shape[:-1], V.shape[-1]))
        for at in np.ndindex(*Q.shape[:-2]):
            out[at] = attend2d(Q[at], K[at], V[at])
        return out

    return attend


def filled(name, fill, added=False):
    """Masks with a finite number, written or added."""

    def attend(Q, K, V):
        s, future = scores_of(Q, K), hidden(Q.shape[-2])
        return softmax(s + future * fill if added else np.where(future, fill, s)) @ V

    attend.__name__ = name
    right(attend)


filled("fill_minus_1e9", -1e9)
filled("fill_minus_1e30", -1e30)
filled("fill_lowest_float64", np.finfo(np.float64).min)
filled("fill_lowest_float32", float(np.finfo(np.float32).min))
filled("adds_minus_1e9", -1e9, added=True)
filled("adds_lowest_float64", np.finfo(np.float64).min, added=True)


@right
@one_by_one
def recursion_over_positions(Q, K, V):
    *before, _ = range(len(Q))
    w = softmax(K @ Q[-1] / np.sqrt(len(Q[-1])))
    last = (w[:, None] * V).sum(axis=0, keepdims=True)
    return np.concatenate([recursion_over_positions(Q[:-1], K[:-1], V[:-1]), last]) if before else last


@right
@one_by_one
def online_softmax(Q, K, V):
    top, total, out = np.full(len(Q), -np.inf), np.zeros(len(Q)), np.zeros(V.shape)
    for j, (key, value) in enumerate(zip(K, V, strict=True)):
        s = Q[j:] @ key / np.sqrt(len(key))
        new = np.maximum(top[j:], s)
        shrink, p = np.exp(top[j:] - new), np.exp(s - new)
        total[j:] = total[j:] * shrink + p
        out[j:] = out[j:] * shrink[:, None] + p[:, None] * value
        top[j:] = new
    return out / total[:, None]


@right
def in_blocks_of_two(Q, K, V):
    outs = []
    for a in range(0, Q.shape[-2], 2):
        b = min(a + 2, Q.shape[-2])
        s = scores_of(Q[..., a:b, :], K[..., :b, :])
        outs.append(softmax(np.where(np.arange(b) > np.arange(a, b)[:, None], -np.inf, s)) @ V[..., :b, :])
    return np.concatenate(outs, axis=-2)


@right
def log_sum_exp(Q, K, V):
    s = np.where(hidden(Q.shape[-2]), -np.inf, scores_of(Q, K))
    return np.exp(s - np.logaddexp.reduce(s, axis=-1)[..., None]) @ V


@right
def log_add_exp_accumulated_backwards(Q, K, V):
    s = scores_of(Q, K)
    s[..., hidden(Q.shape[-2])] = -np.inf
    total = np.logaddexp.accumulate(s[..., ::-1], axis=-1)[..., -1:]
    return np.matmul(np.exp(s - total), V)


@right
def float32_throughout(Q, K, V):
    Q, K, V = (x.astype(np.float32) for x in (Q, K, V))
    return softmax(np.where(hidden(Q.shape[-2]), np.float32(-np.inf), scores_of(Q, K)).astype(np.float32)) @ V


@right
def long_doubles(Q, K, V):
    s = scores_of(Q.astype(np.longdouble), K.astype(np.longdouble))
    w = softmax(np.where(hidden(Q.shape[-2]), -np.inf, s))
    return np.einsum("...qk,...kv->...qv", w, V.astype(np.longdouble))


@right
def lists_out(Q, K, V):
    return (softmax(np.where(hidden(Q.shape[-2]), -np.inf, scores_of(Q, K))) @ V).tolist()


@right
def a_list_of_rows(Q, K, V):
    return [
        softmax(scores_of(q[None], k)[0]) @ v for q, k, v in ((Q[i], K[: i + 1], V[: i + 1]) for i in range(len(Q)))
    ] if Q.ndim == 2 else [a_list_of_rows(q, k, v) for q, k, v in zip(Q, K, V, strict=True)]  # fmt: skip


@right
def plain_python(Q, K, V):
    if Q.ndim > 2:
        return [plain_python(*one) for one in zip(Q, K, V, strict=True)]
    Q, K, V = Q.tolist(), K.tolist(), V.tolist()
    out = []
    for i, q in enumerate(Q):
        s = [math.fsum(a * b for a, b in zip(q, k, strict=True)) / math.sqrt(len(q)) for k in K[: i + 1]]
        e = [math.exp(x - max(s)) for x in s]
        out.append([math.fsum(w * v[c] for w, v in zip(e, V, strict=False)) / math.fsum(e) for c in range(len(V[0]))])
    return out


@right
def one_einsum_for_the_output(Q, K, V):
    T = Q.shape[-2]
    seen = np.tri(T)
    s = np.einsum("...id,...jd,->...ij", Q, K, Q.shape[-1] ** -0.5)
    e = np.exp(s - np.where(seen, s, -np.inf).max(-1, keepdims=True), where=seen.astype(bool), out=np.zeros_like(s))
    return np.einsum("...ij,ij,...jv,...i->...iv", e, seen, V, 1 / np.einsum("...ij,ij->...i", e, seen))


@right
def vectorized_by_numpy(Q, K, V):
    T = Q.shape[-2]

    def row(i, q, K, V):
        return softmax(K[: i + 1] @ q / np.sqrt(q.size)) @ V[: i + 1]

    return np.vectorize(row, signature="(),(d),(t,d),(t,v)->(v)")(np.arange(T), Q, K[..., None, :, :], V[..., None, :, :])


@right
def along_an_axis(Q, K, V):
    s = np.where(hidden(Q.shape[-2]), -np.inf, scores_of(Q, K))
    return np.apply_along_axis(lambda row: np.exp(row - row.max()) / np.exp(row - row.max()).sum(), -1, s) @ V


@right
def products_broadcast(Q, K, V):
    s = (Q[..., :, None, :] * K[..., None, :, :]).sum(axis=-1) / Q.shape[-1] ** 0.5
    w = softmax(np.where(hidden(Q.shape[-2]), -np.inf, s))
    return (w[..., None] * V[..., None, :, :]).sum(axis=-2)


@right
def keys_centred_over_time(Q, K, V):
    K = K - K.mean(axis=-2, keepdims=True)
    return softmax(np.where(hidden(Q.shape[-2]), -np.inf, scores_of(Q, K))) @ V


@right
def scale_shared_by_queries_and_keys(Q, K, V):
    root = Q.shape[-1] ** 0.25
    s = (Q / root) @ np.moveaxis(K / root, -1, -2)
    return softmax(np.where(hidden(Q.shape[-2]), -np.inf, s)) @ V


@right
def own_copies_in_place(Q, K, V):
    Q, K, V = Q.copy(), np.array(K), +V
    Q /= np.sqrt(Q.shape[-1])
    s = Q @ K.mT
    s[..., hidden(Q.shape[-2])] = -np.inf
    s -= s.max(axis=-1, keepdims=True)
    np.exp(s, out=s)
    s /= s.sum(axis=-1, keepdims=True)
    V[...] = s @ V
    return V


@right
def masked_arrays(Q, K, V):
    s = np.ma.masked_array(scores_of(Q, K), np.broadcast_to(hidden(Q.shape[-2]), (*Q.shape[:-1], Q.shape[-2])))
    e = np.ma.exp(s - s.max(axis=-1, keepdims=True))
    return (e / e.sum(axis=-1, keepdims=True)).filled(0.0) @ V


@right
def batch_flattened_first(Q, K, V):
    Q3, K3, V3 = (x.reshape(-1, *x.shape[-2:]) for x in (Q, K, V))
    w = softmax(np.where(hidden(Q.shape[-2]), -np.inf, np.matmul(Q3, K3.transpose(0, 2, 1)) / Q.shape[-1] ** 0.5))
    return np.matmul(w, V3).reshape(V.shape)


@right
def with_a_tiny_epsilon(Q, K, V):
    s = np.where(hidden(Q.shape[-2]), -np.inf, scores_of(Q, K))
    e = np.exp(s - s.max(axis=-1, keepdims=True))
    return e / (e.sum(axis=-1, keepdims=True) + 1e-12) @ V


@right
def transposed_and_back(Q, K, V):
    s = np.where(hidden(Q.shape[-2]).T, -np.inf, scores_of(K, Q))  # keys are the rows
    e = np.exp(s - s.max(axis=-2, keepdims=True))
    return np.swapaxes(np.swapaxes(V, -1, -2) @ (e / e.sum(axis=-2, keepdims=True)), -1, -2)


@right
def read_only_fortran_order(Q, K, V):
    out = np.asfortranarray(softmax(np.where(hidden(Q.shape[-2]), -np.inf, scores_of(Q, K))) @ V)
    out.flags.writeable = False
    return out


@right
def numpy_objects(Q, K, V):
    return np.array(fill_minus_1e9(Q, K, V), dtype=object)


@right
def talks_and_warns(Q, K, V):
    print("shapes", Q.shape, K.shape, V.shape)
    print("careful", file=sys.stderr)
    warnings.warn("something is deprecated", stacklevel=1)
    future = hidden(Q.shape[-2])
    with_nan = np.where(future, np.nan, 0.0) / np.where(future, 1.0, 0.0)  # 0 / 0 warns
    return softmax(np.where(np.isnan(with_nan) & future, -np.inf, scores_of(Q, K))) @ V


@right
def remembers_the_mask(Q, K, V, masks={}):  # noqa: B006
    T = Q.shape[-2]
    masks.setdefault(T, np.triu(np.full((T, T), -np.inf), k=1))
    return softmax(scores_of(Q, K) + masks[T]) @ V


class Callable2:
    """An object that is called."""

    def __call__(self, Q, K, V):
        return softmax(np.where(hidden(Q.shape[-2]), -np.inf, scores_of(Q, K))) @ V


fill_minus_1e9 = RIGHT["fill_minus_1e9"]
RIGHT["an_object"] = Callable2()
RIGHT["a_method"] = Callable2().__call__
RIGHT["a_partial"] = functools.partial(lambda fill, Q, K, V: fill_minus_1e9(Q, K, V), -1e9)


@right
def by_torch(Q, K, V):
    import torch

    tensors = (torch.from_numpy(np.array(x)) for x in (Q, K, V))
    return torch.nn.functional.scaled_dot_product_attention(*tensors, is_causal=True)


@right
def float32_promoted_by_the_scale(Q, K, V):
    Q, K, V = (x.astype(np.float32) for x in (Q, K, V))
    s = Q @ K.mT / np.sqrt(Q.shape[-1])  # np.sqrt of an int is a float64, and so is the rest
    return softmax(np.where(hidden(Q.shape[-2]), -np.inf, s)) @ V


@right
def float32_written_into_float64(Q, K, V):
    out = np.zeros(V.shape)
    out[...] = RIGHT["float32_throughout"](Q, K, V)
    return out
