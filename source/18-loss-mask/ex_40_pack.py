"""### Pack documents into rows

Write `pack(documents, T)`: `documents` is a list of `(t,)` integer arrays, each with at least one token. Lay them \
side by side into rows of length `T`, in the given order; begin a new row where the next document does not fit into \
the rest of this one. Return `(tokens, segment_ids, positions, labels)`, four integer arrays of shape `(N, T)`:

| array | in a document | at padding |
|:--|:--|:--|
| `tokens` | its tokens | 0 |
| `segment_ids` | counted from 0 in each row | -1 |
| `positions` | counted from 0 in each document | 0 |
| `labels` | the next token **of the same document**, -100 at its last token | -100 |

Raise a `ValueError` if a document is longer than `T`.
"""

import numpy as np

from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array, Boolean, Tuple

PACKED = Tuple(tokens=Array("int"), segment_ids=Array("int"), positions=Array("int"), labels=Array("int"))


def _too_long(documents, T):
    return max(map(len, documents)) > T


exercise = Exercise(
    topic="packing",
    answer=lambda documents, T: Boolean() if _too_long(documents, T) else PACKED,
    hints=(
        "What is the next token of the last token of a document?",
        "Keep a list of rows, each a list of documents, and add to the last row while it fits. Then fill four arrays.",
        "tokens[n, a:b] = doc; segment_ids[n, a:b] = s; positions[n, a:b] = np.arange(b - a); labels[n, a:b-1] = "
        "doc[1:]",
    ),
)


@exercise.solution
def pack(documents, T):
    """Documents (t,) int, T -> (tokens, segment_ids, positions, labels), each (N, T) int."""
    rows, free = [], 0
    for document in documents:
        if len(document) > T:
            raise ValueError(f"a document is longer than a row of {T} tokens")
        if len(document) > free:
            rows, free = [*rows, []], T
        rows[-1].append(document)
        free -= len(document)
    tokens, segment_ids, positions, labels = (np.full((len(rows), T), fill) for fill in (0, -1, 0, -100))
    for n, row in enumerate(rows):
        start = 0
        for segment, document in enumerate(row):
            stop = start + len(document)
            tokens[n, start:stop] = document
            segment_ids[n, start:stop] = segment
            positions[n, start:stop] = np.arange(len(document))
            labels[n, start : stop - 1] = document[1:]
            start = stop
    return tokens, segment_ids, positions, labels


@exercise.adapt
def refused_or_packed(answer, documents, T):
    """What is packed; where a document is too long, whether it was refused with a ValueError."""
    if not _too_long(documents, T):
        return answer(documents, T)
    try:
        answer(documents, T)
    except ValueError:
        return True
    return False


def _documents(*texts):
    return [np.array(text) for text in texts]


@exercise.part("Few documents", points=1)
def few(rng):
    yield case(_documents([5, 6, 7]), 4, note="one document, one filler")
    yield case(_documents([5, 6], [7, 8, 9]), 5, note="two documents fill a row")
    yield case(_documents([5, 6, 7], [8, 9]), 4, note="the second one does not fit")


@exercise.part("Any documents", points=2)
def any_documents(rng):
    yield case(_documents([3]), 1, note="T = 1")
    yield case(_documents([3], [4], [5]), 2, note="documents of one token")
    yield case(_documents([1, 2, 3, 4], [5], [6, 7], [8]), 4, note="a full row, and one that is filled in order")
    yield case(_documents([0, 0, 3], [4, 0]), 6, note="the token 0 stands in the documents")
    yield case(_documents([1, 2, 3], [4, 5, 6], [7], [8, 9]), 5, note="the row before must not be filled later")
    for T in (6, 9, 32):
        lengths = rng.integers(1, T + 1, size=9)
        yield case([rng.integers(1, 50, size=n) for n in lengths], T)
    yield case([np.array([250, 3], dtype=np.uint8), np.array([255], dtype=np.uint8)], 4, note="uint8")


@exercise.part("A document that is too long", points=1)
def too_long(rng):
    yield case(_documents([1, 2, 3]), 2)
    yield case(_documents([1, 2], [3, 4, 5, 6]), 3, note="the second one is too long")


@exercise.equivalent
def with_lists(documents, T):
    rows = []
    for document in map(list, documents):
        if len(document) > T:
            raise ValueError("too long")
        if not rows or len(rows[-1]) + len(document) > T:
            rows.append([])
        segment = rows[-1][-1][1] + 1 if rows[-1] else 0
        following = [*document[1:], -100]
        rows[-1] += [(token, segment, i, following[i]) for i, token in enumerate(document)]
    filled = [row + [(0, -1, 0, -100)] * (T - len(row)) for row in rows]
    return tuple(np.array(filled, dtype=int).transpose(2, 0, 1))


@exercise.equivalent
def from_segments(documents, T):
    sizes = np.array([len(document) for document in documents])
    if (sizes > T).any():
        raise ValueError("too long")
    groups = [[]]
    for n in range(len(sizes)):
        if sizes[[*groups[-1], n]].sum() > T:
            groups.append([])
        groups[-1].append(n)
    out = []
    for group in groups:
        joined = np.concatenate([documents[n] for n in group]).astype(int)
        ids = np.repeat(np.arange(len(group)), sizes[group])
        places = np.arange(len(ids)) - np.searchsorted(ids, ids)
        labels = np.where(np.append(np.diff(ids), 1) == 0, np.append(joined[1:], 0), -100)
        fill = (0, T - len(ids))
        columns = zip((joined, ids, places, labels), (0, -1, 0, -100), strict=True)
        out.append([np.pad(column, fill, constant_values=value) for column, value in columns])
    return tuple(np.array(out).swapaxes(0, 1))


@exercise.equivalent
def one_row_at_a_time(documents, T):
    assert_fits = [document for document in documents if len(document) > T]
    if assert_fits:
        raise ValueError("too long")
    left, tokens, segments, positions, labels = list(documents), [], [], [], []
    while left:
        row, ids, places, targets, segment = [], [], [], [], 0
        while left and len(row) + len(left[0]) <= T:
            document = [int(token) for token in left.pop(0)]
            row += document
            ids += [segment] * len(document)
            places += range(len(document))
            targets += [*document[1:], -100]
            segment += 1
        empty = T - len(row)
        tokens.append(row + [0] * empty)
        segments.append(ids + [-1] * empty)
        positions.append(places + [0] * empty)
        labels.append(targets + [-100] * empty)
    return tokens, segments, positions, labels


exercise.equivalent_mutant(
    "0 -> -1", because="a document has at least one token, so the first one begins a row either way"
)
exercise.equivalent_mutant(
    "if len(document) > T: -> (nothing)",
    because="NumPy refuses to store a document in a shorter part of a row, with a ValueError as well",
)
