"""Train the models of real English under each mask, ship them as bytes, and measure them.

    python tools/train_english.py                trains all three, in some eleven minutes of processor time, and measures
    python tools/train_english.py --only none    trains this one
    python tools/train_english.py --measure      measures what is shipped

The same script gives the same models, up to rounding, which differs from processor to processor.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from leftcontext.language.english import encode, held_out_rows, held_out_text, share_known, training_rows, training_text
from leftcontext.language.ngram import NGram
from leftcontext.model.english import (
    ENGLISH_MODEL,
    ENGLISH_SCHEDULES,
    FOLDER,
    english_model,
    pack,
    write,
)
from leftcontext.model.evaluation import held_out_loss
from leftcontext.model.training import MASKS, Schedule, allowed_by, train
from leftcontext.model.transformer import Transformer

REPORT = 250  # steps between two lines
ORDERS = (1, 2, 3, 4, 5, 6)  # the n-gram models to compare with; the fifth also scores what is written
PROMPT = "Alice "
WRITTEN = 2000  # characters of each model that are scored
SHOWN = 300  # characters of them that are kept
TEMPERATURE = 0.7
BITS = float(np.log(2))  # nats in a bit


def train_model(mask: str, schedule: Schedule, steps: int, seed: int = 0) -> Transformer:
    """A model trained under a mask for the first `steps` of a schedule."""
    model = Transformer(ENGLISH_MODEL, allowed=allowed_by(mask, ENGLISH_MODEL.context), seed=seed)
    for progress in islice(train(model, training_rows, schedule, seed), steps):
        if progress.step % REPORT == 0 or progress.step == steps:
            bits, seconds = progress.smooth / BITS, time.process_time()
            print(f"{mask}: step {progress.step}, {bits:.3f} bits a character, {seconds:.0f} s", flush=True)
    return model


def ship(mask: str, model: Transformer, folder: Path) -> None:
    """Write a model's weights as bytes."""
    numbers, factors = pack(model)
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(folder / f"{mask}.npz", bytes=numbers, factors=factors)


def measure() -> dict[str, Any]:
    """The n-gram models and the shipped models, in bits a character, and what the models write."""
    vocab = ENGLISH_MODEL.vocab
    ngrams = {n: NGram(n, training_text(), vocab) for n in ORDERS}
    counted = {str(n): _bits(-ngram.log_probability(held_out_text()).mean()) for n, ngram in ngrams.items()}
    models = {mask: {use: _used(mask, use, ngrams[5]) for use in MASKS} for mask in MASKS}
    return {
        "text": {"training": len(training_text()), "held_out": len(held_out_text())},
        "steps": {mask: schedule.steps for mask, schedule in ENGLISH_SCHEDULES.items()},
        "writing": {"prompt": PROMPT, "characters": WRITTEN, "temperature": TEMPERATURE},
        "ngrams": counted,
        "models": models,
    }


def _used(mask: str, use: str, judge: NGram) -> dict[str, Any]:
    """A model under the mask `use`: its bits on held-out text, what it writes, and what a 5-gram model and words say of that."""
    model = english_model(mask)
    allowed = allowed_by(use, ENGLISH_MODEL.context)
    rows = held_out_rows(ENGLISH_MODEL.context)
    parts = [rows[k : k + 64] for k in range(0, len(rows), 64)]  # memory that stays in the processor's cache is faster
    loss = sum(len(part) * held_out_loss(model, part, allowed=allowed) for part in parts) / len(rows)
    text = write(model, PROMPT, WRITTEN, temperature=TEMPERATURE, allowed=use)
    judged = -judge.log_probability(encode(PROMPT + text))[len(PROMPT) :].mean()
    known = round(share_known(text), 3)
    return {"held_out": _bits(loss), "judged": _bits(judged), "known_words": known, "text": text[:SHOWN]}


def _bits(nats: float) -> float:
    return round(float(nats) / BITS, 3)


def main() -> int:
    """Train, ship and measure, as asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--only", choices=MASKS, nargs="*", help="train these, and measure nothing")
    parser.add_argument("--measure", action="store_true", help="train nothing")
    parser.add_argument("--steps", type=int, help="for a shorter training, to try it out")
    parser.add_argument("--to", type=Path, default=FOLDER, help="the folder for the weights")
    options = parser.parse_args()
    for mask in () if options.measure else options.only or MASKS:
        steps = options.steps or ENGLISH_SCHEDULES[mask].steps
        ship(mask, train_model(mask, ENGLISH_SCHEDULES[mask], steps), options.to)
    if not options.only and options.to == FOLDER:
        (FOLDER / "table.json").write_text(json.dumps(measure(), indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
