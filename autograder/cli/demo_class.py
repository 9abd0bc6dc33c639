"""`leftcontext demo-class`: the whole way of an instructor, with a class that is invented."""

from __future__ import annotations

import os
import subprocess
import sys
import webbrowser
from pathlib import Path
from typing import Annotated, Literal

import typer

from autograder.cli.options import unit_names
from autograder.errors import UserError


def demo_class(
    folder: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="A folder that does not exist or is empty.")
    ] = Path("demo-class"),
    assignment: Annotated[
        str, typer.Option(autocompletion=unit_names, help="The unit that the class hands in.")
    ] = "05-causal-mask",
    students: Annotated[int, typer.Option(help="How many students there are.", min=2, max=1000)] = 30,
    seed: Annotated[int, typer.Option(help="Who answers what.", min=0)] = 0,
    isolation: Annotated[
        Literal["full", "basic", "none"], typer.Option(help="The sandbox, as of `leftcontext grade`.")
    ] = "full",
    open_pages: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the report in a browser, and then formgrader.")
    ] = True,
) -> None:
    """Invent a class, grade it, and show what an instructor sees: the report, the feedback, formgrader."""
    from autograder.cli.grade import run
    from autograder.report.invented_class import make_course
    from autograder.report.page import write
    from autograder.sandbox.levels import IsolationLevel
    from autograder.workspace.workspace import as_root

    folder = folder.absolute()
    try:
        made = make_course(folder, assignment, students, seed)
    except OSError as error:
        raise UserError(f"The class can't be written: {error}.") from None
    typer.echo(f"{students} invented students are in {folder}.")
    typer.echo("What there is to find, beside right and wrong answers:")
    for id, what in made.special.items():
        typer.echo(f"  {id}: {what}")
    os.chdir(folder)
    level = IsolationLevel(isolation)
    if code := run(assignment, jobs=None, as_json=False, students=None, force=False, timeout=10.0, isolation=level):
        raise typer.Exit(code)
    feedback = [str(Path(sys.executable).parent / "nbgrader"), "generate_feedback", assignment, "--log-level=ERROR"]
    done = subprocess.run(feedback, capture_output=True, text=True)
    if done.returncode:
        raise UserError(f"The feedback can't be written: {(done.stderr.strip().splitlines() or ['no reason given'])[-1]}")
    report, _ = write(assignment)
    typer.echo(f"The report:  {report}")
    typer.echo(f"Feedback:    {folder / 'feedback'}, one page per student; the report links to them.")
    typer.echo(f"Formgrader:  cd {folder}, then: jupyter lab, menu Nbgrader, Formgrader")
    if open_pages:
        webbrowser.open(report.as_uri())
        subprocess.run([sys.executable, "-m", "jupyterlab", "--LabApp.default_url=/formgrader", *as_root()], check=False)
