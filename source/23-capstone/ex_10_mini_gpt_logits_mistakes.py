"""The mistakes of `mini_gpt_logits`."""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.attention_mistakes import BATCH_MAXIMUM, attend, wrong_attentions

from .ex_10_mini_gpt_logits import exercise


def _norm(x):
    return x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + 1e-5)


def _norm_with(epsilon, outside=0.0):
    return lambda x: x / (np.sqrt((x**2).mean(axis=-1, keepdims=True) + epsilon) + outside)


def _relu(x):
    return np.maximum(x, 0)


def _forward(
    params,
    tokens,
    *,
    norm=_norm,
    order="pre",
    residual=True,
    positions=True,
    act=_relu,
    last_norm=True,
    attention=attend,
    feed_forward=None,
    output=None,
):
    """The forward pass with one thing changed."""
    x = params["E"][tokens] + (params["P"][: tokens.shape[-1]] if positions else 0)
    h = norm(x)[..., None, :, :] if order == "pre" else x[..., None, :, :]
    Q, K, V = (h @ params[name] for name in ("Wq", "Wk", "Wv"))
    x = (x if residual else 0) + (attention(Q, K, V) @ params["Wo"]).sum(axis=-3)
    h = norm(params["E"][tokens] + params["P"][: tokens.shape[-1]])
    x = (feed_forward or (lambda x, h, part: x + part(norm(x))))(x, h, lambda y: act(y @ params["W1"]) @ params["W2"])
    return (norm(x) if last_norm else x) @ (params["U"] if output is None else params[output].T)


@exercise.mistake("Positions are missing")
def positions_forgotten(params, tokens):
    """P was never added, so the model can't tell where a token stands.

    - What is x after step 1?
    - E[tokens] + P[:T]
    - Add P[:T].
    """
    return _forward(params, tokens, positions=False)


@exercise.mistake("The residual is missing")
def residual_missing(params, tokens):
    """Attention's output replaced x; it is added to it.

    - What does step 2 do with x?
    - x + attention
    - x = x + ...
    """
    return _forward(params, tokens, residual=False)


@exercise.mistake("The second residual is missing")
def second_residual_missing(params, tokens):
    """The feed-forward part's output replaced x; it is added to it.

    - What does step 3 do with x?
    - x + relu(norm(x) W1) W2
    - x = x + ...
    """
    return _forward(params, tokens, feed_forward=lambda x, h, part: part(_norm(x)))


@exercise.mistake("The feed-forward part reads the wrong x")
def feed_forward_before_attention(params, tokens):
    """The feed-forward part reads the x that attention has already changed; it got the one from before.

    - Which x does step 3 normalise?
    - The one that step 2 has made.
    - norm(x) once more, after attention was added.
    """
    return _forward(params, tokens, feed_forward=lambda x, h, part: x + part(h))


@exercise.mistake("GELU in place of relu")
def gelu_used(params, tokens):
    """The contract names relu; GELU, as in GPT-2, gives other numbers.

    - Which function stands between W1 and W2?
    - relu
    - np.maximum(..., 0)
    """
    return _forward(params, tokens, act=lambda y: 0.5 * y * (1 + np.tanh(np.sqrt(2 / np.pi) * (y + 0.044715 * y**3))))


@exercise.mistake("The norm divides by the length")
def norm_by_length(params, tokens):
    """The numbers were divided by the square root of their sum of squares; it is the root of the mean of the squares.

    - What is the mean of the squares after the norm?
    - 1: the sum is divided by D.
    - x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + 1e-5)
    """
    return _forward(params, tokens, norm=lambda x: x / np.sqrt((x**2).sum(axis=-1, keepdims=True) + 1e-5))


@exercise.mistake("The embedding was used twice")
def embedding_tied(params, tokens):
    """The logits came from E; the model has a matrix U of its own for them.

    - Which matrix turns norm(x) into logits?
    - U
    - norm(x) @ params["U"]
    """
    return _forward(params, tokens, output="E")


@exercise.mistake("The norm stands after the layers")
def post_norm(params, tokens):
    """Attention and the feed-forward part read norm(x), and x goes on as it is; here x itself was normalised.

    - What does step 2 normalise, what goes into attention or what comes out?
    - x = x + attention(norm(x)): the x that is added to is not normalised.
    - h = norm(x), and keep x.
    """
    x = params["E"][tokens] + params["P"][: tokens.shape[-1]]
    Q, K, V = (x[..., None, :, :] @ params[name] for name in ("Wq", "Wk", "Wv"))
    x = _norm(x + (attend(Q, K, V) @ params["Wo"]).sum(axis=-3))
    x = _norm(x + _relu(x @ params["W1"]) @ params["W2"])
    return x @ params["U"]


@exercise.mistake("The norm before attention is missing")
def norm_forgotten(params, tokens):
    """Attention reads norm(x), not x itself.

    - What is h in step 2?
    - h = norm(x)
    - Normalise before Wq, Wk and Wv.
    """
    return _forward(params, tokens, order="none")


