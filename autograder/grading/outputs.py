"""Outputs of cells as nbformat stores them: errors of our own, partial credit, and what is kept of a student's outputs."""

from __future__ import annotations

import json
import re
from typing import Any

from autograder.grading.ipython_shell import CUT, Output

MIME_TYPES = ("text/plain", "text/latex", "image/png", "image/jpeg")  # of a student's outputs; HTML could hold a script
MAX_ITEMS = 1000
BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")
# NumPy's ways to write one number: np.float64(2.5), array([3]).
NUMPY_NUMBER = re.compile(r"(?:np\.\w+|array)\(\[*([-+.\w]+)\]*(?:, dtype=\w+)?\)")


def error_output(name: str, sentence: str) -> Output:
    """An error output; to nbgrader, a test that shows one has failed."""
    return {"output_type": "error", "ename": name, "evalue": sentence, "traceback": [f"{name}: {sentence}"]}


def first_line(source: str) -> str:
    """The first line of a cell that says something, for a note."""
    lines = [line for line in source.splitlines() if line.strip()]
    return lines[0].strip()[:60] if lines else "an empty cell"


def check_partial_credit(outputs: list[Output], points: float, is_partial_credit: bool) -> list[Output]:
    """A test's outputs, with an error in front where its result is no valid number of points.

    nbgrader would give full marks for a result that is no number, and more than there are for a larger one.
    """
    for output in outputs:
        if output["output_type"] == "error":
            break
        if output["output_type"] == "execute_result":
            text = str(output["data"].get("text/plain", ""))
            number = as_number(text)
            if number is None and is_partial_credit:
                return [error_output("NoCredit", f"The test's result is {text[:100]}, which is no number of points."), *outputs]
            if number is not None and not 0 <= number <= points:  # NaN too
                wrong = f"The test's result is {number:g}, which is no number of points between 0 and {points:g}."
                return [error_output("NoCredit", wrong), *outputs]
            if NUMPY_NUMBER.fullmatch(text):
                output["data"]["text/plain"] = repr(number)
            break
    return outputs


def as_number(text: str) -> float | None:
    """The number that a result's text is, one of NumPy's too; None where it is none."""
    match = NUMPY_NUMBER.fullmatch(text)
    try:
        return float(match[1] if match else text)
    except ValueError:
        return None


def sanitize(outputs: list[Any], room: int) -> list[Output]:
    """What a student's process claims that a cell has shown, as far as a cell can show it; at most `room` characters."""
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
            more = {"execution_count": None} if output_type == "execute_result" else {}
            return {"output_type": output_type, "data": kept, "metadata": {}, **more} if kept else None
    return None
