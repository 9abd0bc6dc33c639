"""What can't be audited is answered in one sentence that says what to try; the report says what it is."""

import json

import numpy as np
import pytest
from support.audited_numpy_models import D, E, H, V

from autograder.errors import UserError
from leftcontext.audit import AuditError, LeakError, Report, assert_causal, audit
from leftcontext.audit.factory import build_model


def honest(tokens):
    return np.cumsum(E[tokens], axis=1) @ H


def leaky(tokens):
    return honest(tokens) + np.roll(E[tokens], -1, axis=1) @ H


def broken(tokens):
    raise RuntimeError("no such\nweights")


class Model:
    vocab_size = 1

    def __call__(self, tokens):
        return honest(tokens)


BAD = {
    "can't be called": (lambda: audit(3, vocab=V), "can't be called"),
    "raises": (lambda: audit(broken, vocab=V), "RuntimeError: no such weights"),
    "no vocabulary": (lambda: audit(honest), "vocab="),
    "vocabulary too large": (lambda: audit(honest, vocab=V + 3), "smaller than"),
    "vocabulary of one": (lambda: audit(honest, vocab=1), "nothing to change"),
    "vocabulary of text": (lambda: audit(honest, vocab="17"), "no whole number"),
    "a length of text": (lambda: audit(honest, vocab=V, T="9"), "no whole number"),
    "a negative prefix": (lambda: audit(honest, vocab=V, prefix=-1), "at least 0"),
    "a stride of none": (lambda: audit(honest, vocab=V, stride=0), "at least 1"),
    "a stride that it has not": (lambda: audit(honest, vocab=V, stride=2), "every position"),
    "a prefix of all": (lambda: audit(honest, vocab=V, T=9, prefix=9), "Nothing is hidden"),
    "all allowed": (lambda: audit(honest, vocab=V, T=9, allowed=np.ones((9, 9))), "Nothing is hidden"),
    "a step that can't be called": (lambda: audit(honest, vocab=V, step=3), "step(inputs, cache)"),
    "a class": (lambda: audit(Model, vocab=V), "Model(...)"),
    "outputs of text": (lambda: audit(lambda t: np.full(t.shape, "a"), vocab=V), "no numbers"),
    "x of text": (lambda: audit(lambda x: x, "rows"), "no numbers"),
    "x of several lengths": (lambda: audit(lambda x: x, [[1, 2], [3]]), "no array"),
    "no outputs": (lambda: audit(lambda t: None, vocab=V), "returns nothing"),
    "text": (lambda: audit(lambda t: "logits", vocab=V), "type str"),
    "no time axis": (lambda: audit(lambda t: honest(t).mean(), vocab=V), "time axis"),
    "only the last position": (lambda: audit(lambda t: honest(t)[:, -1:], vocab=V), "every position"),
    "one for the whole text": (lambda: audit(lambda t: honest(t).mean(axis=1), vocab=V), "every position"),
    "time elsewhere": (lambda: audit(lambda t: np.moveaxis(honest(t), 1, 2), vocab=V), "axis=2"),
    "NaN": (lambda: audit(lambda t: honest(t) * np.nan, vocab=V), "nothing but NaN"),
    "random": (lambda: audit(lambda t: honest(t) + np.random.default_rng().normal(size=(*t.shape, V)), vocab=V), "random"),
    "one position": (lambda: audit(lambda x: x, np.ones((1, D))), "at least 2"),
    "one token": (lambda: audit(honest, vocab=V, T=1), "at least 2"),
    "a model that names one token": (lambda: audit(Model(), T=8), "a vocabulary of 1"),
    "too long": (lambda: audit(lambda t: honest(t) + np.zeros((8, 1))[: t.shape[1]], vocab=V, T=20), "20 tokens"),
    "empty": (lambda: audit(lambda x: x, np.ones((0, D))), "empty"),
    "arrays of other lengths": (lambda: audit(lambda a, b: a, (np.ones((3, D)), np.ones((4, D)))), "other lengths"),
    "allowed of another shape": (lambda: audit(honest, vocab=V, T=9, allowed=np.ones((4, 4))), "(4, 4)"),
    "some tokens raise": (lambda: audit(lambda t: honest(t) if (t != 11).all() else broken(t), vocab=V), "smaller vocab="),
    "a mask": (lambda: audit(np.tri(4)), "can't be called"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_sentence(name):
    call, said = BAD[name]
    with pytest.raises(AuditError) as caught:
        call()
    message = str(caught.value)
    assert isinstance(caught.value, UserError)
    assert said in message
    assert "\n" not in message
    assert message.endswith(".")


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("factory", "names no factory"),
        ("nowhere.at_all:build", "no module"),
        ("nowhere.py:build", "no file"),
        ("leftcontext.audit:nothing", "has no 'nothing'"),
        ("leftcontext.audit:__name__", "can't be called"),
        ("builtins:object", "can't be called"),
        ("builtins:chr", "fails: TypeError"),
    ],
)
def test_a_factory_that_does_not_work(target, said):
    with pytest.raises(AuditError, match=said):
        build_model(target)


