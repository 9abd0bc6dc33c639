"""### Share keys and values

In grouped-query attention several query heads read the same key-value head. A plain attention needs as many key heads \
as query heads, so each key-value head is repeated.

Write `repeat_kv(x, groups)`: `x` holds keys or values, `(..., G, T, d)`, for `G` key-value heads. Return `(..., G * \
groups, T, d)`, in which head `h` is a copy of head `h // groups` of `x`. `groups` is at least 1. The leading axes \
stay in front unchanged.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, case

exercise = Exercise(
    topic="grouped-query attention",
    hints=(
        "With 2 key-value heads and 3 query heads for each, which ones do the query heads 0 to 5 read?",
        "They read 0, 0, 0, 1, 1, 1: neighbours share.",
        "np.repeat repeats each entry along an axis; count the axis of the heads from the end.",
    ),
)


@exercise.solution
def repeat_kv(x, groups):
    """(..., G, T, d) -> (..., G * groups, T, d): head h is head h // groups of x."""
    return np.repeat(x, groups, axis=-3)


@exercise.part("Two heads, two queries each", points=1)
def two_heads(rng):
    yield case(np.array([[[1.0]], [[2.0]]]), 2, note="two heads with one token of one number")
    yield case(np.round(rng.normal(size=(2, 3, 2)), 1), 2)


@exercise.part("Any shape", points=1)
def any_shape(rng):
    yield case(rng.normal(size=(3, 5, 4)), 1, note="groups = 1: as many key-value heads as query heads")
    yield case(rng.normal(size=(1, 5, 4)), 6, note="multi-query attention: one key-value head")
    yield case(rng.normal(size=(2, 1, 3)), 4, note="one token")
    yield case(rng.normal(size=(2, 4, 3, 5)), 2, note="a batch of 2")
    yield case(rng.normal(size=(2, 3, 2, 4, 5)), 3, note="two leading axes")
    yield case(rng.normal(size=(4, 4, 4, 4)), 2, note="every axis has the same length")
    yield case(rng.normal(size=(8, 7, 2)).astype(np.float32), 4, note="float32")


@exercise.equivalent
def with_an_index(x, groups):
    return x[..., np.arange(x.shape[-3] * groups) // groups, :, :]


@exercise.equivalent
def broadcast_and_reshape(x, groups):
    *lead, G, T, d = x.shape
    return np.broadcast_to(x[..., :, None, :, :], (*lead, G, groups, T, d)).reshape(*lead, G * groups, T, d)


@exercise.equivalent
def with_a_loop(x, groups):
    heads = []
    for g in range(x.shape[-3]):
        heads += [x[..., g, :, :]] * groups
    return np.stack(heads, axis=-3)


@exercise.equivalent
def with_a_product(x, groups):
    copy = np.kron(np.eye(x.shape[-3]), np.ones((groups, 1)))  # (G * groups, G)
    return np.einsum("hg,...gtd->...htd", copy, x)


# https://github.com/onnx/onnx/pull/7274
@exercise.mistake("The heads take turns")
def tiled(x, groups):
    """The whole list of heads was repeated (0, 1, 0, 1), so a query head reads keys that it was not trained with.

    - Which key-value head does query head 1 read, if groups is 2?
    - Head h reads head h // groups, not h % G.
    - Repeat each head, not the whole list: np.repeat instead of np.tile.
    """
    return np.concatenate([x] * groups, axis=-3)


# https://github.com/PrimeIntellect-ai/prime-rl/pull/2681
@exercise.mistake("The tokens were repeated")
def time_repeated(x, groups):
    """The axis of the positions became longer; the heads were to be repeated.

    - Which axis counts the heads in (..., G, T, d)?
    - It is the third from the end.
    - axis=-3
    """
    return np.repeat(x, groups, axis=-2)


@exercise.mistake("The width was repeated")
def width_repeated(x, groups):
    """The vectors became wider; the heads were to be repeated.

    - Which axis counts the heads in (..., G, T, d)?
    - It is the third from the end.
    - axis=-3
    """
    return np.repeat(x, groups, axis=-1)


@exercise.mistake("Right without a batch only")
def first_axis_repeated(x, groups):
    """The first axis was repeated; with a batch that is the batch, not the heads.

    - Which axis counts the heads in (B, G, T, d)?
    - Count from the end, so that leading axes do not matter.
    - axis=-3
    """
    return np.repeat(x, groups, axis=0)


@exercise.mistake("Right with one batch axis only")
def second_axis_repeated(x, groups):
    """The axis was counted from the front, which is right for (B, G, T, d) alone.

    - Which axis counts the heads in (G, T, d)?
    - Count from the end, so that leading axes do not matter.
    - axis=-3
    """
    return np.repeat(x, groups, axis=1)


@exercise.mistake("The heads were not repeated")
def unchanged(x, groups):
    """The result has as many heads as x.

    - How many query heads read one key-value head?
    - The result has G * groups heads.
    - np.repeat along the axis of the heads
    """
    return x.copy()


@exercise.mistake("The copies stand on an axis of their own")
def separate_axis(x, groups):
    """The result has one axis too many: heads and copies were not merged.

    - What is the shape of the result?
    - (..., G * groups, T, d)
    - Reshape the two axes G and groups into one.
    """
    return np.repeat(x[..., None, :, :], groups, axis=-3)


@exercise.mistake("Only the first head")
def first_head_only(x, groups):
    """Every query head got key-value head 0.

    - How many key-value heads does x have?
    - Head h is head h // groups.
    - Keep all heads of x.
    """
    return np.repeat(x[..., :1, :, :], groups * x.shape[-3], axis=-3)


@exercise.mistake("groups was taken for the number of heads")
def groups_is_the_total(x, groups):
    """The result has `groups` heads; it should have `groups` for each head of x.

    - How many heads does the result have?
    - G * groups
    - Each head of x is repeated `groups` times.
    """
    G = x.shape[-3]
    return np.repeat(x, max(1, groups // G), axis=-3)


@exercise.mistake(mc.CHANGES_INPUTS)
def doubles_in_place(x, groups):
    out = np.repeat(x, groups, axis=-3)
    x *= 2
    return out
