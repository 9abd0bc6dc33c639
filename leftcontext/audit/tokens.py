"""For which tokens does a leak show? One later token is replaced by each of the others."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from leftcontext.audit.examination import Examination, Leak
from leftcontext.audit.libraries import Inputs
from leftcontext.audit.tolerance import difference, scale_of, tolerance_of

MOST = 96  # ids that are tried
ALMOST_ALL = 0.9


class Tokens(NamedTuple):
    """The ids of the later tokens for which a leak shows, where they are the same behind any text, and what to say of them."""

    ids: Inputs | None
    said: str


def find_tokens(exam: Examination, leak: Leak, pair: tuple[int, int]) -> Tokens | None:
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
    other = (text + 1) % vocab  # other tokens before it
    elsewhere = _active(exam, other, move.dtype, i, j, ids)
    if not np.array_equal(active, elsewhere) and _are_among(which, text[: i + 1]) and _are_among(ids[elsewhere], other[: i + 1]):
        return Tokens(None, f"only for a later token that stands before it too (here {', '.join(map(str, which[:5]))})")
    if elsewhere.any() and (active & elsewhere).sum() < (active | elsewhere).sum() / 2:
        return Tokens(None, "only for some later tokens, which are others behind another text")
    if len(which) == 1:
        return Tokens(which, f"only for token {which[0]}")
    if active[np.argmax(active) :].all():
        return Tokens(which, f"only for tokens from {which[0]} on")
    if len(which) > len(ids) // 2:
        return None
    return Tokens(which, f"only for some tokens, such as {', '.join(map(str, which[:5]))}")


def _are_among(ids: Inputs, text: Inputs) -> bool:
    return bool(np.isin(ids, text).all())


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
