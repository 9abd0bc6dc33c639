"""The audit itself: meet the model, let every probe ask, look at what leaks, and write the report."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from leftcontext.audit import contact, libraries, probes
from leftcontext.audit.batching import Beside, pack_documents, pad_in_a_batch
from leftcontext.audit.cache import Step, compare_with_a_cache
from leftcontext.audit.deeper import OF_DEPTH
from leftcontext.audit.errors import AuditError, LeakError
from leftcontext.audit.examination import Examination
from leftcontext.audit.generation import Generate, compare_generation
from leftcontext.audit.inputs import NumberDraws, TokenDraws
from leftcontext.audit.libraries import Inputs
from leftcontext.audit.model import Reset, Subject
from leftcontext.audit.options import check_options
from leftcontext.audit.parameters import can_be_redrawn
from leftcontext.audit.randomness import keep_global_states
from leftcontext.audit.report import Report
from leftcontext.audit.structure import Allowed, Structure
from leftcontext.audit.summary import summarise
from leftcontext.audit.training import Loss, compare_labels, train_on_random_tokens


def audit(
    model: Any,
    x: ArrayLike | tuple[ArrayLike, ...] | None = None,
    *,
    vocab: int | None = None,
    T: int | None = None,
    prefix: int = 0,
    allowed: Allowed | None = None,
    stride: int = 1,
    batched: bool | None = None,
    axis: int | None = None,
    params: Any = None,
    reset: Reset | None = None,
    step: Step | None = None,
    generate: Generate | None = None,
    padded: Beside | None = None,
    packed: Beside | None = None,
    loss: Loss | None = None,
    train: int = 0,
    thorough: bool = False,
    seed: int = 0,
) -> Report:
    """Does any output of the model depend on an input that it must not see?

    model     what can be called: a function on token ids or rows (NumPy, PyTorch, JAX), a `torch.nn.Module`, a Hugging Face model
    x         rows to begin with, (T, ...) or (B, T, ...), for a function of numbers; several arrays, as (Q, K, V), are given
              to the function one after another. Left out: the model takes token ids (B, T) or (T,)
    vocab, T  how many tokens there are, and how many are given at most; taken from the model where it says so
    prefix    so many first inputs may be seen by every output (a prefix LM)
    allowed   (T_out, T), or a function of T: True where an output may depend on an input. Left out: those to its left and itself
    stride    how many inputs one output stands for, as in a strided convolution
    batched   whether the model takes a batch axis; found out where left out
    axis      where time is in what the model takes and returns, the batch axis included; -1 as in (B, C, T)
    params    NumPy arrays that are parameters, to be drawn anew for a while; those of PyTorch modules are found
    reset     called before every call, for randomness or state that the audit can't find
    step      with a cache: `step(inputs, cache)` returns outputs and cache, and begins with None; found for Hugging Face models
    generate  `generate(tokens, n)` returns the tokens and the n most likely ones behind them; found for Hugging Face models
    padded    in a batch: `padded(inputs, mask)`, mask (B, T) of 1 and 0; found for Hugging Face models
    packed    in one row: `packed(inputs, documents)`, documents (B, T) numbers the document of each position
    loss      `loss(tokens)`, the mean loss as the model is trained, to see which token it asks for; found for Hugging Face models
    train     so many steps of training on random tokens, of a copy of a PyTorch model (200 take a few seconds); 0: none
    thorough  ask every output at every length: more calls, fewer blind spots
    seed      of the inputs

    The model is as it was afterwards: parameters, buffers, mode, and all global random states.
    Raises AuditError, with what to try, where the model can't be audited.
    """
    check_options(locals())
    began, restore = time.perf_counter(), keep_global_states()
    structure, call, exam = Structure(prefix, stride, allowed), _Call(batched, axis, reset), None
    try:
        if x is None:
            exam = _meet_tokens(model, vocab, T, structure, call, seed)
        else:
            exam = _meet_arrays(model, x, T, structure, call, seed)
        if structure.allowed(exam.length).all():
            raise AuditError(
                f"Nothing is hidden from any output of {exam.length} positions: give a smaller prefix=..., another allowed=... "
                "or more positions."
            )
        exam.thorough, exam.params = thorough, params
        _settle(exam)
        _run(exam, (*probes.OF_OUTPUTS, *OF_DEPTH, *_extras(step, generate, padded, packed, loss, train)))
        return summarise(exam, time.perf_counter() - began)
    finally:
        if exam is not None:
            exam.subject.rewind()
        restore()  # last, for rewinding seeds


def _extras(
    step: Step | None, generate: Generate | None, padded: Beside | None, packed: Beside | None, loss: Loss | None, train: int
) -> list[Callable[[Examination], None]]:
    """The probes of what goes around a model: a cache, a batch, a row of documents, a loss, a training."""
    return [
        partial(compare_with_a_cache, step=step),
        partial(compare_generation, generate=generate),
        partial(pad_in_a_batch, padded=padded),
        partial(pack_documents, packed=packed),
        partial(compare_labels, loss=loss),
        *([partial(train_on_random_tokens, steps=train)] if train else []),
    ]


def assert_causal(
    model: Any, x: ArrayLike | tuple[ArrayLike, ...] | None = None, *, strict: bool = False, **options: Any
) -> Report:
    """`audit`, for a test: raises LeakError, an AssertionError that holds the report, unless the model is causal.

    With `strict`, warnings are failures too. Takes what `audit` takes, and returns the report.
    """
    __tracebackhide__ = True
    report = audit(model, x, **options)
    if not report.causal or (strict and report.warnings):
        raise LeakError(str(report))
    return report


class _Call(NamedTuple):
    """How the model is to be called, as far as the caller has said it."""

    batched: bool | None
    axis: int | None
    reset: Reset | None


def _meet_tokens(
    model: Any, vocab: int | None, T: int | None, structure: Structure, call: _Call, seed: int
) -> Examination:
    subject, size, met = contact.meet_token_model(model, vocab, T, call.batched, call.axis, structure.stride, call.reset)
    known = partial(contact.known_tokens, size, 1)
    longest, remark = contact.longest_of(model, subject, T, met, lambda n: subject.outputs(known(n)))
    exam = Examination(subject, TokenDraws(size, seed), structure, known, longest, size)
    if remark:
        exam.not_tried.append(remark)
    return exam


def _meet_arrays(model: Any, x: Any, T: int | None, structure: Structure, call: _Call, seed: int) -> Examination:
    rows, widths, has_batch = _as_rows(x, call.batched, call.axis)
    if T is not None:
        rows = rows[:, :T]
    rows = rows[:, : structure.fit(rows.shape[1])]
    if rows.shape[1] < 2:
        raise AuditError(f"x has {rows.shape[1]} position, of which none is later: hand over at least 2.")
    subject = contact.meet_array_function(model, rows, widths, has_batch, call.axis, structure.stride, call.reset)
    return Examination(subject, NumberDraws(rows, seed), structure, lambda n: rows[:1, :n], rows.shape[1])


def _as_rows(x: Any, batched: bool | None, axis: int | None) -> tuple[Inputs, tuple[int, ...] | None, bool]:
    """x as (B, T, ...); the widths of the arrays that were joined; whether it had a batch axis."""
    try:
        arrays = [libraries.to_array(each)[0] for each in (x if isinstance(x, tuple) else (x,))]
    except ValueError as error:
        raise AuditError(f"x is no array: {contact.one_line(error)}. Hand over rows: an array (T, d), or (B, T, d).") from error
    if strange := [each.dtype.name for each in arrays if each.dtype.kind not in libraries.NUMERIC]:
        raise AuditError(f"x holds values of type {strange[0]}, and no numbers. Hand over rows: an array (T, d), or (B, T, d).")
    if arrays[0].ndim == 0 or arrays[0].size == 0:
        raise AuditError("x is empty, or a single number. Hand over rows: an array (T, d), or (B, T, d).")
    has_batch = batched if batched is not None else arrays[0].ndim > (1 if np.issubdtype(arrays[0].dtype, np.integer) else 2)
    place = axis if axis is not None else int(has_batch)
    arrays = [
        np.moveaxis(each if has_batch else each[None], place if place < 0 or has_batch else place + 1, 1) for each in arrays
    ]
    if not isinstance(x, tuple):
        return arrays[0], None, has_batch
    if len({each.shape[:-1] for each in arrays}) > 1:
        raise AuditError(f"The arrays of x have other lengths: {', '.join(str(each.shape) for each in arrays)}.")
    return np.concatenate(arrays, axis=-1), tuple(each.shape[-1] for each in arrays), has_batch


def _settle(exam: Examination) -> None:
    """See that the model answers the same twice; look whether its outputs ever change, and what they are made of."""
    subject: Subject = exam.subject
    mode = exam.modes[0]
    with probes.in_mode(exam, mode):
        base = exam.draws.contexts(2, exam.short)
        exam.noise = contact.make_repeatable(subject, base)
        if not can_be_redrawn(subject, exam.params):
            other = np.stack([exam.draws.change(row, np.ones(len(row), dtype=bool), "fresh") for row in base])
            if np.array_equal(subject.outputs(base), subject.outputs(other), equal_nan=True):
                exam.warnings.append("The outputs are the same for other inputs. Are these what the model computes?")
    exam.dtype = subject.dtype
    for further in exam.modes[1:]:
        _leave_out_a_random_mode(exam, further)


def _leave_out_a_random_mode(exam: Examination, mode: str) -> None:
    """In train mode a model may draw from a source that nobody can put back, as a seed from the operating system."""
    try:
        with probes.in_mode(exam, mode):
            exam.noise = max(exam.noise, contact.make_repeatable(exam.subject, exam.draws.contexts(2, exam.short)))
    except AuditError as error:
        exam.random.append(mode)
        exam.not_tried.append(f"{mode} mode: {str(error).split('. ')[0]}")


def _run(exam: Examination, chosen: Iterable[Callable[[Examination], None]]) -> None:
    """Let every probe ask. What can't be asked is written down, and the next probe goes on; but without the main one, there is
    no verdict: AuditError."""
    for probe in chosen:
        try:
            probe(exam)
        except Exception as error:  # whatever a model raises when asked in this way
            if isinstance(error, AuditError) and probe in probes.OF_OUTPUTS:
                raise
            if probe is probes.change_later_inputs:
                raise AuditError(
                    f"{exam.subject.name} fails where later inputs are changed: {contact.one_line(error)}. {contact.NEEDY}"
                ) from error
            name = getattr(probe, "func", probe).__name__
            exam.not_tried.append(f"{name.replace('_', ' ')}: {contact.one_line(error)}")
