"""### Keep documents apart

Several short documents are packed into one row, so that no space is wasted. The mask, which you write here, keeps \
them apart; the positions and the targets must respect the borders too. `segment_ids` says which document \
each position \
belongs to.

Write `packed_allowed(segment_ids)`: `segment_ids` is `(T,)`, integers. Return `(T, T)` booleans: causal within a \
document, and nothing
across documents. Equal ids mean the same document, wherever they stand; ids need not be sorted or start at 0.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array

exercise = Exercise(
    topic="packed documents",
    answer=Array("bool"),
    hints=(
        "When may query i see key j? There are two conditions.",
        "j <= i, and both belong to the same document.",
        "segment_ids[:, None] == segment_ids compares every pair.",
    ),
)


@exercise.solution
def packed_allowed(segment_ids):
    """segment_ids (T,) int -> (T, T) bool: causal, and only within one document."""
    same = segment_ids[:, None] == segment_ids  # (T, T)
    return same & np.tri(len(segment_ids), dtype=bool)


@exercise.part("Two documents", points=1)
def two(rng):
    yield case(np.array([0, 0, 0, 1, 1]))
    yield case(np.array([7, 7, 3, 3]), note="ids are names, not an order")


@exercise.part("Any packing", points=1)
def any_packing(rng):
    yield case(np.array([0]))
    yield case(np.array([5, 5, 5, 5]))
    yield case(np.array([3, 1, 2]))
    yield case(np.sort(rng.integers(0, 4, size=12)))
    yield case(np.sort(rng.integers(-3, 3, size=9))[::-1].copy())
    yield case(np.array([0, 1, 0, 1, 1, 0]), note="interleaved")
    yield case(np.array([1000, 1000, 1001, 744, 744]), note="large ids")
    yield case(np.sort(rng.integers(0, 40, size=40)))
    yield case(np.array([16777216, 16777216, 16777217, 16777217]), note="ids that differ by 1, beyond 2^24")


@exercise.equivalent
def with_loops(segment_ids):
    T = len(segment_ids)
    return [[j <= i and segment_ids[i] == segment_ids[j] for j in range(T)] for i in range(T)]


@exercise.equivalent
def document_by_document(segment_ids):
    allowed = np.zeros((len(segment_ids),) * 2, dtype=bool)
    for name in set(segment_ids.tolist()):
        members = np.flatnonzero(segment_ids == name)
        allowed[np.ix_(members, members)] = True
    return np.tril(allowed)


@exercise.equivalent
def with_one_hot(segment_ids):
    one_hot = np.unique(segment_ids)[:, None] == segment_ids
    return np.tril(one_hot.T.astype(int) @ one_hot.astype(int)).astype(bool)


@exercise.mistake("Documents see each other")
def documents_not_isolated(segment_ids):
    """That is the plain causal mask: the second document reads the first.

    - What has document 2 to do with document 1?
    - segment_ids[i] == segment_ids[j]
    - And it with the triangle.
    """
    return np.tri(len(segment_ids), dtype=bool)


@exercise.mistake(mc.NO_MASK)
def no_mask(segment_ids):
    """Within a document every query sees every key, the future included."""
    return segment_ids[:, None] == segment_ids


exercise.add_mistakes(
    (mc.TRANSPOSED, lambda segment_ids: packed_allowed(segment_ids).T),
    (mc.INVERTED, lambda segment_ids: ~packed_allowed(segment_ids)),
)


@exercise.mistake(mc.OWN_POSITION_EXCLUDED)
def own_position_excluded(segment_ids):
    """The diagonal is forbidden, so the first token of each document sees nothing."""
    return np.tril(segment_ids[:, None] == segment_ids, k=-1)


@exercise.mistake(mc.ONE_AHEAD)
def one_ahead(segment_ids):
    return np.tril(segment_ids[:, None] == segment_ids, k=1)


@exercise.mistake("Ids were compared by size")
def ids_compared_by_order(segment_ids):
    """Earlier documents are visible: ids are names, so only equality counts.

    - Is document 7 later than document 3?
    - ==, not >=
    - segment_ids[:, None] == segment_ids
    """
    return np.tril(segment_ids[:, None] >= segment_ids)


@exercise.mistake("Only the previous token was compared")
def neighbours_only(segment_ids):
    """A document is more than its neighbouring pairs: position i sees its whole document.

    - How far back in its document may a query look?
    - To the document's start.
    - Compare all pairs.
    """
    return (
        (segment_ids[:, None] == segment_ids)
        & np.tri(len(segment_ids), dtype=bool)
        & ~np.tri(len(segment_ids), k=-2, dtype=bool)
    )


@exercise.mistake("Other documents instead of its own")
def across_instead_of_within(segment_ids):
    """The comparison is the wrong way round: each query sees only what is not its own document.

    - Which documents should a query see?
    - Equal ids.
    - == instead of !=
    """
    return np.tril(segment_ids[:, None] != segment_ids)


@exercise.mistake("Document 0 was taken for padding")
def zero_means_padding(segment_ids):
    """Here 0 is an id like any other.

    - Does the prompt speak of padding?
    - Only equality counts.
    - Drop the test for 0.
    """
    return packed_allowed(segment_ids) & (segment_ids != 0)


@exercise.mistake("Runs were counted, not ids")
def runs_not_ids(segment_ids):
    """A document that goes on after another one was taken for a new one; equal ids belong together wherever they stand.

    - With ids 0, 1, 0: which document does position 2 belong to?
    - Only equality counts.
    - segment_ids[:, None] == segment_ids
    """
    return packed_allowed(np.cumsum(np.append(0, segment_ids[1:] != segment_ids[:-1])))
