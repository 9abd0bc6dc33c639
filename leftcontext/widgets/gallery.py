"""All widgets on one page that needs neither a kernel nor a network: docs/gallery/index.html.

python -m leftcontext.widgets.gallery            writes the page
python -m leftcontext.widgets.gallery --train    trains the models that TrainAndGenerate shows again, then writes it
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
    Sampling,
    SingleToken,
    Softmax,
    StoryWriter,
    TrainAndGenerate,
)
from leftcontext.widgets.shared.base import CourseWidget
from leftcontext.widgets.shared.page import page
from leftcontext.widgets.train_and_generate import RECORDED, RECORDED_FILE

FOLDER = Path(__file__).resolve().parents[2] / "docs/gallery"
PAGE = FOLDER / "index.html"
STRAY = np.tri(5, dtype=bool)  # a causal mask with one cell too many
STRAY[1, 3] = True
SLIGHT = np.tri(6, dtype=bool)  # as long as the sentence with its full stop; the cell whose leak the loss shows least
SLIGHT[0, 1] = True


TITLE = "Left Context: pictures one can touch"
NOTES = {
    TITLE: "Everything is computed on this page, the trainings too, without a kernel and without a network. "
    "By mouse or from the keyboard: Tab leads from one thing to the next, arrow keys through a matrix.",
    "What may a prediction depend on?": "Unit 01. Predict first: how many of the four targets can be read with one ahead, and "
    "how many with no mask?",
    "How do scores become weights?": "Unit 02. Predict first: which of the two sliders changes a weight?",
    "Who looks at whom?": "Units 03 to 07. Predict first: which row stays the same under every mask? Then type a sentence of "
    "your own, and find one whose verb this head would get wrong.",
    "Where does one query lead?": "Unit 04. Predict first: does a longer query make the output of “cat” more singular than "
    "plural, or must the query turn?",
    "What do two heads see, and who merges them?": "Unit 07. Predict first: with reshape alone, how many of the five merged "
    "rows leak, and how many are right?",
    "Which mask is this? Paint one": "Unit 05. Predict first: which single cell above the diagonal leaks the most pairs "
    "through two layers?",
    "What do other masks hide?": "Unit 17. Predict first: at which end of its slider is each mask the plain triangle?",
    "Which outputs move when a token is replaced?": "Unit 10. One cell of this mask is wrong. Predict first: how many of the "
    "five replacements give it away?",
    "What is a mask worth?": "Unit 08. Predict first: whose loss ends below the entropy, and whose texts are legal? "
    "Then train each yourself: the page has the whole model in JavaScript, and paint a mask of your own.",
    "Does it hold for real English?": "Unit 08. Predict first: does the model that was trained without a mask write one English "
    "word? Three models of three children’s books, trained by the course’s own code. Type a beginning, and look at the heads.",
    "Which words can still be drawn?": "Unit 14. Predict first: which of the three sliders can make an ungrammatical word "
    "impossible, and which can only make it rare?",
    "What does a cache save?": "Unit 15. Predict first: how often has the score of “these” with itself been computed when "
    "“cat” arrives?",
    "Which tiles are never computed?": "Unit 19. Predict first: with the window of 3, which block size computes the fewest "
    "scores, and which skips the fewest tiles?",
    "Where is the gradient exactly zero?": "Unit 20. Predict first: a loss on which word alone gives no query and no key any "
    "gradient?",
}


def exhibits() -> dict[str, CourseWidget]:
    """Every widget under the question it answers."""
    training = TrainAndGenerate("none", allowed=SLIGHT)
    training.recorded = RECORDED
    shown = (
        *(LeftContext(), Softmax(), AttentionMap(), SingleToken(), Heads(), MaskPainter(value=STRAY), MaskZoo("packed")),
        *(LeakDetector(STRAY), training, StoryWriter(), Sampling(top_p=0.9), CachedGeneration(step=3), BlockTiles(step=6)),
        GradientPattern(loss=2),
    )
    return dict(zip([name for name in NOTES if name != TITLE], shown, strict=True))


def build() -> str:
    """The page."""
    return page(exhibits(), TITLE, NOTES) + "\n"


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
