"""The instructor's page over a class of thirty whose mistakes are known; every number is counted a second time here."""

import json
import re
import shutil
import sqlite3
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from support.clone import clone, run
from support.hostile_notebook import ATTACKS, Dangers
from support.sizes import share

from autograder.bank import catalog
from autograder.feedback import render
from autograder.grading import checker_process
from autograder.grading.journal import code_lines, digest
from autograder.grading.judged_finding import JudgedFinding
from autograder.judge.judge import judge
from autograder.judge.verdict import Verdict
from autograder.nbgrader.class_list import Standing
from autograder.notebook.note import Note, NoteKind
from autograder.report import records, similarity, statistics
from autograder.report.answers import CellFailure, program_digest
from autograder.report.page import Report, render_page
from autograder.report.students import CellScore, Roster, StudentRow, feedback_link
from autograder.student import Student

UNIT = "05-causal-mask"
TRANSPOSED = "import numpy as np\ndef causal_allowed(T):\n    return np.triu(np.ones((T, T), dtype=bool))"
FINITE = "import numpy as np\ndef causal_mask(T):\n    return np.triu(np.full((T, T), -1e9), k=1)"
MULTIPLIED = "def apply_mask(scores, mask):\n    print('my name is Ada')\n    return scores * mask"
LONG = """import numpy as np
def convert_mask(mask, source, target):
    known = np.asarray(mask)
    if source == "additive":
        known = known == 0
    elif source == "blocked":
        known = ~known
    return known  # whatever was asked for; both conditions and the first line are public
"""
ENDLESS = "def weight_pattern():\n    while True:\n        pass"
CODES = {"causal_allowed": TRANSPOSED, "causal_mask": FINITE, "apply_mask": MULTIPLIED, "convert_mask": LONG}
STUDENTS = [f"s{number:02}" for number in range(30)]


def mistaken(number: int) -> set[str]:
    """Which exercises a student gets wrong; the better ones, with high numbers, few."""
    wrong = {id for step, id in enumerate(CODES, 2) if number % step == 0 and number < 24}
    return wrong - {"convert_mask"} | ({"convert_mask"} if number in (4, 9, 14) else set())


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Graded: thirty notebooks, one of them endless, one without a cell, one that is none."""
    root = clone(tmp_path_factory.mktemp("class") / "course")
    source = json.loads((root / f"source/{UNIT}/{UNIT}.ipynb").read_bytes())
    assert run(root, "nbgrader", "generate_assignment", UNIT).returncode == 0
    for number, student in enumerate(STUDENTS):
        notebook = json.loads(json.dumps(source))
        for cell in notebook["cells"]:
            if cell["id"] in mistaken(number):
                cell["source"] = CODES[cell["id"]]
            if number == 29 and cell["id"] == "weight_pattern":
                cell["source"] = ENDLESS
        if number == 28:
            notebook["cells"] = [cell for cell in notebook["cells"] if cell["id"] != "causal_mask"]
        folder = root / "course/submitted" / student / UNIT
        folder.mkdir(parents=True)
        (folder / f"{UNIT}.ipynb").write_text(json.dumps(notebook) if number != 27 else "<script>")
    done = run(root, "leftcontext", "grade", UNIT, "--isolation", "none", "--timeout", "2", "--json")
    assert done.returncode == 0, done.stderr
    return root


@pytest.fixture(scope="module")
def page(course: Path) -> str:
    done = run(course, "leftcontext", "report", UNIT)
    assert (done.returncode, done.stderr) == (0, "")
    line, table = done.stdout.splitlines()
    assert Path(table.removeprefix("wrote ")).suffix == ".csv"
    return Path(line.removeprefix("wrote ")).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def points(course: Path) -> dict[str, np.ndarray]:
    """By graded cell, the students' points: read from the database without nbgrader."""
    with sqlite3.connect(course / "course/gradebook.db") as book:
        rows = book.execute(
            "select b.name, a.student_id, g.auto_score from grade g join base_cell b on b.id = g.cell_id "
            "join submitted_notebook n on n.id = g.notebook_id join submitted_assignment a on a.id = n.assignment_id"
        ).fetchall()
    table = {(cell, student): score or 0.0 for cell, student, score in rows}
    cells = {cell for cell, _ in table}
    return {cell: np.array([table[cell, student] for student in STUDENTS]) for cell in cells}


