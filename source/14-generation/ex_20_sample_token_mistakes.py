"""The mistakes of `sample_token`."""

import numpy as np

from autograder.exercise import misconceptions as mc

from .ex_20_sample_token import exercise, sample_token


def _draw(z, rng):
    p = np.exp(z - z.max())
    return int(rng.choice(len(p), p=p / p.sum()))


def _cut(z, top_k):
    return z if top_k is None or top_k >= len(z) else np.where(z >= np.sort(z)[-top_k], z, -np.inf)


@exercise.mistake("Always the likeliest token")
def always_greedy(logits, rng, temperature=1.0, top_k=None):
    """No chance is involved: every draw is the argmax.

    - How often should a token of probability 0.3 come?
    - Draw with probabilities p.
    - rng.choice(len(p), p=p)
    """
    return int(np.argmax(logits))


@exercise.mistake("Multiplied by the temperature")
def temperature_multiplied(logits, rng, temperature=1.0, top_k=None):
    """A low temperature should make the choice bolder; multiplying makes it flatter.

    - What does dividing by 0.3 do to differences?
    - logits / temperature
    - Divide.
    """
    return int(np.argmax(logits)) if temperature == 0 else _draw(_cut(logits, top_k) * temperature, rng)


@exercise.mistake("The temperature is ignored")
def temperature_ignored(logits, rng, temperature=1.0, top_k=None):
    """Every temperature gives the same frequencies.

    - Where does temperature enter?
    - logits / temperature
    - Divide before the softmax.
    """
    return int(np.argmax(logits)) if temperature == 0 else _draw(_cut(logits, top_k), rng)


@exercise.mistake("Divided by the temperature twice")
def temperature_squared(logits, rng, temperature=1.0, top_k=None):
    """The frequencies are those of the temperature's square.

    - How often do you divide by the temperature?
    - logits / temperature, once.
    - Cut to the top k after dividing, or before; not both.
    """
    return int(np.argmax(logits)) if temperature == 0 else _draw(_cut(logits / temperature, top_k) / temperature, rng)


@exercise.mistake("The first k tokens were kept")
def top_k_positions(logits, rng, temperature=1.0, top_k=None):
    """The first k of the vocabulary stayed, not the k likeliest.

    - Which tokens are the likeliest?
    - np.argsort(-logits)[:top_k]
    - np.where(z >= np.sort(z)[-top_k], z, -np.inf)
    """
    return int(np.argmax(logits)) if temperature == 0 else _draw(logits[:top_k] / temperature, rng)


@exercise.mistake("The place among the sorted came back")
def place_not_token(logits, rng, temperature=1.0, top_k=None):
    """The number is a rank, not a token: after sorting, token 0 is somebody else.

    - Which token stands first after sorting?
    - Sort the tokens along: order = np.argsort(-logits).
    - return order[drawn]
    """
    return int(np.argmax(logits)) if temperature == 0 else _draw(np.sort(logits)[::-1][:top_k] / temperature, rng)


@exercise.mistake(mc.CHANGES_INPUTS)
def divides_in_place(logits, rng, temperature=1.0, top_k=None):
    """`logits /= ...` changes the array that was passed in, so the next draw divides once more."""
    if temperature == 0:
        return int(np.argmax(logits))
    logits /= temperature
    return _draw(_cut(logits, top_k), rng)


@exercise.mistake("The temperature came after the softmax")
def temperature_after_softmax(logits, rng, temperature=1.0, top_k=None):
    """Dividing probabilities and renormalising changes nothing; the logits have to be divided.

    - What does renormalising undo?
    - softmax(logits / temperature)
    - Divide first.
    """
    z = _cut(logits, top_k)
    p = np.exp(z - z.max()) / temperature
    return int(rng.choice(len(p), p=p / p.sum()))


@exercise.mistake("Temperature 0 divides by zero")
def temperature_zero_divides(logits, rng, temperature=1.0, top_k=None):
    """logits / 0 is infinite or NaN; temperature 0 means greedy.

    - What is 2.0 / 0 for an array?
    - Temperature 0: argmax.
    - Treat it first.
    """
    return _draw(_cut(logits, top_k) / temperature, rng)


@exercise.mistake("top_k is ignored")
def top_k_ignored(logits, rng, temperature=1.0, top_k=None):
    """Tokens outside the k likeliest were drawn.

    - Where does top_k enter?
    - Outside the top k: -inf.
    - Mask before the softmax.
    """
    return int(np.argmax(logits)) if temperature == 0 else _draw(logits / temperature, rng)


@exercise.mistake("The k least likely were kept")
def bottom_k(logits, rng, temperature=1.0, top_k=None):
    """The cut kept the wrong end.

    - Does np.sort go up or down?
    - The k largest logits stay.
    - np.sort(z)[-top_k]
    """
    if temperature == 0:
        return int(np.argmax(logits))
    return _draw(
        -_cut(-logits, top_k) / temperature
        if top_k is None or top_k >= len(logits)
        else np.where(np.isfinite(_cut(-logits, top_k)), logits, -np.inf) / temperature,
        rng,
    )


@exercise.mistake("The others got a logit of 0")
def top_k_zeroed(logits, rng, temperature=1.0, top_k=None):
    """A logit of 0 is not impossible, and next to negative logits it is even the likeliest; only -inf removes a token.

    - What is exp(0)?
    - Outside the top k: -inf.
    - np.where(..., -np.inf)
    """
    if temperature == 0:
        return int(np.argmax(logits))
    z = _cut(logits, top_k)
    return _draw(np.where(np.isneginf(z) & ~np.isneginf(logits), 0.0, z) / temperature, rng)


@exercise.mistake("k - 1 or k + 1 tokens were kept")
def top_k_one_off(logits, rng, temperature=1.0, top_k=None):
    """The cut is off by one.

    - How many tokens are at or above np.sort(z)[-k]?
    - k
    - [-top_k], not [-top_k - 1]
    """
    if temperature == 0:
        return int(np.argmax(logits))
    return _draw(_cut(logits, top_k and top_k + 1) / temperature, rng)


@exercise.mistake("rng is not used")
def own_random_numbers(logits, rng, temperature=1.0, top_k=None):
    """The chance comes from elsewhere, so the same rng gives different tokens.

    - Which generator did you call?
    - Use the rng that is passed in.
    - rng.choice, not np.random.choice
    """
    return sample_token(logits, np.random.default_rng(), temperature, top_k)


@exercise.mistake("A new generator each call")
def fixed_seed_inside(logits, rng, temperature=1.0, top_k=None):
    """A generator with a fixed seed inside the function draws the same token every time.

    - What does default_rng(0) draw first, every time?
    - Use the rng that is passed in.
    - Don't make a generator.
    """
    return sample_token(logits, np.random.default_rng(0), temperature, top_k)


@exercise.mistake("All tokens are equally likely")
def uniform_choice(logits, rng, temperature=1.0, top_k=None):
    """The probabilities were not passed to the draw.

    - What does rng.choice do without p?
    - p = softmax(...)
    - rng.choice(len(p), p=p)
    """
    return int(np.argmax(logits)) if temperature == 0 else int(rng.integers(len(logits)))


@exercise.mistake(mc.NO_MAX)
def no_max(logits, rng, temperature=1.0, top_k=None):
    """exp(800) is infinite, so large logits give NaN probabilities."""
    if temperature == 0:
        return int(np.argmax(logits))
    p = np.exp(_cut(logits, top_k) / temperature)
    return int(rng.choice(len(p), p=p / p.sum()))
