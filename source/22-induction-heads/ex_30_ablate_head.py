"""### Take one head out

Each head's output passes through its own rows of `Wo`, and the results add up. So a head can be taken out of the sum. \
This is called **ablation**; here the head's output is replaced by zeros (*zero ablation*).

Write `ablate_head(heads, Wo, h)`: `heads` is `(H, T, d)`, what each head returns; `Wo` is `(H * d, D)`, the output \
projection for the heads merged as in unit 07, head 0 first; `h` is a number from 0 to H - 1. Return `(T, D)`: what \
the layer adds to the residual stream without head h. The inputs stay as they are.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array

exercise = Exercise(
    topic="ablation",
    answer=Array(),
    hints=(
        "Which rows of Wo does head h use?",
        "output = sum over heads g of heads[g] @ Wo[g * d : (g + 1) * d], without g = h",
        "Copy the heads, set rest[h] = 0, merge them to (T, H * d), and multiply by Wo.",
    ),
)


@exercise.solution
def ablate_head(heads, Wo, h):
    """heads (H, T, d), Wo (H * d, D), h -> (T, D), the layer's output without head h."""
    H, T, d = heads.shape
    rest = heads.copy()
    rest[h] = 0
    merged = rest.swapaxes(0, 1).reshape(T, H * d)  # (T, H * d)
    return merged @ Wo


def _inputs(rng, H, T, d, D):
    return rng.normal(size=(H, T, d)), rng.normal(size=(H * d, D))


@exercise.part("By hand", points=1)
def by_hand(rng):
    heads = np.array([[[1.0], [2.0]], [[10.0], [20.0]]])
    yield case(heads, np.array([[1.0], [1.0]]), 1, note="two heads of width 1: what is left is head 0")
    yield case(heads, np.eye(2), 0, note="Wo is the identity: one column for each head")
    yield case(np.array([[[3.0, 4.0]]]), np.eye(2), 0, note="the only head: nothing is left")


@exercise.part("Any layer", points=1)
def any_layer(rng):
    for (H, T, d, D), h in (
        ((2, 3, 2, 4), 0),
        ((4, 5, 3, 12), 2),
        ((3, 1, 2, 6), 1),
        ((4, 4, 4, 4), 3),
        ((3, 2, 5, 2), 2),
        ((1, 4, 3, 3), 0),
        ((8, 6, 1, 8), 5),
    ):
        yield case(*_inputs(rng, H, T, d, D), h)
    heads, Wo = _inputs(rng, 3, 4, 2, 6)
    heads[1] *= 1e8
    yield case(heads, Wo, 1, note="a head that is far larger than the others goes out")
    yield case(*(x.astype(np.float32) for x in _inputs(rng, 2, 4, 4, 8)), 1, note="float32")


@exercise.equivalent
def sum_over_the_others(heads, Wo, h):
    H, T, d = heads.shape
    out = np.zeros((T, Wo.shape[1]))
    for g in range(H):
        if g != h:
            out += heads[g] @ Wo[g * d : (g + 1) * d]
    return out


@exercise.equivalent
def rows_of_wo_deleted(heads, Wo, h):
    H, T, d = heads.shape
    rows = np.delete(Wo.reshape(H, d, -1), h, axis=0).reshape((H - 1) * d, Wo.shape[1])
    return np.delete(heads, h, axis=0).transpose(1, 0, 2).reshape(T, (H - 1) * d) @ rows


@exercise.equivalent
def with_einsum(heads, Wo, h):
    H, _, d = heads.shape
    keep = (np.arange(H) != h).astype(heads.dtype)
    return np.einsum("h,htd,hdm->tm", keep, heads, Wo.reshape(H, d, -1))


@exercise.equivalent
def rows_of_wo_zeroed(heads, Wo, h):
    H, T, d = heads.shape
    W = np.array(Wo)
    W[h * d : h * d + d] = 0
    return np.concatenate(list(heads), axis=-1) @ W


def _merged(heads):
    H, T, d = heads.shape
    return heads.swapaxes(0, 1).reshape(T, H * d)


@exercise.mistake("The head is still there")
def nothing_ablated(heads, Wo, h):
    """This is the whole layer's output: the head was not taken out.

    - What should be left where there is only one head?
    - Zeros
    - Set the head to 0 in a copy, and use the copy.
    """
    return _merged(heads) @ Wo


@exercise.mistake("Only that head is left")
def only_that_head(heads, Wo, h):
    """Head h is what was kept, and the others were taken out.

    - What is asked for: the head alone, or the layer without it?
    - The sum over all heads but h
    - rest[h] = 0, not everything else.
    """
    d = heads.shape[-1]
    return heads[h] @ Wo[h * d : (h + 1) * d]