def rows(page: str, label: str) -> list[list[str]]:
    """The body of the table in the region with this name."""
    (region,) = re.findall(rf'aria-label="{label}">(.*?)</table>', page, re.DOTALL)
    body = region.split("<tbody>")[1]
    lines = re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", line, re.DOTALL) for line in lines]
    return [[re.sub(r"<[^>]+>", "", cell).strip() for cell in line] for line in cells]


def test_scores(page: str, points: dict[str, np.ndarray]) -> None:
    totals = sum(points.values())
    quantiles = np.quantile(totals, [0, 0.25, 0.5, 0.75, 1])
    wanted = [*quantiles, totals.mean(), totals.std(ddof=1)]
    ((*found,),) = rows(page, "Scores in numbers")
    assert [float(number) for number in found] == pytest.approx(wanted, abs=0.006)
    edges = [0, 2, 4, 6, 8, 10, 12, 14, 15]
    for count, low, high in zip(np.histogram(totals, bins=edges)[0], edges[:-1], edges[1:], strict=True):
        said = f"{low} to {high} points: {count}"
        assert (said in page) == bool(count)


def heading_of(id: str) -> str:
    """The title of an exercise, as its file begins."""
    found = re.search(r"^(?:\"\"\")?### (.+)$", catalog.entries()[id].path.read_text(encoding="utf-8"), re.MULTILINE)
    assert found
    return found[1]


def test_pass_rates_and_discrimination(page: str, points: dict[str, np.ndarray]) -> None:
    titled = {row[0]: row[1:] for row in rows(page, "Exercises in numbers")}
    order = [id for id, entry in catalog.entries().items() if entry.unit == UNIT]
    titles = {id: heading_of(id) for id in order}
    assert set(titled) == {f"{titles[id]}{id}" for id in order}
    found = {id: titled[f"{titles[id]}{id}"] for id in order}
    totals = sum(points.values())
    for id in order:
        most = catalog.find(id).load().points
        own = points[f"check_{id}"]
        passed = own >= most
        full, some, none, mean, said, _ = found[id]
        assert full == f"{passed.sum()} ({100 * passed.mean():.0f}%)"
        assert int(some) == ((own > 0) & (own < most)).sum()
        assert int(none) == (own == 0).sum()
        assert mean == f"{round(own.mean(), 2):g} of {most:g}"
        assert float(said.split(",")[0]) == pytest.approx(np.corrcoef(passed, totals - own)[0, 1], abs=0.006)
    transposed = sum("causal_allowed" in mistaken(n) for n in range(27))
    assert found["causal_allowed"][-1] == f"The mask is transposed ({transposed})"
    assert found["causal_allowed"][0] == f"{29 - sum('causal_allowed' in mistaken(n) for n in range(27))} (57%)"


def test_misconceptions_ranked_with_an_anonymous_example(page: str) -> None:
    namespace: dict[str, object] = {}
    who: Counter[str] = Counter()
    for id, code in CODES.items():
        exec(code, namespace)  # as it was handed in
        finding = judge(catalog.find(id).load(), namespace[id]).finding
        if finding is not None and finding.misconception is not None:
            who[finding.misconception.name] += sum(id in mistaken(n) for n in range(27))
    who["It does not finish"] += 1
    listed = re.findall(r"<li><p><b>(.*?)</b>: (\d+) of 30 students \((\d+)%\)", page)
    assert [int(count) for _, count, _ in listed] == sorted(who.values(), reverse=True)
    assert {name: int(count) for name, count, _ in listed} == dict(who)
    assert all(int(share) == round(100 * int(count) / 30) for _, count, share in listed)
    examples = "".join(re.findall(r'<pre class="printed example" tabindex="0">(.*?)</pre>', page, re.DOTALL))
    assert "Example: apply_mask" in examples
    assert "Ada" not in page
    assert not re.search(r"\bs\d\d\b", examples)


