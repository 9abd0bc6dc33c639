"""The wrong ideas that more than one exercise can name, in the order in which a causal attention goes wrong.

The sentence is what a learner reads first. The hints go from a question to nearly the code. An exercise may replace
both with words of its own: the docstring of a mistake under `@exercise.mistake(mc.TRANSPOSED)`. Collected from public
bug threads, other courses, and trials of our own.
"""

from __future__ import annotations

from autograder.exercise.exercise import Misconception as M

# The pattern of the mask.

TRANSPOSED = M(
    "mask_transposed",
    "The mask is transposed",
    "Each query sees only itself and the future: rows and columns are swapped.",
    ("Which axis counts queries, rows or columns?",
     "What a query may see stands in its row, on the diagonal and to the left of it.",
     "Swap rows and columns: the transpose, or the other one of np.tril and np.triu."),
)
NO_MASK = M(
    "no_mask",
    "No mask",
    "Every query sees every key, the future included.",
    ("What may the first query see?", "Where j > i, nothing may get through.",
     "Start from np.tri(T, dtype=bool), which is False wherever j > i."),
)
OWN_POSITION_EXCLUDED = M(
    "own_position_excluded",
    "A query can't see its own position",
    "The diagonal is forbidden too, so the first query has nothing left to attend to.",
    ("May the prediction at position i depend on token i?", "A query's own position belongs to what it may see.",
     "Write <= in place of <, or change the k of np.tril or np.triu by 1."),
)
ONE_AHEAD = M(
    "one_ahead",
    "Sees one token ahead",
    "Each query also sees the key right after it, which is the very token it has to predict.",
    ("What is the last key that a query may see?", "A query sees the keys up to its own position, and none after it.",
     "The rule is off by one: look at < and <=, at i and i + 1, or at the k of np.tril."),
)
ONE_AHEAD_PATCHED = M(
    "one_ahead_except_first_row",
    "Sees one token ahead, except in the first row",
    "The first row is right, but every later query still sees one key too far.",
    ("Does row 1 follow the same rule as row 0?", "Allowed is j <= i in every row.",
     "Write one rule for all the rows instead of fixing one of them."),
)
INVERTED = M(
    "mask_inverted",
    "Allowed and blocked are swapped",
    "True and False (or 0 and -inf) are the wrong way round: what should be hidden is shown.",
    ("In this course, does True mean 'may attend' or 'may not'?",
     "Take one pair that has to be allowed: what does your result say about it?",
     "Put ~ before what you return, or swap the two branches of np.where."),
)
ANTI_DIAGONAL = M(
    "anti_diagonal",
    "The triangle is mirrored left to right",
    "Each row is filled from the right: the first query sees only the last key, which lies in its future.",
    ("Which key is in the leftmost column?", "Key 0 is the leftmost column, and every query may see it.",
     "Don't flip the mask: np.tril alone has the right orientation."),
)
WINDOW_TOO_SHORT = M(
    "forgets_the_past",
    "Forgets old tokens",
    "Only the last few keys are allowed; a causal query may look back to the very first.",
    ("How far back may the last query look?", "How old a key is plays no part here.",
     "Leave out the limit on how far back a query looks."),
)
ONE_SIZE = M(
    "one_size_only",
    "Right for one length only",
    "The size is fixed in the code, so longer or shorter sequences get a wrong mask.",
    ("What happens at another length?", "The rule is the same at every length.",
     "Take the size from the input, and no number of your own."),
)

# What is written into the forbidden cells.

