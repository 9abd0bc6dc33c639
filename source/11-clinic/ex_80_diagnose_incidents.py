"""### The causes

Eleven reports, `"A"` to `"K"`; above are what was reported and the alarms of eight checks. The numbers of the causes \
are in `incidents.CAUSES`; two of them belong to no report.

Write `diagnose_incidents(report)`: a letter → the number of its cause, one int.
"""

from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Integer

exercise = Exercise(
    topic="diagnosis",
    answer=Integer(),
    hides_expected=True,
    hints=(
        "Which of the eight checks gives an alarm, and which one that is nearly the same stays silent?",
        "C, H, I and K have an alarm in the plain call: compare their influence, and what was reported. For the "
        "others, ask what is different in the call that gives the alarm.",
        'found = {"A": ..., "B": ..., ...}; return found[report]',
    ),
)


@exercise.solution
def diagnose_incidents(report):
    """A letter from A to K -> the number of its cause."""
    found = {"A": 5, "B": 1, "C": 3, "D": 11, "E": 9, "F": 8, "G": 13, "H": 6, "I": 12, "J": 4, "K": 7}
    return found[report]


@exercise.part("An alarm in the plain call", points=1)
def plain(rng):
    for letter in "CHIK":
        yield case(letter)


@exercise.part("The future, in one way of calling only", points=1)
def one_way(rng):
    for letter in "ADF":
        yield case(letter)


@exercise.part("No later row moves anything", points=1)
def no_future(rng):
    for letter in "BEGJ":
        yield case(letter)


@exercise.equivalent
def from_a_list(report):
    return [5, 1, 3, 11, 9, 8, 13, 6, 12, 4, 7]["ABCDEFGHIJK".index(report)]


@exercise.equivalent
def by_cause(report):
    letters = {5: "A", 1: "B", 3: "C", 11: "D", 9: "E", 8: "F", 13: "G", 6: "H", 12: "I", 4: "J", 7: "K"}
    return next(cause for cause, letter in letters.items() if letter == report)


@exercise.equivalent
def from_a_string(report):
    return int("5 1 3 11 9 8 13 6 12 4 7".split()[ord(report) - ord("A")])


def _but(**swapped):
    return lambda report: swapped.get(report, diagnose_incidents(report))


@exercise.mistake("Two full influences")
def full_influences_swapped(report):
    """I and K have the same alarms and the same influence. What was reported tells them apart: only one of the two
    models lays a second mask over its first.

    - Which report speaks of a window?
    - A window is a mask, and two masks have to be combined.
    """
    return _but(I=7, K=12)(report)


@exercise.mistake("Blocks on the diagonal")
def blocks_not_seen(report):
    """The influence of H is no full square: its outputs see later rows of their own block only.

    - Up to which column does row 0 of H have a tick, and row 4?
    - To the end of its block of four, in each case.
    """
    return _but(H=7)(report)


@exercise.mistake("Only the future is visible")
def upper_triangle_not_seen(report):
    """The outputs of C see what comes after them, and nothing that comes before.

    - What stands below the diagonal of C's influence?
    - Nothing: visible and hidden have changed places.
    """
    return _but(C=7)(report)


@exercise.mistake("Two alarms about the cache")
def cache_alarms_swapped(report):
    """A and G both differ between a call with a cache and one without. In one of them a later row moves an output, in
    the other one none does.

    - Which of the two has an alarm in the check with chunks of 5 and 3?
    - It sees too much; the other one sees too little.
    """
    return _but(A=13, G=5)(report)


@exercise.mistake("A call that is not like the others")
def path_and_size_swapped(report):
    """D and F have one alarm each, with two different calls: one with larger numbers, one through another path.

    - Which of the two reports depends on how the layer is called?
    - The other one depends on how large the scores are.
    """
    return _but(D=8, F=11)(report)


@exercise.mistake("Alone, padded, packed")
def padding_and_packing_swapped(report):
    """J differs when it is padded and when it is packed, E only when it is packed. Padding moves positions; a neighbour
    in the row can be looked at.

    - Does E give the right outputs beside padding?
    - It does, so its positions are right.
    """
    return _but(E=4, J=9)(report)


@exercise.mistake("A leak that nothing shows")
def contamination_suspected(report):
    """B has an alarm: its loss is not that of the next token. No text was seen before, and no row either.

    - Which token does the loss of B ask for?
    - The one after the next.
    """
    return _but(B=2)(report)


@exercise.mistake("A cause that no report has")
def distractor_chosen(report):
    """With a softmax over the queries, a later row moves an output in the plain call as well; F and D are silent there.

    - In which call does the future come through?
    - Ask what is different in that call, and only there.
    """
    return _but(D=10, F=10)(report)


@exercise.mistake("That is the number of the incident")
def order_of_the_alphabet(report):
    """The letters were numbered from 1; the causes have numbers of their own.

    - What is printed of incidents.CAUSES?
    - A is the first report, and its cause is another number.
    """
    return "ABCDEFGHIJK".index(report) + 1