def test_the_page_begins_with_what_to_look_at(page: str) -> None:
    glance = page.split('<ul class="glance">')[1].split("</ul>")[0]
    words = " ".join(re.sub(r"<[^>]+>", "", glance).split())
    assert "Hardest: Ask the question for every pair, 57% got full credit." in words
    assert "Most frequent misconception: The mask is transposed, 12 students in “Ask the question for every pair”." in words
    assert "The same code: 1 group of students, in up to 5 lines." in words
    assert "Needs attention: ran too long 1, can&#39;t be read 1, repaired 1." in words
    for name in re.findall(r'href="#(\w+)"', glance):
        assert f'<h2 id="{name}">' in page


NAMES = "Ada Lovelace"
SAYS_NAMES = {
    "raises": f"def f(x):\n    raise ValueError('{NAMES}')",
    "undefined": "def f(x):\n    return AdaLovelace",
    "own error": "class AdaLovelace(Exception): ...\ndef f(x):\n    raise AdaLovelace",
    "own class": "class AdaLovelace: ...\ndef f(x):\n    return AdaLovelace()",
    "prints": f"def f(x):\n    print('{NAMES}')",
    "long": "def f(x):\n    raise ValueError('Ada Lovelace ' * 9000)",
}


@pytest.mark.parametrize("code", SAYS_NAMES.values(), ids=SAYS_NAMES)
def test_an_example_holds_no_word_of_the_students(code: str) -> None:
    verdict = judged(code)
    assert verdict.finding is not None
    idea = verdict.finding.misconception
    assert idea is not None
    assert re.search("Ada ?Lovelace", render.text(verdict))
    found = entry(**kept(verdict))
    (named,) = records.misconceptions({"a": found})
    assert not re.search("Ada ?Lovelace", f"{named.message} {named.example} {named.errors}")
    assert idea.name in f"{named.title}"


def kept(verdict: Verdict) -> dict[str, object]:
    """What the checker writes into the journal of a verdict."""
    checker: Any = SimpleNamespace(findings={}, test_id="check_f")
    checker_process.Checker.keep_finding(checker, "f", verdict)
    return dict(checker.findings["check_f"].to_json())


def test_pythons_own_errors_are_counted_and_no_other_ones() -> None:
    raised = ["ValueError('Ada')", "ValueError", "type('Ada', (Exception,), {})('x')", "NameError('ValueError: Ada')"]
    entries = {str(n): entry(**kept(judged(f"def f(x):\n    raise {error}"))) for n, error in enumerate(raised)}
    (named,) = records.misconceptions(entries)
    assert named.errors == {"ValueError": 2, "NameError": 1}


def judged(code: str) -> Verdict:
    """The verdict on some code that should have been a softmax named f."""
    namespace: dict[str, object] = {}
    exec(code, namespace)
    return judge(catalog.find("softmax").load(), namespace["f"])


@pytest.mark.parametrize("passed", [True, False])
@pytest.mark.parametrize("misconception", [None, "raises"])
def test_a_finding_is_read_as_it_was_written(passed: bool, misconception: str | None) -> None:
    finding = JudgedFinding("f", passed, misconception, "T", "It raised Ada.", "text", "printed", "ValueError", is_option=True)
    assert JudgedFinding.from_json(json.loads(json.dumps(finding.to_json()))) == finding
    assert JudgedFinding.from_json({"exercise": "f", "says": "s"}) == JudgedFinding("f", message="s")


