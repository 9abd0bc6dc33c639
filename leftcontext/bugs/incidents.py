"""Eleven public incidents: what was reported, where, a small layer with the bug, and what eight checks say of it.

The facts are those of the linked reports; the layers are models of the bug, not the code of the projects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leftcontext.bugs import incident_layers as layers
from leftcontext.bugs.incident_layers import PADDING, Array, Cache, CausalLayer, Ints
from leftcontext.plots.charts import show_matrix
from leftcontext.plots.picture import Picture

LETTERS = "ABCDEFGHIJK"
GRADED = 11  # the seed of the lesson's reports, which an exercise asks about
T = 8
SAME = 1e-9  # less is rounding
IsCausal = Callable[[Callable[[Array], Array], Array], bool]

CAUSES: dict[int, str] = {
    1: "labels are shifted twice",
    2: "the test text was part of the training text",
    3: "a boolean mask means the opposite to the function that gets it",
    4: "positions count the padding before a text",
    5: "with a cache there is no mask, also for many rows at once",
    6: "a summary of each block is added to all its rows",
    7: "an encoder's mask is built in a decoder too",
    8: "one of two paths through the code has no mask",
    9: "packed documents have positions of their own, and no mask between them",
    10: "the softmax runs over the queries",
    11: "hidden scores are finite, and training has pushed the others below them",
    12: "an additive mask is multiplied by another mask",
    13: "with more keys than queries, the triangle starts at the wrong corner",
}


@dataclass(frozen=True)
class Incident:
    """A public report, retold; `sources` are (project and number, address), `cause` is a number of `CAUSES`."""

    number: int
    layer: type[CausalLayer]
    cause: int
    symptom: str
    sources: tuple[tuple[str, str], ...]


def _github(repository: str, *numbers: int) -> tuple[tuple[str, str], ...]:
    return tuple((f"{repository}#{n}", f"https://github.com/{repository}/issues/{n}") for n in numbers)


INCIDENTS: dict[int, Incident] = {
    incident.number: incident
    for incident in (
        Incident(1, layers.EncoderMask, 7,
            "Four model classes can be encoders or decoders. Trained as a decoder on random tokens, one of them reaches a loss "
            "of almost 0 in a few hundred steps. A fifth class of the same kind does not.",
            _github("huggingface/transformers", 48745, 48760)),
        Incident(2, layers.FiniteFill, 11,
            "With some high learning rates a model has almost no loss, on training and on validation text. Given the beginning "
            "of a text, it continues it badly.",
            (*_github("karpathy/minGPT", 75), *_github("huggingface/transformers", 17121))),
        Incident(3, layers.OtherConvention, 3,
            "A reader of a textbook compares the mask in one of its notebooks with the documentation of the library function "
            "that gets it.",
            _github("rasbt/LLMs-from-scratch", 1061, 1062)),
        Incident(4, layers.MultipliedMask, 12,
            "A model with sliding windows is fine-tuned. Its training loss quickly drops to 0.",
            _github("huggingface/transformers", 31673, 31674)),
        Incident(5, layers.OnePathMasked, 8,
            "After an update of a library, scores of causal models can rise to nearly perfect. There is no error. It depends "
            "on how the layer is called: with dropout, for instance, or when its weights are asked for as well.",
            _github("keras-team/keras", 23038, 23040)),
        Incident(6, layers.WrongCorner, 13,
            "A text is written token by token, with a cache. The attention of every new token gives the same vector.",
            _github("pytorch/pytorch", 103082, 108108, 144858)),
        Incident(7, layers.NoMaskWithCache, 5,
            "A small model has learned its training texts by heart: in one pass over such a text, without a cache, it predicts "
            "every token. Asked to write the text, it goes wrong after a token or two.",
            _github("Mikyx-1/TinyLLM", 17, 18)),
        Incident(8, layers.PaddingCounted, 4,
            "Texts of a batch are padded on the left. The longest one is continued well, all others badly. Alone, each of "
            "them is continued well.",
            _github("unslothai/unsloth", 3699, 3795)),
        Incident(9, layers.PositionsOnly, 9,
            "Several samples are packed into one row. When the first sample changes, the outputs of the second one move. "
            "Counting its positions from 0 again does not help.",
            _github("huggingface/nanoVLM", 201, 204)),
        Incident(10, layers.ShiftedTwice, 1,
            "A model trains without an error, and no token sees its future. Somebody who reads the code of its loss opens a "
            "report.",
            _github("huggingface/transformers", 47394, 47395)),
        Incident(11, layers.BlockSummary, 6,
            "A benchmark asks for few bits per byte. Three generated training programs report 0.024, 0.077 and 0.002. None of "
            "them has touched the evaluation or its data.",
            _github("karpathy/nanochat", 844, 845)),
    )
}  # fmt: skip


def links(number: int) -> Picture:
    """The public sources of an incident."""
    sources = INCIDENTS[number].sources
    html = ", ".join(f'<a href="{escape(address)}">{escape(name)}</a>' for name, address in sources)
    return Picture(
        f"<p>Sources: {html}</p>", "Sources: " + ", ".join(f"{name} ({address})" for name, address in sources)
    )


# The eight checks. Each is True where something is wrong.


def alarms(layer: CausalLayer, is_causal: IsCausal, seed: int = 0) -> dict[str, bool]:
    """What each of eight checks says of a layer: True is an alarm. `is_causal(f, x)` is the detector of unit 10."""
    x = np.random.default_rng(seed).normal(size=(T, layer.width))
    documents = np.array([0] * 3 + [1] * (T - 3))
    alone = np.concatenate([layer(x[:3]), layer(x[3:])])
    in_a_batch = layer.packed(x, np.where(documents == 0, PADDING, 1))[3:]
    return {
        "a later row moves an output": not is_causal(layer, x),
        "... on the path that is not fused": not is_causal(lambda x: layer(x, fused=False), x),
        "... with inputs 1000 times as large": not is_causal(lambda x: layer(1000 * x), x),
        "... with a cache, in chunks of 5 and 3": not is_causal(lambda x: layer(x, chunks=(5, 3)), x),
        "with a cache is not as without": bool(np.abs(layer(x, chunks=(5, 3)) - layer(x)).max() > SAME),
        "padded on the left is not as alone": bool(np.abs(in_a_batch - alone[3:]).max() > SAME),
        "packed is not as alone": bool(np.abs(layer.packed(x, documents) - alone).max() > SAME),
        "the loss is not that of the next token": asked_for(layer) != 1,
    }


def asked_for(layer: CausalLayer) -> int:
    """How many tokens after its own a position is asked for by the layer's loss; -1 where it is none of 0, 1, 2.

    The logits know the token at one such distance and nothing else: the loss is near 0 where it asks for that one.
    """
    tokens = np.random.default_rng(0).integers(50, size=(3, 40))  # (B, T)
    for ahead in (0, 1, 2):
        logits = 30.0 * np.eye(50)[np.roll(tokens, -ahead, axis=1)]  # (B, T, V)
        if layer.loss(logits, tokens) < 5:
            return ahead
    return -1


# The same, before anybody knows which incident it is.


class Reports(dict[str, Incident]):
    """Letters A to K → incidents, in an order that follows from a seed."""

    def symptoms(self) -> Picture:
        """What was reported, letter by letter."""
        html = "".join(f"<p><b>{letter}.</b> {escape(incident.symptom)}</p>" for letter, incident in self.items())
        text = "\n".join(f"{letter}. {incident.symptom}" for letter, incident in self.items())
        return Picture(f'<div style="max-width:46rem">{html}</div>', text)

    def show_alarms(self, is_causal: IsCausal, letters: Sequence[str] = LETTERS) -> Picture:
        """A row for each check, a column for each letter: a tick is an alarm."""
        found = {letter: alarms(self[letter].layer(), is_causal) for letter in letters}
        names = list(found[letters[0]])
        matrix = np.array([[found[letter][name] for letter in letters] for name in names])
        return show_matrix(
            matrix, names, list(letters), row_axis="check", column_axis="report", title="alarms",
            alt="Which check gives an alarm for which report",
        )  # fmt: skip


def reports(seed: int = GRADED) -> Reports:
    """The eleven incidents under the letters A to K."""
    order = np.random.default_rng(seed).permutation(list(INCIDENTS))
    return Reports({letter: INCIDENTS[int(number)] for letter, number in zip(LETTERS, order, strict=True)})


# As `leftcontext.audit` takes them.


def audit_options(layer: CausalLayer) -> dict[str, Any]:
    """What the audit is told of a layer besides the layer: its cache, padded batches, packed rows. Rows are (B, T, d)."""

    def step(x: Array, cache: list[Cache] | None) -> tuple[Array, list[Cache]]:
        caches = [layer.new_cache() for _ in x] if cache is None else cache
        outputs, grown = zip(*(layer.step(rows, kept) for rows, kept in zip(x, caches, strict=True)), strict=True)
        return np.stack(outputs), list(grown)

    def packed(x: Array, documents: Ints) -> Array:
        return np.stack([layer.packed(rows, each) for rows, each in zip(x, documents, strict=True)])

    def padded(x: Array, mask: NDArray[np.integer]) -> Array:
        return packed(x, np.where(np.asarray(mask) > 0, 0, PADDING))

    return {"batched": True, "step": step, "packed": packed, "padded": padded}


def for_batches(layer: CausalLayer, **options: Any) -> Callable[[Array], Array]:
    """The layer for rows (B, T, d), with these options in each call."""

    def batch(x: Array) -> Array:
        return np.stack([layer(rows, **options) for rows in x])

    batch.__name__ = type(layer).__name__
    return batch


def audited() -> Iterator[tuple[int, CausalLayer]]:
    """Each incident's number and a layer with its bug."""
    for number, incident in INCIDENTS.items():
        yield number, incident.layer()