FILL_ZERO = M(
    "zero_instead_of_inf",
    "0 written where -inf belongs",
    "A forbidden score became 0, and softmax gives 0 a weight of e^0 = 1 before dividing: nothing is hidden.",
    ("What is exp(0)?", "exp(-inf) is 0; exp(0) is 1.",
     "Replace forbidden scores by -np.inf, don't multiply them by 0."),
)
FILL_WEAK = M(
    "fill_too_weak",
    "The forbidden score is not low enough",
    "A forbidden score was set to a number that real scores can come near, so some of the future gets through.",
    ("How low can an ordinary score be?", "Only -inf is lower than every score.", "Use -np.inf."),
)
FILL_TINY = M(
    "fill_nearly_zero",
    "-1e-9 is nearly zero",
    "The exponent has the wrong sign: -1e-9 is almost 0 and hides nothing; -1e9 was meant, and -inf is better.",
    ("Is 1e-9 large or small?", "exp(-1e-9) is 0.999999999.", "Use -np.inf."),
)
FILL_PLUS_INF = M(
    "plus_inf",
    "+inf instead of -inf",
    "The forbidden scores are the largest of all, so all the weight goes to them, or the result is NaN.",
    ("Which weight does softmax give to the largest score?", "exp(-inf) = 0, exp(+inf) = inf.",
     "Put a minus sign before np.inf."),
)
ZERO_TIMES_INF = M(
    "zero_times_inf",
    "0 times -inf is NaN",
    "Multiplying a 0/1 mask by -inf turns every allowed cell into NaN, because 0 * inf has no value.",
    ("What is 0 * inf?", "np.where(allowed, 0.0, -np.inf) never multiplies.", "Choose with np.where; don't multiply."),
)
BOOLEAN_ADDED = M(
    "boolean_added",
    "A boolean mask was added",
    "Adding True adds 1 to the allowed scores; nothing is removed.",
    ("What is 2.5 + True?", "Additive masks hold 0 and -inf.", "np.where(allowed, scores, -np.inf)"),
)
MINUS_ONE_ADDED = M(
    "minus_one_added",
    "A mask of 0 and -1 was added",
    "The forbidden scores went down by only 1, so their weights shrank but did not vanish.",
    ("What is exp(-1)?", "Additive masks hold 0 and -inf.", "np.where(allowed, 0.0, -np.inf)"),
)
ADDITIVE_AS_BOOLEAN = M(
    "additive_read_as_boolean",
    "An additive mask was read as booleans",
    "bool(-inf) is True and bool(0.0) is False, so the mask came out inverted.",
    ("What is bool(-np.inf)?", "allowed is where the additive mask is 0.", "allowed = mask == 0"),
)
LARGE_NEGATIVE = M(
    "large_negative_not_inf",
    "A large negative number is not -inf",
    "The pattern is right. But this mask promises -inf, and a number such as -1e9 only usually hides a key.",
    ("What happens in a row where every key is hidden?", "softmax of equal scores is uniform, even at -1e9.",
     "Write -np.inf."),
)
ZERO_AS_SENTINEL = M(
    "zero_as_sentinel",
    "A true score of 0 was masked",
    "The code multiplies by the mask and then removes every 0, but an honest score can be exactly 0.",
    ("What is the score of two orthogonal vectors?", "Decide by position (j > i), never by the score's value.",
     "np.where(allowed, scores, -np.inf)"),
)
FILL_DROPPED = M(
    "fill_result_dropped",
    "The masked scores were thrown away",
    "np.where returns a new array; the old one, still unmasked, went into the softmax.",
    ("Does np.where change its input?", "Keep what it returns.", "scores = np.where(allowed, scores, -np.inf)"),
)

# The softmax.

