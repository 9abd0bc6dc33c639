"""Wrong answers to the rollout loss, by the misconception behind them."""

import numpy as np

from autograder.exercise import misconceptions as mc

from .ex_45_rollout_loss import exercise


def _draw(row, rng):
    p = np.exp(row - row.max())
    return int(rng.choice(len(p), p=p / p.sum()))


def _nll(row, target):
    row = row - row.max()
    return np.log(np.exp(row).sum()) - row[target]


def _losses(f, tokens, prompt, rng, choose=_draw, score=_nll, read=lambda text: text):
    """The losses of a rollout with one part replaced."""
    text, losses = list(tokens[:prompt]), []
    for target in tokens[prompt:]:
        row = f(np.array(read(text)))[-1]
        losses.append(score(row, target))
        text.append(choose(row, rng))
    return np.array(losses)


@exercise.mistake("The true tokens were fed back")
def true_tokens_fed_back(f, tokens, prompt, rng):
    """The model read the true text at every position: that is the stepwise loss, not free running.

    - What has the model read at its second prediction?
    - The token that it drew, not the true one.
    - text = np.append(text, drawn)
    """
    return np.mean([_nll(f(tokens[:i])[-1], tokens[i]) for i in range(prompt, len(tokens))])


@exercise.mistake("The likeliest token was fed back")
def greedy_fed_back(f, tokens, prompt, rng):
    """The text was continued with the likeliest token each time; it should be drawn from the softmax.

    - Does your text come out differently with another rng?
    - Draw with the probabilities softmax(row).
    - rng.choice(len(p), p=p), not row.argmax()
    """
    return _losses(f, tokens, prompt, rng, choose=lambda row, rng: int(row.argmax())).mean()


@exercise.mistake("Drawn without the probabilities")
def drawn_uniformly(f, tokens, prompt, rng):
    """Every token was drawn as often as any other; the model's own text follows its probabilities.

    - How often should a token of probability 0.98 be drawn?
    - Give the probabilities to the draw.
    - rng.choice(len(p), p=p)
    """
    return _losses(f, tokens, prompt, rng, choose=lambda row, rng: int(rng.integers(len(row)))).mean()


@exercise.mistake("Scored against its own token")
def scored_against_the_drawn_token(f, tokens, prompt, rng):
    """The loss was taken with the token that the model drew itself; it should be taken with the true one.

    - How low can a sure model's loss with its own tokens be?
    - The drawn token goes into the text, the true one into the loss.
    - -log_p[tokens[i]]
    """
    text, losses = list(tokens[:prompt]), []
    for _ in tokens[prompt:]:
        row = f(np.array(text))[-1]
        text.append(_draw(row, rng))
        losses.append(_nll(row, text[-1]))
    return np.mean(losses)


@exercise.mistake("The prompt was scored too")
def prompt_scored_too(f, tokens, prompt, rng):
    """The predictions within the prompt were averaged in; only the T + 1 - prompt tokens after it count.

    - How many predictions are made once the prompt is given?
    - Begin with tokens[prompt].
    - for i in range(prompt, T + 1)
    """
    given = [_nll(f(tokens[:i])[-1], tokens[i]) for i in range(1, prompt)]
    return np.mean([*given, *_losses(f, tokens, prompt, rng)])


@exercise.mistake("One true token too many")
def prompt_one_too_long(f, tokens, prompt, rng):
    """The text began with prompt + 1 true tokens, so that the first token to be predicted stood in it.

    - How many tokens does the model read before its first prediction?
    - prompt of them.
    - text = tokens[:prompt]
    """
    text, losses = list(tokens[: prompt + 1]), []
    for target in tokens[prompt:]:
        row = f(np.array(text))[-1]
        losses.append(_nll(row, target))
        text.append(_draw(row, rng))
    return np.mean(losses)


@exercise.mistake("One true token is enough")
def prompt_ignored(f, tokens, prompt, rng):
    """The model was given the first token only, whatever `prompt` says.

    - What does the text begin with?
    - With the true tokens[:prompt].
    - text = tokens[:prompt], not tokens[:1]
    """
    return _losses(f, tokens, 1, rng)[prompt - 1 :].mean()


@exercise.mistake("The whole own text in one pass")
def whole_text_in_one_pass(f, tokens, prompt, rng):
    """The text was written first and then scored in one pass, in which a model that looks ahead sees its later words.

    - What does position i see in your call?
    - The row that a token is drawn from is the row that is scored.
    - logits_fn(text)[-1], once for each token
    """
    text = list(tokens[:prompt])
    for _ in tokens[prompt:]:
        text.append(_draw(f(np.array(text))[-1], rng))
    rows = f(np.array(text))[prompt - 1 : -1]
    return np.mean([_nll(row, target) for row, target in zip(rows, tokens[prompt:], strict=True)])


