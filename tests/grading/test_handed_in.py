"""Whatever lies in a student's folder, a run grades what can be graded and says what could not; it never stops."""

import json
import os
from pathlib import Path

import pytest
from support import sample_course, small_course
from support.clone import ROOT, run

from autograder.feedback.render import NEXT_HINT
from autograder.grading.executor import Task
from autograder.sandbox.levels import IsolationLevel, unmet_requirement

LARGE = 65 * 2**20
BESIDE = ("numpy.py", "autograder.py", "sitecustomize.py", "conftest.py", "__init__.py", "ipython_config.py", "x.pth", "-rf", "a\nb", "y" * 250)
NO_FILE = "mixed: The notebook handed in is a"
NAMES = ("-dash", "two words", "with\nnewline", "{x}", "*", "%s", "[bold]", "o'neil", "ünï😀", ".hidden", "x" * 200)


def made(notebooks: bytes, submitted: Path) -> dict[str, tuple[bool, str]]:
    """Fill folders; whether each is to have the full score, and what is to be said of it."""
    wanted: dict[str, tuple[bool, str]] = {}

    def student(name: str, full: bool = True, says: str = "", one: bool = True) -> Path:
        place = submitted / name / "mixed"
        place.mkdir(parents=True)
        if one:
            (place / "mixed.ipynb").write_bytes(notebooks)
        wanted[name] = (full, says)
        return place

    for name in NAMES:
        student(name)
    for name in BESIDE:
        (submitted / "-dash" / "mixed" / name).write_bytes(b"raise SystemExit\n")
    student("nothing", False, "mixed.ipynb was not handed in.", one=False)
    (student("a folder", False, f"{NO_FILE} folder.", one=False) / "mixed.ipynb").mkdir()
    (student("a link out", False, f"{NO_FILE} symbolic link.", one=False) / "mixed.ipynb").symlink_to("/etc/passwd")
    (student("a link to itself", False, f"{NO_FILE} symbolic link.", one=False) / "mixed.ipynb").symlink_to("mixed.ipynb")
    os.mkfifo(student("a pipe", False, f"{NO_FILE} pipe.", one=False) / "mixed.ipynb")
    os.mkfifo(student("a pipe beside") / "pipe")
    for name, leads_to in (("a long link", "x" * 300), ("a link in a circle", "mixed")):  # no system call can follow them
        (submitted / name).mkdir()
        (submitted / name / "mixed").symlink_to(leads_to)
    wanted["a long link"] = (False, "'.' is a symbolic link; it was left out.")
    (student("a link to everything") / "all").symlink_to("/")
    (student("a link to zeros") / "zero").symlink_to("/dev/zero")
    for name, says, file in (("far too large", "is too large (a submission may have 64 MB in all).", "mixed.ipynb"), ("too large beside", "too large", "data.bin")):
        with (student(name, file != "mixed.ipynb", says, one=file != "mixed.ipynb") / file).open("wb") as sparse:
            sparse.truncate(40 * LARGE)
    for name, stamp in (("no date", b"soon"), ("no text", b"\xff\xfe"), ("a far date", b"99999-01-01 00:00:00 UTC")):
        (student(name, says="holds no date") / "timestamp.txt").write_bytes(stamp)
    if os.geteuid():  # root reads it all the same
        (student("locked", False, "can't be read") / "mixed.ipynb").chmod(0)
        for kind in ("file", "folder"):
            beside = student(f"a locked {kind}", says="can't be read" if kind == "file" else "") / kind
            beside.write_text("x") if kind == "file" else beside.mkdir()
            beside.chmod(0)
        student("a locked student", False, "'.' can't be read")
        (submitted / "a locked student").chmod(0)
    place = os.fsencode(submitted) + b"/no text \xff/mixed"
    os.makedirs(place)  # noqa: PTH103 (a path of bytes)
    (submitted / "a file").write_text("not a folder")
    (submitted / "empty").mkdir()
    return wanted


