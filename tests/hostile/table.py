"""Makes docs/hostile.md: `python tests/hostile/table.py`. What stock nbgrader does is in stock.json, by stock.py."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from corpus import CASES, Case  # noqa: E402
from stock import KEPT  # noqa: E402

PAGE = HERE.parents[1] / "docs" / "hostile.md"
HEAD = """# Hostile and unlucky submissions

Each line is a notebook that somebody could hand in: to cheat, by accident, or because a program mangled it. The honest score
is what its answers are worth, of 7 points. `leftcontext grade` gives every one of them its honest score: alone, between two
honest neighbours, and twice in a row (alone where a test evaluates what they wrote); nothing outside changes, and no process stays (`tests/hostile/`: all of them in `make test-long`, every eighth in `make test`).
The middle column is what nbgrader 0.9.6 gives by itself; "no grade" means that the submission stays ungraded. Where a
case takes whatever it gets, nbgrader was held in namespaces and limits of its own (3 GB of memory, 200 processes, 256 MB of
disk, five minutes): without them it would have taken the machine. That something is told or left behind was seen with tests and
student in one process and no sandbox, which is how nbgrader runs them.

Made by `python tests/hostile/table.py`; stock nbgrader's column is measured by `python tests/hostile/stock.py`.
"""


def page() -> str:
    given = json.loads(KEPT.read_text(encoding="utf-8"))
    groups = list(dict.fromkeys(case.group for case in CASES))
    lines = [HEAD, "| class | cases | stock nbgrader: wrong score | no grade | lets out or leaves behind | right | here: right |", "|---|---|---|---|---|---|---|"]
    lines += [_row(group, [case for case in CASES if case.group == group], given) for group in groups]
    lines.append(_row("**all**", CASES, given))
    if new := sum(case.name not in given for case in CASES):
        lines += ["", f"Stock nbgrader has not been given {new} of them yet."]
    for group in groups:
        lines += ["", f"## {group[0].upper()}{group[1:]}", "", "| case | honest | stock nbgrader |", "|---|---|---|"]
        lines += [f"| {case.name} | {sum(case.points)} | {_words(case, given)} |" for case in CASES if case.group == group]
    return "\n".join(lines) + "\n"


def _row(name: str, cases: Iterable[Case], given: dict[str, list[float] | None]) -> str:
    kinds = [_kind(case, given) for case in cases]
    counts = [kinds.count(kind) for kind in ("wrong", "none", "out", "right")]
    return f"| {name} | {len(kinds)} | {' | '.join(str(count or '') for count in counts)} | {len(kinds)} |"


def _kind(case: Case, given: dict[str, list[float] | None]) -> str:
    if case.name not in given:
        return "not run"
    if given[case.name] is None:
        return "none"
    if tuple(given[case.name] or ()) != case.elsewhere:
        return "wrong"
    return "out" if case.trips in ("read", "left") else "right"


def _words(case: Case, given: dict[str, list[float] | None]) -> str:
    points = given.get(case.name)
    match _kind(case, given):
        case "not run":
            return "not run yet"
        case "none":
            return "no grade"
        case "wrong":
            more = "more" if sum(points or ()) > sum(case.elsewhere) else "less"
            return f"**{sum(points or ()):g}**, {more} than was earned"
        case "out":
            return f"{sum(points or ()):g}, and {'tells what it should not' if case.trips == 'read' else 'leaves something behind'}"
    aim = ", what its answers are worth: the trick is aimed at this grader, and costs it that here" if case.spoilt else ""
    return f"{sum(points or ()):g}{aim}"


def main() -> None:
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(HERE.parents[1])}")


if __name__ == "__main__":
    main()