def test_who_left_everything_empty_is_named() -> None:
    empty, answered = {"exercise": "f", "misconception": "not_written"}, {"exercise": "g", "passed": True}
    findings = {"all": {"check_f": empty, "quiz_g": empty}, "one": {"check_f": empty, "quiz_g": answered}, "unread": {}}
    assert records.nothing_written({student: {"findings": found} for student, found in findings.items()}) == ["all"]


def test_the_same_code_but_not_where_it_is_short_or_published(page: str) -> None:
    what = "“Convert between the four conventions” (5 lines)"
    assert rows(page, "The same code") == [["s04, s09, s14", what, "identical", "5"]]
    copied = {row[0]: row[2] for row in rows(page, "The published solution")}
    assert copied["s01"] == "2 of 2" and copied.get("s04") != "2 of 2"


def test_what_was_repaired_or_cut_short(page: str) -> None:
    notes = {(student, kind) for kind, student, _ in rows(page, "Notes")}
    assert notes == {("s27", "can&#39;t be read"), ("s28", "repaired"), ("s29", "ran too long")}


def test_the_page_stands_alone_and_says_its_pictures(page: str) -> None:
    assert Dangers(page).found == []
    for alt in re.findall(r'<img [^>]*alt="([^"]*)"', page):
        assert len(alt) > 100
    assert page.count("<img ") == 2
    assert "Content-Security-Policy" in page


