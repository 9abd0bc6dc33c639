"""### How much of an induction head?

An induction head looks for an earlier place where its own token stood, and attends to the token that **followed** \
there.

Write `induction_score(weights, tokens)`: `weights` is `(..., T, T)`, queries as rows; `tokens` is `(T,)`, integers. \
For a query i whose token occurred before, add up its weights on all positions j + 1 with j < i and tokens[j] == \
tokens[i]. (Where the token occurred twice before, there are two such positions; where it stood just before, j + 1 is \
i itself.)

Return `(...,)`: for each map the mean of these sums over the queries whose token occurred before, and 0.0 where no \
token occurs twice. All texts of a batch have the same tokens here.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array

exercise = Exercise(
    topic="reading heads",
    answer=Array(),
    hints=(
        "For tokens a b a: which query's token occurred before, and what followed it there?",
        "Make a (T, T) table of booleans: True at (i, j + 1) where j < i and tokens[j] == tokens[i].",
        "target[:, 1:] = np.tril(same, k=-1)[:, :-1]; sum the weights on it, and average over the rows that have "
        "a True.",
    ),
)


@exercise.solution
def induction_score(weights, tokens):
    """weights (..., T, T), tokens (T,) int -> (...,): the mean weight on what followed the token's earlier
    occurrences."""
    earlier = np.tril(tokens[:, None] == tokens, k=-1)  # (T, T) at (i, j): token i stood at j before
    target = np.zeros_like(earlier)
    target[:, 1:] = earlier[:, :-1]  # at (i, j + 1): what followed it there
    repeated = earlier.any(axis=1)  # (T,)
    on_target = (weights * target).sum(axis=-1)[..., repeated]  # (..., number of repeated tokens)
    return on_target.sum(axis=-1) / max(1, repeated.sum())


def causal_maps(rng, *shape):
    """Random causal weights of the given shape (..., T, T)."""
    e = np.exp(rng.normal(size=shape)) * np.tri(shape[-1])
    return e / e.sum(axis=-1, keepdims=True)


@exercise.part("One map", points=1)
def one_map(rng):
    w = np.array([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.1, 0.7, 0.2]])
    yield case(w, np.array([4, 8, 4]), note="a b a: the last query counts, and b followed a")
    yield case(w, np.array([4, 8, 5]), note="nothing occurs twice")
    yield case(np.ones((1, 1)), np.array([3]), note="one token")
    yield case(causal_maps(rng, 6, 6), np.array([1, 2, 3, 1, 2, 3]), note="a b c a b c")


@exercise.part("Any text", points=1)
def any_text(rng):
    w = np.array([[1.0, 0.0, 0.0], [0.4, 0.6, 0.0], [0.2, 0.3, 0.5]])
    yield case(w, np.array([5, 5, 5]), note="a a a: what followed a may be the query itself")
    yield case(causal_maps(rng, 8, 8), np.array([1, 2, 1, 3, 1, 4, 1, 5]), note="a token that occurs four times")
    for shape, vocab in (((2, 7, 7), 3), ((2, 3, 9, 9), 4), ((4, 2, 2), 1), ((12, 12), 100), ((3, 10, 10), 6)):
        yield case(causal_maps(rng, *shape), rng.integers(vocab, size=shape[-1]))
    yield case(causal_maps(rng, 2, 3, 4, 4), np.array([9, 7, 5, 3]), note="nothing occurs twice, six maps")
    yield case(causal_maps(rng, 16, 16), np.tile(rng.permutation(20)[:8], 2), note="eight tokens, twice")
    yield case(causal_maps(rng, 3, 5, 5).astype(np.float32), np.array([0, 1, 0, 1, 0]), note="float32")
    full = np.exp(rng.normal(size=(2, 6, 6)))
    yield case(
        full / full.sum(axis=-1, keepdims=True), np.array([2, 0, 2, 2, 0, 1]), note="a model that reads both ways"
    )


@exercise.equivalent
def with_loops(weights, tokens):
    sums = []
    for i in range(len(tokens)):
        places = [j + 1 for j in range(i) if tokens[j] == tokens[i]]
        if places:
            sums.append(weights[..., i, places].sum(axis=-1))
    return np.mean(sums, axis=0) if sums else np.zeros(weights.shape[:-2])


@exercise.equivalent
def with_pairs(weights, tokens):
    i, j = np.nonzero(np.tril(np.equal.outer(tokens, tokens), -1))
    return weights[..., i, j + 1].sum(axis=-1) / max(1, len(set(i.tolist())))


@exercise.equivalent
def with_einsum(weights, tokens):
    T = len(tokens)
    same = (tokens[:, None] == tokens[None]) & (np.arange(T) < np.arange(T)[:, None])
    target = same.astype(float) @ np.eye(T, k=1)
    return np.einsum("...ij,ij->...", weights, target) / max(1, int(same.any(1).sum()))


@exercise.equivalent
def shifted_weights(weights, tokens):
    earlier = np.tril(tokens[:, None] == tokens, k=-1)[:, :-1]
    count = np.count_nonzero(earlier.any(axis=-1))
    return np.where(earlier, weights[..., 1:], 0.0).sum(axis=(-2, -1)) / (count or 1)


def _mean(weights, target, repeated):
    return (weights * target).sum(axis=(-2, -1)) / max(1, np.count_nonzero(repeated))


def _earlier(tokens):
    return np.tril(tokens[:, None] == tokens, k=-1)


def _target(tokens):
    target = np.zeros((len(tokens), len(tokens)), dtype=bool)
    target[:, 1:] = _earlier(tokens)[:, :-1]
    return target


# Called the signature of an induction head in https://github.com/Sudharsanselvaraj/Token-Print/issues/16
@exercise.mistake("The same token, not what followed it")
def duplicate_token(weights, tokens):
    """This is the weight on earlier copies of the token itself; an induction head attends to what came after them.

    - For a b a: which position tells the last query what comes next?
    - j + 1, not j
    - Shift the table by one column to the right.
    """
    earlier = _earlier(tokens)
    return _mean(weights, earlier, earlier.any(axis=1))


# Off by one in the other direction; an index that should have been one smaller was reported, for instance, in
# https://github.com/ZhangqiJiang07/middle_layers_indicating_hallucinations/issues/2
@exercise.mistake("What stood before it, not what followed it")
def what_stood_before(weights, tokens):
    """The weight on j - 1 was read, the token before the earlier occurrence.

    - For a b c b: what does the last query need, a or c?
    - It needs c, which followed the earlier b: position j + 1.
    - target[:, 1:] = earlier[:, :-1]
    """
    earlier, target = _earlier(tokens), np.zeros((len(tokens),) * 2)
    target[:, :-1] = earlier[:, 1:]
    return _mean(weights, target, earlier.any(axis=1))


@exercise.mistake("Averaged over all queries")
def over_all_queries(weights, tokens):
    """Queries whose token is new count as 0 here, so a perfect head gets less than 1.

    - Can a query attend to what followed its token, if the token is new?
    - Average over the queries whose token occurred before.
    - Divide by earlier.any(axis=1).sum().
    """
    return (weights * _target(tokens)).sum(axis=(-2, -1)) / len(tokens)


@exercise.mistake("Averaged over pairs")
def over_pairs(weights, tokens):
    """The sum was divided by the number of pairs: a token that occurred twice before counts twice.

    - A head shares its weight between two earlier places, 0.5 each. What should it get?
    - 1.0: the weights of a query are added up first.
    - Divide by the number of queries.
    """
    target = _target(tokens)
    return _mean(weights, target, target)


@exercise.mistake("Only the last occurrence")
def last_occurrence_only(weights, tokens):
    """Where a token occurred several times before, only the last of these places was read.

    - How many places does the last query of a b a c a have?
    - Two: all j < i with the same token.
    - Add up the weights over all of them.
    """
    T = len(tokens)
    earlier = _earlier(tokens)
    last = np.where(earlier, np.arange(T), -1).max(axis=1, initial=-1)
    i = np.flatnonzero(last >= 0)
    return weights[..., i, last[i] + 1].sum(axis=-1) / max(1, len(i))


@exercise.mistake("Only the first occurrence")
def first_occurrence_only(weights, tokens):
    """Where a token occurred several times before, only the first of these places was read, as list.index finds it.

    - How many places does the last query of a b a c a have?
    - Two: all j < i with the same token.
    - Add up the weights over all of them.
    """
    first = np.array([tokens.tolist().index(token) for token in tokens])
    i = np.flatnonzero(first < np.arange(len(tokens)))
    return weights[..., i, first[i] + 1].sum(axis=-1) / max(1, len(i))


@exercise.mistake("Its own place was counted as an earlier one")
def own_place_counted(weights, tokens):
    """j = i was counted as an earlier occurrence, so every query counts, and its place is in the future.

    - Is a token an earlier occurrence of itself?
    - j < i
    - np.tril(same, k=-1)
    """
    T, same = len(tokens), np.tril(tokens[:, None] == tokens)
    target = np.zeros((T, T))
    target[:, 1:] = same[:, :-1]
    return _mean(weights, target, same.any(axis=1))


@exercise.mistake("Later occurrences were counted")
def later_counted(weights, tokens):
    """Places after the query were counted too: a query knows only what stood before it.

    - May j be larger than i?
    - j < i
    - Take np.tril(same, k=-1) of the comparison.
    """
    T, same = len(tokens), (tokens[:, None] == tokens) & ~np.eye(len(tokens), dtype=bool)
    target = np.zeros((T, T))
    target[:, 1:] = same[:, :-1]
    return _mean(weights, target, same.any(axis=1))


@exercise.mistake("Queries and keys are swapped")
def axes_swapped(weights, tokens):
    """The map was read with its columns as queries.

    - Which axis of the weights sums to 1?
    - Rows are queries: weights[..., i, j + 1].
    - Don't transpose the table of targets.
    """
    return _mean(weights, _target(tokens).T, _earlier(tokens).any(axis=1))


# The stripe of the usual demonstration, right for a text that is one block twice, and for no other:
# https://github.com/VectorInstitute/flex_model/pull/19
@exercise.mistake("A fixed distance")
def half_the_text(weights, tokens):
    """The diagonal at half the length was read, whatever the tokens are: right only for a block that is repeated once.

    - Where is the earlier occurrence in a b a c?
    - Compare the tokens.
    - tokens[:, None] == tokens
    """
    half = len(tokens) // 2
    return np.diagonal(weights, 1 - half if half else 0, -2, -1)[..., : half or 1].mean(axis=-1)


@exercise.mistake("Undefined where nothing is repeated")
def mean_of_nothing(weights, tokens):
    """Where no token occurs twice there is nothing to average, and 0 / 0 is NaN; the score is then 0.0.

    - How many queries count if all tokens differ?
    - None: return 0.0 for each map.
    - Divide by max(1, count).
    """
    with np.errstate(all="ignore"):
        count = np.float64(_earlier(tokens).any(axis=1).sum())
        return (weights * _target(tokens)).sum(axis=(-2, -1)) / count


exercise.add_mistakes(
    (mc.CHANGES_INPUTS, lambda weights, tokens: np.multiply(weights, _target(tokens), out=weights).sum(axis=(-2, -1))),
)
