"""### Linear attention

Replace `exp(q · k)` by a product of features, `phi(q) · phi(k)`, and the sum over keys no longer depends on the \
query: it can run along (Katharopoulos et al., 2020).

Write `causal_linear_attention(Q, K, V)` with `phi(x) = elu(x) + 1`, that is `x + 1` for `x > 0` and `exp(x)` \
elsewhere. Output `i` is
`sum_{j <= i} (phi(q_i) · phi(k_j)) v_j / sum_{j <= i} (phi(q_i) · phi(k_j))`. No scaling by sqrt(d). `Q, K (..., T, \
d)`, `V (..., T, d_v)` → `(..., T, d_v)`. A running sum costs O(T).
Entries of `Q` and `K` lie between -32 and 5000: `exp` must not overflow, and features may be as small as `1e-14`.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.attention_probes import FORGETS, LEAKS, ROW_ZERO, SUMS, attention_probes
from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array

exercise = Exercise(
    topic="linear attention",
    answer=Array(),
    probes=tuple(probe for probe in attention_probes() if probe.misconception in (LEAKS, ROW_ZERO, FORGETS, SUMS)),
    hints=(
        "Which sum over j can be carried from position i to i + 1?",
        "S_i = sum_{j<=i} phi(k_j) v_j^T and z_i = sum_{j<=i} phi(k_j); output = phi(q_i) S_i / phi(q_i) . z_i",
        "np.cumsum along the position axis makes all S_i and z_i at once.",
    ),
)


@exercise.solution
def causal_linear_attention(Q, K, V):
    """Q, K (..., T, d), V (..., T, d_v) -> (..., T, d_v), with features elu(x) + 1 and running sums."""
    q, k = (np.where(x > 0, x + 1, np.exp(np.minimum(x, 0))) for x in (Q, K))
    S = np.cumsum(k[..., :, None] * V[..., None, :], axis=-3)  # (..., T, d, d_v)
    z = np.cumsum(k, axis=-2)  # (..., T, d)
    return (q[..., None, :] @ S)[..., 0, :] / (q * z).sum(axis=-1, keepdims=True)


def _qkv(rng, *lead, T, d, d_v):
    return rng.normal(size=(*lead, T, d)), rng.normal(size=(*lead, T, d)), rng.normal(size=(*lead, T, d_v))


@exercise.part("By hand", points=1)
def by_hand(rng):
    yield case(
        np.array([[0.0], [1.0], [0.0]]),
        np.array([[0.0], [1.0], [2.0]]),
        np.array([[6.0], [0.0], [0.0]]),
        note="one feature: phi(k) = 1, 2, 3",
    )
    yield case(*_qkv(rng, T=3, d=2, d_v=2))


@exercise.part("Any shape", points=1)
def any_shape(rng):
    for T, d, d_v in ((5, 4, 3), (9, 3, 3), (4, 4, 4), (1, 2, 3), (6, 1, 5)):
        yield case(*_qkv(rng, T=T, d=d, d_v=d_v))
    yield case(*_qkv(rng, 2, 3, T=5, d=4, d_v=2), note="a batch of 2 with 3 heads")
    yield case(*_qkv(rng, T=40, d=3, d_v=2), note="forty positions")
    Q, K, V = _qkv(rng, T=4, d=3, d_v=2)
    yield case(Q - 9, K - 9, V, note="all entries far below 0: features near 0, but not 0")
    yield case(Q - 27, K - 27, V, note="all entries near -27")
    Q, K, V = _qkv(rng, T=5, d=3, d_v=2)
    yield case(np.where(Q > 0, 900 * Q, Q), 900 * np.abs(K), V, note="large entries: exp must not overflow")


@exercise.equivalent
def with_a_mask(Q, K, V):
    q, k = (np.maximum(x, 0) + np.exp(np.minimum(x, 0)) for x in (Q, K))
    w = np.tril(np.einsum("...id,...jd->...ij", q, k))
    return w @ V / w.sum(axis=-1, keepdims=True)


@exercise.equivalent
def with_a_running_state(Q, K, V):
    def phi(x):
        return np.where(x > 0, x + 1, np.exp(np.clip(x, None, 0)))

    S = np.zeros((*Q.shape[:-2], Q.shape[-1], V.shape[-1]))
    z = np.zeros((*Q.shape[:-2], Q.shape[-1]))
    out = []
    for t in range(Q.shape[-2]):
        k = phi(K[..., t, :])
        S, z = S + k[..., :, None] * V[..., t, None, :], z + k
        q = phi(Q[..., t, :])
        out.append(np.einsum("...d,...dv->...v", q, S) / (q * z).sum(-1, keepdims=True))
    return np.stack(out, axis=-2)


@exercise.equivalent
def with_plain_loops(Q, K, V):
    out = np.empty((*Q.shape[:-1], V.shape[-1]))
    for lead in np.ndindex(*Q.shape[:-2]):
        q, k = ([[x + 1 if x > 0 else np.exp(x) for x in row] for row in M[lead]] for M in (Q, K))
        for i in range(len(q)):
            w = [sum(a * b for a, b in zip(q[i], k[j], strict=True)) for j in range(i + 1)]
            out[lead][i] = sum(w[j] * V[lead][j] for j in range(i + 1)) / sum(w)
    return out


def _phi(x):
    return np.where(x > 0, x + 1, np.exp(np.minimum(x, 0)))


def _linear(Q, K, V, phi=_phi, phi_q=None, k=0):
    w = np.tril((phi_q or phi)(Q) @ np.swapaxes(phi(K), -1, -2), k=k)
    return w @ V / w.sum(axis=-1, keepdims=True)


@exercise.mistake("The sum runs over all positions")
def not_causal_sum(Q, K, V):
    """S was summed over the whole sequence, the future included.

    - Which keys may query 0 use?
    - A running sum, not a total.
    - np.cumsum, not np.sum
    """
    return (lambda w: w @ V / w.sum(-1, keepdims=True))(_phi(Q) @ np.swapaxes(_phi(K), -1, -2))


@exercise.mistake("The own key is missing")
def own_key_missing(Q, K, V):
    """The sum stops before position i, so the first output is 0 / 0.

    - Does output i use v_i?
    - j <= i
    - Add the own key before reading the sum.
    """
    return _linear(Q, K, V, k=-1)


@exercise.mistake(mc.ONE_AHEAD)
def one_ahead(Q, K, V):
    return _linear(Q, K, V, k=1)


@exercise.mistake("Not normalised")
def not_divided(Q, K, V):
    """The denominator is missing: the weights don't sum to 1.

    - What should come out if all values are 1?
    - Divide by phi(q) . z.
    - z = cumsum of phi(k)
    """
    return np.tril(_phi(Q) @ np.swapaxes(_phi(K), -1, -2)) @ V


@exercise.mistake(mc.EPSILON)
def epsilon(Q, K, V):
    """A small number under the fraction is not small beside small features: the weights no longer sum to 1.

    - Can the denominator ever be 0?
    - phi is above 0 everywhere, so nothing needs protecting.
    - Leave out the + 1e-6.
    """
    return (lambda w: w @ V / (w.sum(-1, keepdims=True) + 1e-6))(np.tril(_phi(Q) @ np.swapaxes(_phi(K), -1, -2)))


@exercise.mistake("ReLU instead of elu + 1")
def relu_features(Q, K, V):
    """max(x, 0) loses everything negative and can be 0 / 0.

    - What is phi(-1)?
    - exp(-1)
    - np.where(x > 0, x + 1, np.exp(x))
    """
    return _linear(Q, K, V, phi=lambda x: np.maximum(x, 0))


@exercise.mistake("The + 1 is missing")
def elu_without_one(Q, K, V):
    """elu(x) can be negative, and weights must not.

    - What is the smallest value of elu?
    - -1, so add 1.
    - elu(x) + 1
    """
    return _linear(Q, K, V, phi=lambda x: _phi(x) - 1)


@exercise.mistake("exp instead of elu + 1")
def exponential_features(Q, K, V):
    """exp(x) agrees below 0 only, and overflows above.

    - What is phi(1)?
    - 2
    - x + 1 for x > 0
    """
    return _linear(Q, K, V, phi=np.exp)


@exercise.mistake("The queries have no features")
def features_of_keys_only(Q, K, V):
    """phi was applied to the keys, but not to the queries.

    - Can phi(q) . phi(k) be negative?
    - phi for both.
    - phi(Q) and phi(K)
    """
    return _linear(Q, K, V, phi_q=lambda x: x)


@exercise.mistake("That is softmax attention")
def softmax_attention(Q, K, V):
    """Here the weights are products of features, with no exponential of a score and no scale.

    - Where is phi?
    - phi(q) . phi(k)
    - No softmax at all.
    """
    return _softmax_attention(Q, K, V)


@exercise.mistake("A scale that does not belong here")
def scaled_features(Q, K, V):
    """The queries were divided by sqrt(d) before phi; phi is not linear, so it matters.

    - Does the definition have a sqrt(d)?
    - phi(q_i) . phi(k_j)
    - Leave out the scale.
    """
    return _linear(Q / np.sqrt(Q.shape[-1]), K, V) if Q.shape[-1] > 1 else _linear(Q / 2, K, V)


exercise.add_mistakes(
    (mc.KEYS_AS_VALUES, lambda Q, K, V: _linear(Q, K, K)),
    (mc.UNIFORM_MEAN, lambda Q, K, V: np.cumsum(V, axis=-2) / np.arange(1, V.shape[-2] + 1)[:, None]),
)


def _softmax_attention(Q, K, V):
    s = np.where(np.tri(Q.shape[-2], dtype=bool), Q @ np.swapaxes(K, -1, -2) / np.sqrt(Q.shape[-1]), -np.inf)
    w = np.exp(s - s.max(-1, keepdims=True))
    return w @ V / w.sum(-1, keepdims=True)


@exercise.mistake("exp overflows in the branch that is not taken")
def overflow_in_hidden_branch(Q, K, V):
    """np.where evaluates both branches, and exp of a large number becomes inf (harmless), but inf * 0 becomes NaN.

    - What is 0 * np.exp(900.0)?
    - Choose, don't multiply.
    - np.exp(np.minimum(x, 0))
    """
    return _linear(Q, K, V, phi=lambda x: (x > 0) * (x + 1) + (x <= 0) * np.exp(x))


@exercise.mistake("The running sum ran over the wrong axis")
def sum_over_the_batch(Q, K, V):
    """cumsum ran along another axis than the positions.

    - Which axis of phi(k) v^T counts positions?
    - axis -3 of (..., T, d, d_v)
    - Count axes from the end.
    """
    q, k = _phi(Q), _phi(K)
    S = np.cumsum(k[..., :, None] * V[..., None, :], axis=0)
    z = np.cumsum(k, axis=0)
    return (q[..., None, :] @ S)[..., 0, :] / (q * z).sum(axis=-1, keepdims=True)


exercise.equivalent_mutant("0 -> -1 #3", because="the axis has one entry")
exercise.equivalent_mutant("0 -> 1 #2", because="that branch is taken for x <= 0 only")
exercise.equivalent_mutant("np.minimum(x, 0) -> x", because="the overflowing branch is not taken")
exercise.equivalent_mutant("x > 0 -> x >= 0", because="both branches give 1 at 0")
