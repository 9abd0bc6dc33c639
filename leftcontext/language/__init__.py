"""A little language with a known entropy, and English. In: a seed or a text. Out: sentences, tokens, probabilities."""

from leftcontext.language.grammar import STOP
from leftcontext.language.language import ILLEGAL, LITTLE_LANGUAGE, SENTENCE, Language

__all__ = ["ILLEGAL", "LITTLE_LANGUAGE", "SENTENCE", "STOP", "Language"]
