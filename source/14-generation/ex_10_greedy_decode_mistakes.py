"""The mistakes of `greedy_decode`."""

import numpy as np

from .ex_10_greedy_decode import exercise, greedy_decode


@exercise.mistake("The new token is not fed back")
def new_token_not_appended(logits_fn, prompt, n):
    """Every step asked about the prompt again, so the same token comes out n times.

    - What does the model read at the second step?
    - Append, then call again.
    - Pass the grown tokens to logits_fn.
    """
    return np.append(prompt, [logits_fn(prompt)[-1].argmax() for _ in range(n)]).astype(int)


@exercise.mistake("The first row of the logits")
def first_row_of_logits(logits_fn, prompt, n):
    """logits[0] predicts the second token of the prompt; the last row predicts the next token.

    - Which row speaks about the token that does not exist yet?
    - The last one.
    - logits[-1]
    """
    tokens = prompt
    for _ in range(n):
        tokens = np.append(tokens, logits_fn(tokens)[0].argmax())
    return tokens


@exercise.mistake("The logits were read one position early")
def logits_one_early(logits_fn, prompt, n):
    """logits[-2] predicts a token that is there already.

    - Which row speaks about the token that does not exist yet?
    - The last one.
    - logits[-1]
    """
    tokens = prompt
    for _ in range(n):
        logits = logits_fn(tokens)
        tokens = np.append(tokens, logits[max(len(logits) - 2, 0)].argmax())
    return tokens


@exercise.mistake("Only the newest token was read")
def context_thrown_away(logits_fn, prompt, n):
    """The model was given one token at a time and could not know what came before.

    - What does the model need to know to go on?
    - Everything so far.
    - logits_fn(tokens), not logits_fn(tokens[-1:])
    """
    tokens = prompt
    for _ in range(n):
        tokens = np.append(tokens, logits_fn(tokens[-1:])[-1].argmax())
    return tokens


@exercise.mistake("The prompt is missing")
def prompt_missing(logits_fn, prompt, n):
    """Only the new tokens came back; the text begins with the prompt.

    - How long is the result?
    - T + n
    - Return prompt and new tokens.
    """
    return greedy_decode(logits_fn, prompt, n)[len(prompt) :]


@exercise.mistake("One token too many")
def one_token_too_many(logits_fn, prompt, n):
    """n new tokens are wanted; here are n + 1.

    - How often did the loop run?
    - n times
    - range(n)
    """
    return greedy_decode(logits_fn, prompt, n + 1)


@exercise.mistake("One token too few")
def one_token_too_few(logits_fn, prompt, n):
    """n new tokens are wanted; here are n - 1.

    - How often did the loop run?
    - n times
    - range(n)
    """
    return greedy_decode(logits_fn, prompt, max(n - 1, 0))


@exercise.mistake("The argmax over the whole table")
def argmax_of_everything(logits_fn, prompt, n):
    """np.argmax without an axis counts through all positions; only the last row matters.

    - What is the shape of the logits?
    - Take the last row first.
    - logits[-1].argmax()
    """
    tokens = prompt
    for _ in range(n):
        tokens = np.append(tokens, logits_fn(tokens).argmax())
    return tokens


@exercise.mistake("The least likely token")
def least_likely(logits_fn, prompt, n):
    """argmin was taken; the largest logit is the likeliest token.

    - Which logit belongs to the likeliest token?
    - The largest.
    - argmax
    """
    tokens = prompt
    for _ in range(n):
        tokens = np.append(tokens, logits_fn(tokens)[-1].argmin())
    return tokens


@exercise.mistake("All tokens from one call")
def all_at_once(logits_fn, prompt, n):
    """The last n rows predict tokens of the prompt; each new token needs a call of its own.

    - Can the second new token be known before the first?
    - One call a token.
    - Loop n times.
    """
    best = logits_fn(prompt).argmax(axis=-1)
    return np.append(prompt, np.resize(best, n)).astype(int) if n else prompt


@exercise.mistake("The prompt falls out")
def window_slides(logits_fn, prompt, n):
    """The text was kept at the prompt's length, so old tokens are forgotten (and missing from the result).

    - How long is the result?
    - T + n
    - Append without dropping the first.
    """
    tokens = prompt
    for _ in range(n):
        tokens = np.append(tokens[1:], logits_fn(tokens)[-1].argmax())
    return tokens


@exercise.mistake("The context was cropped on the wrong side")
def context_cropped_at_front(logits_fn, prompt, n):
    """The model always read the first tokens; what it wrote itself it never saw.

    - Which end of the text is the newest?
    - All of it is needed here.
    - logits_fn(tokens)
    """
    tokens = prompt
    for step in range(n):
        read = tokens[: len(prompt) + min(step, 1)]
        tokens = np.append(tokens, logits_fn(read)[-1].argmax())
    return tokens


@exercise.mistake("Zeros stand in for the future")
def padded_with_zeros(logits_fn, prompt, n):
    """The model was given the whole buffer, with zeros where nothing is written yet. 0 is a token: a model that looks
    ahead reads it.

    - What does logits_fn read besides the text so far?
    - Only what is written already.
    - logits_fn(buffer[:t])[-1]
    """
    buffer = np.append(prompt, np.zeros(n, dtype=int))
    for t in range(len(prompt), len(buffer)):
        buffer[t] = logits_fn(buffer)[t - 1].argmax()
    return buffer


@exercise.mistake("Old tokens were dropped")
def old_tokens_dropped(logits_fn, prompt, n):
    """Only the last few tokens were read; the model may need the first ones too.

    - How far back may the next token look?
    - To the very first token.
    - logits_fn(tokens), uncut
    """
    tokens = prompt
    for _ in range(n):
        tokens = np.append(tokens, logits_fn(tokens[-16:])[-1].argmax())
    return tokens