@exercise.mistake("Only the newest token was read")
def newest_token_only(f, tokens, prompt, rng):
    """The model was given one token at a time; it may use the whole text so far.

    - What may the next prediction depend on?
    - On the prompt and all drawn tokens.
    - logits_fn(text), not logits_fn(text[-1:])
    """
    return _losses(f, tokens, prompt, rng, read=lambda text: text[-1:]).mean()


@exercise.mistake("The first row was read")
def first_row_of_logits(f, tokens, prompt, rng):
    """The prediction for the next token is in the last row of the logits.

    - Which row speaks about the token after the text?
    - The last one.
    - logits_fn(text)[-1]
    """
    text, losses = list(tokens[:prompt]), []
    for target in tokens[prompt:]:
        row = f(np.array(text))[0]
        losses.append(_nll(row, target))
        text.append(_draw(row, rng))
    return np.mean(losses)


@exercise.mistake("The sum, not the mean")
def sum_instead_of_mean(f, tokens, prompt, rng):
    """The losses were added up.

    - Should a longer text have a larger loss?
    - Divide by T + 1 - prompt.
    - np.mean
    """
    return _losses(f, tokens, prompt, rng).sum()


@exercise.mistake("Divided by the length of the whole text")
def divided_by_all_positions(f, tokens, prompt, rng):
    """The sum was divided by T; with a prompt, fewer tokens are scored.

    - How many losses were added up?
    - T + 1 - prompt.
    - np.mean(losses)
    """
    return _losses(f, tokens, prompt, rng).sum() / (len(tokens) - 1)


@exercise.mistake("The same chance each time")
def chance_fixed(f, tokens, prompt, rng):
    """It makes a generator with a fixed seed in each call: every run is the same, whatever rng is given.

    - Do two calls with the same rng give two texts?
    - rng goes on from call to call.
    - Use the rng that is given.
    """
    return _losses(f, tokens, prompt, np.random.default_rng(0)).mean()


@exercise.mistake("The logarithm of 0")
def log_of_softmax(f, tokens, prompt, rng):
    """A probability as small as e to the -1500 rounds to 0, and the loss becomes infinite; the true loss is finite.

    - What is np.exp(-1500)?
    - The log of a fraction is a difference.
    - log_p = row - log(sum of exp(row))
    """

    def score(row, target):
        p = np.exp(row - row.max())
        with np.errstate(divide="ignore"):
            return -np.log(p[target] / p.sum())

    return _losses(f, tokens, prompt, rng, score=score).mean()


@exercise.mistake(mc.NO_MAX)
def no_max(f, tokens, prompt, rng):
    """exp(1500) is infinite, so large logits give a loss of inf or NaN."""

    def score(row, target):
        return np.log(np.exp(row).sum()) - row[target]

    return _losses(f, tokens, prompt, rng, score=score).mean()


@exercise.mistake("That is the perplexity")
def perplexity_not_loss(f, tokens, prompt, rng):
    """The exponential of the loss came back.

    - What is the loss of a fair choice among 5?
    - ln 5
    - Leave out the exp.
    """
    return np.exp(np.minimum(_losses(f, tokens, prompt, rng).mean(), 700))


@exercise.mistake("The sign is flipped")
def sign_flipped(f, tokens, prompt, rng):
    """A loss is positive.

    - Can log p be positive?
    - -log p
    - Put a minus in front.
    """
    return -_losses(f, tokens, prompt, rng).mean()


@exercise.mistake("Bits instead of nats")
def other_base(f, tokens, prompt, rng):
    """The loss was measured with the logarithm to the base 2.

    - Which logarithm is natural?
    - np.log
    - np.log, not np.log2
    """
    return _losses(f, tokens, prompt, rng).mean() / np.log(2)


exercise.add_mistakes(
    (
        other_base,
        lambda f, tokens, prompt, rng: _losses(
            f, tokens, prompt, rng, score=lambda row, t: np.log2(np.exp(row - row.max()).sum()) - (row - row.max())[t]
        ).mean(),
    ),
)


@exercise.mistake("Another token was scored")
def neighbour_scored(f, tokens, prompt, rng):
    """The row that follows tokens 0 to i - 1 predicts token i; its loss was taken with the token before.

    - Which token does the last row of the logits predict?
    - tokens[i], where i tokens were read.
    - -log_p[tokens[i]], not -log_p[tokens[i - 1]]
    """
    text, losses = list(tokens[:prompt]), []
    for i in range(prompt, len(tokens)):
        row = f(np.array(text))[-1]
        losses.append(_nll(row, tokens[i - 1]))
        text.append(_draw(row, rng))
    return np.mean(losses)
