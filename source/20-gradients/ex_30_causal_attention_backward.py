"""### The whole way back

Given `grad_output = dL/d(output)`, walk back through causal attention: through `weights @ V`, the softmax, the mask, \
the scale and `Q K^T`.

Write `causal_attention_backward(Q, K, V, grad_output)`: `Q, K (..., T, d)`, `V (..., T, d_v)`, `grad_output (..., T, \
d_v)`. Return the tuple `(dQ, dK, dV)`, each of the shape of its array. You will
have to compute the weights again on the way. Scores may be large.
"""

import numpy as np

from autograder.exercise.attention_cases import all_far_below, hidden_far_above, queries_and_keys
from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array, Tuple

exercise = Exercise(
    topic="attention backward",
    answer=Tuple(dQ=Array(), dK=Array(), dV=Array()),
    hints=(
        "If C = A @ B, what are dA and dB in terms of dC?",
        "dV = W^T dO; dW = dO V^T; dS = W (dW - rowsum(W dW)); dQ = dS K / sqrt(d); dK = dS^T Q / sqrt(d)",
        "Weights first (forward), then these five lines, with np.swapaxes(..., -1, -2) for each transpose.",
    ),
)


@exercise.solution
def causal_attention_backward(Q, K, V, grad_output):
    """Q, K (..., T, d), V, grad_output (..., T, d_v) -> (dQ, dK, dV)."""
    T, d = Q.shape[-2:]
    scores = np.where(np.tri(T, dtype=bool), Q @ np.swapaxes(K, -1, -2) / np.sqrt(d), -np.inf)
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = weights / weights.sum(axis=-1, keepdims=True)  # (..., T, T)
    dV = np.swapaxes(weights, -1, -2) @ grad_output
    dW = grad_output @ np.swapaxes(V, -1, -2)  # (..., T, T)
    dS = weights * (dW - (weights * dW).sum(axis=-1, keepdims=True)) / np.sqrt(d)
    return dS @ K, np.swapaxes(dS, -1, -2) @ Q, dV


def _inputs(rng, *lead, T, d, d_v):
    shapes = ((*lead, T, d), (*lead, T, d), (*lead, T, d_v), (*lead, T, d_v))
    return tuple(rng.normal(size=shape) for shape in shapes)


@exercise.part("Three tokens", points=1)
def three(rng):
    Q, K, V, _ = _inputs(rng, T=3, d=2, d_v=2)
    only_first = np.array([[1.0, 1.0], [0.0, 0.0], [0.0, 0.0]])
    yield case(
        np.round(Q),
        np.round(K),
        np.round(2 * V),
        only_first,
        note="only output 0 matters: dV[1] and dV[2] have to be 0",
    )
    yield case(*_inputs(rng, T=3, d=2, d_v=2))


@exercise.part("Any shape", points=1)
def any_shape(rng):
    for T, d, d_v in ((5, 4, 3), (4, 4, 4), (6, 3, 5), (1, 2, 3), (16, 3, 2)):
        yield case(*_inputs(rng, T=T, d=d, d_v=d_v))


@exercise.part("In a batch", points=1)
def in_a_batch(rng):
    yield case(*_inputs(rng, 2, T=3, d=2, d_v=4))
    yield case(*_inputs(rng, 2, 3, T=4, d=5, d_v=2), note="a batch of 2 with 3 heads")
    Q, K, V, g = _inputs(rng, T=4, d=3, d_v=2)
    K[:, 0] = [0.0, 4000.0, -4000.0, 8000.0]
    yield case(np.abs(Q) + 0.5, K, V, g, note="large scores")
    for scores, note in (*hidden_far_above(rng), all_far_below(rng)):
        yield case(*queries_and_keys(scores), *rng.normal(size=(2, 4, 3)), note=note)


def _weights(Q, K):
    s = np.where(np.tri(Q.shape[-2]), Q @ K.swapaxes(-1, -2) / np.sqrt(Q.shape[-1]), -np.inf)
    e = np.exp(s - s.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


@exercise.equivalent
def with_einsum_and_row_dot(Q, K, V, grad_output):
    w, scale = _weights(Q, K), Q.shape[-1] ** -0.5
    delta = np.einsum("...iv,...iv->...i", grad_output, w @ V)  # FlashAttention's way: rowsum(dO * O)
    dS = scale * w * (np.einsum("...iv,...jv->...ij", grad_output, V) - delta[..., None])
    return (
        np.einsum("...ij,...jd->...id", dS, K),
        np.einsum("...ij,...id->...jd", dS, Q),
        np.einsum("...ij,...iv->...jv", w, grad_output),
    )


@exercise.equivalent
def row_by_row(Q, K, V, grad_output):
    dQ, dK, dV = np.zeros(Q.shape), np.zeros(K.shape), np.zeros(V.shape)
    for lead in np.ndindex(*Q.shape[:-2]):
        for i in range(Q.shape[-2]):
            k, v = K[lead][: i + 1], V[lead][: i + 1]
            s = k @ Q[lead][i] / Q.shape[-1] ** 0.5
            w = np.exp(s - s.max())
            w /= w.sum()
            dw = v @ grad_output[lead][i]
            ds = w * (dw - w @ dw) / Q.shape[-1] ** 0.5
            dQ[lead][i] = ds @ k
            dK[lead][: i + 1] += np.outer(ds, Q[lead][i])
            dV[lead][: i + 1] += np.outer(w, grad_output[lead][i])
    return dQ, dK, dV


@exercise.equivalent
def with_the_jacobian(Q, K, V, grad_output):
    w = _weights(Q, K)
    J = w[..., :, None] * (np.eye(w.shape[-1]) - w[..., None, :])
    dS = ((grad_output @ V.swapaxes(-1, -2))[..., None, :] @ J)[..., 0, :] / np.sqrt(Q.shape[-1])
    return [dS @ K, dS.swapaxes(-1, -2) @ Q, w.swapaxes(-1, -2) @ grad_output]


exercise.equivalent_mutant("np.tri(T, dtype=bool) -> np.tri(T)", because="np.where takes any number but 0 for True")
