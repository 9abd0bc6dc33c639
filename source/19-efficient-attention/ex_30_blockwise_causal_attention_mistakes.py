"""The mistakes of `blockwise_causal_attention`."""

import numpy as np

from autograder.exercise import misconceptions as mc

from .ex_30_blockwise_causal_attention import exercise


def _blockwise(
    Q,
    K,
    V,
    block,
    *,
    masked=lambda a, b: a == b,
    last=lambda a, T: a + 1,
    rescale=True,
    start=-np.inf,
    k=0,
    scale=None,
    mask=None,
    aligned=False,
    fill=-np.inf,
):
    """Blockwise attention with one thing changed."""
    T, d = Q.shape[-2:]
    out = np.empty((*Q.shape[:-1], V.shape[-1]))
    for a in range(0, T, block):
        q = Q[..., a : a + block, :] / (np.sqrt(d) if scale is None else scale)
        m, l, acc = np.full((*q.shape[:-1], 1), start), 0.0, 0.0
        for b in range(0, last(a, T), block):
            s = q @ np.swapaxes(K[..., b : b + block, :], -1, -2)
            if masked(a, b):
                own = (
                    np.tri(*s.shape[-2:], k=k + (a - b if aligned else 0), dtype=bool)
                    if mask is None
                    else mask[a : a + block, b : b + block]
                )
                s = np.where(own, s, fill)
            top = np.maximum(m, s.max(axis=-1, keepdims=True))
            shrink, e = (np.exp(m - top) if rescale else 1.0), np.exp(s - top)
            l = l * shrink + e.sum(axis=-1, keepdims=True)
            acc = acc * shrink + e @ V[..., b : b + block, :]
            m = top
        out[..., a : a + block, :] = acc / l
    return out


@exercise.mistake("Far more than a block was held")
def whole_matrix_held(Q, K, V, block):
    """The result is right, but far more than (block, block) numbers existed at a time: all of T × T, or a strip.
    That is what blocks are to avoid.

    - How large is your largest array for T = 512 and block = 64?
    - At most (block, block) scores a head.
    - Two loops, over query blocks and key blocks; the mask too is made for a block.
    """
    T, d = Q.shape[-2:]
    rows = []
    for a in range(0, T, block):
        stop = min(a + block, T)
        s = Q[..., a:stop, :] @ np.swapaxes(K[..., :stop, :], -1, -2) / np.sqrt(d)
        s = np.where(np.arange(stop) <= np.arange(a, stop)[:, None], s, -np.inf)
        e = np.exp(s - s.max(axis=-1, keepdims=True))
        rows.append(e @ V[..., :stop, :] / e.sum(axis=-1, keepdims=True))
    return np.concatenate(rows, axis=-2)


@exercise.mistake(whole_matrix_held)
def whole_matrix(Q, K, V, block):
    T, d = Q.shape[-2:]
    s = np.where(np.tri(T, dtype=bool), Q @ np.swapaxes(K, -1, -2) / np.sqrt(d), -np.inf)
    w = np.exp(s - s.max(axis=-1, keepdims=True))
    return w @ V / w.sum(axis=-1, keepdims=True)


@exercise.mistake(whole_matrix_held)
def whole_mask(Q, K, V, block):
    mask = np.tri(Q.shape[-2], dtype=bool)
    return _blockwise(Q, K, V, block, mask=mask)


@exercise.mistake("The old sums were not rescaled")
def not_rescaled(Q, K, V, block):
    """The maximum grew from one block to the next, but the sums still belong to the old one.

    - Why is one block alone right?
    - Multiply by exp(m - m').
    - l * np.exp(m - new_m), and acc too
    """
    return _blockwise(Q, K, V, block, rescale=False)


@exercise.mistake("The diagonal block is not masked")
def diagonal_block_unmasked(Q, K, V, block):
    """Inside its own block a query sees later keys.

    - With block = T, what is your function?
    - The diagonal block is masked like a small causal matrix.
    - np.where(np.tri(n, dtype=bool), s, -np.inf)
    """
    return _blockwise(Q, K, V, block, masked=lambda a, b: False)


@exercise.mistake("The diagonal block is missing")
def diagonal_block_skipped(Q, K, V, block):
    """Only the blocks before the query's own were used.

    - May a query see its own key?
    - Up to and including the diagonal block.
    - range(0, a + 1, block)
    """
    return _blockwise(Q, K, V, block, last=lambda a, T: max(a, 1), masked=lambda a, b: a == b)


@exercise.mistake("Future blocks were included")
def future_blocks_included(Q, K, V, block):
    """Key blocks after the query's own were neither skipped nor masked.

    - Which key blocks does the first query block need?
    - Stop at the diagonal.
    - range(0, a + 1, block)
    """
    return _blockwise(Q, K, V, block, last=lambda a, T: T)


