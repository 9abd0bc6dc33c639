"""### The test for batches and packed rows

Two of the incidents move no output by a later row. They need a test of another kind: a text must give the same \
outputs alone as beside others.

Write `isolation_test(model)`: True for a model that passes, False for one that fails. `model(x, documents)` maps rows \
`x` `(T, 4)` to outputs `(T, 4)`. `documents` `(T,)` numbers the document of each row, from 0; -1 is padding, which \
may stand on the left, on the right, or between documents. Each document is one run of rows. A model passes if the \
outputs of each document are those that `model` gives for its rows **alone**, with `documents` all 0.

The outputs of padding don't count. Outputs that differ by less than `1e-6` count as the same. Some models fail only \
with padding on one side, only from the third document on, or only for a document behind a longer one.
"""

import numpy as np

from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Boolean
from leftcontext.bugs import incident_layers as layers
from leftcontext.bugs import unseen_layers as unseen

exercise = Exercise(
    topic="regression tests",
    answer=Boolean(),
    hints=(
        "What does a document give alone, and where do its rows stand in the outputs of the whole row?",
        "own = documents == n; compare model(x, documents)[own] with model(x[own], zeros), for each n that is not -1.",
        "Try [0,0,0,1,1,1,1], padding on the left, on the right and in between, and at least three documents.",
    ),
)


@exercise.solution
def isolation_test(model):
    """model(x, documents): (T, 4), (T,) -> (T, 4). True where each document gives what it gives alone."""
    rng = np.random.default_rng(0)
    for row in ("000111", "001111", "--0000", "000---", "001--22233", "-0001-2222--"):
        documents = np.array([-1 if letter == "-" else int(letter) for letter in row])
        x = rng.normal(size=(len(row), 4))
        beside = model(x, documents)
        for n in range(documents.max() + 1):
            own = documents == n
            alone = model(x[own], np.zeros(own.sum(), dtype=int))
            if np.abs(beside[own] - alone).max() > 1e-6:
                return False
    return True


# Honest layers that look suspicious, and broken ones that are not in the lesson.


class AnythingAtPadding(layers.CausalLayer):
    """Honest: what stands at padding is no output."""

    def packed(self, x, documents):
        return np.where((documents == layers.PADDING)[:, None], 7.0 + x, super().packed(x, documents))


class Rounding(layers.CausalLayer):
    """Honest: rounding of about 1e-11 that depends on the whole row."""

    def packed(self, x, documents):
        return super().packed(x, documents) + 1e-11 * np.tanh(x.sum())


class PaddingVisible(layers.CausalLayer):
    """Each document sees the padding before it."""

    def packed(self, x, documents):
        return super().packed(
            x, np.where(documents == layers.PADDING, np.append(documents[1:], layers.PADDING), documents)
        )


class FromTheThirdOn(layers.CausalLayer):
    """Documents 2 and later see each other."""

    def together(self, documents):
        return super().together(documents) | ((documents[:, None] >= 2) & (documents >= 2))


class RestartsOnce(layers.CausalLayer):
    """Positions start again at the second document, and then count on."""

    def positions(self, documents):
        right = super().positions(documents)
        second = int(np.argmax(documents == 1)) if (documents == 1).any() else len(documents)
        return np.where(np.arange(len(documents)) < second, right, np.arange(len(documents)) - second)


class OnlyRightPadding(layers.CausalLayer):
    """Padding on the left moves the positions of the first document."""

    def positions(self, documents):
        right = super().positions(documents)
        left = int(np.argmax(documents != layers.PADDING))
        return np.where(documents == 0, right + left, right)


class LengthOfTheRow(layers.CausalLayer):
    """Padding on the right counts: outputs are divided by the length of the row."""

    def packed(self, x, documents):
        return super().packed(x, documents) / len(x)


class RightPaddingCounted(layers.CausalLayer):
    """The number of rows of padding at the end comes into every output."""

    def packed(self, x, documents):
        real = np.flatnonzero(documents != layers.PADDING)
        return super().packed(x, documents) + 0.1 * (len(x) - 1 - real[-1])


class LongNeighbour(layers.CausalLayer):
    """A document behind a longer one sees its last row."""

    def packed(self, x, documents):
        out = super().packed(x, documents)
        for n in range(1, int(documents.max()) + 1):
            own, before = np.flatnonzero(documents == n), np.flatnonzero(documents == n - 1)
            if len(before) > len(own):
                out[own] += x[before[-1]]
        return out


class LowersAllNumbers(layers.CausalLayer):
    """Every output is lower in a row of several documents."""

    numbers = -0.5

    def packed(self, x, documents):
        return super().packed(x, documents) + self.numbers * (documents.max() > 0)


class LowersOneNumber(LowersAllNumbers):
    numbers = np.array([0, 0, 0, -0.5])


class ReadsOn(layers.CausalLayer):
    """The first document sees the first row of the second."""

    def packed(self, x, documents):
        out = super().packed(x, documents)
        out[documents == 0] += x[documents == 1][:1].sum(axis=0)
        return out


