"""Standard output as it comes: in another encoding, or closed."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.output import REPLACE, prepare_streams, say

MASK = "import numpy as np\ndef causal_mask(T):\n    return np.triu(np.full((T, T), -np.inf), k=1)\n"
COMMAND = [sys.executable, "-c", "from autograder.cli import main; main()", "check", "causal_mask", "right.py"]


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "ascii", "utf-8", "cp437"])
def test_a_right_answer_is_right_in_any_encoding(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "right.py").write_text(MASK)
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run(COMMAND, cwd=tmp_path, env=environment, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    assert b"causal_mask: 2 of 2 points" in done.stdout
    assert not done.stderr


@pytest.mark.skipif(os.name == "nt", reason="a shell closes the descriptor")
def test_a_closed_standard_output_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "right.py").write_text(MASK)
    done = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh", *COMMAND], cwd=tmp_path, capture_output=True, timeout=120)
    assert done.returncode == 0
    assert not done.stderr


@pytest.mark.parametrize(("text", "plain"), [("✓ right", "+ right"), ("a → b", "a -> b"), ("王", "?"), ("\udc80", "?")])
def test_what_an_encoding_does_not_have_is_replaced(text: str, plain: str) -> None:
    assert text.encode("cp1252", REPLACE).decode("cp1252") == plain


def test_a_verdict_is_printed_to_any_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    monkeypatch.setattr(sys, "stdout", stream)
    say("✓ softmax")
    prepare_streams()
    print("✗ softmax")
    stream.flush()
    assert stream.buffer.getvalue().decode("cp1252").split("\n")[:2] == ["+ softmax", "x softmax"]
