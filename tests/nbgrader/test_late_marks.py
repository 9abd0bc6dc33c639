"""A mark that a submission is late stays with that submission, and with no other one."""

import zipfile
from pathlib import Path

import pytest
from support import sample_course
from traitlets.config import Config

from autograder.lms.into_course import collect
from autograder.nbgrader.class_list import class_standing
from autograder.nbgrader.gradebook import NbgraderCourse


@pytest.fixture
def course(tmp_path: Path) -> NbgraderCourse:
    root = sample_course.course(tmp_path / "course")
    return NbgraderCourse(Config({"CourseDirectory": {"root": str(root)}}))


def hand_in(course: NbgraderCourse, name: str, content: str, **how: bool) -> None:
    """Collect a zip file of one notebook that Canvas calls `name`."""
    path = course.root / "submissions.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, content)
    collect(course, "bank", path, **how)


def marks(course: NbgraderCourse) -> dict[str, str]:
    standing = class_standing(course, "bank")
    return {one.student.id: one.marked_late_by for one in standing.students if one.is_submitted}


LATE, IN_TIME = "testjo_LATE_1202_9002_bank.ipynb", "testjo_1202_9001_bank.ipynb"


def test_a_late_submission_is_marked_before_it_is_graded(course: NbgraderCourse) -> None:
    with course.open():
        hand_in(course, LATE, "{}", dry_run=True)
        assert marks(course) == {}
        hand_in(course, LATE, "{}")
        assert marks(course) == {"testjo-1202": "Canvas"}
        hand_in(course, IN_TIME.replace("jo_1202", "kim_1203"), "{}")
        assert marks(course) == {"testjo-1202": "Canvas", "testkim-1203": ""}


def test_a_submission_that_replaces_a_late_one_is_judged_by_its_own_name(course: NbgraderCourse) -> None:
    with course.open():
        hand_in(course, LATE, "{}")
        hand_in(course, IN_TIME, '{"cells": []}')  # it is not taken, since the late one lies there
        assert marks(course) == {"testjo-1202": "Canvas"}
        hand_in(course, IN_TIME, '{"cells": []}', replace=True)
        assert marks(course) == {"testjo-1202": ""}
        hand_in(course, LATE, "{}", replace=True)
        assert marks(course) == {"testjo-1202": "Canvas"}


def test_files_that_were_put_there_by_hand_are_not_marked(course: NbgraderCourse) -> None:
    with course.open():
        hand_in(course, LATE, "{}")
        place = course.folder("submitted", "testjo-1202", "bank")
        (place / "timestamp.txt").write_text("2026-10-01 10:00:00 UTC")
        assert marks(course) == {"testjo-1202": ""}


@pytest.mark.parametrize("content", ["", "[]", '{"testjo-1202": 1}', '{"testjo-1202": {}}', "\0"])
def test_a_damaged_file_of_marks_stops_nothing(course: NbgraderCourse, content: str) -> None:
    with course.open():
        hand_in(course, LATE, "{}")
        (course.records / "bank.late.json").write_text(content)
        assert marks(course) == {"testjo-1202": ""}
        hand_in(course, LATE, "{}")  # it lies there, unchanged
        assert marks(course) == {"testjo-1202": "Canvas"}
