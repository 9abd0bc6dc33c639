"""What nbgrader's own converters make of a unit, with the course's own configuration.

A build wants files, not a gradebook, so the converters work in a folder of their own and without a database.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
from pathlib import Path

from nbgrader.converters import BaseConverter, GenerateAssignment, GenerateSolution
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config, PyFileConfigLoader

from autograder.paths import NBGRADER_CONFIG

Files = dict[str, bytes]  # by name, of a unit's folder


class _Worked(GenerateSolution):
    """The stock converter, short of the gradebook and of running the notebook: that is done with a progress bar."""

    preprocessors = GenerateSolution.preprocessors.default_args[0][:-1]
    init_assignment = BaseConverter.init_assignment


def configuration(root: Path) -> Config:
    """The course's nbgrader_config.py."""
    return PyFileConfigLoader(NBGRADER_CONFIG, path=str(root)).load_config()


def release(root: Path, unit: str, instructor: str) -> Files:
    """What `nbgrader generate_assignment` makes of the instructor's notebook and of the files beside it."""
    config = configuration(root)
    config.SaveCells.enabled = False
    config.GenerateAssignment.no_database = True
    return _convert(GenerateAssignment, config, root, unit, instructor)


def worked(root: Path, unit: str, instructor: str) -> Files:
    """What `nbgrader generate_solution` makes of them, not yet run."""
    return _convert(_Worked, configuration(root), root, unit, instructor)


def _convert(converter: type[BaseConverter], config: Config, root: Path, unit: str, instructor: str) -> Files:
    with tempfile.TemporaryDirectory() as folder:
        source = root / config.CourseDirectory.get("source_directory", "source") / unit
        copy = Path(folder).resolve() / "source" / unit
        shutil.copytree(source, copy, ignore=shutil.ignore_patterns("*.ipynb", *config.CourseDirectory.ignore))
        (copy / f"{unit}.ipynb").write_text(instructor, encoding="utf-8")
        config.CourseDirectory.update(root=str(Path(folder).resolve()), source_directory="source", assignment_id=unit)
        course = CourseDirectory(config=config)
        quiet = logging.Logger("nbgrader", logging.ERROR)
        converter(coursedir=course, config=config, log=quiet).start()
        step = course.release_directory if converter is GenerateAssignment else course.solution_directory
        made = Path(folder) / step / unit
        files = (path for path in sorted(made.rglob("*")) if path.is_file())
        return {path.relative_to(made).as_posix(): path.read_bytes() for path in files}
