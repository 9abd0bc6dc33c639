"""A language whose models learn an attention sink: most words follow from the one before, and `again` repeats a word.

After `again` comes the word before it, with certainty; every other word depends on its neighbour alone. So one head of
attention has work to do after `again`, and none anywhere else; there it learns to look at the first token, whose value
adds nothing. It is the task "bigram-backcopy" of Guo et al., "Active-Dormant Attention Heads" (2024), in words.

Axis letters: V symbols, S states of the automaton.
"""

from __future__ import annotations

import numpy as np

from leftcontext.language.language import ILLEGAL, Language

AGAIN = 1  # the token that asks for a repetition; 0 stands before every text
SHARE = 0.15  # of `again` after a word
NOUNS = ("ant", "bee", "cat", "dog", "elk", "fox", "gnu", "hen", "ibex", "jay", "koi", "lynx", "mole", "newt")


def copying_language(concentration: float = 1.0, seed: int = 123) -> Language:
    """The language; the smaller `concentration`, the fewer words are likely to follow a word."""
    symbols = (".", "again", *NOUNS)
    words, V = range(2, len(symbols)), len(symbols)
    follows = np.random.default_rng(seed).dirichlet(np.full(len(words), concentration), size=V)
    # State 0: the beginning; state w: word w was the last; state V + w: it was followed by `again`.
    probability = np.zeros((2 * V, V))  # (S, V)
    successor = np.full((2 * V, V), ILLEGAL, dtype=np.intp)
    for last in (0, *words):
        probability[last, 2:] = follows[last] * (1 - SHARE if last else 1)
        successor[last, 2:] = words
        if last:
            probability[last, AGAIN], successor[last, AGAIN] = SHARE, V + last
            probability[V + last, last], successor[V + last, last] = 1, last
    used = [0, *words, *(V + w for w in words)]
    number = np.full(2 * V + 1, ILLEGAL)
    number[used] = np.arange(len(used))
    return Language(symbols, probability[used], number[successor[used]])


COPYING_LANGUAGE = copying_language()
