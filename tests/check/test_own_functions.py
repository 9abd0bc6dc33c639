"""A page is assembled out of what its reader wrote, as far as it is right; the rest is the course's, and says so."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from support.clone import ROOT

from autograder import own
from autograder.bank import catalog
from autograder.paths import WORKSPACE
from leftcontext.language.language import LITTLE_LANGUAGE
from leftcontext.model import evaluation, mini_gpt


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, object]:
    """What the notebook at hand has defined; there is a workspace, and it is empty."""
    names: dict[str, object] = {}
    shell = SimpleNamespace(user_ns=names)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setenv(WORKSPACE, str(tmp_path))
    return names


def solution(id: str):
    return catalog.find(id).load().reference


def test_what_is_right_is_taken(written: dict[str, object]) -> None:
    written["mini_gpt_logits"] = mine = solution("mini_gpt_logits")
    parts = own(mini_gpt_logits=mini_gpt.logits)
    assert parts.mini_gpt_logits is mine
    assert repr(parts) == "✓ mini_gpt_logits    yours"


def test_a_leak_is_not_taken(written: dict[str, object]) -> None:
    exercise = catalog.find("mini_gpt_logits").load()
    written["mini_gpt_logits"] = exercise.wrong_answers[0].function
    parts = own(mini_gpt_logits=mini_gpt.logits)
    assert parts.mini_gpt_logits is mini_gpt.logits
    assert "the course&#x27;s: yours is not right yet" in parts._repr_html_()


def test_what_is_not_written_or_no_function_is_the_courses(written: dict[str, object]) -> None:
    def mini_gpt_logits(params, tokens):
        """Not yet."""

    written.update(mini_gpt_logits=mini_gpt_logits, audit=3)
    parts = own(mini_gpt_logits=mini_gpt.logits, audit=evaluation.is_honest)
    assert [parts[id].why_not for id in ("mini_gpt_logits", "audit")] == ["yours is not written yet", "yours was not found"]


def test_an_earlier_units_answer_is_found_in_the_workspace_and_left_as_it_is(written: dict[str, object], tmp_path: Path) -> None:
    unit = catalog.find("causal_attention").unit
    path = tmp_path / unit / f"{unit}.ipynb"
    path.parent.mkdir()
    path.write_bytes((ROOT / "source" / unit / path.name).read_bytes())  # the worked one
    before = path.read_bytes()
    parts = own(causal_attention=mini_gpt.causal_attention)
    assert parts["causal_attention"].is_learners
    x = np.random.default_rng(0).normal(size=(2, 3, 5, 4))
    assert np.allclose(parts.causal_attention(x, x, x), mini_gpt.causal_attention(x, x, x))
    assert path.read_bytes() == before


def test_what_can_not_be_read_is_the_courses(written: dict[str, object], tmp_path: Path) -> None:
    unit = catalog.find("causal_attention").unit
    (tmp_path / unit).mkdir()
    (tmp_path / unit / f"{unit}.ipynb").write_text("no notebook")
    assert not own(causal_attention=mini_gpt.causal_attention)["causal_attention"].is_learners


def test_where_there_is_no_bank_all_is_the_courses(written: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(id: str) -> None:
        raise catalog.UnknownExercise(id)

    written["audit"] = solution("audit")
    monkeypatch.setattr(catalog, "find", nothing)
    assert own(audit=evaluation.is_honest).audit is evaluation.is_honest


def test_what_was_not_asked_for_is_no_attribute(written: dict[str, object]) -> None:
    with pytest.raises(AttributeError, match="softmax was not asked for"):
        _ = own(audit=evaluation.is_honest).softmax


@pytest.mark.parametrize("id", ["mini_gpt_logits", "train_mini_gpt", "audit", "causal_attention"])
def test_what_stands_in_is_right(id: str) -> None:
    from autograder.judge.judge import judge

    stands_in = {
        "mini_gpt_logits": mini_gpt.logits, "train_mini_gpt": mini_gpt.train, "audit": evaluation.is_honest,
        "causal_attention": mini_gpt.causal_attention,
    }  # fmt: skip
    assert judge(catalog.find(id).load(), stands_in[id]).passed


def test_the_worked_capstone_writes_legal_texts() -> None:
    notebook = json.loads((ROOT / "solutions/23-capstone/23-capstone.ipynb").read_text(encoding="utf-8"))
    printed = "".join(
        "".join(output.get("text", "")) for cell in notebook["cells"] for output in cell.get("outputs", [])
    )
    (share,) = [line for line in printed.splitlines() if "of 400 texts are legal" in line]
    assert float(share.split("%")[0]) >= 95


def test_a_block_knows_the_losses_of_any_loop() -> None:
    rows = LITTLE_LANGUAGE.rows(8, 6, np.random.default_rng(0))
    params = mini_gpt.init_params(48, 7, 8, 2, 8)
    with mini_gpt.watched(steps=3) as losses:
        mini_gpt.train(params, rows.reshape(2, 4, 7), 3)
    mini_gpt.loss_and_gradients(params, rows)
    assert len(losses) == 3
    assert losses[0] == pytest.approx(mini_gpt.loss_and_gradients(params, rows[:4])[0], rel=1e-4)
