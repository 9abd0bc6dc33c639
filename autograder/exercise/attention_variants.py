"""What the exercises share in which a broken causal attention is mended: cases, right answers, and half mends.

Every one of them is `attend(Q, K, V)` for Q, K (T, d) and V (T, d_v), without batches.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.attention_probes import attention_kind, attention_probes
from autograder.exercise.exercise import Case, Exercise, Misconception, case


def fix_exercise(broken: Misconception, hints: tuple[str, ...], besides: tuple[Misconception, ...] = ()) -> Exercise:
    """An exercise with the shared cases and right answers.

    `broken` is the idea behind the code that is handed out: hand it to `handed_out`. Of the shared mistakes, those
    named in `besides` are left out, for the exercise has words of its own for them.
    """
    exercise = Exercise(
        topic="mending an attention", answer=attention_kind, hints=hints, probes=attention_probes(batched=False)
    )
    for title, cases in (
        ("Three tokens by hand", by_hand),
        ("Any length and width", any_size),
        ("Large scores", large),
    ):
        exercise.part(title)(cases)
    for right in (with_loops, additive, in_float32, normalised_last):
        exercise.equivalent(right)
    left_out = {broken.id, *(other.id for other in besides)}
    for mistake, function in MISTAKES:
        if mistake.id not in left_out:
            exercise.mistake(mistake)(function)
    return exercise


def _qkv(rng: np.random.Generator, T: int, d: int, d_v: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return rng.normal(size=(T, d)), rng.normal(size=(T, d)), rng.normal(size=(T, d_v))


def by_hand(rng: np.random.Generator) -> Iterator[Case]:
    """V is the identity, so the output shows the weights."""
    Q = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    K = np.array([[1.0, 1.0], [2.0, 0.0], [0.0, 3.0]])
    yield case(Q, K, np.eye(3), note="V is the identity, so the output shows the weights")
    yield case(*_qkv(rng, T=5, d=4, d_v=3))


def any_size(rng: np.random.Generator) -> Iterator[Case]:
    """Long and short, wide and narrow."""
    for T, d, d_v in ((4, 3, 2), (5, 5, 5), (9, 2, 4), (3, 7, 2), (6, 4, 1), (4, 3, 2), (80, 3, 2), (1, 3, 2)):
        yield case(*_qkv(rng, T=T, d=d, d_v=d_v))
    Q, K, V = _qkv(rng, T=5, d=4, d_v=6)
    yield case(0 * Q, K, V, note="all scores are 0")
    yield case(*huge_at_the_end(rng, T=6, d=4, d_v=3), note="the last value is a million times as large")


def huge_at_the_end(rng: np.random.Generator, T: int, d: int, d_v: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A leak of a millionth becomes as large as an output; what is hidden altogether stays hidden."""
    Q, K, V = _qkv(rng, T, d, d_v)
    V[-1] *= 1e6
    return Q, K, V


def large(rng: np.random.Generator) -> Iterator[Case]:
    """Scores beyond exp; masking after the softmax and renormalising stays right."""
    yield case(*_qkv(rng, T=5, d=3, d_v=4))
    Q, K = np.zeros((4, 2)), np.array([[0.0, 1200.0], [0.0, 1200.0], [0.0, 1201.0], [0.0, 1199.0]])
    Q[1:, 1] = [1.0, 1.0, -1.0]
    yield case(Q, K, rng.normal(size=(4, 3)), note="scores of +850 and -850")
    # float32 can hold every one of these scores exactly, and the best is far ahead: a log-sum-exp has no digit left for a second.
    Q, K = np.zeros((5, 4)), np.zeros((5, 4))
    Q[:, 1], K[:, 1] = 1.0, [-360000.0, -360512.0, -361024.0, -361536.0, -362048.0]
    yield case(Q, K, rng.normal(size=(5, 3)), note="every score below -100000; the first one is far ahead")
    Q, K = np.zeros((5, 4)), np.zeros((5, 4))
    Q[1:, 2], K[:, 2] = 256.0, [0.0, 13.25, 13.265625, 6.0, 2.0]
    yield case(Q, K, rng.normal(size=(5, 2)), note="scores of 0 and 1700 in one row")


# Right in other styles.


def with_loops(Q: Any, K: Any, V: Any) -> Any:
    """One query after another, no mask at all."""
    out = []
    for i, q in enumerate(Q):
        s = [float(q @ k) / len(q) ** 0.5 for k in K[: i + 1]]
        e = [np.exp(x - max(s)) for x in s]
        out.append(sum(w * v for w, v in zip(e, V, strict=False)) / sum(e))
    return out


def additive(Q: Any, K: Any, V: Any) -> Any:
    """With -1e9 over the future."""
    s = np.einsum("id,jd->ij", Q / Q.shape[1] ** 0.5, K) + np.triu(np.full((len(Q), len(Q)), -1e9), k=1)
    return _softmax(s) @ V


def in_float32(Q: Any, K: Any, V: Any) -> Any:
    """With half the digits."""
    return attend(*(np.asarray(x, dtype=np.float32) for x in (Q, K, V)))


def normalised_last(Q: Any, K: Any, V: Any) -> Any:
    """Mixes first, divides last."""
    s = np.where(_causal(Q), Q @ K.T / np.sqrt(Q.shape[1]), -np.inf)
    e = np.exp(s - s.max(axis=1, keepdims=True))
    return (e @ V) / e.sum(axis=1, keepdims=True)


# Wrong in the usual ways.


def attend(
    Q: Any, K: Any, V: Any, allowed: Any = None, *, fill: float = -np.inf, scale: float | None = None, axis: int = -1
) -> Any:
    """Causal attention with one thing changed."""
    scores = Q @ K.T / (np.sqrt(Q.shape[1]) if scale is None else scale)
    scores = scores.astype(np.result_type(Q))
    return _softmax(np.where(_causal(Q) if allowed is None else allowed, scores, Q.dtype.type(fill)), axis) @ V


