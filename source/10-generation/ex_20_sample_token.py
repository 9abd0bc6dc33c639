"""### Draw the next token

Greedy text repeats itself. Drawing from the model's probabilities does not. Two knobs: **temperature** divides the logits before the softmax (below 1: bolder);
**top-k** keeps only the `k` likeliest tokens.

Write `sample_token(logits, rng, temperature=1.0, top_k=None)`: `logits` is `(vocab,)`, `rng` a `numpy.random.Generator`, the only source of chance. Return one token, an int.
Temperature 0 means greedy. `top_k` is `None` or at least 1, and may exceed the vocabulary. Logits may be large, or `-inf` (never drawn).
"""

import copy

import numpy as np

from autograder import misconceptions as idea
from autograder.answers import Array, Difference, Integer, Truth, Tuple
from autograder.authoring import Exercise, Misconception, case

DRAWS = 300


class Frequencies(Array):
    """How often each token was drawn. Two samples agree within six standard errors; what is impossible is never drawn."""

    def difference(self, wanted, got):
        if wanted.shape != got.shape:
            return Difference(wanted, got)
        pooled = (wanted + got) / 2
        allowance = 6 * np.sqrt(2 * pooled * (1 - pooled) / DRAWS) + 1e-9
        wrong = np.abs(wanted - got) > allowance
        return Difference(wanted, got, wrong) if wrong.any() else None


exercise = Exercise(
    topic="sampling",
    answer=Tuple(frequencies=Frequencies(), same_rng_same_token=Truth()),
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


@exercise.use
def many_draws(answer, logits, rng, temperature=1.0, top_k=None):
    """The frequencies of many draws, and whether the same state of rng gives the same token."""
    draws = DRAWS if temperature else 1
    tokens = np.array([Integer().read(answer(logits, rng, temperature=temperature, top_k=top_k)) for _ in range(draws)])
    flat = np.zeros(50)  # among fifty equal tokens, chance of another source does not agree by accident
    pairs = [(answer(flat, copy.deepcopy(rng)), answer(flat, rng)) for _ in range(6 if temperature else 0)]
    return np.bincount(tokens, minlength=len(logits)) / draws, all(a == b for a, b in pairs)


@exercise.part("Greedy", points=1)
def greedy(rng):
    yield case(np.array([0.0, 2.0, 1.0]), rng, temperature=0, note="temperature 0: always token 1")
    yield case(np.array([5.0, 1.0, 2.0, 9.0]), rng, temperature=0.0)
    yield case(np.array([0.0, 2.0, 1.0]), rng, top_k=1, note="only the likeliest is left")


@exercise.part("Probabilities", points=1)
def probabilities(rng):
    yield case(np.log([0.05, 0.8, 0.15]), rng, note="frequencies near 0.05, 0.8, 0.15")
    yield case(np.append(np.zeros(30), 5.0), rng, note="30 unlikely tokens, and one drawn in 5 of 6 tries")
    yield case(np.array([800.0, 799.0, -800.0]), rng, note="large logits")
    yield case(np.array([0.0, -np.inf, 0.0]), rng, note="token 1 is impossible")


@exercise.part("Temperature and top-k", points=1)
def knobs(rng):
    yield case(np.log([0.1, 0.8, 0.1]), rng, temperature=0.2, note="bolder")
    yield case(np.log([0.02, 0.9, 0.08]), rng, temperature=4.0, note="flatter")
    yield case(np.log([0.15, 0.3, 0.35, 0.2]), rng, top_k=2, note="only tokens 1 and 2")
    yield case(np.log([0.4, 0.25, 0.35]), rng, top_k=9, note="more than there are")
    yield case(np.log([0.1, 0.3, 0.2, 0.4]), rng, temperature=0.5, top_k=3)


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


@exercise.mistake(idea.NO_MAX, says="exp(800) is infinite, so large logits give NaN probabilities.")
def no_max(logits, rng, temperature=1.0, top_k=None):
    if temperature == 0:
        return int(np.argmax(logits))
    p = np.exp(_cut(logits, top_k) / temperature)
    return int(rng.choice(len(p), p=p / p.sum()))


exercise.survives("int(np.argmax(logits)) -> np.argmax(logits)", because="a NumPy integer is an integer too")
exercise.survives(
    "int(rng.choice(len(p), p=p / p.sum())) -> rng.choice(len(p), p=p / p.sum())",
    because="a NumPy integer is an integer too",
)
exercise.survives("top_k < len(z) -> top_k <= len(z)", because="keeping all of the tokens cuts nothing")
