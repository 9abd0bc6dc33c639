"""### A router for experts

In a mixture of experts each token is sent to a few of `E` small networks. Here every token chooses for itself, and an \
expert that is full turns later tokens away.

Write `route_tokens(logits, k, capacity)`: `logits` `(T, E)` → weights `(T, E)`.

1. Token t **chooses** the `k` experts with its largest logits. No two logits of a row are equal.
2. Its weights are a softmax over the logits of these `k` experts alone, and 0 for all others.
3. Each expert takes the first `capacity` tokens, in the order of the text, that chose it (as their first or any \
later choice). For every later one that weight becomes 0. The other weights of that token stay as they are.

So row t depends on rows 0 to t only. `1 <= k <= E`, `capacity >= 1`. Logits may be as large as 1000.
"""

import numpy as np

from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array

exercise = Exercise(
    topic="expert routing",
    answer=Array(exact_zeros=True),
    hints=(
        "Along which axis does a token look for its largest logits? And along which axis does an expert count?",
        "A token looks along its row, an expert counts down its column: np.cumsum(chosen, axis=0) <= capacity.",
        (
            "chosen: True at np.argsort(-logits)[:, :k]; softmax of np.where(chosen, logits, -np.inf) over axis 1; "
            "then times (np.cumsum(chosen, axis=0) <= capacity)."
        ),
    ),
)


@exercise.solution
def route_tokens(logits, k, capacity):
    """logits (T, E), k, capacity -> (T, E): the weight of each expert for each token, 0 where it is not used."""
    chosen = np.zeros(logits.shape, dtype=bool)
    np.put_along_axis(chosen, np.argsort(-logits, axis=1)[:, :k], True, axis=1)
    weights = np.exp(np.where(chosen, logits - logits.max(axis=1, keepdims=True), -np.inf))
    weights = weights / weights.sum(axis=1, keepdims=True)  # (T, E): each row sums to 1
    served = np.cumsum(chosen, axis=0) <= capacity  # counts the tokens so far, this one included
    return np.where(served, weights, 0.0)


@exercise.part("By hand", points=1)
def by_hand(rng):
    two = np.log([[3.0, 1.0], [1.0, 3.0], [3.0, 1.0]])
    yield case(two, 1, 3, note="one choice each, room for all")
    yield case(two, 1, 1, note="one choice each, room for one: token 2 comes too late")
    yield case(np.log([[4.0, 2.0, 1.0], [1.0, 4.0, 2.0]]), 2, 1, note="two choices each: expert 1 is full at token 1")


@exercise.part("Any size", points=1)
def any_size(rng):
    for T, E, k, capacity in (
        (6, 4, 2, 2),
        (9, 3, 1, 2),
        (5, 4, 4, 3),
        (1, 3, 2, 1),
        (4, 1, 1, 2),
        (12, 5, 3, 4),
        (40, 8, 2, 6),
        (7, 6, 2, 99),
    ):
        yield case(rng.normal(size=(T, E)), k, capacity)
    yield case(300 * rng.normal(size=(5, 4)), 2, 3, note="large logits: exp alone overflows")
    yield case(rng.normal(size=(5, 4)) - 900, 3, 2, note="all logits far below 0")
    yield case(rng.normal(size=(4, 3)) + [[-900.0], [0.0], [0.0], [900.0]], 2, 4, note="rows far apart")
    far = np.array([[1000.0, 0.0, -9.0], [5.0, 4.0, 0.0], [4.0, 5.0, 0.0]])
    yield case(far, 2, 1, note="a choice takes a place even where its weight is rounded to 0")
    rising = np.log([[3.0, 1.0, 0.5]]) * np.array([[0.1], [1.0], [3.0], [5.0]])
    yield case(rising, 1, 2, note="later tokens are surer, and come too late all the same")


@exercise.equivalent
def token_by_token(logits, k, capacity):
    T, E = logits.shape
    weights, taken = np.zeros((T, E)), [0] * E
    for t in range(T):
        best = sorted(range(E), key=lambda e: -logits[t, e])[:k]
        powers = [np.exp(logits[t, e] - logits[t, best[0]]) for e in best]
        for e, power in zip(best, powers, strict=True):
            taken[e] += 1
            if taken[e] <= capacity:
                weights[t, e] = power / sum(powers)
    return weights


