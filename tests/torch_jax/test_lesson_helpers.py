"""What the unit on libraries imports: attention as PyTorch computes it, masks as functions, exercises written in PyTorch."""

import sys
from typing import Any

import numpy as np
import pytest

from autograder.bank import catalog
from leftcontext.torch_jax import mask_mods, sdpa
from leftcontext.torch_jax.practice import check_in_torch, in_torch
from leftcontext.torch_jax.scaled_dot_product import in_numpy

RNG = np.random.default_rng(0)
SOME = (RNG.random((2, 1, 5, 5)) < 0.4) & (np.arange(5) != 1)[:, None]  # row 1 allows nothing


def solution(id: str) -> Any:
    exercise: Any = catalog.find(id).load()
    return exercise.reference


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"is_causal": True},
        {"attn_mask": SOME},
        {"attn_mask": np.where(SOME, 0, -np.inf).astype(np.float32)},
        {"attn_mask": RNG.normal(size=(5, 5)).astype(np.float32)},
        {"attn_mask": np.full((5, 5), np.finfo(np.float32).min)},
    ],
    ids=["nothing", "causal", "boolean", "additive", "bias", "lowest"],
)
@pytest.mark.parametrize("queries", [5, 2])
def test_numpy_computes_what_pytorch_computes(options: dict[str, Any], queries: int) -> None:
    pytest.importorskip("torch")
    q, k, v = RNG.normal(size=(3, 2, 3, 5, 4)).astype(np.float32)
    options = {name: given[..., :queries, :] if name == "attn_mask" else given for name, given in options.items()}
    found = in_numpy(q[:, :, :queries], k, v, **options)
    assert found.dtype == np.float32
    assert np.allclose(found, sdpa(q[:, :, :queries], k, v, **options), atol=1e-6)


def test_a_mask_of_integers_is_refused_by_both() -> None:
    x, mask = np.zeros((1, 1, 2, 2), np.float32), np.ones((2, 2), dtype=int)
    with pytest.raises(TypeError, match="dtype"):
        in_numpy(x, x, x, attn_mask=mask)
    pytest.importorskip("torch")
    with pytest.raises(RuntimeError, match="dtype"):
        sdpa(x, x, x, attn_mask=mask)


def test_without_pytorch_numpy_answers(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    eye = np.eye(3, dtype=np.float32)[None, None]
    assert np.array_equal(sdpa(0 * eye, eye, eye, is_causal=True)[0, 0] > 0, np.tri(3))
    check_in_torch("hf_to_allowed", print)
    assert "PyTorch is not installed" in capsys.readouterr().out


@pytest.mark.parametrize(
    "mod", [(3,), (np.array([[0, 0, 1, 1], [2, 2, 2, 3]]),), (np.array([2, 0]),)], ids=["window", "documents", "prefix"]
)
def test_masks_as_functions_are_the_banks(mod: tuple[Any, ...], request: pytest.FixtureRequest) -> None:
    name = {"window": "sliding_window_mod", "documents": "document_mod", "prefix": "prefix_mod"}[
        request.node.callspec.id
    ]
    both = [make(*mod) for make in (getattr(mask_mods, name), solution(name))]
    tables = [solution("dense_mask")(m, 2, 1, 4, 4) for m in both]
    assert np.array_equal(*tables)
    joined = [
        join(m, mask_mods.padding_mod(np.array([3, 4])))
        for join, m in zip((mask_mods.and_mods, solution("and_mods")), both, strict=True)
    ]
    ours, banks = (mask_mods.dense_mask(m, 2, 1, 4, 4) for m in joined)
    assert np.array_equal(ours, banks)


@pytest.mark.parametrize(("window", "size"), [(200, 128), (1024, 128), (1, 64)])
def test_block_masks_are_pytorchs(window: int, size: int) -> None:
    pytest.importorskip("torch")
    from leftcontext.torch_jax.flex import block_kinds_in_torch

    mod = mask_mods.sliding_window_mod(window)
    assert np.array_equal(mask_mods.block_kinds(mod, 1024, size), block_kinds_in_torch(mod, 1024, size))


def test_flex_attention_is_the_written_mask() -> None:
    torch = pytest.importorskip("torch")
    from leftcontext.torch_jax.flex import flex

    q, k, v = RNG.normal(size=(3, 2, 2, 4, 8)).astype(np.float32)
    documents = np.array([[0, 0, 1, 1], [2, 2, 2, 3]])
    table = mask_mods.dense_mask(mask_mods.document_mod(documents), 2, 2, 4, 4)
    found = flex(q, k, v, mask_mods.document_mod(torch.from_numpy(documents)))
    assert np.allclose(found, sdpa(q, k, v, attn_mask=table), atol=1e-6)


def test_an_answer_in_pytorch_is_judged_as_one_in_numpy(capsys: pytest.CaptureFixture[str]) -> None:
    torch = pytest.importorskip("torch")

    def positions(attention_mask: Any, T_q: Any = None) -> Any:
        ids = (attention_mask.cumsum(-1) - 1).clamp(min=0)
        return ids if T_q is None else ids[:, -T_q:]

    given = in_torch(positions)(np.array([[0, 1, 1]]), T_q=2)
    assert isinstance(given, np.ndarray) and given.tolist() == [[0, 1]]
    check_in_torch("position_ids_from", positions)
    assert "Padding on the right was counted on" in capsys.readouterr().out
    check_in_torch(
        "position_ids_from", lambda mask, T_q=None: torch.where(mask == 1, positions(mask), 0)[:, -(T_q or 0) :]
    )
    assert "2 of 2 points" in capsys.readouterr().out


def test_in_place_of_an_unwritten_answer_the_courses_own_is_judged(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")

    def hf_to_allowed(attention_mask: Any, T_q: Any) -> Any:
        """Nothing yet."""

    check_in_torch("hf_to_allowed", hf_to_allowed)
    said = capsys.readouterr().out
    assert "not written yet" in said and "2 of 2 points" in said
    assert "np.arange" not in said  # the worked answer stays closed
