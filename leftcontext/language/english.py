"""English, letter by letter: three children's books that are in the public domain, and what is held out of them.

`leftcontext/language/stories/SOURCES.md` says who wrote them, and what was changed. Every paragraph is one line, and a
line ends in token 0, so that token 0 stands before every paragraph, as the full stop does in the little language.

Axis letters: B texts, T characters.
"""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FOLDER = Path(__file__).resolve().with_name("stories")
BOOKS = ("alice_in_wonderland", "through_the_looking_glass", "wizard_of_oz")
SYMBOLS = ("\n", *" !\"'(),-.:;?ABCDEFGHIJKLMNOPQRSTUVWYZabcdefghijklmnopqrstuvwxyz")  # 64; there is no capital X
HELD_OUT = 10  # the last tenth of each book is never trained on
TYPED = dict(zip("‘’“”–—[]\t", ("'", "'", '"', '"', "-", "--", "(", ")", " "), strict=True))  # what else is typed


def encode(text: str) -> NDArray[np.intp]:
    """Text → tokens (T,). Raises ValueError at a character that the books do not have."""
    known = {symbol: token for token, symbol in enumerate(SYMBOLS)}
    plain = "".join(TYPED.get(character, character) for character in text)
    unknown = sorted(set(plain) - set(known))
    if unknown:
        raise ValueError(f"not among the {len(SYMBOLS)} characters of the books: {' '.join(unknown)}")
    return np.array([known[character] for character in plain], dtype=np.intp)


def decode(tokens: Iterable[int]) -> str:
    """Tokens (T,) → text."""
    return "".join(SYMBOLS[token] for token in tokens)


@cache
def books() -> tuple[NDArray[np.intp], ...]:
    """The tokens of each book, each an array (n,)."""
    return tuple(encode((FOLDER / f"{name}.txt").read_text(encoding="utf-8")) for name in BOOKS)


@cache
def training_text() -> NDArray[np.intp]:
    """The first nine tenths of each book, one after the other (n,)."""
    return np.concatenate([book[: _cut(book)] for book in books()])


@cache
def held_out_text() -> NDArray[np.intp]:
    """The last tenth of each book, one after the other (n,)."""
    return np.concatenate([book[_cut(book) :] for book in books()])


def training_rows(texts: int, length: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Rows for training (B, length + 1): windows that begin anywhere. `rows[:, :-1]` are inputs, `rows[:, 1:]` targets."""
    text = training_text()
    starts = rng.integers(len(text) - length, size=(texts, 1))  # (B, 1)
    return text[starts + np.arange(length + 1)]


def held_out_rows(length: int) -> NDArray[np.intp]:
    """All of the held-out text in rows (B, length + 1); the last token of a row is the first of the next one."""
    text = held_out_text()
    starts = np.arange(0, len(text) - length, length)[:, None]  # (B, 1)
    return text[starts + np.arange(length + 1)]


def words(text: str) -> list[str]:
    """The words of a text, in small letters: runs of letters, and of apostrophes within them."""
    letters = "".join(c if c.isalpha() or c == "'" else " " for c in text.lower())
    return [word for part in letters.split() if (word := part.strip("'"))]


@cache
def known_words() -> frozenset[str]:
    """Every word of the books, the held-out tenths included; of single letters, such as those of a song, only three."""
    every = {word for book in books() for word in words(decode(book))}
    return frozenset(word for word in every if len(word) > 1 or word in "aio")


def share_known(text: str) -> float:
    """The share of the words of a text that the books have; 0 where there is none."""
    found = [word in known_words() for word in words(text)]
    return sum(found) / max(1, len(found))


def _cut(book: NDArray[np.intp]) -> int:
    return len(book) * (HELD_OUT - 1) // HELD_OUT
