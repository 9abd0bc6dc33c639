"""What flows where: leak detector, generation with a cache, blocks, gradients. Without a browser."""

import re
from collections.abc import Callable

import numpy as np
import pytest
import traitlets
from support.async_helpers import run_beside
from support.rounding import rounded

from leftcontext import widgets
from leftcontext.model.training import Schedule, train
from leftcontext.model.transformer import Transformer
from leftcontext.widgets import BlockTiles, CachedGeneration, GradientPattern, LeakDetector, TrainAndGenerate, gallery

RNG = np.random.default_rng(11)
Q, K, V = RNG.normal(size=(3, 6, 3))


def causal(Q: np.ndarray, K: np.ndarray, V: np.ndarray) -> np.ndarray:
    scores = np.where(np.tri(len(Q), dtype=bool), Q @ K.T / np.sqrt(Q.shape[1]), -np.inf)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True) @ V


def masked_after_softmax(Q: np.ndarray, K: np.ndarray, V: np.ndarray) -> np.ndarray:
    weights = np.exp(Q @ K.T)
    return weights / weights.sum(-1, keepdims=True) * np.tri(len(Q)) @ V


def centred_by_all(Q: np.ndarray, K: np.ndarray, V: np.ndarray) -> np.ndarray:
    """Honest, but the maximum over hidden scores too changes its last digits."""
    scores = Q @ K.T
    weights = np.exp(scores - scores.max(-1, keepdims=True)) * np.tri(len(Q))
    return weights / weights.sum(-1, keepdims=True) @ V


def test_the_leak_detector_begins_where_some_outputs_move_and_some_do_not() -> None:
    shown = LeakDetector("causal")
    moved = shown.moved[:, shown.token] > 0
    assert moved.any()
    assert not moved.all()
    assert moved.sum() == 3


@pytest.mark.parametrize("honest", [causal, centred_by_all])
def test_an_honest_attention_moves_nothing_to_the_left(honest: Callable[..., np.ndarray]) -> None:
    shown = LeakDetector(honest, Q, K, V)
    assert shown.leaks == [] and not np.triu(shown.moved, 1).any()
    assert (np.tril(shown.moved) > 0).sum() == 21, "every output moves with each token of its left context"
    assert "No output moves" in shown.picture().html


def test_weights_that_were_normalized_before_they_were_masked_are_a_leak() -> None:
    leaks = LeakDetector(masked_after_softmax, Q, K, V).leaks
    assert leaks == [(i, j) for i in range(6) for j in range(i + 1, 6)]


def test_a_mask_is_enough_and_one_stray_cell_is_found() -> None:
    allowed = np.tri(5, dtype=bool)
    allowed[1, 3] = True
    for mask in (allowed, np.where(allowed, 0.0, -np.inf)):
        shown = LeakDetector(mask)
        assert shown.leaks == [(1, 3)]
        assert ((shown.moved > 0) == allowed).all()
    assert LeakDetector("one_ahead").leaks == [(i, i + 1) for i in range(4)]


def test_the_function_cannot_disturb_the_measurement() -> None:
    def in_place(Q: np.ndarray, K: np.ndarray, V: np.ndarray) -> np.ndarray:
        result = causal(Q, K, V)
        Q[:], K[:], V[:] = 0, 0, 0
        return result

    np.testing.assert_array_equal(LeakDetector(in_place, Q, K, V).moved, LeakDetector(causal, Q, K, V).moved)


