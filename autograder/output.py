"""Standard output as it comes: in any encoding, or closed. Nothing that we print may end in an error."""

from __future__ import annotations

import codecs
import os
import sys

REPLACE = "leftcontext.replace"  # the name of the error handler
PLAIN = {
    "✓": "+",
    "✗": "x",
    "◐": "/",
    "○": "o",
    "·": "-",
    "…": "...",
    "→": "->",
    "≤": "<=",
    "≥": ">=",
    "×": "x",
    "−": "-",
    "’": "'",
    "“": '"',
    "”": '"',
    "–": "-",
    "—": "-",
}


def _replace(error: UnicodeError) -> tuple[str, int]:
    """What stands for characters that an encoding does not have, as the check mark on Windows (cp1252)."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(PLAIN.get(character, "?") for character in error.object[error.start : error.end]), error.end


codecs.register_error(REPLACE, _replace)


def prepare_streams() -> None:
    """Let standard output and error take any text. Closed ones (`>&-` in cron, pythonw) become the null device."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 (open to the end)
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=REPLACE)


def say(text: str) -> None:
    """Print a text, whatever the encoding of standard output."""
    try:
        print(text)
    except UnicodeEncodeError:
        encoding = getattr(sys.stdout, "encoding", None) or "ascii"
        print(text.encode(encoding, REPLACE).decode(encoding))
