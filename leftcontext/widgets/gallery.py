"""All widgets on one page that needs neither a kernel nor a network: docs/gallery/index.html.

python -m leftcontext.widgets.gallery            writes the page
python -m leftcontext.widgets.gallery --train    trains the models that TrainAndGenerate shows anew, then writes it
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from leftcontext.widgets import (
    AttentionMap,
    BlockTiles,
    CachedGeneration,
    GradientPattern,
    Heads,
    LeakDetector,
    LeftContext,
    MaskPainter,
    MaskZoo,
    SingleToken,
    TrainAndGenerate,
)
from leftcontext.widgets.base import CourseWidget
from leftcontext.widgets.page import page
from leftcontext.widgets.train_and_generate import RECORDED, RECORDED_FILE

FOLDER = Path(__file__).resolve().parents[2] / "docs/gallery"
PAGE = FOLDER / "index.html"
STRAY = np.tri(5, dtype=bool)  # a causal mask with one cell too many
STRAY[1, 3] = True
SLIGHT = np.tri(5, dtype=bool)  # the same, with the cell whose leak the loss shows least
SLIGHT[0, 1] = True


def exhibits() -> dict[str, CourseWidget]:
    """Every widget under the question it answers."""
    training = TrainAndGenerate("none", allowed=SLIGHT)
    training.recorded = RECORDED
    return {
        "What may a guess depend on?": LeftContext(),
        "Who looks at whom?": AttentionMap(),
        "Where does one query lead?": SingleToken(),
        "What do two heads see, and who merges them?": Heads(),
        "Which mask is this? Paint one": MaskPainter(value=STRAY),
        "What do other masks hide?": MaskZoo("packed"),
        "Which outputs move when a token is replaced? Here, one cell of the mask is wrong": LeakDetector(STRAY),
        "What is a mask worth?": training,
        "What does a cache save?": CachedGeneration(step=3),
        "Which tiles are never computed?": BlockTiles(step=6),
        "Where is the gradient exactly zero?": GradientPattern(loss=2),
    }


def build() -> str:
    """The page."""
    return page(exhibits(), "Left Context: pictures one can touch") + "\n"


def train() -> dict[str, Any]:
    """The runs of all masks, rounded to three digits; the learner's own has one cell too many."""
    training = TrainAndGenerate(allowed=SLIGHT)
    for mask in training.masks:
        training.mask = mask
        asyncio.run(training.train())
    rounded: dict[str, Any] = json.loads(json.dumps(training.runs), parse_float=lambda text: round(float(text), 3))
    return rounded


def main() -> None:
    """Write the page."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    if "--train" in sys.argv[1:]:
        runs = train()
        RECORDED_FILE.write_text(json.dumps(runs) + "\n", encoding="utf-8")
        RECORDED.update(runs)
    PAGE.write_text(build(), encoding="utf-8")


if __name__ == "__main__":
    main()