@exercise.equivalent
def by_the_kth_largest(logits, k, capacity):
    chosen = logits >= np.sort(logits, axis=1)[:, [-k]]
    full = np.exp(logits - logits.max(axis=1, keepdims=True))
    full /= full.sum(axis=1, keepdims=True)
    weights = chosen * full
    weights /= weights.sum(axis=1, keepdims=True)
    weights[np.cumsum(chosen, axis=0) > capacity] = 0
    return weights


@exercise.equivalent
def column_by_column(logits, k, capacity):
    rank = np.argsort(np.argsort(-logits, axis=1), axis=1)
    z = np.where(rank < k, logits, -np.inf)
    weights = np.exp(z - z.max(axis=1, keepdims=True))
    weights = weights / weights.sum(axis=1, keepdims=True)
    for e in range(logits.shape[1]):
        weights[np.flatnonzero(rank[:, e] < k)[capacity:], e] = 0
    return weights


def _chosen(logits, k):
    return np.argsort(np.argsort(-logits, axis=1), axis=1) < k


def _softmax(logits, chosen):
    z = np.where(chosen, logits, -np.inf)
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


# https://github.com/allenai/OLMoE/issues/46, https://github.com/piotrpiekos/MoSA/issues/3
@exercise.mistake("The experts chose the tokens")
def experts_choose(logits, k, capacity):
    """Each expert took the tokens with the largest weights of the whole text, so a later token can push an earlier one
    out.

    - Who chooses here, the tokens or the experts?
    - Every token looks along its own row; an expert only counts.
    - np.argsort along axis 1
    """
    weights = _softmax(logits, np.ones(logits.shape, dtype=bool))
    rank = np.argsort(np.argsort(-weights, axis=0), axis=0)
    return np.where(rank < capacity, weights, 0.0)


# https://github.com/deepspeedai/DeepSpeed/pull/7986: where capacity is short, the most important tokens are kept
@exercise.mistake("The surest tokens went first")
def surest_first(logits, k, capacity):
    """A full expert kept the tokens with the largest weights, so a later token that is surer pushes an earlier one out.

    - Who is turned away, the one with the smaller weight or the one who comes later?
    - The later one: what is given away stays given away.
    - np.cumsum(chosen, axis=0) <= capacity
    """
    chosen = _chosen(logits, k)
    weights = _softmax(logits, chosen)
    rank = np.argsort(np.argsort(-weights, axis=0, kind="stable"), axis=0, kind="stable")
    return np.where(rank < capacity, weights, 0.0)


# As the top-2 gating in https://github.com/deepspeedai/DeepSpeed/pull/5156 counts: second choices behind all first ones
@exercise.mistake("First choices before all second choices")
def first_choices_first(logits, k, capacity):
    """All first choices of the text were served before any second choice, so a later token can take the place of an
    earlier one.

    - Token 0 has expert 1 as its second choice, token 5 as its first. Who comes first?
    - Token 0: only the order of the text counts.
    - One cumsum over all choices together.
    """
    rank = np.argsort(np.argsort(-logits, axis=1), axis=1)
    before, served = np.zeros(logits.shape[1]), np.zeros(logits.shape, dtype=bool)
    for choice in range(k):
        mine = rank == choice
        served |= mine & (np.cumsum(mine, axis=0) + before <= capacity)
        before = before + mine.sum(axis=0)
    return np.where(served, _softmax(logits, rank < k), 0.0)


@exercise.mistake("The first ones were turned away")
def last_come_first_served(logits, k, capacity):
    """The count runs from the end of the text: the last tokens were served, and whether a token is depends on later
    ones.

    - Which token may be turned away because of token 0?
    - Later ones, and never the other way round.
    - np.cumsum from the start, axis=0
    """
    chosen = _chosen(logits, k)
    served = np.cumsum(chosen[::-1], axis=0)[::-1] <= capacity
    return np.where(served, _softmax(logits, chosen), 0.0)


# https://github.com/lablup/mlxcel/pull/391: which of the two softmaxes a model was trained with
@exercise.mistake("A softmax over all experts")
def softmax_over_all(logits, k, capacity):
    """The softmax ran over all experts before the choice, so the k weights of a token sum to less than 1.

    - To what do the weights sum before anybody is turned away?
    - To 1, over the k experts that were chosen.
    - np.where(chosen, logits, -np.inf) before the softmax
    """
    chosen = _chosen(logits, k)
    weights = _softmax(logits, np.ones(logits.shape, dtype=bool))
    return np.where(chosen & (np.cumsum(chosen, axis=0) <= capacity), weights, 0.0)


