"""With a cache: the outputs must be those without one, and no chunk may see the chunk's own future."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from leftcontext.audit import libraries
from leftcontext.audit.examination import Examination
from leftcontext.audit.inputs import KINDS
from leftcontext.audit.libraries import Inputs
from leftcontext.audit.model import Subject
from leftcontext.audit.movements import ask_outputs, kinds_in_turn, plan_cuts
from leftcontext.audit.probes import in_mode
from leftcontext.audit.ties import take_the_first_of_equals
from leftcontext.audit.tolerance import difference, scale_of, tolerance_of

Step = Callable[[Any, Any], tuple[Any, Any]]  # (inputs (B, n), cache or None) → (outputs (B, n, ...), cache)
LONGEST = 84  # positions: one block of 64 and some


def compare_with_a_cache(exam: Examination, step: Step | None) -> None:
    """Give the inputs in chunks, with a cache: change the later part of a chunk, and compare with the outputs without a cache.

    Chunks of one, of a few, of 16, a prefill of all, and one of more than 64 before the rest. `step(inputs, cache)` returns
    outputs and cache, and begins with None; it takes chunks (B, n), or one input at a time, (B, 1) or (B,). A Hugging Face
    model is its own step. Blind spot: other chunks, longer caches, caches that are used again after an end.
    """
    step = step or find_step(exam.subject)
    if step is None:
        exam.not_tried.append("a cache: no step is known (step=...)")
        return
    T = exam.near(LONGEST)
    with in_mode(exam, exam.modes[0]):
        base = exam.draws.contexts(2, T)
        whole = exam.subject.outputs(base)
        form = _find_form(exam, step, base, whole)
        plans = [chunks for chunks in plan_chunks(T) if form.takes_several or set(chunks) == {1}]
        for chunks in plans:
            _compare(exam, _cached(exam, form, chunks), chunks, base, whole)
    exam.tried.append(f"with a cache, in {len(plans)} {'division' if len(plans) == 1 else 'divisions'} into chunks")
    if not form.takes_several:
        exam.not_tried.append("a cache that is filled with several inputs at once: the step takes one at a time")


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

    name = _name_of_the_cache(subject.call)

    def step(inputs: Any, cache: Any) -> tuple[Any, Any]:
        result = subject.call(inputs, use_cache=True, **{name: cache})
        if getattr(result, name, None) is None:
            raise ValueError(f"the model returns no {name}")
        return result.logits, getattr(result, name)

    return step


def _name_of_the_cache(model: Any) -> str:
    """`cache`, as newer releases of transformers call it, or `past_key_values`, as before: what its own class takes."""
    own = [vars(kind).get("forward") for kind in type(model).__mro__ if kind.__module__.startswith("transformers.")]
    takes_it = any("cache" in inspect.signature(each).parameters for each in own if each is not None)
    return "cache" if takes_it else "past_key_values"


@dataclass(frozen=True)
class _Form:
    """How a step is called: with inputs (B, n), or (B,) where it is `flat`; with several at once or one at a time."""

    step: Step
    flat: bool
    takes_several: bool


def _find_form(exam: Examination, step: Step, base: Inputs, whole: Inputs) -> _Form:
    """The form in which the step gives what the whole call gives; if there is none, the first in which it answers.

    Raises what the step raises where it answers in none.
    """
    failure: Exception | None = None
    agrees: dict[bool, bool] = {}  # flat → whether it gives what the whole call gives
    for flat in (False, True):
        try:
            agrees[flat] = _agrees(exam, _Form(step, flat, False), (1, 1), base, whole)
        except Exception as error:  # whatever a step raises that wants another form
            failure = failure or error
    if not agrees:
        assert failure is not None
        raise failure
    flat = max(agrees, key=lambda each: agrees[each])
    return _Form(
        step, flat, not flat and _takes_several(exam, _Form(step, False, True), base, whole, agrees.get(True, False))
    )


def _takes_several(exam: Examination, form: _Form, base: Inputs, whole: Inputs, single_fits: bool) -> bool:
    """Whether it takes chunks. One that takes single tokens (B,) may answer to (B, 2) too, by broadcasting, but not rightly."""
    try:
        return _agrees(exam, form, (2,), base, whole) or not single_fits
    except Exception:  # whatever a step raises that takes one input at a time
        return False


def _agrees(exam: Examination, form: _Form, chunks: tuple[int, ...], base: Inputs, whole: Inputs) -> bool:
    """Whether the first outputs, in chunks, are those of the whole call."""
    n = sum(chunks)
    moved = difference(whole[:, :n], _cached(exam, form, chunks).outputs(base[:, :n]))
    return bool(moved.max() <= tolerance_of(exam.dtype).other_shape * scale_of(whole))


def _cached(exam: Examination, form: _Form, chunks: tuple[int, ...]) -> Subject:
    """The model as a function of all inputs, which gives them to its step chunk by chunk."""
    axis, library = exam.subject.axis, exam.subject.library

    def call(inputs: Any) -> Any:
        outputs, cache, begin = [], None, 0
        time = axis % inputs.ndim
        places = (slice(None),) * time
        for size in chunks:
            part = inputs[(*places, begin)] if form.flat else inputs[(*places, slice(begin, begin + size))]
            result, cache = form.step(part, cache)
            outputs.append(_with_time(libraries.to_array(libraries.find_outputs(result))[0], time, size))
            begin += size
        joined = np.concatenate(outputs, axis=time)
        return libraries.to_native(library, joined) if library != "jax" else joined

    return replace(exam.subject, call=call, options={})


def _with_time(array: Inputs, time: int, size: int) -> Inputs:
    """The outputs of a chunk, with an axis of time also where a step for one input leaves it out."""
    if array.ndim > time and array.shape[time] == size:
        return array
    if size == 1:
        return np.expand_dims(array, time)
    raise ValueError(f"a step with {size} inputs returns outputs of shape {array.shape}")


def _compare(exam: Examination, cached: Subject, chunks: tuple[int, ...], base: Inputs, whole: Inputs) -> None:
    T = sum(chunks)
    named = ", ".join(map(str, chunks[:4])) + (" ..." if len(chunks) > 4 else "")
    inside = [cut for cut in plan_cuts(T, 12) if cut + 1 not in set(np.cumsum(chunks).tolist())]
    part = exam.with_subject(cached, length=T)
    if inside:
        moves = ask_outputs(cached, exam.draws, exam.structure, T, kinds_in_turn(inside, KINDS[:3]), 4)
        if part.judge("with a cache", exam.modes[0], moves, through=f"with a cache (chunks of {named})"):
            return
    bound = 5 * tolerance_of(exam.dtype).other_shape * scale_of(whole)
    moved = difference(whole[:, :T], cached.outputs(base[:, :T]))
    if moved.max() > bound:
        with take_the_first_of_equals(exam.subject):
            moved = difference(exam.subject.outputs(base)[:, :T], cached.outputs(base[:, :T]))
    if moved.max() > bound:
        i = int(np.argmax(moved.max(axis=0) > moved.max() / 2))
        exam.warnings.append(
            f"With a cache (chunks of {named}), output {i} is another one than without: it differs by {moved.max():.2g}."
        )