# The output after the projection was cut into "heads": https://github.com/interp-reasoning/thought-anchors/issues/7
@exercise.mistake("Cut out on the wrong side of Wo")
def after_the_projection(heads, Wo, h):
    """Columns of the projected output, or of Wo, were set to 0. After Wo every head has a part in each column.

    - Which of the two axes of Wo meets the merged heads in the product?
    - The first one, its rows: merged @ Wo
    - Set the head to 0 before the product with Wo; or the rows h * d to (h + 1) * d - 1 of Wo.
    """
    H, _, d = heads.shape
    out = _merged(heads) @ Wo
    width = max(1, Wo.shape[1] // H)
    out[:, h * width : (h + 1) * width] = 0
    return out


def columns_of_wo(heads, Wo, h):
    d = heads.shape[-1]
    W = Wo.copy()
    W[:, h * d : (h + 1) * d] = 0
    return _merged(heads) @ W


# The two axes of the output projection confused, when heads were pruned: https://github.com/microsoft/nni/issues/5187
exercise.add_mistakes((after_the_projection, columns_of_wo))


@exercise.mistake("One row of Wo, not d")
def one_row(heads, Wo, h):
    """Only row h of Wo was left out; a head has d rows.

    - How many rows of Wo belong to a head of width d?
    - The rows h * d to (h + 1) * d - 1
    - Wo[h * d : (h + 1) * d]
    """
    W = Wo.copy()
    W[h] = 0
    return _merged(heads) @ W


@exercise.mistake("The heads lie between one another")
def interleaved(heads, Wo, h):
    """Every H-th row of Wo was taken for the head's, but the heads are merged one after the other.

    - Where do the d numbers of head 0 stand in a merged row?
    - At 0 to d - 1
    - heads.swapaxes(0, 1).reshape(T, H * d)
    """
    H, T, d = heads.shape
    rest = heads.copy()
    rest[h] = 0
    return rest.transpose(1, 2, 0).reshape(T, H * d) @ Wo


@exercise.mistake("Merged without the swap of axes")
def merged_without_swap(heads, Wo, h):
    """The heads were reshaped to (T, H * d) without moving the axis of heads: rows then mix positions.

    - In which order do the numbers of heads (H, T, d) lie in memory?
    - First swap the axes H and T, then reshape.
    - heads.swapaxes(0, 1).reshape(T, H * d)
    """
    H, T, d = heads.shape
    rest = heads.copy()
    rest[h] = 0
    return rest.reshape(T, H * d) @ Wo


@exercise.mistake("The others were scaled up")
def scaled_up(heads, Wo, h):
    """The remaining heads were multiplied by H / (H - 1), as dropout does; an ablation changes nothing but the head.

    - Does the rest of the layer change when a head is taken out?
    - No: the sum has one term less.
    - Leave out the factor.
    """
    H = len(heads)
    return ablate_head(heads, Wo, h) * H / max(1, H - 1)


@exercise.mistake("Replaced by its mean, not by zeros")
def mean_ablated(heads, Wo, h):
    """Each position got the head's mean over positions. This is mean ablation, and here zeros are asked for.

    - What is left where there is only one head?
    - Zeros
    - rest[h] = 0
    """
    rest = heads.copy()
    rest[h] = heads[h].mean(axis=0)
    return _merged(rest) @ Wo


@exercise.mistake("The first head went out")
def always_head_zero(heads, Wo, h):
    """Head 0 was taken out, whatever h is.

    - Which head does h = 1 mean?
    - The second one: heads are counted from 0.
    - rest[h] = 0
    """
    return ablate_head(heads, Wo, 0)


@exercise.mistake("The change, not the rest")
def only_the_change(heads, Wo, h):
    """The output with the head was subtracted: that is by how much the output changes, not what is left of it.

    - What is left where there is only one head?
    - Zeros
    - The sum over the other heads, with nothing subtracted
    """
    return ablate_head(heads, Wo, h) - _merged(heads) @ Wo


@exercise.mistake("Counted from 1")
def counted_from_one(heads, Wo, h):
    """Head h - 1 was taken out: heads are counted from 0.

    - Which head does h = 0 mean?
    - The first one
    - rest[h] = 0
    """
    return ablate_head(heads, Wo, h - 1)


# A patch that stayed in force after its run: https://github.com/TransformerLensOrg/TransformerLens/pull/156
@exercise.mistake(mc.CHANGES_INPUTS)
def overwrites(heads, Wo, h):
    """The head was set to 0 in the array that was handed in, so it is missing from every later experiment too."""
    heads[h] = 0
    return _merged(heads) @ Wo
