"""The symptoms that the judge names in wrong results: what a learner reads of each, in any exercise."""

from __future__ import annotations

from autograder.exercise.exercise import Misconception

COMPLEMENT = Misconception(
    "complement",
    "True and False are swapped",
    "Every entry is the opposite of the right one.",
    ("What does True mean here?", "Compare one entry with the contract.", "Put ~ before the result."),
)
NEGATED = Misconception(
    "sign_swapped",
    "The sign is wrong",
    "Every value is the right one with the opposite sign.",
    ("Is there a minus sign too many, or one missing?", "Follow the sign of one value through your code."),
)
RECIPROCAL = Misconception(
    "reciprocal",
    "Upside down",
    "Every value is 1 divided by the right one.",
    ("What is divided by what?", "Swap numerator and denominator."),
)
LOG_TAKEN = Misconception(
    "logarithm_of_result",
    "The logarithm of the right result",
    "Every value is the natural logarithm of the right one.",
    ("Is the result asked for itself, or its logarithm?", "np.exp undoes np.log."),
)
EXP_TAKEN = Misconception(
    "exponential_of_result",
    "The exponential of the right result",
    "Every value is e to the power of the right one.",
    ("Is the result asked for itself, or its exponential?", "np.log undoes np.exp."),
)
SWAPPED_AXES = Misconception(
    "axes_swapped",
    "Rows and columns are swapped",
    "The result is the transpose of the right one.",
    ("Which index belongs to the row?", "Compare entry [0, 1] with entry [1, 0]."),
)
REVERSED = Misconception(
    "reversed",
    "In reverse order",
    "The values are the right ones, but they run backwards along an axis.",
    ("Which entry comes first?", "Look for [::-1], np.flip or a loop that runs backwards."),
)
SHIFTED = Misconception(
    "shifted_by_one",
    "Shifted by one",
    "The values are the right ones, but they stand one place off along an axis.",
    ("Which position does entry 0 belong to?", "Check the first index of each slice and range."),
)
FACTOR = Misconception(
    "constant_factor",
    "Off by a constant factor",
    "",
    (
        "Which factor is it, and where could it come from?",
        "Follow one value through your code, and divide it by the right one.",
    ),
)
LOGARITHM_BASE = Misconception(
    "logarithm_base",
    "A logarithm to another base",
    "",
    ("Which base has the logarithm in the contract?", "In this course logarithms are natural: np.log."),
)
OFFSET = Misconception(
    "constant_offset",
    "Off by a constant",
    "",
    (
        "Is something counted twice, or left out?",
        "Follow one value through your code, and compare it with the right one.",
    ),
)
ORDER = Misconception(
    "other_order",
    "The right values in another order",
    "The result holds the right values, but not at the right places.",
    ("Which entry belongs to which position?", "Look at reshape, transpose and the order of loops."),
)
NEARLY = Misconception(
    "nearly_right",
    "Close, but not exact",
    "",
    (
        "What in your code is an approximation?",
        "Look for a small number that is added, for rounding, clipping, a short dtype, or a large number in place of infinity.",
    ),
)
FIRST_ROW = Misconception(
    "only_first_row",
    "Only the first row is wrong",
    "All rows but the first are right.",
    ("What is special about the first position?", "Compute row 0 by hand, and compare."),
)
LAST_ROW = Misconception(
    "only_last_row",
    "Only the last row is wrong",
    "All rows but the last are right.",
    ("What is special about the last position?", "Check where your loops and slices end."),
)
FIRST_COLUMN = Misconception(
    "only_first_column",
    "Only the first column is wrong",
    "All columns but the first are right.",
    ("What is special about index 0?", "Check where your loops and slices begin."),
)
LAST_COLUMN = Misconception(
    "only_last_column",
    "Only the last column is wrong",
    "All columns but the last are right.",
    ("What is special about the last index?", "Check where your loops and slices end."),
)
DIAGONAL = Misconception(
    "only_diagonal",
    "Only the diagonal is wrong",
    "All entries but those on the diagonal are right.",
    ("What does an entry [i, i] stand for?", "Compute one of them by hand, and compare."),
)
TOO_LARGE = Misconception(
    "too_large",
    "Too large",
    "Every wrong value is larger than the right one.",
    ("What is counted that should not be?",),
)
TOO_SMALL = Misconception(
    "too_small", "Too small", "Every wrong value is smaller than the right one.", ("What is left out?",)
)
TOO_MANY_TRUE = Misconception(
    "too_many_true",
    "True in too many places",
    "Every wrong entry is True where False is right.",
    ("Which rule should make these entries False?", "Look at one marked entry, and say in words why it is False."),
)
TOO_FEW_TRUE = Misconception(
    "too_few_true",
    "False in too many places",
    "Every wrong entry is False where True is right.",
    ("Which rule should make these entries True?", "Look at one marked entry, and say in words why it is True."),
)
EMPTY = Misconception(
    "wrong_for_empty",
    "Right, but not for 0",
    "Only the inputs with a 0 in them (the number 0, or an axis of length 0) give a wrong result.",
    ("What should come out where nothing goes in?",),
)
ONE = Misconception(
    "wrong_for_one",
    "Right, but not for 1",
    "Only the inputs with a 1 in them (the number 1, or an axis of length 1) give a wrong result.",
    (
        "What happens in your code where T, or another length, is 1?",
        "Look for squeeze, for [-1], and for loops that never run.",
    ),
)
BATCH = Misconception(
    "wrong_in_a_batch",
    "Right, but not with leading axes",
    "Only the inputs with leading (batch or head) axes give a wrong result.",
    ("How many axes may the input have?", "Count axes from the end: axis=-1, shape[-2], np.swapaxes(x, -1, -2)."),
)
LARGE_NUMBERS = Misconception(
    "wrong_for_large_numbers",
    "Right, but not for large numbers",
    "Only the inputs with large numbers give a wrong result.",
    (
        "Which step of your code can't take a large number?",
        "Look for np.exp, for a small number that is added, and for a fill.",
    ),
)
INFINITE = Misconception(
    "wrong_for_infinity",
    "Right, but not where -inf comes in",
    "Only the inputs that hold -inf give a wrong result.",
    ("What does each step of your code make of -inf?", "-inf - (-inf) and 0 * -inf are NaN."),
)
INTEGERS = Misconception(
    "wrong_for_integers",
    "Right, but not for integers",
    "Only the inputs that hold integers give a wrong result.",
    ("Which dtype has your result?", "Convert to float first: np.asarray(x, dtype=float)."),
)
SOME = Misconception(
    "right_for_some_inputs",
    "Right for some inputs only",
    "",
    ("What do the inputs that fail have in common?", "Run the example that is shown, step by step."),
)

SYMPTOMS = {
    misconception.id: misconception
    for misconception in (
        *(
            COMPLEMENT,
            NEGATED,
            SWAPPED_AXES,
            REVERSED,
            SHIFTED,
            RECIPROCAL,
            LOG_TAKEN,
            EXP_TAKEN,
            FACTOR,
            LOGARITHM_BASE,
        ),
        *(OFFSET, ORDER, NEARLY, FIRST_ROW, LAST_ROW, FIRST_COLUMN, LAST_COLUMN, DIAGONAL, TOO_LARGE, TOO_SMALL),
        *(TOO_MANY_TRUE, TOO_FEW_TRUE, EMPTY, ONE, BATCH, LARGE_NUMBERS, INFINITE, INTEGERS, SOME),
    )
}
