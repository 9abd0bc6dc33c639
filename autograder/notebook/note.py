"""What the instructor is told of a submission: a kind that programs count, and a sentence for people."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class NoteKind(StrEnum):
    """What a note is about. The value stands in the journal and in the report."""

    RAN_TOO_LONG = "ran too long"
    TOO_MUCH_MEMORY = "used too much memory"
    ENDED_PYTHON = "ended or crashed Python"
    LEFT_OUT = "left out"
    NOT_JUDGED = "could not be judged"
    UNREADABLE = "can't be read"
    NOT_SUBMITTED = "not handed in"
    NOT_READ = "not read"
    REPAIRED = "repaired"
    OTHER_VARIANT = "another student's variant"
    OTHER = "other"


@dataclass(frozen=True)
class Note:
    """One sentence for the instructor."""

    kind: NoteKind
    text: str

    def about(self, notebook: str) -> Note:
        """The same note, with the notebook's name in front."""
        return Note(self.kind, f"{notebook}: {self.text}")

    def to_json(self) -> dict[str, str]:
        """For the journal and for messages between processes."""
        return {"kind": str(self.kind), "text": self.text}

    @classmethod
    def from_json(cls, fields: Any) -> Note:
        """Read a note; in journals of earlier versions it is a bare sentence."""
        if isinstance(fields, str):
            return cls(NoteKind.OTHER, fields)
        known = {str(kind) for kind in NoteKind}
        kind = fields.get("kind")
        return cls(NoteKind(kind) if kind in known else NoteKind.OTHER, str(fields.get("text", "")))
