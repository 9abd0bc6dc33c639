"""TrainAndGenerate: train the little model under a mask and watch what the mask is worth.

The training runs in Python, in a task of the notebook's own event loop, and streams to the page: the loss beside the
entropy that no honest model gets below, a text that the model writes, and its attention to the course's sentence. Where
no kernel answers, the page trains the same model itself: `model.js` is a copy of it in JavaScript, `worker.js` runs it.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import numpy as np
import traitlets as t
from numpy.typing import ArrayLike, NDArray

from leftcontext.language.language import LITTLE_LANGUAGE, SENTENCE
from leftcontext.model.evaluation import held_out_loss, influence
from leftcontext.model.generation import generate_texts, share_legal
from leftcontext.model.training import MASKS, Schedule, allowed_by, train
from leftcontext.model.transformer import Transformer
from leftcontext.plots.charts import show_curves, show_matrix, show_texts
from leftcontext.plots.picture import Picture, side_by_side
from leftcontext.widgets.shared.arrays import Mask, square
from leftcontext.widgets.shared.base import CourseWidget, load_view
from leftcontext.widgets.shared.mask_rules import LABELS
from leftcontext.widgets.train_and_generate.in_page import page_training

CHUNK = 20  # steps between two points of the curve; between chunks the notebook may do something else
SAMPLE = 160  # steps between two texts
JUDGED = 200  # texts that are judged at the end
HELD_OUT = 256  # rows for the loss of each combination of masks
OWN = "yours"
USES = ("causal", "none")  # the masks that can be used while writing
AS_TRAINED = "as_trained"
PAUSE = 0.05  # seconds between two words of the last text, so that one sees it grow

# What a page without a kernel shows before it has trained: a run under each mask, "yours" under one stray cell, as `runs`
# would hold them.
RECORDED_FILE = Path(__file__).resolve().with_name("recorded_runs.json")  # written by the gallery with `--train`
RECORDED: dict[str, dict[str, Any]] = json.loads(RECORDED_FILE.read_text(encoding="utf-8"))


class TrainAndGenerate(CourseWidget):
    """Choose a mask, press Train, and watch loss, text and attention; the runs of all masks stay side by side.

    mask: "causal", "one_ahead", "none" or "yours"; what is chosen on the page, and what `start()` trains with.
    allowed: the learner's own mask (n, n), True = may attend, n up to 16; the positions after it are causal. It can be
        set at any time. `TrainAndGenerate(allowed=painter)` follows a MaskPainter; what it can't train with it says.
        Where no kernel answers, one paints it on the page.
    steps: the length of a training; 1,200 steps take about a second here, and half a minute where the page trains.
    used: "as_trained", "causal" or "none": the mask used while writing, which may be another one than that of the
        training; then the page shows the text that was written so.
    runs: what each mask has come to: `widget.runs["causal"]["losses"]`, `["share"]` (of 200 texts, how many are legal
        in every word; None until the training is over), `["words"]`, `["legal"]` (words before the first illegal one),
        `["leaks"]` (pairs of an output and a token of its future that moves it, as the leak test counts them), and
        `["used"]`: for the masks "causal" and "none" while writing `["share"]`, `["words"]`, `["legal"]` and `["loss"]`
        (nats per token on held-out texts, all positions in one pass under that mask).
    recorded: the same, trained when the course was made; shown in static pages, and where no kernel answers and the page
        has not trained yet.
    running: the mask that is being trained with, or "".

    Raises ValueError, in one sentence, where `allowed` does not fit.
    """

    _esm, _css = load_view("train_and_generate")

    mask = t.Enum((*MASKS, OWN), default_value="causal").tag(sync=True)
    masks = t.List(t.Unicode(), list(MASKS)).tag(sync=True)  # the choices on the page
    used = t.Enum((AS_TRAINED, *USES), default_value=AS_TRAINED).tag(sync=True)
    _uses: t.List[str] = t.List(t.Unicode(), list(USES)).tag(sync=True)
    _labels: t.Dict[str, str] = t.Dict(LABELS).tag(sync=True)
    allowed = t.Any(None).tag(  # (n, n) bool or None
        sync=True,
        to_json=lambda mask, _: None if mask is None else mask.tolist(),
        from_json=lambda rows, _: None if rows is None else np.array(rows, dtype=bool),
    )
    _page_training = t.Unicode().tag(sync=True)  # JSON: as lists, a saved notebook would give each number its own line
    steps = t.Int(Schedule.steps, min=1).tag(sync=True)
    running = t.Unicode("").tag(sync=True)
    runs: t.Dict[str, dict[str, Any]] = t.Dict().tag(sync=True)
    recorded: t.Dict[str, dict[str, Any]] = t.Dict().tag(sync=True)
    complaint = t.Unicode("").tag(sync=True)  # why the painted mask can't be trained with
    entropy = t.Float(0.0).tag(sync=True)
    tokens = t.List(t.Unicode(), [LITTLE_LANGUAGE.symbols[0], *SENTENCE]).tag(sync=True)

    def __init__(
        self,
        mask: str | None = None,
        *,
        allowed: ArrayLike | t.HasTraits | None = None,
        steps: int = Schedule.steps,
        seed: int = 0,
    ) -> None:
        self.seed = seed
        self._task: asyncio.Task[None] | None = None
        mask = mask or ("causal" if allowed is None else OWN)
        usual = seed == 0 and steps == Schedule.steps
        super().__init__(
            allowed=allowed.allowed if isinstance(allowed, t.HasTraits) else allowed, mask=mask, steps=steps,
            entropy=LITTLE_LANGUAGE.entropy(Transformer().config.context),
            recorded={name: RECORDED[name] for name in MASKS} if usual else {},
            _page_training=json.dumps(
                page_training(steps, seed, chunk=CHUNK, sample=SAMPLE, judged=JUDGED, held_out=HELD_OUT)
            ),
        )  # fmt: skip
        self.on_msg(self.handle_message)
        if isinstance(allowed, t.HasTraits):
            allowed.observe(self._follow, "allowed")

    def start(self) -> None:
        """Train a fresh model under the chosen mask while the notebook stays usable; ends a training that runs."""
        self.stop()
        self._task = asyncio.ensure_future(self.train())

    def stop(self) -> None:
        """End the training after the current chunk; what it has come to stays."""
        if self._task is not None:
            self._task.cancel()

    async def train(self) -> None:
        """The training itself; `await widget.train()` waits for its end."""
        mask = self.running = self.mask
        allowed = self._allowed_by(mask)  # (16, 16)
        model = Transformer(allowed=allowed, seed=self.seed)
        n = len(self.tokens)
        run = {"steps": [], "losses": [], "words": [], "legal": 0, "after": 0, "share": None, "leaks": None}
        self.runs = self.runs | {mask: run | {"allowed": allowed[:n, :n].tolist()}}
        try:
            await self._descend(mask, model)
            await self._write(mask, model)
        finally:
            self.running = ""

    async def _descend(self, mask: str, model: Transformer) -> None:
        losses: list[float] = []
        for progress in train(model, schedule=Schedule(steps=self.steps), seed=self.seed):
            losses.append(progress.loss)
            last = progress.step == progress.steps
            if progress.step % CHUNK and not last:
                continue
            run = self.runs[mask]
            news = {"steps": [*run["steps"], progress.step], "losses": [*run["losses"], float(np.mean(losses))]}
            if progress.step % SAMPLE == 0 or last:
                news |= _sample(model, progress.step) | {"weights": _weights(model, self.tokens)}
            self._publish(mask, news)
            losses.clear()
            await asyncio.sleep(0)

    async def _write(self, mask: str, model: Transformer) -> None:
        """The last text word by word, then the share of legal texts among many."""
        text = self.runs[mask]
        for n in range(1, len(text["words"]) + 1):
            self._publish(mask, {"words": text["words"][:n], "legal": min(n, text["legal"])})
            await asyncio.sleep(PAUSE)
        texts = generate_texts(model, JUDGED, rng=self.seed)
        leaks = int((np.triu(influence(model), 1) > 0).sum())
        self._publish(mask, {"share": share_legal(LITTLE_LANGUAGE, texts), "leaks": leaks})
        for use in USES:
            await asyncio.sleep(0)
            combined = _under(model, use, self.seed)
            self._publish(mask, {"used": self.runs[mask].get("used", {}) | {use: combined}})

    def _allowed_by(self, mask: str) -> NDArray[np.bool_]:
        """The whole mask (16, 16); the learner's own stands top left of a causal one."""
        T = Transformer().config.context
        allowed = allowed_by("causal" if mask == OWN else mask, T)
        if mask == OWN:
            n = len(self.allowed)
            allowed[:n, :n] = self.allowed
        return allowed

    @t.validate("allowed")
    def _fitting(self, proposal: t.Bunch) -> Mask | None:
        if proposal.value is None:
            return None
        allowed = square(proposal.value, Transformer().config.context)  # (n, n)
        blind = np.flatnonzero(~allowed.any(-1))
        if len(blind):
            raise ValueError(f"Query {blind[0]} sees no key at all; let it see at least itself.")
        return allowed

    @t.observe("allowed")
    def _offer(self, _: object) -> None:
        """Another mask of the learner's: what was trained under the last one is no longer true."""
        if self.running == OWN:
            self.stop()
        self.complaint = ""
        self.runs = {mask: run for mask, run in self.runs.items() if mask != OWN}
        self.masks = list(MASKS) if self.allowed is None else [*MASKS, OWN]

    def _follow(self, change: t.Bunch) -> None:
        try:
            self.allowed = change.new
        except ValueError as error:  # a mask that is being painted may be none for a while
            self.complaint = str(error)

    @t.validate("mask")
    def _known_mask(self, proposal: t.Bunch) -> str:
        if proposal.value == OWN and self.allowed is None:
            raise ValueError("There is no mask of your own yet; set `allowed` first.")
        return str(proposal.value)

    def _publish(self, mask: str, news: dict[str, Any]) -> None:
        self.runs = self.runs | {mask: self.runs[mask] | news}

    def handle_message(self, _: object, message: dict[str, str], __: object) -> None:
        """What the page asks for; any answer tells it that there is a kernel."""
        if message.get("do") == "train":
            self.mask = message["mask"]
            self.start()
        elif message.get("do") == "stop":
            self.stop()
        self.send({"here": True})

    def picture(self) -> Picture:
        own = {mask: run for mask, run in self.runs.items() if run["losses"]}
        trained = own or self.recorded
        if not trained:
            words = "Here one trains the little model under a mask of one's choice. It needs a page that runs JavaScript."
            return Picture(f"<p><em>{words}</em></p>", words)
        curves = {LABELS[mask]: run["losses"] for mask, run in trained.items()}
        longest = max((run["steps"] for run in trained.values()), key=len)
        texts = {LABELS[m]: (r["words"], [k < r["legal"] for k in range(len(r["words"]))]) for m, r in trained.items()}
        title = "Training loss" if own else "Training loss, recorded"
        curve = show_curves(curves, floor=self.entropy, x=longest, title=title)
        return side_by_side([curve, show_texts(texts), *_combinations(trained)])


