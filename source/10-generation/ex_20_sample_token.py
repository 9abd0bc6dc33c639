"""### Draw the next token

Greedy text repeats itself. Drawing from the model's probabilities does not. Two knobs: **temperature** divides the logits before the softmax (below 1: bolder);
**top-k** keeps only the `k` likeliest tokens.

Write `sample_token(logits, rng, temperature=1.0, top_k=None)`: `logits` is `(vocab,)`, `rng` a `numpy.random.Generator`, the only source of chance. Return one token, an int.
Temperature 0 means greedy. `top_k` is `None` or at least 1, and may exceed the vocabulary. Logits may be large, or `-inf` (never drawn).
"""

import copy
from dataclasses import dataclass

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, Misconception, case
from autograder.exercise.results import Array, Boolean, Difference, Integer, InvalidResult, Tuple


def draws(temperature, top_k):
    """How many tokens are drawn: many where a temperature bends the probabilities, for they have to be told apart."""
    if temperature == 0 or top_k == 1:
        return 1 if temperature == 0 else 30
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
        """Where chance can't explain it, for each token and for all tokens up to it. What is impossible is never drawn."""
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


def _draw(z, rng):
    p = np.exp(z - z.max())
    return int(rng.choice(len(p), p=p / p.sum()))


def _cut(z, top_k):
    return z if top_k is None or top_k >= len(z) else np.where(z >= np.sort(z)[-top_k], z, -np.inf)


@exercise.mistake(
    Misconception("always_greedy", "Always the likeliest token", "No chance is involved: every draw is the argmax.",
                  ("How often should a token of probability 0.3 come?", "Draw with probabilities p.", "rng.choice(len(p), p=p)"))
)  # fmt: skip
def always_greedy(logits, rng, temperature=1.0, top_k=None):
    return int(np.argmax(logits))


@exercise.mistake(
    Misconception("temperature_multiplied", "Multiplied by the temperature", "A low temperature should make the choice bolder; multiplying makes it flatter.",
                  ("What does dividing by 0.3 do to differences?", "logits / temperature", "Divide."))
)  # fmt: skip
def multiplied(logits, rng, temperature=1.0, top_k=None):
    return int(np.argmax(logits)) if temperature == 0 else _draw(_cut(logits, top_k) * temperature, rng)


@exercise.mistake(
    Misconception("temperature_ignored", "The temperature is ignored", "Every temperature gives the same frequencies.",
                  ("Where does temperature enter?", "logits / temperature", "Divide before the softmax."))
)  # fmt: skip
def no_temperature(logits, rng, temperature=1.0, top_k=None):
    return int(np.argmax(logits)) if temperature == 0 else _draw(_cut(logits, top_k), rng)


@exercise.mistake(
    Misconception("temperature_squared", "Divided by the temperature twice", "The frequencies are those of the temperature's square.",
                  ("How often do you divide by the temperature?", "logits / temperature, once.", "Cut to the top k after dividing, or before; not both."))
)  # fmt: skip
def divided_twice(logits, rng, temperature=1.0, top_k=None):
    return int(np.argmax(logits)) if temperature == 0 else _draw(_cut(logits / temperature, top_k) / temperature, rng)


@exercise.mistake(
    Misconception("top_k_positions", "The first k tokens were kept", "The first k of the vocabulary stayed, not the k likeliest.",
                  ("Which tokens are the likeliest?", "np.argsort(-logits)[:top_k]", "np.where(z >= np.sort(z)[-top_k], z, -np.inf)"))
)  # fmt: skip
def first_k(logits, rng, temperature=1.0, top_k=None):
    return int(np.argmax(logits)) if temperature == 0 else _draw(logits[:top_k] / temperature, rng)


@exercise.mistake(
    Misconception("place_not_token", "The place among the sorted came back", "The number is a rank, not a token: after sorting, token 0 is somebody else.",
                  ("Which token stands first after sorting?", "Sort the tokens along: order = np.argsort(-logits).", "return order[drawn]"))
)  # fmt: skip
def rank_returned(logits, rng, temperature=1.0, top_k=None):
    return int(np.argmax(logits)) if temperature == 0 else _draw(np.sort(logits)[::-1][:top_k] / temperature, rng)


@exercise.mistake(mc.CHANGES_INPUTS, message="`logits /= ...` changes the array that was passed in, so the next draw divides once more.")
def divides_in_place(logits, rng, temperature=1.0, top_k=None):
    if temperature == 0:
        return int(np.argmax(logits))
    logits /= temperature
    return _draw(_cut(logits, top_k), rng)


@exercise.mistake(
    Misconception("temperature_after_softmax", "The temperature came after the softmax", "Dividing probabilities and renormalising changes nothing; the logits have to be divided.",
                  ("What does renormalising undo?", "softmax(logits / temperature)", "Divide first."))
)  # fmt: skip
def zero_not_handled(logits, rng, temperature=1.0, top_k=None):
    z = _cut(logits, top_k)
    p = np.exp(z - z.max()) / temperature
    return int(rng.choice(len(p), p=p / p.sum()))


