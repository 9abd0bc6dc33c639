"""Training on random tokens, on wish: nothing can be learned there, so whoever gets better than chance has seen the answer.

The loss of an honest model can't be expected below ln V. One that is shown the answer at all but n of its T positions settles
at n / T · ln V: the plateau counts the honest positions. And which token a loss asks for is read off without training.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from leftcontext.audit import libraries
from leftcontext.audit.examination import Examination, Leak
from leftcontext.audit.libraries import Inputs
from leftcontext.audit.probes import in_mode

Loss = Callable[[Any], Any]  # tokens (B, T) → the mean loss, as a model reports it when trained on them
ROWS, LENGTH = 16, 16
BELOW = 0.9  # of ln V: lower is no chance
LARGEST_VOCAB = 64  # of the tokens that are drawn, so that a leak is learned in seconds
CLOSE = 1e-3  # of a loss
NOT_SHIFTED = "The labels are not shifted: the loss asks each position for its own token, which it has seen."
SHIFTED_TWICE = "The labels are shifted twice: the loss asks each position for the token after the next one."
JOINED = "The labels are shifted after the rows were joined: the end of a row is asked for the next row's first token."


def train_on_random_tokens(exam: Examination, steps: int) -> None:
    """Train a copy of a PyTorch model to predict random tokens, fresh ones in each step.

    It finds what later tokens tell even where it takes learning to read it. Blind spot: what `steps` steps don't learn;
    a leak of very few positions; labels that are shifted twice (as random: `compare_labels` reads them off).
    """
    modules = exam.subject.modules
    if exam.vocab is None or exam.subject.library != "torch" or len(modules) != 1 or modules[0] is not exam.subject.call:
        exam.not_tried.append("training on random tokens: it needs a torch.nn.Module on tokens")
        return
    T, vocab = exam.near(LENGTH), min(exam.vocab, LARGEST_VOCAB)
    losses = _losses(copy.deepcopy(modules[0]), exam.subject.options, vocab, T, steps)  # (T - 1,) of the last steps
    floor = float(np.log(vocab))
    exam.tried.append(f"training on random tokens, {steps} steps: {losses.mean():.3g} nats, chance is {floor:.3g}")
    if losses.mean() < BELOW * floor:
        honest = round(float(losses.sum()) / floor)
        through = (
            f"after training on random tokens, whose loss fell to {losses.mean():.3g} of {floor:.3g} nats: "
            f"about {honest} of {len(losses)} positions are honest"
        )
        exam.leaks.append(Leak("training on random tokens", None, "train", through))


def _losses(model: Any, options: dict[str, Any], vocab: int, T: int, steps: int) -> Inputs:
    """The loss of each position but the last, (T - 1,), a mean over the last tenth of the steps."""
    import torch

    like = libraries.first_parameter([model])
    model.train().requires_grad_()
    optimiser = torch.optim.Adam(model.parameters(), lr=3e-3)
    generator, late = torch.Generator().manual_seed(0), []
    for step in range(steps):
        tokens = torch.randint(vocab, (ROWS, T), generator=generator).to(like.device)
        logits = libraries.find_outputs(model(tokens, **options))[:, :-1]
        each = torch.nn.functional.cross_entropy(logits.transpose(1, 2).float(), tokens[:, 1:], reduction="none")
        optimiser.zero_grad()
        each.mean().backward()
        optimiser.step()
        if step >= steps - max(1, steps // 10):
            late.append(each.detach().mean(dim=0).cpu().numpy())
    return np.mean(late, axis=0).astype(np.float64)


def compare_labels(exam: Examination, loss: Loss | None) -> None:
    """Which token does the model's own loss ask for at each position: the next one, as it should?

    `loss(tokens)` is the mean loss as it is trained; a Hugging Face model has its own. It is compared with the losses that
    the logits give for the token itself, the next one, and the one after. Blind spot: weighted or smoothed losses.
    """
    if exam.vocab is None:
        return
    call = loss or find_loss(exam)
    if call is None:
        exam.not_tried.append("labels: no loss is known (loss=...)")
        return
    base = exam.draws.contexts(4, exam.near(LENGTH))
    with in_mode(exam, exam.modes[0]):
        logits = exam.subject.outputs(base).astype(np.float64)
        exam.subject.rewind()
        like = libraries.first_parameter(exam.subject.modules)
        native = libraries.to_native(exam.subject.library, base, like)
        value = float(np.asarray(libraries.to_array(call(native))[0]))
    said = name_labels(logits, base, value)
    exam.tried.append("the labels of the loss")
    if said is not None:
        exam.warnings.append(said)


def name_labels(logits: Inputs, tokens: Inputs, value: float) -> str | None:
    """What is wrong with the labels of a loss of this value; None where each position is asked for the next token."""
    kept = np.clip(logits - logits.max(axis=-1, keepdims=True), -1e30, 0)
    log_probs = kept - np.log(np.exp(kept).sum(axis=-1, keepdims=True))  # (B, T, V)
    flat = float(-log_probs.reshape(-1, log_probs.shape[-1])[np.arange(tokens.size - 1), tokens.reshape(-1)[1:]].mean())
    losses = {said: _mean_loss(log_probs, tokens, shift) for shift, said in enumerate((NOT_SHIFTED, None, SHIFTED_TWICE))}
    losses[JOINED] = flat
    nearest = min(losses, key=lambda said: abs(losses[said] - value))
    if abs(losses[nearest] - value) < CLOSE * max(1.0, value):
        return nearest
    return f"The loss is {value:.4g}, but the logits give {losses[None]:.4g} for the next token. Which labels does it take?"


def _mean_loss(log_probs: Inputs, tokens: Inputs, shift: int) -> float:
    T = tokens.shape[1]
    targets = tokens[:, shift:]
    return float(-np.take_along_axis(log_probs[:, : T - shift], targets[..., None], axis=-1).mean())


def find_loss(exam: Examination) -> Loss | None:
    """The loss of a Hugging Face model, which takes the tokens as labels; None for others."""
    call = exam.subject.call
    if not exam.subject.is_hugging_face:
        return None
    return lambda tokens: call(tokens, labels=tokens, **exam.subject.options).loss
