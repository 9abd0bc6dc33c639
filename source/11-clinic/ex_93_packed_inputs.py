"""### Repair: a neighbour in the same row

Several documents are packed into one row. This code gives each of them positions of its own, and still lets it see \
the documents before it.

Repair `packed_inputs(documents)`. `documents` `(T,)`, whole numbers, is the number of each position's document, and \
−1 at padding, which may stand anywhere between documents. Each document is one run of positions, and all of them \
have different numbers, in any order. Return `(positions, allowed)`:

- `positions` `(T,)`, whole numbers: each document counts from 0; padding has 0;
- `allowed` `(T, T)`, booleans: True where a position may attend to another one: in the same document, and not after \
it. Padding sees nothing and is seen by nobody.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, Misconception, case
from autograder.exercise.results import Array, Tuple

exercise = Exercise(
    topic="packed documents",
    answer=Tuple(positions=Array("int"), allowed=Array("bool")),
    hints=(
        "What can the first position of the second document see in this mask?",
        "Three conditions: the key is not after the query, both are of one document, and they are no padding.",
        "Add to the two conditions: documents[:, None] == documents",
    ),
)
POSITIONS_ONLY = Misconception(
    "positions_reset_only",
    "Only the positions were reset",
    "Each document counts from 0, and still sees the documents before it: positions are no mask.",
    (
        "What can the first position of the second document see in this mask?",
        "Three conditions: the key is not after the query, both are of one document, and they are no padding.",
        "Add to the two conditions: documents[:, None] == documents",
    ),
)


@exercise.solution
def packed_inputs(documents):
    """documents (T,) int, -1 for padding -> (positions (T,) int, allowed (T, T) bool)."""
    T = len(documents)
    positions = np.zeros(T, dtype=int)
    for i in range(1, T):
        if documents[i] == documents[i - 1] and documents[i] >= 0:
            positions[i] = positions[i - 1] + 1
    real = documents >= 0
    allowed = np.tri(T, dtype=bool) & real & real[:, None]
    allowed = allowed & (documents[:, None] == documents)
    return positions, allowed


@exercise.mistake(POSITIONS_ONLY)
@exercise.starter
def broken(documents):
    """documents (T,) int, -1 for padding -> (positions (T,) int, allowed (T, T) bool)."""
    T = len(documents)
    positions = np.zeros(T, dtype=int)
    for i in range(1, T):
        if documents[i] == documents[i - 1] and documents[i] >= 0:
            positions[i] = positions[i - 1] + 1
    real = documents >= 0
    allowed = np.tri(T, dtype=bool) & real & real[:, None]
    return positions, allowed


def _row(text):
    return np.array([-1 if letter == "-" else int(letter) for letter in text])


def _drawn(rng, count, longest):
    """So many documents, their numbers in any order, with padding between some of them."""
    numbers = rng.permutation(count)
    runs = [[number] * int(rng.integers(1, longest + 1)) + [-1] * int(rng.integers(3)) for number in numbers]
    return np.array([number for run in runs for number in run])


@exercise.part("Documents side by side", points=1)
def side_by_side(rng):
    yield case(_row("0011"), note="two documents of two")
    yield case(_row("00012"))
    yield case(_row("2001"), note="the numbers are in another order")
    yield case(_row("0000"), note="one document")
    yield case(_row("0"))
    yield case(np.repeat(rng.permutation(4), rng.integers(1, 5, size=4)))


@exercise.part("With padding", points=1)
def with_padding(rng):
    yield case(_row("00-"), note="padding at the end")
    yield case(_row("--011"), note="padding in front")
    yield case(_row("0-11--2"), note="padding in between")
    yield case(_row("1--000-22"))
    yield case(_drawn(rng, count=4, longest=5))
    yield case(_drawn(rng, count=9, longest=12))


@exercise.equivalent
def by_starts(documents):
    at = np.arange(len(documents))
    starts = np.array([np.argmax(documents == number) for number in documents])
    same = np.equal.outer(documents, documents) & (documents != -1)
    return np.where(documents < 0, 0, at - starts), same & (at <= at[:, None])


@exercise.equivalent
def document_by_document(documents):
    positions, allowed = np.zeros(len(documents), dtype=int), np.zeros((len(documents),) * 2, dtype=bool)
    for number in set(documents.tolist()) - {-1}:
        (own,) = np.nonzero(documents == number)
        positions[own] = np.arange(own.size)
        allowed[np.ix_(own, own)] = np.tri(own.size, dtype=bool)
    return [positions, allowed]


@exercise.equivalent
def with_loops(documents):
    T = len(documents)
    allowed = [[documents[i] == documents[j] >= 0 and j <= i for j in range(T)] for i in range(T)]
    return [sum(row) - 1 if any(row) else 0 for row in allowed], allowed


def _pair(documents, allowed, positions=None):
    real = documents >= 0
    return (packed_inputs(documents)[0] if positions is None else positions), allowed & real & real[:, None]


def _same(documents):
    return documents[:, None] == documents


@exercise.mistake("The causal mask is lost")
def both_directions(documents):
    """The documents are kept apart, and each position sees the later ones of its own document.

    - Which positions of its own document may the first one see?
    - Keep the triangle: the new condition comes beside it.
    """
    return _pair(documents, _same(documents))


@exercise.mistake("Padding sees padding")
def padding_sees_padding(documents):
    """Padding has one number for all, -1, so it counts as a document here. It sees nothing.

    - What is documents[:, None] == documents at two positions of padding?
    - Both have to be real: documents >= 0.
    """
    return packed_inputs(documents)[0], np.tri(len(documents), dtype=bool) & _same(documents)


@exercise.mistake("By positions, not by documents")
def compared_by_positions(documents):
    """Positions were compared. Those of two documents are the same numbers, so a document sees its neighbours.

    - Which position has the first row of each document?
    - Compare the numbers of the documents.
    """
    positions = packed_inputs(documents)[0]
    return _pair(documents, positions <= positions[:, None])


@exercise.mistake("The numbers of the documents were taken for their order")
def earlier_documents_visible(documents):
    """A document sees those with a lower number as well.

    - What may a document see of another one?
    - Nothing: == in place of <=.
    """
    return _pair(documents, np.tri(len(documents), dtype=bool) & (documents <= documents[:, None]))


@exercise.mistake("Only the document before is hidden")
def neighbour_hidden_only(documents):
    """A document no longer sees the one right before it, but those further back.

    - What may the third document see of the first one?
    - Nothing: documents[:, None] == documents.
    """
    runs = np.cumsum(np.r_[0, documents[1:] != documents[:-1]])
    return _pair(documents, np.tri(len(documents), dtype=bool) & (runs[:, None] - runs != 1))


@exercise.mistake("The positions count on")
def positions_count_on(documents):
    """The mask is right. But the positions count through the whole row now, and each document has to begin at 0.

    - Which position would the first token of a document have alone?
    - Leave the loop that counts the positions as it was.
    """
    return _pair(
        documents,
        np.tri(len(documents), dtype=bool) & _same(documents),
        np.where(documents < 0, 0, np.arange(len(documents))),
    )


@exercise.mistake("Padding has a position")
def padding_has_a_position(documents):
    """Padding counts on or begins to count here; it has position 0.

    - Is padding a document?
    - documents[i] >= 0 is a condition of the loop.
    """
    at = np.arange(len(documents))
    starts = np.r_[True, documents[1:] != documents[:-1]]
    positions = at - np.maximum.accumulate(np.where(starts, at, 0))
    return _pair(documents, np.tri(len(documents), dtype=bool) & _same(documents), positions)


@exercise.mistake(padding_has_a_position)
def padding_at_minus_one(documents):
    """Padding has position 0, and here another number.

    - Which position does the prompt give to padding?
    - 0.
    """
    positions, allowed = packed_inputs(documents)
    return np.where(documents < 0, -1, positions), allowed


@exercise.mistake(positions_count_on)
def positions_of_the_row(documents):
    return np.arange(len(documents)), packed_inputs(documents)[1]


@exercise.mistake("Counted from 1")
def positions_from_one(documents):
    """Each document counts from 1.

    - How many tokens of its document stand before the first one?
    - 0.
    """
    positions, allowed = packed_inputs(documents)
    return np.where(documents < 0, 0, positions + 1), allowed


def _with(change):
    return lambda documents: (packed_inputs(documents)[0], change(documents, packed_inputs(documents)[1]))


exercise.add_mistakes(
    (mc.OWN_POSITION_EXCLUDED, _with(lambda documents, allowed: allowed & ~np.eye(len(documents), dtype=bool))),
    (mc.TRANSPOSED, _with(lambda documents, allowed: allowed.T)),
    (mc.INVERTED, _with(lambda documents, allowed: ~allowed)),
    (
        mc.ONE_AHEAD,
        _with(
            lambda documents, allowed: _pair(documents, np.tri(len(documents), k=1, dtype=bool) & _same(documents))[1]
        ),
    ),
)


@exercise.mistake("The order of the results")
def results_swapped(documents):
    """The two results are there, and in the other order.

    - Which comes first?
    - (positions, allowed)
    """
    return packed_inputs(documents)[::-1]


SAME_DOCUMENT = "a key of a real query's document is real, too"
exercise.equivalent_mutant("np.tri(T, dtype=bool) & real -> np.tri(T, dtype=bool)", because=SAME_DOCUMENT)
exercise.equivalent_mutant(
    "np.tri(T, dtype=bool) & real & real[:, None] -> np.tri(T, dtype=bool) & real", because=SAME_DOCUMENT
)
