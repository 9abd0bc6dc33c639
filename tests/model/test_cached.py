"""A model behind a cache computes what it computes without one."""

import numpy as np
import pytest

from leftcontext.model import Config, Transformer
from leftcontext.model.cached import CachedReader

RNG = np.random.default_rng(0)
MODEL = Transformer(Config(vocab=11, context=12, layers=3), allowed=np.tri(12, dtype=bool), dtype=np.float64, seed=3)
TOKENS = RNG.integers(11, size=12)


@pytest.mark.parametrize("cuts", [(), (1,), (5, 6), tuple(range(1, 12))])
def test_a_text_in_pieces_gives_the_logits_of_the_whole(cuts: tuple[int, ...]) -> None:
    reader = CachedReader(MODEL)
    pieces = [reader.read(piece) for piece in np.split(TOKENS, cuts)]
    assert np.allclose(np.concatenate(pieces), MODEL.logits(TOKENS), atol=1e-10)
    assert len(reader) == 12


def test_the_bytes_are_those_of_the_formula() -> None:
    reader = CachedReader(MODEL)
    reader.read(TOKENS[:7])
    c = MODEL.config
    assert reader.nbytes == 2 * c.layers * c.heads * (c.width // c.heads) * 7 * 8


def test_a_fork_shares_its_past_and_leaves_it_alone() -> None:
    reader = CachedReader(MODEL)
    reader.read(TOKENS[:5])
    forks = [reader.fork(), reader.fork()]
    assert np.shares_memory(forks[0].keys[0], forks[1].keys[0])
    for fork, next_token in zip(forks, (3, 8), strict=True):
        text = np.append(TOKENS[:5], next_token)
        assert np.allclose(fork.read([next_token])[-1], MODEL.logits(text)[-1], atol=1e-10)
    assert len(reader) == 5


def test_evicted_rows_are_those_that_a_mask_hides() -> None:
    one = Transformer(Config(vocab=11, context=12, layers=1), allowed=np.tri(12, dtype=bool), dtype=np.float64)
    reader = CachedReader(one)
    reader.read(TOKENS[:6])
    reader.keep(np.r_[0, 3:6])
    logits = reader.read(TOKENS[6:7], positions=[6])
    allowed = np.tri(12, dtype=bool)
    allowed[6, 1:3] = False
    assert np.allclose(logits[0], one.logits(TOKENS[:7], allowed)[-1], atol=1e-10)


def test_a_wrong_position_is_another_result() -> None:
    reader = CachedReader(MODEL)
    reader.read(TOKENS[:5])
    again = reader.fork().read(TOKENS[5:6], positions=[0])
    assert np.abs(again - reader.read(TOKENS[5:6])).max() > 1e-3


def test_a_tree_is_read_like_each_of_its_branches() -> None:
    reader = CachedReader(MODEL)
    reader.read(TOKENS[:4])
    parents, drafted = [-1, 0, 0, 2], np.array([1, 2, 3, 4])
    sees = np.eye(4, dtype=bool)
    for node, parent in enumerate(parents):
        if parent >= 0:
            sees[node] |= sees[parent]
    allowed = np.hstack([np.ones((4, 4), dtype=bool), sees])
    logits = reader.fork().read(drafted, positions=4 + sees.sum(axis=1) - 1, allowed=allowed)
    for node in range(4):
        branch = np.append(TOKENS[:4], drafted[sees[node]])
        assert np.allclose(logits[node], MODEL.logits(branch)[-1], atol=1e-10)
