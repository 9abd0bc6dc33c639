"""What several commands share: the option `--json`, and the exit codes."""

from __future__ import annotations

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of text.")]
# Exit codes: an answer (or a notebook, the bank, a model) is wrong; the input can't be used.
WRONG, UNUSABLE = 1, 2
