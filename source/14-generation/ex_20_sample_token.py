"""### Draw the next token

Greedy decoding always gives the same text, and often that text repeats itself. Drawing from the \
model's probabilities gives variety. Two knobs: **temperature** divides the \
logits before the softmax (below 1: bolder);
**top-k** keeps only the `k` likeliest tokens.

Write `sample_token(logits, rng, temperature=1.0, top_k=None)`: `logits` is `(vocab,)`, `rng` a \
`numpy.random.Generator`, the only source of chance. Return one token, an int.
Temperature 0 means greedy. Of equal logits, greedy may take any; and where logits equal the k-th likeliest, it is \
open which of them are kept, and whether all are. `top_k` is `None` or at least 1, and may exceed the vocabulary. \
Logits may be large, or \
`-inf` (never drawn).
"""

import copy
from dataclasses import dataclass

import numpy as np

from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array, Boolean, Difference, Integer, InvalidResult, Tuple


def draws(temperature, top_k):
    """How many tokens are drawn: many where a temperature bends the probabilities, for they have to be told apart."""
    if temperature == 0 or top_k == 1:
        return 30
    return 1200 if temperature != 1 and top_k is None else 300


def expected(logits, temperature, top_k):
    """The probability of each token."""
    kept = np.argsort(-logits)[: top_k if temperature else 1]
    z = logits[kept] / (temperature or 1.0)
    p = np.zeros(len(logits))
    p[kept] = np.exp(z - z.max()) / np.exp(z - z.max()).sum()
    return p


@dataclass(frozen=True)
class Frequencies(Array):
    """How often each token was drawn, of `draws`; `expected` is how often it should be, in the long run."""

    expected: np.ndarray | None = None
    draws: int = 1

    def compare(self, wanted, got):
        if wanted.shape != got.shape:
            return Difference(wanted, got)
        wrong = self._apart(wanted, got) | self._apart(np.cumsum(wanted), np.cumsum(got))
        if not self._off(wanted).any():  # not where two wrong answers are compared
            wrong |= self._off(got)
        return Difference(wanted, got, wrong) if wrong.any() else None

    def _apart(self, one, other):
        pooled = np.clip((one + other) / 2, 0, 1)
        return np.abs(one - other) > 6 * np.sqrt(2 * pooled * (1 - pooled) / self.draws) + 1e-9

    def _off(self, seen):
        """Where chance can't explain it, for each token and for all up to it. What is impossible is never drawn."""
        return self._far(self.expected, seen) | self._far(np.cumsum(self.expected), np.cumsum(seen))

    def _far(self, p, seen):
        # Bernstein's inequality with a chance of e^-18: six standard errors, and a little more for rare tokens.
        variance = self.draws * np.clip(p * (1 - p), 0, 1)
        allowed = np.where(p == 0, 0.0, 6 + np.sqrt(36 + 36 * variance))
        return self.draws * np.abs(seen - p) > allowed + 1e-6


def answer(logits, rng, temperature=1.0, top_k=None):
    frequencies = Frequencies(expected=expected(logits, temperature, top_k), draws=draws(temperature, top_k))
    return Tuple(frequencies=frequencies, same_rng_same_token=Boolean())


exercise = Exercise(
    topic="sampling",
    answer=answer,
    hints=(
        "In which order: cut to the k likeliest, divide by the temperature, softmax, draw?",
        "p = softmax(logits / temperature), with -inf outside the top k; then draw with probabilities p.",
        "rng.choice(len(p), p=p)",
    ),
)


@exercise.solution
def sample_token(logits, rng, temperature=1.0, top_k=None):
    """logits (vocab,), rng -> one token (int), drawn from softmax(logits / temperature) among the top_k likeliest."""
    if temperature == 0:
        return int(np.argmax(logits))
    z = logits / temperature
    if top_k is not None and top_k < len(z):
        z = np.where(z >= np.sort(z)[-top_k], z, -np.inf)
    p = np.exp(z - z.max())
    return int(rng.choice(len(p), p=p / p.sum()))


@exercise.adapt
def many_draws(answer, logits, rng, **knobs):
    """The frequencies of many draws, and whether the same state of rng gives the same token."""
    times = draws(knobs.get("temperature", 1.0), knobs.get("top_k"))
    tokens = np.array([Integer().parse(answer(logits, rng, **knobs)) for _ in range(times)])
    if not ((0 <= tokens) & (tokens < len(logits))).all():
        raise InvalidResult("no_token", f"It returned {tokens.max()}; a token is one of 0 to {len(logits) - 1}.")
    flat = np.zeros(50)  # among fifty equal tokens, chance of another source does not agree by accident
    pairs = [(answer(flat, copy.deepcopy(rng)), answer(flat, rng)) for _ in range(6 if times > 1 else 0)]
    return np.bincount(tokens, minlength=len(logits)) / times, all(a == b for a, b in pairs)


