"""The mistakes of `causal_attention_backward`."""

import numpy as np

from autograder.exercise import misconceptions as mc

from .ex_30_causal_attention_backward import _weights, causal_attention_backward, exercise


def _backward(Q, K, V, g, weights=_weights, scale=None, mean=True, swap=True, values=True):
    w = weights(Q, K)
    dW = g @ V.swapaxes(-1, -2)
    dS = (
        w * (dW - ((w * dW).sum(-1, keepdims=True) if mean else 0)) / (np.sqrt(Q.shape[-1]) if scale is None else scale)
    )
    dV = (w.swapaxes(-1, -2) if values else w) @ g
    return dS @ K, (dS.swapaxes(-1, -2) if swap else dS) @ Q, dV


def _open_weights(Q, K):
    s = Q @ K.swapaxes(-1, -2) / np.sqrt(Q.shape[-1])
    e = np.exp(s - s.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


@exercise.mistake(mc.NO_MASK)
def no_mask(Q, K, V, g):
    """The mask is missing in the weights, so gradients flow to keys and values of the future."""
    return _backward(Q, K, V, g, weights=_open_weights)


@exercise.mistake(mc.MASK_AFTER_SOFTMAX)
def mask_after_softmax(Q, K, V, g):
    """The weights were set to 0 after the softmax, so their rows don't sum to 1, and the gradients are not those of
    causal attention.
    """
    return _backward(Q, K, V, g, weights=lambda q, k: np.tril(_open_weights(q, k)))


@exercise.mistake(mc.NO_SCALE)
def no_scale(Q, K, V, g):
    """The scores were not divided by sqrt(d), neither on the way forth nor on the way back."""
    return _backward(Q, K, V, g, weights=lambda q, k: _weights(q * np.sqrt(q.shape[-1]), k), scale=1.0)


@exercise.mistake("Only the diagonal of the softmax's Jacobian")
def diagonal_only(Q, K, V, g):
    """w (1 - w) dW treats each weight alone; raising one score lowers all the others.

    - What happens to w_2 when s_1 grows?
    - dS = w (dW - rowsum(w dW))
    - Subtract the weighted mean of the row.
    """
    return _diagonal_only(Q, K, V, g)


@exercise.mistake("The scale is missing on the way back")
def scale_forgotten_backward(Q, K, V, g):
    """Scores were divided by sqrt(d) on the way forth, so their gradient is too.

    - What is the derivative of q . k / sqrt(d) with respect to q?
    - dQ = dS K / sqrt(d)
    - Divide dS once.
    """
    return _backward(Q, K, V, g, scale=1.0)


@exercise.mistake("Scaled twice on the way back")
def scaled_twice_backward(Q, K, V, g):
    """dQ and dK were divided by d instead of sqrt(d).

    - How many divisions by sqrt(d) are there on the way forth?
    - One.
    - Divide dS once.
    """
    return _backward(Q, K, V, g, scale=Q.shape[-1])


@exercise.mistake("The softmax's mean was not subtracted")
def mean_not_subtracted(Q, K, V, g):
    """dS = w * dW alone; a row of score gradients has to sum to 0.

    - What happens to the weights if all scores grow by 1?
    - w (dW - rowsum(w dW))
    - Subtract the weighted mean.
    """
    return _backward(Q, K, V, g, mean=False)


@exercise.mistake("dK uses dS instead of its transpose")
def key_gradient_not_transposed(Q, K, V, g):
    """Key j collects from all queries i: column j of dS.

    - Which queries does key 0 influence?
    - dK = dS^T Q
    - np.swapaxes(dS, -1, -2) @ Q
    """
    return _backward(Q, K, V, g, swap=False)


@exercise.mistake("dV uses the weights instead of their transpose")
def value_gradient_not_transposed(Q, K, V, g):
    """Value j collects from all later outputs: column j of the weights.

    - Which outputs does value 0 influence?
    - dV = W^T dO
    - np.swapaxes(weights, -1, -2) @ grad_output
    """
    return _backward(Q, K, V, g, values=False)


@exercise.mistake("The softmax was skipped on the way back")
def softmax_skipped(Q, K, V, g):
    """dW was used as dS.

    - What lies between scores and weights?
    - dS = w (dW - rowsum(w dW))
    - Go through the softmax.
    """
    return _no_softmax(Q, K, V, g)


@exercise.mistake("dQ and dK are swapped")
def query_and_key_gradients_swapped(Q, K, V, g):
    """The tuple is (dQ, dK, dV).

    - In which order are the gradients wanted?
    - (dQ, dK, dV)
    - Swap the first two.
    """
    return (lambda a, b, c: (b, a, c))(*causal_attention_backward(Q, K, V, g))


@exercise.mistake("The sign is flipped")
def sign_flipped(Q, K, V, g):
    """All three gradients have the wrong sign.

    - Is it a gradient or a step of descent?
    - dL/dQ itself.
    - Leave out the minus.
    """
    return tuple(-x for x in causal_attention_backward(Q, K, V, g))


@exercise.mistake("dQ was made of Q, dK of K")
def query_used_for_query(Q, K, V, g):
    """The gradient of a product goes to the *other* factor.

    - If s = q . k, what is ds/dq?
    - k
    - dQ = dS K, dK = dS^T Q
    """
    return _own_factor(Q, K, V, g)


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


def _weights_of(scores, fill=-np.inf, k=0):
    s = np.where(np.tri(scores.shape[-1], k=k, dtype=bool), scores, fill)
    e = np.exp(s - s.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def _scores(Q, K):
    return Q @ K.swapaxes(-1, -2) / np.sqrt(Q.shape[-1])


exercise.add_mistakes(
    (mc.FILL_WEAK, lambda *a: _backward(*a, weights=lambda q, k: _weights_of(_scores(q, k), fill=-30.0))),
    (mc.FILL_WEAK, lambda *a: _backward(*a, weights=lambda q, k: _weights_of(_scores(q, k), fill=-1e4))),
    (mc.ONE_AHEAD, lambda *a: _backward(*a, weights=lambda q, k: _weights_of(_scores(q, k), k=1))),
)


@exercise.mistake("The scale is missing on the way forth")
def scale_forgotten_forward(Q, K, V, g):
    """The gradient of the scores was divided by sqrt(d), but the weights come from scores that were not.

    - What are the scores that the softmax gets?
    - Q K^T / sqrt(d), before the mask.
    - Divide the scores by np.sqrt(Q.shape[-1]).
    """
    return _backward(Q, K, V, g, weights=lambda q, k: _weights(q * np.sqrt(q.shape[-1]), k))


@exercise.mistake("dQ, dK and dV are in another order")
def reversed_order(Q, K, V, g):
    """The three gradients are right, and came back as (dV, dK, dQ).

    - In which order are the gradients wanted?
    - Q, K, V
    - return dQ, dK, dV
    """
    return causal_attention_backward(Q, K, V, g)[::-1]


@exercise.mistake("dQ was multiplied by Q")
def query_gradient_of_queries(Q, K, V, g):
    """Query i meets the keys, so its gradient is a mixture of keys: dS @ K.

    - In q . k, what is the derivative with respect to q?
    - k
    - dS @ K, not dS @ Q
    """
    _, dK, dV = causal_attention_backward(Q, K, V, g)
    w = _weights(Q, K)
    dW = g @ V.swapaxes(-1, -2)
    return w * (dW - (w * dW).sum(-1, keepdims=True)) / np.sqrt(Q.shape[-1]) @ Q, dK, dV
