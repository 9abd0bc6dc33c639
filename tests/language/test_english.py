"""The books, and the n-gram model against the formulas of Kneser and Ney written out with dictionaries."""

import re
from collections import Counter, defaultdict

import numpy as np
import pytest

from leftcontext.language import english
from leftcontext.language.ngram import NGram

SOURCES = (english.FOLDER / "SOURCES.md").read_text(encoding="utf-8")


def test_every_character_of_the_books_has_a_token_and_none_is_left_over() -> None:
    texts = [(english.FOLDER / f"{name}.txt").read_text(encoding="utf-8") for name in english.BOOKS]
    assert tuple(sorted(set("".join(texts)))) == english.SYMBOLS
    for text, tokens in zip(texts, english.books(), strict=True):
        assert english.decode(tokens) == text
        assert tokens[-1] == 0 and "\n\n" not in text and not re.search(r"gutenberg|copyright", text, re.IGNORECASE)


def test_the_sources_name_every_book_and_its_size() -> None:
    rows = re.findall(r"^\| `(\w+)\.txt` \|.*\| ([\d,]+) \|$", SOURCES, re.MULTILINE)
    assert {name: int(size.replace(",", "")) for name, size in rows} == {
        name: len(book) for name, book in zip(english.BOOKS, english.books(), strict=True)
    }
    assert {path.name for path in english.FOLDER.iterdir()} == {"SOURCES.md", *(f"{name}.txt" for name in english.BOOKS)}
    assert "public domain" in SOURCES


def test_what_is_held_out_is_the_last_tenth_of_each_book_and_is_never_drawn() -> None:
    train, held = english.training_text(), english.held_out_text()
    assert len(train) + len(held) == sum(map(len, english.books())) and len(held) == pytest.approx(len(train) / 9, rel=1e-4)
    ends = [english.decode(book[-200:]) for book in english.books()]
    assert all(end in english.decode(held) and end not in english.decode(train) for end in ends)
    rows = english.training_rows(50, 96, np.random.default_rng(0))
    text = english.decode(train)
    assert rows.shape == (50, 97) and all(english.decode(row) in text for row in rows)
    rows = english.held_out_rows(96)
    assert np.array_equal(rows[:, :-1].ravel(), held[: rows[:, :-1].size]) and np.array_equal(rows[1:, 0], rows[:-1, -1])


def test_what_is_typed_is_read_and_what_the_books_do_not_have_is_named() -> None:
    assert english.decode(english.encode("“Who’s there—you?”")) == "\"Who's there--you?\""
    with pytest.raises(ValueError, match="not among the 64 characters of the books: 7 é"):
        english.encode("7 cafés")


def test_words_are_runs_of_letters_and_the_books_know_their_own() -> None:
    assert english.words("\"Don't!\" said--'Alice', 'tis.") == ["don't", "said", "alice", "tis"]
    assert english.share_known("The Queen zzxq Dorothy's qqq") == pytest.approx(3 / 5)
    assert english.share_known("--") == 0


def plain_kneser_ney(tokens: list[int], n: int, vocab: int, history: tuple[int, ...], token: int) -> float:
    """p(token | history) by the definition, from dictionaries."""
    padded = [0] * (n - 1) + tokens
    grams = [tuple(padded[i : i + n]) for i in range(n - 1, len(padded) - n + 1)]
    counts: Counter[tuple[int, ...]] = Counter(grams)
    orders = {n: counts}
    for k in range(n - 1, 0, -1):
        left = defaultdict(set)
        for gram in orders[k + 1]:
            left[gram[1:]].add(gram[0])
        orders[k] = Counter({gram: len(before) for gram, before in left.items()})
    p = 1 / vocab
    for k in range(1, n + 1):
        of = Counter(orders[k].values())
        once, twice = max(1, of[1]), of[2]
        discount = once / (once + 2 * twice)
        context = history[len(history) - (k - 1) :] if k > 1 else ()
        after = {gram[-1]: c for gram, c in orders[k].items() if gram[:-1] == context}
        total = sum(after.values())
        if total:
            p = (max(after.get(token, 0) - discount, 0) + discount * len(after) * p) / total
    return p


@pytest.mark.parametrize("n", [1, 2, 3])
def test_an_n_gram_model_is_that_of_the_definition_and_sums_to_one(n: int) -> None:
    tokens = np.random.default_rng(n).choice(5, size=60, p=[0.4, 0.3, 0.15, 0.1, 0.05])
    model = NGram(n, tokens, 6)  # the sixth symbol is never seen
    history = tuple(int(token) for token in tokens[10:12])
    ours = [np.exp(model.log_probability(np.array([*history, token]))[-1]) for token in range(6)]
    theirs = [plain_kneser_ney(tokens.tolist(), n, 6, history, token) for token in range(6)]
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)
    assert sum(ours) == pytest.approx(1) and min(ours) > 0


def test_a_longer_history_predicts_better_until_it_was_hardly_ever_seen() -> None:
    held = english.held_out_text()
    bits = [-NGram(n, english.training_text(), 64).log_probability(held).mean() / np.log(2) for n in (1, 3, 5)]
    assert bits == sorted(bits, reverse=True) and bits[-1] < 2


def test_an_n_gram_model_refuses_what_it_cannot_count() -> None:
    with pytest.raises(ValueError, match="1 to 10 as n"):
        NGram(11, english.held_out_text(), 64)
