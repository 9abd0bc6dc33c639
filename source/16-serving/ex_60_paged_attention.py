"""### One step for a ragged batch

A server decodes one token for each of `B` texts at once. The texts have different lengths, and their caches lie in \
the same pages. Write `paged_attention(pages, table, lengths, q)`:

| argument | shape | what it holds |
|---|---|---|
| `pages` | `(2, P, page, d)` | the keys, `pages[0]`, and the values, `pages[1]`, of all texts |
| `table` | `(B, n)` int | the pages of each text in order |
| `lengths` | `(B,)` int | how many tokens of each text are cached, its newest included; at least 1 |
| `q` | `(B, d)` | the query of each text's newest token |

Return `(B, d)`: each query attends to all cached tokens of its own text, and to nothing else. Unused rows of a page \
may be huge or NaN, unused entries of the table -1 or no page at all, and scores may be large. Two texts may share a \
page.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, case

exercise = Exercise(
    topic="paged cache",
    hints=(
        "How is it done for a single text?",
        "Gather the keys and values of text b, its first lengths[b] rows; then one query attends to all of them.",
        "For each b: t = np.arange(lengths[b]); K, V = pages[:, table[b, t // page], t % page]; no mask is needed.",
    ),
)


@exercise.solution
def paged_attention(pages, table, lengths, q):
    """pages (2, P, page, d), table (B, n), lengths (B,), q (B, d) -> (B, d)."""
    page, d = pages.shape[2:]
    outputs = []
    for b in range(len(q)):
        t = np.arange(lengths[b])
        K, V = pages[:, table[b, t // page], t % page]  # (length, d) each
        scores = K @ q[b] / np.sqrt(d)  # (length,)
        weights = np.exp(scores - scores.max())
        outputs.append(weights @ V / weights.sum())
    return np.stack(outputs)


def _batch(rng, lengths, page, d, spare=2):
    """Texts of these lengths in pages in any order; what no text uses holds NaN and huge numbers."""
    lengths = np.array(lengths)
    need = -(-lengths // page)
    P = int(need.sum()) + spare
    order = iter(rng.permutation(P))
    table = np.full((len(lengths), need.max()), -1)
    pages = np.broadcast_to(rng.choice([np.nan, 1e6], size=(1, P, page, 1)), (2, P, page, d)).copy()
    for b, length in enumerate(lengths):
        table[b, : need[b]] = [next(order) for _ in range(need[b])]
        t = np.arange(length)
        pages[:, table[b, t // page], t % page] = rng.normal(size=(2, length, d))
    return pages, table, lengths, rng.normal(size=(len(lengths), d))


@exercise.part("By hand", points=1)
def by_hand(rng):
    pages = np.zeros((2, 3, 2, 1))
    pages[1, :, :, 0] = [[5.0, 9.0], [1.0, 2.0], [6.0, 0.0]]
    table = np.array([[1, 2], [0, -1]])
    yield case(pages, table, np.array([3, 1]), np.zeros((2, 1)), note="q = 0: the means of 1, 2, 6 and of 5")
    yield case(*_batch(rng, [3, 2], page=2, d=2))


@exercise.part("Any batch", points=1)
def any_batch(rng):
    yield case(*_batch(rng, [1], page=4, d=3), note="one text of one token")
    yield case(*_batch(rng, [4, 8], page=4, d=2), note="the pages are full")
    yield case(*_batch(rng, [9, 1, 4, 6], page=3, d=3))
    yield case(*_batch(rng, [2, 30, 7], page=8, d=4))
    yield case(*_batch(rng, [3, 3, 3], page=1, d=3), note="a page holds one token")
    yield case(*_batch(rng, [4, 4, 4, 4], page=4, d=4), note="every axis has the same length")
    pages, table, lengths, q = _batch(rng, [6, 9], page=3, d=2)
    table[0, 2:] = 99
    yield case(pages, table.astype(np.int32), lengths, q, note="an unused entry names a page that is not there; int32")
    pages, table, lengths, q = _batch(rng, [6, 8], page=4, d=3)
    table[1, 0] = table[0, 0]
    yield case(pages, table, lengths, q, note="both texts begin with the same page")
    pages, table, lengths, q = _batch(rng, [5, 7], page=4, d=4)
    pages[0, ..., 0], q[:, 0] = np.where(np.isnan(pages[0, ..., 0]), np.nan, 40.0), 40.0
    yield case(pages, table, lengths, q, note="scores near +800")
    pages, table, lengths, q = _batch(rng, [3, 4], page=2, d=4)
    pages[0], q[:] = pages[0] * 600, np.abs(q)
    yield case(pages, table, lengths, q, note="scores of some hundred apart")


@exercise.equivalent
def with_loops(pages, table, lengths, q):
    page, out = pages.shape[2], np.zeros(q.shape)
    for b, length in enumerate(lengths):
        places = [(table[b][t // page], t % page) for t in range(length)]
        s = np.array([float(pages[0][where] @ q[b]) for where in places]) / q.shape[1] ** 0.5
        w = np.exp(s - s.max())
        out[b] = sum(wi * pages[1][where] for wi, where in zip(w / w.sum(), places, strict=True))
    return out


@exercise.equivalent
def padded_and_masked(pages, table, lengths, q):
    page = pages.shape[2]
    t = np.arange(max(lengths))
    real = t < np.asarray(lengths)[:, None]  # (B, T)
    used = np.where(real, table[:, t // page], 0)
    K, V = np.where(real[..., None], pages[:, used, t % page], 0.0)  # (B, T, d)
    s = np.where(real, np.einsum("btd,bd->bt", K, q) / np.sqrt(q.shape[1]), -np.inf)
    w = np.exp(s - s.max(axis=1, keepdims=True))
    return np.einsum("bt,btd->bd", w / w.sum(axis=1, keepdims=True), V)


@exercise.equivalent
def flat_with_borders(pages, table, lengths, q):
    """All tokens of all texts in one row, without padding, as variable-length kernels do."""
    page, d = pages.shape[2:]
    text = np.repeat(np.arange(len(q)), lengths)  # (N,) whose token it is
    start = np.cumsum(lengths) - lengths
    t = np.arange(len(text)) - start[text]
    K, V = pages[:, table[text, t // page], t % page]  # (N, d)
    s = (K * q[text]).sum(axis=1) / np.sqrt(d)
    w = np.exp(s - np.maximum.reduceat(s, start)[text])
    return np.add.reduceat(w[:, None] * V, start) / np.add.reduceat(w, start)[:, None]


@exercise.equivalent
def page_by_page(pages, table, lengths, q):
    """A running maximum and a running sum, one page at a time."""
    page, out = pages.shape[2], []
    for b, length in enumerate(lengths):
        top, total, mixed = -np.inf, 0.0, 0.0
        for n in range(-(-length // page)):
            K, V = pages[:, table[b, n], : min(page, length - n * page)]
            s = K @ q[b] / np.sqrt(q.shape[1])
            new = max(top, s.max())
            w = np.exp(s - new)
            total, mixed = total * np.exp(top - new) + w.sum(), mixed * np.exp(top - new) + w @ V
            top = new
        out.append(mixed / total)
    return np.array(out)


def _mixed(K, V, q, scale=None, shift=True):
    s = K @ q / (np.sqrt(len(q)) if scale is None else scale)
    w = np.exp(s - s.max()) if shift else np.exp(s)
    return w @ V / w.sum()


def _each(pages, table, lengths, q, rows, **options):
    """The attention of each text over the keys and values that rows(pages, its table, its length) takes."""
    return np.stack([_mixed(*rows(pages, table[b], lengths[b]), q[b], **options) for b in range(len(q))])


def _own(pages, table, length):
    t = np.arange(length)
    return pages[:, table[t // pages.shape[2]], t % pages.shape[2]]


# https://github.com/tanishqkumar/ssd/issues/23
@exercise.mistake("The table plays no part")
def table_ignored(pages, table, lengths, q):
    """The pages were read in the order in which they lie in memory, so the texts read one another's tokens.

    - Which page holds the first tokens of text b?
    - The one that table[b, 0] names.
    - Index pages with the table.
    """
    return _each(pages, table, lengths, q, lambda p, _, n: p.reshape(2, -1, p.shape[-1])[:, :n])


@exercise.mistake("The rest of the last page was read")
def last_page_whole(pages, table, lengths, q):
    """A query attends to rows that its text has not written; another text's old tokens may lie there.

    - How many keys may a query see?
    - lengths[b]
    - Cut the gathered rows to lengths[b].
    """
    return _each(pages, table, lengths, q, lambda p, row, n: np.concatenate(p[:, row[: -(-n // p.shape[2])]], axis=1))


@exercise.mistake("The longest text's length for all")
def longest_for_all(pages, table, lengths, q):
    """Every query attends to as many tokens as the longest text has.

    - How many keys may a query of a short text see?
    - lengths[b], each text its own number.
    - Use lengths[b], not lengths.max().
    """
    fits = np.where((table >= 0) & (table < pages.shape[1]), table, 0)
    return _each(pages, fits, np.full(len(q), max(lengths)), q, _own)


@exercise.mistake("The newest token can't see itself")
def newest_missing(pages, table, lengths, q):
    """The newest key is in the cache already, and the query may see it.

    - Does lengths[b] count the newest token?
    - It does, so there are lengths[b] keys.
    - np.arange(lengths[b])
    """
    return _each(pages, table, np.maximum(np.asarray(lengths) - 1, 1), q, _own)


@exercise.mistake("The first table for all")
def first_table_for_all(pages, table, lengths, q):
    """All queries read the pages of text 0.

    - Whose pages does query b read?
    - Its own: table[b].
    - Use table[b], not table[0].
    """
    wrap = np.resize(table[0][: -(-lengths[0] // pages.shape[2])], table.shape[1])
    return _each(pages, np.tile(wrap, (len(q), 1)), lengths, q, _own)


@exercise.mistake("Page and row are swapped")
def page_and_row_swapped(pages, table, lengths, q):
    """The tokens were dealt out to the pages in turn; a page holds neighbours.

    - In which page does token 1 lie?
    - In the same as token 0, unless a page holds one token only.
    - table[b, t // page], and row t % page
    """
    return _each(pages, table, lengths, q, _dealt)


def _dealt(pages, table, length):
    n, t = -(-length // pages.shape[2]), np.arange(length)
    return pages[:, table[t % n], t // n]


@exercise.mistake("Keys and values are swapped")
def keys_and_values_swapped(pages, table, lengths, q):
    """pages[0] holds the keys, and pages[1] the values.

    - With which half is the query compared?
    - With pages[0].
    - K, V = pages[:, ...]
    """
    return _each(pages[::-1], table, lengths, q, _own)


@exercise.mistake("The keys were mixed")
def keys_mixed(pages, table, lengths, q):
    """The weights were applied to the keys; the output is a mean of the values.

    - What does the query pick from the cache?
    - Values: the keys only decide how much of each.
    - weights @ V, with V from pages[1]
    """
    return _each(pages[[0, 0]], table, lengths, q, _own)


@exercise.mistake("Entries that do not count were looked up")
def stale_entries_read(pages, table, lengths, q):
    """Entries behind those of a text were looked up too; they may name pages that are not there.

    - How many pages does text b need?
    - lengths[b] / page, rounded up; what stands after them in the table does not count.
    - Cut the table, or put a real page in place of each entry that does not count, before you look up.
    """
    page = pages.shape[2]
    return _each(pages, table, lengths, q, lambda p, row, n: np.concatenate(p[:, row[: n // page + 1]], axis=1)[:, :n])


@exercise.mistake(mc.UNIFORM_MEAN)
def plain_mean(pages, table, lengths, q):
    return _each(pages, table, lengths, 0 * q, _own)


exercise.add_mistakes(
    (mc.NO_SCALE, lambda pages, table, lengths, q: _each(pages, table, lengths, q, _own, scale=1.0)),
    (mc.SCALE_BY_D, lambda pages, table, lengths, q: _each(pages, table, lengths, q, _own, scale=q.shape[1])),
    (mc.NO_MAX, lambda pages, table, lengths, q: _each(pages, table, lengths, q, _own, shift=False)),
)

exercise.equivalent_mutant("np.stack(outputs) -> outputs", because="a list of equally long rows is read as an array")
