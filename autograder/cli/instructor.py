"""Commands of an instructor: the report on a class, and assignments of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from autograder.cli.options import WRONG, exercise_ids, say_present_ids, unit_names
from autograder.errors import UserError


def report(
    assignment: Annotated[
        str | None, typer.Argument(autocompletion=unit_names, help="The assignment's name; none with --all.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Default: course/grading/ASSIGNMENT.html.", dir_okay=False),
    ] = None,
    whole_term: Annotated[bool, typer.Option("--all", help="All assignments: each student's course over the term.")] = False,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
) -> None:
    """Write a page for the instructor: the class, exercises, misconceptions, and what needs attention; a CSV file beside it."""
    import webbrowser

    from autograder.report import page, term

    if whole_term == (assignment is not None):
        raise UserError("Give the name of an assignment, or --all.")
    try:
        made = page.write(assignment, output) if assignment is not None else term.write(output)
    except OSError as error:
        raise UserError(f"The report can't be written: {error}.") from None
    for path in made:
        typer.echo(f"wrote {path}")
    if open_page:
        webbrowser.open(made[0].as_uri())

def compose(
    name: Annotated[str, typer.Argument(help="Name of the new assignment; source/NAME/ is created.")],
    exercises: Annotated[
        list[str],
        typer.Argument(
            metavar="EXERCISE[=POINTS]...",
            autocompletion=exercise_ids,
            help="Ids of exercises in order, as causal_mask or causal_mask=4.",
        ),
    ],
    seed: Annotated[int, typer.Option(help="Random seed of cases and numbers.", min=0)] = 0,
    variants: Annotated[
        bool,
        typer.Option("--variants", help="Each student gets cases, numbers and an order of options of their own, by their id."),
    ] = False,
    execute: Annotated[bool, typer.Option("--execute/--no-execute", help="Execute the worked notebooks.")] = True,
) -> None:
    """Make a new nbgrader assignment from exercises of the bank.

    With --variants it is one assignment still: one notebook for all, one column in the gradebook, graded in one run. The
    notebook asks for the student's id, which chooses the variant; `leftcontext grade` goes by the submission's owner.
    """
    from autograder.cli.build import build_all
    from autograder.course import compose as composer
    from autograder.course.build import render_unit
    from autograder.course.course import Course

    course = Course.around(Path.cwd())
    say_present_ids(id.partition("=")[0] for id in exercises)
    path = composer.compose_assignment(course, name, exercises, seed, variants)
    typer.echo(f"wrote {path.relative_to(course.root)}")
    if same := composer.without_variants(exercises) if variants else []:
        typer.echo(f"The same for every student: {', '.join(same)}.")
    if not build_all(course, [render_unit(course, name)], force=False, execute=None if execute else False, noun="assignment"):
        raise typer.Exit(WRONG)
    typer.echo(f"Release it: nbgrader generate_assignment {name}")

