"""The judge on causal attentions that the bank does not know: every right one passes, no wrong one does."""

import importlib.util

import numpy as np
import pytest
from support.right_attentions import RIGHT
from support.sizes import share
from support.sometimes_right_attentions import WRONG

from autograder.bank import catalog
from autograder.judge.judge import judge

EXERCISE = catalog.find("causal_attention").load()
SEEDS = (0, 1, 7)


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_answer_scores_full(name: str) -> None:
    if name == "by_torch" and importlib.util.find_spec("torch") is None:
        pytest.skip("torch is not installed")
    for seed in SEEDS:
        verdict = judge(EXERCISE, RIGHT[name], seed)
        assert verdict.passed, verdict.finding and verdict.finding.message
        assert not verdict.notes


@pytest.mark.parametrize("name", share(WRONG, 8))
def test_a_wrong_answer_scores_less_and_is_named(name: str) -> None:
    attend, named = WRONG[name]
    for seed in SEEDS:
        verdict = judge(EXERCISE, attend, seed)
        assert not verdict.passed, f"{name} scores full at seed {seed}"
        assert verdict.finding is not None
        assert verdict.finding.message
        if named is not None:
            assert verdict.misconception == named


def test_the_corpus_is_measured_by_an_oracle_of_its_own() -> None:
    rng = np.random.default_rng(0)
    Q, K, V = rng.normal(size=(2, 3, 6, 4)), rng.normal(size=(2, 3, 6, 4)), rng.normal(size=(2, 3, 6, 5))
    wanted = np.asarray(RIGHT["plain_python"](Q, K, V))
    torch = pytest.importorskip("torch")
    sdpa = torch.nn.functional.scaled_dot_product_attention(*map(torch.from_numpy, (Q, K, V)), is_causal=True)
    np.testing.assert_allclose(wanted, sdpa.numpy(), atol=1e-12)
    assert len(RIGHT) >= 15
    assert len(WRONG) >= 60
