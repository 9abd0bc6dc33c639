"""A page that a learner keeps: what was solved, when, and after how many tries; one HTML file without script.

It is made from the records of the workspace alone. It is no certificate: whoever can write a file can write these.
"""

from __future__ import annotations

from datetime import datetime
from html import escape
from pathlib import Path

from autograder import paths
from autograder.errors import UserError
from autograder.feedback.render import prose_html
from autograder.workspace.overview import Overview, UnitProgress, overview
from autograder.workspace.progress import ProgressEntry

PAGE = "progress.html"
STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: .3rem 0 1.2rem; }
th, td { text-align: left; padding: .2rem .6rem .2rem 0; border-bottom: 1px solid #8886; vertical-align: top; }
td:nth-child(n + 2), th:nth-child(n + 2) { white-space: nowrap; }
progress { width: 12rem; max-width: 100%; }
small { opacity: .8; }
@media print { body { margin: 0; } h2, table { break-inside: avoid; } }
"""


class NoProgress(UserError, LookupError):
    """A folder that is no workspace, or a page that can't be written; the message says what to do."""


def find_workspace(folder: Path | None) -> Path:
    """The workspace `folder`, by default the one around or `./workspace`. Raises NoProgress where there is none."""
    chosen = folder or paths.workspace() or Path("workspace")
    if not (chosen / paths.MARKER).is_file():
        raise NoProgress(f"{chosen} is no workspace. Name its folder, or make one: leftcontext lab")
    return chosen


def write_page(folder: Path, now: datetime) -> Path:
    """Write the page into the workspace `folder`; returns its path. Raises NoProgress."""
    path = folder / PAGE
    try:
        path.write_text(render_page(overview(folder), now), encoding="utf-8")
    except OSError as error:
        raise NoProgress(f"{path} can't be written: {error.strerror}.") from None
    return path


def render_page(shown: Overview, now: datetime) -> str:
    """The page as HTML, dated `now`."""
    solved, total = shown.solved, shown.total
    days = sorted({day for unit in shown.units for entry in unit.tried.values() if (day := _day(entry))})
    period = f" The first was solved on {days[0]}, the last on {days[-1]}." if days else ""
    units = "".join(_unit(unit) for unit in shown.units if unit.tried) or "<p>No exercise has been tried yet.</p>"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Left Context: what I have solved</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head><body><main>'
        f"<h1>Left Context: what I have solved</h1><p><progress value='{solved}' max='{max(total, 1)}' "
        f"aria-label='{solved} of {total} solved'></progress> <b>{solved} of {total} exercises.</b>{period}</p>{units}"
        f"<p><small>Written on {now:%Y-%m-%d} from the records of the workspace. Dates are those of the first right answer, "
        "in universal time.</small></p></main></body></html>\n"
    )


def _unit(unit: UnitProgress) -> str:
    rows = "".join(_row(title, unit.tried[id]) for id, title in unit.card.exercises.items() if id in unit.tried)
    head = "<tr><th>Exercise</th><th>Solved</th><th>Failed tries before</th><th>Points</th></tr>"
    title = f"<h2>{escape(unit.title)}</h2><p>{unit.solved} of {len(unit.exercises)} solved</p>"
    return f"{title}<table>{head}{rows}</table>"


def _row(title: str, entry: ProgressEntry) -> str:
    solved = f"✓ {_day(entry)}" if entry["passed"] else "not yet"
    points = f"{entry['score']:g} of {entry['max_score']:g}"
    return f"<tr><td>{prose_html(title)}</td><td>{escape(solved)}</td><td>{entry['failures']}</td><td>{points}</td></tr>"


def _day(entry: ProgressEntry) -> str:
    return str(entry["solved"] or "")[:10]
