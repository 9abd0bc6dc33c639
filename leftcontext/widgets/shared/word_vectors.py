"""Queries, keys and values for every word of the little language, two components each, made by hand.

A determiner's key points up, a noun's to the right. A noun asks for its determiner, and a singular one also for another
noun, with which its verb may have to agree; a preposition asks for the noun before it. A value says how plural and how
singular a word is. One head that looks at words alone can't always be right: there are sentences that fool it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from leftcontext.language import grammar
from leftcontext.language.language import LITTLE_LANGUAGE, SENTENCE

COMPONENTS = ("plural", "singular")
MAX_WORDS = 16  # words of a sentence

Rows = tuple[tuple[float, float], ...]
Vectors = tuple[tuple[float, float], tuple[float, float], tuple[float, float]]  # query, key, value
ASKING, ANSWERING = (0.3, 0.4), (0.2, 1.6)  # a determiner's query and key
LIKE: dict[str, Vectors] = {  # words of one kind are alike, except for what their values say of number
    "plural determiner": (ASKING, ANSWERING, (1.0, 0.0)),
    "singular determiner": (ASKING, ANSWERING, (0.0, 1.0)),
    "the": ((0.5, 0.3), (0.1, 1.2), (0.0, 0.0)),
    "plural noun": ((0.4, 1.6), (2.0, 0.1), (2.0, 0.0)),
    "singular noun": ((1.8, 0.9), (1.2, -0.2), (0.0, 2.0)),
    "adjective": ((0.6, 0.9), (0.4, 0.3), (0.0, 0.0)),
    "preposition": ((1.5, 0.2), (-0.5, -0.4), (0.0, 0.0)),
    "plural verb": ((1.4, 0.6), (0.3, -0.9), (1.0, 0.0)),
    "singular verb": ((1.4, 0.6), (0.3, -0.9), (0.0, 1.0)),
    "other": ((0.8, 0.1), (-0.6, -0.6), (0.0, 0.0)),
}


def _kinds() -> dict[str, Iterable[str]]:
    kinds: dict[str, Iterable[str]] = {"the": ("the",), "adjective": grammar.ADJECTIVES, "preposition": grammar.PREPOSITIONS}
    for number in grammar.NUMBERS:
        kinds[f"{number} determiner"] = grammar.DETERMINERS[number]
        kinds[f"{number} noun"] = grammar.NOUNS[number]
        kinds[f"{number} verb"] = (*grammar.TRANSITIVE[number], *grammar.INTRANSITIVE[number])
    return kinds


_KIND = {word: kind for kind, words in _kinds().items() for word in words}
WORDS: dict[str, Vectors] = {word: LIKE[_KIND.get(word, "other")] for word in LITTLE_LANGUAGE.symbols}


def words_of(text: object) -> list[str]:
    """The words of a sentence that one types; else a ValueError of one sentence."""
    if not isinstance(text, str):
        raise ValueError(f"A sentence is text, such as {' '.join(SENTENCE)!r}, not {text!r}.")
    words = text.lower().split()  # a sentence may begin with a capital
    if not 0 < len(words) <= MAX_WORDS:
        raise ValueError(f"A sentence has 1 to {MAX_WORDS} words here, not {len(words)}.")
    vectors_of(words)
    return words


def vectors_of(words: Sequence[str]) -> tuple[Rows, Rows, Rows]:
    """The queries, keys and values of words of the little language (T, 2) each; else a ValueError of one sentence."""
    unknown = [word for word in words if word not in WORDS]
    if unknown:
        raise ValueError(f"“{unknown[0]}” is not a word of the little language; for other words hand in Q, K and V.")
    queries, keys, values = zip(*(WORDS[word] for word in words), strict=True)
    return queries, keys, values


QUERIES, KEYS, VALUES = vectors_of(SENTENCE)
