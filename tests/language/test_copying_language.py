"""The language with `again`."""

import numpy as np

from leftcontext.language.copying import AGAIN, COPYING_LANGUAGE, SHARE


def test_again_repeats_the_word_before_it_and_nothing_else_does_so_by_rule() -> None:
    texts = COPYING_LANGUAGE.sample(500, 40, np.random.default_rng(0))
    assert COPYING_LANGUAGE.is_legal(texts).all()
    row, column = np.nonzero(texts[:, 1:-1] == AGAIN)
    assert len(row) > 1000
    assert np.array_equal(texts[row, column], texts[row, column + 2])
    after_a_word = texts[:, 1:][texts[:, :-1] != AGAIN]
    assert abs((after_a_word == AGAIN).mean() - SHARE) < 0.01


def test_every_state_has_a_distribution_and_leads_on() -> None:
    probability, successor = COPYING_LANGUAGE.probability, COPYING_LANGUAGE.successor
    assert np.allclose(probability.sum(axis=1), 1)
    assert ((successor >= 0) | (probability == 0)).all()


def test_its_entropy_is_what_its_own_probabilities_cost() -> None:
    texts = COPYING_LANGUAGE.sample(4000, 24, np.random.default_rng(1))
    cost = -COPYING_LANGUAGE.log_probability(texts).mean() / 24
    assert abs(cost - COPYING_LANGUAGE.entropy(24)) < 0.02
