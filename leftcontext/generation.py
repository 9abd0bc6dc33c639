"""Text from a little model, token by token.

Axis letters: T positions, V vocabulary.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leftcontext.language import Language
from leftcontext.layers import Array
from leftcontext.model import Transformer


def generate(
    model: Transformer,
    prompt: ArrayLike,
    length: int | None = None,
    *,
    rng: np.random.Generator | int = 0,
    temperature: float = 1.0,
    allowed: ArrayLike | None = None,
) -> NDArray[np.intp]:
    """Continue a prompt (..., t) until it is `length` tokens long (..., length), by default one more than the context.

    Each token is drawn from the logits of the last position, given the tokens so far (the last `context` of them).
    Temperature 0 takes the likeliest. `allowed` replaces the model's own mask.
    """
    rng = np.random.default_rng(rng)
    prompt = np.asarray(prompt, dtype=np.intp)  # (..., t)
    context = model.config.context
    length = context + 1 if length is None else length
    known = min(prompt.shape[-1], length)
    tokens = np.empty((*prompt.shape[:-1], length), dtype=np.intp)  # (..., length)
    tokens[..., :known] = prompt[..., :known]
    for t in range(known, length):
        logits = model.logits(tokens[..., max(0, t - context) : t], allowed)  # (..., t, V)
        tokens[..., t] = choose(logits[..., -1, :], rng, temperature)
    return tokens


def generate_texts(
    model: Transformer,
    texts: int,
    *,
    rng: np.random.Generator | int = 0,
    temperature: float = 1.0,
    allowed: ArrayLike | None = None,
) -> NDArray[np.intp]:
    """Whole windows from nothing but the full stop that stands before every text (texts, context), itself left out."""
    stop = np.zeros((texts, 1), dtype=np.intp)
    return generate(model, stop, rng=rng, temperature=temperature, allowed=allowed)[:, 1:]


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
