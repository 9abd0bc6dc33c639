"""The bridge: every counterpart is run beside the bank's own solution, and the lesson stands without either library."""

import ast
import inspect
import json
import subprocess
import sys
import types
from typing import Any

import numpy as np
import pytest
from support.clone import ROOT
from support.exercise_ids import CODE
from support.sizes import share

from autograder.bank import catalog
from leftcontext.torch_jax import JAX, LIBRARIES, NONE, TOPICS, TORCH, Library, compare, counterparts, functions
from leftcontext.torch_jax.comparing import difference
from leftcontext.torch_jax.libraries import to_numpy

PAIRS = [(topic, id) for topic in TOPICS for id in functions(topic)]
SHARES = 0.06  # a thousand draws: four standard deviations of a difference of two shares
# Where PyTorch takes less than the exercise does. Said in the counterpart's own comment.
NOT_IN_GENERAL = {"finite_causal_mask", "multi_head_causal_attention", "blockwise_causal_attention"}
# What a case of the bank hands over is NumPy's, and can be neither derived by another library nor be its generator.
NUMPY_ONLY = {"sample_token", "verify_draft", "rollout_loss", "dense_mask", "numerical_gradient", "train_mini_gpt"} | {
    *functions("leaks")
}


def solution(id: str) -> Any:
    return catalog.find(id).load().reference


def test_every_code_exercise_has_a_counterpart_or_a_reason() -> None:
    named = [id for _, id in PAIRS]
    assert len(named) == len(set(named))
    assert set(named) | set(NONE) == set(CODE)
    assert not set(named) & set(NONE)


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.name)
@pytest.mark.parametrize("topic", TOPICS)
def test_counterparts_are_called_as_the_exercises_are(library: Library, topic: str) -> None:
    sources = library.sources(topic)
    assert list(sources) == functions(topic)
    for id, code in sources.items():
        arguments = ast.unparse(ast.parse(code).body[0].args)  # type: ignore[attr-defined]
        expected = ast.unparse(ast.parse(f"def f{inspect.signature(solution(id))}: ...").body[0].args)  # type: ignore[attr-defined]
        assert arguments == expected, id


@pytest.mark.parametrize(("topic", "id"), PAIRS, ids=lambda value: value)
def test_pytorch_agrees_with_the_bank(topic: str, id: str) -> None:
    pytest.importorskip("torch")
    found = compare(TORCH, topic, id, solution(id))
    assert found.difference < (SHARES if found.drawn else 1e-6), str(found)


@pytest.mark.parametrize(("topic", "id"), share(PAIRS, 12), ids=lambda value: value)
def test_jax_agrees_with_the_bank(topic: str, id: str) -> None:
    pytest.importorskip("jax")
    found = compare(JAX, topic, id, solution(id))
    assert found.difference < (SHARES if found.drawn else 5e-6), str(found)


@pytest.mark.parametrize("id", ["causal_weights", "causal_linear_attention", "cross_entropy", "rope", "softmax_backward"])
def test_what_float32_costs_is_only_digits(id: str) -> None:
    jax = pytest.importorskip("jax")
    topic = next(topic for topic, name in PAIRS if name == id)
    with jax.enable_x64(True):
        assert compare(JAX, topic, id, solution(id)).difference < 1e-12


@pytest.mark.parametrize(("topic", "id"), [pair for pair in PAIRS if pair[1] not in NOT_IN_GENERAL | NUMPY_ONLY], ids=lambda v: v)
def test_pytorch_agrees_on_the_cases_that_judge_learners(topic: str, id: str) -> None:
    pytest.importorskip("torch")
    theirs, exercise = TORCH.function(topic, id), catalog.find(id).load()
    for part in exercise.case_groups:
        for case in part.cases(np.random.default_rng(3)):
            args = tuple(inspect.signature(exercise.reference).bind(*case.args, **case.kwargs).args)
            call = exercise.adapter or (lambda answer, *args: answer(*args))
            ours = to_numpy(call(exercise.reference, *args))
            assert difference(ours, call(lambda *given: TORCH.call(theirs, given), *args)) < 1e-6, case.note


