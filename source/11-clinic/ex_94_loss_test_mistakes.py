"""The mistakes of `loss_test`: tests in which something was left out."""

import numpy as np

from .ex_94_loss_test import _tester, drawn, exercise, right


@exercise.mistake("Every loss passes")
def everybody_passes(loss):
    """A test that cannot fail prevents nothing.

    - What does your test compare, and does it ever differ?
    - The loss, and a mean that you have computed yourself.
    """
    return bool(np.isfinite(loss(np.zeros((1, 2, 2)), np.array([[0, 1]]))))


@exercise.mistake("Every loss fails")
def nobody_passes(loss):
    """The right losses fail as well.

    - What has the loss to be where all logits are equal?
    - log vocab.
    """
    return not np.isfinite(loss(np.zeros((1, 2, 2)), np.array([[0, 1]])))


@exercise.mistake("The verdict is upside down")
def verdict_inverted(loss):
    """True is for a loss that passes.

    - What should a test say of a right loss?
    - True, it passes.
    """
    return not _tester()(loss)


@exercise.mistake("A single text")
def single_text(loss):
    """With one text there is no other text whose tokens could be asked for.

    - In which step of the code are texts joined, and what stands behind the end of the first one then?
    - Try two texts or more.
    """
    return _tester(shapes=((1, 2, 4), (1, 12, 5), (1, 5, 2)))(loss)


@exercise.mistake("Texts of two tokens only")
def two_tokens(loss):
    """A text of two tokens has one position with a next token. What goes wrong at the others is not seen.

    - At how many positions of a text of five tokens is a token predicted that can be compared?
    - At four of them. Try longer texts too.
    """
    return _tester(shapes=((1, 2, 4), (4, 2, 3), (8, 2, 6)))(loss)


@exercise.mistake("No text of two tokens")
def no_two_tokens(loss):
    """The shortest text in which anything can be predicted was not tried.

    - What is the smallest `T` with a next token?
    - 2.
    """
    return _tester(shapes=((1, 12, 5), (3, 10, 6), (2, 5, 2)))(loss)


@exercise.mistake("Short texts only")
def short_texts(loss):
    """A loss that leaves out the positions after the eighth is right for all texts that were tried.

    - How long was the longest text?
    - Try one of more than eight tokens.
    """
    return _tester(shapes=((1, 2, 4), (4, 2, 3), (3, 8, 6), (2, 5, 2)))(loss)


@exercise.mistake("Equal logits only")
def equal_logits(loss):
    """Where all logits are equal, the loss is log vocab, whatever token is asked for.

    - Does this loss change when the labels are shifted twice?
    - It does not. Draw the logits at random.
    """

    def draw(rng, B, T, vocab):
        return np.zeros((B, T, vocab)), rng.integers(vocab, size=(B, T))

    return _tester(draw=draw)(loss)


@exercise.mistake("One token, repeated")
def one_token(loss):
    """In a text of one token, repeated, the token after the next one is the same token.

    - Which wrong shift can be seen in such a text?
    - Draw the tokens at random.
    """

    def draw(rng, B, T, vocab):
        return np.repeat(rng.normal(size=(B, 1, vocab)), T, axis=1), np.ones((B, T), dtype=int)

    return _tester(draw=draw)(loss)


@exercise.mistake("Token 0 does not occur")
def no_token_zero(loss):
    """A loss that takes token 0 for padding is right for these texts.

    - Which numbers can tokens be?
    - 0 to vocab - 1: rng.integers(vocab, ...) draws 0 too.
    """

    def draw(rng, B, T, vocab):
        return 3 * rng.normal(size=(B, T, vocab)), rng.integers(1, vocab, size=(B, T))

    return _tester(draw=draw)(loss)


@exercise.mistake("Only whether it is lower")
def lower_for_who_knows(loss):
    """A model that knows the next tokens has a lower loss, and with many wrong losses as well.

    - What should the loss be exactly?
    - Compute it yourself, and compare the two numbers.
    """
    tokens = np.random.default_rng(5).integers(4, size=(3, 12))
    knows = 5.0 * np.eye(4)[np.roll(tokens, -1, axis=1)]
    return bool(loss(knows, tokens) < loss(np.zeros((3, 12, 4)), tokens))


@exercise.mistake("Rounding is taken for a difference")
def rounding_counted(loss):
    """Differences far below 1e-6 were counted.

    - Do two right ways to add the same numbers give the same bits?
    - Numbers that differ by less than 1e-6 count as the same.
    """
    return _tester(is_same=lambda value, expected: value == expected)(loss)


@exercise.mistake("A small difference slips through")
def tolerance_too_large(loss):
    """The tolerance is larger than the smallest difference that counts, 1e-6.

    - Which tolerance does np.isclose add by itself, beside a value of 3?
    - Compare the absolute difference with 1e-6.
    """
    return _tester(is_same=lambda value, expected: abs(value - expected) < 1e-2)(loss)


@exercise.mistake(tolerance_too_large)
def relative_tolerance(loss):
    return _tester(is_same=lambda value, expected: np.isclose(value, expected))(loss)


@exercise.mistake("A wrong mean to compare with")
def unshifted_mean(loss):
    """The number that the loss is compared with is not the loss of the next tokens, so right losses fail.

    - Which token is position 0 asked for in your own mean?
    - logits[:, :-1] belong to tokens[:, 1:].
    """
    logits, tokens = drawn(np.random.default_rng(6), 3, 12, 5)
    log_p = logits - np.logaddexp.reduce(logits, axis=2, keepdims=True)
    own = -np.take_along_axis(log_p, tokens[..., None], axis=2).mean()
    return abs(loss(logits, tokens) - own) < 1e-6


@exercise.mistake("Only values from above")
def too_low_only(loss):
    """A loss that is too high fails, and one that is too low passes.

    - What is abs() for?
    - abs(loss(logits, tokens) - expected)
    """
    return _tester(is_same=lambda value, expected: value - expected < 1e-6)(loss)


@exercise.mistake("Only one of the calls counts")
def last_call_only(loss):
    """Several calls were compared, and only the last one decides.

    - What does your test return where the first comparison fails and the last one does not?
    - It has to be True for all of them.
    """
    result = False
    for shape in ((3, 12, 5), (1, 2, 4)):
        logits, tokens = drawn(np.random.default_rng(8), *shape)
        result = bool(abs(loss(logits, tokens) - right(logits, tokens)) < 1e-6)
    return result
