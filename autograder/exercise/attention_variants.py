"""What the exercises share in which a broken causal attention is fixed: cases, right answers, and half fixes.

Every one of them is `attend(Q, K, V)` for Q, K (T, d) and V (T, d_v), without batches.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.attention_cases import hidden_far_above, queries_and_keys
from autograder.exercise.attention_mistakes import BATCH_MAXIMUM, softmax, wrong_attentions
from autograder.exercise.attention_probes import attention_kind, attention_probes
from autograder.exercise.exercise import Case, Exercise, Misconception, case

OF_BATCHES = (mc.ONLY_FIRST_IN_BATCH, mc.ONLY_TWO_DIMENSIONS, BATCH_MAXIMUM)  # there is one sequence here, and no batch


def repair_exercise(broken: Misconception, hints: tuple[str, ...], besides: tuple[Misconception, ...] = ()) -> Exercise:
    """An exercise with the shared cases and right answers.

    `broken` is the misconception behind the code that is handed out, which the exercise file gives as
    `@exercise.mistake(broken)` above `@exercise.starter`. Of the shared mistakes, those named in `besides` are left out:
    the exercise has a text of its own for them.
    """
    exercise = Exercise(
        topic="fixing an attention", answer=attention_kind, hints=hints, probes=attention_probes(batched=False)
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
    shared = ((mistake, function) for mistake, function in wrong_attentions() if mistake.id not in left_out)
    exercise.add_shared_mistakes(shared, without=OF_BATCHES)
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
    yield case(Q, K, V)
    yield case(Q, K[::-1].copy(), V, note="the queries of the case before, with other keys")
    yield case(0 * Q, K, V, note="all scores are 0")
    yield case(*huge_at_the_end(rng, T=6, d=4, d_v=3), note="the last value is a million times as large")


def huge_at_the_end(rng: np.random.Generator, T: int, d: int, d_v: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A leak of a millionth becomes as large as an output; what is hidden altogether stays hidden."""
    Q, K, V = _qkv(rng, T, d, d_v)
    V[-1] *= 1e6
    return Q, K, V


def large(rng: np.random.Generator) -> Iterator[Case]:
    """Scores beyond exp, and hidden scores far above the allowed ones."""
    yield case(*_qkv(rng, T=5, d=3, d_v=4))
    Q, K = np.zeros((4, 4)), np.zeros((4, 4))  # width 4: every score is half a product, and float32 holds it exactly
    Q[1:, 1], K[:, 1] = [1.0, 1.0, -1.0], [1700.0, 1700.0, 1701.5, 1698.5]
    yield case(Q, K, rng.normal(size=(4, 3)), note="scores of +850 and -850")
    # float32 can hold every one of these scores exactly, and the best is far ahead: a log-sum-exp has no digit left for a second.
    Q, K = np.zeros((5, 4)), np.zeros((5, 4))
    Q[:, 1], K[:, 1] = 1.0, [-360000.0, -360512.0, -361024.0, -361536.0, -362048.0]
    yield case(Q, K, rng.normal(size=(5, 3)), note="every score below -100000; the first one is far ahead")
    Q, K = np.zeros((5, 4)), np.zeros((5, 4))
    Q[1:, 2], K[:, 2] = 256.0, [0.0, 13.25, 13.265625, 6.0, 2.0]
    yield case(Q, K, rng.normal(size=(5, 2)), note="scores of 0 and 1700 in one row")
    for scores, note in hidden_far_above(rng):
        yield case(*queries_and_keys(scores), rng.normal(size=(4, 3)), note=note)


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
    return softmax(s) @ V


def in_float32(Q: Any, K: Any, V: Any) -> Any:
    """With half the digits."""
    Q, K, V = (x.astype(np.float32) for x in (Q, K, V))
    s = np.where(np.tri(len(Q), dtype=bool), Q @ K.T / np.float32(Q.shape[1] ** 0.5), np.float32(-np.inf))
    return softmax(s) @ V


def normalised_last(Q: Any, K: Any, V: Any) -> Any:
    """Mixes first, divides last."""
    s = np.where(np.tri(len(Q), dtype=bool), Q @ K.T / np.sqrt(Q.shape[1]), -np.inf)
    e = np.exp(s - s.max(axis=1, keepdims=True))
    return (e @ V) / e.sum(axis=1, keepdims=True)
