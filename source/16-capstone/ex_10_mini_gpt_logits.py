"""### The forward pass

Write `mini_gpt_logits(params, tokens)`: `tokens (..., T)` → logits `(..., T, vocab)`, for a transformer of one layer. `params` is a dictionary of arrays:

| name | shape | | name | shape |
|---|---|---|---|---|
| `E` | `(vocab, D)` | | `Wo` | `(H, d, D)` |
| `P` | `(context, D)`, `T <= context` | | `W1` | `(D, F)` |
| `Wq`, `Wk`, `Wv` | `(H, D, d)` | | `W2`, `U` | `(F, D)`, `(D, vocab)` |

With `norm(x) = x / sqrt(mean(x², last axis) + 1e-5)`:
**1.** `x = E[tokens] + P[:T]`. **2.** `h = norm(x)`; each head's causal attention on `h Wq`, `h Wk`, `h Wv`, scaled by `sqrt(d)` (scores may be large), goes back through its `Wo`; add the heads' sum to `x`.
**3.** `x = x + relu(norm(x) W1) W2`. **4.** logits `= norm(x) U`.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, Misconception, case
from autograder.exercise.results import Array
from leftcontext.model.mini_gpt import init_params

exercise = Exercise(
    topic="a whole transformer",
    answer=Array(),
    hints=(
        "Check the parts one by one: what is x after step 1, for two tokens and D = 4?",
        "q = h Wq for each head: (..., H, T, d). Then attention as in unit 07, and o Wo summed over the heads.",
        "h[..., None, :, :] @ params['Wq'] makes (..., H, T, d); (o @ params['Wo']).sum(axis=-3) goes back to (..., T, D).",
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
    yield case(sure | {"Wq": 2000 * sure["Wq"], "Wk": -2000 * sure["Wq"]}, rng.integers(0, 6, size=6), note="own keys score far below 0")
    yield case(_model(rng, context=20), rng.integers(0, 6, size=18), note="18 tokens")
    yield case(sure | {"E": 0.001 * sure["E"], "P": 0.001 * sure["P"]}, rng.integers(0, 6, size=4), note="small embeddings")


@exercise.part("A batch", points=1)
def batch(rng):
    yield case(_model(rng), rng.integers(0, 6, size=(3, 5)))
    yield case(_model(rng, width=8, heads=4), rng.integers(0, 6, size=(2, 3, 4)))


def _forward(params, tokens, *, norm=None, tri=0, scale=True, order="pre", residual=True, positions=True, act=None, last_norm=True, axis=-1, fill=-np.inf, top=None):
    """The forward pass with one thing changed."""
    norm = norm or (lambda x: x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + 1e-5))
    act = act or (lambda a: np.maximum(a, 0))
    T, d = tokens.shape[-1], params["Wq"].shape[-1]
    x = params["E"][tokens] + (params["P"][:T] if positions else 0)
    h = norm(x)[..., None, :, :] if order == "pre" else x[..., None, :, :]
    q, k, v = (h @ params[name] for name in ("Wq", "Wk", "Wv"))
    s = q @ np.swapaxes(k, -1, -2) / (np.sqrt(d) if scale else 1.0)
    s = s if tri is None else np.where(np.tri(T, k=tri, dtype=bool), s, fill)
    w = np.exp(s - (top(s) if top else s.max(axis=axis, keepdims=True)))
    w = w / w.sum(axis=axis, keepdims=True)
    x = (x if residual else 0) + (w @ v @ params["Wo"]).sum(axis=-3)
    x = x + act(norm(x) @ params["W1"]) @ params["W2"]
    return (norm(x) if last_norm else x) @ params["U"]


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


exercise.mistake(mc.NO_MASK)(lambda params, tokens: _forward(params, tokens, tri=None))
exercise.mistake(mc.ONE_AHEAD)(lambda params, tokens: _forward(params, tokens, tri=1))
exercise.mistake(mc.OWN_POSITION_EXCLUDED)(lambda params, tokens: _forward(params, tokens, tri=-1))
exercise.mistake(mc.NO_SCALE)(lambda params, tokens: _forward(params, tokens, scale=False))
exercise.mistake(mc.NO_MAX)(lambda params, tokens: _forward(params, tokens, top=lambda s: 0.0))
exercise.mistake(mc.WRONG_AXIS)(lambda params, tokens: _forward(params, tokens, axis=-2))
exercise.mistake(
    Misconception("positions_forgotten", "Positions are missing", "P was never added, so the model can't tell where a token stands.",
                  ("What is x after step 1?", "E[tokens] + P[:T]", "Add P[:T]."))
)(lambda params, tokens: _forward(params, tokens, positions=False))  # fmt: skip
exercise.mistake(
    Misconception("residual_missing", "The residual is missing", "Attention's output replaced x; it is added to it.",
                  ("What does step 2 do with x?", "x + attention", "x = x + ..."))
)(lambda params, tokens: _forward(params, tokens, residual=False))  # fmt: skip
exercise.mistake(
    Misconception("norm_forgotten", "The norm before attention is missing", "Attention reads norm(x), not x itself.",
                  ("What is h in step 2?", "h = norm(x)", "Normalise before Wq, Wk and Wv."))
)(lambda params, tokens: _forward(params, tokens, order="none"))  # fmt: skip
exercise.mistake(
    Misconception("last_norm_forgotten", "The last norm is missing", "The logits are norm(x) U, not x U.",
                  ("What does step 4 say?", "norm(x) U", "Normalise once more."))
)(lambda params, tokens: _forward(params, tokens, last_norm=False))  # fmt: skip
exercise.mistake(
    Misconception("relu_missing", "The ReLU is missing", "Without it, W1 W2 is one single matrix.",
                  ("What is relu(-1)?", "max(x, 0)", "np.maximum(..., 0)"))
)(lambda params, tokens: _forward(params, tokens, act=lambda a: a))  # fmt: skip
exercise.mistake(
    Misconception("norm_over_time", "The norm runs over the positions", "The mean square was taken along the time axis: later tokens change earlier ones.",
                  ("Along which axis is the mean?", "The last one, D.", "axis=-1"))
)(lambda params, tokens: _forward(params, tokens, norm=lambda x: x / np.sqrt((x**2).mean(axis=-2, keepdims=True) + 1e-5)))  # fmt: skip
exercise.mistake(
    Misconception("layer_norm_instead", "The mean was subtracted", "That is LayerNorm; this model's norm only divides by the root mean square.",
                  ("Does norm(x) have mean 0?", "x / sqrt(mean(x²) + 1e-5)", "Don't subtract the mean."))
)(lambda params, tokens: _forward(params, tokens, norm=lambda x: (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)))  # fmt: skip
exercise.mistake(
    Misconception("root_forgotten", "Divided by the mean square, not its root", "norm(x) divides by the square root.",
                  ("What is norm(2x), compared with norm(x)?", "sqrt(mean(x²) + 1e-5)", "np.sqrt"))
)(lambda params, tokens: _forward(params, tokens, norm=lambda x: x / ((x**2).mean(-1, keepdims=True) + 1e-5)))  # fmt: skip
EPSILON = Misconception(
    "epsilon_of_another_norm",
    "The norm's small number is another one",
    "norm(x) adds 1e-5 to the mean square, under the root. It matters where x is small.",
    ("What is norm of a vector of zeros?", "sqrt(mean(x²) + 1e-5)", "np.sqrt((x**2).mean(axis=-1, keepdims=True) + 1e-5)"),
)
for _epsilon in (1e-6, 1e-8, 0.0):
    exercise.mistake(EPSILON)(
        lambda params, tokens, e=_epsilon: _forward(params, tokens, norm=lambda x: x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + e))
    )
exercise.mistake(EPSILON)(
    lambda params, tokens: _forward(params, tokens, norm=lambda x: x / (np.sqrt((x**2).mean(axis=-1, keepdims=True)) + 1e-5))
)
exercise.mistake(mc.FILL_WEAK)(lambda params, tokens: _forward(params, tokens, fill=-1e4))
exercise.mistake(
    Misconception("heads_averaged", "The heads were averaged", "The heads' outputs are added up, not averaged.",
                  ("What goes back into x in step 2?", "The sum over the heads.", ".sum(axis=-3)"))
)(lambda params, tokens: _forward({**params, "Wo": params["Wo"] / len(params["Wo"])}, tokens))  # fmt: skip
exercise.mistake(
    Misconception("first_head_only", "Only the first head", "The heads' outputs are added up; here only one was used.",
                  ("How many heads does Wq have?", "Sum over all of them.", ".sum(axis=-3)"))
)(lambda params, tokens: _forward({**params, **{n: params[n][:1] for n in ("Wq", "Wk", "Wv", "Wo")}}, tokens))  # fmt: skip
exercise.mistake(
    Misconception("probabilities_not_logits", "Probabilities instead of logits", "A softmax was taken at the end.",
                  ("Do the rows of logits sum to 1?", "norm(x) U", "Leave out the last softmax."))
)(lambda params, tokens: (lambda z: np.exp(z) / np.exp(z).sum(-1, keepdims=True))(_forward(params, tokens)))  # fmt: skip
exercise.mistake(
    Misconception("last_position_only", "Only the last position", "Logits are wanted at every position: (..., T, vocab).",
                  ("How many predictions does a sequence of T tokens make?", "T", "Return all rows."))
)(lambda params, tokens: _forward(params, tokens)[..., -1, :])  # fmt: skip
exercise.mistake(
    Misconception("feed_forward_forgotten", "The feed-forward part is missing", "Step 3 was left out.",
                  ("Where are W1 and W2 used?", "x + relu(norm(x) W1) W2", "Add step 3."))
)(lambda params, tokens: _forward(params, tokens, act=lambda a: 0 * a))  # fmt: skip

exercise.equivalent_mutant("np.tri(T, dtype=bool) -> np.tri(T)", because="np.where takes any number but 0 for True")
