"""The mistakes of `multi_head_causal_attention` within the heads, and in splitting and merging them."""

import functools

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.attention_mistakes import attend, weights, with_maximum, wrong_attentions

from .ex_40_multi_head_causal_attention import _merge, _split, exercise, multi_head_causal_attention


def _interleaved_split(y, n_heads):
    return np.moveaxis(y.reshape(*y.shape[:-1], y.shape[-1] // n_heads, n_heads), -1, -3)


def _interleaved_merge(y):
    return np.moveaxis(y, -3, -1).reshape(*y.shape[:-3], y.shape[-2], -1)


def _reshaped_split(y, n_heads):
    return y.reshape(*y.shape[:-2], n_heads, y.shape[-2], y.shape[-1] // n_heads)


def _reshaped_merge(y):
    return y.reshape(*y.shape[:-3], y.shape[-2], y.shape[-3] * y.shape[-1])


def _layer_of(attention=attend, split=_split, merge=_merge):
    """The whole layer with one part replaced."""

    @functools.wraps(attention)
    def layer(x, Wq, Wk, Wv, Wo, n_heads):
        Q, K, V = (split(x @ W, n_heads) for W in (Wq, Wk, Wv))
        return merge(attention(Q, K, V)) @ Wo

    return layer


@exercise.mistake("Heads merged without a transpose")
def heads_merged_without_transpose(x, Wq, Wk, Wv, Wo, n_heads):
    """reshape alone puts several positions of one head into one row, so early rows hold outputs of later positions: a
    leak.

    - Which positions do the numbers of your first row come from?
    - Swap the axes of the heads and of T before the reshape.
    - np.swapaxes(out, -2, -3).reshape(*x.shape)
    """
    return _layer_of(merge=_reshaped_merge)(x, Wq, Wk, Wv, Wo, n_heads)


@exercise.mistake("Heads split without a transpose")
def heads_split_without_transpose(x, Wq, Wk, Wv, Wo, n_heads):
    """reshape alone mixes positions: a head got pieces of the same position as if they were later positions.

    - Which position does each row of your head 0 come from?
    - Cut into (..., T, n_heads, width), then swap the axes of T and heads.
    - np.swapaxes(y.reshape(*y.shape[:-1], n_heads, -1), -2, -3)
    """
    return _layer_of(split=_reshaped_split)(x, Wq, Wk, Wv, Wo, n_heads)


@exercise.mistake("Heads split and merged without a transpose")
def heads_split_and_merged_without_transpose(x, Wq, Wk, Wv, Wo, n_heads):
    """Both ways were a plain reshape. The shapes fit and the numbers find their place again, but in between the heads
    mixed positions and components.

    - Which position does each row of your head 0 come from?
    - (..., T, n_heads, width) first, then swap two axes; and the same on the way back.
    - np.swapaxes(..., -2, -3), twice
    """
    return _layer_of(split=_reshaped_split, merge=_reshaped_merge)(x, Wq, Wk, Wv, Wo, n_heads)


@exercise.mistake("Scaled by D instead of the width of a head")
@_layer_of
def scaled_by_model_width(Q, K, V):
    """The scores were divided by sqrt(D). A head's dot product runs over D / n_heads components only.

    - Over how many components does the dot product of one head sum?
    - sqrt(D / n_heads)
    - np.sqrt(Q.shape[-1]) after splitting.
    """
    return attend(Q, K, V, scale=(Q.shape[-1] * Q.shape[-3]) ** 0.5)


@exercise.mistake(mc.NO_SCALE)
@_layer_of
def no_scale(Q, K, V):
    """The dot products were not divided by the square root of a head's width.

    - What happens to the spread of q . k as a head gets wider?
    - scores / sqrt(D / n_heads)
    - Divide by np.sqrt(Q.shape[-1]) after splitting.
    """
    return attend(Q, K, V, scale=1.0)


@exercise.mistake("Only the first head is masked")
@_layer_of
def mask_on_first_head_only(Q, K, V):
    """Head 0 is causal; the others see the future. One leaky head is enough for the whole layer to leak.

    - Is anything in your code indexed with [0]?
    - A (T, T) mask broadcasts over all heads.
    - np.where(allowed, scores, -np.inf) on all of the scores.
    """
    allowed = np.ones((Q.shape[-3], Q.shape[-2], Q.shape[-2]), dtype=bool)
    allowed[0] = np.tri(Q.shape[-2], dtype=bool)
    return attend(Q, K, V, lambda scores: weights(scores, allowed))


@exercise.mistake("One big head")
def number_of_heads_ignored(x, Wq, Wk, Wv, Wo, n_heads):
    """n_heads was not used: there is one head of width D.

    - Where does n_heads enter your code?
    - n_heads heads of width D / n_heads, each with a softmax of its own.
    - Split the last axis before the scores.
    """
    return multi_head_causal_attention(x, Wq, Wk, Wv, Wo, 1)


@exercise.mistake("Always two heads")
def always_two_heads(x, Wq, Wk, Wv, Wo, n_heads):
    """There are two heads whatever n_heads says.

    - Where does n_heads enter your code?
    - (..., n_heads, T, D / n_heads)
    - Replace the 2 by n_heads.
    """
    return multi_head_causal_attention(x, Wq, Wk, Wv, Wo, 2)


@exercise.mistake("The heads are interleaved")
def heads_interleaved(x, Wq, Wk, Wv, Wo, n_heads):
    """Head 0 got every n_heads-th component; it should get the first D / n_heads ones.

    - Which columns belong to head 0?
    - Columns 0 to D / n_heads - 1.
    - reshape(..., n_heads, width), not (..., width, n_heads).
    """
    return _layer_of(split=_interleaved_split, merge=_interleaved_merge)(x, Wq, Wk, Wv, Wo, n_heads)


@exercise.mistake("Softmax across the heads")
@_layer_of
def softmax_across_heads(Q, K, V):
    """The heads share a weight of 1 for each pair; each head should spread its own weight of 1 over the keys.

    - What should sum to 1?
    - In each head, each row over its keys: axis -1.
    - axis=-1, with keepdims=True
    """
    return np.nan_to_num(attend(Q, K, V, lambda scores: weights(scores, axis=-3)))


@exercise.mistake("Attention between heads, not positions")
def attention_between_heads(x, Wq, Wk, Wv, Wo, n_heads):
    """The axes of heads and positions were not swapped, so at each position the heads attended to each other.

    - What is the shape of your scores?
    - (..., n_heads, T, T)
    - np.swapaxes(..., -2, -3) after cutting the last axis.
    """
    return _layer_of(split=lambda y, n: y.reshape(*y.shape[:-1], n, -1), merge=lambda y: y.reshape(*y.shape[:-2], -1))(
        x, Wq, Wk, Wv, Wo, n_heads
    )


@exercise.mistake(mc.SCALE_BY_D)
@_layer_of
def scale_by_d(Q, K, V):
    """The scores were divided by the width of a head; its square root is expected."""
    return attend(Q, K, V, scale=Q.shape[-1])


@exercise.mistake("Scaled by the number of heads")
@_layer_of
def scaled_by_number_of_heads(Q, K, V):
    """The scores were divided by sqrt(n_heads); the width of a head counts.

    - Over how many components does the dot product of one head sum?
    - sqrt(D / n_heads)
    - np.sqrt(Q.shape[-1]) after splitting.
    """
    return attend(Q, K, V, scale=Q.shape[-3] ** 0.5)


@exercise.mistake("The heads were averaged")
@_layer_of
def heads_averaged(Q, K, V):
    """Every head's columns hold the mean of all heads; merging puts the heads side by side, each with its own.

    - What becomes of head 1's numbers?
    - Concatenate: D = n_heads * width.
    - np.concatenate over the last axis.
    """
    return np.broadcast_to(attend(Q, K, V).mean(axis=-3, keepdims=True), V.shape)


@exercise.mistake("x was added")
def residual_added(x, *W):
    """x + ... belongs to the transformer block around this layer, not to the layer.

    - What are the steps of this layer?
    - merge(heads) Wo, and nothing else.
    - Leave out the x +.
    """
    return x + multi_head_causal_attention(x, *W)


@exercise.mistake(mc.GLOBAL_MAX)
@_layer_of
def global_max(Q, K, V):
    """The largest score of all heads was subtracted, so a head far below it underflows to 0 / 0."""
    return attend(Q, K, V, with_maximum(np.max))


@exercise.mistake(mc.ONLY_TWO_DIMENSIONS)
def dot_T(x, Wq, Wk, Wv, Wo, n_heads):
    """With leading axes it breaks: .T turns all the axes over; only the last two may be swapped."""
    width, outs = x.shape[-1] // n_heads, []
    for h in range(n_heads):
        mine = slice(h * width, (h + 1) * width)
        s = (x @ Wq[:, mine]) @ (x @ Wk[:, mine]).T / np.sqrt(width)
        outs.append(weights(s) @ x @ Wv[:, mine])
    return np.concatenate(outs, axis=-1) @ Wo


@exercise.mistake(mc.ONLY_FIRST_IN_BATCH)
def only_first(x, *W):
    """The first of the batch is right; the others are not."""
    out = np.empty(x.shape)
    out[...] = multi_head_causal_attention(x[(0,) * (x.ndim - 2)], *W)
    return out


@exercise.mistake(mc.GLOBAL_MAX)
@_layer_of
def maximum_over_the_batch(Q, K, V):
    """One maximum was subtracted for the whole batch, so a sequence with scores far below another's underflows to 0 /
    0.
    """
    return attend(Q, K, V, with_maximum(lambda s: s.max(axis=(*range(s.ndim - 3), -1), keepdims=True)))


@exercise.mistake(mc.CHANGES_INPUTS)
def changes_inputs(x, Wq, Wk, Wv, Wo, n_heads):
    Wq /= np.sqrt(len(Wq) / n_heads)
    return _layer_of(lambda Q, K, V: attend(Q, K, V, scale=1.0))(x, Wq, Wk, Wv, Wo, n_heads)


# Values are as wide as keys here, and no score lies far above its row's mean.
exercise.add_shared_mistakes(wrong_attentions(_layer_of), without=(mc.SCALE_BY_VALUE_WIDTH, mc.MEAN_SUBTRACTED))