class NumberOfTheDocument(layers.CausalLayer):
    """The number of the document comes into its outputs."""

    def packed(self, x, documents):
        return super().packed(x, documents) + 0.1 * documents[:, None]


class LittleBesideTen(layers.CausalLayer):
    """Outputs of about 10 that move by a hundred-thousandth in a row of several documents."""

    def packed(self, x, documents):
        return 10 + super().packed(x, documents) + 1e-5 * (documents.max() > 0)


class UpAndDown(LowersAllNumbers):
    numbers = np.array([0.5, -0.5, 0, 0])


def _model(layer, rng):
    made = layer(seed=int(rng.integers(1000)))

    def model(x, documents):
        return made.packed(np.asarray(x, dtype=float), np.asarray(documents))

    model.__name__ = model.__qualname__ = layer.__name__
    return model


def _cases(*sorts):
    def cases(rng):
        for sort in sorts:
            yield case(_model(sort, rng))

    return cases


exercise.part("Two documents", points=1)(_cases(layers.CausalLayer, layers.PositionsOnly, layers.PaddingCounted))
exercise.part("Padding, and more documents", points=1)(
    _cases(
        PaddingVisible,
        FromTheThirdOn,
        RestartsOnce,
        OnlyRightPadding,
        LengthOfTheRow,
        RightPaddingCounted,
        LongNeighbour,
        LowersOneNumber,
        LowersAllNumbers,
        ReadsOn,
        NumberOfTheDocument,
        unseen.AtTheBorder,
        unseen.AtTheEnd,
        unseen.InTheMiddle,
        LittleBesideTen,
        UpAndDown,
    )
)
exercise.part("No false alarm", points=1)(_cases(AnythingAtPadding, Rounding, layers.WrongCorner, layers.EncoderMask))


def _tester(
    rows=("000111", "001111", "--0000", "000---", "001--22233", "-0001-2222--", "00011"),
    tolerance=1e-6,
    all_outputs=False,
    apart=lambda beside, alone: np.abs(beside - alone).max(),
    numbers=lambda last: range(last + 1),
    alone_as=lambda n: 0,
):
    """A test in which something may be left out."""

    def test(model):
        rng = np.random.default_rng(3)
        for row in rows:
            documents = np.array([-1 if letter == "-" else int(letter) for letter in row])
            x = rng.normal(size=(len(row), 4))
            beside = model(x, documents)
            for n in numbers(int(documents.max())):
                own = documents == n
                if apart(beside[own], model(x[own], np.full(own.sum(), alone_as(n)))) > tolerance:
                    return False
            if all_outputs and np.abs(beside[documents < 0]).max(initial=0) > tolerance:
                return False
        return True

    return test


@exercise.equivalent
def slices(model):
    rng = np.random.default_rng(1)
    for lengths in ((3, 4), (5, 2), (2, 3, 4), (4, 3, 2, 1)):
        for gap in (0, 2):
            documents = np.concatenate(
                [np.r_[[-1] * gap, [n] * length] for n, length in enumerate(lengths)] + [[-1] * gap]
            )
            documents = documents.astype(int)
            x = rng.normal(size=(len(documents), 4))
            out = np.array(model(x, documents))
            for n, length in enumerate(lengths):
                start = int(np.argmax(documents == n))
                part = slice(start, start + length)
                if not np.allclose(model(x[part], [0] * length), out[part], rtol=0, atol=1e-7):
                    return False
    return True


@exercise.equivalent
def others_replaced_as_well(model):
    rng = np.random.default_rng(2)
    for text in ("00011", "-0011122", "000-1122-", "001122233", "0000--", "11".replace("1", "0") + "-" * 3):
        documents = np.array([-1 if c == "-" else int(c) for c in text])
        x, y = rng.normal(size=(2, len(text), 4))
        for n in set(documents.tolist()) - {-1}:
            own = (documents == n)[:, None]
            outs = [model(np.where(own, x, other), documents)[own[:, 0]] for other in (x, y)]
            outs.append(model(x[own[:, 0]], np.zeros(int(own.sum()), dtype=int)))
            if max(np.abs(outs[0] - out).max() for out in outs[1:]) > 1e-6:
                return False
    return True


@exercise.equivalent
def with_other_rows(model):
    return _tester(rows=("0001112", "-00-11-222", "00--", "0000011122233"))(model)


exercise.equivalent_mutant("0 -> 1", because="any seed will do")
exercise.equivalent_mutant("beside[own] - alone -> alone - beside[own]", because="the absolute value follows")
exercise.equivalent_mutant(
    "np.abs(beside[own] - alone).max() > 1e-06 -> np.abs(beside[own] - alone).max() >= 1e-06",
    because="no difference is exactly 1e-6",
)
exercise.equivalent_mutant(
    "np.zeros(own.sum(), dtype=int) -> np.ones(own.sum(), dtype=int)", because="a single document may have any number"
)
exercise.equivalent_mutant("np.zeros(own.sum(), dtype=int) -> np.zeros(own.sum())", because="0.0 is the same number")
