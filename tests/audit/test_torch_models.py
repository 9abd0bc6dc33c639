"""Leaky models in PyTorch are found and rightly described; honest ones are not accused; none is changed by the audit."""

from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from support.audited_torch_models import HONEST, LEAKY, LM, Attention, D, Mix, Sparse, V, open_all  # noqa: E402
from support.sizes import share  # noqa: E402

from leftcontext.audit import audit  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_torch_thread")
LATER = [name for name in LEAKY if name not in share(LEAKY, 2)]  # left to `make test-long`
LATER_HONEST = [name for name in HONEST if name not in share(HONEST, 2)]


def later(names, left):
    return [pytest.param(name, marks=pytest.mark.long) if name in left else name for name in names]


@pytest.mark.parametrize("name", share(later(LEAKY, LATER), 4))
def test_a_leak_is_found_and_described(name):
    build, words = LEAKY[name]
    report = audit(build(), vocab=V, T=24)
    assert not report.causal
    for word in words:
        assert word in report.looks_like, report


@pytest.mark.parametrize("name", share(later(HONEST, LATER_HONEST), 4))
def test_an_honest_model_is_not_accused(name):
    report = audit(HONEST[name](), vocab=V, T=24)
    assert report.causal, report
    assert report.warnings == ()


@pytest.mark.parametrize("name", share(["no mask", "batch norm", "behind a projection of zeros", "no mask, bfloat16"], 3))
def test_the_model_is_as_it_was(name):
    model = LEAKY[name][0]()
    model.mixers[0].eval()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    modes = [module.training for module in model.modules()]
    drawn = torch.get_rng_state()
    audit(model, vocab=V, T=24)
    assert modes == [module.training for module in model.modules()]
    assert torch.equal(drawn, torch.get_rng_state())
    after = model.state_dict()
    assert before.keys() == after.keys()
    for key, value in before.items():
        assert value.dtype == after[key].dtype
        assert torch.equal(value, after[key]), key


class SeesTheNextTokenFrom(torch.nn.Module):
    """Its logits say the next token from position 4 on; before, they are all the same."""

    def __init__(self):
        super().__init__()
        self.sure = torch.nn.Parameter(torch.tensor(9.0))

    def forward(self, tokens):
        following = torch.nn.functional.one_hot(tokens.roll(-1, 1), V) * (torch.arange(tokens.shape[1]) >= 4)[:, None]
        return self.sure * following


def test_training_on_random_tokens_counts_the_honest_positions():
    report = audit(SeesTheNextTokenFrom(), vocab=V, T=12, train=10)
    (found,) = (each for each in report.found if each.probe == "training on random tokens")
    assert "about 4 of 11 positions are honest" in found.through


def test_training_on_random_tokens_finds_what_has_to_be_learned():
    report = audit(LM(Attention(open_all)), vocab=V, T=12, train=150)
    assert [each for each in report.found if each.probe == "training on random tokens"]
    honest = audit(LM(Attention()), vocab=V, T=12, train=40)
    assert honest.causal
    assert any(line.startswith("training on random tokens") for line in honest.tried)


@pytest.mark.parametrize(
    ("shift", "said"), [(1, None), (0, "not shifted"), (2, "shifted twice"), ("flat", "after the rows were joined")]
)
def test_the_labels_of_a_loss_are_read_off(shift, said):
    model = LM(Attention())

    def loss(tokens):
        logits, entropy = model(tokens), torch.nn.functional.cross_entropy
        if shift == "flat":
            return entropy(logits.reshape(-1, V)[:-1], tokens.reshape(-1)[1:])
        return entropy(logits[:, : tokens.shape[1] - shift].reshape(-1, V), tokens[:, shift:].reshape(-1))

    report = audit(model, vocab=V, T=12, loss=loss)
    assert report.causal
    assert (said is None and not report.warnings) or said in report.warnings[0]


def test_a_choice_among_equals_is_no_leak():
    """Which of several equal scores top-k takes hangs on the number of inputs; what comes later decides nothing."""
    model = LM(Sparse())
    found = audit(model, vocab=V, T=72)
    assert found.causal, found
    tokens = torch.randint(V, (4, 72), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert any(not torch.allclose(model(tokens)[:, :n], model(tokens[:, :n]), atol=1e-3) for n in range(2, 72))


def test_a_kernel_in_float32_rounds_in_one_direction():
    """A padded FFT whose kernel is no buffer stays in float32, whose rounding is a kernel of its own, round the circle."""
    kernel = torch.exp(-torch.arange(64) / 6)

    def padded_fft(module, x):
        T = x.shape[1]
        return torch.fft.irfft(torch.fft.rfft(x, 2 * T, 1) * torch.fft.rfft(kernel[:T], 2 * T)[:, None], 2 * T, 1)[:, :T]

    assert audit(LM(Mix(padded_fft)), vocab=V, T=24).causal


def test_sizes_are_found_in_a_nested_configuration():
    model = LM(Attention())
    model.config = SimpleNamespace(text_config=SimpleNamespace(vocab_size=V, max_position_embeddings=20))
    report = audit(model)
    assert report.causal
    assert report.length == 20


def test_a_finite_mask_is_a_warning():
    """As in GPT-2's first port: -1e4 holds until training pushes all scores below it."""
    report = audit(LM(Attention(fill=-1e4)), vocab=V, T=24)
    assert report.causal
    (warning,) = report.warnings
    assert "-10000" in warning
    pushed = LM(Attention(fill=-1e4))
    with torch.no_grad():
        pushed.mixers[0].qkv.weight *= 300
    assert not audit(pushed, vocab=V, T=24).causal


def test_rows_of_numbers_with_time_last():
    conv = torch.nn.Conv1d(D, D, 3, padding=1)
    x = torch.randn(2, D, 20, generator=torch.Generator().manual_seed(0))
    assert "one ahead" in audit(conv, x, axis=-1).looks_like
    padded = torch.nn.Sequential(torch.nn.ConstantPad1d((2, 0), 0.0), torch.nn.Conv1d(D, D, 3))
    assert audit(padded, x, axis=-1).causal


def test_strided_convolutions():
    x = torch.randn(2, D, 24, generator=torch.Generator().manual_seed(0))
    good = torch.nn.Sequential(torch.nn.ConstantPad1d((2, 0), 0.0), torch.nn.Conv1d(D, D, 4, stride=2))
    assert audit(good, x, axis=-1, stride=2).causal
    bad = torch.nn.Sequential(torch.nn.ConstantPad1d((1, 1), 0.0), torch.nn.Conv1d(D, D, 4, stride=2))
    assert not audit(bad, x, axis=-1, stride=2).causal
