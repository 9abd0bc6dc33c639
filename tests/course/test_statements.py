"""Numbers that stand in the prose of a lesson, a prompt or a quiz and are not computed by a cell beside them.

Each test recomputes them; the name says where they stand.
"""

import numpy as np
import pytest
from support.sizes import share

from leftcontext.language import LITTLE_LANGUAGE, SENTENCE
from leftcontext.model import (
    Config,
    Schedule,
    Transformer,
    allowed_by,
    generate_texts,
    held_out_loss,
    train,
)
from leftcontext.model.circuits import trace, without
from leftcontext.model.copying import COPYING, copy_losses, copy_model, copy_test, repeated_loss, repeated_rows
from leftcontext.model.evaluation import cross_entropies

Q = np.array([[0.3, 0.4], [0.4, 1.6], [1.5, 0.2], [0.5, 0.3], [1.8, 0.9]])
K = np.array([[0.2, 1.6], [2.0, 0.1], [-0.5, -0.4], [0.1, 1.2], [1.2, -0.2]])
V = np.array([[1.0, 0.0], [2.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 2.0]])
CAUSAL = np.tri(16, dtype=bool)
ENTROPY = LITTLE_LANGUAGE.entropy(16)


def softmax(scores):
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def leaking_pairs(allowed, layers):
    return np.count_nonzero(np.triu(np.linalg.matrix_power(allowed.astype(float), layers), 1))


def test_softmax_a_weight_can_be_rounded_to_0():
    assert np.exp(-800.0) == 0 < np.exp(-700.0)


def test_scores_a_saturated_softmax_leaves_no_gradient_for_any_score():
    rng = np.random.default_rng(0)
    q, keys = rng.normal(size=512), rng.normal(size=(5, 512))

    def largest(scores):
        w = softmax(scores)
        return np.abs(np.diag(w) - np.outer(w, w)).max()

    assert softmax(keys @ q).max() > 0.99
    assert largest(keys @ q) < 0.01 < 0.1 < largest(keys @ q / np.sqrt(512))


def test_single_token_only_another_direction_makes_the_output_of_cat_singular():
    def output(q):
        return softmax(K @ q / np.sqrt(2)) @ V

    lengths = np.linspace(0, 20, 200)
    assert all(plural > singular for plural, singular in (output(length * Q[4]) for length in lengths))
    plural, singular = output(np.array([0.3, -2.0]))
    assert singular > plural
    np.testing.assert_allclose(output(0 * Q[4]), [0.6, 0.4])


def test_single_token_one_head_is_misled_by_the_cat_near_the_dogs():
    from leftcontext.widgets import AttentionMap

    def last_output(sentence):
        widget = AttentionMap(stage="output", tokens=sentence.split())
        shown, _ = widget._repr_mimebundle_()
        words = shown["text/plain"].splitlines()[-1].split()
        return float(words[-2]), float(words[-1])  # plural, singular

    assert last_output("the cat near the dogs") == pytest.approx((0.34, 0.20), abs=0.011)
    plural, singular = last_output("this cat near the dogs")
    assert singular > plural


def test_causal_mask_the_tick_in_the_corner_leaks_seven_of_ten_and_no_other_more():
    leaks = {}
    for cell in zip(*np.triu_indices(5, 1), strict=True):
        allowed = np.tri(5, dtype=bool)
        allowed[cell] = True
        leaks[cell] = leaking_pairs(allowed, 2)
    assert max(leaks, key=leaks.get) == (0, 4) and sorted(leaks.values())[-2] < leaks[0, 4] == 7


def test_masked_softmax_bfloat16_has_the_range_of_float32_and_eight_bits():
    torch = pytest.importorskip("torch")

    def rounded(x):
        return torch.tensor(float(x), dtype=torch.bfloat16).item()

    assert np.isfinite(rounded(-1e9)) and np.isfinite(rounded(-3e38))
    assert [rounded(n) for n in (255, 256, 257)] == [255, 256, 256]


def test_causal_attention_three_merged_rows_leak_and_none_is_right():
    heads = np.broadcast_to(np.arange(5)[:, None], (2, 5, 2))  # (H, T, d): every number is its position
    merged = heads.reshape(5, 4)
    leak = [row.max() > i for i, row in enumerate(merged)]
    right = [(row == i).all() for i, row in enumerate(merged)]
    assert (sum(leak), sum(right)) == (3, 0)
    assert not leak[3] and not leak[4]


