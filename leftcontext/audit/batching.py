"""Texts beside others: padded in a batch, or packed into one row. Neither may change what a text gives alone."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import numpy as np

from leftcontext.audit import libraries
from leftcontext.audit.examination import Examination
from leftcontext.audit.inputs import KINDS
from leftcontext.audit.libraries import Inputs
from leftcontext.audit.model import Subject
from leftcontext.audit.movements import Movement, ask_outputs, every_kind, plan_cuts
from leftcontext.audit.probes import in_mode
from leftcontext.audit.structure import Structure
from leftcontext.audit.ties import take_the_first_of_equals
from leftcontext.audit.tolerance import difference, scale_of, tolerance_of

Beside = Callable[[Any, Any], Any]  # (inputs (B, T), mask or documents (B, T) int) → outputs (B, T, ...)
PADS, TEXT = 5, 9


def pad_in_a_batch(exam: Examination, padded: Beside | None) -> None:
    """Pad texts on the left and on the right: what stands in the padding must not matter, nor what comes later, and a text must
    give what it gives alone.

    `padded(inputs, mask)` takes a mask of 1 (a real input) and 0; a Hugging Face model is its own, with position ids where it
    takes them. Another output than alone is a warning, not a leak: positions may be counted from the padding's start. So is
    padding before a text that a Hugging Face model reads, as recurrent ones do: it is no later input, and nobody said that the
    model heeds the mask. Where `padded` is given, it is a leak.
    Blind spot: other shapes of mask, packed masks.
    """
    call = padded or find_padded(exam.subject)
    if call is None or exam.length < PADS + TEXT or not exam.subject.batched:
        exam.not_tried.append("padding: no call with a mask is known (padded=...)" if call is None else "padding")
        return
    T = PADS + TEXT
    with in_mode(exam, exam.modes[0]):
        for side in ("left", "right"):
            real = np.arange(T) >= PADS if side == "left" else np.arange(T) < TEXT
            subject = _with_second(exam.subject, call, real.astype(np.int64))
            structure = Structure(given=_may_see(real.astype(int), real))
            cuts = [cut for cut in plan_cuts(T, T) if real[cut]] + ([T - 1] if side == "left" else [])
            moves = list(ask_outputs(subject, exam.draws, structure, T, every_kind(cuts, KINDS[:3]), 4))
            reads = padded is None and _warn_of_padding(exam, [move for move in moves if move.j < move.i], side)
            later = [move for move in moves if padded is not None or move.j > move.i]
            part = exam.with_subject(subject, structure, T)
            if not part.judge(f"padding on the {side}", exam.modes[0], later, f"through padding on the {side}") and not reads:
                _compare_alone(exam, subject, real, f"padded on the {side}")
    exam.tried.append("padding on the left and on the right")


def _warn_of_padding(exam: Examination, moves: list[Movement], side: str) -> bool:
    """A warning where outputs move with the padding before them. Returns whether they do."""
    certain = [move.size for move in moves if move.is_certain and move.size > 2 * exam.noise]
    if certain:
        exam.warnings.append(
            f"Outputs move by {max(certain):.2g} with what stands in the padding on the {side}, before them: the model does not "
            "heed the attention mask."
        )
    return bool(certain)


def pack_documents(exam: Examination, packed: Beside | None) -> None:
    """Pack two documents into one row: neither may look into the other, and each must give what it gives alone.

    `packed(inputs, documents)` takes the number of each position's document. Blind spot: more documents, other boundaries.
    """
    if packed is None or exam.length < PADS + TEXT or not exam.subject.batched:
        exam.not_tried.append("packed documents: no call with documents is known (packed=...)")
        return
    T = PADS + TEXT
    documents = (np.arange(T) >= PADS).astype(np.int64)
    subject = _with_second(exam.subject, packed, documents)
    structure = Structure(given=_may_see(documents, np.ones(T, dtype=bool)))
    with in_mode(exam, exam.modes[0]):
        cuts = [*plan_cuts(T, T), T - 1]
        moves = ask_outputs(subject, exam.draws, structure, T, every_kind(cuts, KINDS[:3]), 4)
        part = exam.with_subject(subject, structure, T)
        through = "through other documents packed into the same row"
        if not part.judge("packed documents", exam.modes[0], moves, through=through):
            _compare_alone(exam, subject, documents > 0, "packed behind another document")
    exam.tried.append("packed documents")


def _may_see(document: Inputs, checked: Inputs) -> Inputs:
    """(T, T): to its left in the same document; outputs that are not checked may see everything."""
    T = len(document)
    return (np.tri(T, dtype=bool) & (document[:, None] == document)) | ~checked[:, None]


def _with_second(subject: Subject, call: Beside, second: Inputs) -> Subject:
    """The model called with a second argument, the same (T,) for every row."""

    def both(inputs: Any) -> Any:
        rows = np.repeat(second[None], inputs.shape[0], axis=0)
        like = libraries.first_parameter(subject.modules)
        return call(inputs, libraries.to_native(subject.library, rows, like))

    return replace(subject, call=both, options={})


def _compare_alone(exam: Examination, subject: Subject, real: Inputs, how: str) -> None:
    base = exam.draws.contexts(2, len(real))
    for equals in (nullcontext(), take_the_first_of_equals(subject)):
        with equals:
            beside, alone = subject.outputs(base)[:, real], exam.subject.outputs(base[:, real])
        moved = difference(beside, alone)
        if moved.max() <= 5 * tolerance_of(exam.dtype).other_shape * scale_of(alone):
            break
    else:
        exam.warnings.append(
            f"A text gives other outputs {how} than alone: they differ by {moved.max():.2g}. Are its positions the same?"
        )


def find_padded(subject: Subject) -> Beside | None:
    """The call of a Hugging Face model with an attention mask; None for others."""
    if not subject.is_hugging_face:
        return None
    model: Any = subject.call
    names = inspect.signature(model.forward).parameters
    if "attention_mask" not in names:
        return None

    def call(inputs: Any, mask: Any) -> Any:
        options = dict(subject.options)
        if "position_ids" in names:
            options["position_ids"] = (mask.cumsum(1) - 1).clamp(min=0)
        return subject.call(inputs, attention_mask=mask, **options)

    return call
