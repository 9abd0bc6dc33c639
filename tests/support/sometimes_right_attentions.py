"""Causal attentions that are right sometimes: for one length, one shape, small scores, or the first time."""

import numpy as np
from support.right_attentions import hidden, scores_of, softmax
from support.wrong_attentions import WRONG, true_attention, wrong

__all__ = ["WRONG"]

def unmasked(Q, K, V):
    return softmax(scores_of(Q, K)) @ V


WHEN_RIGHT = {
    "T is 4": lambda Q, V: Q.shape[-2] == 4,
    "T is at most 3": lambda Q, V: Q.shape[-2] <= 3,
    "T is at most 8": lambda Q, V: Q.shape[-2] <= 8,
    "T is at most 16": lambda Q, V: Q.shape[-2] <= 16,
    "T is at most 64": lambda Q, V: Q.shape[-2] <= 64,
    "T is not 2": lambda Q, V: Q.shape[-2] != 2,
    "T is odd": lambda Q, V: Q.shape[-2] % 2 == 1,
    "T is even": lambda Q, V: Q.shape[-2] % 2 == 0,
    "T differs from d": lambda Q, V: Q.shape[-2] != Q.shape[-1] or Q.shape[-2] == 1,
    "T differs from d_v": lambda Q, V: V.shape[-2] != V.shape[-1] or Q.shape[-2] in (1, 3),
    "d differs from d_v": lambda Q, V: Q.shape[-1] != V.shape[-1],
    "d is d_v": lambda Q, V: Q.shape[-1] == V.shape[-1],
    "d is even": lambda Q, V: Q.shape[-1] % 2 == 0,
    "there is no batch": lambda Q, V: Q.ndim == 2,
    "there is a batch": lambda Q, V: Q.ndim > 2,
    "there are at most three axes": lambda Q, V: Q.ndim <= 3,
    "there are at most four axes": lambda Q, V: Q.ndim <= 4,
    "the batch differs from T": lambda Q, V: Q.ndim == 2 or Q.shape[0] != Q.shape[-2],
    "the heads differ from T": lambda Q, V: Q.ndim < 4 or Q.shape[-3] != Q.shape[-2],
    "the batch is not 1": lambda Q, V: Q.ndim == 2 or Q.shape[0] != 1,
    "the queries are not 0": lambda Q, V: Q.any(),
    "the values are not 1 wide": lambda Q, V: V.shape[-1] != 1,
    "the keys are not 1 wide": lambda Q, V: Q.shape[-1] != 1,
    "queries are below 100": lambda Q, V: abs(Q).max() < 100,
}
for when, is_right in WHEN_RIGHT.items():
    wrong(None, f"right where {when}")(
        lambda Q, K, V, is_right=is_right: (true_attention if is_right(Q, V) else unmasked)(Q, K, V)
    )
wrong(None, "right where scores are below 20")(
    lambda Q, K, V: (true_attention if abs(scores_of(Q, K)).max() < 20 else unmasked)(Q, K, V)
)


def everywhere_but(fix):
    """No mask, but where `fix(shape)` lets the right output in."""

    def attend(Q, K, V):
        out, truth = unmasked(Q, K, V), true_attention(Q, K, V)
        out[fix(Q)] = truth[fix(Q)]
        return out

    return attend


wrong("only_first_in_batch", "right in the first of all")(everywhere_but(lambda Q: (0,) * (Q.ndim - 2)))
wrong(None, "right in the first batch")(everywhere_but(lambda Q: (0,) * (Q.ndim > 2)))
wrong(None, "right in the first head")(everywhere_but(lambda Q: (..., 0, slice(None), slice(None)) if Q.ndim > 2 else ...))
wrong(None, "right in the last of the batch")(everywhere_but(lambda Q: (-1,) * (Q.ndim > 2)))
wrong(None, "right but in the last of the batch")(everywhere_but(lambda Q: slice(-1) if Q.ndim > 2 else ...))


@wrong()
def the_last_sequence_for_all(Q, K, V):
    out = np.zeros(V.shape)
    for at in np.ndindex(*Q.shape[:-2]):
        out[...] = true_attention(Q[at], K[at], V[at])
    return out


@wrong()
def batch_axes_reversed(Q, K, V):
    turned = (1, 0, *range(2, Q.ndim)) if Q.ndim > 3 else tuple(range(Q.ndim))
    out = true_attention(Q, K, V).transpose(turned)
    return out.reshape(V.shape)


@wrong()
def two_axes_only(Q, K, V):
    return true_attention(Q.reshape(-1, Q.shape[-1]), K.reshape(-1, K.shape[-1]), V.reshape(-1, V.shape[-1]))


@wrong()
def length_from_the_left(Q, K, V):
    return softmax(np.where(hidden(len(Q)), -np.inf, scores_of(Q, K))) @ V


@wrong()
def three_axes_only(Q, K, V):
    s = Q @ K.transpose(0, 2, 1) / np.sqrt(Q.shape[-1])
    return softmax(np.where(hidden(Q.shape[1]), -np.inf, s)) @ V


# Manners.


@wrong("changes_inputs")
def scales_queries_in_place(Q, K, V):
    Q *= Q.shape[-1] ** -0.5
    return true_attention(Q * np.sqrt(Q.shape[-1]), K, V)


@wrong("changes_inputs")
def writes_into_values(Q, K, V):
    V[...] = true_attention(Q, K, V)
    return V


@wrong("changes_inputs")
def centres_keys_in_place(Q, K, V):
    K -= K.mean(axis=-2, keepdims=True)
    return true_attention(Q, K, V)


@wrong()
def counts_its_calls(Q, K, V, calls=[]):  # noqa: B006
    calls.append(1)
    return true_attention(Q, K, V) + (1e-3 if len(calls) % 5 == 0 else 0.0)


@wrong()
def remembers_outputs_by_shape(Q, K, V, seen={}):  # noqa: B006
    key = Q.shape, V.shape
    if key not in seen:
        seen[key] = true_attention(Q, K, V)
    return seen[key]


@wrong()
def cache_that_only_grows(Q, K, V, cache=[]):  # noqa: B006
    cache.append(V.sum())
    return true_attention(Q, K, V) + 1e-4 * len(cache)


# Right as long as no hidden score is far above the allowed ones.


@wrong("maximum_before_mask")
def renormalised_after_softmax(Q, K, V):
    w = softmax(scores_of(Q, K)) * ~hidden(Q.shape[-2])
    return w / w.sum(axis=-1, keepdims=True) @ V


@wrong("fill_too_weak")
def adds_minus_1e3(Q, K, V):
    return softmax(scores_of(Q, K) - 1e3 * hidden(Q.shape[-2])) @ V


@wrong("epsilon_in_denominator")
def renormalised_with_an_epsilon(Q, K, V):
    w = softmax(scores_of(Q, K)) * ~hidden(Q.shape[-2])
    return w / (w.sum(axis=-1, keepdims=True) + 1e-9) @ V


@wrong("overwritten")
def writes_into_one_buffer(Q, K, V, buffers={}):  # noqa: B006
    out = true_attention(Q, K, V)
    buffer = buffers.setdefault(out.shape, np.empty(out.shape))
    buffer[...] = out
    return buffer
