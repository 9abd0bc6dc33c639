"""### The nucleus

Top-k keeps the same number of tokens whether the model is sure or not. **Nucleus sampling** (Holtzman et al., 2019) \
keeps as many as it takes.

Write `nucleus(logits, p)`: `logits` is `(vocab,)`, `0 < p <= 1`. Return probabilities `(vocab,)`: find the \
**smallest** set of most likely tokens whose mass **reaches** `p`
(at least `p`, the token that crosses the line included), give every other token exactly 0, and renormalise. Logits \
may be large. Order stays that of `logits`. Where logits are equal, it is open which of them stay, but not how many.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array

exercise = Exercise(
    topic="nucleus sampling",
    answer=Array(exact_zeros=True),
    hints=(
        "With probabilities 0.5, 0.3, 0.2 and p = 0.6: which tokens stay?",
        "Sort from likely to unlikely; a token stays if the mass before it is below p.",
        "order = np.argsort(-probs); before = np.cumsum(probs[order]) - probs[order]; keep order[before < p].",
    ),
)


@exercise.solution
def nucleus(logits, p):
    """logits (vocab,), 0 < p <= 1 -> probabilities (vocab,): the fewest likeliest tokens that reach p, renormalised."""
    probs = np.exp(logits - logits.max())
    probs = probs / probs.sum()
    order = np.argsort(-probs)
    reached = np.cumsum(probs[order]) - probs[order] < p  # the mass before each token
    kept = np.zeros_like(probs)
    kept[order[reached]] = probs[order[reached]]
    return kept / kept.sum()


@exercise.adapt
def in_order(answer, logits, p):
    """The probabilities; sorted where logits are equal, for then it is open which of them stay."""
    probabilities = answer(logits, p)
    return np.sort(probabilities)[::-1] if len(np.unique(logits)) < len(logits) else probabilities


@exercise.part("Four tokens", points=1)
def four(rng):
    yield case(np.log([0.5, 0.3, 0.15, 0.05]), 0.6, note="0.5 is not enough, 0.5 + 0.3 is")
    yield case(np.log([0.1, 0.2, 0.4, 0.3]), 0.65, note="not in order")
    yield case(np.log([0.5, 0.3, 0.15, 0.05]), 0.4, note="the likeliest alone reaches p")


@exercise.part("Any logits, any p", points=1)
def any_logits(rng):
    for vocab, p in ((9, 0.9), (6, 0.3), (12, 0.75), (5, 0.99), (9, 0.9), (60, 0.95)):
        yield case(2 * rng.normal(size=vocab), p)
    yield case(np.array([0.3, -0.2, 1.0, 0.1]), 1.0, note="p = 1: everything")
    yield case(np.log([0.6, 0.3995, 0.0005]), 0.9998, note="the last token makes the difference")
    yield case(np.log([0.3, 0.6, 0.1]), 0.6001, note="0.6 does not quite reach p")
    yield case(np.log([0.3, 0.6, 0.1]), 0.5999, note="0.6 just reaches p")
    yield case(np.zeros(200) - np.arange(200) * 0.01, 0.9, note="200 tokens")
    yield case(np.array([3.0]), 0.5)
    yield case(np.zeros(4), 0.4, note="four equal tokens, of which two reach p")
    yield case(np.zeros(2), 0.5, note="two equal tokens, of which one reaches p")
    yield case(np.array([900.0, 899.0, 898.5, -900.0]), 0.8, note="large logits")
    yield case(np.log([0.3, 0.25, 0.05, 0.4]), 1e-6, note="a tiny p still keeps one token")


@exercise.equivalent
def with_a_loop(logits, p):
    w = [float(np.exp(z - max(logits))) for z in logits]
    total, mass, kept = sum(w), 0.0, []
    for token in sorted(range(len(w)), key=lambda t: -w[t]):
        if mass >= p * total and kept:
            break
        kept.append(token)
        mass += w[token]
    return [w[t] / mass if t in kept else 0.0 for t in range(len(w))]


@exercise.equivalent
def with_a_threshold(logits, p):
    q = np.exp(logits - np.logaddexp.reduce(logits))
    falling = np.sort(q)[::-1]
    count = min(np.searchsorted(np.cumsum(falling), p) + 1, q.size)
    q[np.argsort(q)[: q.size - count]] = 0.0
    return q / q.sum()


@exercise.equivalent
def mass_of_the_likelier(logits, p):
    q = np.exp(logits - logits.max())
    q /= q.sum()
    earlier = np.arange(q.size)[None, :] < np.arange(q.size)[:, None]
    likelier = ((q[None, :] > q[:, None]) | (q[None, :] == q[:, None]) & earlier) @ q
    q = q * (likelier < p)
    return q / q.sum()


def _probs(logits):
    e = np.exp(logits - logits.max())
    return e / e.sum()


def _keep(probs, order, kept):
    out = np.zeros_like(probs)
    out[order[kept]] = probs[order[kept]]
    return out


@exercise.mistake("The token that crosses the line is missing")
def crossing_token_left_out(logits, p):
    """The set stops *before* it reaches p; it should stop with the token that takes it there.

    - With 0.5, 0.3 and p = 0.6: is 0.5 enough?
    - A token stays if the mass *before* it is below p.
    - cumsum - probs < p
    """
    probs = _probs(logits)
    order = np.argsort(-probs)
    kept = _keep(probs, order, np.cumsum(probs[order]) <= p)
    return kept / kept.sum()


@exercise.mistake("One token too many")
def one_token_too_many(logits, p):
    """The set goes on for one token after it has reached p.

    - With 0.5, 0.3 and p = 0.4: which tokens are needed?
    - The smallest set that reaches p.
    - Compare the mass before each token.
    """
    probs = _probs(logits)
    order = np.argsort(-probs)
    before = np.cumsum(probs[order]) - probs[order]
    reached = before < p
    reached[: min(reached.sum() + 1, len(reached))] = True
    kept = _keep(probs, order, reached)
    return kept / kept.sum()


@exercise.mistake("Not renormalised")
def not_renormalised(logits, p):
    """The kept probabilities don't sum to 1 any more.

    - What do the kept ones sum to?
    - Divide by their sum.
    - kept / kept.sum()
    """
    probs = _probs(logits)
    order = np.argsort(-probs)
    return _keep(probs, order, np.cumsum(probs[order]) - probs[order] < p)


@exercise.mistake("The unlikely tokens come first")
def unlikely_first(logits, p):
    """The sorting runs the wrong way: the nucleus holds the least likely tokens.

    - Does argsort go up or down?
    - Likely ones first.
    - np.argsort(-probs)
    """
    probs = _probs(logits)
    order = np.argsort(probs)
    kept = _keep(probs, order, np.cumsum(probs[order]) - probs[order] < p)
    return kept / kept.sum()


@exercise.mistake("p was used as a threshold")
def threshold_on_probability(logits, p):
    """Tokens below probability p were dropped; it is the *sum* that has to reach p.

    - Can every token be below p?
    - The mass of the set counts.
    - Add the probabilities up, likeliest first: np.cumsum.
    """
    probs = _probs(logits)
    kept = np.where(probs >= min(p, probs.max()), probs, 0.0)
    return kept / kept.sum()


@exercise.mistake("The result is sorted")
def sorted_order_returned(logits, p):
    """The probabilities came back from likely to unlikely; each belongs to its own token.

    - Which token has entry 0 of your result?
    - Keep the order of the logits.
    - Write back with order.
    """
    return np.sort(nucleus(logits, p))[::-1]


@exercise.mistake("The tokens were not sorted")
def vocabulary_order(logits, p):
    """The running sum went through the vocabulary in its own order.

    - Which tokens are the most likely?
    - Sort first.
    - order = np.argsort(-probs)
    """
    probs = _probs(logits)
    kept = _keep(probs, np.arange(len(probs)), np.cumsum(probs) - probs < p)
    return kept / kept.sum()


@exercise.mistake("All kept tokens are equally likely")
def uniform_in_nucleus(logits, p):
    """Inside the nucleus the proportions stay as they were.

    - Is 0.5 more probable than 0.3?
    - Divide by the sum, don't flatten.
    - kept / kept.sum()
    """
    kept = nucleus(logits, p) > 0
    return kept / kept.sum()


@exercise.mistake("Nothing was cut")
def nothing_cut(logits, p):
    """That is the plain softmax.

    - Where does p enter?
    - Outside the nucleus: 0.
    - Keep only what is needed to reach p.
    """
    return _probs(logits)


@exercise.mistake(mc.NO_MAX)
def no_max(logits, p):
    probs = np.exp(logits) / np.exp(logits).sum()
    order = np.argsort(-probs)
    kept = _keep(probs, order, np.cumsum(probs[order]) - probs[order] < p)
    return kept / kept.sum()


@exercise.mistake(mc.CHANGES_INPUTS)
def changes(logits, p):
    logits -= logits.max()
    return nucleus(logits, p)


@exercise.mistake("Logits were returned")
def logits_not_probabilities(logits, p):
    """The kept logits came back instead of probabilities.

    - What should the result sum to?
    - Probabilities, renormalised.
    - Softmax first.
    """
    return np.where(nucleus(logits, p) > 0, logits, 0.0)
