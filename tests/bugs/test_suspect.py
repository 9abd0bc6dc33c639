"""The model of the capstone's audit: three planted leaks, at three places, the same in NumPy and in PyTorch."""

import numpy as np
import pytest

from autograder.bank import catalog
from leftcontext.bugs import suspect
from leftcontext.bugs.suspect import PARTS, Settings, Suspect, run_part

LEAKING = {"attention 0", "attention 1", "mlp_norm 0"}


def leaks(model, part: str, chunks: tuple[int, ...] | None = None) -> set[tuple[int, int]]:
    x = np.random.default_rng(1).normal(size=(9, 4))
    before, pairs = run_part(model, part, x, chunks), set()
    for j in range(9):
        changed = x.copy()
        changed[j] += np.linspace(0.5, 1.5, 4)
        moved = np.abs(run_part(model, part, changed, chunks) - before).max(axis=1) > 1e-9
        pairs |= {(int(i), j) for i in np.flatnonzero(moved[:j])}
    return pairs


@pytest.fixture(params=["NumPy", "PyTorch"])
def model(request: pytest.FixtureRequest):
    if request.param == "NumPy":
        return Suspect(Settings(seed=3))
    pytest.importorskip("torch")
    return suspect.load(Settings(seed=3))[0]


def test_each_leak_is_where_the_report_says(model) -> None:
    report = catalog.find("audit_report").load().reference
    assert {part for part in PARTS if report(part) != [0]} == LEAKING
    assert leaks(model, "attention 0") == set()
    assert leaks(model, "attention 1") == {(i, i + 1) for i in range(8)}
    assert leaks(model, "mlp_norm 0") == {(i, j) for j in range(9) for i in range(j)}
    for part in ("attention 0", "attention 1"):
        assert leaks(model, part, (5, 4)) == {
            (i, j) for a, b in ((0, 5), (5, 9)) for j in range(a, b) for i in range(a, j)
        }
    assert all(not leaks(model, part) and not leaks(model, part, (5, 4)) for part in set(PARTS) - LEAKING)


def test_the_tests_of_the_exercise_find_them(model) -> None:
    find_leaks = catalog.find("find_leaks").load().reference
    found = find_leaks(lambda part, x, chunks=None: run_part(model, part, x, chunks), list(PARTS))
    assert {part for part, leaking in zip(PARTS, found, strict=True) if leaking} == LEAKING


def test_both_libraries_give_the_same() -> None:
    torch = pytest.importorskip("torch")
    from leftcontext.bugs import suspect_torch

    ours = Suspect()
    theirs, tokens = suspect_torch.twin(ours), np.random.default_rng(0).integers(16, size=(2, 9))
    np.testing.assert_allclose(theirs(torch.from_numpy(tokens)).detach().numpy(), ours(tokens), atol=1e-12)
    assert theirs.generate(torch.from_numpy(tokens[0]), 5) == ours.generate(tokens[0], 5)
    assert float(theirs.loss(torch.from_numpy(tokens)).detach()) == pytest.approx(ours.loss(tokens))


def test_the_audit_says_that_it_leaks(model) -> None:
    from leftcontext.audit import audit

    assert not audit(model, vocab=16, T=12).causal
