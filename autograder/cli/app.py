"""`leftcontext`: the one command. Each subcommand loads what it needs when it runs, so that `--help` is quick."""

from __future__ import annotations

import gc
import importlib.util
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer
from typer.exceptions import TyperException  # of every usage error, its own and those of the parser within it

from autograder.cli.audit import audit
from autograder.cli.demo_class import demo_class
from autograder.cli.instructor import compose, report
from autograder.cli.lms import collect, grades, gradescope, roster
from autograder.cli.options import UNUSABLE, WRONG, Json, exercise_ids, say_present_ids, unit_names
from autograder.environment import ensure_home
from autograder.errors import UserError
from autograder.output import prepare_streams

if TYPE_CHECKING:
    from autograder.bank.catalog import ExerciseFile

app = typer.Typer(
    name="leftcontext",
    help="An autograded course on causal attention.",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
# What a command needs beyond the judge: an extra of the package `left-context`.
INSTRUCTORS = ("build", "compose", "grade", "report", "roster", "collect", "grades", "gradescope", "demo-class")
EXTRAS = {"lab": "course", **dict.fromkeys(INSTRUCTORS, "grade")}


@app.callback(invoke_without_command=True)
def _without_command(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def lab(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="The workspace folder; created if it does not exist.")] = Path(
        "workspace"
    ),
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open a browser window.")] = True,
    port: Annotated[
        int | None, typer.Option(help="JupyterLab's port. Default: 8888 or the next free one.", min=1, max=65535)
    ] = None,
) -> None:
    """Open a learner's workspace in JupyterLab. Your work is never overwritten."""
    from autograder.workspace import workspace

    _require("jupyterlab")
    for line in workspace.update_workspace(folder):
        typer.echo(line)
    sys.stdout.flush()
    workspace.open_lab(folder, port=port, browser=browser)


@app.command()
def progress(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="The workspace folder. Default: the one around, or ./workspace.")
    ] = None,
    page: Annotated[bool, typer.Option("--page", help="Write progress.html in it, a page to keep or to print.")] = False,
) -> None:
    """Show what you have solved in a workspace, and what comes next."""
    from datetime import UTC, datetime

    from autograder.workspace.overview import overview
    from autograder.workspace.progress_page import find_workspace, write_page

    chosen = find_workspace(folder)
    typer.echo(f"wrote {write_page(chosen, datetime.now(UTC))}" if page else repr(overview(chosen)))


@app.command()
def build(
    units: Annotated[
        list[str] | None, typer.Argument(metavar="[UNIT]...", autocompletion=unit_names, help="Default: every unit.")
    ] = None,
    check_only: Annotated[bool, typer.Option("--check", help="Write nothing; fail if a notebook is out of date.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite notebooks that were edited by hand.")] = False,
    execute: Annotated[
        bool | None,
        typer.Option("--execute/--no-execute", help="Execute all worked notebooks, or none. Default: those that changed."),
    ] = None,
) -> None:
    """Build the notebooks from source/."""
    from autograder.cli.build import build_all, report_drift
    from autograder.course.build import render_unit
    from autograder.course.course import Course

    course = Course.around(Path.cwd())
    made = [render_unit(course, name) for name in course.units(units or ())]
    good = report_drift(course, made, everything=not units) if check_only else build_all(course, made, force, execute)
    raise typer.Exit(0 if good else WRONG)


