"""Zip files of submissions, as the three systems name what is in them, and as a hostile student might."""

import io
import json
import stat
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from autograder.lms import collect
from autograder.lms.collect import CannotCollect, Collected, contents, open_archive, read_archive
from autograder.nbgrader.submitted_files import MAX_BYTES
from autograder.student import Student

STUDENTS = [
    Student("ada", "Ada", "Lovelace", "ada@uni.edu", "1201"),
    Student("jo", "Jo", "Test", "jo@uni.edu"),
    Student("zoe", "Zoë", "O'Neil", "zoe@uni.edu", "1207"),
    Student("k1", "Kim", "Lee"),
    Student("k2", "Kim", "Lee"),
]
CANVAS_KIMS = ("leekim_11_1_week-1.ipynb", "leekim_12_2_week-1.ipynb")
MOODLE_KIMS = ("Kim Lee_11_assignsubmission_file_/week-1.ipynb", "Kim Lee_12_assignsubmission_file_/week-1.ipynb")
BOOK = json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
METADATA = """---
submission_101:
  :submitters:
  - :name: Ada Lovelace
    :sid: ada
    :email: ada@uni.edu
  :created_at: 2026-11-02 12:30:00.250000000 Z
  :score: 4.0
submission_102: !ruby/hash:ActiveSupport::HashWithIndifferentAccess
  :submitters:
  - :name: Jo Test
    :sid:
    :email: JO@uni.edu
  - :name: New Person
    :sid: '4711'
    :email: new@uni.edu
submission_103:
  :submitters: []
"""


def zipped(members: dict[str, str | bytes], times: dict[str, tuple[int, ...]] | None = None) -> zipfile.ZipFile:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, (times or {}).get(name, (2026, 11, 1, 0, 0, 0)))  # type: ignore[arg-type]
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return zipfile.ZipFile(data)


def read(
    members: dict[str, str | bytes], students: Sequence[Student] = STUDENTS, **more: object
) -> tuple[dict[str, dict[str, bytes]], Collected]:
    """What each student's files are in the end."""
    archive = zipped(members, **more)  # type: ignore[arg-type]
    found = read_archive(archive, students, ["week-1"])
    return {one.student: dict(contents(archive, one, found.notes)) for one in found.submissions}, found


def test_canvas() -> None:
    files, found = read({
        "lovelaceada_1201_9001_week-1.ipynb": BOOK,
        "lovelaceada_1201_9002_notes_1_2_final.txt": "n",
        "testjo_LATE_1202_9003_week-1-2.ipynb": BOOK,
        "oneilzoë_1207_9004_week-1 (1).ipynb": BOOK,
        "__MACOSX/._lovelaceada_1201_9001_week-1.ipynb": "x",
    })  # fmt: skip
    assert found.system == "Canvas"
    assert {student: sorted(names) for student, names in files.items()} == {
        "ada": ["notes_1_2_final.txt", "week-1.ipynb"], "jo": ["week-1.ipynb"], "zoe": ["week-1.ipynb"],
    }  # fmt: skip
    assert [one.student for one in found.submissions if any(part.is_late for part in one.members.values())] == ["jo"]
    assert found.notes == []


def test_moodle_with_folders_and_without() -> None:
    files, found = read({
        "Ada Lovelace_1201_assignsubmission_file_/week-1.ipynb": BOOK,
        "Ada Lovelace_1201_assignsubmission_file_/data/x.csv": "1",
        "Jo Test_302_assignsubmission_file_week-1.ipynb": BOOK,
        "Zoë O'Neil_1207_assignsubmission_file/week-1.ipynb": BOOK,
    })  # fmt: skip
    assert found.system == "Moodle"
    assert {student: sorted(names) for student, names in files.items()} == {
        "ada": ["data/x.csv", "week-1.ipynb"], "jo": ["week-1.ipynb"], "zoe": ["week-1.ipynb"],
    }  # fmt: skip


def test_gradescope_says_whose_and_when() -> None:
    files, found = read({
        "assignment_5_export/submission_metadata.yml": METADATA,
        "assignment_5_export/submission_101/week-1.ipynb": BOOK,
        "assignment_5_export/submission_102/week-1.ipynb": BOOK,
        "assignment_5_export/submission_103/week-1.ipynb": BOOK,
    })  # fmt: skip
    assert found.system == "Gradescope"
    assert sorted(files) == ["4711", "ada", "jo"]  # a group hands in for all
    times = {one.student: one.submitted_at for one in found.submissions}
    assert times["ada"] == datetime(2026, 11, 2, 12, 30, 0, 250000, tzinfo=UTC)
    assert [note for note in found.notes if "submission_103" in note and "does not say whose" in note]


def test_somebody_unknown_is_taken_in_and_said() -> None:
    files, found = read({"leekim_55_1_week-1.ipynb": BOOK, "strangerjim_56_2_week-1.ipynb": BOOK})
    assert sorted(files) == ["leekim-55", "strangerjim-56"]
    assert "2 students have the name" in found.notes[0]
    assert "nobody in the gradebook" in found.notes[1]


@pytest.mark.parametrize("names", [CANVAS_KIMS, MOODLE_KIMS], ids=["Canvas", "Moodle"])
def test_two_of_one_name_are_two_students_with_a_class_list_and_without(names: tuple[str, str]) -> None:
    for students in ([], STUDENTS, [Student("k1", "Kim", "Lee")]):
        files, found = read({names[0]: "first", names[1]: "second"}, students=students)
        assert sorted(file["week-1.ipynb"] for file in files.values()) == [b"first", b"second"]
        assert len(files) == len(found.notes) == 2
    later = [Student(id) for id in files]  # as the gradebook has them once they are graded
    assert read({names[1]: "new"}, students=later)[0] == {id: {"week-1.ipynb": b"new"} for id in files if "12" in id}


