"""### Is it causal?

The detector for anything that maps a sequence to a sequence: a layer, a block, a whole model.

Write `is_causal(f, x)`. `f` maps `x` `(T, d)` to `(T, d_out)`. Return True where no output `i` changes when the rows after `i` change, and False where one does.

Change rows by about 1, with a fixed `T` (some `f` work for one length only). Outputs that differ by less than `1e-9` count as the same (rounding); leaks may be as small
as `1e-6`, may sit at one position only, and may begin with the second call of `f`. `x` itself stays as it is.
"""

import numpy as np

from autograder.exercise import leak_detectors
from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, Misconception, case
from autograder.exercise.results import Boolean
from leftcontext.bugs import attention_bugs

exercise = Exercise(
    topic="finding leaks",
    answer=Boolean(),
    hints=(
        "Which outputs have to stay the same when row j changes?",
        "Change row j of a copy; the outputs 0 to j - 1 must not move; try this for every j.",
        "x2 = x.copy(); x2[j] += 1; then np.abs(f(x2) - before)[:j].max() > 1e-9 means False",
    ),
)


@exercise.solution
def is_causal(f, x):
    """f: (T, d) -> (T, d_out), x (T, d) -> True where no output depends on a later row."""
    before = f(x)
    step = np.linspace(0.5, 1.5, x.shape[1])  # a layer norm does not see the same step everywhere
    for j in range(1, len(x)):
        x2 = x.copy()
        x2[j] += step
        change = np.abs(f(x2) - before)  # (T, d_out)
        if change[:j].max() > 1e-9:
            return False
    return True


class _Layer:
    """x (T, d) → attend(x Wq, x Wk, x Wv), with fixed random projections; it reads as its attention's name."""

    def __init__(self, attend, rng, d=4, d_out=6):
        self.__name__ = attend.__name__
        self.attend = attend
        self.weights = [rng.normal(size=(d, n)) / 2 for n in (4, 4, d_out)]

    def __call__(self, x):
        return self.attend(*(x @ w for w in self.weights))


def running_mean(x):
    return np.cumsum(x, axis=0) / np.arange(1, len(x) + 1)[:, None]


def mean_of_all(x):
    return np.repeat(x.mean(axis=0)[None], len(x), axis=0)


def divided_by_length(x):
    return np.cumsum(x, axis=0) / len(x)


def for_six_positions_only(x):
    return np.tril(np.cos(np.arange(36.0).reshape(6, 6)) + 2) @ x


def reversed_in_time(x):
    return x[::-1]


def difference_to_the_next(x):
    return np.vstack([x[1:] - x[:-1], x[-1:]])


def minus_the_next(x):
    return np.cumsum(x, axis=0) - np.vstack([x[1:], 0 * x[:1]])


def third_reads_fourth(x):
    out = np.cumsum(x, axis=0)
    out[2] += x[3]
    return out


def steps_among_the_rest(x):
    """Adds how far the last row is from the one before: moving both alike leaves it as it is."""
    return np.cumsum(x, axis=0) + np.where(np.arange(len(x)) < len(x) - 2, 1.0, 0.0)[:, None] * (x[-1] - x[-2])


def last_but_one_reads_the_last(x):
    out = np.cumsum(x, axis=0)
    out[-2] += x[-1]
    return out


def first_reads_the_second(x):
    out = np.cumsum(x, axis=0)
    out[0] += x[1]
    return out


def all_before(x):
    """Strictly earlier rows only: not even its own."""
    return np.cumsum(x, axis=0) - x


def a_millionth_at_most(x):
    out = np.cumsum(x, axis=0)
    out[:-1] += 1e-6 * np.tanh(x[1:])
    return out


def only_the_last_number_leaks(x):
    """What each row lets through to the one before is its last number alone."""
    out = np.cumsum(x, axis=0)
    out[:-1] += x[1:, -1:]
    return out


def first_reads_the_last(x):
    out = np.cumsum(x, axis=0)
    out[0] += x[-1]
    return out


def normed_then_averaged(x):
    """Each row normed, as a transformer does before its attention; then a mean over all of them."""
    return mean_of_all((x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True))


@exercise.part("By hand", points=1)
def by_hand(rng):
    x = np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 1.0]])
    for f in (running_mean, mean_of_all, reversed_in_time, difference_to_the_next, divided_by_length):
        yield case(f, x)
    yield case(running_mean, x[:1], note="one position has no future")
    yield case(all_before, x)


