"""### What each position is trained on

Write `labels_from(tokens, prompt_length, pad)`: `tokens` is `(T,)`, integers; the first `prompt_length` of them are \
the prompt.
Return the labels, `(T,)` integers: the label of position `i` is token `i + 1`, and `-100` where there is nothing to \
learn:

- where token `i + 1` lies in the prompt,
- where token `i + 1` is `pad`,
- at the last position, which has no next token.

The labels are shifted already, so the loss must not shift them again. Tokens may come in a small unsigned type, in \
which -100 can't be stored.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array

exercise = Exercise(
    topic="labels",
    answer=Array("int"),
    hints=(
        "Which token does position 0 predict? Is that token a part of the prompt?",
        "labels[i] = tokens[i + 1]; then -100 where i + 1 < prompt_length, where tokens[i + 1] == pad, and at the end.",
        "labels = np.full(T, -100); labels[:-1] = np.where((next_position >= prompt_length) & (following != pad), ...)",
    ),
)


@exercise.solution
def labels_from(tokens, prompt_length, pad):
    """tokens (T,) int, prompt_length, pad -> (T,) int: the next token, -100 in the prompt, at pad and at the end."""
    labels = np.full(len(tokens), -100)
    following = tokens[1:]
    trained = (np.arange(1, len(tokens)) >= prompt_length) & (following != pad)
    labels[:-1][trained] = following[trained]
    return labels


@exercise.part("A prompt, an answer, padding", points=1)
def small(rng):
    yield case(np.array([5, 6, 7, 8, 9]), 2, 0)
    yield case(np.array([5, 6, 7, 0, 0]), 1, 0, note="two fillers")
    yield case(np.array([5, 6, 7]), 0, 0, note="no prompt")


@exercise.part("Any text", points=1)
def any_text(rng):
    yield case(np.array([4]), 1, 0, note="T = 1")
    yield case(np.array([4]), 0, 0, note="T = 1, no prompt")
    yield case(np.array([3, 1, 2]), 3, 0, note="the prompt is all there is")
    yield case(np.array([2, 7, 2, 5, 2, 2]), 2, 2, note="pad is the token 2, and it stands in the text as well")
    yield case(np.array([9, 9, 4, 6, 3]), 3, 9, note="padded on the left")
    yield case(np.array([4, 0, 6, 0, 9, 9]), 1, 9, note="pad is the token 9, and 0 is a token like any other")
    yield case(np.array([250, 3, 255, 9], dtype=np.uint8), 1, 3, note="uint8")
    yield case(np.array([50_000, 7, 50_256, 50_256], dtype=np.uint16), 1, 50_256, note="uint16")
    for T in (2, 7, 40):
        tokens = rng.integers(1, 9, size=T)
        yield case(tokens, int(rng.integers(0, T + 1)), int(tokens[-1]))


@exercise.equivalent
def with_a_loop(tokens, prompt_length, pad):
    labels = []
    for i in range(len(tokens)):
        inside = i + 1 < len(tokens) and i + 1 >= prompt_length and tokens[i + 1] != pad
        labels.append(int(tokens[i + 1]) if inside else -100)
    return labels


@exercise.equivalent
def mask_then_shift(tokens, prompt_length, pad):
    wide = np.append(tokens.astype(np.int64), -100)
    wide[:prompt_length] = -100
    wide[wide == pad] = -100
    return wide[1:]


@exercise.equivalent
def with_roll(tokens, prompt_length, pad):
    rolled = np.roll(np.asarray(tokens, dtype=int), -1)
    after = np.arange(len(tokens)) + 1
    return np.where((after < prompt_length) | (after == len(tokens)) | (rolled == pad), -100, rolled)


@exercise.mistake("The labels are not shifted")
def not_shifted(tokens, prompt_length, pad):
    """The label of each position is its own token: the model is trained to repeat what it has just read.

    - What should position 0 predict, token 0 or token 1?
    - labels[i] = tokens[i + 1]
    - labels[:-1] = tokens[1:]
    """
    at = np.arange(len(tokens))
    return np.where((at < prompt_length) | (tokens == pad), -100, tokens.astype(int))


# Shifted by the data and once more by the model: https://github.com/huggingface/transformers/pull/44642
@exercise.mistake("Shifted twice")
def shifted_twice(tokens, prompt_length, pad):
    """The label of position i is token i + 2: the labels were shifted once too often.

    - Which token follows token i?
    - labels[i] = tokens[i + 1]
    - Shift in one place only, in the data or in the loss.
    """
    return np.append(labels_from(tokens, prompt_length, pad)[1:], -100)


# https://github.com/stochasticai/xTuring/issues/139 asks whether the mask has to move together with the labels.
@exercise.mistake("The mask was not shifted with the labels")
def mask_not_shifted(tokens, prompt_length, pad):
    """The labels are shifted and the mask of the prompt is not: the first token of the answer is not learned.

    - Which position predicts the first token of the answer?
    - Position prompt_length - 1 does, so its label must stay.
    - Compare i + 1 with prompt_length, not i.
    """
    labels = np.append(tokens[1:].astype(int), -100)
    labels[:prompt_length] = -100
    return np.where(labels == pad, -100, labels)


@exercise.mistake("One token of the prompt is learned")
def prompt_one_short(tokens, prompt_length, pad):
    """The last token of the prompt is a target as well.

    - Which position predicts the last token of the prompt?
    - Position prompt_length - 2, so the labels up to there are -100.
    - i + 1 < prompt_length
    """
    return labels_from(tokens, max(prompt_length - 1, 0), pad)


@exercise.mistake("The prompt is learned")
def prompt_learned(tokens, prompt_length, pad):
    """The tokens of the prompt are targets. They are given, so the model need not learn to write them.

    - Who writes the prompt?
    - -100 where i + 1 < prompt_length.
    - Compare the position of the next token with prompt_length.
    """
    return labels_from(tokens, 0, pad)


# https://github.com/huggingface/transformers/issues/32832
@exercise.mistake("Padding is learned")
def padding_learned(tokens, prompt_length, pad):
    """The fillers are targets: the model is trained to write padding, and its mean loss looks better than it is.

    - Is there anything to learn from a filler?
    - -100 where tokens[i + 1] == pad.
    - following != pad
    """
    labels = np.full(len(tokens), -100)
    labels[:-1] = tokens[1:]
    labels[: max(prompt_length - 1, 0)] = -100
    return labels


@exercise.mistake("The own token was compared with pad")
def pad_compared_unshifted(tokens, prompt_length, pad):
    """The mask of the padding belongs to the inputs. What counts is whether the target is a filler.

    - Position i holds a word and position i + 1 a filler: is there something to learn at i?
    - Compare tokens[i + 1] with pad.
    - following != pad
    """
    labels = padding_learned(tokens, prompt_length, pad)
    return np.where(tokens == pad, -100, labels)


@exercise.mistake("The last label is a token")
def last_wraps_round(tokens, prompt_length, pad):
    """The last position predicts the first token: np.roll brings it round.

    - Which token comes after the last one?
    - None is known, so its label is -100.
    - labels[-1] = -100
    """
    rolled = np.roll(tokens.astype(int), -1)
    after = np.arange(len(tokens)) + 1
    return np.where((after < prompt_length) | (rolled == pad), -100, rolled)


# nanoGPT ignores -1, Hugging Face and PyTorch -100: https://github.com/karpathy/nanoGPT/issues/297
@exercise.mistake("Another mark than -100")
def minus_one(tokens, prompt_length, pad):
    """The positions without a target hold another number than -100.

    - Which number does cross_entropy of PyTorch leave out by default?
    - -100
    - np.full(T, -100)
    """
    labels = labels_from(tokens, prompt_length, pad)
    return np.where(labels == -100, -1, labels)


exercise.add_mistakes(
    (minus_one, lambda tokens, n, pad: np.where(labels_from(tokens, n, pad) == -100, 0, labels_from(tokens, n, pad))),
    (minus_one, lambda tokens, n, pad: np.where(labels_from(tokens, n, pad) == -100, pad, labels_from(tokens, n, pad))),
)


@exercise.mistake("Token 0 was taken for padding")
def zero_is_padding(tokens, prompt_length, pad):
    """No position was trained on token 0, although `pad` says which token is padding.

    - Which token is padding?
    - pad, whatever number it is.
    - tokens[1:] == pad
    """
    labels = labels_from(tokens, prompt_length, pad)
    return np.where(labels == 0, -100, labels)


exercise.add_mistakes((zero_is_padding, lambda tokens, n, pad: labels_from(tokens, n, 0)))


@exercise.mistake("-100 became a token")
def minus_100_wrapped(tokens, prompt_length, pad):
    """-100 was stored in an unsigned type, in which it becomes a large number: a token like any other.

    - Which numbers can a uint8 hold?
    - Labels need a signed type.
    - np.full(T, -100) is int64.
    """
    return labels_from(tokens, prompt_length, pad).astype(tokens.dtype)


@exercise.mistake("One label is missing")
def too_short(tokens, prompt_length, pad):
    """There are T - 1 labels. The last position has one as well: -100.

    - How many positions does the model give logits for?
    - T
    - Append -100.
    """
    return labels_from(tokens, prompt_length, pad)[:-1]


@exercise.mistake(mc.CHANGES_INPUTS)
def in_place(tokens, prompt_length, pad):
    """The tokens themselves were overwritten: what the model reads is different afterwards."""
    labels = labels_from(tokens, prompt_length, pad)
    if tokens.dtype.kind == "i":
        tokens[:] = labels
        return tokens
    return labels