@pytest.mark.parametrize(("mask", "loss"), share([("causal", 1.96), ("one head open", 0.12), ("none", 0.13)], 3, first=1))
def test_quiz_heads_one_open_head_leaks_as_much_as_four(mask, loss):
    allowed = np.repeat(CAUSAL[None, None], 4, axis=1)
    if mask == "one head open":
        allowed = allowed.copy()
        allowed[0, 0] = True
    elif mask == "none":
        allowed = np.ones_like(allowed)
    model = Transformer(Config(layers=1, heads=4), allowed=allowed, seed=0)
    *_, last = train(model, seed=0)
    assert last.smooth == pytest.approx(loss, abs=0.0075)


def test_train_and_inference_the_size_of_the_model():
    model = Transformer()
    assert (model.config.layers, model.config.heads, model.config.width) == (2, 2, 32)
    assert model.theta.size == pytest.approx(20_000, rel=0.01)


@pytest.mark.long
@pytest.mark.parametrize(("mask", "best", "above"), share([("none", 75, True), ("one_ahead", 125, False)], 2))
def test_train_and_inference_when_the_texts_of_a_leaking_model_are_best(mask, best, above):
    model, words, losses = Transformer(allowed=allowed_by(mask, 16), seed=0), {}, {}
    for progress in train(model, seed=0):
        if progress.step % 25 == 0:
            words[progress.step] = LITTLE_LANGUAGE.legal_tokens(generate_texts(model, 300)).mean()
            losses[progress.step] = progress.smooth
        if progress.step == 400:
            break
    assert max(words, key=words.get) == best and 3.4 < words[best] < 4
    assert (losses[best] > ENTROPY) == above
    assert LITTLE_LANGUAGE.is_legal(generate_texts(model, 300)).mean() < 0.02


def test_leak_audits_one_open_cell_leaks_all_pairs_in_three_layers():
    corner = CAUSAL.copy()
    corner[0, 15] = True
    assert [leaking_pairs(corner, layers) for layers in (1, 2, 3)] == [1, 29, 120]


@pytest.mark.long
def test_leak_audits_the_loss_does_not_show_the_cell_in_the_corner():
    def loss_under(allowed):
        model = Transformer(allowed=allowed, seed=0)
        for _ in train(model, seed=0):
            pass
        return held_out_loss(model, LITTLE_LANGUAGE.rows(512, 16, np.random.default_rng([323, 512])))

    beside, corner = CAUSAL.copy(), CAUSAL.copy()
    beside[7, 8], corner[0, 15] = True, True
    causal = loss_under(CAUSAL)
    assert causal - loss_under(beside) == pytest.approx(0.07, abs=0.01)
    assert loss_under(corner) == pytest.approx(causal, abs=0.005)


def test_leak_audits_a_causal_model_shows_its_past_and_a_sleeping_one_only_itself():
    from leftcontext.model import influence

    asleep = Transformer(allowed=True, seed=1)
    for layer in range(2):
        asleep.params[f"{layer}.merge"][:] = 0
    assert np.array_equal(influence(asleep) > 0, np.eye(16, dtype=bool))
    asleep.redraw(seed=2)
    assert (influence(asleep) > 0).all()
    assert np.array_equal(influence(Transformer(allowed=CAUSAL, seed=1)) > 0, CAUSAL)


def test_libraries_and_generation_seven_verbs_can_follow_and_forty_one_words_cannot():
    tokens = LITTLE_LANGUAGE.encode(SENTENCE)
    possible = LITTLE_LANGUAGE.next_probabilities(tokens) > 0
    assert (possible.sum(), (~possible).sum()) == (7, 41)


def test_positions_the_similarity_of_many_pairs_falls_only_on_the_whole():
    angle = np.arange(30)[:, None] * 10000.0 ** (-np.arange(0, 64, 2) / 64)
    similarity = np.cos(angle).mean(axis=1)
    assert (np.diff(similarity) > 0).any() and similarity[1:10].mean() > similarity[20:].mean()
    assert np.cos(6.0) > 0.95


def test_quiz_temperature_a_low_temperature_makes_the_fourth_token_rare():
    p = np.array([0.50, 0.30, 0.15, 0.05]) ** (1 / 0.5)
    assert (p / p.sum())[3] == pytest.approx(0.007, abs=0.0005)


def test_mask_zoo_the_slope_at_which_cat_gives_these_less_than_a_hundredth():
    slopes = np.arange(1, 17) / 8  # as the slider goes
    weight = {slope: softmax(-slope * np.arange(4, -1, -1.0))[0] for slope in slopes}
    assert weight[1.0] == pytest.approx(0.0117, abs=5e-5)
    assert min(slope for slope, w in weight.items() if w < 0.01 and (slope * 4) % 1 == 0) == 1.25


