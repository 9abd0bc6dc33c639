"""Sampling: temperature, top-k and top-p on the distribution of one next token of the little language."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import traitlets as t
from numpy.typing import NDArray

from leftcontext.language.language import LITTLE_LANGUAGE
from leftcontext.plots.charts import show_matrix
from leftcontext.plots.picture import Picture
from leftcontext.widgets.shared.arrays import within
from leftcontext.widgets.shared.base import CourseWidget, load_view

PROMPTS = ("a small fox", "these", "the", "these dogs near the cat")
TAIL = 0.05  # what a model that is not perfect gives to all words alike
COLDEST, HOTTEST = 0.1, 3.0  # the ends of the slider of the temperature
LEAST = 0.05  # the lowest top-p of the slider


class Sampling(CourseWidget):
    """The probabilities of the next word as bars, and what temperature, top-k and top-p leave of them.

    The probabilities are the exact ones of the little language, mixed with a uniform share of 5 %, since a trained
    model gives every word something: this tail is what top-k and top-p cut off.

    prompt: the words before, one of `prompts`; `Sampling(["these cats", "a queen that"])` offers others.
    temperature: 0.1 to 3; log-probabilities are divided by it.
    top_k: how many of the likeliest words are kept, 1 to 48 (all).  top_p: then the likeliest words are kept until
        their mass reaches it, 0.05 to 1 (all).
    model: the probabilities before (48,).  probabilities: after all three, renormalised (48,).
    kept: which words can still be drawn (48,).  legal: which of them are grammatical here (48,).

    Raises ValueError, in one sentence, where a prompt is not grammatical or a value does not fit.
    """

    _esm, _css = load_view("sampling")

    words: t.List[str] = t.List(t.Unicode(), list(LITTLE_LANGUAGE.symbols)).tag(sync=True)
    prompts = t.List(t.Unicode()).tag(sync=True)
    prompt = t.Unicode("").tag(sync=True)
    temperature = t.Float(1.0).tag(sync=True)
    top_k = t.Int(len(LITTLE_LANGUAGE)).tag(sync=True)
    top_p = t.Float(1.0).tag(sync=True)
    _exact: t.Dict[str, list[float]] = t.Dict().tag(sync=True)  # prompt → (48,)
    _tail = t.Float(TAIL).tag(sync=True)
    _limits = t.Dict(
        {"temperature": [COLDEST, HOTTEST], "top_k": [1, len(LITTLE_LANGUAGE)], "top_p": [LEAST, 1]}
    ).tag(sync=True)

    def __init__(
        self,
        prompts: Sequence[str] = PROMPTS,
        *,
        prompt: str | None = None,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float = 1.0,
    ) -> None:
        offered = [prompts] if isinstance(prompts, str) else list(prompts)
        if not offered:
            raise ValueError("Sampling needs one prompt at least.")
        exact = {text: LITTLE_LANGUAGE.next_probabilities(LITTLE_LANGUAGE.encode(text)).tolist() for text in offered}
        super().__init__(
            prompts=offered, _exact=exact, prompt=offered[0] if prompt is None else prompt, temperature=temperature,
            top_k=len(LITTLE_LANGUAGE) if top_k is None else top_k, top_p=top_p,
        )  # fmt: skip

    @property
    def legal(self) -> NDArray[np.bool_]:
        """Which words are grammatical after the prompt (48,)."""
        return np.array(self._exact[self.prompt]) > 0

    @property
    def model(self) -> NDArray[np.float64]:
        """The probabilities before temperature, top-k and top-p (48,)."""
        exact = np.array(self._exact[self.prompt])
        mixed: NDArray[np.float64] = (1 - TAIL) * exact + TAIL / len(exact)
        return mixed

    @property
    def kept(self) -> NDArray[np.bool_]:
        """Which words can still be drawn (48,)."""
        return self.probabilities > 0

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """What is drawn from (48,): temperature, then top-k, then top-p, and what is left adds up to 1."""
        p = _shares(self.model ** (1 / self.temperature))
        order = np.argsort(-p, kind="stable")  # the likeliest first; of equals the one that comes first
        p[order[self.top_k :]] = 0
        p = _shares(p)
        if self.top_p < 1:
            before = np.concatenate([[0.0], np.cumsum(p[order])[:-1]])  # the mass of those that are likelier
            p[order[before >= self.top_p]] = 0
        return _shares(p)

    def picture(self) -> Picture:
        p, model = self.probabilities, self.model
        first = np.argsort(-model, kind="stable")[:8]
        others = len(p) - len(first)
        kept, wrong = int(self.kept.sum()), p[~self.legal].sum()
        alt = f"{kept} of {len(p)} words can be drawn, an ungrammatical one with probability {wrong:.3f}."
        rows = {"model": model, f"temperature {self.temperature:g}, top-k {self.top_k}, top-p {self.top_p:g}": p}
        return show_matrix(
            [[*row[first], 1 - row[first].sum()] for row in rows.values()], list(rows),
            [*(self.words[token] for token in first), f"{others} others"], title=f"the word after “{self.prompt}”",
            alt=alt, row_axis="probability", column_axis="next word",
        )  # fmt: skip

    @t.validate("prompt")
    def _known_prompt(self, proposal: t.Bunch) -> str:
        if proposal.value not in self._exact:
            raise ValueError(f"This widget was made for the prompts {', '.join(map(repr, self._exact))}.")
        return str(proposal.value)

    @t.validate("temperature", "top_k", "top_p")
    def _within(self, proposal: t.Bunch) -> float:
        value: float = within(proposal, self._limits)
        return value


def _shares(masses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Masses (n,) divided by their sum."""
    shares: NDArray[np.float64] = masses / masses.sum()
    return shares
