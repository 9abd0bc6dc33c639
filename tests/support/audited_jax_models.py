"""Small models in JAX as one writes them there: honest ones that look suspicious, leaky ones with what must be said of them.

Token models take (B, T) and return (B, T, V); T positions, D width, V tokens. Importing this needs jax.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from support.audited_numpy_models import D, E, H, P, W

EMBED, HEAD, PLACES, PROJECT = (jnp.asarray(each, dtype=jnp.float32) for each in (E, H, P, W))
Model = Callable[[Any], Any]


class Params(NamedTuple):
    """The parameters of a layer, as a pytree."""

    embed: jax.Array
    project: jax.Array
    head: jax.Array


PARAMS = Params(EMBED, PROJECT, HEAD)


def embed(tokens, dtype=jnp.float32):
    return (EMBED[tokens] + PLACES[: tokens.shape[-1]]).astype(dtype)


def attend(x, allowed, fill=-jnp.inf):
    """x (..., T, D) → (..., T, D), attention where `allowed` (T, T)."""
    q, k, v = (x @ w.astype(x.dtype) for w in PROJECT)
    scores = jnp.where(allowed, q @ k.mT / D**0.5, fill)
    return jax.nn.softmax(scores, axis=-1).astype(x.dtype) @ v


def tri(T, k=0):
    return jnp.tri(T, k=k, dtype=bool)


def lm(mix, dtype=jnp.float32):
    """A language model around a mixing of rows (B, T, D) → (B, T, D)."""

    def model(tokens):
        x = embed(tokens, dtype)
        return jnp.tanh(x + mix(x)) @ HEAD.astype(dtype)

    model.__name__ = getattr(mix, "__name__", "model")
    return model


def causal(x):
    return attend(x, tri(x.shape[-2]))


# Honest.


def one_text(tokens):
    """Tokens (T,) → (T, V): what vmap is for."""
    return lm(causal)(tokens[None])[0]


def recurrent(x):
    """A scan over time, of rows (B, T, D)."""

    def step(state, row):
        state = jnp.tanh(0.5 * state + row @ PROJECT[0].astype(row.dtype))
        return state, state

    return jnp.moveaxis(lax.scan(step, jnp.zeros_like(x[:, 0]), jnp.moveaxis(x, 1, 0))[1], 0, 1)


def compose(left, right):
    """The product of two steps h → a h + b, the left one first."""
    return left[0] * right[0], right[0] * left[1] + right[1]


def associative(x):
    gates = jax.nn.sigmoid(x @ PROJECT[1])
    return lax.associative_scan(compose, (gates, x @ PROJECT[0]), axis=1)[1]


def associative_of_long_texts(x):
    return lax.associative_scan(jnp.add, x, axis=1) / 8


def left_padded_convolution(x):
    kernel = jnp.ones((3, 1, D)) / 3  # a width of 3, one kernel for each number
    return lax.conv_general_dilated(
        x, kernel, (1,), [(2, 0)], dimension_numbers=("NWC", "WIO", "NWC"), feature_group_count=D
    )


def dropped_out(key):
    def mix(x):
        kept = jax.random.bernoulli(key, 0.8, x.shape)
        return jnp.where(kept, causal(x) / 0.8, 0.0)

    return mix


def dropout_of_each_position(x):
    """A key for each position, folded in: dropout that is the same at every length."""
    keys = jax.vmap(lambda t: jax.random.fold_in(jax.random.key(1), t))(jnp.arange(x.shape[1]))
    kept = jax.vmap(lambda key: jax.random.bernoulli(key, 0.8, (D,)))(keys)
    return jnp.where(kept, causal(x), 0.0)


def with_the_library(x):
    q, k, v = ((x @ w)[:, :, None] for w in PROJECT)
    return jax.nn.dot_product_attention(q, k, v, is_causal=True)[:, :, 0]


@partial(jax.jit, static_argnames="window")
def windowed(x, window=4):
    T = x.shape[1]
    return attend(x, tri(T) & ~tri(T, -window))


def checkpointed(x):
    return jax.checkpoint(causal)(x)


def layers_by_scan(x):
    """Two layers whose parameters are stacked, as large models are written."""
    return lax.scan(lambda x, scale: (x + scale * causal(x), None), x, jnp.array([1.0, 0.5]))[0]


def in_a_loop(x):
    return lax.fori_loop(0, 2, lambda _, x: x + causal(x), x)


def of_fixed_length(length, mix=causal):
    """Compiled for one length: shorter texts are padded on the right, and longer ones refused."""
    compiled = jax.jit(lm(mix))

    def model(tokens):
        T = tokens.shape[1]
        return compiled(jnp.pad(tokens, ((0, 0), (0, length - T))))[:, :T]

    return model


def only_of_length(length, mix=causal):
    def model(tokens):
        if tokens.shape[1] != length:
            raise TypeError(f"compiled for {length} tokens, got {tokens.shape[1]}")
        return lm(mix)(tokens)

    return model


class Module:
    """What flax or equinox make: parameters and a call; `apply(variables, tokens)` is pure."""

    def __init__(self, mix=causal):
        self.variables = {"params": {"embed": EMBED, "head": HEAD}}
        self.mix = mix

    def apply(self, variables, tokens):
        params = variables["params"]
        x = params["embed"][tokens] + PLACES[: tokens.shape[1]]
        return (x + self.mix(x)) @ params["head"]

    def __call__(self, tokens):
        return self.apply(self.variables, tokens)


def buffer_step(tokens, cache, length=160, leaks=False):
    """A step with a cache of fixed size: keys and values are written into a buffer where the text goes on."""
    B, n = tokens.shape
    if cache is None:
        cache = (jnp.zeros((B, length, D)), jnp.zeros((B, length, D)), 0)
    keys, values, seen = cache
    x = EMBED[tokens] + lax.dynamic_slice_in_dim(PLACES, seen, n)
    q, k, v = (x @ w for w in PROJECT)
    keys = lax.dynamic_update_slice_in_dim(keys, k, seen, axis=1)
    values = lax.dynamic_update_slice_in_dim(values, v, seen, axis=1)
    last = seen + (n - 1 if leaks else jnp.arange(n)[:, None])
    scores = jnp.where(jnp.arange(length) <= last, q @ keys.mT / D**0.5, -jnp.inf)
    return jnp.tanh(x + jax.nn.softmax(scores, axis=-1) @ values) @ HEAD, (keys, values, seen + n)


HONEST: dict[str, Model] = {
    "jit": jax.jit(lm(causal)),
    "not compiled": lm(causal),
    "vmap of one text": jax.jit(jax.vmap(one_text)),
    "jit of vmap of jit": jax.jit(jax.vmap(jax.jit(one_text))),
    "scan over time": jax.jit(lm(recurrent)),
    "associative scan": jax.jit(lm(associative)),
    "associative scan of sums": jax.jit(lm(associative_of_long_texts)),
    "bfloat16": jax.jit(lm(causal, jnp.bfloat16)),
    "float16 and a scan": jax.jit(lm(recurrent, jnp.float16)),
    "convolution padded on the left": jax.jit(lm(left_padded_convolution)),
    "dropout with a key": jax.jit(lm(dropped_out(jax.random.key(0)))),
    "dropout with a key of the old kind": jax.jit(lm(dropped_out(jax.random.PRNGKey(0)))),
    "dropout with a key for each position": jax.jit(lm(dropout_of_each_position)),
    "dot_product_attention": jax.jit(lm(with_the_library)),
    "a static window": lm(windowed),
    "checkpointed": jax.jit(lm(checkpointed)),
    "layers by scan": jax.jit(lm(layers_by_scan)),
    "layers in a loop": jax.jit(lm(in_a_loop)),
    "padded to a fixed length": of_fixed_length(32),
    "of one length only": only_of_length(24),
    "a module": Module(),
    "apply with its variables": partial(jax.jit(Module().apply), Module().variables),
    "parameters in a partial": partial(jax.jit(lambda params, tokens: causal(params.embed[tokens]) @ params.head), PARAMS),
    "truth values": lambda tokens: lm(causal)(tokens) > 0,
    "a dictionary": lambda tokens: {"logits": lm(causal)(tokens), "cache": None},
}


# Leaky.


def reversed_scan(x):
    """A recurrence from the end: `reverse=True` was left in."""
    return jnp.moveaxis(
        lax.scan(lambda s, row: (0.5 * s + row, 0.5 * s + row), jnp.zeros_like(x[:, 0]), jnp.moveaxis(x, 1, 0), reverse=True)[1],
        0,
        1,
    )


def same_convolution(x):
    kernel = jnp.ones((3, 1, D)) / 3
    return lax.conv_general_dilated(
        x, kernel, (1,), "SAME", dimension_numbers=("NWC", "WIO", "NWC"), feature_group_count=D
    )


def chunked(size):
    """A scan over chunks, each of which is summed up whole."""

    def mix(x):
        B, T, _ = x.shape
        parts = jnp.pad(x, ((0, 0), (0, -T % size), (0, 0))).reshape(B, -1, size, D)
        states = lax.associative_scan(jnp.add, parts.mean(axis=2), axis=1)
        return jnp.repeat(states, size, axis=1)[:, :T]

    return mix


def global_norm(x):
    return causal((x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True))


def wrong_axis(x):
    q, k, v = (x @ w for w in PROJECT)
    scores = jnp.where(tri(x.shape[1]), q @ k.mT / D**0.5, -jnp.inf)
    return jax.nn.softmax(scores, axis=-2) @ v


def weak_where(x):
    """softmax(..., where=...) hides nothing where the mask is turned around."""
    q, k, v = (x @ w for w in PROJECT)
    return jax.nn.softmax(q @ k.mT / D**0.5, axis=-1, where=tri(x.shape[1]).T) @ v


def over_all_texts(tokens):
    """vmap with an axis name, and a mean over it: rows of the batch see each other."""
    rows = jax.vmap(lambda t: one_text(t) - lax.pmean(one_text(t), "batch"), axis_name="batch")
    return rows(tokens)


def rolled(x):
    return causal(x) + jnp.roll(x, -1, axis=1)


def starts_at_zero(x):
    return causal(x) + jnp.roll(x, -1, axis=1) @ jnp.zeros((D, D))


def gathered(x):
    """`mode="clip"`: the index beside the last one is the last one, and all others see the next."""
    return causal(x) + 0.1 * jnp.take(x, jnp.arange(x.shape[1]) + 1, axis=1, mode="clip")


def dropout_mask_from_the_text(x):
    """A key that is folded with a sum over the text."""
    key = jax.random.fold_in(jax.random.key(0), (1000 * jnp.abs(x).sum()).astype(jnp.uint32))
    return jnp.where(jax.random.bernoulli(key, 0.7, x.shape), causal(x), 0.0)


def expert_choice(x):
    """Two experts take the best quarter of all tokens of the text."""
    scores = jax.nn.softmax(x @ HEAD[:, :2], axis=-1)
    kept = max(1, x.shape[1] // 4)
    out = causal(x)
    for expert in range(2):
        best, at = lax.top_k(scores[..., expert], kept)
        out = jax.vmap(lambda o, r, a, b: o.at[a].add(b[:, None] * jnp.tanh(r[a])))(out, x, at, best)
    return out


def quantised(x):
    y = causal(x)
    scale = jnp.abs(y).max(axis=(1, 2), keepdims=True) / 127
    return jnp.round(y / scale).astype(jnp.int8).astype(jnp.float32) * scale


# name: (model, words that stand in the description)
LEAKY: dict[str, tuple[Model, tuple[str, ...]]] = {
    "no mask, jit": (jax.jit(lm(lambda x: attend(x, True))), ("whole row",)),
    "one ahead, vmap": (jax.jit(jax.vmap(lambda t: lm(lambda x: attend(x, tri(x.shape[-2], 1)))(t[None])[0])), ("one ahead",)),
    "rolled": (jax.jit(lm(rolled)), ("one ahead",)),
    "rolled in bfloat16": (jax.jit(lm(rolled, jnp.bfloat16)), ("one ahead",)),
    "a scan from the end": (jax.jit(lm(reversed_scan)), ("only the future",)),
    "a convolution with SAME": (jax.jit(lm(same_convolution)), ("one ahead",)),
    "chunks of 8": (jax.jit(lm(chunked(8))), ("blocks of 8",)),
    "a norm over time": (jax.jit(lm(global_norm)), ("whole row",)),
    "a softmax over the queries": (jax.jit(lm(wrong_axis)), ("whole row",)),
    "where, turned around": (jax.jit(lm(weak_where)), ()),
    "rows of the batch": (jax.jit(over_all_texts), ("another row of the batch",)),
    "gathered and clipped": (jax.jit(lm(gathered)), ("one ahead",)),
    "a key made of the text": (jax.jit(lm(dropout_mask_from_the_text)), ()),
    "a module": (Module(rolled), ("one ahead",)),
    "of one length only": (only_of_length(24, rolled), ("one ahead",)),
    "padded to a fixed length": (of_fixed_length(32, lambda x: causal(x) + x.mean(axis=1, keepdims=True)), ("whole row",)),
    "layers by scan": (jax.jit(lm(lambda x: layers_by_scan(rolled(x)))), ("one ahead",)),
    "expert choice": (jax.jit(lm(expert_choice)), ("a choice among all positions",)),
    "8 bits by the largest of all": (jax.jit(lm(quantised)), ("all or none", "one scale for all positions")),
}