MASK_AFTER_SOFTMAX = M(
    "masked_after_softmax",
    "Masked after the softmax",
    "The weights were set to 0 after dividing, so rows don't sum to 1, and the future leaks through the denominator.",
    ("Do your rows still sum to 1?", "Mask first, then softmax.",
     "softmax(scores + mask), or divide by the row sum once more after masking."),
)
WRONG_AXIS = M(
    "softmax_over_queries",
    "Softmax along the wrong axis",
    "The columns sum to 1 instead of the rows: the queries compete for a key, and later queries change earlier rows.",
    ("What should sum to 1, a row or a column?", "Each query spreads a weight of 1 over its keys: axis -1.",
     "Give axis=-1 (and keepdims=True) to both max and sum."),
)
WHOLE_MATRIX = M(
    "normalised_over_whole_matrix",
    "Normalised over the whole matrix",
    "The entire matrix sums to 1 instead of each row.",
    ("Over what does each query spread its weight?", "Each row sums to 1.", "e / e.sum(axis=-1, keepdims=True)"),
)
NO_MAX = M(
    "no_max_subtracted",
    "Overflows for large scores",
    "exp(800) is infinite, so large scores give inf / inf = NaN.",
    ("What is np.exp(800.0)?", "softmax(x) = softmax(x - max(x)).", "Subtract the row's maximum before np.exp."),
)
GLOBAL_MAX = M(
    "global_maximum",
    "One maximum for all rows",
    "The largest score of the whole array was subtracted, so a row far below it underflows to 0 / 0.",
    ("Which maximum keeps every row's largest exponent at 0?", "Subtract each row's own maximum.",
     "Take .max(axis=-1, keepdims=True), one maximum for each row."),
)
MAX_BEFORE_MASK = M(
    "maximum_before_mask",
    "The maximum was taken before masking",
    "A huge hidden score sets the maximum, and the allowed scores underflow to 0: the future changes the past.",
    ("Which scores should the maximum be taken over?", "Mask first; then the maximum is over allowed keys.",
     "s = np.where(allowed, scores, -np.inf); s = s - s.max(axis=-1, keepdims=True)"),
)
EPSILON = M(
    "epsilon_in_denominator",
    "A small number added to the denominator",
    "The rows sum to less than 1. After subtracting the maximum the sum is at least 1, so no epsilon is needed.",
    ("Can the denominator be 0 once the maximum is subtracted?", "The largest entry contributes exp(0) = 1.",
     "Divide by the plain sum."),
)
MEAN_SUBTRACTED = M(
    "mean_subtracted",
    "The mean was subtracted, not the maximum",
    "The largest score can lie far above its row's mean, and its exp still overflows.",
    ("How far above the mean can the maximum be?", "Only the maximum makes every exponent at most 0.",
     "scores.max(axis=-1, keepdims=True), not scores.mean(...)"),
)
MAX_AT_LEAST_ZERO = M(
    "maximum_at_least_zero",
    "The maximum is never below 0",
    "The number subtracted is never below 0 (a start value, a relu or an abs), so a row of very negative scores underflows to 0.",
    ("What is subtracted where every score is -800?", "The row's own maximum, however low.",
     "scores.max(axis=-1, keepdims=True), with no initial=0 and no abs"),
)
EMPTY_ROW_NAN = M(
    "nan_on_empty_row",
    "NaN where nothing is allowed",
    "A row with no allowed key became NaN (-inf minus -inf, or 0 / 0); it should be all zeros.",
    ("What is the maximum of a row of -inf?", "Where the sum is 0, the weights are 0.",
     "Replace an infinite maximum by 0, and divide only where the sum is not 0."),
)
EMPTY_ROW_UNIFORM = M(
    "uniform_on_empty_row",
    "An empty row attends to everything",
    "With a finite fill, a row in which every key is hidden becomes uniform: it attends to hidden keys.",
    ("What is the softmax of equal scores?", "Where nothing is allowed, every weight is 0.",
     "Multiply the weights by allowed at the end."),
)
NAN_HIDDEN = M(
    "nan_to_num",
    "Its own position is hidden, and the first row is zeros",
    "A query can't see its own position; the first one, which then has nothing to attend to, got zeros (np.nan_to_num does so).",
    ("What may the first query attend to?", "A causal row always has its own position.",
     "Allow the diagonal; then no row is empty, and nothing has to be patched."),
)
CLIPPED = M(
    "scores_clipped",
    "The scores were clipped",
    "Clipped scores don't overflow, but beyond the limit they are all equal, and the best key wins no more.",
    ("What becomes of the scores 800 and 900 in your code?",
     "softmax(x) = softmax(x - max(x)): only differences count.",
     "Subtract each row's maximum in place of np.clip."),
)
HARD_ARGMAX = M(
    "hard_argmax",
    "Takes only the best key",
    "All the weight goes to one key; attention is a soft choice, weighted by softmax.",
    ("What does softmax do with two equal scores?", "weights = exp(s) / sum(exp(s))", "Return weights @ V."),
)

# The scores.