@exercise.part("Greedy", points=1)
def greedy(rng):
    yield case(np.array([0.0, 2.0, 1.0]), rng, temperature=0, note="temperature 0: always token 1")
    yield case(np.array([5.0, 1.0, 2.0, 9.0]), rng, temperature=0.0)
    yield case(np.array([1.0, 3.0, 2.0, 2.5]), rng, temperature=0, top_k=2)
    yield case(np.array([0.0, 2.0, 1.0]), rng, top_k=1, note="only the likeliest is left")
    yield case(np.array([0.99, 1.0, 0.98]), rng, temperature=0, note="the likeliest is only a little ahead")


@exercise.part("Probabilities", points=1)
def probabilities(rng):
    yield case(np.log([0.05, 0.8, 0.15]), rng, note="frequencies near 0.05, 0.8, 0.15")
    yield case(np.append(np.zeros(150), 5.0), rng, note="150 unlikely tokens, and one drawn in every second try")
    yield case(-0.02 * np.arange(400), rng, note="400 tokens, each a little less likely than the one before")
    yield case(np.array([800.0, 799.0, -800.0]), rng, note="large logits")
    yield case(np.array([0.0, -np.inf, 0.0]), rng, note="token 1 is impossible")


@exercise.part("Temperature and top-k", points=1)
def knobs(rng):
    yield case(np.log([0.3, 0.4, 0.3]), rng, temperature=0.3, note="bolder")
    yield case(np.log([0.33, 0.35, 0.32]), rng, temperature=0.05, note="much bolder")
    yield case(np.log([0.02, 0.9, 0.08]), rng, temperature=2.0, note="flatter")
    yield case(np.log([0.15, 0.3, 0.35, 0.2]), rng, top_k=2, note="only tokens 1 and 2")
    yield case(np.log([0.4, 0.25, 0.35]), rng, top_k=9, note="more than there are")
    yield case(np.log([0.1, 0.3, 0.2, 0.4]), rng, temperature=0.3, top_k=3)
    yield case(np.log([0.2, 0.01, 0.3, 0.49]), rng, temperature=3.0, top_k=2)
    yield case(np.array([-2001.0, -2000.0, -2002.0]), rng, top_k=2, note="all logits far below 0")
    yield case(np.array([1.0, -np.inf, 0.5, -np.inf]), rng, temperature=2.0, top_k=3, note="two are impossible")


@exercise.equivalent
def with_gumbel_noise(logits, rng, temperature=1.0, top_k=None):
    if temperature == 0:
        return np.argmax(logits)
    z = np.array(logits, dtype=float)
    z[np.argsort(-z)[len(z) if top_k is None else top_k :]] = -np.inf
    return np.argmax(z / temperature + rng.gumbel(size=len(z)))


@exercise.equivalent
def by_the_inverse_of_the_cdf(logits, rng, temperature=1.0, top_k=None):
    order = sorted(range(len(logits)), key=lambda token: -logits[token])
    if temperature < 1e-8:
        return order[0]
    order = order[:top_k]
    p = [np.exp((logits[token] - logits[order[0]]) / temperature) for token in order]
    point = rng.random() * sum(p)
    for token, mass in zip(order, p, strict=True):
        point -= mass
        if point < 0:
            return token
    return order[0]


@exercise.equivalent
def with_multinomial(logits, rng, temperature=1.0, top_k=None):
    if not temperature:
        return logits.argmax()
    keep = np.argsort(logits)[::-1][: top_k or len(logits)]
    p = np.exp((logits[keep] - logits[keep].max()) / temperature)
    return keep[rng.multinomial(1, p / p.sum()).argmax()]


exercise.equivalent_mutant("int(np.argmax(logits)) -> np.argmax(logits)", because="a NumPy integer is an integer too")
exercise.equivalent_mutant(
    "int(rng.choice(len(p), p=p / p.sum())) -> rng.choice(len(p), p=p / p.sum())",
    because="a NumPy integer is an integer too",
)
exercise.equivalent_mutant("top_k < len(z) -> top_k <= len(z)", because="keeping all of the tokens cuts nothing")