@exercise.mistake(
    Misconception("temperature_zero_divides", "Temperature 0 divides by zero", "logits / 0 is infinite or NaN; temperature 0 means greedy.",
                  ("What is 2.0 / 0 for an array?", "Temperature 0: argmax.", "Treat it first."))
)  # fmt: skip
def divides_by_zero(logits, rng, temperature=1.0, top_k=None):
    return _draw(_cut(logits, top_k) / temperature, rng)


@exercise.mistake(
    Misconception("top_k_ignored", "top_k is ignored", "Tokens outside the k likeliest were drawn.",
                  ("Where does top_k enter?", "Outside the top k: -inf.", "Mask before the softmax."))
)  # fmt: skip
def no_top_k(logits, rng, temperature=1.0, top_k=None):
    return int(np.argmax(logits)) if temperature == 0 else _draw(logits / temperature, rng)


@exercise.mistake(
    Misconception("bottom_k", "The k least likely were kept", "The cut kept the wrong end.",
                  ("Does np.sort go up or down?", "The k largest logits stay.", "np.sort(z)[-top_k]"))
)  # fmt: skip
def bottom_k(logits, rng, temperature=1.0, top_k=None):
    if temperature == 0:
        return int(np.argmax(logits))
    return _draw(-_cut(-logits, top_k) / temperature if top_k is None or top_k >= len(logits) else np.where(np.isfinite(_cut(-logits, top_k)), logits, -np.inf) / temperature, rng)


@exercise.mistake(
    Misconception("top_k_zeroed", "The others got a logit of 0", "A logit of 0 is not impossible, and next to negative logits it is even the likeliest; only -inf removes a token.",
                  ("What is exp(0)?", "Outside the top k: -inf.", "np.where(..., -np.inf)"))
)  # fmt: skip
def zeroed(logits, rng, temperature=1.0, top_k=None):
    if temperature == 0:
        return int(np.argmax(logits))
    z = _cut(logits, top_k)
    return _draw(np.where(np.isneginf(z) & ~np.isneginf(logits), 0.0, z) / temperature, rng)


@exercise.mistake(
    Misconception("top_k_one_off", "k - 1 or k + 1 tokens were kept", "The cut is off by one.",
                  ("How many tokens are at or above np.sort(z)[-k]?", "k", "[-top_k], not [-top_k - 1]"))
)  # fmt: skip
def one_off(logits, rng, temperature=1.0, top_k=None):
    if temperature == 0:
        return int(np.argmax(logits))
    return _draw(_cut(logits, top_k and top_k + 1) / temperature, rng)


@exercise.mistake(
    Misconception("own_random_numbers", "rng is not used", "The chance comes from elsewhere, so the same rng gives different tokens.",
                  ("Which generator did you call?", "Use the rng that is passed in.", "rng.choice, not np.random.choice"))
)  # fmt: skip
def own_chance(logits, rng, temperature=1.0, top_k=None):
    return sample_token(logits, np.random.default_rng(), temperature, top_k)


@exercise.mistake(
    Misconception("fixed_seed_inside", "A new generator each call", "A generator with a fixed seed inside the function draws the same token every time.",
                  ("What does default_rng(0) draw first, every time?", "Use the rng that is passed in.", "Don't make a generator."))
)  # fmt: skip
def fixed_seed(logits, rng, temperature=1.0, top_k=None):
    return sample_token(logits, np.random.default_rng(0), temperature, top_k)


@exercise.mistake(
    Misconception("uniform_choice", "All tokens are equally likely", "The probabilities were not passed to the draw.",
                  ("What does rng.choice do without p?", "p = softmax(...)", "rng.choice(len(p), p=p)"))
)  # fmt: skip
def uniform(logits, rng, temperature=1.0, top_k=None):
    return int(np.argmax(logits)) if temperature == 0 else int(rng.integers(len(logits)))


@exercise.mistake(mc.NO_MAX, message="exp(800) is infinite, so large logits give NaN probabilities.")
def no_max(logits, rng, temperature=1.0, top_k=None):
    if temperature == 0:
        return int(np.argmax(logits))
    p = np.exp(_cut(logits, top_k) / temperature)
    return int(rng.choice(len(p), p=p / p.sum()))


exercise.equivalent_mutant("int(np.argmax(logits)) -> np.argmax(logits)", because="a NumPy integer is an integer too")
exercise.equivalent_mutant(
    "int(rng.choice(len(p), p=p / p.sum())) -> rng.choice(len(p), p=p / p.sum())",
    because="a NumPy integer is an integer too",
)
exercise.equivalent_mutant("top_k < len(z) -> top_k <= len(z)", because="keeping all of the tokens cuts nothing")
