"""The demonstration: one model, trained three times, with and without sight of the future.

`leftcontext demo` prints what is computed here.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from leftcontext.language.language import LITTLE_LANGUAGE
from leftcontext.model.evaluation import held_out_loss
from leftcontext.model.generation import generate_texts, share_legal
from leftcontext.model.training import MASKS, Progress, Schedule, allowed_by, train
from leftcontext.model.transformer import Config, Transformer

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

OnProgress = Callable[[str, Progress], None]  # called after every step with the mask's name
CONTEXT = Config().context
TEXTS = 1000  # generated for each score
VERDICT = (
    "! Below the entropy of the language, where no prediction of a hidden word can stay. Such a model reads the answer"
    " instead of predicting it, in held-out text too. When it writes, there is no answer to read."
)
TITLES = {"causal": "causal mask", "one_ahead": "one token ahead", "none": "no mask"}


@dataclass(frozen=True, eq=False)
class Trained:
    """A model and its numbers: losses in nats per token, all on the same held-out rows."""

    mask: str
    model: Transformer
    train_loss: float  # mean of the last 200 steps
    held_out_parallel: float
    held_out_stepwise: float  # with the future truly hidden
    valid_sentences: float  # share of generated texts that are legal in every token
    seconds: float  # of training
    texts: NDArray[np.intp]  # (TEXTS, T) generated, each from the beginning of a sentence


@dataclass(frozen=True, eq=False)
class Demonstration:
    """What `compare` found, for a program and for a terminal."""

    language_entropy: float  # nats per token, exact, of rows as long as the held-out ones
    models: tuple[Trained, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain data, as `leftcontext demo --json` prints it."""
        models = [
            {
                "mask": m.mask,
                "train_loss": m.train_loss,
                "held_out_parallel": m.held_out_parallel,
                "held_out_stepwise": m.held_out_stepwise,
                "valid_sentences": m.valid_sentences,
                "seconds": m.seconds,
                "sample": LITTLE_LANGUAGE.decode(m.texts[0]),
            }
            for m in self.models
        ]
        return {"language_entropy": self.language_entropy, "models": models}

    def table(self, samples: int = 3) -> Group:
        """For a terminal: the numbers, what they mean, and the first texts of each model, marked where they go wrong."""
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        parts: list[Table | Text] = [self._numbers()]
        if any(self._impossible(m.train_loss) for m in self.models):
            parts.append(Text(VERDICT))
        for m in self.models:
            texts = Table.grid(padding=(0, 1))
            for text in m.texts[:samples]:
                texts.add_row(*_mark_legal(text))
            parts += [Text(f"\n{TITLES[m.mask]} writes", style="bold"), texts]
        return Group(*parts)

    def _numbers(self) -> Table:
        from rich import box
        from rich.table import Table

        table = Table(box=box.SIMPLE_HEAD, title="One model, three masks: loss in nats per token", title_justify="left")
        table.add_column("trained with", no_wrap=True)
        for name in ("training", "held out", "future\nhidden", "texts all\nlegal", "seconds"):
            table.add_column(name, justify="right", no_wrap=True)
        for m in self.models:
            losses = (m.train_loss, m.held_out_parallel, m.held_out_stepwise)
            marked = (f"{loss:.3f} {'!' if self._impossible(loss) else ' '}" for loss in losses)
            table.add_row(TITLES[m.mask], *marked, f"{m.valid_sentences:.1%}", f"{m.seconds:.2f}")
        table.add_row("language's entropy", *[f"{self.language_entropy:.3f}  "] * 3, style="italic")
        return table

    def _impossible(self, loss: float) -> bool:
        return loss < 0.95 * self.language_entropy  # a sample of text scatters by a percent


def held_out_rows() -> NDArray[np.intp]:
    """The rows on which every model is measured (512, T + 1), and none is trained.

    A draw that costs a perfect predictor the language's entropy to four digits, so that no chance blurs the comparison.
    """
    return LITTLE_LANGUAGE.rows(512, CONTEXT, np.random.default_rng([323, 512]))


def compare(seed: int = 0, on_progress: OnProgress | None = None, schedule: Schedule | None = None) -> Demonstration:
    """Train the course's model under each mask, from the same weights on the same rows, and measure all three."""
    models = tuple(train_under(mask, seed, on_progress, schedule) for mask in MASKS)
    return Demonstration(LITTLE_LANGUAGE.entropy(CONTEXT), models)


def train_under(
    mask: str, seed: int = 0, on_progress: OnProgress | None = None, schedule: Schedule | None = None
) -> Trained:
    """Train one model under the mask of that name and measure it."""
    model = Transformer(allowed=allowed_by(mask, CONTEXT), seed=seed)
    losses: list[float] = []
    begin = time.perf_counter()
    for progress in train(model, schedule=schedule, seed=seed):
        losses.append(progress.loss)
        if on_progress:
            on_progress(mask, progress)
    seconds = time.perf_counter() - begin
    rows = held_out_rows()
    texts = generate_texts(model, TEXTS, rng=seed)
    return Trained(
        mask=mask,
        model=model,
        train_loss=float(np.mean(losses[-200:])),
        held_out_parallel=held_out_loss(model, rows),
        held_out_stepwise=held_out_loss(model, rows, hide_future=True),
        valid_sentences=share_legal(LITTLE_LANGUAGE, texts),
        seconds=seconds,
        texts=texts,
    )


def _mark_legal(text: NDArray[np.intp]) -> tuple[Text, Text]:
    """A verdict, and the text with a cross before its first illegal word and everything from there struck through."""
    from rich.text import Text

    words, legal = LITTLE_LANGUAGE.words(text), int(LITTLE_LANGUAGE.legal_tokens(text))
    if legal == len(words):
        return Text("  ✓", style="green"), Text(" ".join(words))
    line = Text(" ".join([*words[:legal], ""])).append("✗" + " ".join(words[legal:]), style="red strike")
    return Text("  ✗", style="red"), line
