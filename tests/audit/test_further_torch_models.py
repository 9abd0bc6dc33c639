"""Models in PyTorch that work in place, that draw from nowhere, or whose rows meet in an expert."""

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from support.audited_torch_models import LM, Attention, Mix, V  # noqa: E402

from leftcontext.audit import audit  # noqa: E402


class SpoilsItsInput(LM):
    def forward(self, tokens):
        logits = super().forward(tokens)
        tokens.zero_()
        return logits


def test_a_model_that_works_in_place_on_its_input_is_audited():
    report = audit(SpoilsItsInput(Attention()), vocab=V, T=24)
    assert report.causal
    assert report.warnings == ()


def seeded_by_the_system(module, x):
    """As Reformer's dropout in train mode: a seed that nobody can put back."""
    if not module.training:
        return 0 * x
    torch.seed()
    return torch.randn_like(x)


def test_a_mode_that_is_random_is_left_out_and_not_accused():
    report = audit(LM(Mix(seeded_by_the_system)), vocab=V, T=24)
    assert report.causal, report
    assert any(line.startswith("train mode: LM is random") for line in report.not_tried)


def test_the_other_mode_is_still_audited():
    def leaks_too(module, x):
        return seeded_by_the_system(module, x) + x.roll(-1, 1)

    report = audit(LM(Mix(leaks_too)), vocab=V, T=24)
    assert (report.causal, report.mode) == (False, "eval")
    assert "only in eval mode" not in report.looks_like


def capacity_over_the_batch(module, x):
    """Experts take tokens in the order of the rows, as many as fit."""
    flat = x.reshape(-1, x.shape[-1])
    chosen, out = flat[:, :2].argmax(-1), torch.zeros_like(flat)
    for expert in range(2):
        own = (chosen == expert).nonzero()[: max(1, len(flat) // 3), 0]
        out[own] = flat[own].tanh()
    return out.view_as(x)


def test_rows_that_meet_are_told_in_both_modes():
    report = audit(LM(Mix(capacity_over_the_batch)), vocab=V, T=24)
    assert not report.causal
    assert "another row of the batch" in report.looks_like, report
    assert {each.mode for each in report.found if each.probe == "another row changed"} == {"eval", "train"}