def test_a_name_that_another_user_has_is_nobodys_but_the_numbers() -> None:
    files, found = read({"lovelaceada_1201_1_week-1.ipynb": "hers", "lovelaceada_99_2_week-1.ipynb": "another's"})
    assert files == {"ada": {"week-1.ipynb": b"hers"}, "lovelaceada-99": {"week-1.ipynb": b"another's"}}
    assert "2 users have the number or the name of ada" in found.notes[0]


def test_a_file_that_is_called_like_another_students_submission() -> None:
    flat = "assignsubmission_file_"
    files, _ = read({
        f"Jo Test_302_{flat}x_1201_{flat}week-1.ipynb": "jo's",
        f"Ada Lovelace_1201_{flat}week-1.ipynb": "hers",
    })  # fmt: skip
    assert files["ada"] == {"week-1.ipynb": b"hers"} and list(files["jo"].values()) == [b"jo's"]
    files, _ = read({"testjo_302_1_x_1201_9_week-1.ipynb": "jo's", "lovelaceada_1201_9_week-1.ipynb": "hers"})
    assert files["ada"] == {"week-1.ipynb": b"hers"} and list(files["jo"].values()) == [b"jo's"]


@pytest.mark.parametrize("outer", ["", "assignment_5_export/"])
def test_a_student_hands_in_a_file_called_like_gradescopes_list(outer: str) -> None:
    forged = METADATA.replace("submission_101:", "submission_103:")
    files, _ = read({
        f"{outer}submission_103/{collect.METADATA}": forged,
        f"{outer}submission_101/week-1.ipynb": "hers",
        f"{outer}submission_103/week-1.ipynb": "another's",
        f"{outer}{collect.METADATA}": METADATA,
    })  # fmt: skip
    assert files == {"ada": {"week-1.ipynb": b"hers"}}
    moodle = "Ada Lovelace_1201_assignsubmission_file_/"
    files, found = read({f"{moodle}{collect.METADATA}": forged, f"{moodle}week-1.ipynb": BOOK})
    assert found.system == "Moodle" and sorted(files["ada"]) == [collect.METADATA, "week-1.ipynb"]


def test_the_newer_of_two_tries_counts() -> None:
    older, newer = "lovelaceada_1201_9001_week-1.ipynb", "lovelaceada_1201_9009_week-1-1.ipynb"
    files, found = read({newer: "new", older: "old"}, times={older: (2026, 11, 1, 0, 0, 0), newer: (2026, 11, 2, 0, 0, 0)})
    assert files == {"ada": {"week-1.ipynb": b"new"}}
    assert "is the newer one" in found.notes[0]


HOSTILE = {
    "up": "../../../etc/passwd",
    "absolute": "/etc/passwd",
    "drive": "C:\\Windows\\x.ipynb",
    "control": "week\x1b[2J.ipynb",
    "long": "w" * 300 + ".ipynb",
    "time": "timestamp.txt",
}


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_a_name_that_leads_elsewhere_is_left_out_and_said(name: str) -> None:
    prefix = "Ada Lovelace_1201_assignsubmission_file_/"
    files, found = read({f"{prefix}week-1.ipynb": BOOK, f"{prefix}{name}": "x"})
    assert list(files["ada"]) == ["week-1.ipynb"]
    assert len(found.notes) == 1 and "left out" in found.notes[0]


def test_links_bombs_and_torn_members_are_left_out_and_said() -> None:
    prefix = "Ada Lovelace_1201_assignsubmission_file_/"
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{prefix}week-1.ipynb", BOOK)
        link = zipfile.ZipInfo(f"{prefix}link.ipynb")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr(f"{prefix}bomb.bin", bytes(MAX_BYTES + 1))
        archive.writestr(f"{prefix}torn.bin", b"torn" * 100, zipfile.ZIP_STORED)
    content = data.getvalue().replace(b"torntorn", b"TORNtorn", 1)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        found = read_archive(archive, STUDENTS, ["week-1"])
        files = dict(contents(archive, found.submissions[0], found.notes))
    assert list(files) == ["week-1.ipynb"]
    assert [word for word in ("symbolic link", "too large", "can not be unpacked") if word in " ".join(found.notes)] == [
        "symbolic link", "too large", "can not be unpacked",
    ]  # fmt: skip


def test_a_member_that_holds_more_than_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    archive = zipped({"Ada Lovelace_1201_assignsubmission_file_/week-1.ipynb": BOOK})
    archive.infolist()[0].file_size = 3
    found = read_archive(archive, STUDENTS, ["week-1"])
    assert dict(contents(archive, found.submissions[0], found.notes)) == {}


@pytest.mark.parametrize("text", ["- a\n- b", "submission_1: [", "!!python/object/apply:os.system ['false']"])
def test_metadata_of_any_kind_runs_nothing(text: str) -> None:
    with pytest.raises(CannotCollect, match=collect.METADATA):
        read({"submission_metadata.yml": text, "submission_1/week-1.ipynb": BOOK})


def test_metadata_that_contains_itself_names_nobody() -> None:
    _, found = read({"submission_metadata.yml": "submission_1: &a [*a]", "submission_1/week-1.ipynb": BOOK})
    assert found.submissions == [] and "does not say whose it is" in found.notes[0]


def test_files_that_are_no_submissions(tmp_path: Path) -> None:
    with pytest.raises(CannotCollect, match="none of the three kinds"):
        read({"README.md": "x"})
    (tmp_path / "x.zip").write_text("no zip")
    with pytest.raises(CannotCollect, match="no zip file"):
        open_archive(tmp_path / "x.zip")
    with pytest.raises(CannotCollect, match="can't be read"):
        open_archive(tmp_path / "nowhere.zip")
