"""Below the tokens: in PyTorch, numbers can be put in at the embedding, and gradients taken there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from leftcontext.audit import libraries
from leftcontext.audit.libraries import Inputs
from leftcontext.audit.model import Subject
from leftcontext.audit.movements import plan_cuts
from leftcontext.audit.structure import Structure
from leftcontext.audit.tolerance import scale_of

CUTS = 6


@contextmanager
def replace_embedding(subject: Subject, ids: Any, change: Callable[[Any], Any]) -> Iterator[list[Any]]:
    """Within, what an embedding makes of exactly these ids (B, T) is changed; what it became is appended to the list."""
    seen: list[Any] = []

    def hook(module: Any, inputs: tuple[Any, ...], output: Any) -> Any:
        given = inputs[0] if inputs else None
        if getattr(given, "shape", None) != ids.shape or not bool((given == ids).all()):
            return None
        seen.append(change(output))
        return seen[-1]

    parts = [part for module in subject.modules for part in module.modules() if type(part).__name__.endswith("Embedding")]
    handles = [part.register_forward_hook(hook) for part in parts]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def gradients(subject: Subject, base: Inputs, structure: Structure) -> tuple[Inputs, Inputs] | None:
    """For some outputs i of a text (T, ...): how large the gradient of outputs 0..i is at each input, (n, T), and the outputs' i.

    Divided by the largest. None where no gradient can be had.
    """
    if subject.library == "torch":
        return _torch_gradients(subject, base, structure)
    return _jax_gradients(subject, base, structure) if subject.library == "jax" and base.dtype.kind == "f" else None


def _torch_gradients(subject: Subject, base: Inputs, structure: Structure) -> tuple[Inputs, Inputs] | None:
    import torch

    like = libraries.first_parameter(subject.modules)
    native = libraries.to_native("torch", base[None] if subject.batched else base, like)
    subject.rewind()
    with torch.enable_grad():
        if base.dtype.kind == "f":
            source = native.requires_grad_()
            result = libraries.find_outputs(subject.call(*subject.split(source), **subject.options))
        else:
            leaves: list[Any] = []

            def begin_here(output: Any) -> Any:
                leaves.append(output.detach().requires_grad_())
                return leaves[-1].clone()  # some models work in place on what an embedding returns

            with replace_embedding(subject, native, begin_here):
                result = libraries.find_outputs(subject.call(native, **subject.options))
            if not leaves:
                return None
            source = leaves[0]
        if result is None or not result.requires_grad or not result.is_floating_point():
            return None
        outputs = result[0] if subject.batched else result
        cuts = np.array(plan_cuts(len(outputs), CUTS))
        weights = torch.randn(outputs.shape, generator=torch.Generator().manual_seed(1)).to(outputs)
        rows = []
        for i in cuts:
            kept = torch.where(torch.isfinite(outputs[: i + 1]), outputs[: i + 1], 0.0)
            (slope,) = torch.autograd.grad((kept * weights[: i + 1]).sum(), source, retain_graph=True, allow_unused=True)
            size = (
                torch.zeros(len(base))
                if slope is None
                else slope.reshape(-1, len(base), slope.shape[-1] if slope.ndim > 2 else 1)
            )
            rows.append(size.detach().double().abs().amax(dim=(0, 2)).numpy() if slope is not None else size.double().numpy())
    return _relative(np.array(rows)), cuts


def _jax_gradients(subject: Subject, base: Inputs, structure: Structure) -> tuple[Inputs, Inputs] | None:
    import jax

    native = libraries.to_native("jax", base[None] if subject.batched else base)
    subject.rewind()
    outputs, back = jax.vjp(lambda x: libraries.find_outputs(subject.call(*subject.split(x))), native)
    count = outputs.shape[1 if subject.batched else 0]
    cuts = np.array(plan_cuts(count, CUTS))
    weights = np.random.default_rng(1).normal(size=outputs.shape).astype(np.asarray(outputs).dtype)
    rows = []
    for i in cuts:
        chosen = weights * (np.arange(count) <= i).reshape([-1] + [1] * (outputs.ndim - (2 if subject.batched else 1)))
        (slope,) = back(chosen)
        rows.append(np.abs(np.asarray(slope, dtype=np.float64)).reshape(len(base), -1).max(axis=1))
    return _relative(np.array(rows)), cuts


def _relative(rows: Inputs) -> Inputs:
    return rows / scale_of(rows)