@exercise.part("Leaks that hide", points=2)
def leaky(rng):
    for attend in (*attention_bugs.LEAKY, attention_bugs.LeaksFromTheSecondCall()):
        yield case(_Layer(attend, rng), rng.normal(size=(6, 4)))
    yield case(minus_the_next, rng.normal(size=(5, 2)))
    yield case(third_reads_fourth, rng.normal(size=(7, 3)))
    yield case(steps_among_the_rest, rng.normal(size=(6, 3)))
    yield case(difference_to_the_next, rng.normal(size=(5, 1)))
    yield case(_Layer(attention_bugs.softmax_over_queries, rng), rng.normal(size=(6, 4)))
    yield case(a_millionth_at_most, rng.normal(size=(6, 3)))
    yield case(only_the_last_number_leaks, rng.normal(size=(6, 3)))
    yield case(first_reads_the_second, rng.normal(size=(7, 2)))
    yield case(last_but_one_reads_the_last, rng.normal(size=(18, 2)), note="a longer sequence")
    x = rng.normal(size=(6, 3))
    x[-1] = 0.0
    yield case(first_reads_the_last, x, note="the last row of x is 0, as padding is")


@exercise.part("Wrong suspicions", points=1)
def honest(rng):
    for attend in attention_bugs.HONEST:
        yield case(_Layer(attend, rng), rng.normal(size=(6, 4)))
    yield case(for_six_positions_only, rng.normal(size=(6, 3)))
    yield case(divided_by_length, rng.normal(size=(9, 2)))
    yield case(running_mean, rng.normal(size=(25, 3)))


@exercise.equivalent
def random_future(f, x):
    rng = np.random.default_rng(7)
    for i in range(len(x) - 1):
        after = np.concatenate([x[: i + 1], rng.normal(size=x[i + 1 :].shape)])
        if np.any(np.abs(f(after)[: i + 1] - f(x)[: i + 1]) > 1e-9):
            return False
    return True


@exercise.equivalent
def influence_above_the_diagonal(f, x):
    T, before = len(x), f(x)
    moved = np.zeros((T, T))
    for j in range(T):
        x2 = np.array(x, dtype=float)
        x2[j] = 1.5 - 2 * x[j]
        moved[:, j] = np.abs(f(x2) - before).sum(axis=-1)
    return not np.triu(moved > 1e-8, k=1).any()


@exercise.equivalent
def all_pairs(f, x):
    def same(i, j):
        x2 = [list(row) for row in x]
        x2[j] = [value - 1.25 for value in x2[j]]
        return np.allclose(f(np.array(x2))[i], f(x)[i], rtol=0, atol=1e-9)

    return all(same(i, j) for i in range(len(x)) for j in range(i + 1, len(x)))


@exercise.equivalent
def by_central_differences(f, x):
    h, slopes = 1e-3, []
    for j, c in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[j, c] = h
        slopes.append(np.abs(f(x + step) - f(x - step))[:j].max(initial=0.0) / (2 * h))
    return max(slopes) < 1e-8


def _changes(f, x, step=1.0, size=lambda change: np.abs(change).max(axis=1)):
    before, T = f(x), len(x)
    return np.array([size(f(x + step * (np.arange(T) == j)[:, None]) - before) for j in range(T)]).T


