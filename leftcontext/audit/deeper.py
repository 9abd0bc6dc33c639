"""Probes that look deeper than at outputs: gradients, NaN, inputs far larger than usual."""

from __future__ import annotations

import numpy as np

from leftcontext.audit.embedding import gradients, replace_embedding
from leftcontext.audit.examination import SHORT, Examination
from leftcontext.audit.inputs import ALL, KINDS, NumberDraws
from leftcontext.audit.libraries import Inputs, to_native, without_gradient
from leftcontext.audit.movements import ask_outputs, every_kind, plan_cuts
from leftcontext.audit.parameters import can_be_redrawn, redraw_parameters
from leftcontext.audit.probes import in_mode

FLOWS = {"float64": 1e-10, "float32": 1e-5}  # of the largest gradient; what is smaller is rounding
LARGE = 100.0


def follow_gradients(exam: Examination) -> None:
    """Does a gradient flow from an output to an input that it must not see? In PyTorch (from the embedding) and in JAX.

    What flows is looked for among the outputs again; where none moves, it is a warning. Blind spot: what has no gradient (a
    choice by argmax, top-k or sort, `detach`), and tokens in JAX and NumPy.
    """
    if not exam.structure.is_plain or exam.structure.stride > 1:
        exam.not_tried.append("gradients: only where every output sees what stands to its left")
        return
    T = exam.near(24)
    base = exam.draws.contexts(1, T)[0]
    with in_mode(exam, exam.modes[0]):
        found = gradients(exam.subject, base, exam.structure)
        if found is None:
            exam.not_tried.append("gradients: none can be had from this model")
            return
        rows, cuts = found
        later = np.arange(T) > cuts[:, None]
        flows = (rows > FLOWS.get(exam.dtype, 0.02)) & later
        exam.tried.append("gradients")
        if flows.any() and not exam.leaks:
            i, j = int(cuts[np.argwhere(flows)[0][0]]), int(np.argwhere(flows)[0][1])
            questions = every_kind(range(min(i + 1, T - 1)), KINDS)
            moves = ask_outputs(exam.subject, exam.draws, exam.structure, T, questions, exam.rows(T))
            if not exam.judge("gradients", exam.modes[0], moves):
                exam.warnings.append(
                    f"A gradient flows from an output up to {i} to input {j}, though no output was seen to move."
                )


def put_nan_into_the_future(exam: Examination) -> None:
    """Put NaN where an output must not look. Where none arrives, there is no way; where one does, there may be.

    Blind spot, and false alarm: 0 · NaN is NaN, so a masked sum such as weights @ V lets it through although nothing of the
    values counts. So NaN that arrives is no verdict: every output is asked again with every kind of change.
    """
    T = exam.short
    with in_mode(exam, exam.modes[0]):
        arrives = _nan_arrives(exam, T)
        if arrives is None:
            exam.not_tried.append("NaN in the future: tokens can't be NaN, and no embedding was found")
        elif not arrives:
            exam.tried.append("NaN in the future, which reaches no earlier output")
        else:
            exam.tried.append(
                "NaN in the future, which reaches earlier outputs, as 0 · NaN does in a masked sum: other values don't"
            )
            questions = every_kind(plan_cuts(exam.structure.count(T), SHORT), KINDS)
            moves = ask_outputs(exam.subject, exam.draws, exam.structure, T, questions, exam.rows(T))
            exam.judge("after NaN in the future", exam.modes[0], moves)


def _nan_arrives(exam: Examination, T: int) -> bool | None:
    base = exam.draws.contexts(1, T)
    allowed = exam.structure.allowed(T)
    i = len(allowed) // 2
    forbidden = ~allowed[i]
    if isinstance(exam.draws, NumberDraws):
        if base.dtype.kind != "f":
            return None
        poisoned = base.copy()
        poisoned[:, forbidden] = np.nan
        with np.errstate(all="ignore"):
            after = exam.subject.outputs(poisoned)
        return bool(np.isnan(after[0, i].astype(np.float64)).any() and not np.isnan(exam.subject.outputs(base)[0, i]).any())
    if not exam.subject.is_in_torch or not exam.subject.batched:
        return None
    return _nan_in_the_embedding(exam, base, forbidden, i)


def _nan_in_the_embedding(exam: Examination, base: Inputs, forbidden: Inputs, i: int) -> bool | None:
    import torch

    where = torch.from_numpy(np.flatnonzero(forbidden))

    def poison(output: torch.Tensor) -> torch.Tensor:
        return output.detach().clone().index_fill(1, where.to(output.device), float("nan"))

    ids = to_native("torch", base)
    with replace_embedding(exam.subject, ids, poison) as seen:
        after = without_gradient("torch", lambda: exam.subject.outputs(base))
    return bool(np.isnan(after[0, i]).any()) if seen else None


def enlarge_inputs(exam: Examination) -> None:
    """Inputs (or the parameters, for tokens) a hundred times as large: a mask that is a finite number, as -10000, then opens.

    It is a warning and no leak, for ordinary scores don't pass such a mask; training pushes them there. Blind spot: numbers
    as low as -1e9 pass, and models that overflow can't be asked.
    """
    T = exam.short
    questions = every_kind(plan_cuts(exam.structure.count(T), SHORT), ((ALL, "fresh"),))
    subject = exam.subject
    with in_mode(exam, exam.modes[0]), np.errstate(all="ignore"):
        if isinstance(exam.draws, NumberDraws) and not exam.draws.whole:
            draws = NumberDraws((exam.draws.x * LARGE).astype(exam.draws.x.dtype), 1)
            moves = list(ask_outputs(subject, draws, exam.structure, T, questions, exam.rows(T)))
            what = f"inputs {LARGE:g} times as large"
        elif can_be_redrawn(subject, exam.params):
            with redraw_parameters(subject, exam.params, size=LARGE):
                moves = list(ask_outputs(subject, exam.draws, exam.structure, T, questions, exam.rows(T)))
            what = f"parameters {LARGE:g} times as large"
        else:
            return
    exam.tried.append(what)
    certain = [move for move in moves if move.is_certain and np.isfinite(move.size)]
    if certain and not exam.leaks:
        exam.warnings.append(
            f"With {what}, output {certain[0].i} moves with a later input: the mask may be a finite number, "
            "such as -10000, which low scores pass, and training can push them there. Fill with -inf."
        )


OF_DEPTH = (follow_gradients, put_nan_into_the_future, enlarge_inputs)
