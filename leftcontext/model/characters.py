"""The little language, spelled: the same sentences, predicted letter by letter.

A word is now several tokens, so a model must learn to spell before it can learn grammar, and a leak shows at a glance.
"""

from functools import cache

import numpy as np

from leftcontext.language.grammar import STOP
from leftcontext.language.language import ILLEGAL, LITTLE_LANGUAGE, Language
from leftcontext.model.transformer import Config

SYMBOLS = (STOP, " ", *sorted(set("".join(LITTLE_LANGUAGE.symbols[1:]))))
CHARACTER_MODEL = Config(vocab=len(SYMBOLS), context=40, width=48, heads=4, hidden=96)  # 33,552 parameters

Spelled = tuple[int, str]  # a state of the language of words, and the letters of the next word so far


@cache
def character_language() -> Language:
    """The language in 27 characters: words end in a space, sentences in a full stop with none around it."""
    known: dict[Spelled, int] = {(0, ""): 0}
    todo, edges = [(0, "")], []
    while todo:
        here = todo.pop()
        for character, (share, then) in _next_characters(*here).items():
            if then not in known:
                known[then] = len(known)
                todo.append(then)
            edges.append((known[here], SYMBOLS.index(character), share, known[then]))
    probability = np.zeros((len(known), len(SYMBOLS)))  # (S, V)
    successor = np.full(probability.shape, ILLEGAL, dtype=np.intp)  # (S, V)
    for state, symbol, p, then_state in edges:
        probability[state, symbol] = p
        successor[state, symbol] = then_state
    return Language(SYMBOLS, probability, successor, separator="")


def _next_characters(state: int, letters: str) -> dict[str, tuple[float, Spelled]]:
    """What may follow these letters, how likely, and where it leads."""
    language = LITTLE_LANGUAGE
    words = {t: w for t, w in enumerate(language.symbols) if language.probability[state, t] and w.startswith(letters)}
    total = sum(language.probability[state, token] for token in words)
    options: dict[str, tuple[float, Spelled]] = {}
    for token, word in words.items():
        after = int(language.successor[state, token])
        if word != letters:
            character = word[len(letters)]
            then = (state, letters + character)
        elif language.probability[after, 0]:  # after a sentence's last word there is nothing but the full stop
            character, then = STOP, (0, "")
        else:
            character, then = " ", (after, "")
        known = options[character][0] if character in options else 0.0
        options[character] = (known + float(language.probability[state, token] / total), then)
    return options
