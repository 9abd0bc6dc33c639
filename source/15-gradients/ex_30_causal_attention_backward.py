"""### The whole way back

Given `grad_output = dL/d(output)`, walk back through causal attention: through `weights @ V`, the softmax, the mask, the scale and `Q K^T`.

Write `causal_attention_backward(Q, K, V, grad_output)`: `Q, K (..., T, d)`, `V (..., T, d_v)`, `grad_output (..., T, d_v)`. Return the tuple `(dQ, dK, dV)`, each of the shape of its array. You will
have to compute the weights again on the way. Scores may be large.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, Misconception, case
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
    yield case(np.round(Q), np.round(K), np.round(2 * V), only_first, note="only output 0 matters: dV[1] and dV[2] have to be 0")
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


def _weights(Q, K):
    s = np.where(np.tri(Q.shape[-2]), Q @ K.swapaxes(-1, -2) / np.sqrt(Q.shape[-1]), -np.inf)
    e = np.exp(s - s.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


@exercise.equivalent
def with_einsum_and_row_dot(Q, K, V, grad_output):
    w, scale = _weights(Q, K), Q.shape[-1] ** -0.5
    delta = np.einsum("...iv,...iv->...i", grad_output, w @ V)  # FlashAttention's way: rowsum(dO * O)
    dS = scale * w * (np.einsum("...iv,...jv->...ij", grad_output, V) - delta[..., None])
    return np.einsum("...ij,...jd->...id", dS, K), np.einsum("...ij,...id->...jd", dS, Q), np.einsum("...ij,...iv->...jv", w, grad_output)


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


def _backward(Q, K, V, g, weights=_weights, scale=None, mean=True, swap=True, values=True):
    w = weights(Q, K)
    dW = g @ V.swapaxes(-1, -2)
    dS = w * (dW - ((w * dW).sum(-1, keepdims=True) if mean else 0)) / (np.sqrt(Q.shape[-1]) if scale is None else scale)
    dV = (w.swapaxes(-1, -2) if values else w) @ g
    return dS @ K, (dS.swapaxes(-1, -2) if swap else dS) @ Q, dV


def _open_weights(Q, K):
    s = Q @ K.swapaxes(-1, -2) / np.sqrt(Q.shape[-1])
    e = np.exp(s - s.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


exercise.mistake(mc.NO_MASK, message="The mask is missing in the weights, so gradients flow to keys and values of the future.")(
    lambda Q, K, V, g: _backward(Q, K, V, g, weights=_open_weights)
)
exercise.mistake(mc.MASK_AFTER_SOFTMAX, message="The weights were set to 0 after the softmax, so their rows don't sum to 1, and the gradients are not those of causal attention.")(
    lambda Q, K, V, g: _backward(Q, K, V, g, weights=lambda q, k: np.tril(_open_weights(q, k)))
)
exercise.mistake(mc.NO_SCALE, message="The scores were not divided by sqrt(d), neither on the way forth nor on the way back.")(
    lambda Q, K, V, g: _backward(Q, K, V, g, weights=lambda q, k: _weights(q * np.sqrt(q.shape[-1]), k), scale=1.0)
)
exercise.mistake(
    Misconception("diagonal_only", "Only the diagonal of the softmax's Jacobian", "w (1 - w) dW treats each weight alone; raising one score lowers all the others.",
                  ("What happens to w_2 when s_1 grows?", "dS = w (dW - rowsum(w dW))", "Subtract the weighted mean of the row."))
)(lambda Q, K, V, g: _diagonal_only(Q, K, V, g))  # fmt: skip
exercise.mistake(
    Misconception("scale_forgotten_backward", "The scale is missing on the way back", "Scores were divided by sqrt(d) on the way forth, so their gradient is too.",
                  ("What is the derivative of q . k / sqrt(d) with respect to q?", "dQ = dS K / sqrt(d)", "Divide dS once."))
)(lambda Q, K, V, g: _backward(Q, K, V, g, scale=1.0))  # fmt: skip
exercise.mistake(
    Misconception("scaled_twice_backward", "Scaled twice on the way back", "dQ and dK were divided by d instead of sqrt(d).",
                  ("How many divisions by sqrt(d) are there on the way forth?", "One.", "Divide dS once."))
)(lambda Q, K, V, g: _backward(Q, K, V, g, scale=Q.shape[-1]))  # fmt: skip
exercise.mistake(
    Misconception("mean_not_subtracted", "The softmax's mean was not subtracted", "dS = w * dW alone; a row of score gradients has to sum to 0.",
                  ("What happens to the weights if all scores grow by 1?", "w (dW - rowsum(w dW))", "Subtract the weighted mean."))
)(lambda Q, K, V, g: _backward(Q, K, V, g, mean=False))  # fmt: skip
exercise.mistake(
    Misconception("key_gradient_not_transposed", "dK uses dS instead of its transpose", "Key j collects from all queries i: column j of dS.",
                  ("Which queries does key 0 influence?", "dK = dS^T Q", "np.swapaxes(dS, -1, -2) @ Q"))
)(lambda Q, K, V, g: _backward(Q, K, V, g, swap=False))  # fmt: skip
exercise.mistake(
    Misconception("value_gradient_not_transposed", "dV uses the weights instead of their transpose", "Value j collects from all later outputs: column j of the weights.",
                  ("Which outputs does value 0 influence?", "dV = W^T dO", "np.swapaxes(weights, -1, -2) @ grad_output"))
)(lambda Q, K, V, g: _backward(Q, K, V, g, values=False))  # fmt: skip
exercise.mistake(
    Misconception("softmax_skipped", "The softmax was skipped on the way back", "dW was used as dS.",
                  ("What lies between scores and weights?", "dS = w (dW - rowsum(w dW))", "Go through the softmax."))
)(lambda Q, K, V, g: _no_softmax(Q, K, V, g))  # fmt: skip
exercise.mistake(
    Misconception("query_and_key_gradients_swapped", "dQ and dK are swapped", "The tuple is (dQ, dK, dV).",
                  ("In which order are the gradients wanted?", "(dQ, dK, dV)", "Swap the first two."))
)(lambda Q, K, V, g: (lambda a, b, c: (b, a, c))(*causal_attention_backward(Q, K, V, g)))  # fmt: skip
exercise.mistake(
    Misconception("sign_flipped", "The sign is flipped", "All three gradients have the wrong sign.",
                  ("Is it a gradient or a step of descent?", "dL/dQ itself.", "Leave out the minus."))
)(lambda Q, K, V, g: tuple(-x for x in causal_attention_backward(Q, K, V, g)))  # fmt: skip
exercise.mistake(
    Misconception("query_used_for_query", "dQ was made of Q, dK of K", "The gradient of a product goes to the *other* factor.",
                  ("If s = q . k, what is ds/dq?", "k", "dQ = dS K, dK = dS^T Q"))
)(lambda Q, K, V, g: _own_factor(Q, K, V, g))  # fmt: skip


def _diagonal_only(Q, K, V, g):
    w = _weights(Q, K)
    dS = w * (1 - w) * (g @ V.swapaxes(-1, -2)) / np.sqrt(Q.shape[-1])
    return dS @ K, dS.swapaxes(-1, -2) @ Q, w.swapaxes(-1, -2) @ g


def _no_softmax(Q, K, V, g):
    w, dS = _weights(Q, K), np.tril(g @ V.swapaxes(-1, -2)) / np.sqrt(Q.shape[-1])
    return dS @ K, dS.swapaxes(-1, -2) @ Q, w.swapaxes(-1, -2) @ g


def _own_factor(Q, K, V, g):
    dQ, dK, dV = _backward(K, Q, V, g, weights=lambda a, b: _weights(b, a))
    return dQ, dK, dV


@exercise.mistake(mc.NO_MAX)
def no_max(Q, K, V, g):
    def weights(q, k):
        e = np.where(np.tri(q.shape[-2]), np.exp(q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])), 0)
        return e / e.sum(-1, keepdims=True)

    return _backward(Q, K, V, g, weights=weights)


@exercise.mistake(mc.ONLY_TWO_DIMENSIONS)
def dot_T(Q, K, V, g):
    s = np.where(np.tri(Q.shape[-2]), Q @ K.T / np.sqrt(Q.shape[-1]), -np.inf)
    w = np.exp(s - s.max(-1, keepdims=True))
    w = w / w.sum(-1, keepdims=True)
    dW = g @ V.T
    dS = w * (dW - (w * dW).sum(-1, keepdims=True)) / np.sqrt(Q.shape[-1])
    return dS @ K, dS.T @ Q, w.T @ g


@exercise.mistake(mc.CHANGES_INPUTS)
def in_place(Q, K, V, g):
    Q /= np.sqrt(Q.shape[-1])
    dQ, dK, dV = _backward(Q, K, V, g, weights=lambda q, k: _weights(q * np.sqrt(q.shape[-1]), k), scale=1.0)
    return dQ / np.sqrt(Q.shape[-1]), dK, dV


exercise.equivalent_mutant("np.tri(T, dtype=bool) -> np.tri(T)", because="np.where takes any number but 0 for True")