@app.command()
def demo(
    seed: Annotated[int, typer.Option(help="Random seed of weights, training text and samples.", min=0)] = 0,
    as_json: Json = False,
) -> None:
    """Train the same tiny model with and without the causal mask, and see why the second one cheats."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # more threads make such small matrices slower
    from rich.console import Console
    from rich.progress import Progress

    from leftcontext.demo import compare
    from leftcontext.model.training import MASKS

    with Progress(console=Console(stderr=True), transient=True, disable=as_json) as bar:
        tasks = {mask: bar.add_task(f"mask: {mask}") for mask in MASKS}
        report = compare(
            seed=seed, on_progress=lambda mask, at: bar.update(tasks[mask], completed=at.step, total=at.steps)
        )
    if as_json:
        typer.echo(json.dumps(report.to_json()))
    else:
        Console().print(report.table())


@app.command()
def exercises(as_json: Json = False) -> None:
    """List the exercise bank: unit, topic, points and known misconceptions of each exercise."""
    from autograder.bank import catalog
    from autograder.bank.former_names import ids_of

    rows = []
    for entry in catalog.entries().values():
        exercise = entry.load()
        rows.append(
            {
                "id": entry.id,
                "former_ids": ids_of(entry.id)[1:],
                "unit": entry.unit,
                "topic": exercise.topic,
                "kind": exercise.type,
                "points": exercise.points,
                "misconceptions": [misconception.id for misconception in exercise.misconceptions],
            }
        )
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
    else:
        from autograder.cli.tables import print_bank

        print_bank(rows)


@app.command()
def check(
    exercise: Annotated[str, typer.Argument(autocompletion=exercise_ids, help="The id of an exercise.")],
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help=".py or .ipynb files that define it.")],
    as_json: Json = False,
) -> None:
    """Grade one exercise in each FILE. Exit code 0: all correct; 1: an answer is incorrect; 2: a FILE can't be used."""
    from autograder.answer_files import check_files

    code = 0
    say_present_ids([exercise])
    for result in check_files(exercise, files):
        if as_json:
            typer.echo(result.to_json())
        elif result.usable:
            typer.echo(f"{result.file}\n{result.details}\n" if len(files) > 1 else result.details)
        if not result.usable:
            typer.echo(f"leftcontext: {result.message}", err=True)
        elif result.notice and exercise == result.exercise:  # otherwise it has been said
            typer.echo(f"leftcontext: {result.file}: {result.notice}", err=True)
        code = max(code, UNUSABLE if not result.usable else 0 if result.passed else WRONG)
    raise typer.Exit(code)


@app.command()
def grade(
    assignment: Annotated[
        str | None, typer.Argument(autocompletion=unit_names, help="The assignment's name; with --file, the file's if left out.")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", help="Submissions graded in parallel. Default: the number of cores.", min=1)
    ] = None,
    as_json: Json = False,
    students: Annotated[
        list[str] | None,
        typer.Option(
            "--student", metavar="ID", help="Grade only this student; may be given more than once. With --file: whose file it is."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Regrade every submission, changed or not.")] = False,
    timeout: Annotated[
        float | None,
        typer.Option(
            help="Processor time that one cell may take, in seconds. Default: nbgrader's ExecutePreprocessor.timeout.",
            min=0.5,
        ),
    ] = None,
    isolation: Annotated[
        Literal["full", "basic", "none"],
        typer.Option(
            help="The sandbox: full (namespaces, Landlock, seccomp), basic (where namespaces are forbidden), "
            "none (only for code that you trust).",
        ),
    ] = "full",
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="A Dask cluster that does the work, as tcp://host:8786.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be graded, and why; run and write nothing.")] = False,
    file: Annotated[
        Path | None, typer.Option(metavar="NOTEBOOK", help="Grade this one file, without a class or a gradebook.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", hidden=True)] = False,
    seconds: Annotated[float | None, typer.Option(hidden=True, min=0.5)] = None,
    rung: Annotated[int | None, typer.Option(hidden=True, min=1, max=2)] = None,
    unsafe: Annotated[bool, typer.Option("--unsafe", hidden=True)] = False,
) -> None:
    """Grade every submission of an assignment, as `nbgrader autograde` does, into the same gradebook and folders."""
    if sys.platform == "win32":
        raise typer.Exit(_refuse("grading needs Linux. On Windows, run it in WSL."))
    gc.disable()  # while much is imported, and nothing of it is garbage
    from autograder.cli.grade import current_options, run

    gc.freeze()
    gc.enable()
    options = current_options(
        {"force": force, "timeout": timeout, "isolation": isolation},
        {"again": again, "seconds": seconds, "rung": rung, "unsafe": unsafe},
    )
    if file is not None:
        from autograder.cli.grade_more import run_file

        raise typer.Exit(run_file(assignment, file, as_json, options["isolation"], options["timeout"], students or ()))
    if assignment is None:
        raise UserError("Which assignment? Give its name, as in `leftcontext grade 05-causal-mask`.")
    if dry_run:
        from autograder.cli.grade_more import show_plan

        raise typer.Exit(show_plan(assignment, students, options["force"], options["timeout"], as_json))
    raise typer.Exit(run(assignment, jobs=jobs, as_json=as_json, students=students, scheduler=scheduler, **options))


