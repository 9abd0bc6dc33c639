"""The little model: its gradient by finite differences, its attention by PyTorch, its honesty by disturbing it."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from leftcontext.model.evaluation import influence, leak
from leftcontext.model.training import allowed_by
from leftcontext.model.transformer import IGNORED, Config, Transformer

SMALL = Config(vocab=11, context=7, width=12, heads=3, layers=2, hidden=10)
MASKS = {
    "causal": np.tri(7),
    "none": True,
    "one ahead": np.tri(7, k=1),
    "own position hidden, row 0 empty": np.tri(7, k=-1),
    "one leaky head": np.stack([np.tri(7), np.tri(7), np.ones((7, 7))]),
    "second layer open": np.stack([np.tri(7), np.ones((7, 7))])[:, None],
}


def tokens(seed, *shape, vocab=11):
    return np.random.default_rng(seed).integers(vocab, size=shape)


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("length", [7, 4, 1])
def test_gradient_equals_finite_differences(mask, length):
    model = Transformer(SMALL, allowed=MASKS[mask], seed=1, dtype=np.float64)
    model.params["head"] *= 10  # from its small beginning to a size at which every path counts
    x, y = tokens(2, 3, length), tokens(3, 3, length)
    model.loss_and_gradient(x, y)
    gradient, theta = model.gradient.copy(), model.theta.copy()
    rng = np.random.default_rng(4)
    for name in model.params:
        inside = np.zeros_like(theta)
        model.views(inside)[name][:] = rng.normal(size=model.params[name].shape)  # move this parameter alone
        losses = []
        for sign in (1, -1):
            model.theta[:] = theta + sign * 1e-6 * inside
            losses.append(model.loss_and_gradient(x, y))
        model.theta[:] = theta
        assert gradient @ inside == pytest.approx((losses[0] - losses[1]) / 2e-6, rel=1e-6, abs=1e-8), name


@pytest.mark.parametrize("mask", MASKS)
def test_attention_equals_pytorch(mask):
    torch = pytest.importorskip("torch")
    model = Transformer(SMALL, allowed=MASKS[mask], seed=1, dtype=np.float64)
    x = np.random.default_rng(5).normal(size=(2, 7, 12))
    for layer in range(2):
        got = model.attention[layer].forward(x.reshape(14, 12), model.additive_masks[layer]).reshape(2, 7, 12)
        q, k, v = (
            torch.from_numpy(part).reshape(2, 7, 3, 4).transpose(1, 2)
            for part in np.split(x @ model.params[f"{layer}.qkv"], 3, axis=-1)
        )
        allowed = torch.from_numpy(model.allowed[layer].copy())
        heads = torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=allowed)
        heads = torch.nan_to_num(heads)  # a row that may see nothing is zero here
        want = heads.transpose(1, 2).reshape(2, 7, 12).numpy() @ model.params[f"{layer}.merge"]
        np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-12)


def test_gradient_equals_pytorch_autograd():
    torch = pytest.importorskip("torch")
    path = Path(__file__).parents[2] / "benchmarks" / "train_vs_torch.py"
    spec = importlib.util.spec_from_file_location("train_vs_torch", path)
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    ours = Transformer(SMALL, allowed=np.tri(7), seed=1)
    x, y = tokens(2, 3, 7), tokens(3, 3, 7)
    loss = ours.loss_and_gradient(x, y)
    for fused in (False, True):
        theirs = benchmark.TorchModel(ours, fused)
        logits = theirs(torch.from_numpy(x))
        np.testing.assert_allclose(logits.detach().numpy(), ours.logits(x), rtol=1e-4, atol=1e-5)
        their_loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), torch.from_numpy(y).flatten())
        assert their_loss.item() == pytest.approx(loss, rel=1e-5)
        their_loss.backward()
        want = dict(theirs.named_parameters())
        for name, gradient in ours.grads.items():
            weight = want[f"blocks.{name}.weight" if "." in name else f"{name}.weight"].grad.numpy()
            gradient = gradient if name in ("token", "position") else gradient.T
            np.testing.assert_allclose(gradient, weight, rtol=1e-4, atol=1e-6, err_msg=name)


def test_loss_is_the_cross_entropy_of_the_logits():
    model = Transformer(SMALL, allowed=np.tri(7), seed=1, dtype=np.float64)
    x, y = tokens(2, 3, 7), tokens(3, 3, 7)
    p = np.exp(model.logits(x))
    p /= p.sum(-1, keepdims=True)
    want = -np.log(np.take_along_axis(p, y[..., None], -1)).mean()
    assert model.loss_and_gradient(x, y) == pytest.approx(want)


def test_ignored_targets_are_left_out_of_the_loss_and_of_the_gradient():
    torch = pytest.importorskip("torch")
    model = Transformer(SMALL, allowed=np.tri(7), seed=1, dtype=np.float64)
    x, y = tokens(2, 3, 7), tokens(3, 3, 7)
    y[np.random.default_rng(6).random(y.shape) < 0.4] = IGNORED
    loss = model.loss_and_gradient(x, y)
    logits = torch.from_numpy(model.logits(x))
    assert loss == pytest.approx(
        torch.nn.functional.cross_entropy(logits.flatten(0, 1), torch.from_numpy(y).flatten()).item()
    )
    gradient, theta = model.gradient.copy(), model.theta.copy()
    step = np.random.default_rng(7).normal(size=theta.shape)
    losses = []
    for sign in (1, -1):
        model.theta[:] = theta + sign * 1e-6 * step
        losses.append(model.loss_and_gradient(x, y))
    assert gradient @ step == pytest.approx((losses[0] - losses[1]) / 2e-6, rel=1e-5)


def test_where_every_target_is_ignored_nothing_is_learned():
    model = Transformer(SMALL, allowed=np.tri(7), seed=1)
    x = tokens(2, 3, 7)
    model.loss_and_gradient(x, x)
    assert model.loss_and_gradient(x, np.full_like(x, IGNORED)) == 0
    assert not model.gradient.any()


def test_the_courses_model_has_the_size_that_its_docstring_says():
    assert Transformer().theta.size == 19_968


def test_weights_are_rows_that_sum_to_one_and_hide_what_the_mask_hides():
    model = Transformer(SMALL, allowed=np.tri(7), seed=1)
    weights = model.attention_weights(tokens(2, 5, 7))
    assert weights.shape == (2, 5, 3, 7, 7)
    np.testing.assert_allclose(weights.sum(-1), 1, rtol=1e-5)
    assert (np.triu(weights, 1) == 0).all()
    assert model.attention_weights(tokens(2, 4)).shape == (2, 3, 4, 4)


def test_a_row_that_may_see_nothing_gives_zeros():
    model = Transformer(SMALL, allowed=np.tri(7, k=-1), seed=1)
    weights = model.attention_weights(tokens(2, 7))
    assert (weights[:, :, 0] == 0).all()
    assert np.isfinite(model.logits(tokens(2, 7))).all()


def test_scores_too_large_for_exp_stay_finite():
    model = Transformer(SMALL, allowed=np.tri(7), seed=1)
    for layer in range(2):
        model.params[f"{layer}.qkv"] *= 100
    assert np.isfinite(model.logits(tokens(2, 7))).all()
    assert np.isfinite(model.loss_and_gradient(tokens(2, 3, 7), tokens(3, 3, 7)))
    assert np.isfinite(model.gradient).all()


@pytest.mark.parametrize("seed", range(3))
def test_only_a_causal_mask_keeps_the_future_out(seed):
    reach = influence(Transformer(allowed=allowed_by("causal", 16), seed=seed))
    assert (np.triu(reach, 1) == 0).all()
    assert (np.tril(reach) + np.triu(np.ones((16, 16)), 1) > 0).all()  # and lets the whole past in
    assert leak(Transformer(allowed=allowed_by("none", 16), seed=seed)) > 1e-3
    one_ahead = influence(Transformer(allowed=allowed_by("one_ahead", 16), seed=seed))
    assert np.diagonal(one_ahead, 2).min() > 0  # two layers, two tokens ahead
    assert (np.triu(one_ahead, 3) == 0).all()


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("seed", range(4))
def test_influence_is_what_the_masks_let_through(layers, seed):
    rng = np.random.default_rng(seed)
    allowed = np.tri(16, dtype=bool) | (rng.random((layers, 2, 16, 16)) < 0.02)
    paths = np.eye(16, dtype=int)
    for heads in allowed:  # a layer passes on what any head sees, and what was there before
        paths = (np.eye(16, dtype=int) + heads.any(0)) @ paths
    reach = influence(Transformer(Config(layers=layers), allowed=allowed, seed=seed), texts=32)
    np.testing.assert_array_equal(reach > 0, paths > 0)


def test_one_stray_cell_is_a_leak():
    allowed = np.tri(16)
    allowed[8, 12] = 1
    assert leak(Transformer(allowed=allowed)) > 1e-4


def test_a_mask_for_one_call_leaves_the_model_as_it_was():
    model = Transformer(SMALL, allowed=np.tri(7), seed=1)
    x = tokens(2, 5, 7)
    before = model.logits(x)
    other = model.logits(x, allowed=True)
    assert np.abs(other - before).max() > 1e-4
    np.testing.assert_array_equal(model.logits(x), before)  # and results are not views of a buffer
    np.testing.assert_array_equal(model.allowed, np.broadcast_to(np.tri(7, dtype=bool), (2, 3, 7, 7)))
    model.allowed = True
    np.testing.assert_array_equal(model.logits(x), other)


def test_one_text_and_many_give_the_same_logits():
    model = Transformer(SMALL, allowed=np.tri(7), seed=1)
    x = tokens(2, 2, 3, 7)
    assert model.logits(x).shape == (2, 3, 7, 11)
    np.testing.assert_allclose(model.logits(x)[1, 2], model.logits(x[1, 2]), atol=1e-5)
    np.testing.assert_allclose(model.logits(x)[..., :4, :], model.logits(x[..., :4]), atol=1e-5)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.where(np.tri(7) > 0, 0, -np.inf), "additive mask"),
        (np.tri(5), r"shape \(5, 5\)"),
        (np.ones((2, 2, 3, 7, 7)), "does not broadcast"),
    ],
)
def test_a_mask_of_another_kind_is_refused(bad, message):
    with pytest.raises(ValueError, match=message):
        Transformer(SMALL, allowed=bad)


def test_tokens_of_another_kind_are_refused():
    model = Transformer(SMALL)
    with pytest.raises(TypeError, match="integers"):
        model.logits([0.5, 1.0])
    with pytest.raises(ValueError, match="8 tokens"):
        model.logits(np.zeros(8, dtype=int))
    with pytest.raises(ValueError, match="between 0 and 10"):
        model.logits([0, 11])
    with pytest.raises(ValueError, match="between 0 and 10"):
        model.logits([-1])
