"""For which tokens does a leak show? One later token is replaced by each of the others."""

from __future__ import annotations

import numpy as np

from leftcontext.audit.examination import Examination, Leak
from leftcontext.audit.libraries import Inputs
from leftcontext.audit.tolerance import difference, scale_of, tolerance_of

MOST = 96  # ids that are tried
ALMOST_ALL = 0.9


def name_tokens(exam: Examination, leak: Leak, pair: tuple[int, int]) -> str | None:
    """`only for token 4`, `only for tokens from 10 on`, ...; None where all tokens do it, or where there are none."""
    move, vocab = leak.move, exam.vocab
    if move is None or vocab is None or vocab < 4 or move.base.shape != move.changed.shape:
        return None
    seen = np.unique(np.concatenate([move.base[move.row], move.changed[move.row]]))
    ids = np.unique(np.concatenate([seen, np.linspace(0, vocab - 1, min(vocab, MOST)).astype(int)]))
    i, j = pair if pair[1] < move.length else (move.i, move.j)
    active = _active(exam, move.base[move.row], move.dtype, i, j, ids)
    if not active.any() or active.mean() > ALMOST_ALL:
        return None
    which, text = ids[active], move.base[move.row]
    elsewhere = _active(exam, (text + 1) % vocab, move.dtype, i, j, ids)  # behind other tokens
    if set(which.tolist()) <= set(text[: i + 1].tolist()) and not np.array_equal(active, elsewhere):
        return f"only for a later token that stands before it too (here {', '.join(map(str, which[:5]))})"
    if len(which) == 1:
        return f"only for token {which[0]}"
    if active[np.argmax(active) :].all():
        return f"only for tokens from {which[0]} on"
    if len(which) > len(ids) // 2:
        return None
    return f"only for some tokens, such as {', '.join(map(str, which[:5]))}"


def _active(exam: Examination, text: Inputs, dtype: str, i: int, j: int, ids: Inputs) -> Inputs:
    """(n,) True for an id that, put at j, gives another output i than most ids do."""
    texts = np.repeat(text[None], len(ids), axis=0)
    texts[:, j] = ids
    rows = 4
    outputs = np.concatenate(
        [exam.subject.outputs(np.resize(texts[k : k + rows], (rows, len(text))))[:, i : i + 1] for k in range(0, len(ids), rows)]
    )[: len(ids)]
    bound = tolerance_of(dtype).certain * scale_of(outputs)
    distances = np.array([difference(outputs, np.repeat(each[None], len(ids), axis=0))[:, 0] for each in outputs])
    usual = int(np.argmax((distances <= bound).sum(axis=1)))  # most ids give what this one gives
    return np.asarray(distances[usual] > bound)
