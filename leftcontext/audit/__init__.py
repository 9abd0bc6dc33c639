"""A causal audit of any model: does an output depend on what stands after it? In: a callable. Out: a `Report`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leftcontext.audit.errors import AuditError, LeakError
    from leftcontext.audit.examine import assert_causal, audit
    from leftcontext.audit.report import Report

__all__ = ["AuditError", "LeakError", "Report", "assert_causal", "audit"]
_HOME = {
    "AuditError": "errors",
    "LeakError": "errors",
    "Report": "report",
    "assert_causal": "examine",
    "audit": "examine",
}


def __getattr__(name: str) -> Any:
    # On demand: the pytest plugin stands in this package, and costs a test run that does not audit nothing.
    if name in _HOME:
        import importlib

        return getattr(importlib.import_module(f"leftcontext.audit.{_HOME[name]}"), name)
    raise AttributeError(f"module 'leftcontext.audit' has no attribute {name!r}")
