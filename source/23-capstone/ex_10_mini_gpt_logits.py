"""### The forward pass

Write `mini_gpt_logits(params, tokens)`: `tokens (..., T)` → logits `(..., T, vocab)`, for a transformer of one layer. \
`params` is a dictionary of arrays:

| name | shape | | name | shape |
|---|---|---|---|---|
| `E` | `(vocab, D)` | | `Wo` | `(H, d, D)` |
| `P` | `(context, D)`, `T <= context` | | `W1` | `(D, F)` |
| `Wq`, `Wk`, `Wv` | `(H, D, d)` | | `W2`, `U` | `(F, D)`, `(D, vocab)` |

With `norm(x) = x / sqrt(mean(x², last axis) + 1e-5)`:
**1.** `x = E[tokens] + P[:T]`. **2.** `h = norm(x)`; each head's causal attention on `h Wq`, `h Wk`, `h Wv`, scaled \
by `sqrt(d)` (scores may be large), goes back through its `Wo`; add the heads' sum to `x`.
**3.** `x = x + relu(norm(x) W1) W2`. **4.** logits `= norm(x) U`.
"""

import numpy as np

from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array
from leftcontext.model.mini_gpt import init_params

exercise = Exercise(
    topic="a whole transformer",
    answer=Array(),
    hints=(
        "Check the parts one by one: what is x after step 1, for two tokens and D = 4?",
        "q = h Wq for each head: (..., H, T, d). Then attention as in unit 07, and o Wo summed over the heads.",
        (
            "h[..., None, :, :] @ params['Wq'] makes (..., H, T, d); (o @ params['Wo']).sum(axis=-3) goes back to "
            "(..., T, D)."
        ),
    ),
)


@exercise.solution
def mini_gpt_logits(params, tokens):
    """params: the table above, tokens (..., T) int -> logits (..., T, vocab)."""

    def norm(x):
        return x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + 1e-5)

    T, d = tokens.shape[-1], params["Wq"].shape[-1]
    x = params["E"][tokens] + params["P"][:T]  # (..., T, D)
    h = norm(x)[..., None, :, :]  # (..., 1, T, D)
    q, k, v = h @ params["Wq"], h @ params["Wk"], h @ params["Wv"]  # (..., H, T, d)
    scores = np.where(np.tri(T, dtype=bool), q @ np.swapaxes(k, -1, -2) / np.sqrt(d), -np.inf)
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = weights / weights.sum(axis=-1, keepdims=True)  # (..., H, T, T)
    x = x + (weights @ v @ params["Wo"]).sum(axis=-3)
    x = x + np.maximum(norm(x) @ params["W1"], 0) @ params["W2"]
    return norm(x) @ params["U"]


def _model(rng, vocab=6, context=8, width=4, heads=2, hidden=5):
    params = init_params(vocab, context, width, heads, hidden, seed=int(rng.integers(2**31)))
    return {name: 1.5 * array for name, array in params.items()}


@exercise.part("One sequence", points=2)
def one(rng):
    yield case(_model(rng, vocab=3, context=4, width=2, heads=1, hidden=3), np.array([0, 2]))
    yield case(_model(rng), np.array([5, 0, 3, 3]))
    yield case(_model(rng, heads=1), np.array([2]))
    yield case(_model(rng, vocab=9, context=7, width=6, heads=3, hidden=10), rng.integers(0, 9, size=7))
    sure = _model(rng)
    yield case(sure | {"Wq": 60 * sure["Wq"], "Wk": 60 * sure["Wk"]}, rng.integers(0, 6, size=8), note="large scores")
    yield case(
        sure | {"Wq": 2000 * sure["Wq"], "Wk": -2000 * sure["Wq"]},
        rng.integers(0, 6, size=6),
        note="own keys score far below 0",
    )
    yield case(_model(rng, context=20), rng.integers(0, 6, size=18), note="18 tokens")
    yield case(
        sure | {"E": 0.001 * sure["E"], "P": 0.001 * sure["P"]}, rng.integers(0, 6, size=4), note="small embeddings"
    )


@exercise.part("A batch", points=1)
def batch(rng):
    yield case(_model(rng), rng.integers(0, 6, size=(3, 5)))
    yield case(_model(rng, width=8, heads=4), rng.integers(0, 6, size=(2, 3, 4)))


@exercise.equivalent
def with_einsum(params, tokens):
    def norm(x):
        return x * np.reciprocal(np.sqrt(np.mean(np.square(x), -1, keepdims=True) + 1e-5))

    T = np.shape(tokens)[-1]
    x = params["E"][tokens] + params["P"][np.arange(T)]
    q, k, v = (np.einsum("...tc,hcd->...htd", norm(x), params[n]) for n in ("Wq", "Wk", "Wv"))
    s = np.einsum("...hid,...hjd->...hij", q, k) / q.shape[-1] ** 0.5 + np.triu(np.full((T, T), -1e9), 1)
    w = np.exp(s - np.logaddexp.reduce(s, axis=-1, keepdims=True))
    x = x + np.einsum("...hij,...hjd,hdc->...ic", w, v, params["Wo"])
    x = x + np.clip(norm(x) @ params["W1"], 0, None) @ params["W2"]
    return norm(x) @ params["U"]


@exercise.equivalent
def position_by_position(params, tokens):
    def norm(x):
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-5)

    rows = tokens.reshape(-1, tokens.shape[-1])
    out = np.empty((*rows.shape, params["U"].shape[1]))
    for b, row in enumerate(rows):
        x = np.array([params["E"][t] + params["P"][i] for i, t in enumerate(row)])
        h = norm(x)
        for i in range(len(row)):
            y = x[i].copy()
            for Wq, Wk, Wv, Wo in zip(*(params[n] for n in ("Wq", "Wk", "Wv", "Wo")), strict=True):
                s = (h[: i + 1] @ Wk) @ (h[i] @ Wq) / Wq.shape[1] ** 0.5
                w = np.exp(s - s.max())
                y += (w / w.sum()) @ (h[: i + 1] @ Wv) @ Wo
            y = y + np.maximum(norm(y) @ params["W1"], 0) @ params["W2"]
            out[b, i] = norm(y) @ params["U"]
    return out.reshape(*tokens.shape, -1)


@exercise.equivalent
def heads_in_a_loop_float32(params, tokens):
    p = {name: array.astype(np.float32) for name, array in params.items()}

    def norm(x):
        return x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + np.float32(1e-5))

    T = tokens.shape[-1]
    x = p["E"][tokens] + p["P"][:T]
    h, added = norm(x), 0
    for n in range(len(p["Wq"])):
        q, k, v = h @ p["Wq"][n], h @ p["Wk"][n], h @ p["Wv"][n]
        s = np.where(np.tri(T) > 0, q @ k.swapaxes(-1, -2) / np.float32(q.shape[-1] ** 0.5), np.float32(-np.inf))
        e = np.exp(s - s.max(-1, keepdims=True))
        added = added + (e / e.sum(-1, keepdims=True)) @ v @ p["Wo"][n]
    x = x + added
    return norm(x + np.maximum(norm(x) @ p["W1"], 0) @ p["W2"]) @ p["U"]


exercise.equivalent_mutant("np.tri(T, dtype=bool) -> np.tri(T)", because="np.where takes any number but 0 for True")
