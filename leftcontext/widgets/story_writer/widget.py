"""StoryWriter: three models of real English, which write in the page.

They were trained by the course's own code (`tools/train_english.py`), each under another mask, and are shipped as bytes. The
page has the model in JavaScript, so it needs no kernel: what one changes is computed there, in a worker.
"""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import asdict
from typing import Any

import numpy as np
import traitlets as t

from leftcontext.language.english import SYMBOLS, TYPED, encode, known_words
from leftcontext.model.english import ENGLISH_MODEL, english_model, packed, table
from leftcontext.model.layers import Array
from leftcontext.model.training import MASKS, allowed_by
from leftcontext.plots.charts import show_matrix, show_tokens
from leftcontext.plots.picture import Picture, stacked
from leftcontext.widgets.shared.arrays import within
from leftcontext.widgets.shared.base import CourseWidget, load_view
from leftcontext.widgets.shared.mask_rules import LABELS, RULES, as_data

AS_TRAINED = "as_trained"
LONGEST = 60  # characters of a prompt, for whose attention there is room on a page
HOTTEST = 2.0
PROMPT = "The Queen said to Alice"
COLUMNS = ("trained with", "own mask", "causal mask", "own text", "real words")
CAPTION = (
    "Bits a character: on held-out text under the mask of the training and under a causal one, and of the model’s own text, as "
    "a 5-gram model judges it. Then how many of its words are words of the books."
)


class StoryWriter(CourseWidget):
    """A little model of real English writes: choose the mask it was trained with, and the mask it writes with.

    trained: "causal", "one_ahead" or "none", the mask of the training.
    used: "as_trained", or the mask used while writing.
    cached: whether keys and values are kept while writing, which needs a causal mask; the text is the same.
    temperature: 0 to 2; 0 always takes the likeliest character.
    prompt: the beginning, up to 60 characters; the heads' attention to it is shown.
    characters: how many are written at a time.
    texts: what each model has written last, by the mask of its training: `["prompt"]`, `["text"]`, `["used"]` (the mask used
        while writing) and `["temperature"]`. At first, what was recorded when the models were trained.

    Raises ValueError, in one sentence, where a value does not fit.
    """

    _esm, _css = load_view("story_writer")

    trained = t.Enum(MASKS, default_value="causal").tag(sync=True)
    used = t.Enum((AS_TRAINED, *MASKS), default_value=AS_TRAINED).tag(sync=True)
    cached = t.Bool(True).tag(sync=True)
    temperature = t.Float(0.7).tag(sync=True)
    prompt = t.Unicode(PROMPT).tag(sync=True)
    characters = t.Int(300, min=1).tag(sync=True)
    texts: t.Dict[str, dict[str, Any]] = t.Dict().tag(sync=True)
    _models = t.Unicode().tag(sync=True)  # JSON: as objects, a saved notebook would give each word its own line
    _attention = t.Unicode().tag(sync=True)  # JSON: that to the first prompt, with which the page begins
    _measured: t.Dict[str, Any] = t.Dict().tag(sync=True)

    def __init__(
        self,
        trained: str = "causal",
        *,
        used: str = AS_TRAINED,
        prompt: str = PROMPT,
        temperature: float = 0.7,
        cached: bool = True,
        characters: int = 300,
    ) -> None:
        super().__init__(
            trained=trained, used=used, prompt=prompt, temperature=temperature, cached=cached, characters=characters,
            texts=_recorded(), _models=json.dumps(_asset()), _measured=_measured(),
        )  # fmt: skip
        chosen = {"trained": self.trained, "used": self.used, "prompt": self.prompt}
        self._attention = json.dumps({**chosen, "weights": self.attention().round(3).tolist()})

    def attention(self) -> Array:
        """What the heads look at in the prompt, under the mask used while writing (layers, H, T, T); token 0 comes first."""
        model = english_model(self.trained, np.float64)  # so that every processor finds the same digits
        allowed = allowed_by(self.trained if self.used == AS_TRAINED else self.used, ENGLISH_MODEL.context)
        return model.attention_weights([0, *encode(self.prompt)], allowed)

    def picture(self) -> Picture:
        """What the models wrote when they were trained, or what they have written since, and what was measured."""
        texts = []
        for mask, written in self.texts.items():
            title = f"trained with {LABELS[mask]}, written with {written['used']}"
            texts.append(show_tokens(f"{written['prompt']}{written['text']}".split(), title=title))
        measured = show_matrix(
            [_bits(mask) for mask in MASKS], [LABELS[mask] for mask in MASKS], COLUMNS[1:4], row_axis=COLUMNS[0], column_axis="",
            title=f"bits a character; a 5-gram model: {table()['ngrams']['5']:.2f}", alt=CAPTION,
        )  # fmt: skip
        return stacked([*texts, measured])

    @t.validate("prompt")
    def _readable(self, proposal: t.Bunch) -> str:
        encode(proposal.value)
        if len(proposal.value) > LONGEST:
            raise ValueError(f"A prompt has up to {LONGEST} characters here, not {len(proposal.value)}.")
        return str(proposal.value)

    @t.validate("temperature")
    def _within(self, proposal: t.Bunch) -> float:
        value: float = within(proposal, {"temperature": (0, HOTTEST)})
        return value


def _recorded() -> dict[str, dict[str, Any]]:
    """What each model wrote under its own mask when it was measured."""
    how = table()["writing"]
    shown = {"prompt": how["prompt"], "temperature": how["temperature"]}
    return {mask: {**shown, "text": uses[mask]["text"], "used": LABELS[mask]} for mask, uses in table()["models"].items()}


def _asset() -> dict[str, Any]:
    """What the page needs to run the models: their size, their weights, the characters, the masks, the words of the books."""
    return {
        "config": asdict(ENGLISH_MODEL),
        "symbols": list(SYMBOLS),
        "typed": TYPED,
        "longest": LONGEST,
        "rules": as_data({name: RULES[name] for name in MASKS}),
        "packed": {mask: packed_text(mask) for mask in MASKS},
        "words": " ".join(sorted(known_words())),
    }


def packed_text(mask: str) -> dict[str, str]:
    """The weights of a model as the page gets them: bytes and factors in float32, in base64."""
    numbers, factors = packed(mask)
    return {
        "bytes": b64encode(numbers.tobytes()).decode(),
        "factors": b64encode(factors.astype("<f4").tobytes()).decode(),
    }


def _measured() -> dict[str, Any]:
    """The table of what was measured, as the page shows it."""
    rows = [[LABELS[mask], *(f"{x:.2f}" for x in _bits(mask)), _percent(mask)] for mask in MASKS]
    counted = f"{table()['ngrams']['5']:.2f}"
    return {"caption": CAPTION, "columns": list(COLUMNS), "rows": [*rows, ["a 5-gram model", counted, counted, "", ""]]}


def _bits(mask: str) -> tuple[float, float, float]:
    """Bits a character of a model: held out under its own mask, under a causal one, and of its own text."""
    uses = table()["models"][mask]
    return uses[mask]["held_out"], uses["causal"]["held_out"], uses[mask]["judged"]


def _percent(mask: str) -> str:
    return f"{table()['models'][mask][mask]['known_words']:.0%}"
