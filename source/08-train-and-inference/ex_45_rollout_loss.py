"""### The loss of a free-running model

**Free running**: after a prompt, the model reads its own samples.

Write `rollout_loss(logits_fn, tokens, prompt, rng)` for the true text `tokens` `(T+1,)` and a number \
`1 <= prompt <= T`. The model's text begins with the true `tokens[:prompt]`. For each `i` from `prompt` to `T`: give \
`logits_fn` that text, `i` tokens, and nothing else; score the true `tokens[i]` with the last row; then draw a token \
from the softmax of that row and append the **drawn** one to the text.

Return the mean of these `T + 1 - prompt` cross-entropies in nats, one float. `rng` is a `numpy.random.Generator`, the \
only source of chance. Logits may be large.
"""

import copy
from dataclasses import dataclass

import numpy as np

from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Boolean, Difference, Number, Tuple

RUNS = 400  # of a model whose own text is not certain
NEVER = 1e-12  # a token less likely than this is not drawn


def _log_softmax(row):
    row = row - row.max()
    return row - np.log(np.exp(row).sum())


def outcomes(logits_fn, tokens, prompt):
    """Every own text that can come: its probability and its mean loss."""
    texts = [(1.0, tokens[:prompt].tolist(), [])]
    for target in tokens[prompt:]:
        longer = []
        for p, text, losses in texts:
            log_p = _log_softmax(logits_fn(np.array(text))[-1])
            drawn = [token for token in range(len(log_p)) if p * np.exp(log_p[token]) > NEVER]
            longer += [(p * np.exp(log_p[t]), [*text, t], [*losses, -log_p[target]]) for t in drawn]
        texts = longer
    return np.array([p for p, _, _ in texts]), np.array([np.mean(losses) for _, _, losses in texts])


@dataclass(frozen=True)
class MeanLoss(Number):
    """The mean loss of `runs` own texts: `mean` and `variance` are those of one, `widest` how far two are apart."""

    mean: float = 0.0
    variance: float = 0.0
    widest: float = 0.0
    runs: int = 1

    def compare(self, expected, actual):
        if self.runs == 1:
            return super().compare(expected, actual)
        apart = abs(expected - actual) > 1.5 * self._scatter
        if abs(expected - self.mean) <= self._scatter:  # not where two wrong answers are compared
            apart |= not abs(actual - self.mean) <= self._scatter
        return Difference(expected, actual) if apart else None

    @property
    def _scatter(self):
        # Bernstein's inequality with a chance of e^-18.
        return 6 * np.sqrt(self.variance / self.runs) + 12 * self.widest / self.runs


def runs_of(logits_fn, tokens, prompt):
    """How often the answer is called: once where the own text is certain."""
    p, _ = outcomes(logits_fn, tokens, prompt)
    return 1 if len(p) == 1 else RUNS


def answer(logits_fn, tokens, prompt, rng):
    p, losses = outcomes(logits_fn, tokens, prompt)
    mean = p @ losses / p.sum()
    mean_loss = MeanLoss(
        mean=float(mean),
        variance=float(p @ (losses - mean) ** 2 / p.sum()),
        widest=float(losses.max() - losses.min()),
        runs=runs_of(logits_fn, tokens, prompt),
    )
    return Tuple(mean_loss=mean_loss, same_rng_same_loss=Boolean())


exercise = Exercise(
    topic="free running",
    answer=answer,
    hints=(
        "Which tokens has the model read at its second prediction: the true ones, or those that it drew?",
        "text = tokens[:prompt]; the loss is taken with tokens[i], the drawn token is appended to text.",
        "p = softmax(logits_fn(text)[-1]); losses.append(-log p[tokens[i]]); "
        "text = np.append(text, rng.choice(len(p), p=p))",
    ),
)


@exercise.solution
def rollout_loss(logits_fn, tokens, prompt, rng):
    """logits_fn: (t,) -> (t, vocab); tokens (T+1,) int; prompt: how many are given; rng -> float, nats."""
    text, losses = tokens[:prompt], []
    for target in tokens[prompt:]:
        row = logits_fn(text)[-1]  # (vocab,)
        row = row - row.max()
        log_p = row - np.log(np.exp(row).sum())
        losses.append(-log_p[target])
        text = np.append(text, rng.choice(len(row), p=np.exp(log_p)))
    return float(np.mean(losses))


@exercise.adapt
def many_runs(answer, logits_fn, tokens, prompt, rng):
    """The mean of as many runs as are needed to tell, and whether the same state of rng gives the same loss."""
    runs = runs_of(logits_fn, tokens, prompt)
    losses = [Number().parse(answer(logits_fn, tokens, prompt, rng)) for _ in range(runs)]
    again = [
        (answer(logits_fn, tokens, prompt, copy.deepcopy(rng)), answer(logits_fn, tokens, prompt, rng))
        for _ in range(4)
    ]
    return np.mean(losses), all(a == b for a, b in again)


