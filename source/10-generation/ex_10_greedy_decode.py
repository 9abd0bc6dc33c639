"""### Greedy decoding

The simplest way to generate: read everything so far, take the most likely next token, append it, start again.

Write `greedy_decode(logits_fn, prompt, n)`. `logits_fn(tokens)` maps `(T,)` tokens to `(T, vocab)` logits; row `i` predicts the token after position `i`. `prompt` is `(T,)`, whole
numbers, `T >= 1`; `n >= 0`. Return the prompt followed by `n` new tokens, `(T + n,)`, whole numbers. The prompt itself stays unchanged.
"""

import numpy as np

from autograder.exercise.exercise import Exercise, Misconception, case
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
    yield case(never_settles, rng.integers(0, 11, size=5), 40, note="a longer text")
    prompt = rng.integers(0, 6, size=4)
    for model in toy_models(rng, 6):
        yield case(model, prompt, 6)
    yield case(ToyModel("sees_one_ahead", rng, 40, LEAKS["sees_one_ahead"]), prompt, 5, note="a model that leaks, with 40 tokens")


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


@exercise.mistake(
    Misconception("new_token_not_appended", "The new token is not fed back", "Every step asked about the prompt again, so the same token comes out n times.",
                  ("What does the model read at the second step?", "Append, then call again.", "Pass the grown tokens to logits_fn."))
)  # fmt: skip
def not_appended(logits_fn, prompt, n):
    return np.append(prompt, [logits_fn(prompt)[-1].argmax() for _ in range(n)]).astype(int)


@exercise.mistake(
    Misconception("first_row_of_logits", "The first row of the logits", "logits[0] predicts the second token of the prompt; the last row predicts the next token.",
                  ("Which row speaks about the token that does not exist yet?", "The last one.", "logits[-1]"))
)  # fmt: skip
def first_row(logits_fn, prompt, n):
    tokens = prompt
    for _ in range(n):
        tokens = np.append(tokens, logits_fn(tokens)[0].argmax())
    return tokens


@exercise.mistake(
    Misconception("logits_one_early", "The logits were read one position early", "logits[-2] predicts a token that is there already.",
                  ("Which row speaks about the token that does not exist yet?", "The last one.", "logits[-1]"))
)  # fmt: skip
def one_early(logits_fn, prompt, n):
    tokens = prompt
    for _ in range(n):
        logits = logits_fn(tokens)
        tokens = np.append(tokens, logits[max(len(logits) - 2, 0)].argmax())
    return tokens


@exercise.mistake(
    Misconception("context_thrown_away", "Only the newest token was read", "The model was given one token at a time and could not know what came before.",
                  ("What does the model need to know to go on?", "Everything so far.", "logits_fn(tokens), not logits_fn(tokens[-1:])"))
)  # fmt: skip
def no_context(logits_fn, prompt, n):
    tokens = prompt
    for _ in range(n):
        tokens = np.append(tokens, logits_fn(tokens[-1:])[-1].argmax())
    return tokens


@exercise.mistake(
    Misconception("prompt_missing", "The prompt is missing", "Only the new tokens came back; the text begins with the prompt.",
                  ("How long is the result?", "T + n", "Return prompt and new tokens."))
)  # fmt: skip
def without_prompt(logits_fn, prompt, n):
    return greedy_decode(logits_fn, prompt, n)[len(prompt) :]


@exercise.mistake(
    Misconception("one_token_too_many", "One token too many", "n new tokens are wanted; here are n + 1.",
                  ("How often did the loop run?", "n times", "range(n)"))
)  # fmt: skip
def too_many(logits_fn, prompt, n):
    return greedy_decode(logits_fn, prompt, n + 1)


@exercise.mistake(
    Misconception("one_token_too_few", "One token too few", "n new tokens are wanted; here are n - 1.",
                  ("How often did the loop run?", "n times", "range(n)"))
)  # fmt: skip
def too_few(logits_fn, prompt, n):
    return greedy_decode(logits_fn, prompt, max(n - 1, 0))


@exercise.mistake(
    Misconception("argmax_of_everything", "The argmax over the whole table", "np.argmax without an axis counts through all positions; only the last row matters.",
                  ("What is the shape of the logits?", "Take the last row first.", "logits[-1].argmax()"))
)  # fmt: skip
def flat_argmax(logits_fn, prompt, n):
    tokens = prompt
    for _ in range(n):
        tokens = np.append(tokens, logits_fn(tokens).argmax())
    return tokens


@exercise.mistake(
    Misconception("least_likely", "The least likely token", "argmin was taken; the largest logit is the likeliest token.",
                  ("Which logit belongs to the likeliest token?", "The largest.", "argmax"))
)  # fmt: skip
def least(logits_fn, prompt, n):
    tokens = prompt
    for _ in range(n):
        tokens = np.append(tokens, logits_fn(tokens)[-1].argmin())
    return tokens


@exercise.mistake(
    Misconception("all_at_once", "All tokens from one call", "The last n rows predict tokens of the prompt; each new token needs a call of its own.",
                  ("Can the second new token be known before the first?", "One call a token.", "Loop n times."))
)  # fmt: skip
def at_once(logits_fn, prompt, n):
    best = logits_fn(prompt).argmax(axis=-1)
    return np.append(prompt, np.resize(best, n)).astype(int) if n else prompt


@exercise.mistake(
    Misconception("window_slides", "The prompt falls out", "The text was kept at the prompt's length, so old tokens are forgotten (and missing from the result).",
                  ("How long is the result?", "T + n", "Append without dropping the first."))
)  # fmt: skip
def slides(logits_fn, prompt, n):
    tokens = prompt
    for _ in range(n):
        tokens = np.append(tokens[1:], logits_fn(tokens)[-1].argmax())
    return tokens


@exercise.mistake(
    Misconception("context_cropped_at_front", "The context was cropped on the wrong side", "The model always read the first tokens; what it wrote itself it never saw.",
                  ("Which end of the text is the newest?", "All of it is needed here.", "logits_fn(tokens)"))
)  # fmt: skip
def cropped(logits_fn, prompt, n):
    tokens = prompt
    for step in range(n):
        read = tokens[: len(prompt) + min(step, 1)]
        tokens = np.append(tokens, logits_fn(read)[-1].argmax())
    return tokens


@exercise.mistake(
    Misconception("padded_with_zeros", "Zeros stand in for the future", "The model was given the whole buffer, with zeros where nothing is written yet. 0 is a token: a model that looks ahead reads it.",
                  ("What does logits_fn read besides the text so far?", "Only what is written already.", "logits_fn(buffer[:t])[-1]"))
)  # fmt: skip
def padded(logits_fn, prompt, n):
    buffer = np.append(prompt, np.zeros(n, dtype=int))
    for t in range(len(prompt), len(buffer)):
        buffer[t] = logits_fn(buffer)[t - 1].argmax()
    return buffer


@exercise.mistake(
    Misconception("old_tokens_dropped", "Old tokens were dropped", "Only the last few tokens were read; the model may need the first ones too.",
                  ("How far back may the next token look?", "To the very first token.", "logits_fn(tokens), uncut"))
)  # fmt: skip
def last_sixteen(logits_fn, prompt, n):
    tokens = prompt
    for _ in range(n):
        tokens = np.append(tokens, logits_fn(tokens[-16:])[-1].argmax())
    return tokens


exercise.equivalent_mutant("np.array(prompt) -> prompt", because="np.append copies, so the prompt stays unchanged")
