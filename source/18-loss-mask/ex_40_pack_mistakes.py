"""The mistakes of `pack`."""

import numpy as np

from autograder.exercise import misconceptions as mc

from .ex_40_pack import exercise, pack


def _columns(documents, T):
    return [column.copy() for column in pack(documents, T)]


# https://github.com/NVIDIA-BioNeMo/bionemo-recipes/pull/1449: a label at each boundary has to be masked.
@exercise.mistake("The boundary has a target")
def boundary_learned(documents, T):
    """The last token of a document is trained to predict the first token of the next one, which has nothing to do with
    it.

    - What follows the last token of a document, in this document?
    - Nothing: its label is -100.
    - labels[n, start : stop - 1] = document[1:]
    """
    tokens, segments, positions, labels = _columns(documents, T)
    following = np.roll(tokens, -1, axis=1)
    inside = (segments >= 0) & (np.roll(segments, -1, axis=1) >= 0) & (np.arange(T) < T - 1)
    return tokens, segments, positions, np.where(inside, following, labels)


@exercise.mistake("The last token is trained to predict padding")
def padding_learned(documents, T):
    """The token before the padding has the filler as its target.

    - What is there to learn from a filler?
    - The label of the last token of a document is -100.
    - labels start as np.full((N, T), -100).
    """
    tokens, segments, positions, labels = _columns(documents, T)
    following = np.append(tokens[:, 1:], np.full((len(tokens), 1), -100), axis=1)
    last = (segments >= 0) & (np.append(segments[:, 1:], np.full((len(tokens), 1), 0), axis=1) == -1)
    return tokens, segments, positions, np.where(last, following, labels)


# https://github.com/huggingface/nanoVLM/pull/204: a packed sample begins at the position of the row.
@exercise.mistake("The positions do not restart")
def positions_of_the_row(documents, T):
    """The positions are counted in the row. In each document they begin with 0.

    - Which position would the second document have if it stood alone?
    - 0, 1, 2, ... in each document.
    - np.arange(len(document))
    """
    tokens, segments, _, labels = _columns(documents, T)
    return tokens, segments, np.where(segments >= 0, np.arange(T), 0), labels


@exercise.mistake("The labels are not shifted")
def labels_not_shifted(documents, T):
    """The label of each token is the token itself: the model is trained to repeat what it has just read.

    - What should the first token of a document predict?
    - The second one.
    - labels[n, start : stop - 1] = document[1:]
    """
    tokens, segments, positions, _ = _columns(documents, T)
    return tokens, segments, positions, np.where(segments >= 0, tokens, -100)


@exercise.mistake("Segments are counted over all rows")
def segments_over_all_rows(documents, T):
    """The segments go on counting in the next row. In each row they begin with 0.

    - Which number has the first document of the second row?
    - 0
    - Begin to count anew for each row.
    """
    tokens, segments, positions, labels = _columns(documents, T)
    before = np.cumsum(segments.max(axis=1) + 1) - segments.max(axis=1) - 1
    return tokens, np.where(segments >= 0, segments + before[:, None], -1), positions, labels


@exercise.mistake("Segments are counted from 1")
def segments_from_one(documents, T):
    """The first document of a row has the segment 0, and padding has -1.

    - Which number has the first document of a row?
    - 0; padding is -1.
    - Start with np.full((N, T), -1).
    """
    tokens, segments, positions, labels = _columns(documents, T)
    return tokens, segments + 1, positions, labels


@exercise.mistake(segments_from_one)
def segments_from_one_but_not_padding(documents, T):
    tokens, segments, positions, labels = _columns(documents, T)
    return tokens, np.where(segments >= 0, segments + 1, -1), positions, labels


@exercise.mistake("Padding has labels")
def padding_has_labels(documents, T):
    """The labels at the padding are 0, so the model is trained there on token 0; -100 leaves them out.

    - What is there to learn at a filler?
    - Nothing: -100
    - np.full((N, T), -100)
    """
    tokens, segments, positions, labels = _columns(documents, T)
    return tokens, segments, positions, np.where(segments < 0, 0, labels)