@exercise.mistake("Only the own block")
def only_own_block(Q, K, V, block):
    """Queries look no further back than their own block.

    - How far back may a query look?
    - To the first block.
    - Loop over all earlier key blocks.
    """
    return np.concatenate(
        [whole_matrix(*(x[..., a : a + block, :] for x in (Q, K, V)), block) for a in range(0, Q.shape[-2], block)],
        axis=-2,
    )


@exercise.mistake("Every block was masked")
def every_block_masked(Q, K, V, block):
    """Blocks before the diagonal lie wholly in the past and need no mask.

    - May query 3 see key 1, in an earlier block?
    - Only the diagonal block is masked.
    - if b == a: ...
    """
    return _blockwise(Q, K, V, block, masked=lambda a, b: True)


@exercise.mistake("The maximum starts at 0")
def running_max_starts_at_zero(Q, K, V, block):
    """Where all scores are far below 0, everything underflows to 0 / 0.

    - What is max(0, -900)?
    - Start at -inf.
    - np.full(..., -np.inf)
    """
    return _blockwise(Q, K, V, block, start=0.0)


@exercise.mistake(mc.ONE_AHEAD)
def one_ahead(Q, K, V, block):
    """In the diagonal block each query sees one key too far."""
    return _blockwise(Q, K, V, block, k=1)


exercise.add_mistakes(
    (mc.OWN_POSITION_EXCLUDED, lambda Q, K, V, block: _blockwise(Q, K, V, block, k=-1)),
    (mc.NO_SCALE, lambda Q, K, V, block: _blockwise(Q, K, V, block, scale=1.0)),
    (mc.SCALE_BY_D, lambda Q, K, V, block: _blockwise(Q, K, V, block, scale=Q.shape[-1])),
)


@exercise.mistake("The last, shorter block is missing")
def last_block_dropped(Q, K, V, block):
    """T is not a multiple of block, and the remaining rows were left at 0.

    - What happens at T = 5 and block = 2?
    - The last block may be shorter.
    - range(0, T, block) covers it.
    """
    out = _blockwise(Q, K, V, block)
    out[..., Q.shape[-2] // block * block :, :] = 0
    return out


@exercise.mistake("Each block was normalised")
def block_normalised(Q, K, V, block):
    """The blocks were softmaxed on their own and averaged.

    - Should a block of low scores count as much as one of high scores?
    - Add exponentials, divide at the end.
    - Carry m, l and acc.
    """
    T, d = Q.shape[-2:]
    out = np.empty((*Q.shape[:-1], V.shape[-1]))
    for a in range(0, T, block):
        parts = []
        for b in range(0, a + 1, block):
            s = Q[..., a : a + block, :] @ np.swapaxes(K[..., b : b + block, :], -1, -2) / np.sqrt(d)
            s = np.where(np.tri(*s.shape[-2:], dtype=bool), s, -np.inf) if a == b else s
            w = np.exp(s - s.max(axis=-1, keepdims=True))
            parts.append(w @ V[..., b : b + block, :] / w.sum(axis=-1, keepdims=True))
        out[..., a : a + block, :] = np.mean(parts, axis=0)
    return out


@exercise.mistake("Blocks of the future are computed too")
def future_blocks_computed(Q, K, V, block):
    """The result is right. But blocks of keys that lie wholly in the future were computed and masked afterwards; NaN
    in them (nothing has been written there yet, say) gets through.

    - Which is the last block of keys that the queries of block 0 need?
    - Their own: the later ones are left out of the loop.
    - for start in range(0, end_of_the_queries, block)
    """
    return _blockwise(Q, K, V, block, masked=lambda a, b: b >= a, last=lambda a, T: T, aligned=True)


@exercise.mistake("The blocks have a size of their own")
def block_size_fixed(Q, K, V, block):
    """The result is right, but the blocks are larger than `block`, whatever `block` is: keys were computed that lie in
    a later block, and more than (block, block) scores were held.

    - Which argument says how large a block is?
    - With block = 1, may query 10 touch key 11?
    - Write block, and no number, as the step of both loops.
    """
    return _blockwise(Q, K, V, 2)


exercise.add_mistakes(
    (block_size_fixed, lambda Q, K, V, block: _blockwise(Q, K, V, 4)),
    (block_size_fixed, lambda Q, K, V, block: _blockwise(Q, K, V, max(block, 2))),
    (mc.FILL_WEAK, lambda Q, K, V, block: _blockwise(Q, K, V, block, fill=-30.0)),
    (mc.FILL_WEAK, lambda Q, K, V, block: _blockwise(Q, K, V, block, fill=-1e4)),
)
