"""### The diagnoses

Thirteen patients, `"A"` to `"M"`; the evidence of each is above. The numbers of the diagnoses are in \
`clinic.DIAGNOSES`.

Write `diagnose_clinic(patient)`: a letter → the list of its bugs' numbers, in increasing order, such as `[4]`. \
Patients A to K and M have one bug each; L has two.
"""

from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array

exercise = Exercise(
    topic="diagnosis",
    answer=Array("int"),
    hides_expected=True,
    hints=(
        "Look at the influence first: is it full, a staircase, or something stranger?",
        "Full: do the rows of the other picture sum to 1? Are there negative numbers? What stands above its diagonal?",
        'found = {"A": [...], "B": [...], ...}; return found[patient]',
    ),
)


@exercise.solution
def diagnose_clinic(patient):
    """A letter from A to M -> list of the numbers of its bugs, increasing."""
    found = {
        "A": [8],
        "B": [3],
        "C": [6],
        "D": [9],
        "E": [11],
        "F": [10],
        "G": [4],
        "H": [7],
        "I": [5],
        "J": [1],
        "K": [2],
        "L": [2, 8],
        "M": [12],
    }
    return found[patient]


@exercise.part("A staircase, more or less", points=1)
def staircases(rng):
    for letter in "BCEGK":
        yield case(letter)


@exercise.part("Strange pictures", points=1)
def holes(rng):
    for letter in "DFM":
        yield case(letter)


@exercise.part("All is full", points=1)
def full(rng):
    for letter in "AHIJ":
        yield case(letter)


@exercise.part("Two at once", points=1)
def two(rng):
    yield case("L")


@exercise.equivalent
def from_a_string(patient):
    numbers = "8 3 6 9 11 10 4 7 5 1 2 2,8 12".split()["ABCDEFGHIJKLM".index(patient)]
    return [int(n) for n in numbers.split(",")]


@exercise.equivalent
def as_tuples(patient):
    order = [(8,), (3,), (6,), (9,), (11,), (10,), (4,), (7,), (5,), (1,), (2,), (2, 8), (12,)]
    return order[ord(patient) - ord("A")]


@exercise.equivalent
def single_or_double(patient):
    return [2, 8] if patient == "L" else ["JKBGICHADFEM".index(patient) + 1]


def _but(**swapped):
    return lambda patient: swapped.get(patient, diagnose_clinic(patient))


@exercise.mistake("Row 0 was not looked at")
def first_row_not_checked(patient):
    """Two patients see one token ahead. In one of them the first row is clean.

    - What does row 0 of K see, and what row 0 of B?
    - Number 3 is clean in row 0.
    """
    return _but(K=[3], B=[2])(patient)


@exercise.mistake(first_row_not_checked)
def first_row_of_b_not_checked(patient):
    """B sees one token ahead, but its first row is clean; that has a number of its own.

    - What does row 0 of B see?
    - Number 3 is clean in row 0.
    """
    return _but(B=[2])(patient)


@exercise.mistake("A right staircase can hide a wrong softmax")
def staircase_means_healthy(patient):
    """C forgets nothing, and no later key or value comes through, so the mask is right. Its rows do not sum to 1; look
    at the columns.

    - What do the columns of C's second picture sum to?
    - 1: the softmax runs over the queries.
    """
    return _but(C=[5])(patient)


@exercise.mistake("Nothing above the diagonal, and still a leak")
def denominator_not_seen(patient):
    """Patient I shows zeros above the diagonal of its output, but a full influence: the future sits in the denominator.

    - What do the rows of I's second picture sum to?
    - Less than 1: masked after the softmax.
    """
    return _but(I=[1])(patient)


@exercise.mistake("Equal numbers above the diagonal")
def zeros_not_seen(patient):
    """In H, all numbers above the diagonal of a row are the same: e^0, divided by the row's sum.

    - What is exp(0)?
    - A score of 0 is not hidden.
    """
    return _but(H=[1])(patient)


@exercise.mistake("No softmax gives a negative number")
def negative_weights(patient):
    """A's output for V = I has entries below 0. Something was subtracted after or before the mixing.

    - What could be subtracted from every value?
    - A mean over time: -1/6 in each hidden cell.
    """
    return _but(A=[1])(patient)


@exercise.mistake("A hole and a tatter")
def hole_and_tatters(patient):
    """D and F are both strange, but F has one single entry too many, and in D whole rows are out of place.

    - How many rows of F are wrong?
    - F: one hole. D: rows of two heads got mixed.
    """
    return _but(D=[10], F=[9])(patient)


@exercise.mistake("One bug hides another")
def second_bug_missed(patient):
    """L has two. The mean over time makes the influence full; look at the other picture for what stands one place right
    of the diagonal.

    - Where does L's row 0 have a number other than -1/6?
    - Cells (0, 0) and (0, 1): one token ahead as well.
    """
    return _but(L=[8])(patient)


@exercise.mistake("A leak that sleeps")
def sleeping_leak(patient):
    """The trained model of M sees every target, as one without a mask does. But as it was built, nothing of its
    attention arrived: a leak test before the training finds nothing. That has a number of its own.

    - What is M's output for V = I, and what is the loss of its trained model?
    - 12: the projection after the attention starts at 0.
    """
    return _but(M=[1])(patient)


@exercise.mistake("The numbers go up")
def order_of_the_list(patient):
    """The two numbers of L are right, but the smaller comes first.

    - Which is smaller?
    - [2, 8]
    """
    return _but(L=[8, 2])(patient)