def _softmax(scores: Any, axis: int = -1) -> Any:
    e = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def _causal(Q: Any, k: int = 0) -> Any:
    return np.tri(len(Q), k=k, dtype=bool)


def masked_after_softmax(Q: Any, K: Any, V: Any) -> Any:
    """The future stays in the denominator."""
    return np.tril(_softmax(Q @ K.T / np.sqrt(Q.shape[1]))) @ V


def zero_as_sentinel(Q: Any, K: Any, V: Any) -> Any:
    """Takes a true 0 for a hidden one."""
    s = np.tril(Q @ K.T / np.sqrt(Q.shape[1]))
    return _softmax(np.where(s == 0, -np.inf, s)) @ V


def no_max(Q: Any, K: Any, V: Any) -> Any:
    """exp(850) is infinite."""
    e = np.tril(np.exp(Q @ K.T / np.sqrt(Q.shape[1])))
    return e / e.sum(axis=1, keepdims=True) @ V


def global_max(Q: Any, K: Any, V: Any) -> Any:
    """exp(-1700) is 0, and so is the sum."""
    s = np.where(_causal(Q), Q @ K.T / np.sqrt(Q.shape[1]), -np.inf)
    e = np.exp(s - s.max())
    return e / e.sum(axis=1, keepdims=True) @ V


def whole_matrix(Q: Any, K: Any, V: Any) -> Any:
    """One sum for all rows."""
    s = np.where(_causal(Q), Q @ K.T / np.sqrt(Q.shape[1]), -np.inf)
    e = np.exp(s - s.max())
    return e / e.sum() @ V


def clipped(Q: Any, K: Any, V: Any) -> Any:
    """No overflow, and no difference any more."""
    e = np.tril(np.exp(np.clip(Q @ K.T / np.sqrt(Q.shape[1]), -100, 100)))
    return e / e.sum(axis=1, keepdims=True) @ V


def with_epsilon(Q: Any, K: Any, V: Any) -> Any:
    """Every row a millionth short of 1."""
    s = np.where(_causal(Q), Q @ K.T / np.sqrt(Q.shape[1]), -np.inf)
    e = np.exp(s - s.max(axis=1, keepdims=True))
    return e / (e.sum(axis=1, keepdims=True) + 1e-6) @ V


def changes_queries(Q: Any, K: Any, V: Any) -> Any:
    """Scales Q where it stands."""
    Q /= np.sqrt(Q.shape[1])
    return attend(Q, K, V, scale=1.0)


def patched_first_row(Q: Any, K: Any, V: Any) -> Any:
    """One ahead, but for the row that one looks at first."""
    allowed = _causal(Q, 1)
    allowed[0] = _causal(Q)[0]
    return attend(Q, K, V, allowed)


TOO_HIGH = "The number over the hidden scores looks low, but real scores can be lower still; then hidden keys win."
MISTAKES: tuple[tuple[Misconception, Any], ...] = (
    (mc.ONE_AHEAD, lambda Q, K, V: attend(Q, K, V, _causal(Q, 1))),
    (mc.ONE_AHEAD_PATCHED, patched_first_row),
    (mc.TRANSPOSED, lambda Q, K, V: attend(Q, K, V, _causal(Q).T)),
    (mc.NO_MASK, lambda Q, K, V: attend(Q, K, V, True)),
    (mc.OWN_POSITION_EXCLUDED, lambda Q, K, V: attend(Q, K, V, _causal(Q, -1))),
    (mc.NAN_HIDDEN, lambda Q, K, V: np.nan_to_num(attend(Q, K, V, _causal(Q, -1)))),
    (mc.INVERTED, lambda Q, K, V: attend(Q, K, V, ~_causal(Q))),
    (mc.MASK_AFTER_SOFTMAX, masked_after_softmax),
    (mc.WRONG_AXIS, lambda Q, K, V: attend(Q, K, V, axis=0)),
    (mc.WHOLE_MATRIX, whole_matrix),
    (mc.FILL_ZERO, lambda Q, K, V: attend(Q, K, V, fill=0.0)),
    (mc.FILL_WEAK, lambda Q, K, V: attend(Q, K, V, fill=-10.0)),
    (mc.FILL_WEAK.with_text(TOO_HIGH), lambda Q, K, V: attend(Q, K, V, fill=-1e5)),
    (mc.FILL_PLUS_INF, lambda Q, K, V: attend(Q, K, V, fill=np.inf)),
    (mc.ZERO_AS_SENTINEL, zero_as_sentinel),
    (mc.NO_SCALE, lambda Q, K, V: attend(Q, K, V, scale=1.0)),
    (mc.SCALE_BY_D, lambda Q, K, V: attend(Q, K, V, scale=Q.shape[1])),
    (mc.SCALE_BY_T, lambda Q, K, V: attend(Q, K, V, scale=len(Q) ** 0.5)),
    (mc.SCALE_MULTIPLIED, lambda Q, K, V: attend(Q, K, V, scale=Q.shape[1] ** -0.5)),
    (mc.SCALE_BY_VALUE_WIDTH, lambda Q, K, V: attend(Q, K, V, scale=V.shape[1] ** 0.5)),
    (mc.KEYS_AND_QUERIES_SWAPPED, lambda Q, K, V: attend(K, Q, V)),
    (mc.NO_MAX, no_max),
    (mc.GLOBAL_MAX, global_max),
    (mc.CLIPPED, clipped),
    (mc.EPSILON, with_epsilon),
    (mc.RETURNS_VALUES, lambda Q, K, V: V),
    (mc.CHANGES_INPUTS, changes_queries),
)
