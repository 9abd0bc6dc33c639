"""Somebody in a class."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Student:
    """Somebody in a class; `id` is what nbgrader calls them, `lms_id` the number that the learning management system has."""

    id: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    lms_id: str = ""

    @property
    def name(self) -> str:
        """The name as it is said, or the id where none is known."""
        return " ".join(filter(None, (self.first_name, self.last_name))) or self.id

    @property
    def sortable_name(self) -> str:
        """The name as lists sort it, "Lovelace, Ada"."""
        return ", ".join(filter(None, (self.last_name, self.first_name))) or self.id