def _sample(model: Transformer, step: int) -> dict[str, Any]:
    [text] = generate_texts(model, 1, rng=step)
    legal = int(LITTLE_LANGUAGE.legal_tokens(text))
    return {"words": LITTLE_LANGUAGE.words(text), "legal": legal, "after": step}


def _under(model: Transformer, use: str, seed: int) -> dict[str, Any]:
    """What a model writes, and its loss, where this mask takes the place of its own."""
    T = model.config.context
    allowed = allowed_by(use, T)  # (T, T)
    rows = LITTLE_LANGUAGE.rows(HELD_OUT, T, np.random.default_rng([seed, HELD_OUT]))  # (B, T + 1)
    texts = generate_texts(model, JUDGED, rng=seed, allowed=allowed)  # (JUDGED, T)
    first = texts[0]
    return {
        "share": share_legal(LITTLE_LANGUAGE, texts),
        "loss": held_out_loss(model, rows, allowed=allowed),
        "words": LITTLE_LANGUAGE.words(first),
        "legal": int(LITTLE_LANGUAGE.legal_tokens(first)),
    }


def _combinations(runs: dict[str, dict[str, Any]]) -> list[Picture]:
    """The mask of the training against the mask used while writing, for the runs that have come so far."""
    done = {LABELS[mask]: run["used"] for mask, run in runs.items() if len(run.get("used", {})) == len(USES)}
    if not done:
        return []
    uses = [LABELS[use] for use in USES]
    titles = {"share": "share of legal texts", "loss": "held-out loss (nats per token)"}
    return [
        show_matrix(
            [[used[use][what] for use in USES] for used in done.values()], list(done), uses, title=title,
            alt="Only the causal mask, at both ends, writes well.", row_axis="trained with", column_axis="used while writing",
        )
        for what, title in titles.items()
    ]  # fmt: skip


def _weights(model: Transformer, words: list[str]) -> list[list[list[list[float]]]]:
    """The attention of each layer and head to the course's sentence (layers, heads, T, T)."""
    weights: list[list[list[list[float]]]] = model.attention_weights(LITTLE_LANGUAGE.encode(words)).round(4).tolist()
    return weights