def test_released_files_that_no_cell_can_read_are_told_to_the_instructor(tmp_path: Path) -> None:
    root = sample_course.course(tmp_path / "course")
    with (root / "release/mixed/data.bin").open("wb") as sparse:
        sparse.truncate(LARGE)
    sample_course.submit(root, "mixed", "ada", 0)
    for dry_run in ((), ("--dry-run",)):
        done = run(root, "leftcontext", "grade", "mixed", "--force", *dry_run)
        assert "Of the files released with mixed: 'data.bin' is too large" in done.stdout + done.stderr


@pytest.mark.skipif(bool(unmet_requirement(IsolationLevel.FULL)), reason="this machine has no sandbox of level full")
@pytest.mark.parametrize("isolated", [True, False])
def test_a_file_that_there_is_no_room_for_is_told_in_whichever_run_it_is_missed(isolated: bool) -> None:
    test = "assert twice(4) == 8" if isolated else "assert type(twice(4)) is Number"
    answer = "class Number(int):\n    pass\ndef twice(x):\n    return Number(2 * x)"
    book = small_course.notebook(small_course.answer("twice", answer), small_course.check("t_twice", test))
    files = {"first.bin": bytes(40 * 2**20), "second.bin": bytes(40 * 2**20)}
    with small_course.grader(book, IsolationLevel.FULL) as grader:
        assert (grader.book.one_kernel_tests == frozenset()) == isolated
        job = grader.book.job(small_course.submission(book, small_course.solutions(book)), files, grader.seconds)
        ((_, result),) = grader.pool.results([Task("ada", book.name, job)])
    assert [note.text for note in result.notes] == ["The file 'second.bin' could not be written beside the notebook: it is too large."]
    assert {found.points for found in result.tests.values()} == {1.0}


@pytest.mark.long
def test_it_is_graded_or_told(tmp_path: Path) -> None:
    course = sample_course.course(tmp_path)
    node = json.loads((course / "release/mixed/mixed.ipynb").read_text())
    right = {"double": "def double(n):\n    return 2 * n", "shout": "shout = str.upper"}
    # Half a character in an error's words, and in what is printed.
    right["picture"] = "print('\\udcff')\nraise ValueError('\\udcff')"
    for cell in node["cells"]:
        cell["source"] = right.get(cell["metadata"].get("nbgrader", {}).get("grade_id"), cell["source"])
    wanted = made(json.dumps(node).encode(), course / "submitted")

    done = run(course, "leftcontext", "grade", "mixed", "--json", env={"PYTHONPATH": str(ROOT), "HOME": str(tmp_path)})

    assert done.returncode == 0, done.stderr
    assert "is no text" in done.stderr
    graded = {line["student"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert graded.keys() == wanted.keys()
    for student, (full, says) in wanted.items():
        assert graded[student]["score"] == (3 if full else 0), (student, graded[student])
        notes = graded[student]["notes"]
        assert says in " ".join(notes), (student, notes)
        assert not says.startswith(NO_FILE) or notes == [says]  # said once, and nothing else beside it
    assert "root:" not in "".join(path.read_text("utf-8", "replace") for path in course.glob("autograded/*/*/*.ipynb"))


def test_odd_characters_in_an_error_stop_nothing(tmp_path: Path) -> None:
    course = sample_course.course(tmp_path)
    release = (course / "release/bank/bank.ipynb").read_text()
    for student, words in {"half": "\\udcff", "zero": "\\x00", "colour": "\\x1b[31m"}.items():
        node = json.loads(release)
        for cell in node["cells"]:
            if cell["metadata"].get("nbgrader", {}).get("grade_id") == "softmax":
                cell["source"] = f"def softmax(x, axis=-1):\n    raise ValueError('{words}')"
        place = course / f"submitted/{student}/bank"
        place.mkdir(parents=True)
        (place / "bank.ipynb").write_text(json.dumps(node))
    done = run(course, "leftcontext", "grade", "bank", "--json", env={"PYTHONPATH": str(ROOT), "HOME": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    graded = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["score"] for line in graded] == [0, 0, 0]
    # What was handed in is not tried again: the finding promises no other hint.
    kept = "".join(path.read_text() for path in [*course.glob("autograded/*/bank/*.ipynb"), *course.glob("**/bank.jsonl")])
    assert "Hint 1" in kept
    assert NEXT_HINT not in kept
