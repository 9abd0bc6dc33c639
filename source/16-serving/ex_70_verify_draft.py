"""### Accept or correct a draft

A small model has drawn the tokens `draft` from its probabilities `q`, and the large model has computed its own, `p`, \
in one pass. Write `verify_draft(p, q, draft, rng)`: `p` is `(n + 1, vocab)`, `q` is `(n, vocab)`, and `draft` is \
`(n,)`, integers, with `n` 0 or more.

Go through the draft in order. Token `x = draft[k]` is **accepted** with the probability `min(1, p[k, x] / q[k, x])`. \
At the first one that is not, stop, and draw one token in its place from `max(p[k] - q[k], 0)`, divided by its sum. If \
all were accepted, draw one more token from `p[n]`.

Return an integer array: the accepted tokens and the one that was drawn. `rng` is a `numpy.random.Generator`, the only \
source of chance. For drafts that are drawn from `q`, each token is distributed exactly as one drawn from `p`.
"""

import copy
from dataclasses import dataclass

import numpy as np

from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array, Boolean, Difference, InvalidResult, Tuple


def outcomes(p, q, draft):
    """The probability of each outcome, (n + 2, vocab): k tokens accepted and then this one; the last row is no
    outcome."""
    n, vocab = q.shape
    chance, reached = np.zeros((n + 2, vocab)), 1.0
    for k, token in enumerate(draft):
        accept = min(1.0, p[k, token] / q[k, token])
        rest = np.maximum(p[k] - q[k], 0)
        chance[k] = reached * (1 - accept) * rest / max(rest.sum(), 1e-300)
        reached *= accept
    chance[n] = reached * p[n]
    return chance


def draws(p, q, draft):
    """How many times a draft is verified: often, unless there is only one thing that can happen."""
    return 25 if outcomes(p, q, draft).max() > 1 - 1e-9 else 200


@dataclass(frozen=True)
class Shares(Array):
    """How often each outcome was seen in `draws` draws; `expected` is its probability."""

    expected: np.ndarray | None = None
    draws: int = 1

    def compare(self, wanted, got):
        if wanted.shape != got.shape:
            return Difference(wanted, got)
        pooled = np.clip((wanted + got) / 2, 0, 1)
        wrong = np.abs(wanted - got) > 6 * np.sqrt(2 * pooled * (1 - pooled) / self.draws) + 1e-9
        if not self._off(wanted).any():  # not where two wrong answers are compared
            wrong |= self._off(got)
        else:  # one mistake shows an outcome again and again that the other never shows
            wrong |= (np.minimum(wanted, got) == 0) & (np.maximum(wanted, got) * self.draws > 20)
        return Difference(wanted, got, wrong) if wrong.any() else None

    def _off(self, seen):
        # Bernstein's inequality with a chance of e^-18. What is impossible is never seen.
        p = np.clip(self.expected, 0, 1)
        allowed = np.where(p < 1e-12, 0.0, 6 + np.sqrt(36 + 36 * self.draws * p * (1 - p)))
        return self.draws * np.abs(seen - p) > allowed + 1e-6


def answer(p, q, draft, rng):
    times = draws(p, q, draft)
    return Tuple(
        this_draft=Shares(expected=outcomes(p, q, draft), draws=times),
        first_token_of_drawn_drafts=Shares(expected=p[0], draws=times),
        same_rng_same_tokens=Boolean(),
    )


exercise = Exercise(
    topic="speculative decoding",
    answer=answer,
    hints=(
        "What is the chance that a draft token is accepted, if p gives it half of what q gives it?",
        "Accept with min(1, p / q); at the first rejection draw from max(p - q, 0), normalised; else from p[n].",
        "if rng.random() * q[k, x] >= p[k, x]: rest = np.maximum(p[k] - q[k], 0), then rng.choice with rest / "
        "rest.sum().",
    ),
)


@exercise.solution
def verify_draft(p, q, draft, rng):
    """p (n + 1, vocab), q (n, vocab), draft (n,) int, rng -> (1 to n + 1,) int, the accepted tokens and one more."""
    for k, token in enumerate(draft):
        if rng.random() * q[k, token] >= p[k, token]:
            rest = np.maximum(p[k] - q[k], 0)
            return np.append(draft[:k], rng.choice(len(rest), p=rest / rest.sum()))
    return np.append(draft, rng.choice(p.shape[1], p=p[-1]))


@exercise.adapt
def many_draws(answer, p, q, draft, rng):
    """The shares of the outcomes for this draft, those of the first token for drafts from q, and whether rng
    decides."""
    times = draws(p, q, draft)
    seen, first = np.zeros(outcomes(p, q, draft).shape), np.zeros(p.shape[1])
    drafts = (q.cumsum(axis=1) < rng.random((times, len(q), 1))).sum(axis=2)  # (times, n), each drawn from q
    for drawn in drafts:
        seen[_outcome(answer(p, q, draft.copy(), rng), p, draft)] += 1 / times
        first[_tokens(answer(p, q, drawn.copy(), rng), p, drawn)[0]] += 1 / times
    flat = np.full((1, 50), 1 / 50)  # among fifty equal tokens, chance of another source does not agree by accident
    none = flat[:0], np.zeros(0, dtype=int)
    pairs = [(answer(flat, *none, copy.deepcopy(rng)), answer(flat, *none, rng)) for _ in range(3)]
    return seen, first, all(np.array_equal(a, b) for a, b in pairs)