def test_the_options_that_comments_name_mean_what_they_say() -> None:
    jax = pytest.importorskip("jax")
    Q, K, V = (np.random.default_rng(0).normal(size=(3, 2, 5, 1, 4))).astype(np.float32)  # (B, T, H, d)
    i, lengths = np.arange(5), np.array([5, 3])
    age = i[:, None] - i
    attend = jax.nn.dot_product_attention
    for options, allowed in [
        ({"local_window_size": (1, 0)}, solution("sliding_window_allowed")(5, 2)),
        ({"key_value_seq_lengths": lengths}, solution("padding_allowed")(lengths, 5)[:, None] & np.ones((5, 5), dtype=bool)),
        ({"bias": np.where(age >= 0, 0, -np.inf).astype(np.float32)[None, None]}, np.tri(5, dtype=bool)),
    ]:
        mask = np.broadcast_to(allowed, (2, 1, 5, 5))
        assert np.allclose(attend(Q, K, V, **options), attend(Q, K, V, mask=mask), atol=1e-6), options
    assert callable(pytest.importorskip("jax.test_util").check_grads)


def test_a_wrong_answer_does_not_agree() -> None:
    pytest.importorskip("torch")
    assert compare(TORCH, "masks", "causal_allowed", lambda T: np.tri(T, k=1, dtype=bool)).difference == 1
    assert compare(TORCH, "masks", "causal_mask", lambda T: np.zeros((T, T))).difference == np.inf
    assert compare(TORCH, "masks", "causal_allowed", lambda T: np.tri(T)).difference == np.inf
    assert compare(TORCH, "heads", "merge_heads", lambda x: x).difference == np.inf
    assert compare(TORCH, "leaks", "first_leak", lambda *inputs: (0, 1)).difference == np.inf
    assert compare(TORCH, "generation", "sample_token", lambda z, rng, t, k: 0).difference > SHARES


@pytest.mark.parametrize("topic", TOPICS)
def test_without_the_libraries_the_code_is_shown(topic: str, monkeypatch: pytest.MonkeyPatch) -> None:
    hide(monkeypatch)
    shown = counterparts(topic, pytest.fail)
    for library in LIBRARIES:
        assert f"{library.name}: not installed, so not run" in shown.html
        for id, code in library.sources(topic).items():
            assert f"def {id}(" in shown.text or f"{id}, " in shown.text or f", {id}" in shown.text
            assert all(line.strip() in shown.text for line in code.splitlines())


def test_without_the_solutions_the_code_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    for library in LIBRARIES:
        monkeypatch.setitem(sys.modules, library.module, types.SimpleNamespace(__spec__=True))  # as if it were there
    shown = counterparts("masks", {}.__getitem__)
    assert shown.text.count("not compared, since the course's solution is not here") == 2 * len(functions("masks"))


def hide(monkeypatch: pytest.MonkeyPatch) -> None:
    for library in LIBRARIES:
        monkeypatch.setitem(sys.modules, library.module, None)


WITHOUT = """
import sys
import types
sys.modules.update(torch=None, jax=None)  # any import of them fails
for cell in {cells!r}:
    exec(compile(cell, "cell", "exec"), globals())
print(counterparts("masks", solution))
"""


@pytest.mark.long
def test_the_lesson_runs_where_neither_is_installed() -> None:
    notebook = json.loads((ROOT / "solutions/12-libraries/12-libraries.ipynb").read_text(encoding="utf-8"))
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    command = [sys.executable, "-W", "error", "-c", WITHOUT.format(cells=cells)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    assert "PyTorch  not installed: pip install torch" in ran.stdout
    assert "JAX: not installed, so not run" in ran.stdout and "jnp.tri(T, dtype=bool)" in ran.stdout
