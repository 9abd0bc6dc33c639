"""The mistakes of `isolation_test`: tests in which something was left out."""

import numpy as np

from autograder.exercise import leak_detectors

from .ex_92_isolation_test import _tester, exercise


@exercise.mistake("Every model passes")
def everybody_passes(model):
    """A test that cannot fail prevents nothing.

    - What does your test compare, and does it ever differ?
    - The outputs of a document beside others, and alone.
    """
    return bool(np.isfinite(model(np.ones((3, 4)), np.zeros(3, dtype=int))).all())


@exercise.mistake("Every model fails")
def nobody_passes(model):
    """The honest layers fail as well.

    - Which rows of the outputs belong to the document that you compare?
    - documents == n picks them.
    """
    return not np.isfinite(model(np.ones((3, 4)), np.zeros(3, dtype=int))).all()


@exercise.mistake("The verdict is upside down")
def verdict_inverted(model):
    """True is for a model that passes.

    - What should a test say of an honest layer?
    - True, it passes.
    """
    return not _tester()(model)


@exercise.mistake("Without padding")
def no_padding(model):
    """Packed documents were tried, and padding was not.

    - Which of the incidents was about padding?
    - Put -1 before, behind and between documents.
    """
    return _tester(rows=("000111", "001111", "0011222333", "00011"))(model)


@exercise.mistake("Padding on the right only")
def right_padding_only(model):
    """Padding behind a text moves no position. Before a text it does.

    - On which side are prompts padded before text is written?
    - On the left: -1 before the first document.
    """
    return _tester(rows=("000111", "000---", "0011222333--", "00011"))(model)


@exercise.mistake("One document and padding only")
def one_document_only(model):
    """A single document has no neighbour that it could look at.

    - What is packed into a row?
    - Two documents and more.
    """
    return _tester(rows=("--0000", "000---", "-000-"))(model)


@exercise.mistake("Never more than two documents")
def two_documents_only(model):
    """With two documents, what begins at the third one is not seen.

    - How often do positions have to start again in a row of four documents?
    - Try three or four.
    """
    return _tester(rows=("000111", "001111", "--0000", "000---", "-001-", "00011"))(model)


@exercise.mistake("Rounding is taken for a difference")
def rounding_counted(model):
    """Differences far below 1e-6 were counted; rounding may depend on the whole row.

    - How large is the smallest difference that your test counts?
    - More than 1e-6.
    """
    return _tester(tolerance=1e-13)(model)


@exercise.mistake("The outputs of padding were looked at")
def padding_counted(model):
    """What a model gives at padding is no output, and may be anything.

    - Who reads the outputs of padding?
    - Compare the rows of documents only.
    """
    return _tester(all_outputs=True)(model)


@exercise.mistake("The order of the documents only")
def neighbours_changed_only(model):
    """The other documents were changed, and the outputs stay. But positions can be wrong whatever the others hold.

    - Does the content of padding tell where a document stands?
    - Compare with the document alone.
    """
    rng = np.random.default_rng(4)
    for row in ("000111", "--0000", "001--22233"):
        documents = np.array([-1 if letter == "-" else int(letter) for letter in row])
        x, y = rng.normal(size=(2, len(row), 4))
        for n in range(int(documents.max()) + 1):
            own = documents == n
            moved = model(np.where(own[:, None], x, y), documents) - model(x, documents)
            if np.abs(moved[own]).max() > 1e-6:
                return False
    return True


@exercise.mistake(leak_detectors.ONE_COMPONENT)
def one_number_compared(model):
    return _tester(apart=lambda beside, alone: np.abs(beside - alone)[:, 0].max())(model)


@exercise.mistake(leak_detectors.SIGNS_CANCEL)
def rises_only(model):
    return _tester(apart=lambda beside, alone: (beside - alone).max())(model)


@exercise.mistake(leak_detectors.SIGNS_CANCEL)
def sums_compared(model):
    return _tester(apart=lambda beside, alone: np.abs(beside.sum() - alone.sum()))(model)


@exercise.mistake(leak_detectors.SIGNS_CANCEL)
def sums_of_rows_compared(model):
    return _tester(apart=lambda beside, alone: np.abs((beside - alone).sum(axis=1)).max())(model)


@exercise.mistake("A small difference slips through")
def tolerance_too_large(model):
    """The tolerance is larger than the smallest difference that counts, 1e-6.

    - Which tolerance does np.allclose add by itself, beside a value of 10?
    - More than 1e-6, however large the outputs are.
    """
    return _tester(tolerance=1e-2)(model)


@exercise.mistake(tolerance_too_large)
def relative_tolerance(model):
    return _tester(apart=lambda beside, alone: 0 if np.allclose(beside, alone) else 1)(model)


LONGER = ("000111", "001111", "--0000", "000---", "0011--22233", "-00011-2222--", "00011")  # no document of one row


@exercise.mistake("Only one row of each document was compared")
def last_row_compared(model):
    """All rows of a document have to come out as alone; a row at the border to another document is hit first.

    - Which row of a document stands beside the next one?
    - Compare all rows: beside[own] with alone.
    """
    return _tester(rows=LONGER, apart=lambda beside, alone: np.abs(beside - alone)[-1].max())(model)


@exercise.mistake(last_row_compared)
def first_row_compared(model):
    return _tester(rows=LONGER, apart=lambda beside, alone: np.abs(beside - alone)[0].max())(model)


@exercise.mistake(last_row_compared)
def border_rows_compared(model):
    """The rows inside a document have to come out as alone, too, and not only its first and its last one.

    - Which rows of a document can its neighbours move?
    - Any of them: compare all rows, beside[own] with alone.
    """
    return _tester(rows=LONGER, apart=lambda beside, alone: np.abs(beside - alone)[[0, -1]].max())(model)


@exercise.mistake("Only one document was looked at")
def last_document_only(model):
    """Each document has to come out as alone, the first one and the last one too.

    - Which documents did you compare with themselves alone?
    - for n in range(documents.max() + 1)
    """
    return _tester(numbers=lambda last: [last])(model)


@exercise.mistake(last_document_only)
def first_document_only(model):
    return _tester(numbers=lambda last: [0])(model)


@exercise.mistake("The document kept its number")
def number_kept(model):
    """Alone, a document was called by the number that it has beside the others; there it is document 0.

    - What are `documents` of a text that stands alone?
    - np.zeros(own.sum(), dtype=int)
    """
    return _tester(alone_as=lambda n: n)(model)