@pytest.mark.parametrize("mask", ["causal", "one_ahead", "none"])
@pytest.mark.parametrize("loss", [-1, 0, 3])
def test_the_gradient_is_that_of_finite_differences(mask: str, loss: int) -> None:
    rng = np.random.default_rng(2)
    G = rng.normal(size=(6, 3))
    shown = GradientPattern(Q, K, V, G, mask=mask, loss=loss)
    ahead = {"causal": 0, "one_ahead": 1, "none": 6}[mask]

    def value(scores: np.ndarray, V: np.ndarray) -> float:
        e = np.exp(scores / np.sqrt(3)) * np.tri(6, k=ahead)
        outputs = e / e.sum(-1, keepdims=True) @ V
        return float((outputs * G)[slice(None) if loss < 0 else loss].sum())

    def slopes(of: Callable[[np.ndarray], float], x: np.ndarray) -> np.ndarray:
        steps = 1e-6 * np.eye(x.size).reshape(-1, *x.shape)
        return np.array([(of(x + step) - of(x - step)) / 2e-6 for step in steps]).reshape(x.shape)

    np.testing.assert_allclose(shown.scores, slopes(lambda s: value(s, V), Q @ K.T), atol=1e-8)
    of_each = [
        slopes(lambda q: value(q @ K.T, V), Q),
        slopes(lambda k: value(Q @ k.T, V), K),
        slopes(lambda v: value(Q @ K.T, v), V),
    ]
    np.testing.assert_allclose(shown.inputs, np.abs(of_each).max(-1), atol=1e-8)


def test_zeros_of_the_gradient_are_exact() -> None:
    zeros = GradientPattern(Q, K, V).scores == 0
    expected = ~np.tri(6, dtype=bool)
    expected[0, 0] = True  # one key: its weight is 1 whatever the score
    assert (zeros == expected).all()
    reached = GradientPattern(Q, K, V, loss=2).inputs > 0
    assert reached.astype(int).tolist() == [[0, 0, 1, 0, 0, 0], [1, 1, 1, 0, 0, 0], [1, 1, 1, 0, 0, 0]]


@pytest.mark.parametrize("mask", ["causal", "window", "none"])
@pytest.mark.parametrize("block", [1, 2, 3, 4])
def test_a_tile_is_skipped_exactly_where_the_mask_hides_all_of_it(mask: str, block: int) -> None:
    shown = BlockTiles(Q[:5], K[:5], V[:5], mask=mask, block=block, window=2)
    seen = {"causal": lambda i, j: j <= i, "window": lambda i, j: i - 2 < j <= i, "none": lambda i, j: True}[mask]
    tiles = iter(shown.tiles)
    for a in range(0, 5, block):
        for b in range(0, 5, block):
            cells = [seen(i, j) for i in range(a, min(a + block, 5)) for j in range(b, min(b + block, 5))]
            assert next(tiles) == (a, b, "plain" if all(cells) else "masked" if any(cells) else "skipped")
    assert next(tiles, None) is None


def test_the_tiles_end_at_causal_attention() -> None:
    np.testing.assert_allclose(BlockTiles(Q, K, V).output, causal(Q, K, V), atol=1e-14)


@pytest.mark.parametrize("cached", [True, False])
def test_scores_are_counted_as_a_decoder_computes_them(cached: bool) -> None:
    counted = np.zeros((6, 6), dtype=int)
    for n in range(1, 7):
        for i in range(n - 1 if cached else 0, n):
            counted[i, : i + 1] += 1
        shown = CachedGeneration(Q, K, V, step=n, cached=cached)
        assert (shown.times == counted).all()
        np.testing.assert_allclose(shown.outputs, causal(Q[:n], K[:n], V[:n]), atol=1e-14)
    assert "21 in all; without it 56" in shown.picture().html


def painted(i: int, j: int) -> np.ndarray:
    allowed = np.tri(6, dtype=bool)
    allowed[i, j] = True
    return allowed


@pytest.mark.long
def test_one_stray_cell_hardly_moves_the_loss_and_only_the_leak_test_sees_it() -> None:
    widget = TrainAndGenerate(allowed=painted(0, 1), steps=400)  # one of sixteen targets can be read
    run_beside(widget.train())
    widget.mask = "causal"
    run_beside(widget.train())
    yours, causal_run = widget.runs["yours"], widget.runs["causal"]
    assert abs(yours["losses"][-1] - causal_run["losses"][-1]) < 0.1 * widget.entropy
    assert causal_run["leaks"] == 0 < yours["leaks"]
    assert np.array_equal(yours["allowed"], painted(0, 1))