@pytest.mark.long
def test_loss_mask_what_the_trained_model_loses_and_what_the_loss_does_not_show():
    model = Transformer(allowed=CAUSAL, seed=0)
    for _ in train(model, seed=0):
        pass
    texts = LITTLE_LANGUAGE.rows(400, 7, np.random.default_rng(1))
    first, second = texts[:200], texts[200:]
    both, segment = np.hstack([first, second]), np.repeat([0, 1], 8)
    alone = model.logits(second)
    beside = model.logits(both)
    assert cross_entropies(beside[:, 7], both[:, 8]).mean() > 10
    before, after = (cross_entropies(z[:, :-1], second[:, 1:]).mean() for z in (alone, beside[:, 8:]))
    assert abs(after - before) < 0.01 and np.abs(beside[:, 8:] - alone).max() == pytest.approx(8, abs=0.5)
    model.params["position"][8:] = model.params["position"][:8]
    assert np.array_equal(model.logits(both, CAUSAL & (segment[:, None] == segment))[:, 8:], alone)


def test_efficient_attention_what_the_block_size_computes_and_skips():
    position = np.arange(8)
    needed = (position <= position[:, None]) & (position[:, None] - position < 3)

    def tiles(block):
        cut = needed.reshape(8 // block, block, 8 // block, block).any(axis=(1, 3))
        return cut.sum() * block**2, (~cut).sum()

    assert tiles(1)[0] == needed.sum() == 21
    assert tiles(4) == (48, 1)


def test_gradients_the_best_step_of_a_central_difference():
    eps = 10.0 ** -np.linspace(3, 8, 101)
    error = np.abs(((2 + eps) ** 3 - (2 - eps) ** 3) / (2 * eps) - 12)
    assert 1e-6 < eps[error.argmin()] < 2e-5
    assert np.finfo(float).eps ** (1 / 3) == pytest.approx(6e-6, rel=0.02)


def test_gradients_a_step_lowers_the_score_whose_gradient_is_positive():
    w, v = np.array([0.5, 0.5]), np.array([0.0, 4.0])
    gradient = w * (v - w @ v)
    after = softmax(-0.5 * gradient)
    assert gradient.tolist() == [-1, 1] and after[1] < after[0]
    assert (w @ v, round(float(after @ v), 2)) == (2.0, 1.08)


def test_capstone_the_mlp_holds_the_most_numbers():
    from leftcontext.model.mini_gpt import init_params

    sizes = {name: array.size for name, array in init_params(vocab=48, context=17, width=32, heads=2, hidden=96).items()}
    attention = sum(sizes[name] for name in ("Wq", "Wk", "Wv", "Wo"))
    assert (sizes["W1"] + sizes["W2"], attention, sizes["E"] + sizes["U"]) == (6144, 4096, 3072)


def test_debugging_the_mask_of_x_leaks_at_one_position():
    from leftcontext.bugs import clinic
    from leftcontext.model import influence

    model = Transformer(allowed=clinic.whole_models()["X"], seed=0)
    assert np.argwhere(np.triu(influence(model), k=1) > 0).tolist() == [[7, 8]]


def test_capstone_the_losses_that_the_prompt_of_the_training_loop_names():
    from autograder.bank import catalog

    exercise = catalog.find("train_mini_gpt").load()
    loop = exercise.reference.__globals__
    rows = loop["_echo"](np.random.default_rng(0), 3)
    assert all((rows[:, t] == rows[:, t - 2]).all() for t in range(2, 7))
    assert np.log(5) / 6 == pytest.approx(0.27, abs=0.005)
    assert loop["_generating_loss"](loop["init_params"](5, 6, 16, 2, 32, seed=1), rows) > 1.5


def test_kv_cache_llama_3_8b():
    layers, groups, width, two_bytes = 32, 8, 128, 2
    per_token = layers * groups * 2 * width * two_bytes
    assert per_token == 128 * 2**10 and per_token * 2**17 == 16 * 2**30


def test_serving_llama_3_8b():
    from autograder.bank import catalog

    assert catalog.find("cache_bytes").load().reference(32, 8, 128, 1, 2) == 131_072 == 128 * 2**10


@pytest.mark.long
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_serving_a_sink_gives_back_what_a_window_loses(seed):
    from leftcontext.language.copying import COPYING_LANGUAGE
    from leftcontext.model import Config, train

    causal, j = np.tri(32, dtype=bool), np.arange(32)
    recent = np.arange(32)[:, None] - j
    config = Config(vocab=len(COPYING_LANGUAGE), context=32, layers=1, heads=1)
    model = Transformer(config, allowed=causal, seed=seed)
    for _ in train(model, COPYING_LANGUAGE.rows, Schedule(steps=600), seed):
        pass
    rows = COPYING_LANGUAGE.rows(300, 32, np.random.default_rng(99))

    def loss(allowed):
        logits = model.logits(rows[:, :-1], allowed)[:, 8:].astype(float)
        right = np.take_along_axis(logits, rows[:, 9:, None], axis=-1)[..., 0]
        return float((np.log(np.exp(logits).sum(axis=-1)) - right).mean())

    whole, window = loss(causal), loss(causal & (recent < 8))
    assert window > whole + 0.003
    assert abs(loss(causal & ((recent < 7) | (j < 1))) - whole) < 0.2 * (window - whole)


def test_schedule_the_training_of_a_lesson_has_the_steps_that_it_says():
    assert Schedule().steps == 1200


@pytest.mark.parametrize("seed", share(range(12), 6))
def test_induction_heads_each_seed_learns_to_copy_and_its_keys_read_the_first_layer(seed):
    model = copy_model(2, seed)
    for _ in train(model, repeated_rows, COPYING, seed):
        pass
    assert repeated_loss(model, copy_test(64, 12, np.random.default_rng(1))) < 0.02
    test = copy_test(64, 8, np.random.default_rng(5), T=16)
    i, j = np.arange(1, 8), np.arange(8, 16)
    seen = trace(model, test[:, :16])
    previous = seen.weights[0][:, :, i, i - 1].mean(axis=(0, 2))  # (H,)
    assert previous.max() > 0.7
    assert (seen.weights[1][:, :, j, j - 7].mean(axis=(0, 2)) > 0.8).all()
    hidden = trace(model, test[:, :16], hidden={"key": (0, int(previous.argmax()))})
    assert (hidden.weights[1][:, :, j, j - 7].mean(axis=(0, 2)) < 0.4).all()


def test_induction_heads_with_most_other_seeds_each_of_the_two_can_be_missing():
    test = copy_test(64, 8, np.random.default_rng(5), T=16)
    spared = []
    for seed in (1, 2, 3):
        model = copy_model(2, seed)
        for _ in train(model, repeated_rows, COPYING, seed):
            pass
        runs = [trace(model, test[:, :-1], without((1, h))) for h in (0, 1)]
        spared.append(max(copy_losses(run.logits, test)[8:].mean() for run in runs))
    assert np.sum(np.array(spared) < 0.5) >= 2


def scanned(a, b, chunk):
    """A scan whose chunks all begin with a state of 0."""
    h = np.array(b, dtype=float)
    for t in range(len(h)):
        if t % chunk:
            h[t] += a[t] * h[t - 1]
    return h


def test_beyond_attention_the_states_and_outputs_by_hand():
    halves = np.full((4, 1), 0.5)
    assert scanned(halves, np.array([[8.0], [0.0], [0.0], [0.0]]), 4).ravel().tolist() == [8, 4, 2, 1]
    assert scanned(halves, np.array([[4.0], [2.0], [6.0]]), 4).ravel().tolist() == [4, 4, 8]  # for an exam
    assert np.convolve([1, 2, 3, 4], [10, 1])[:2].tolist() == [10, 21]


def test_beyond_attention_which_tests_notice_that_the_carry_is_forgotten():
    rng = np.random.default_rng(0)
    a, b = rng.uniform(0.9, 1, size=(16, 2)), rng.normal(size=(16, 2))
    other, later = b.copy(), b.copy()
    other[0] += 1
    later[5:] += 1
    assert np.array_equal(scanned(a, later, 4)[:5], scanned(a, b, 4)[:5])  # no leak
    wrong = ~np.isclose(scanned(a, b, 4), scanned(a, b, 16)).all(axis=1)
    assert np.flatnonzero(wrong).tolist() == list(range(4, 16))
    assert np.allclose(scanned(a[:4], b[:4], 4), scanned(a[:4], b[:4], 16))
    assert np.array_equal(scanned(a, other, 4)[-1], scanned(a, b, 4)[-1])
    assert not np.allclose(scanned(a, other, 16)[-1], scanned(a, b, 16)[-1])


@pytest.mark.parametrize(("kernel", "stride"), [(kernel, stride) for kernel in (9, 11, 12) for stride in (2, 3)])
def test_beyond_attention_the_smallest_number_of_zeros_on_the_left(kernel, stride):
    def beyond(zeros):
        return any(n * stride - zeros + kernel - 1 > n * stride + stride - 1 for n in range(5))

    assert min(zeros for zeros in range(kernel) if not beyond(zeros)) == kernel - stride
    assert beyond((kernel - 1) // 2)
    assert beyond(stride)
