"""What the judge found in one answer, as the checker's process sends it and as the journal and the report keep it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MAX_TEXT = 4_000  # characters of one of its texts


@dataclass(frozen=True)
class JudgedFinding:
    """A verdict in plain data; in the journal the field `message` has the key `says`."""

    exercise: str
    passed: bool = False
    misconception: str | None = None  # its id
    title: str = ""  # the misconception's name
    message: str = ""
    text: str = ""  # the whole finding, without what the student's code printed
    printed: str = ""  # what it printed, which may hold a name
    error_name: str = ""  # of Python's own error that ended the call
    is_option: bool = False  # whether the answer is the letter of a quiz

    def to_json(self) -> dict[str, Any]:
        """For the journal and for messages between processes."""
        fields = vars(self)
        return {("says" if name == "message" else name): value for name, value in fields.items()}

    def cut(self) -> JudgedFinding:
        """The same with texts that are no longer than the judge writes them."""
        texts: dict[str, Any] = {name: value[:MAX_TEXT] for name, value in vars(self).items() if isinstance(value, str)}
        return dataclasses.replace(self, **texts)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> JudgedFinding:
        """Read a finding; what a journal of an earlier version does not hold has its default."""
        misconception = fields.get("misconception")
        texts = {name: str(fields.get(name, "")) for name in ("exercise", "title", "text", "printed", "error_name")}
        return cls(
            passed=bool(fields.get("passed")),
            misconception=str(misconception) if misconception else None,
            message=str(fields.get("says", "")),
            is_option=bool(fields.get("is_option")),
            **texts,
        )