class Sure:
    """Nearly certain of one next token, by the newest token or, with `whole`, by the sum of all.

    With `leak`, a later token counts for more, where there is one. `shift` is added to every logit.
    """

    def __init__(self, name, after, size=40.0, leak=False, whole=False, shift=0.0):
        self.__name__ = name
        self.after, self.size, self.leak, self.whole, self.shift = np.asarray(after), size, leak, whole, shift

    def __call__(self, tokens):
        tokens = np.asarray(tokens)
        V = len(self.after)
        read = np.cumsum(tokens) % V if self.whole else tokens
        logits = self.shift + self.size * np.eye(V)[self.after[read]] + np.arange(V) / V
        if self.leak and len(tokens) > 1:
            logits[:-1] += 3 * self.size * np.eye(V)[tokens[1:]]
        return logits


class Chain:
    """Draws the next token from a table by the newest one: row a holds the probabilities after token a."""

    def __init__(self, name, table):
        self.__name__ = name
        self.table = np.log(table)

    def __call__(self, tokens):
        return self.table[np.asarray(tokens)]


COUNTS_UP = Sure("counts_up", [1, 2, 3, 4, 0])


@exercise.part("A model that is sure", points=1)
def sure(rng):
    yield case(COUNTS_UP, np.array([1, 2, 0, 1]), 1, rng, note="it writes 1, 2, 3, 4")
    yield case(COUNTS_UP, np.array([1, 2, 0, 1]), 2, rng, note="it is given 1, 2")
    yield case(COUNTS_UP, np.array([1, 2, 0, 1]), 3, rng, note="all but the last token are given")
    yield case(COUNTS_UP, np.array([3, 1]), 1, rng, note="T = 1")
    whole = Sure("remembers_everything", rng.permutation(6), whole=True)
    yield case(whole, rng.integers(0, 6, size=9), 3, rng)
    yield case(whole, rng.integers(0, 6, size=7), 1, rng)
    leaky = Sure("looks_ahead", rng.permutation(5), leak=True)
    yield case(leaky, np.array([2, 2, 0, 1, 3, 3, 4]), 2, rng, note="a model that looks ahead where it can")
    yield case(
        Sure("very_sure", rng.permutation(5), size=1500.0, shift=-1500.0),
        rng.integers(0, 5, size=8),
        2,
        rng,
        note="logits near -1500 and 0",
    )
    yield case(
        Sure("far_from_zero", rng.permutation(5), shift=900.0),
        rng.integers(0, 5, size=8),
        1,
        rng,
        note="logits near 900",
    )


@exercise.part("A model that draws", points=2)
def draws(rng):
    coin = np.array([[0.6, 0.4], [0.05, 0.95]])
    yield case(Chain("keeps_at_it", coin), np.array([0, 0, 1]), 1, rng, note="0 or 1 after 0, nearly always 1 after 1")
    yield case(Chain("rarely_leaves", np.array([[0.9, 0.1], [0.02, 0.98]])), np.array([0, 1, 1, 1]), 1, rng)
    yield case(
        Chain("knows_nothing", np.full((4, 4), 0.25)),
        np.array([1, 0, 3]),
        1,
        rng,
        note="every token has probability 1/4",
    )
    three = np.array([[0.1, 0.6, 0.3], [0.05, 0.05, 0.9], [0.8, 0.1, 0.1]])
    yield case(Chain("goes_round", three), np.array([0, 2, 1, 0, 0]), 2, rng, note="two of five tokens are given")


# Right in other styles.


@exercise.equivalent
def by_inverting_the_cdf(logits_fn, tokens, prompt, rng):
    text, total = [int(t) for t in tokens[:prompt]], 0.0
    for i in range(prompt, len(tokens)):
        z = np.asarray(logits_fn(np.array(text)))[-1]
        total += float(np.logaddexp.reduce(z) - z[tokens[i]])
        cdf = np.cumsum(np.exp(z - z.max()))
        text.append(int(np.searchsorted(cdf, rng.random() * cdf[-1], side="right")))
    return total / (len(tokens) - prompt)


@exercise.equivalent
def with_gumbel_noise(logits_fn, tokens, prompt, rng):
    text, losses = tokens[:prompt].copy(), np.empty(len(tokens) - prompt)
    for n, target in enumerate(tokens[prompt:]):
        row = logits_fn(text)[len(text) - 1]
        losses[n] = np.logaddexp.reduce(row) - row[target]
        text = np.concatenate([text, [(row + rng.gumbel(size=row.shape)).argmax()]])
    return losses.mean()


@exercise.equivalent
def with_a_multinomial(logits_fn, tokens, prompt, rng):
    text = np.array(tokens)
    losses = []
    for i in range(prompt, len(text)):
        row = logits_fn(text[:i])[-1]
        p = np.exp(row - row.max())
        losses.append(row.max() + np.log(p.sum()) - row[tokens[i]])
        text[i] = rng.multinomial(1, p / p.sum()).argmax()  # a copy of the true text, written over
    return sum(losses) / len(losses)


@exercise.equivalent
def nothing_drawn_that_is_not_read(logits_fn, tokens, prompt, rng):
    def loss_and_draw(text, target, draw):
        row = logits_fn(np.asarray(text))[-1]
        log_p = row - np.logaddexp.reduce(row)
        return -log_p[target], rng.choice(row.size, p=np.exp(log_p)) if draw else None

    text, losses = list(tokens[:prompt]), []
    for i in range(prompt, len(tokens)):
        loss, token = loss_and_draw(text, tokens[i], draw=i + 1 < len(tokens))
        losses.append(loss)
        text.append(token)
    return float(np.average(losses))
