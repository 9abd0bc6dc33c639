"""What is kept of the outputs that a process claims to have shown in which a student's code may run."""

from __future__ import annotations

import json
import re
from typing import Any

from autograder.notebook.test_result import CUT, Output
from autograder.plain_text import inert_links

MIME_TYPES = ("text/plain", "text/latex", "image/png", "image/jpeg")  # HTML could hold a script
MAX_ITEMS = 1000
MAX_SHOWN = 40_000_000  # characters of the outputs of all cells of a notebook
BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")


def first_line(source: str) -> str:
    """The first line of a cell that says something, for a note."""
    lines = [line for line in source.splitlines() if line.strip()]
    return lines[0].strip()[:60] if lines else "an empty cell"


def sanitize(outputs: list[Any], room: int) -> list[Output]:
    """What a process claims that a cell has shown, as far as a cell can show it; at most `room` characters."""
    kept: list[Output] = []
    for output in outputs[:MAX_ITEMS]:
        cleaned = _sanitize_one(output)
        if cleaned is not None:
            room -= len(json.dumps(cleaned))
            if room < 0:
                kept.append({"output_type": "stream", "name": "stdout", "text": CUT})
                break
            kept.append(cleaned)
    return kept


def _sanitize_one(output: Any) -> Output | None:
    match output:
        case {"output_type": "stream", "name": "stdout" | "stderr" as name, "text": str(text)}:
            return {"output_type": "stream", "name": name, "text": text}
        case {"output_type": "error", "ename": str(ename), "evalue": str(evalue), "traceback": list(lines)}:
            traceback = [line for line in lines if isinstance(line, str)]
            return {"output_type": "error", "ename": ename, "evalue": evalue, "traceback": traceback}
        case {"output_type": "execute_result" | "display_data" as output_type, "data": dict(data)}:
            kept = {mime: data[mime] for mime in MIME_TYPES if isinstance(data.get(mime), str)}
            kept = {mime: text for mime, text in kept.items() if not mime.startswith("image/") or BASE64.fullmatch(text)}
            if "text/latex" in kept:
                kept["text/latex"] = inert_links(kept["text/latex"])
            more = {"execution_count": None} if output_type == "execute_result" else {}
            return {"output_type": output_type, "data": kept, "metadata": {}, **more} if kept else None
    return None