@exercise.mistake("Divided again after the capacity")
def divided_again(logits, k, capacity):
    """The weights that were left were divided by their sum; here they stay as they are.

    - What happens to a token's other weights when one expert turns it away?
    - Nothing.
    - Leave out the last division.
    """
    weights = route_tokens(logits, k, capacity)
    total = weights.sum(axis=1, keepdims=True)
    return np.divide(weights, total, out=np.zeros(weights.shape), where=total > 0)


@exercise.mistake("No capacity")
def capacity_ignored(logits, k, capacity):
    """No expert ever turned a token away.

    - How many tokens does an expert take?
    - The first `capacity` ones that chose it.
    - np.cumsum(chosen, axis=0) <= capacity
    """
    return _softmax(logits, _chosen(logits, k))


@exercise.mistake("One token too few")
def one_too_few(logits, k, capacity):
    """An expert took one token less than its capacity.

    - With capacity 1: who is served?
    - The first token that chose the expert. cumsum counts it as 1.
    - <= in place of <
    """
    chosen = _chosen(logits, k)
    return np.where(np.cumsum(chosen, axis=0) < capacity, _softmax(logits, chosen), 0.0)


@exercise.mistake("One token too many")
def one_too_many(logits, k, capacity):
    """An expert took one token more than its capacity.

    - How many tokens has the expert taken before a token arrives?
    - That number has to be smaller than the capacity.
    - np.cumsum(chosen, axis=0) <= capacity, with this token counted
    """
    chosen = _chosen(logits, k)
    return np.where(np.cumsum(chosen, axis=0) <= capacity + 1, _softmax(logits, chosen), 0.0)


@exercise.mistake("The smallest logits were chosen")
def smallest_chosen(logits, k, capacity):
    """Each token got the experts with its smallest logits: argsort begins with the smallest.

    - What does np.argsort put first?
    - The smallest. Turn the sign, or take the last k.
    - np.argsort(-logits, axis=1)[:, :k]
    """
    chosen = _chosen(-logits, k)
    return np.where(np.cumsum(chosen, axis=0) <= capacity, _softmax(logits, chosen), 0.0)


@exercise.mistake("All choices weigh the same")
def equal_weights(logits, k, capacity):
    """Each chosen expert got 1/k in place of its softmax weight.

    - Which expert should count more, the first or the second choice?
    - A softmax over the logits of the chosen ones.
    """
    chosen = _chosen(logits, k)
    return np.where(chosen & (np.cumsum(chosen, axis=0) <= capacity), 1 / k, 0.0)


@exercise.mistake("exp overflows")
def overflow(logits, k, capacity):
    """exp of a large logit is inf, and inf / inf is NaN; exp of a very low one is 0, and 0 / 0 is NaN.

    - What is np.exp(1000.0)?
    - A softmax does not change when the same number is subtracted from all logits of a row.
    - Subtract the row's maximum first.
    """
    chosen = _chosen(logits, k)
    e = np.exp(np.where(chosen, logits, -np.inf))
    return np.where(np.cumsum(chosen, axis=0) <= capacity, e / e.sum(axis=1, keepdims=True), 0.0)


@exercise.mistake("One maximum for all tokens")
def one_maximum(logits, k, capacity):
    """The maximum of the whole array was subtracted: one large logit of a later token makes the weights of earlier ones
    0 / 0.

    - Which numbers may row t use?
    - Each row needs its own maximum.
    - logits.max(axis=1, keepdims=True)
    """
    chosen = _chosen(logits, k)
    e = np.where(chosen, np.exp(logits - logits.max()), 0.0)
    return np.where(np.cumsum(chosen, axis=0) <= capacity, e / e.sum(axis=1, keepdims=True), 0.0)


exercise.equivalent_mutant("np.argsort(-logits, axis=1) -> np.argsort(-logits)", because="the last axis is axis 1")
exercise.equivalent_mutant(
    "np.zeros(logits.shape, dtype=bool) -> np.zeros(logits.shape)", because="1.0 counts as True, and as 1"
)
