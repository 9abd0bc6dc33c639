"""The inputs on which the course and the libraries are compared: small, and the same each time.

Axis letters: B batch, H head, T position, d width of a head, D width.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leftcontext.model.mini_gpt import init_params

Rng = np.random.Generator
Calls = list[tuple[Any, ...]]
B, H, T, d, D, VOCAB = 2, 3, 5, 4, 12, 7
CAUSAL = np.tri(T, dtype=bool)
DRAWN = {"sample_token", "verify_draft"}  # answers drawn by chance: their shares are compared
DRAWS = 1000


@dataclass(frozen=True)
class Seed:
    """A source of chance: NumPy's generator, PyTorch's generator, or a key of JAX."""

    number: int


@dataclass(frozen=True)
class Smooth:
    """A function of operators and methods that all three kinds of arrays have, so that each library can differentiate it."""

    function: Callable[..., Any]


def calls(id: str) -> Calls:
    """The calls for the function `id`, each a tuple of arguments. Raises KeyError for a function without a counterpart."""
    return CALLS["repair" if id.startswith("repair_") else id](np.random.default_rng(17))


def _qkv(rng: Rng, *leading: int) -> tuple[NDArray[np.floating], ...]:
    return tuple(rng.normal(size=(3, *leading, T, d)))


def _tokens(rng: Rng, *shape: int) -> NDArray[np.integer]:
    return rng.integers(VOCAB, size=shape)


def _log_probs(rng: Rng) -> NDArray[np.floating]:
    z = rng.normal(size=(T, VOCAB))
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))


def _weights(rng: Rng) -> NDArray[np.floating]:
    """Causal weights (B, T, T): rows sum to 1."""
    e = np.exp(rng.normal(size=(B, T, T))) * CAUSAL
    return e / e.sum(axis=-1, keepdims=True)


def _rows(rng: Rng) -> NDArray[np.bool_]:
    """Any mask, its row 1 with nothing allowed."""
    return (rng.random((T, T)) < 0.6) & (np.arange(T) != 1)[:, None]


def _logits_of(tokens: NDArray[np.integer]) -> NDArray[np.floating]:
    """A model without a future: tokens (t,) → logits (t, VOCAB)."""
    return np.sin(tokens.cumsum()[:, None] * np.arange(1, VOCAB + 1))


def _peeking(tokens: NDArray[np.integer]) -> NDArray[np.floating]:
    """A model that sees the last token from everywhere."""
    return _logits_of(tokens) + np.cos(tokens[-1] + np.arange(VOCAB))


def _certain(tokens: NDArray[np.integer]) -> NDArray[np.floating]:
    """A model so sure of its next token that every way to draw it draws the same."""
    return 60 * np.eye(VOCAB)[tokens.cumsum() % VOCAB]


def _reads_to_the_left(tokens: NDArray[np.integer]) -> NDArray[np.floating]:
    """A causal model of a batch: tokens (b, t) → logits (b, t, VOCAB)."""
    return np.sin(np.asarray(tokens).cumsum(axis=-1)[..., None] * np.arange(1, VOCAB + 1))


def _attend(Q: Any, K: Any, V: Any) -> Any:
    """Causal, made of a running sum."""
    return Q + (K * V).cumsum(0)


def _leaky(Q: Any, K: Any, V: Any) -> Any:
    return _attend(Q, K, V) + V[-1:]  # every output sees the last value


def _one_off() -> NDArray[np.bool_]:
    """The causal mask, but query 3 may not see itself."""
    allowed = CAUSAL.copy()
    allowed[3, 3] = False
    return allowed


def _each_differs(b: Any, h: Any, q: Any, k: Any) -> Any:
    """A mask_mod that depends on each of its arguments."""
    return (k <= q) & ((q - k <= h) | (k == b))


PADDED = np.array([[0, 0, 1, 1, 1], [1, 1, 1, 1, 0], [1, 1, 1, 1, 1]])
def _paged(rng: Rng) -> tuple[NDArray[Any], ...]:
    """Pages of two texts of 3 and 5 tokens, their tables and lengths."""
    return rng.normal(size=(2, 6, 2, d)), np.array([[4, 1, -1], [0, 5, 3]]), np.array([3, 5])


def _drafted(rng: Rng) -> tuple[NDArray[Any], ...]:
    """Two distributions of 4 tokens for a draft of 2, and the draft."""
    del rng  # the same in every call, so that shares can be counted
    p = np.array([[0.1, 0.85, 0.05, 0.0], [0.6, 0.1, 0.1, 0.2], [0.1, 0.2, 0.3, 0.4]])
    return p, np.array([[0.5, 0.2, 0.1, 0.2], [0.3, 0.4, 0.2, 0.1]]), np.array([0, 1])


MASKS = {
    "allowed": CAUSAL,
    "blocked": ~CAUSAL,
    "additive": np.where(CAUSAL, 0, -np.inf),
    "multiplicative": CAUSAL * 1.0,
}


CALLS: dict[str, Callable[[Rng], Calls]] = {
    # masks
    "future_pairs": lambda rng: [(T,), (1,)],
    "weight_pattern": lambda rng: [()],
    "causal_allowed": lambda rng: [(T,), (1,)],
    "causal_mask": lambda rng: [(T,), (1,)],
    "apply_mask": lambda rng: [(rng.normal(size=(B, H, T, T)), MASKS["additive"])],
    "convert_mask": lambda rng: [(mask, source, target) for source, mask in MASKS.items() for target in MASKS],
    "finite_causal_mask": lambda rng: [(T, np.float16), (T, np.float32)],
    "causal_allowed_between": lambda rng: [(2, T), (1, T)],
    "window_mask": lambda rng: [(MASKS["additive"], 2), (MASKS["additive"], 9)],
    "visible_keys": lambda rng: [(MASKS["blocked"],), (MASKS["additive"],)],
    # zoo
    "padding_allowed": lambda rng: [(np.array([T, 3, 0]), T)],
    "sliding_window_allowed": lambda rng: [(T, 2), (T, 1), (T, 9)],
    "prefix_lm_allowed": lambda rng: [(T, 3), (T, 0)],
    "packed_allowed": lambda rng: [(np.array([4, 4, 2, 2, 4]),)],
    "combine": lambda rng: [(CAUSAL, np.arange(T) < np.array([T, 3])[:, None, None])],
    "alibi_bias": lambda rng: [(0.5 ** np.arange(1, H + 1), T)],
    "alibi_slopes": lambda rng: [(8,), (12,), (1,)],
    "tree_allowed": lambda rng: [(np.array([-1, 0, 0, 1, 1, -1, 5]),)],
    "packed_inputs": lambda rng: [(np.array([-1, 2, 2, 0, -1, 1, 1, 1]),)],
    # batches
    "hf_to_allowed": lambda rng: [(PADDED, T), (PADDED, 2)],
    "sdpa_mask": lambda rng: [(PADDED, T), (PADDED, 2), *[(np.ones((B, T), dtype=int), n) for n in (T, 2, 1)]],
    "position_ids_from": lambda rng: [(PADDED, None), (PADDED, 2)],
    "dense_mask": lambda rng: [(Smooth(_each_differs), B, H, T, T), (Smooth(_each_differs), 1, 1, 2, T)],
    "self_attention_allowed": lambda rng: [(PADDED == 1, is_decoder) for is_decoder in (True, False)],
    # softmax
    "softmax": lambda rng: [(1e4 * rng.normal(size=(B, T)),), (rng.normal(size=(B, T)), 0)],
    "log_softmax": lambda rng: [(rng.normal(size=(B, T)),), (rng.normal(size=(B, T)), 0)],
    "causal_weights": lambda rng: [(rng.normal(size=(B, H, T, T)),)],
    "masked_softmax": lambda rng: [(rng.normal(size=(B, H, T, T)), _rows(rng))],
    "mask_after_softmax": lambda rng: [(np.full((B, T, T), 1 / T), _rows(rng))],
    "filled_weights": lambda rng: [(rng.normal(size=(B, H, T, T)), CAUSAL), (np.full((T, T), -2e4), CAUSAL)],
    # loss
    "left_context": lambda rng: [(_tokens(rng, T), 2)],
    "next_token_pairs": lambda rng: [(_tokens(rng, B, T + 1),)],
    "sequence_log_prob": lambda rng: [(_log_probs(rng), _tokens(rng, T))],
    "perplexity": lambda rng: [(_log_probs(rng), _tokens(rng, T))],
    "cross_entropy": lambda rng: [(rng.normal(size=(B, T, VOCAB)), _tokens(rng, B, T))],
    "teacher_forced_loss": lambda rng: [(_logits_of, _tokens(rng, T + 1)), (_peeking, _tokens(rng, T + 1))],
    "stepwise_loss": lambda rng: [(_logits_of, _tokens(rng, T + 1)), (_peeking, _tokens(rng, T + 1))],
    "rollout_loss": lambda rng: [(f, _tokens(rng, T + 1), n, Seed(0)) for f, n in ((_logits_of, T), (_certain, 2))],
    "leak_gap": lambda rng: [(_logits_of, _tokens(rng, T + 1)), (_peeking, _tokens(rng, T + 1))],
    "loss_per_position": lambda rng: [(rng.normal(size=(B, T, VOCAB)), _tokens(rng, B, T))],
    "next_token_loss": lambda rng: [(rng.normal(size=(B, T, VOCAB)), _tokens(rng, B, T))],
    "labels_from": lambda rng: [(np.array([5, 6, 7, 0, 0]), 2, 0), (np.array([4]), 0, 9)],
    "masked_mean_loss": lambda rng: [
        (rng.normal(size=(B, T, VOCAB)), np.where(rng.random((B, T)) < 0.5, -100, _tokens(rng, B, T))),
        (rng.normal(size=(T, VOCAB)), np.full(T, -100)),
    ],
    "accumulated_loss": lambda rng: [(np.array([1.0, np.nan, 3.0]), np.array([3, 0, 1]))],
    "pack": lambda rng: [([np.array([5, 6, 7]), np.array([8, 9]), np.array([4])], 4)],
    "padding_leak": lambda rng: [
        (_reads_to_the_left, _tokens(rng, B, T), np.arange(T) >= np.array([[0], [2]]), np.arange(3))
    ],
    "random_token_floor": lambda rng: [(16,), (1,)],
    # attention and heads
    "query_key_score": lambda rng: [tuple(rng.normal(size=(2, d)))],
    "attention_scores": lambda rng: [_qkv(rng, B, H)[:2]],
    "attend_one": lambda rng: [(rng.normal(size=d), *_qkv(rng)[1:])],
    "causal_output_at": lambda rng: [(*_qkv(rng), 2)],
    "causal_attention": lambda rng: [_qkv(rng, B, H)],
    "attention_layer": lambda rng: [
        (*qkv, is_causal, with_weights)
        for qkv in (_qkv(rng, B, H), _qkv(rng))
        for is_causal in (True, False)
        for with_weights in (True, False)
    ],
    "repair": lambda rng: [_qkv(rng)],
    "split_heads": lambda rng: [(rng.normal(size=(B, T, D)), H)],
    "merge_heads": lambda rng: [(rng.normal(size=(B, H, T, d)),)],
    "multi_head_causal_attention": lambda rng: [(rng.normal(size=(B, T, D)), *rng.normal(size=(4, D, D)) / 3, H)],
    # cache, generation, positions
    "decode_step": lambda rng: [(*rng.normal(size=(3, d)), None), (*rng.normal(size=(3, d)), _qkv(rng)[1:])],
    "cached_attention": lambda rng: [(*_qkv(rng), 3)],
    "cached_step": lambda rng: [(*_qkv(rng), None), (*_qkv(rng), _qkv(rng)[1:])],
    "greedy_decode": lambda rng: [(_logits_of, _tokens(rng, 3), 6), (_logits_of, _tokens(rng, 1), 0)],
    "sample_token": lambda rng: [(np.array([2.0, 1.0, 0.5, -1.0]), Seed(n), 0.8, 3) for n in range(DRAWS)],
    "nucleus": lambda rng: [(rng.normal(size=VOCAB), p) for p in (0.1, 0.6, 1.0)],
    "sinusoidal_positions": lambda rng: [(T, d), (1, 2)],
    "rotate_half_rope": lambda rng: [(rng.normal(size=(B, H, T, d)), np.arange(3, 3 + T))],
    "rope": lambda rng: [(rng.normal(size=(B, H, T, d)), np.arange(3, 3 + T))],
    "position_ids": lambda rng: [(np.arange(T) >= np.array([0, 2, 4])[:, None],)],
    "add_positions": lambda rng: [(rng.normal(size=(len(PADDED), n, d)), PADDED == 1, rng.uniform(size=d)) for n in (T, 2)],
    # serving
    "cache_bytes": lambda rng: [(32, 8, 128, 1, 2), (2, 1, 4, T, 4)],
    "repeat_kv": lambda rng: [(rng.normal(size=(B, H, T, d)), 2), (rng.normal(size=(1, 1, d)), 3)],
    "grouped_query_attention": lambda rng: [(rng.normal(size=(B, 2 * H, T, d)), *_qkv(rng, B, H)[1:])],
    "sink_window_allowed": lambda rng: [(T, 1, 2), (T, 0, 1), (T, 9, 9)],
    "paged_gather": lambda rng: [(rng.normal(size=(4, 2, d)), np.array([2, 0, 3]), 5)],
    "paged_attention": lambda rng: [(*_paged(rng), rng.normal(size=(2, d)))],
    "verify_draft": lambda rng: [(*_drafted(rng), Seed(n)) for n in range(DRAWS)],
    "tree_positions": lambda rng: [(np.array([-1, 0, 0, 1, 1, -1, 5]),)],
    # efficient, gradients
    "online_softmax_update": lambda rng: [
        (None, rng.normal(size=3), rng.normal(size=(3, d))),
        ((np.array(0.5), np.array(2.0), rng.normal(size=d)), rng.normal(size=3), rng.normal(size=(3, d))),
    ],
    "blockwise_causal_attention": lambda rng: [(*_qkv(rng, B, H), 3)],
    "causal_linear_attention": lambda rng: [_qkv(rng, B, H)],
    "block_summaries": lambda rng: [(rng.normal(size=(T, d)), 2), (rng.normal(size=(T, d)), 9)],
    "numerical_gradient": lambda rng: [(Smooth(lambda x: (x * x * x).sum()), rng.normal(size=(2, 3)))],
    "softmax_backward": lambda rng: [(_weights(rng), rng.normal(size=(B, T, T)))],
    "causal_attention_backward": lambda rng: [(*_qkv(rng, B, H), rng.normal(size=(B, H, T, d)))],
    # beyond attention
    "causal_conv1d": lambda rng: [(rng.normal(size=(T, d)), rng.normal(size=k)) for k in (3, 1, 9)],
    "causal_pool": lambda rng: [(rng.normal(size=(T, d)), stride) for stride in (2, 1, T)],
    "fft_causal_conv": lambda rng: [(rng.normal(size=(T, d)), rng.normal(size=k)) for k in (3, T, 9)],
    "running_norm": lambda rng: [(rng.normal(size=(T, d)), 1e-5), (5 + rng.normal(size=(1, d)), 0.5)],
    "route_tokens": lambda rng: [(rng.normal(size=(D, H)), 2, 5), (rng.normal(size=(T, H)), 1, 1)],
    "chunked_scan": lambda rng: [(rng.uniform(size=(T, d)), rng.normal(size=(T, d)), n) for n in (2, 1, 9)],
    # circuits
    "previous_token_score": lambda rng: [(_weights(rng),), (np.ones((B, 1, 1)),)],
    "induction_score": lambda rng: [(_weights(rng), np.array([3, 1, 3, 1, 1])), (_weights(rng), np.arange(T))],
    "ablate_head": lambda rng: [(rng.normal(size=(H, T, d)), rng.normal(size=(H * d, D)), h) for h in range(H)],
    "patch": lambda rng: [(*rng.normal(size=(2, H, T, d)), Smooth(lambda heads: (heads * heads).sum()))],
    # leaks, model
    "influence_matrix": lambda rng: [(Smooth(f), *_qkv(rng)) for f in (_attend, _leaky)],
    "first_leak": lambda rng: [(Smooth(f), *_qkv(rng)) for f in (_attend, _leaky)],
    "is_causal": lambda rng: [
        (Smooth(lambda x: x.cumsum(0)), rng.normal(size=(T, d))),
        (Smooth(lambda x: x - x.mean(0)), rng.normal(size=(T, d))),
    ],
    "find_wrong_entry": lambda rng: [(Smooth(_attend), allowed, *_qkv(rng)) for allowed in (CAUSAL, _one_off())],
    "audit": lambda rng: [(_logits_of, VOCAB, T), (_peeking, VOCAB, T)],
    "mini_gpt_logits": lambda rng: [(init_params(VOCAB, T + 1, D, H, 8), _tokens(rng, B, T))],
    "train_mini_gpt": lambda rng: [(init_params(VOCAB, T, D, H, 8), _tokens(rng, 2, 8, T + 1), 3)],
}
