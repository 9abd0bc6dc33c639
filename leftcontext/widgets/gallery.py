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

from leftcontext.training import MASKS
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

FOLDER = Path(__file__).resolve().parents[2] / "docs/gallery"
PAGE, RUNS = FOLDER / "index.html", FOLDER / "runs.json"  # of the three trainings, so that the page can show them


def exhibits(runs: dict[str, Any]) -> dict[str, CourseWidget]:
    """Every widget under the question it answers."""
    stray = np.tri(5, dtype=bool)
    stray[1, 3] = True
    training = TrainAndGenerate("none")
    training.runs = runs
    return {
        "What may a guess depend on?": LeftContext(),
        "Who looks at whom?": AttentionMap(),
        "Where does one query lead?": SingleToken(),
        "What do two heads see, and who merges them?": Heads(),
        "Which mask is this? Paint one": MaskPainter(value=stray),
        "What do other masks hide?": MaskZoo("packed"),
        "Which outputs move when a token is replaced? Here, one cell of the mask is wrong": LeakDetector(stray),
        "What is a mask worth?": training,
        "What does a cache save?": CachedGeneration(step=3),
        "Which tiles are never computed?": BlockTiles(step=6),
        "Where is the gradient exactly zero?": GradientPattern(loss=2),
    }


def build() -> str:
    """The page."""
    return page(exhibits(json.loads(RUNS.read_text(encoding="utf-8"))), "Left Context: pictures one can touch") + "\n"


def train() -> dict[str, Any]:
    """The runs of the three masks, rounded to three digits."""
    training = TrainAndGenerate()
    for mask in MASKS:
        training.mask = mask
        asyncio.run(training.train())
    rounded: dict[str, Any] = json.loads(json.dumps(training.runs), parse_float=lambda text: round(float(text), 3))
    return rounded


def main() -> None:
    """Write the page."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    if "--train" in sys.argv[1:]:
        RUNS.write_text(json.dumps(train()) + "\n", encoding="utf-8")
    PAGE.write_text(build(), encoding="utf-8")


if __name__ == "__main__":
    main()
