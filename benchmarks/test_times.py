"""How long `make test` takes, step by step and file by file; writes the table into benchmarks/README.md.

    python benchmarks/test_times.py              # on a machine that does nothing else: all of `make test`
    python benchmarks/test_times.py --last       # the table of the last run, from build/test-times.json
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "benchmarks" / "README.md"
FILE = ROOT / "build" / "test-times.json"  # written by `make test`
BEGIN, END = "<!-- test times -->", "<!-- /test times -->"
STEPS = (("-j2", "lint", "verify", "SEEDS=2"), ("pytest",))  # those of `make test`, as the Makefile has them
SHOWN = 20  # files that have a line of their own


def main() -> None:
    """Time the three steps of `make test`, each as `make` runs it, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--last", action="store_true", help="do not run anything; the steps have no times then")
    steps = {} if parser.parse_args().last else {" ".join(step): timed(step) for step in STEPS}
    table = "\n\n".join([*([steps_table(steps)] if steps else []), files_table(json.loads(FILE.read_text("utf-8")))])
    text = README.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    README.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")
    print(table)


def timed(step: tuple[str, ...]) -> float:
    """The seconds of one of the Makefile's steps; ends the script where it fails."""
    start = time.monotonic()
    subprocess.run(["make", "--no-print-directory", *step], cwd=ROOT, check=True, stdout=sys.stderr)
    return time.monotonic() - start


def steps_table(steps: dict[str, float]) -> str:
    """The steps, and the machine that they ran on."""
    rows = [f"| `make {step}` | {seconds:.0f} |" for step, seconds in steps.items()]
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}"
    rows.append(f"| together | {sum(steps.values()):.0f} |")
    return "\n".join([f"On {machine}:", "", "| step | seconds |", "|---|---|", *rows])


def files_table(files: list[dict]) -> str:
    """The longest files of tests, each with what its fixtures took, and the rest."""
    rows = [f"| `{row['file']}` | {row['tests']} | {row['seconds']:.0f} |" for row in files[:SHOWN]]
    rest = files[SHOWN:]
    if rest:
        tests, seconds = sum(row["tests"] for row in rest), sum(row["seconds"] for row in rest)
        rows.append(f"| {len(rest)} other files | {tests} | {seconds:.0f} |")
    return "\n".join(["| file | tests | seconds, one worker |", "|---|---|---|", *rows])


if __name__ == "__main__":
    main()
