"""What a page is told so that it can train the little model by itself, where no kernel answers.

The model in JavaScript knows neither the language nor the size of the model nor the schedule: all of them are said in
Python alone and go to the page as data.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from leftcontext.language.language import LITTLE_LANGUAGE, Language
from leftcontext.model.training import MASKS, Schedule
from leftcontext.model.transformer import Config
from leftcontext.widgets.shared.mask_rules import RULES, as_data


def grammar(language: Language) -> dict[str, Any]:
    """The symbols, and for each state the choices: the probability of each symbol, the symbols' numbers, the next state."""
    states = []
    for p, successor in zip(language.probability, language.successor, strict=True):  # (V,), (V,)
        groups: dict[tuple[float, int], list[int]] = {}
        for token in np.flatnonzero(p):
            groups.setdefault((float(p[token]), int(successor[token])), []).append(int(token))
        states.append([[share, tokens, then] for (share, then), tokens in groups.items()])
    return {"symbols": list(language.symbols), "states": states}


def page_training(steps: int, seed: int, **amounts: int) -> dict[str, Any]:
    """The size of the model, the schedule, the language and the masks; `amounts` as worker.js names them."""
    return {
        "config": asdict(Config()),
        "schedule": asdict(Schedule(steps=steps)),
        "language": grammar(LITTLE_LANGUAGE),
        "rules": as_data({name: RULES[name] for name in MASKS}),
        "seed": seed,
        **amounts,
    }
