"""### Greedy decoding

The simplest way to generate: read everything so far, take the most likely next token, append it, start again.

Write `greedy_decode(logits_fn, prompt, n)`. `logits_fn(tokens)` maps `(T,)` tokens to `(T, vocab)` logits; row `i` \
predicts the token after position `i`. `prompt` is `(T,)` integers, \
`T >= 1`; `n >= 0`. Return the prompt followed by `n` new tokens, `(T + n,)` integers. The prompt itself stays \
unchanged. Where two tokens are equally likely, either will do.
"""

import numpy as np

from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array
from leftcontext.model.toy_models import LEAKS, ToyModel, toy_models

exercise = Exercise(
    topic="greedy decoding",
    answer=Array("int"),
    hints=(
        "Which row of the logits speaks about the token that does not exist yet?",
        "next token = argmax of the last row; then append it and call logits_fn again.",
        "for _ in range(n): tokens = np.append(tokens, logits_fn(tokens)[-1].argmax())",
    ),
)


@exercise.solution
def greedy_decode(logits_fn, prompt, n):
    """logits_fn: (T,) int -> (T, vocab); prompt (T,) int -> (T + n,) int."""
    tokens = np.array(prompt)
    for _ in range(n):
        best = logits_fn(tokens)[-1].argmax()
        tokens = np.append(tokens, best)
    return tokens


def counts_up(tokens):
    """After token t comes t + 1 (of 7)."""
    return np.eye(7)[(np.asarray(tokens) + 1) % 7]


def adds_the_last_two(tokens):
    """The next token is the sum of the last two (of 11)."""
    tokens = np.asarray(tokens)
    before = np.concatenate([[0], tokens[:-1]])
    return 3.0 * np.eye(11)[(tokens + before) % 11] - 1.0


def adds_everything(tokens):
    """The next token depends on all tokens so far, and on how many there are."""
    tokens = np.asarray(tokens)
    total = np.cumsum(tokens * np.arange(1, len(tokens) + 1))
    sure = 1.0 + np.arange(len(tokens))[:, None]  # the surer, the more it has read
    return sure * np.cos(np.arange(9) - total[:, None] % 9)


def never_settles(tokens):
    """The next token depends on all tokens so far; it goes on changing."""
    tokens = np.asarray(tokens)
    places = np.arange(len(tokens))
    return np.eye(11)[(np.cumsum(tokens * (places + 3)) + 7 * places) % 11]


def a_table(rng, vocab=6):
    weights = rng.normal(size=(vocab, vocab)) * 3

    def random_bigram(tokens):
        return weights[np.asarray(tokens)]

    return random_bigram


def nearly_undecided(tokens):
    """The next token is the sum of all so far (of 300), and only a little more probable than the one after it."""
    total = np.cumsum(np.asarray(tokens, dtype=int))[:, None] % 300
    token = np.arange(300)
    return 5.0 + 3e-4 * (token == total) + 1e-4 * (token == (total + 1) % 300)


def very_sure(tokens):
    """Like counts_up, with logits in the thousands."""
    return 1000.0 * (1 + counts_up(tokens))


@exercise.part("Counting", points=1)
def counting(rng):
    yield case(counts_up, np.array([2]), 3)
    yield case(counts_up, np.array([0, 3]), 4)


@exercise.part("Any model, any prompt", points=1)
def any_model(rng):
    yield case(adds_the_last_two, np.array([1, 1]), 8, note="the next token needs the last two")
    yield case(adds_the_last_two, np.array([3, 1, 4, 1]), 5)
    yield case(adds_everything, np.array([5, 2, 7]), 7, note="the next token needs the whole text")
    yield case(adds_everything, rng.integers(0, 9, size=6), 10)
    yield case(a_table(rng), rng.integers(0, 6, size=3), 12)
    yield case(counts_up, np.array([4, 5]), 0, note="n = 0: the prompt alone")
    yield case(counts_up, np.array([6]), 1)
    yield case(nearly_undecided, np.array([250, 33]), 6, note="300 tokens, and the best is only a little ahead")
    yield case(very_sure, np.array([3, 1]), 4, note="logits in the thousands")
    yield case(never_settles, rng.integers(0, 11, size=5), 40, note="a longer text")
    prompt = rng.integers(0, 6, size=4)
    for model in toy_models(rng, 6):
        yield case(model, prompt, 6)
    yield case(
        ToyModel("sees_one_ahead", rng, 40, LEAKS["sees_one_ahead"]),
        prompt,
        5,
        note="a model that leaks, with 40 tokens",
    )


@exercise.equivalent
def with_a_list(logits_fn, prompt, n):
    tokens = list(prompt)
    while len(tokens) < len(prompt) + n:
        logits = logits_fn(np.array(tokens))
        tokens.append(int(np.argmax(logits[len(tokens) - 1])))
    return tokens


@exercise.equivalent
def into_a_buffer(logits_fn, prompt, n):
    T = len(prompt)
    out = np.zeros(T + n, dtype=int)
    out[:T] = prompt
    for t in range(T, T + n):
        out[t] = max(range(len(row := logits_fn(out[:t])[-1])), key=row.__getitem__)
    return out


@exercise.equivalent
def with_recursion(logits_fn, prompt, n):
    if n == 0:
        return prompt
    best = np.argsort(logits_fn(prompt)[-1])[-1]
    return with_recursion(logits_fn, np.concatenate([prompt, [best]]), n - 1)


exercise.equivalent_mutant("np.array(prompt) -> prompt", because="np.append copies, so the prompt stays unchanged")
