"""What a leak looks like, from the map of who influences whom: one ahead, the whole row, inside blocks ..."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from leftcontext.audit.movements import BLOCKS

Bool = NDArray[np.bool_]
Floats = NDArray[np.float64]
MOST = 0.9  # a pattern holds where it covers this share of the pairs that it speaks of


def name_shape(leaking: Bool, influence: Floats) -> str:
    """The shape of the leaking pairs.

    leaking    (T_out, T) True where output i moves with an input j that it must not see
    influence  (T_out, T) how far, past and present included
    """
    if not leaking.any():
        return "no pair alone: only several inputs together"
    if leaking.shape[0] != leaking.shape[1]:
        return f"scattered: {_count(leaking)}"
    for recognise in RECOGNISERS:
        if (found := recognise(leaking, influence)) is not None:
            return found
    return f"scattered: {_count(leaking)}, as after a reshape without its transpose, or a choice over time"


def _count(leaking: Bool) -> str:
    pairs = int(leaking.sum())
    return f"{pairs} {'pair' if pairs == 1 else 'pairs'}"


def _distances(leaking: Bool) -> NDArray[np.intp]:
    i, j = np.nonzero(leaking)
    return j - i


def _before(leaking: Bool, influence: Floats) -> str | None:
    """Inputs to the left that are not allowed: padding, another document, what lies before a window."""
    if _distances(leaking).max() >= 0:
        return None
    return f"inputs that stand before an output, but are hidden from it: {_count(leaking)}"


def _one_pair(leaking: Bool, influence: Floats) -> str | None:
    if leaking.sum() != 1 or len(leaking) < 4:
        return None
    ((i, j),) = np.argwhere(leaking)
    if i == 0 and j == len(leaking) - 1:
        return f"one pair: output 0 sees input {j}, the last one, a wrap-around as of a roll"
    return f"one pair: only output {i} sees input {j}"


def _ahead(leaking: Bool, influence: Floats) -> str | None:
    """The next few, wherever one stands."""
    T, steps = len(leaking), _distances(leaking)
    k = int(steps.max())
    if k > max(1, T // 4) or steps.min() < 1:
        return None
    shares = [float(np.diagonal(leaking, step).mean()) for step in range(1, k + 1)]
    alone = steps.min() == k and len(steps) > 2  # of one distance only
    if shares[-1] < (0.15 if alone else 0.6) or _crossing(leaking) is not None:
        return None
    if k == 1:
        return "one ahead: an output sees the next input"
    if max(shares[:-1], default=0.0) < 0.2:
        return f"exactly {k} ahead: an output sees the input {k} places later"
    return f"{k} ahead: an output sees the next {k} inputs (one ahead in each of several layers looks so too)"


def _crossing(leaking: Bool) -> int | None:
    """The block size n such that every leak stays inside a block of n, most of which leaks, and at least two of which do; None
    if there is none."""
    T = len(leaking)
    i, j = np.nonzero(leaking)
    sizes = sorted({*(n for n in BLOCKS if n < T), *range(2, T)})
    for n in sizes:
        if not np.array_equal(i // n, j // n) or len(np.unique(i // n)) < 2:
            continue
        inside = (np.arange(T)[:, None] // n == np.arange(T) // n) & np.triu(np.ones((T, T), dtype=bool), 1)
        if leaking[inside].mean() > 0.5:
            return n
    return None


def _mirrored(leaking: Bool, influence: Floats) -> str | None:
    """Output i sees input T - 1 - i; or all up to that one, where what is turned round was causal before."""
    T = len(leaking)
    i, j = np.nonzero(leaking)
    if T < 4 or (i + j > T - 1).any():
        return None
    if (i + j == T - 1).all() and len(i) >= MOST * (T // 2):
        return "mirrored: the first output sees the last input, the second the last but one ..., as after a flip of time"
    row, column = np.nonzero(np.triu(np.ones((T, T), dtype=bool), 1))
    if T < 8 or leaking[row, column][row + column <= T - 1].mean() < MOST:
        return None
    return "mirrored: the first output sees all inputs, the second all but the last ..., as after a flip of time"


def _in_blocks(leaking: Bool, influence: Floats) -> str | None:
    n = _crossing(leaking)
    if n is None:
        return None
    return f"inside blocks of {n}: an output sees its own block of {n} inputs to the end"


def _first_part(leaking: Bool, influence: Floats) -> str | None:
    """The first n see each other, as in a prefill without a mask, and nothing else leaks."""
    n = int(np.nonzero(leaking)[1].max()) + 1
    if n < 4 or n == len(leaking) or leaking[:n, :n][np.triu(np.ones((n, n), dtype=bool), 1)].mean() < MOST:
        return None
    return f"inside the first {n} positions: each of their outputs sees all {n} inputs"


def _rectangle(leaking: Bool, influence: Floats) -> str | None:
    """Some outputs in a row see some later inputs in a row: most of these, and nothing else."""
    rows, columns = (np.flatnonzero(leaking.any(axis=axis)) for axis in (1, 0))
    top, left, bottom, right = rows[0], columns[0], rows[-1], columns[-1]
    if bottom >= left or min(len(rows), len(columns)) < 2 or leaking[top : bottom + 1, left : right + 1].mean() < 0.6:
        return None
    return f"outputs {top} to {bottom} see inputs {left} to {right}, as when one part of a text is open to another"


def _inverted(leaking: Bool, influence: Floats) -> str | None:
    """Everything after it, and nothing before it."""
    T = len(leaking)
    future, past = np.triu(np.ones((T, T), dtype=bool), 1), np.tri(T, k=-1, dtype=bool)
    if T < 4 or leaking[future].mean() < 0.4 or (influence[past] > 0).mean() > 0.05:
        return None
    return "only the future: an output sees what comes after it and not what came before (the mask is inverted or transposed)"


def _wrapped(leaking: Bool, influence: Floats) -> str | None:
    """The first positions see the last ones; neighbours don't see each other."""
    T, steps = len(leaking), _distances(leaking)
    if T < 6 or steps.min() <= T // 2 or not leaking[0, -1]:
        return None
    corner = np.triu(np.ones((T, T), dtype=bool), int(steps.min()))
    if leaking[corner].mean() < 0.6:
        return None
    return "wrap-around: the first outputs see the last inputs, as in a circular convolution (an FFT without padding) or a roll"


