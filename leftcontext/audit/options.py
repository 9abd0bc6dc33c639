"""The options of an audit, checked before anything is called: each wrong one is answered in one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from leftcontext.audit.errors import AuditError

# The least value of a number, and what it says.
NUMBERS = {
    "vocab": (2, "how many tokens the model knows; with one there is nothing to change"),
    "T": (2, "how many positions to audit with at most; one has no later one, so at least 2"),
    "prefix": (0, "so many first inputs may be seen by every output"),
    "stride": (1, "so many inputs stand behind one output"),
    "train": (0, "so many steps of training on random tokens"),
    "seed": (0, "the seed of the inputs"),
}
CALLS = {
    "reset": "reset()",
    "step": "step(inputs, cache)",
    "generate": "generate(tokens, n)",
    "padded": "padded(inputs, mask)",
    "packed": "packed(inputs, documents)",
    "loss": "loss(tokens)",
}


def check_options(options: Mapping[str, Any]) -> None:
    """Raise AuditError where a number is none or too small, or a function can't be called; None is none given."""
    for name, (least, what) in NUMBERS.items():
        value = options[name]
        whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
        if value is not None and (not whole or value < least):
            raise AuditError(f"{name}={value!r} is no whole number of at least {least}. It says {what}.")
    for name, form in CALLS.items():
        if options[name] is not None and not callable(options[name]):
            raise AuditError(f"{name}={options[name]!r} can't be called. Hand over a function {form}.")
