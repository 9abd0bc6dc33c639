"""Commands to and from a learning management system: a class list, submissions, grades, an autograder for Gradescope."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from autograder.cli.options import unit_names
from autograder.errors import UserError
from autograder.plain_text import plain_line

if TYPE_CHECKING:
    from autograder.nbgrader.gradebook import NbgraderCourse

Assignment = Annotated[str, typer.Argument(autocompletion=unit_names, help="The assignment's name.")]
FORMATS = ("canvas", "moodle", "gradescope", "csv", "json")


def roster(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV file of Canvas, Moodle, Gradescope or nbgrader.")],
) -> None:
    """Enter a class list into the gradebook: ids, names, e-mail addresses, and the system's own numbers."""
    from autograder.course.roster import read_roster
    from autograder.nbgrader.class_list import enter_people

    students = read_roster(file)
    course = _course()
    with course.open():
        new, known = enter_people(course, students)
    typer.echo(f"{new} students entered, {known} were known already.")


def collect(
    assignment: Assignment,
    file: Annotated[Path, typer.Argument(metavar="ZIP", help="All submissions, as Canvas, Moodle or Gradescope hands them out.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Take the new one where another submission lies already; that one is kept aside.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and write nothing.")] = False,
) -> None:
    """Put the submissions of a zip file into submitted/, under the students' ids."""
    from autograder.lms import into_course

    course = _course(assignment)
    with course.open():
        course.register(assignment)
        try:
            found = into_course.collect(course, assignment, file, replace, dry_run)
        except OSError as error:
            raise UserError(f"The submissions can't be written: {error}.") from None
    _say(found.notes)
    if found.without_notebook:
        _say([f"No notebook from {', '.join(found.without_notebook)}."])
    if found.late:
        who = ", ".join(found.late)
        _say([f"{found.system} marks as late, without saying when: {who}. The report says so; no penalty is computed for them."])
    counts = f"{len(found.new)} new, {len(found.replaced)} replaced, {len(found.unchanged)} already there"
    typer.echo(f"{found.system}: {counts}.{' Nothing was written.' if dry_run else f' Next: leftcontext grade {assignment}'}")


def grades(
    assignment: Assignment,
    form: Annotated[str, typer.Option("--format", metavar="|".join(FORMATS), help="For which system.")] = "csv",
    fill: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A file that Canvas or Moodle exported: its rows stay, and get their grades."),
    ] = None,
    column: Annotated[
        str, typer.Option(metavar="NAME", help="What the system calls the assignment. Default: its name here.")
    ] = "",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Default: standard output.", dir_okay=False)
    ] = None,
    zero_missing: Annotated[
        bool, typer.Option("--zero-missing", help="Give 0 to students who handed in nothing, instead of no grade.")
    ] = False,
) -> None:
    """Write an assignment's grades for a learning management system to import."""
    from autograder.lms.grades import GradesFormat, export_grades
    from autograder.nbgrader.class_list import class_standing

    if form not in FORMATS:
        raise UserError(f"{form[:40]!r} is no format. Choose one of {', '.join(FORMATS)}.")
    course = _course()
    with course.open():
        made = export_grades(class_standing(course, assignment), GradesFormat(form), fill, zero_missing, column)
    _say(made.notes)
    if output is None:
        typer.echo(made.text, nl=False)
        return
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(made.text, encoding="utf-8", errors="replace", newline="")
    except OSError as error:
        raise UserError(f"The grades can't be written: {error}.") from None
    typer.echo(f"wrote {output}")


def gradescope(
    assignment: Assignment,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Default: ASSIGNMENT-gradescope.zip.", dir_okay=False)
    ] = None,
    isolation: Annotated[
        Literal["full", "basic", "none"],
        typer.Option(help="The least that is accepted. In the container, the highest level that it allows is taken."),
    ] = "basic",
) -> None:
    """Make the zip file of an autograder for Gradescope."""
    from autograder.lms.gradescope import write_autograder
    from autograder.sandbox.levels import IsolationLevel

    try:
        path = write_autograder(assignment, output or Path(f"{assignment}-gradescope.zip"), IsolationLevel(isolation))
    except OSError as error:
        raise UserError(f"The zip file can't be written: {error}.") from None
    typer.echo(f"wrote {path}")
    typer.echo("Upload it in Gradescope: the programming assignment, Configure Autograder, Select Autograder (.zip).")


def _course(assignment: str | None = None) -> NbgraderCourse:
    """The course of the current folder. Raises MissingData where there is neither a gradebook nor, of `assignment`, a release."""
    from autograder.nbgrader.gradebook import MissingData, NbgraderCourse
    from autograder.paths import NBGRADER_CONFIG

    course = NbgraderCourse()
    is_course = (course.root / NBGRADER_CONFIG).is_file() or (assignment and course.is_released(assignment))
    if not course.has_gradebook and not is_course:  # opening a gradebook would make one, wherever this is
        raise MissingData("There is no course here. Run this in the folder of an nbgrader course.")
    return course


def _say(notes: list[str]) -> None:
    for note in notes:
        print(plain_line(note), file=sys.stderr)
