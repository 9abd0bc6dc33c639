"""The pytest plugin: a fixture `assert_causal`. Nothing is imported before a test asks for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture(name="assert_causal")
def assert_causal_fixture() -> Callable[..., Any]:
    """`assert_causal(model, vocab=..., T=...)` fails with the report unless the model is causal."""
    from leftcontext.audit import assert_causal

    return assert_causal