def _tokens(raw, p, draft):
    """The result as tokens; raises InvalidResult for what can't be one."""
    quick = isinstance(raw, np.ndarray) and raw.dtype == np.int64  # thousands are read
    tokens = raw if quick else Array("int").parse(raw)
    if tokens.ndim != 1 or not 1 <= len(tokens) <= len(draft) + 1:
        shape = f"an array of shape {tokens.shape}"
        raise InvalidResult(
            "wrong_length", f"It returned {shape}; of {len(draft)} drafted tokens 1 to {len(draft) + 1} are returned."
        )
    if not ((0 <= tokens) & (tokens < p.shape[1])).all():
        raise InvalidResult("no_token", f"It returned {tokens.tolist()}; a token is one of 0 to {p.shape[1] - 1}.")
    return tokens


def _outcome(raw, p, draft):
    """(accepted, last token), the index of what has happened; the last row where the accepted tokens are not the
    draft's."""
    tokens = _tokens(raw, p, draft)
    accepted = len(tokens) - 1
    same = np.array_equal(tokens[:-1], draft[:accepted])
    return (accepted if same else len(draft) + 1), tokens[-1]


@exercise.part("Certain cases", points=1)
def certain(rng):
    one, two = np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0])
    yield case(np.array([two, two]), one[None], np.array([0]), rng, note="p forbids token 0 and wants token 1")
    yield case(
        np.array([one, two]), one[None], np.array([0]), rng, note="p and q agree: accepted, then one more from p"
    )
    yield case(
        np.array([two, one, one, one]),
        np.array([two, two, two]),
        np.array([1, 1, 1]),
        rng,
        note="the second of three is rejected",
    )
    yield case(two[None], np.zeros((0, 3)), np.zeros(0, dtype=int), rng, note="no draft: one token from p")


@exercise.part("The chance of acceptance", points=1)
def chance(rng):
    yield case(
        np.array([[0.2, 0.3, 0.5], [0.0, 1.0, 0.0]]),
        np.array([[0.8, 0.1, 0.1]]),
        np.array([0]),
        rng,
        note="accepted once in four times",
    )
    yield case(
        np.array([[0.2, 0.3, 0.5], [0.3, 0.4, 0.3]]),
        np.array([[0.8, 0.1, 0.1]]),
        np.array([1]),
        rng,
        note="p gives token 1 more than q: always accepted",
    )
    yield case(
        np.array([[0.1, 0.8, 0.1], [0.2, 0.2, 0.6]]),
        np.array([[0.4, 0.5, 0.1]]),
        np.array([0]),
        rng,
        note="accepted once in four times; in its place always token 1",
    )
    yield case(
        np.array([[0.0, 0.5, 0.5], [1.0, 0.0, 0.0]]),
        np.array([[1.0, 0.0, 0.0]]),
        np.array([0]),
        rng,
        note="never accepted; in its place token 1 or 2",
    )


@exercise.part("Longer drafts", points=1)
def longer(rng):
    yield case(
        np.array([[0.25, 0.75, 0.0], [0.0, 0.5, 0.5], [0.9, 0.05, 0.05]]),
        np.array([[0.5, 0.25, 0.25], [0.25, 0.75, 0.0]]),
        np.array([0, 1], dtype=np.int32),
        rng,
        note="two; int32",
    )
    yield case(
        np.array([[0.5, 0.5], [0.5, 0.5], [0.5, 0.5], [1.0, 0.0]]),
        np.array([[1.0, 0.0]] * 3),
        np.array([0, 0, 0]),
        rng,
        note="each of three is accepted once in two times",
    )
    p, q = rng.dirichlet(np.ones(4), size=4), rng.dirichlet(np.full(4, 3.0), size=3)
    yield case(p, q, np.array([rng.choice(4, p=row) for row in q]), rng)
    yield case(
        np.tile(p[:1], (4, 1)), np.tile(p[:1], (3, 1)), np.array([2, 0, 1]), rng, note="q is p: all are accepted"
    )


@exercise.equivalent
def all_at_once(p, q, draft, rng):
    n = len(draft)
    x = p[np.arange(n), draft] / q[np.arange(n), draft]
    kept = int(np.cumprod(rng.random(n) < x).sum())
    last = p[n] if kept == n else np.clip(p[kept] - q[kept], 0, None)
    return np.concatenate([draft[:kept], [rng.choice(last.size, p=last / last.sum())]])


@exercise.equivalent
def in_logarithms(p, q, draft, rng):
    out = []
    for k, token in enumerate(draft):
        with np.errstate(divide="ignore"):
            gap = np.log(p[k, token]) - np.log(q[k, token])
        if -rng.exponential() > gap:
            weights = np.where(p[k] > q[k], p[k] - q[k], 0)
            return [*out, int((weights.cumsum() > rng.random() * weights.sum()).argmax())]
        out.append(token)
    return [*out, int((p[-1].cumsum() > rng.random() * p[-1].sum()).argmax())]


@exercise.equivalent
def with_gumbel_noise(p, q, draft, rng):
    q = np.vstack([q, np.zeros(p.shape[1])])  # after the draft nothing is taken off p
    stop = next((k for k, token in enumerate(draft) if rng.random() >= p[k][token] / q[k][token]), len(draft))
    with np.errstate(divide="ignore"):
        score = np.log(np.maximum(p[stop] - q[stop], 0)) + rng.gumbel(size=p.shape[1])
    return np.r_[draft[:stop], score.argmax()].astype(int)


exercise.equivalent_mutant(
    "rng.random() * q[k, token] >= p[k, token] -> rng.random() * q[k, token] > p[k, token]",
    because="the two numbers are equal once in about 2**53 draws",
)
