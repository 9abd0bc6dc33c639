"""The little language against an independent description of it: every sentence is one of a few hundred templates."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.sizes import sized

from leftcontext.language.language import LITTLE_LANGUAGE as L
from leftcontext.language.language import SENTENCE


def words(text):
    return frozenset(text.split())


ADJECTIVES = words("big small young brave quiet clever")
NOUNS = {
    "one": words("dog cat fox bird child robot queen wizard"),
    "many": words("dogs cats foxes birds children robots queens wizards"),
}
DETERMINERS = {"one": words("a this every the"), "many": words("these many the")}
TRANSITIVE = {"one": words("sees hears likes follows"), "many": words("see hear like follow")}
INTRANSITIVE = {"one": words("sleeps sings waits"), "many": words("sleep sing wait")}
PREPOSITIONS = words("near behind beside under")


def templates():
    """Every shape of a sentence: a tuple with the words that may stand at each place."""
    plain = [(DETERMINERS[n], NOUNS[n]) for n in ("one", "many")]
    objects = plain + [(DETERMINERS[n], ADJECTIVES, NOUNS[n]) for n in ("one", "many")]
    for n in ("one", "many"):
        subjects = [(DETERMINERS[n], NOUNS[n]), (DETERMINERS[n], ADJECTIVES, NOUNS[n])]
        clauses = [({"that"}, INTRANSITIVE[n]), *(({"that"}, TRANSITIVE[n], *p) for p in plain)]
        modifiers = [(), *((PREPOSITIONS, *p) for p in plain), *clauses]
        verbs = [(INTRANSITIVE[n],), *((TRANSITIVE[n], *o) for o in objects)]
        for subject, modifier, verb in product(subjects, modifiers, verbs):
            yield (*subject, *modifier, *verb, {"."})


TEMPLATES = list(templates())


def brute_force_legal_words(text):
    """How many words stand before the first that no template allows."""
    legal, sentence = 0, []
    for word in text:
        sentence.append(word)
        fitting = [t for t in TEMPLATES if len(t) >= len(sentence)]
        if not any(all(w in place for w, place in zip(sentence, t, strict=False)) for t in fitting):
            return legal
        legal += 1
        if word == ".":
            sentence = []
    return legal


def test_vocabulary_is_a_full_stop_and_47_words():
    assert len(L) == len(set(L.symbols)) == 48
    assert L.symbols[0] == "."
    assert set(L.symbols) == set().union(*(place for template in TEMPLATES for place in template))


def test_sentences_have_4_to_12_tokens():
    assert min(map(len, TEMPLATES)) == 4
    assert max(map(len, TEMPLATES)) == 12
    text = L.decode(L.sample(1, 200_000, np.random.default_rng(0))[0])
    lengths = [len(sentence.split()) + 1 for sentence in text.split(".")[:-1]]
    assert {4, 12} <= set(lengths) <= set(range(4, 13))
    assert np.mean(lengths) == pytest.approx(L.sentence_length, rel=0.01)


def test_probabilities_sum_to_one_and_every_legal_word_can_come():
    np.testing.assert_allclose(L.probability.sum(-1), 1)
    np.testing.assert_array_equal(L.probability > 0, L.successor >= 0)


def test_the_verb_after_the_sentence_of_the_course_agrees_with_dogs():
    p = L.next_probabilities(L.encode(SENTENCE))
    assert {L.symbols[t] for t in np.flatnonzero(p)} == TRANSITIVE["many"] | INTRANSITIVE["many"]
    text = "these dogs near the cat see a bird ."
    assert L.is_legal(L.encode(text))
    assert L.legal_tokens(L.encode(text.replace("see", "sees"))) == 5


def test_samples_are_legal_by_brute_force():
    for text in L.sample(100, 40, np.random.default_rng(1)):
        assert brute_force_legal_words(L.words(text)) == 40
    assert L.is_legal(L.sample(1000, 40, np.random.default_rng(2))).all()


@settings(max_examples=sized(50, 200))
@given(st.integers(0, 2**31), st.lists(st.tuples(st.integers(0, 15), st.integers(0, 47)), min_size=1, max_size=3))
def test_the_checker_agrees_with_brute_force_on_damaged_texts(seed, damage):
    text = L.sample(1, 16, np.random.default_rng(seed))[0]
    for place, word in damage:
        text[place] = word
    legal = brute_force_legal_words(L.words(text))
    assert L.legal_tokens(text) == legal
    assert L.is_legal(text) == (legal == 16)
    assert np.isfinite(L.log_probability(text)) == (legal == 16)


@settings(max_examples=sized(30, 100))
@given(st.lists(st.integers(0, 47), max_size=12))
def test_the_checker_agrees_with_brute_force_on_random_words(text):
    assert L.legal_tokens(np.array(text, dtype=int)) == brute_force_legal_words(L.words(text))


def test_the_checker_takes_any_leading_axes():
    texts = L.sample(12, 16, np.random.default_rng(3)).reshape(3, 4, 16)
    texts[1, 2, 7:] = L.encode("the")[0]
    assert L.is_legal(texts).shape == (3, 4)
    assert L.is_legal(texts).sum() == 11


def log_probabilities_of_all_texts(length, prefix=(), log_p=0.0):
    """Every legal text of this length with its probability, by walking all of them."""
    if len(prefix) == length:
        yield log_p
        return
    p = L.next_probabilities(prefix)
    for token in np.flatnonzero(p):
        yield from log_probabilities_of_all_texts(length, (*prefix, token), log_p + np.log(p[token]))


def test_entropy_of_short_texts_by_summing_over_all_of_them():
    log_p = np.array(list(log_probabilities_of_all_texts(3)))
    assert np.exp(log_p).sum() == pytest.approx(1)
    assert L.entropy(3) == pytest.approx(-(np.exp(log_p) * log_p).sum() / 3)


def test_entropy_of_long_texts_by_sampling():
    log_p = L.log_probability(L.sample(20_000, 16, np.random.default_rng(4)))
    error = log_p.std() / len(log_p) ** 0.5
    assert -log_p.mean() == pytest.approx(16 * L.entropy(16), abs=4 * error)


def test_samples_follow_the_probabilities():
    texts = L.sample(40_000, 2, np.random.default_rng(5))
    seen = np.bincount(texts[:, 0], minlength=48) / len(texts)
    np.testing.assert_allclose(seen, L.next_probabilities(()), atol=0.01)
    after_these = texts[texts[:, 0] == L.encode("these")[0], 1]
    seen = np.bincount(after_these, minlength=48) / len(after_these)
    np.testing.assert_allclose(seen, L.next_probabilities(L.encode("these")), atol=0.03)


def test_entropy_rate_is_the_limit():
    more = 4000 * L.entropy(4000) - 2000 * L.entropy(2000)
    assert more / 2000 == pytest.approx(L.entropy_rate, rel=1e-9)
    assert L.entropy_per_position(16).mean() == pytest.approx(L.entropy(16))


def test_rows_are_fresh_repeatable_and_begin_with_a_full_stop():
    rows = L.rows(50, 16, np.random.default_rng(6))
    assert rows.shape == (50, 17)
    assert (rows[:, 0] == 0).all()
    assert L.is_legal(rows[:, 1:]).all()
    np.testing.assert_array_equal(rows, L.rows(50, 16, np.random.default_rng(6)))
    assert (rows != L.rows(50, 16, np.random.default_rng(7))).any()


def test_encode_and_decode():
    assert L.decode(L.encode(SENTENCE)) == " ".join(SENTENCE)
    np.testing.assert_array_equal(L.encode(" ".join(SENTENCE)), L.encode(SENTENCE))
    assert L.encode("").shape == (0,)
    with pytest.raises(ValueError, match="'unicorn'"):
        L.encode("these unicorn")
    with pytest.raises(ValueError, match="'sees' at position 2"):
        L.next_probabilities(L.encode("these dogs sees"))