@exercise.mistake("Padding belongs to a document")
def padding_in_the_last_segment(documents, T):
    """The fillers have the segment of the last document, so its mask would cover them.

    - Which document does a filler belong to?
    - To none: its segment is -1.
    - Start with np.full((N, T), -1).
    """
    tokens, segments, positions, labels = _columns(documents, T)
    return tokens, np.where(segments < 0, segments.max(axis=1, keepdims=True), segments), positions, labels


@exercise.mistake(padding_in_the_last_segment)
def padding_in_segment_zero(documents, T):
    tokens, segments, positions, labels = _columns(documents, T)
    return tokens, np.maximum(segments, 0), positions, labels


@exercise.mistake("Padding has positions")
def padding_has_positions(documents, T):
    """The positions go on counting in the padding; the prompt asks for 0 there.

    - What is the position of a filler?
    - 0
    - Write positions for the documents only.
    """
    tokens, segments, positions, labels = _columns(documents, T)
    start = T - np.argmax(segments[:, ::-1] >= 0, axis=1)
    last = np.take_along_axis(positions, start[:, None] - 1, axis=1)
    return tokens, segments, np.where(segments < 0, last + 1 + np.arange(T) - start[:, None], positions), labels


@exercise.mistake("A row for each document")
def one_document_a_row(documents, T):
    """Each document has a row of its own. That is padding, not packing.

    - Does the second document fit into the rest of the first row?
    - Begin a new row only where it does not fit.
    - if len(document) > free: ...
    """
    rows = [pack([document], T) for document in documents]
    return tuple(np.concatenate(columns) for columns in zip(*rows, strict=True))


# https://github.com/huggingface/trl/issues/784: rows are filled by cutting a document in two.
@exercise.mistake("Documents are cut")
def documents_cut(documents, T):
    """A document that does not fit was cut in two, so that its second part lacks its beginning.

    - What does the first token of the second row need to be predicted?
    - Its document's beginning; so a document is not cut.
    - Begin a new row where the next document does not fit.
    """
    if max(map(len, documents)) > T:
        raise ValueError("too long")
    pieces, free = [], T
    for document in documents:
        rest = document
        while len(rest):
            pieces.append(rest[:free])
            rest, free = rest[len(pieces[-1]) :], free - len(pieces[-1]) or T
    return pack(pieces, T)


@exercise.mistake("The order was changed")
def best_fit(documents, T):
    """The documents were sorted, or an earlier row was filled later; the prompt asks for the given order.

    - May document 3 stand before document 2?
    - Only the last row is open.
    - rows[-1].append(document)
    """
    return pack(sorted(documents, key=len, reverse=True), T)


@exercise.mistake(best_fit)
def first_fit(documents, T):
    rows = []
    for document in documents:
        if len(document) > T:
            raise ValueError("too long")
        fitting = [row for row in rows if sum(map(len, row)) + len(document) <= T]
        if fitting:
            fitting[0].append(document)
        else:
            rows.append([document])
    packed = [pack(row, T) for row in rows]
    return tuple(np.concatenate(columns) for columns in zip(*packed, strict=True))


@exercise.mistake("A full row is not filled")
def strictly_less(documents, T):
    """A document that fits exactly was put into a new row.

    - Three tokens are free and the document has three: does it fit?
    - It fits if len(document) <= free.
    - > instead of >=
    """
    rows = []
    for document in documents:
        if len(document) > T:
            raise ValueError("too long")
        if not rows or sum(map(len, rows[-1])) + len(document) >= T:
            rows.append([])
        rows[-1].append(document)
    packed = [pack(row, T) for row in rows]
    return tuple(np.concatenate(columns) for columns in zip(*packed, strict=True))


@exercise.mistake("A long document is not refused")
def truncated(documents, T):
    """A document longer than T was cut or dropped in silence; the prompt asks for a ValueError.

    - What happens to the tokens that do not fit?
    - raise ValueError
    - if len(document) > T: raise ValueError(...)
    """
    return pack([document[:T] for document in documents], T)


@exercise.mistake(mc.CHANGES_INPUTS)
def empties_the_list(documents, T):
    packed = pack(documents, T)
    documents.pop(0)
    return packed
