"""Generating: what comes out token by token must be what the whole call gives, with a cache and without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from leftcontext.audit import libraries
from leftcontext.audit.examination import Examination
from leftcontext.audit.libraries import Inputs
from leftcontext.audit.probes import in_mode
from leftcontext.audit.ties import take_the_first_of_equals
from leftcontext.audit.tolerance import difference, scale_of, tolerance_of

# (tokens (B, T), n) → tokens (B, T + n), or those and the logits (B, n, V) that they were chosen from
Generate = Callable[[Any, int], Any]
NEW = 6  # tokens
PROMPTS = (3, 20, 66)  # their lengths: short, past a block of 16, past one of 64


def compare_generation(exam: Examination, generate: Generate | None) -> None:
    """Generate greedily, and ask the whole call at each new place: it must give the same logits, and the same best token.

    `generate(tokens, n)` takes tokens (B, T) and returns them with the n most likely ones, one after another; it may return
    (tokens, logits) with the logits (B, n, V) as well. A Hugging Face model generates with its cache and without. Another
    token or other logits are a warning. Blind spot: without logits, what is too small to change the best token; sampling,
    beams, prompts of other lengths, prompts that are padded.
    """
    ways = {"generate": generate} if generate is not None else find_generate(exam)
    if not ways or exam.vocab is None:
        exam.not_tried.append("generating: no such function is known (generate=...)")
        return
    lengths = [n for n in PROMPTS if n + NEW <= exam.length] or [max(1, exam.length - NEW)]
    with in_mode(exam, exam.modes[0]):
        for name, way in ways.items():
            for T in lengths:
                if (said := _compare(exam, way, T)) is None:
                    continue
                with take_the_first_of_equals(exam.subject):
                    said = _compare(exam, way, T)
                if said is not None:
                    exam.warnings.append(f"{name} {said}")
                    break
    exam.tried.append(f"{' and '.join(ways)}, after {', '.join(map(str, lengths))} tokens")


def _compare(exam: Examination, generate: Generate, T: int) -> str | None:
    """What is wrong with the tokens behind prompts of T tokens; None where nothing is."""
    subject, new = exam.subject, min(NEW, exam.length - T)
    base = exam.draws.contexts(2 if subject.batched else 1, T)
    subject.rewind()
    like = libraries.first_parameter(subject.modules)
    prompt = libraries.to_native(subject.library, base if subject.batched else base[0], like)
    tokens, logits = _parts(libraries.without_gradient(subject.library, lambda: generate(prompt, new)), subject.batched)
    if tokens.shape != (len(base), T + new) or not np.array_equal(tokens[:, :T], base):
        return (
            f"returns tokens of shape {tokens.shape}, which are not the {T} given ones with {new} more: "
            "return both, (B, T + n)."
        )
    whole = subject.outputs(tokens.astype(base.dtype))[:, T - 1 : -1]  # (B, n, V)
    bound = 5 * tolerance_of(exam.dtype).other_shape * scale_of(whole)
    if logits is not None:
        moved = difference(whole, logits).max(axis=0)
        if moved.max() > bound:
            i = T - 1 + int(np.argmax(moved > bound))
            return f"gives other logits at output {i} than the whole call: they differ by {moved.max():.2g}."
        return None
    chosen = np.take_along_axis(whole, tokens[:, T:, None], axis=2)[..., 0]
    worse = (whole.max(axis=2) - chosen > bound).any(axis=0)
    if worse.any():
        return f"gives another token after {T + int(np.argmax(worse))} tokens than the whole call, whose best token it is not."
    return None


def _parts(result: Any, batched: bool) -> tuple[Inputs, Inputs | None]:
    """Tokens (B, T + n), and logits (B, n, V) where there are some."""
    both = result if isinstance(result, tuple) else (result, None)
    tokens, logits = (None if each is None else libraries.to_array(each)[0] for each in both)
    assert tokens is not None
    return (tokens, logits) if batched else (tokens[None], None if logits is None else logits[None])


def find_generate(exam: Examination) -> dict[str, Generate]:
    """The ways in which a Hugging Face model generates; none for others."""
    model: Any = exam.subject.call
    if not exam.subject.is_hugging_face or not getattr(model, "can_generate", bool)():
        return {}

    def with_cache(use_cache: bool) -> Generate:
        return lambda tokens, n: _generate(model, tokens, n, use_cache, exam.vocab or 0)

    both = {"generate with a cache": with_cache(True), "generate without a cache": with_cache(False)}
    return both if "use_cache" in exam.subject.options else {"generate": with_cache(False)}


def _generate(model: Any, tokens: Any, n: int, use_cache: bool, vocab: int) -> tuple[Any, Any]:
    import torch

    size = model(tokens[:, :1]).logits.shape[-1]
    found = model.generate(
        tokens,
        attention_mask=torch.ones_like(tokens),
        max_new_tokens=n,
        min_new_tokens=n,
        do_sample=False,
        num_beams=1,
        use_cache=use_cache,
        pad_token_id=0,
        suppress_tokens=list(range(vocab, size)) or None,  # those that the audit leaves out, as of images
        output_logits=True,
        return_dict_in_generate=True,
    )
    return found.sequences, torch.stack(found.logits, dim=1)