NO_SCALE = M(
    "no_scale",
    "Not scaled",
    "The dot products were not divided by the square root of d.",
    ("What happens to the spread of q . k as d grows?", "A dot product of d numbers is divided by sqrt(d).",
     "Divide by np.sqrt(d), d the width of a query."),
)
SCALE_BY_D = M(
    "scaled_by_d",
    "Divided by d instead of its square root",
    "Divided by d (or twice by its square root), the scores are too small and the weights too flat.",
    ("How large is a typical dot product of two random vectors?", "Its spread is sqrt(d).", "Divide by np.sqrt(d)."),
)
SCALE_MULTIPLIED = M(
    "scale_multiplied",
    "Multiplied by the square root of d",
    "The scores grew instead of shrinking, so the weights are nearly one-hot.",
    ("Should scaling make the scores larger or smaller?", "A dot product of d numbers is divided by sqrt(d).",
     "Divide, don't multiply."),
)
SCALE_BY_T = M(
    "scaled_by_length",
    "Scaled by the length, not the width",
    "The scores were divided by sqrt(T); it is the width d of a query and key that counts.",
    ("Which axis does the dot product sum over?", "It sums over d, the last axis.",
     "Divide by the square root of a query's width."),
)
SCALE_BY_VALUE_WIDTH = M(
    "scaled_by_value_width",
    "Scaled by the width of the values",
    "sqrt(d_v) was used; the dot product is between queries and keys, whose width is d.",
    ("Which vectors enter the dot product?", "d is the width of a query and of a key.",
     "Divide by the square root of a query's width."),
)
SCALE_AFTER_SOFTMAX = M(
    "scaled_after_softmax",
    "Scaled after the softmax",
    "The weights were divided by sqrt(d), so the rows sum to 1/sqrt(d).",
    ("Do your rows sum to 1?", "Scale, mask, softmax: in this order.", "softmax(Q @ K.T / np.sqrt(d) + mask)"),
)
SCALED_TWICE = M(
    "scaled_twice",
    "Scaled twice",
    "The division by sqrt(d) happens twice, so the weights are too flat.",
    ("How many divisions are there in your code?", "scores = Q K^T / sqrt(d)", "Scale Q or the scores, not both."),
)
KEYS_AND_QUERIES_SWAPPED = M(
    "keys_and_queries_swapped",
    "Keys and queries are swapped",
    "K Q^T was computed: row i holds the scores of key i with every query.",
    ("Which index belongs to the row?", "scores[i, j] = q_i . k_j", "Q @ K.T"),
)
QUERIES_TWICE = M(
    "queries_used_as_keys",
    "Queries used as keys",
    "Q Q^T was computed, so the keys play no part.",
    ("Where does K enter your scores?", "scores = Q K^T / sqrt(d)", "Q @ K.T"),
)
ONLY_TWO_DIMENSIONS = M(
    "breaks_in_a_batch",
    "`.T` reverses every axis",
    "In a batch, .T also swaps the batch and head axes; only the last two may be swapped.",
    ("What is the shape of K.T when K is (2, 3, T, d)?", "Swap the last two axes only.",
     "np.swapaxes(K, -1, -2) or K.mT"),
)
ONLY_FIRST_IN_BATCH = M(
    "only_first_in_batch",
    "Right only for the first of the batch",
    "The first batch or head is right; the others are not.",
    ("Is anything in your code indexed with [0]?", "The same mask holds for every batch and head.",
     "A (T, T) mask broadcasts over all leading axes."),
)

# The output.

KEYS_AS_VALUES = M(
    "keys_used_as_values",
    "Keys used as values",
    "The weights were applied to K; the output is a mixture of the values.",
    ("What does the output mix?", "output = weights V", "weights @ V"),
)
WEIGHTS_TRANSPOSED = M(
    "weights_transposed",
    "The weights are transposed",
    "The weights of a column were used for a row, so the future flows into the past.",
    ("Whose weights make output i?", "output_i = sum_j weights[i, j] v_j", "weights @ V"),
)
RETURNS_VALUES = M(
    "returns_values",
    "The values come back unmixed",
    "Output i is v_i itself; it should mix the values of positions 0 to i.",
    ("Which positions should output 3 depend on?", "output_i = sum over j <= i of weights[i, j] v_j", "weights @ V"),
)
UNIFORM_MEAN = M(
    "uniform_mean",
    "A plain mean of the past",
    "Every allowed value has the same weight; queries and keys play no part.",
    ("What do Q and K do in your code?", "The weights are a softmax of the scores.", "softmax(scores + mask) @ V"),
)
LAST_ROW_ONLY = M(
    "last_row_only",
    "Only the last position was computed",
    "Every output is the last one; each position has an output of its own.",
    ("How many outputs does a sequence of T tokens have?", "One output a query: (T, d_v).",
     "Use all of Q, not Q[-1]."),
)

# Manners.

CHANGES_INPUTS = M(
    "changes_inputs",
    "It changes its inputs",
    "The arrays that were passed in are different afterwards, so a second call gives another answer.",
    ("Is there a /=, += or an assignment into an argument?", "x = x / s makes a new array; x /= s changes the old one.",
     "Work on a copy: x = x.copy()."),
)
NOT_REPEATABLE = M(
    "not_repeatable",
    "Two calls, two answers",
    "The same input gave another output the second time: something random, or something remembered.",
    ("Does your code use random numbers, or a variable outside the function?", "Same input, same output.",
     "Drop the randomness (or the memory)."),
)
FLOAT16 = M(
    "float16_inside",
    "Too few digits",
    "The calculation ran in float16, which keeps about three digits.",
    ("Is there an astype in your code?", "float64 keeps 16 digits, float32 seven.", "Leave out the float16."),
)
INTEGERS_INSIDE = M(
    "integers_inside",
    "Rounded to integers",
    "The numbers were cut to integers on the way (an integer array can't hold 0.5, nor -inf).",
    ("Which dtype does your array have?", "np.zeros(shape) is float; np.zeros(shape, dtype=int) is not.",
     "Convert to float first."),
)