NOISE_COUNTED = Misconception(
    "noise_counted", "Rounding is taken for a leak",
    "Any difference counts, even 1e-16. Sums in another order round differently, so honest models are accused.",
    ("How large is the smallest change your code counts?", "Rounding here stays below 1e-9.", "change[:j].max() > 1e-9"),
)
TOO_TOLERANT = Misconception(
    "leak_below_tolerance", "A small leak slips through",
    "The tolerance is larger than what the smallest leak (1e-6) moves, so a model that leaks a little is called honest.",
    ("How far does a leak of 1e-6 move an output after your change, and how small is your tolerance?", "np.allclose has tolerances of its own: 1e-8, plus 1e-5 of the value.",
     "change[:j].max() > 1e-9"),
)
LAST_CHANGED_ONLY = Misconception(
    "only_last_row_changed", "Only the last row was changed",
    "A leak from a row in the middle stays unseen when only the last row moves.",
    ("Can output 2 read row 3 and no other later row?", "Try every j.", "for j in range(1, len(x)): ..."),
)
FIRST_OUTPUT_ONLY = Misconception(
    "only_first_output_tried", "Only output 0 was looked at",
    "Output 0 can be clean while a later one leaks.",
    ("Is one honest row a proof?", "When row j changes, outputs 0 to j - 1 must stay.", "change[:j].max()"),
)
NEXT_ONLY = Misconception(
    "only_next_position_tried", "Only neighbours were tried",
    "Output i may also depend on a row much later than i + 1.",
    ("Which outputs come before row j?", "All of 0 to j - 1, not only j - 1.", "change[:j].max()"),
)
DIAGONAL_COUNTED = Misconception(
    "own_position_is_no_leak", "Its own position is no leak",
    "Output j may depend on row j; only the outputs before j must stay as they are.",
    ("May output 0 depend on row 0?", "The rows before j are [:j], without j itself.", "change[:j].max() > 1e-9"),
)
PAST_COUNTED = Misconception(
    "past_is_no_leak", "The past is no leak",
    "An output may depend on earlier rows. It was looked at in the wrong direction of time.",
    ("Which rows lie in the future of output i?", "Change row j, look at the outputs before j.", "change[:j]"),
)
CUT = Misconception(
    "cuts_instead_of_changing", "The sequence was cut, not changed",
    "f was called with fewer rows. Some honest models divide by T, or work for one length only; here T stays the same.",
    ("Does f(x[:3]) have to equal f(x)[:3]?", "Keep all T rows, and change the later ones.", "x2 = x.copy(); x2[j] += 1; f(x2)"),
)
ALIKE = Misconception(
    "changes_all_rows_alike", "All later rows got the same change",
    "A model that reads the difference of two later rows does not notice when both move alike.",
    ("What happens to x[5] - x[4] when both grow by 1?", "Change one row at a time (or each by another amount).", "x2[j] += 1"),
)
INVERTED = Misconception(
    "verdict_inverted", "The verdict is upside down",
    "True means causal: nothing leaks.",
    ("What does True say about f?", "True where no earlier output moved.", "return not leaks"),
)

ALWAYS = Misconception(
    "always_causal",
    "True for everything",
    "Leaking models are called causal too: nothing was found in any of them.",
    ("What does your code compare, and is it ever different?", "Change row j of a copy, call f again, compare.", "np.abs(f(x2) - before)[:j].max() > 1e-9"),
)
NEVER = Misconception(
    "never_causal",
    "False for everything",
    "Honest models are accused too.",
    ("Which outputs may move when row j changes?", "Those from j on; the outputs 0 to j - 1 must stay.", "np.abs(f(x2) - before)[:j].max() > 1e-9"),
)
ONE_SPLIT = Misconception(
    "one_split_only",
    "The sequence was split at one place only",
    "The second half was changed and the first half looked at. A leak within one of the halves stays unseen.",
    ("Can output 4 read row 5?", "Try every j.", "for j in range(1, len(x)): ..."),
)
REORDERED = Misconception(
    "future_reordered",
    "The later rows only changed places",
    "A model that reads a mean over all rows does not notice when they change places.",
    ("What is the mean of the same rows in another order?", "Give a later row other numbers.", "x2[j] += 1"),
)