def is_circulant(leaking: Bool, influence: Floats) -> bool:
    """Whether the influence follows from the distance around a circle: an FFT that wraps, with a kernel as long as the text."""
    T = len(leaking)
    if T < 8:
        return False
    i, j = np.nonzero(np.triu(np.ones((T, T), dtype=bool), 1))
    lag = (i - j) % T
    by_lag = np.array([np.median(influence[np.arange(m, T), np.arange(T - m)]) for m in range(T)])  # of the past
    seen = (influence[i, j] > 0) & (by_lag[lag] > 0)
    if seen.sum() < T:
        return False
    future, past = np.log(influence[i, j][seen]), np.log(by_lag[lag][seen])
    if future.std() < 0.3 or past.std() < 0.3:
        return False
    return float(np.corrcoef(future, past)[0, 1]) > 0.8


def _whole(leaking: Bool, influence: Floats) -> str | None:
    """Most outputs see later inputs, at most distances."""
    T = len(leaking)
    rows: Bool = np.asarray(leaking.any(axis=1))[: T - 1]
    shares = np.array([leaking[i, i + 1 :].mean() for i in range(T - 1)])
    distances = np.array([np.diagonal(leaking, step).any() for step in range(1, T)])
    if rows.mean() > 0.8 and shares.mean() > 0.4 and distances.mean() > 0.8 and distances[0]:
        return "whole row: every output sees every later input"
    count = int(rows.sum())
    if not count or shares[rows].mean() < MOST:
        return None
    if count <= T // 4 and rows[:count].all():
        who = "output sees" if count == 1 else f"{count} outputs see"
        why = "as after a wrap-around (a roll, a circular convolution), or where few scores stand against a finite mask"
        return f"only the first {who} every later input, {why}"
    if count < 2:
        return None
    first = int(np.argmax(rows))
    if rows.all():
        return "whole row: every output sees every later input"
    if rows[first:].all():
        return f"whole row from output {first} on: each sees every later input"
    return f"whole row in {count} of {T} outputs: these see every later input"


def _column(leaking: Bool, influence: Floats) -> str | None:
    """A few inputs that everybody before them sees."""
    columns = np.flatnonzero(leaking.any(axis=0))
    T = leaking.shape[1]
    if len(columns) > max(1, T // 8):
        return None
    shares = [leaking[:j, j].mean() for j in columns if j]
    if np.mean(shares) < MOST:
        return None
    if len(columns) == 1 and columns[0] == T - 1:
        return "the last input: every output sees it"
    return f"single inputs: every output before them sees input {', '.join(map(str, columns[:5]))}"


def _row(leaking: Bool, influence: Floats) -> str | None:
    """A few outputs that see what they must not."""
    rows = np.flatnonzero(leaking.any(axis=1))
    if len(rows) > max(1, len(leaking) // 8):
        return None
    return f"single outputs: only {', '.join(map(str, rows[:5]))} of {len(leaking)} see later inputs ({_count(leaking)})"


def _far(leaking: Bool, influence: Floats) -> str | None:
    steps = _distances(leaking)
    band = np.triu(np.ones_like(leaking), int(steps.min())) & ~np.triu(np.ones_like(leaking), int(steps.max()) + 1)
    if leaking[band].mean() < 0.7:
        return None
    if steps.min() > 1:
        return f"from {steps.min()} to {steps.max()} ahead: the inputs next to an output are hidden from it, farther ones are not"
    return f"up to {steps.max()} ahead: an output sees the next {steps.max()} inputs"


RECOGNISERS = (
    _before,
    _one_pair,
    _ahead,
    _mirrored,
    _inverted,
    _in_blocks,
    _first_part,
    _wrapped,
    _whole,
    _column,
    _row,
    _rectangle,
    _far,
)


def name_whole_row(before: Floats, after: Floats) -> str | None:
    """Outputs (T, V) of the unchanged positions, before and after the last input was changed: a mean, a norm, or neither.

    A mean over time moves all outputs by the same vector; a norm over time scales them; both together are an affine map.
    """
    shift = after - before
    size = np.abs(shift).max()
    if len(before) < 6 or not np.isfinite(shift).all() or size == 0:
        return None
    if np.abs(shift - shift.mean(axis=0)).max() < 1e-3 * size:
        return "a sum or mean over time: every output moves by the same amount"
    centred, moves = before - before.mean(axis=0), shift - shift.mean(axis=0)
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    rank = int((values > 1e-6 * values[0]).sum())
    if rank == 0 or rank > len(before) // 2:
        return None
    kept = left[:, :rank]
    if np.abs(moves - kept @ (kept.T @ moves)).max() < 1e-3 * size:
        return "a mean or norm over time: every output is shifted and scaled alike"
    return None