def test_a_mask_can_be_linked_and_a_run_is_that_of_the_model_under_it() -> None:
    class Painter(traitlets.HasTraits):
        allowed = traitlets.Any(painted(0, 5))

    painter, widget = Painter(), TrainAndGenerate(steps=40)
    assert widget.masks == ["causal", "one_ahead", "none"]
    traitlets.dlink((painter, "allowed"), (widget, "allowed"))
    painter.allowed = painted(2, 3)
    assert widget.masks[-1] == "yours"
    widget.mask = "yours"
    run_beside(widget.train())
    allowed = np.tri(16, dtype=bool)
    allowed[2, 3] = True
    model = Transformer(allowed=allowed, seed=0)
    losses = [progress.loss for progress in train(model, schedule=Schedule(steps=40), seed=0)]
    np.testing.assert_allclose(widget.runs["yours"]["losses"], np.reshape(losses, (2, 20)).mean(-1))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: LeakDetector(causal, Q), "together"),
        (lambda: LeakDetector(causal, Q, K[:4], V), r"\[6, 4, 6\] rows"),
        (lambda: LeakDetector(causal, Q, K, V, tokens=["a"]), "6 rows in Q, but 1 tokens"),
        (lambda: LeakDetector(lambda Q, K, V: V[:2], Q, K, V), "6 queries need 6 rows"),
        (lambda: LeakDetector(lambda Q, K, V: None, Q, K, V), "What the function returns is None"),
        (lambda: LeakDetector(lambda Q, K, V: (V, Q @ K.T), Q, K, V), "What the function returns can't be read"),
        (lambda: LeakDetector(lambda Q, K, V: "V", Q, K, V), "What the function returns is not an array of real numbers"),
        (lambda: LeakDetector(lambda Q, K, V: V + np.random.default_rng().normal(), Q, K, V), "another output for the same"),
        (lambda: LeakDetector(np.ones((17, 17), dtype=bool)), "Up to 16 tokens"),
        (lambda: LeakDetector(np.ones((3, 5), dtype=bool)), r"shape \(3, 5\)"),
        (lambda: LeakDetector(lambda Q, K, V: V * np.nan, Q, K, V), "not finite"),
        (lambda: LeakDetector(lambda Q: Q, Q, K, V), "has to take Q, K and V"),
        (lambda: LeakDetector(np.tri(3)), "could mean either"),
        (lambda: LeakDetector(token=9), "5 tokens"),
        (lambda: TrainAndGenerate(allowed=np.ones((3, 4))), r"shape \(T, T\)"),
        (lambda: TrainAndGenerate(allowed=np.ones((17, 17))), "up to 16"),
        (lambda: TrainAndGenerate(allowed=np.full((3, 3), 0.5)), "boolean"),
        (lambda: TrainAndGenerate(allowed=np.tri(4, k=-1, dtype=bool)), "Query 0 sees no key"),
        (lambda: TrainAndGenerate("yours"), "set `allowed` first"),
        (lambda: BlockTiles(Q, K, V[:2]), r"\[6, 6, 2\] rows"),
        (lambda: BlockTiles(Q), "together"),
        (lambda: CachedGeneration(Q, K, V, step=7), "step is 0 to 6"),
        (lambda: CachedGeneration(Q, K, V, tokens="ab"), "6 rows in Q, but 2 tokens"),
        (lambda: GradientPattern(Q, K[:, :2], V), "same width"),
        (lambda: GradientPattern(Q, K, V, V[:, :1]), "number for each output"),
        (lambda: GradientPattern(Q, K, V, loss=6), "0 to 5, or -1"),
    ],
)
def test_what_does_not_fit_gets_one_sentence(make: Callable[[], object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        make()
    assert "\n" not in str(caught.value)




def test_the_gallery_is_up_to_date_and_shows_every_widget() -> None:
    shown = gallery.PAGE.read_text(encoding="utf-8")
    assert rounded(shown) == rounded(gallery.build()), "make gallery"
    exhibits = gallery.exhibits()
    assert {type(widget).__name__ for widget in exhibits.values()} == set(widgets.__all__)
    assert not re.search(r"https?:|//cdn|@import|url\(", shown.replace("http://www.w3.org/2000/svg", ""))
