"""Old module names, which notebooks handed out earlier and other people's configurations still import.

A module that moved is found under its old name too, as the same module object.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


class OldNames(MetaPathFinder, Loader):
    """Finds the modules of `table`, {old name: new name}, after every other finder has failed."""

    def __init__(self, table: Mapping[str, str]) -> None:
        self.table = table
        self.specs: dict[str, ModuleSpec | None] = {}

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """A spec for an old name; None for any other."""
        return ModuleSpec(fullname, self) if fullname in self.table else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The module under its new name."""
        module = importlib.import_module(self.table[spec.name])
        self.specs[spec.name] = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is run again. The import system has marked the module with its old name; that is undone here."""
        old = module.__spec__
        if old is not None:
            module.__spec__ = self.specs[old.name]


def also_known_as(table: Mapping[str, str]) -> None:
    """Let every old name of `table` be imported."""
    sys.meta_path.append(OldNames(table))
