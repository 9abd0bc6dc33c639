"""Text from a little model, token by token.

Axis letters: T positions, V vocabulary.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leftcontext.language.language import Language
from leftcontext.model.layers import Array
from leftcontext.model.transformer import Transformer


def generate(
    model: Transformer,
    prompt: ArrayLike,
    length: int | None = None,
    *,
    rng: np.random.Generator | int = 0,
    temperature: float = 1.0,
    allowed: ArrayLike | None = None,
    padded: bool = False,
) -> NDArray[np.intp]:
    """Continue a prompt (..., t) until it is `length` tokens long (..., length), by default one more than the context.

    Each token is drawn from the logits of the last position, given the tokens so far (the last `context` of them).
    Temperature 0 takes the likeliest. `allowed` replaces the model's own mask. `padded` always runs the model on a whole
    window, as programs with fixed shapes do: full stops stand where nothing is written yet, and only a mask hides them.
    """
    rng = np.random.default_rng(rng)
    prompt = np.asarray(prompt, dtype=np.intp)  # (..., t)
    context = model.config.context
    length = context + 1 if length is None else length
    known = min(prompt.shape[-1], length)
    tokens = np.zeros((*prompt.shape[:-1], max(length, context)), dtype=np.intp)  # (..., length or more)
    tokens[..., :known] = prompt[..., :known]
    for t in range(known, length):
        begin = max(0, t - context)
        logits = model.logits(tokens[..., begin : begin + context if padded else t], allowed)  # (..., T, V)
        tokens[..., t] = choose(logits[..., t - 1 - begin, :], rng, temperature)
    return tokens[..., :length]


def generate_texts(
    model: Transformer,
    texts: int,
    *,
    rng: np.random.Generator | int = 0,
    temperature: float = 1.0,
    allowed: ArrayLike | None = None,
    padded: bool = False,
) -> NDArray[np.intp]:
    """Whole windows from nothing but the full stop that stands before every text (texts, context), itself left out."""
    stop = np.zeros((texts, 1), dtype=np.intp)
    return generate(model, stop, rng=rng, temperature=temperature, allowed=allowed, padded=padded)[:, 1:]


def choose(logits: Array, rng: np.random.Generator, temperature: float = 1.0) -> NDArray[np.intp]:
    """Logits (..., V) → tokens (...), drawn by the Gumbel trick: argmax of logits + noise is a draw from softmax."""
    if temperature < 0:
        raise ValueError(f"temperature must not be negative, got {temperature}")
    if temperature == 0:
        return logits.argmax(-1)
    return (logits / temperature + rng.gumbel(size=logits.shape)).argmax(-1)


def share_legal(language: Language, texts: NDArray[np.integer]) -> float:
    """The share of texts (B, T) that are legal in every token: the honest score of a generator."""
    return float(language.is_legal(texts).mean())