def _demands() -> Callable[[ExerciseFile], list[str]]:
    """What the build demands of an exercise; nothing where the judge alone is installed, for nothing is built there."""
    try:
        from autograder.course.demands import unmet_demands
    except ModuleNotFoundError:
        return lambda entry: []
    return unmet_demands


@app.command()
def verify(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="[EXERCISE]...", autocompletion=exercise_ids, help="Default: all.")
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="With how many seeds cases are drawn; mistakes are named at every tenth.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Verify the exercise bank: correct answers pass, known mistakes and mutants fail, every mistake is identified.

    It also reports what the build and the tests will ask of an exercise, where the build is installed: a lesson, a docstring,
    counterparts in PyTorch and JAX.
    """
    from dataclasses import asdict

    from rich.console import Console
    from rich.progress import Progress

    from autograder.bank import catalog
    from autograder.bank.verify import SEEDS, verify_all

    demands = _demands()
    say_present_ids(ids or ())
    chosen = [catalog.find(id).id for id in ids] if ids else list(catalog.entries())
    verified = []
    with Progress(console=Console(stderr=True), transient=True, disable=as_json) as bar:
        task = bar.add_task("verifying", total=len(chosen))
        for verification in verify_all(chosen, seeds or SEEDS):
            verification.problems += demands(catalog.find(verification.exercise))
            verified.append(verification)
            bar.advance(task)
            if as_json:
                typer.echo(json.dumps(asdict(verification), ensure_ascii=False))
            for problem in verification.problems:
                typer.echo(f"{verification.exercise}: {problem}", err=True)
    if not as_json:
        from autograder.cli.tables import print_verifications

        print_verifications(verified)
    raise typer.Exit(WRONG if any(verification.problems for verification in verified) else 0)


for command in (report, compose, roster, collect, grades, gradescope, audit):
    app.command()(command)
app.command("demo-class")(demo_class)


def main() -> None:
    """Run the command; bad input ends in one line on standard error and exit code 2."""
    # nbformat's validator would build a grammar of international addresses for a second, and import much for durations; no
    # notebook's schema has any.
    for name in ("rfc3987_syntax", "isoduration"):
        sys.modules.setdefault(name, cast(ModuleType, None))  # as if it were not installed
    ensure_home()
    prepare_streams()
    try:
        code = app(standalone_mode=False)
        sys.stdout.flush()
    except (typer.Abort, KeyboardInterrupt):
        code = 130
    except BrokenPipeError:
        # Whoever read us has had enough, as in `leftcontext exercises | head`; Python must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except TyperException as error:
        code = _refuse(error.format_message())
    except UserError as error:
        code = _refuse(str(error))
    except ModuleNotFoundError as error:
        code = _refuse(_how_to_install(error))
    sys.exit(code if isinstance(code, int) else 0)


def _how_to_install(missing: ModuleNotFoundError) -> str:
    """What to install for the command that was given; raises the error again where it is a bug."""
    package = (missing.name or "").partition(".")[0]
    extra = EXTRAS.get(next((word for word in sys.argv[1:] if not word.startswith("-")), ""))
    if extra is None or package in ("", "autograder", "leftcontext"):
        raise missing
    return f"This command needs {package}, which is not installed. Run: pip install 'left-context[{extra}]'"


def _require(package: str) -> None:
    """Raise ModuleNotFoundError for a package that is not installed, before anything is written."""
    if importlib.util.find_spec(package) is None:
        raise ModuleNotFoundError(f"No module named {package!r}", name=package)


def _refuse(sentence: str) -> int:
    print(f"leftcontext: {' '.join(sentence.split())}", file=sys.stderr)
    return UNUSABLE
