"""The state of the global generators of random numbers: kept after a cell that ran once for all, set for who goes on behind."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

RandomState = tuple[Any, Any]  # of `random`, and of `numpy.random`


def get_state() -> RandomState:
    """The states in which both generators are now."""
    return random.getstate(), np.random.get_state()  # noqa: NPY002 (a notebook may seed it)


def set_state(state: RandomState) -> None:
    """Put both generators into the states that `get_state` returned."""
    random.setstate(state[0])
    np.random.set_state(state[1])  # noqa: NPY002