@pytest.mark.long
def test_without_a_journal_the_points_are_still_told(course: Path, page: str, tmp_path: Path) -> None:
    copy = shutil.copytree(course, tmp_path / "copy")
    (copy / f"course/grading/{UNIT}.jsonl").unlink()
    done = run(copy, "leftcontext", "report", UNIT, "--output", tmp_path / "deep/er/page.html", cwd=copy)
    assert done.returncode == 0, done.stderr
    bare = (tmp_path / "deep/er/page.html").read_text(encoding="utf-8")
    assert rows(bare, "Scores in numbers") == rows(page, "Scores in numbers")
    assert rows(bare, "Exercises in numbers") == [row[:-1] for row in rows(page, "Exercises in numbers")]
    assert "another program than" in bare
    assert "<h2 id=\"misconceptions\"" not in bare


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing"], "nothing is not in the gradebook"),
        ([UNIT, "--output", "course"], "is a directory"),
        ([UNIT, "--output", "Makefile/page.html"], "Makefile"),
    ],
)
def test_what_can_not_be_done_is_said_in_one_line(course: Path, arguments: list[str], said: str) -> None:
    done = run(course, "leftcontext", "report", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("leftcontext: ")
    assert said in line


def test_outside_a_course_nothing_is_made(tmp_path: Path, course: Path) -> None:
    done = run(course, "leftcontext", "report", UNIT, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "no gradebook" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.long
def test_an_assignment_that_nobody_handed_in(course: Path) -> None:
    assert run(course, "nbgrader", "generate_assignment", "02-softmax").returncode == 0
    done = run(course, "leftcontext", "report", "02-softmax")
    assert "leftcontext grade 02-softmax" in done.stderr


# Without a course.


def entry(*notes: str | dict[str, str], codes: dict[str, str] | None = None, **finding: object) -> dict[str, object]:
    found = {"exercise": "f", "passed": False, "title": "T", "says": "s", "text": "t", **finding}
    findings = {"check_f": found} if finding else {}
    return {"notes": list(notes), "findings": findings, "code_digests": codes or {}, "not_isolated": ["test_f"]}


@pytest.mark.parametrize("attack", share(ATTACKS, 6))
def test_whatever_a_journal_holds_the_page_carries_nothing_that_runs(attack: str) -> None:
    entries = {attack: entry(attack, misconception=attack, title=attack, says=attack, text=attack, exercise=attack)}
    entries["other"] = entry("The test x was changed; it was put back.", misconception=None, exercise=attack)
    for student in entries:
        entries[student]["code_digests"] = {attack: "same"}
    scores = np.array([[1.0], [0.0]])
    student = Student(attack, attack, attack, attack)
    row = StudentRow(Standing(student, True, True, 1.0), (CellScore(1.0, 0.5),), (attack,))
    roster = Roster([row], [student], [student])
    report = Report(
        attack, statistics.score_distribution(scores, np.ones(1)), statistics.exercise_statistics((attack,), scores, np.ones(1)),
        {attack: (attack, 1)}, 2, 2, records.misconceptions(entries), records.unclassified(entries),
        records.grader_notes(entries), dict(records.not_isolated_tests(entries)),
        title=attack, failures=[CellFailure(attack, attack, error, attack) for error in (attack, "ModuleNotFoundError")],
        same_code=[similarity.SameCode((attack, "b"), ((attack, 9),))], option_texts={attack: [attack]}, titles={attack: attack},
        solution_copies=[similarity.SolutionCopy(attack, (attack,), 1)], roster=roster,
    )  # fmt: skip
    assert Dangers(render_page(report)).found == []


def test_a_link_to_feedback_leads_nowhere_else(tmp_path: Path) -> None:
    folder = tmp_path / "feedback" / "javascript:alert(1)" / "u"
    folder.mkdir(parents=True)
    assert feedback_link(folder, tmp_path / "grading" / "u.html") == ""
    (folder / 'a"b.html').write_text("x")
    link = feedback_link(folder, tmp_path / "feedback" / "u.html")
    assert link == "javascript%3Aalert%281%29/u/a%22b.html"


def test_waiting_for_points_by_hand_counts_neither_as_passed_nor_as_failed() -> None:
    scores = np.array([[2.0, np.nan], [1.0, 3.0], [0.0, np.nan]])
    first, second = statistics.exercise_statistics(("a", "b"), scores, np.array([2.0, 3.0]))
    assert (first.full, first.partial, first.no_credit, first.waiting, first.mean) == (1, 1, 1, 0, 1.0)
    assert (second.full, second.no_credit, second.waiting, second.pass_rate) == (1, 0, 2, 1.0)
    assert statistics.score_distribution(scores, np.array([2.0, 3.0])).scores.tolist() == [2.0, 4.0, 0.0]


def test_discrimination_is_told_only_where_it_can_be() -> None:
    rest = np.arange(12.0)
    passed = rest > 5
    assert statistics.discrimination(passed, rest) == pytest.approx(np.corrcoef(passed, rest)[0, 1])
    assert statistics.discrimination(~passed, rest) == pytest.approx(-np.corrcoef(passed, rest)[0, 1])
    for no_answer in ((passed[:9], rest[:9]), (rest > -1, rest), (rest > 99, rest), (passed, np.ones(12))):
        assert statistics.discrimination(*no_answer) is None


def test_the_edges_of_the_bins() -> None:
    scores = np.array([[0.0], [0.99], [1.0], [5.0], [9.99], [10.0]])
    assert statistics.score_distribution(scores, np.array([10.0])).bins == (2, 1, 0, 0, 0, 1, 0, 0, 0, 2)
    assert statistics.score_distribution(np.zeros((2, 0)), np.zeros(0)).bins == (2,)
    for most, step in ((0.5, 0.1), (3, 0.5), (12, 1), (13, 2), (43, 5), (100, 10), (1000, 100)):
        assert statistics.score_distribution(np.array([[most]]), np.array([float(most)])).step == step


def test_lines_of_ones_own() -> None:
    released = "def f(x):\n    # YOUR CODE HERE"
    solved = "def f(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION"
    assert similarity.own_lines("def f(x):\n    y = x\n\n    # twice\n    return y + y", released, solved) == 2
    assert similarity.own_lines("def f(x):\n    return 2 * x", released, solved) == 0
    assert similarity.own_lines("def f(x):\n    return 2 * x") == 2


LOOP = "def f(x):\n    total = 0\n    for row in x:\n        y = row * 2\n        total = total + y\n    return np.exp(total)\n"
RENAMED = """def f(data):
    t = 0
    for r in data:
        z = r *  2  # twice
        t = t + z
    return np.exp(t)
"""
OTHER = LOOP.replace("row * 2", "row * 3")


def test_a_program_is_the_same_whatever_its_own_names_are() -> None:
    assert program_digest(LOOP, "f") == program_digest(RENAMED, "f") is not None
    assert program_digest(f'def f(x):\n    """Mine."""{LOOP[9:]}', "f") == program_digest(LOOP, "f")
    for other in (OTHER, LOOP.replace("np.exp", "np.log"), LOOP.replace("def f", "def g"), LOOP.replace("+ y", "+ total")):
        assert program_digest(other, "f") != program_digest(LOOP, "f")
    assert program_digest("def f(x:", "f") is None
    assert program_digest("(" * 5000, "f") is None
    assert program_digest("x = 1\0", "f") is None


def alike(
    codes: dict[str, str], solved: str = "def f(x):\n    return x"
) -> tuple[list[similarity.SameCode], list[similarity.SolutionCopy]]:
    exact = {student: {"f": digest(code_lines(code))} for student, code in codes.items()}
    programs = {student: {"f": made} for student, code in codes.items() if (made := program_digest(code, "f"))}
    released = {"f": similarity.Released("def f(x):\n    # YOUR CODE HERE", solved, program_digest(solved, "f"))}
    sources = {student: {"f": code} for student, code in codes.items()}
    return similarity.same_code(exact, programs, sources, released), similarity.solution_copies(programs, released)


def test_copies_are_found_where_comments_or_names_were_changed_and_are_told_apart() -> None:
    (group,), _ = alike({"a": LOOP, "b": LOOP.replace("\n    total", "\n    # mine\n    total"), "c": OTHER})
    assert (group.students, group.kind, group.where) == (("a", "b"), "identical", (("f", 5),))
    (group,), _ = alike({"a": LOOP, "b": RENAMED, "c": OTHER})
    assert (group.students, group.kind) == (("a", "b"), "names changed")
    assert alike({"a": "def f(x):\n    return 2 * x", "b": "def f(x):\n    return 2 * x"})[0] == []


def test_the_published_solution_is_no_copy_from_one_another() -> None:
    groups, copies = alike({"a": LOOP, "b": RENAMED, "c": OTHER}, solved=f"# a comment\n{LOOP}")
    assert groups == []
    assert [(copy.student, copy.exercises, copy.compared) for copy in copies] == [("a", ("f",), 1), ("b", ("f",), 1)]
    assert alike({"a": "def f(x):\n    return x"})[1] == []  # too short to tell


def test_copies_of_a_few_come_before_what_many_share() -> None:
    many = {f"{n:02}": LOOP for n in range(20)}
    groups, _ = alike({**many, "a": OTHER, "b": OTHER})
    assert [len(group.students) for group in groups] == [2, 20]


def test_a_misconception_is_named_by_a_function_before_a_quiz() -> None:
    entries = {
        "a": entry(misconception="transposed", title="Option A", is_option=True, exercise="quiz_x", text="short"),
        "b": entry(misconception="transposed", title="Transposed", text="a longer text"),
        "c": entry(misconception="only_quiz", title="Option C", is_option=True, exercise="quiz_x"),
        "d": entry(misconception="not_written"),
    }
    named = {idea.title: idea.students for idea in records.misconceptions(entries)}
    assert named == {"Transposed": 2, "quiz_x, option C": 1}
    assert records.unclassified(entries).empty == {"f": 1}


def test_notes_by_kind_and_those_of_an_earlier_version_too() -> None:
    new, old = Note(NoteKind.RAN_TOO_LONG, "u: test_f: It was still running.").to_json(), "u: something"
    assert [one.kind for one in records.grader_notes({"s": entry(old, new)})] == ["ran too long", "other"]