def test_outputs_that_never_change_are_a_warning():
    report = audit(lambda tokens: np.ones((*tokens.shape, V)), vocab=V, T=9)
    assert report.causal
    assert "the same for other inputs" in report.warnings[0]


def test_a_model_that_takes_fewer_tokens_is_audited_with_those():
    report = audit(lambda t: honest(t) + np.zeros((50, 1))[: t.shape[1]][:: 1 if t.shape[1] <= 50 else 0], vocab=V)
    assert report.causal
    assert report.length == 40
    assert any("does not take 80" in line for line in report.not_tried)


def test_randomness_of_its_own_can_be_put_back():
    state = {"calls": 0}

    def forgetful(tokens):
        state["calls"] += 1
        return honest(tokens) * state["calls"]

    with pytest.raises(AuditError, match="reset="):
        audit(forgetful, vocab=V)
    assert audit(forgetful, vocab=V, T=8, reset=lambda: state.update(calls=0)).causal


def test_an_audit_draws_from_nobody_s_random_numbers():
    np.random.seed(5)  # noqa: NPY002
    expected = np.random.random()  # noqa: NPY002
    np.random.seed(5)  # noqa: NPY002
    audit(honest, vocab=V, T=8)
    assert np.random.random() == expected  # noqa: NPY002


def test_the_report_can_be_kept_and_read():
    report = audit(leaky, vocab=V, T=12)
    again = Report.from_json(report.to_json())
    assert str(again) == str(report)
    assert again.first_leak == (0, 1)
    np.testing.assert_allclose(again.influence, report.influence, atol=1e-11)
    fields = json.loads(report.to_json(influence=False))
    assert {"causal", "first_leak", "size", "looks_like", "tried", "not_tried"} <= fields.keys()
    assert fields["influence"] is None


def test_the_report_shows_its_map_in_a_notebook():
    page = audit(leaky, vocab=V, T=12)._repr_html_()
    assert page.count("<path") == 11
    assert "aria-label" in page
    assert "<script" not in page
    assert "<svg" not in audit(honest, vocab=V, T=12)._repr_html_()


def test_the_example_shows_the_leak():
    example = audit(leaky, vocab=V, T=12).example
    outputs = [leaky(np.array([tokens]))[0, example.i] for tokens in (example.before, example.after)]
    assert np.abs(outputs[0] - outputs[1]).max() > 1e-3
    assert example.before[: example.i + 1] == example.after[: example.i + 1]
    assert len(example.before) == 2


def test_assert_causal():
    assert assert_causal(honest, vocab=V, T=8).causal
    with pytest.raises(LeakError, match="Output 0 depends on input 1"):
        assert_causal(leaky, vocab=V, T=8)
    assert issubclass(LeakError, AssertionError)
