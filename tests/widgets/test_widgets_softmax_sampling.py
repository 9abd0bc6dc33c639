"""Softmax and Sampling: what Python computes and refuses. Without a browser."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import traitlets
from hypothesis import given
from hypothesis import strategies as st

from leftcontext.language.language import LITTLE_LANGUAGE
from leftcontext.widgets import AttentionMap, Sampling, Softmax

NUMBERS = st.floats(-30, 30)


@given(st.lists(NUMBERS, min_size=1, max_size=16), st.floats(0.1, 5), st.floats(-10, 10))
def test_a_shift_changes_no_weight_and_a_temperature_divides(scores: list[float], temperature: float, shift: float) -> None:
    shown = Softmax(scores, temperature=temperature, shift=shift)
    e = [math.exp((score - max(scores)) / temperature) for score in scores]
    np.testing.assert_allclose(shown.weights, np.array(e) / sum(e), atol=1e-9)


def test_the_course_sentence_has_the_scores_of_the_attention_map() -> None:
    shown, attention = Softmax(), AttentionMap(mask="none")
    np.testing.assert_allclose(shown.scores, attention.scaled)
    np.testing.assert_allclose(shown.weights, attention.weights[4])
    assert shown.rows == shown.tokens == attention.tokens and shown.row == 4


def slowly(model: list[float], temperature: float, top_k: int, top_p: float) -> list[float]:
    """One word after another, in the order of the definition: the oracle."""
    powers = [p ** (1 / temperature) for p in model]
    order = sorted(range(len(model)), key=lambda k: (-powers[k], k))[:top_k]
    mass, total, kept = 0.0, sum(powers[k] for k in order), []
    for k in order:
        if mass >= top_p and top_p < 1:
            break
        kept.append(k)
        mass += powers[k] / total
    left = sum(powers[k] for k in kept)
    return [powers[k] / left if k in kept else 0.0 for k in range(len(model))]


@given(st.sampled_from(Sampling().prompts), st.floats(0.2, 3), st.integers(1, 48), st.sampled_from([0.07, 0.33, 0.62, 0.91, 1.0]))
def test_sampling_is_temperature_then_top_k_then_top_p(prompt: str, temperature: float, top_k: int, top_p: float) -> None:
    shown = Sampling(prompt=prompt, temperature=temperature, top_k=top_k, top_p=top_p)
    wanted = slowly(shown.model.tolist(), temperature, top_k, top_p)
    np.testing.assert_allclose(shown.probabilities, wanted, atol=1e-12)
    assert abs(shown.probabilities.sum() - 1) < 1e-12 and 1 <= shown.kept.sum() <= top_k


def test_the_model_is_the_exact_language_with_a_tail() -> None:
    shown = Sampling(["these dogs"])
    exact = LITTLE_LANGUAGE.next_probabilities(LITTLE_LANGUAGE.encode("these dogs"))
    np.testing.assert_allclose(shown.model, 0.95 * exact + 0.05 / 48)
    np.testing.assert_allclose(shown.probabilities, shown.model)
    assert (shown.legal == (exact > 0)).all() and shown.kept.all()


def test_top_p_removes_the_tail_that_a_temperature_only_makes_rare() -> None:
    cold, cut = Sampling("these", temperature=0.3), Sampling("these", top_p=0.9)
    assert cold.kept.all() and 0 < cold.probabilities[~cold.legal].sum() < 0.01
    assert not cut.probabilities[~cut.legal].any()


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Softmax([[[1.0]]]), "two axes"),
        (lambda: Softmax(np.zeros(17)), "Up to 16 scores fit on a page, not 17"),
        (lambda: Softmax([1, 2], tokens=["a"]), "2 scores in a row, but 1 tokens"),
        (lambda: Softmax([1, 2], row=1), "row is 0 to 0, not 1"),
        (lambda: Softmax(temperature=0), "temperature goes from 0.1 to 5 here, but is 0"),
        (lambda: setattr(Softmax(), "shift", 11), "shift goes from -10 to 10"),
        (lambda: Sampling(["these cat"]), "'cat' at position 1 is not legal"),
        (lambda: Sampling([]), "one prompt at least"),
        (lambda: Sampling(prompt="a queen"), "made for the prompts 'a small fox'"),
        (lambda: Sampling(top_k=0), "top_k goes from 1 to 48"),
        (lambda: Sampling(top_p=1.5), "top_p goes from 0.05 to 1"),
    ],
)
def test_what_does_not_fit_gets_one_sentence(make: Callable[[], object], sentence: str) -> None:
    with pytest.raises((ValueError, traitlets.TraitError), match=sentence) as caught:
        make()
    assert "\n" not in str(caught.value)
