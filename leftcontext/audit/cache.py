"""With a cache: the outputs must be those without one, and no chunk may see the chunk's own future."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from leftcontext.audit import libraries
from leftcontext.audit.examination import Examination
from leftcontext.audit.inputs import KINDS
from leftcontext.audit.libraries import Inputs
from leftcontext.audit.model import Subject
from leftcontext.audit.movements import ask_outputs, kinds_in_turn, plan_cuts
from leftcontext.audit.probes import in_mode
from leftcontext.audit.tolerance import difference, scale_of, tolerance_of

Step = Callable[[Any, Any], tuple[Any, Any]]  # (inputs (B, n), cache or None) → (outputs (B, n, ...), cache)
LONGEST = 84  # positions: one block of 64 and some


def compare_with_a_cache(exam: Examination, step: Step | None) -> None:
    """Give the inputs in chunks, with a cache: change the later part of a chunk, and compare with the outputs without a cache.

    Chunks of one, of a few, of 16, a prefill of all, and one of more than 64 before the rest. `step(inputs, cache)` returns
    outputs and cache, and begins with None; a Hugging Face model is its own step. Blind spot: other chunks, longer caches.
    """
    step = step or find_step(exam.subject)
    if step is None:
        exam.not_tried.append("a cache: no step is known (step=...)")
        return
    T = min(exam.length, LONGEST)
    plans = plan_chunks(T)
    with in_mode(exam, exam.modes[0]):
        base = exam.draws.contexts(2, T)
        whole = exam.subject.outputs(base)
        for chunks in plans:
            cached = replace(exam.subject, call=_in_chunks(step, chunks, exam.subject.library), options={})
            _compare(exam, cached, chunks, base, whole)
    exam.tried.append(f"with a cache, in {len(plans)} divisions into chunks")


def plan_chunks(T: int) -> list[tuple[int, ...]]:
    """Divisions of T inputs into chunks."""
    few = min(T, 9)
    plans = [
        (1,) * few,
        (3, T - 3),
        (T - 2, 1, 1),
        (T,),
        (16,) * (T // 16),
        (70, T - 70),
        (66, *(1,) * 6),
        (5, 64, T - 69),
    ]
    return list(dict.fromkeys(plan for plan in plans if plan and min(plan) > 0 and sum(plan) <= T))


def find_step(subject: Subject) -> Step | None:
    """The step of a Hugging Face model that keeps a cache; None for others."""
    if "use_cache" not in subject.options:
        return None

    def step(inputs: Any, cache: Any) -> tuple[Any, Any]:
        result = subject.call(inputs, past_key_values=cache, use_cache=True)
        if getattr(result, "past_key_values", None) is None:
            raise ValueError("the model returns no past_key_values")
        return result.logits, result.past_key_values

    return step


def _in_chunks(step: Step, chunks: tuple[int, ...], library: str) -> Callable[[Any], Any]:
    """The model as a function of all inputs, which gives them to `step` chunk by chunk."""

    def call(inputs: Any) -> Any:
        time = 1 if inputs.ndim > 1 else 0
        outputs, cache, begin = [], None, 0
        for size in chunks:
            part = inputs[:, begin : begin + size] if time else inputs[begin : begin + size]
            result, cache = step(part, cache)
            outputs.append(libraries.find_outputs(result))
            begin += size
        arrays = [libraries.to_array(each)[0] for each in outputs]
        joined = np.concatenate(arrays, axis=time)
        return libraries.to_native(library, joined) if library != "jax" else joined

    return call


def _compare(exam: Examination, cached: Subject, chunks: tuple[int, ...], base: Inputs, whole: Inputs) -> None:
    T = sum(chunks)
    named = ", ".join(map(str, chunks[:4])) + (" ..." if len(chunks) > 4 else "")
    inside = [cut for cut in plan_cuts(T, 12) if cut + 1 not in set(np.cumsum(chunks).tolist())]
    part = exam.with_subject(cached, length=T)
    if inside:
        moves = ask_outputs(cached, exam.draws, exam.structure, T, kinds_in_turn(inside, KINDS[:3]), 4)
        if part.judge("with a cache", exam.modes[0], moves, through=f"with a cache (chunks of {named})"):
            return
    moved = difference(whole[:, :T], cached.outputs(base[:, :T]))
    if moved.max() > 5 * tolerance_of(exam.dtype).other_shape * scale_of(whole):
        i = int(np.argmax(moved.max(axis=0) > moved.max() / 2))
        exam.warnings.append(
            f"With a cache (chunks of {named}), output {i} is another one than without: it differs by {moved.max():.2g}."
        )