@exercise.mistake("The second norm is missing")
def second_norm_forgotten(params, tokens):
    """The feed-forward part reads norm(x), not x itself.

    - What does W1 multiply in step 3?
    - relu(norm(x) W1) W2
    - Normalise once more before W1.
    """
    return _forward(params, tokens, feed_forward=lambda x, h, part: x + part(x))


@exercise.mistake("The last norm is missing")
def last_norm_forgotten(params, tokens):
    """The logits are norm(x) U, not x U.

    - What does step 4 say?
    - norm(x) U
    - Normalise once more.
    """
    return _forward(params, tokens, last_norm=False)


@exercise.mistake("The ReLU is missing")
def relu_missing(params, tokens):
    """Without it, W1 W2 is one single matrix.

    - What is relu(-1)?
    - max(x, 0)
    - np.maximum(..., 0)
    """
    return _forward(params, tokens, act=lambda a: a)


@exercise.mistake("The norm runs over the positions")
def norm_over_time(params, tokens):
    """The mean square was taken along the time axis: later tokens change earlier ones.

    - Along which axis is the mean?
    - The last one, D.
    - axis=-1
    """
    return _forward(params, tokens, norm=lambda x: x / np.sqrt((x**2).mean(axis=-2, keepdims=True) + 1e-5))


@exercise.mistake("The mean was subtracted")
def layer_norm_instead(params, tokens):
    """That is LayerNorm; this model's norm only divides by the root mean square.

    - Does norm(x) have mean 0?
    - x / sqrt(mean(x²) + 1e-5)
    - Don't subtract the mean.
    """
    return _forward(
        params, tokens, norm=lambda x: (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
    )


@exercise.mistake("Divided by the mean square, not its root")
def root_forgotten(params, tokens):
    """norm(x) divides by the square root.

    - What is norm(2x), compared with norm(x)?
    - sqrt(mean(x²) + 1e-5)
    - np.sqrt
    """
    return _forward(params, tokens, norm=lambda x: x / ((x**2).mean(-1, keepdims=True) + 1e-5))


@exercise.mistake("The norm's small number is another one")
def epsilon_of_another_norm(params, tokens):
    """norm(x) adds 1e-5 to the mean square, under the root. It matters where x is small.

    - What is norm of a vector of zeros?
    - sqrt(mean(x²) + 1e-5)
    - np.sqrt((x**2).mean(axis=-1, keepdims=True) + 1e-5)
    """
    return _forward(params, tokens, norm=_norm_with(1e-6))


exercise.add_mistakes(
    (epsilon_of_another_norm, lambda params, tokens: _forward(params, tokens, norm=_norm_with(1e-8))),
    (epsilon_of_another_norm, lambda params, tokens: _forward(params, tokens, norm=_norm_with(0.0))),
    (epsilon_of_another_norm, lambda params, tokens: _forward(params, tokens, norm=_norm_with(0.0, outside=1e-5))),
)


@exercise.mistake("The heads were averaged")
def heads_averaged(params, tokens):
    """The heads' outputs are added up, not averaged.

    - What goes back into x in step 2?
    - The sum over the heads.
    - .sum(axis=-3)
    """
    return _forward({**params, "Wo": params["Wo"] / len(params["Wo"])}, tokens)


@exercise.mistake("Only the first head")
def first_head_only(params, tokens):
    """The heads' outputs are added up; here only one was used.

    - How many heads does Wq have?
    - Sum over all of them.
    - .sum(axis=-3)
    """
    return _forward({**params, **{n: params[n][:1] for n in ("Wq", "Wk", "Wv", "Wo")}}, tokens)


@exercise.mistake("Probabilities instead of logits")
def probabilities_not_logits(params, tokens):
    """A softmax was taken at the end.

    - Do the rows of logits sum to 1?
    - norm(x) U
    - Leave out the last softmax.
    """
    return (lambda z: np.exp(z) / np.exp(z).sum(-1, keepdims=True))(_forward(params, tokens))


@exercise.mistake("Only the last position")
def last_position_only(params, tokens):
    """Logits are wanted at every position: (..., T, vocab).

    - How many predictions does a sequence of T tokens make?
    - All T of them.
    - Return all rows.
    """
    return _forward(params, tokens)[..., -1, :]


@exercise.mistake("The feed-forward part is missing")
def feed_forward_forgotten(params, tokens):
    """Step 3 was left out.

    - Where are W1 and W2 used?
    - x + relu(norm(x) W1) W2
    - Add step 3.
    """
    return _forward(params, tokens, act=lambda a: 0 * a)


exercise.add_shared_mistakes(
    wrong_attentions(lambda attention: lambda params, tokens: _forward(params, tokens, attention=attention)),
    without=(mc.ZERO_AS_SENTINEL, mc.GLOBAL_MAX, BATCH_MAXIMUM, mc.EPSILON, mc.SCALE_BY_VALUE_WIDTH, mc.CHANGES_INPUTS),
)