exercise.mistake(NOISE_COUNTED)(lambda f, x: not np.triu(_changes(f, x), 1).any())
exercise.mistake(TOO_TOLERANT)(lambda f, x: not (np.triu(_changes(f, x), 1) > 1e-3).any())
exercise.mistake(LAST_CHANGED_ONLY)(lambda f, x: not (_changes(f, x)[:-1, -1] > 1e-9).any())
exercise.mistake(FIRST_OUTPUT_ONLY)(lambda f, x: not (_changes(f, x)[0, 1:] > 1e-9).any())
exercise.mistake(NEXT_ONLY)(lambda f, x: not (np.diag(_changes(f, x), 1) > 1e-9).any())
exercise.mistake(DIAGONAL_COUNTED)(lambda f, x: not (np.triu(_changes(f, x)) > 1e-9).any())
exercise.mistake(PAST_COUNTED)(lambda f, x: not (np.tril(_changes(f, x), -1) > 1e-9).any())
exercise.mistake(INVERTED)(lambda f, x: not is_causal(f, x))
exercise.mistake(NEVER)(lambda f, x: not np.isfinite(f(x)).all())
exercise.mistake(TOO_TOLERANT)(lambda f, x: not (np.triu(_changes(f, x), 1) > 1e-6).any())
exercise.mistake(ALWAYS)(lambda f, x: bool(np.isfinite(f(x)).all()))
exercise.mistake(TOO_TOLERANT)(lambda f, x: all(np.allclose(f(x + (np.arange(len(x)) == j)[:, None])[:j], f(x)[:j]) for j in range(len(x))))
exercise.mistake(leak_detectors.SIGNS_CANCEL)(lambda f, x: not (np.triu(_changes(f, x, size=lambda c: c.sum(axis=1)), 1) > 1e-9).any())
exercise.mistake(leak_detectors.SIGNS_CANCEL)(lambda f, x: not (np.triu(_changes(f, x, size=lambda c: np.abs(c.sum(axis=1))), 1) > 1e-9).any())
exercise.mistake(leak_detectors.SIGNS_CANCEL)(lambda f, x: not (np.triu(_changes(f, x, size=lambda c: c.max(axis=1)), 1) > 1e-9).any())
exercise.mistake(leak_detectors.ONE_COMPONENT)(lambda f, x: not (np.triu(_changes(f, x, size=lambda c: np.abs(c[:, 0])), 1) > 1e-9).any())
exercise.mistake(leak_detectors.ONE_COMPONENT, message="Every number of the row had to move; one of them is enough.")(
    lambda f, x: not (np.triu(_changes(f, x, size=lambda c: np.abs(c).min(axis=1)), 1) > 1e-9).any()
)
exercise.mistake(leak_detectors.ZEROED)(lambda f, x: not any((np.abs(f(x * (np.arange(len(x)) != j)[:, None]) - f(x))[:j] > 1e-9).any() for j in range(len(x))))
exercise.mistake(leak_detectors.POISONED)(
    lambda f, x: not any(np.isnan(f(x + np.where(np.arange(len(x)) == j, np.nan, 0)[:, None])[:j]).any() for j in range(len(x)))
)


@exercise.mistake(
    leak_detectors.ONE_COMPONENT,
    message="Only the first number of a row was changed; what another one lets through stays unseen.",
    hints=("How many numbers does row j have?", "Change the whole row.", "x2[j] += 1, not x2[j, 0] += 1"),
)
def first_number_changed(f, x):
    before, first = f(x), np.arange(x.shape[1]) == 0
    return all((np.abs(f(x + first * (np.arange(len(x)) == j)[:, None]) - before)[:j] < 1e-9).all() for j in range(1, len(x)))


@exercise.mistake(ONE_SPLIT)
def halves(f, x):
    half = len(x) // 2
    later = np.arange(len(x))[:, None] >= half
    changed = np.where(later, np.random.default_rng(0).normal(size=x.shape), x)
    return bool((np.abs(f(changed) - f(x))[:half] < 1e-9).all())


@exercise.mistake(REORDERED)
def reordered(f, x):
    return all((np.abs(f(np.concatenate([x[:i], x[i:][::-1]])) - f(x))[:i] < 1e-9).all() for i in range(1, len(x)))


@exercise.mistake(CUT)
def cut(f, x):
    return all(np.allclose(f(x[: i + 1])[i], f(x)[i], rtol=0, atol=1e-9) for i in range(len(x)))


@exercise.mistake(CUT)
def cut_and_see(f, x):
    try:
        return cut(f, x)
    except Exception:
        return False


@exercise.mistake(ALIKE)
def alike(f, x):
    before, T = f(x), len(x)
    for i in range(T - 1):
        later = (np.arange(T) > i)[:, None]
        if np.abs(f(x + later) - before)[i].max() > 1e-9:
            return False
    return True


@exercise.mistake(mc.CHANGES_INPUTS)
def in_place(f, x):
    before = f(x)
    for j in range(1, len(x)):
        x[j] += 1
        if np.abs(f(x) - before)[:j].max() > 1e-9:
            return False
    return True


@exercise.warning(
    "Right. One weakness: behind a layer norm, the same step in all numbers of a row is invisible. "
    "Give each number a step of its own, and you can point it at a whole transformer."
)
def behind_a_layer_norm(rng):
    yield case(normed_then_averaged, rng.normal(size=(5, 4)))


for change in ("0.5 -> 1.5", "1.5 -> 2.5"):
    exercise.equivalent_mutant(change, because="any change of about 1 will do")
exercise.equivalent_mutant("np.linspace(0.5, 1.5, x.shape[1]) -> 0.5", because="the same step everywhere earns a remark, and costs nothing")
exercise.equivalent_mutant("f(x2) - before -> before - f(x2)", because="the absolute value follows")
exercise.equivalent_mutant("change[:j].max() > 1e-09 -> change[:j].max() >= 1e-09", because="no change is exactly 1e-9")
