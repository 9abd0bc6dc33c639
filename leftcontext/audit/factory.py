"""`leftcontext audit MODULE:FACTORY`: import the factory, call it, audit what it returns."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

from leftcontext.audit.contact import one_line
from leftcontext.audit.errors import AuditError


def build_model(target: str) -> Any:
    """What the factory returns. `target` is `package.module:factory` or `file.py:factory`; modules are also looked for here.

    A PyTorch module is itself the model; anything else that can be called is called without arguments.
    Raises AuditError, with what to try, where that fails.
    """
    module_name, colon, name = target.rpartition(":")
    if not colon or not module_name or not name:
        raise AuditError(f"{target!r} names no factory. Write package.module:factory, or path/to/file.py:factory.")
    module = _import(module_name)
    thing = module
    for part in name.split("."):
        if not hasattr(thing, part):
            raise AuditError(f"{module_name} has no {part!r}. It defines {_defined(thing)}.")
        thing = getattr(thing, part)
    if hasattr(thing, "parameters") and hasattr(thing, "training") and not isinstance(thing, type):
        return thing
    if not callable(thing):
        raise AuditError(f"{target} can't be called. Name a function without arguments that returns the model.")
    try:
        model = thing()
    except (Exception, SystemExit) as error:  # whatever somebody's factory raises
        raise AuditError(f"{target}() fails: {one_line(error)}. The factory is called without arguments.") from error
    if not callable(model):
        raise AuditError(f"{target}() returns an object of type {type(model).__name__}, which can't be called. Return the model.")
    return model


def _import(name: str) -> Any:
    path = Path(name)
    if name.endswith(".py"):
        if not path.is_file():
            raise AuditError(f"There is no file {name}.")
        sys.path.insert(0, str(path.parent.resolve()))
        name = path.stem
    elif str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            raise AuditError(f"There is no module {name}. Give its name as in an import, or the path of its file.") from error
        raise AuditError(f"{name} can't be imported: {one_line(error)}.") from error
    except (Exception, SystemExit) as error:  # whatever somebody's module raises
        raise AuditError(f"{name} can't be imported: {one_line(error)}.") from error


def _defined(thing: Any) -> str:
    names = [name for name, value in vars(thing).items() if callable(value) and not name.startswith("_")]
    return ", ".join(names[:8]) or "nothing that can be called"
