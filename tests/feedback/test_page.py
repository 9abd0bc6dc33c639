"""A student's feedback page: it teaches, hides what is hidden, and carries nothing that runs, whatever was written."""

import base64
import json
import re
from html import unescape
from pathlib import Path

import pytest
import tinycss2
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from support.clone import BIN, ROOT, run
from support.hostile_notebook import ATTACKS, Dangers, hostile_page, marks, stock_page
from support.sizes import share
from traitlets.config import Config

from autograder.bank import catalog
from autograder.feedback import hidden_tests, render, sanitize
from autograder.feedback.exporter import FeedbackExporter
from autograder.feedback.page_templates import css_string
from autograder.judge.judge import judge

DOT = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()


def page(*cells: NotebookNode, folder: Path | None = None) -> str:
    about = {"notebook": "unit", "score": 1.0, "max_score": 3.0, "late_penalty": 0}
    resources = {"nbgrader": about, "metadata": {"path": str(folder)} if folder else {}}
    return FeedbackExporter().from_notebook_node(new_notebook(cells=list(cells)), resources)[0]


def of_test(source: str, *outputs: NotebookNode, id: str = "test_it") -> NotebookNode:
    return new_code_cell(source, outputs=list(outputs), metadata=marks(id, grade=True, locked=True, score=0.0, points=1.0))


def raised(line: int, name: str = "AssertionError", value: str = "told") -> NotebookNode:
    """As IPython colours it."""
    place = f"\x1b[36mCell\x1b[39m\x1b[36m \x1b[39m\x1b[32mIn[2]\x1b[39m\x1b[32m, line {line}\x1b[39m\n-> {line} the source"
    return new_output("error", ename=name, evalue=value, traceback=["-----", place, f"{name}: {value}"])


# Nothing runs.


def test_nothing_that_a_student_wrote_runs_loads_or_leads_away() -> None:
    assert Dangers(hostile_page()).found == []


def test_a_stock_page_of_the_same_notebook_would_not_pass() -> None:
    found = " ".join(Dangers(stock_page()).found)
    assert all(word in found for word in ("<script>", "<iframe>", "onerror", "javascript:", "https://evil.example"))


@pytest.mark.parametrize("attack", ATTACKS)
def test_each_attack_alone(attack: str) -> None:
    coded = sanitize.highlighted_code(attack), sanitize.highlighted_code(attack, attack)
    for made in (sanitize.render_markdown(attack), sanitize.clean_verdict(attack), *coded):
        assert Dangers(f"<body>{made}").found == []


DEEP = ["> " * 3000 + "x", "<div>" * 5000, "[" * 5000, "*a" * 20000, "<b " * 20000, "x" * 200_000]


@pytest.mark.parametrize("deep", share(DEEP, 5))
def test_markdown_that_wears_the_parser_out_still_makes_a_page(deep: str) -> None:
    assert Dangers(sanitize.render_markdown(deep)).found == []
    assert Dangers(sanitize.clean_verdict(deep)).found == []


@pytest.mark.parametrize("text", ["Ada O'Neil", '"; } </style><script>x()</script>', "\\", "a\n*/b", "Zoë 中 0f"])
def test_a_name_at_the_head_of_a_printed_page_is_a_string_of_the_style_sheet_and_no_more(text: str) -> None:
    written = str(css_string(text))
    assert "<" not in written
    (token,) = tinycss2.parse_component_value_list(written)
    assert (token.type, token.value) == ("string", text)


def test_a_picture_comes_from_the_notebooks_own_folder_or_not_at_all(tmp_path: Path) -> None:
    folder = tmp_path / "autograded"
    folder.mkdir()
    for path in (folder / "mine.png", tmp_path / "secret.png"):
        path.write_bytes(base64.b64decode(DOT))
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    (folder / "page.html").write_text("<script>")
    attached = {"a.png": {"image/png": DOT}}
    pictures = sanitize.Pictures(folder)
    assert f"data:image/png;base64,{DOT}" in sanitize.render_markdown("![own](mine.png)", pictures)
    assert f"data:image/png;base64,{DOT}" in sanitize.render_markdown("![own](attachment:a.png)", pictures, attached)
    for name in ("../secret.png", "link.png", f"{tmp_path}/secret.png", "page.html", "nothing.png"):
        assert "<img" not in sanitize.render_markdown(f"![other]({name})", pictures)


def test_a_picture_that_is_shown_a_thousand_times_fills_no_page(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(bytes(sanitize.MAX_IMAGES // 10))
    html = page(*(new_markdown_cell("![x](a.png)" * 1000) for _ in range(3)), folder=tmp_path)
    assert html.count("<img") == 10 and html.count("[picture: x]") == 2990


def test_a_link_says_where_it_led() -> None:
    assert "paper (https://example.org/p)" in _text(sanitize.render_markdown("[paper](https://example.org/p)"))
    assert _text(sanitize.render_markdown("<https://example.org/p>")).count("https") == 1


# It teaches.


def test_the_page_shows_the_judges_finding_as_the_notebook_does() -> None:
    exercise = catalog.find("causal_mask").load()
    found = judge(exercise, exercise.wrong_answers[0].function)
    html = render.as_html(found)
    said = [
        new_output("display_data", data={"text/html": html, "text/plain": "less"}),
        new_output("execute_result", data={"text/plain": "1"}, execution_count=3),
        new_output("error", ename="CheckFailed", evalue="again", traceback=["CheckFailed: again"]),
    ]
    made = page(of_test("check('causal_mask', causal_mask)", *said, id="check_causal_mask"))
    assert _text(html) in _text(made)
    for style in ("outline:2px solid #d55e00", "border-left:5px solid #d55e00"):
        assert _squeezed(html).count(style) == _squeezed(made).count(style) > 0
    assert html.count("aria-label='wrong'") == made.count('aria-label="wrong"') > 0
    assert "CheckFailed" not in made
    assert "<pre class=\"printed\"" not in made


def test_scores_marks_comments_and_the_lesson_folded_away() -> None:
    given = marks("words", grade=True, solution=True, score=2, points=2, comment="**Good**")
    full = new_markdown_cell("My words", metadata=given)
    part = of_test("assert f() == 1", raised(1))
    part.metadata["nbgrader"]["score"] = 0.5
    made = page(new_markdown_cell("# A title"), new_code_cell("1"), new_markdown_cell("Write f."), full, part)
    assert "1 of 3 points" in made
    assert "✓ <a" in made
    assert "◐ <a" in made
    assert "<strong>Good</strong>" in made
    assert "A title (2 cells)" in made
    assert made.index("</details>") < made.index("Write f.")


def test_an_ordinary_failure_shows_the_line_the_words_and_where() -> None:
    made = page(of_test("x = 1\nassert f(x) == 2, 'twice'", raised(2, value="twice <b>")))
    assert "in <code>assert f(x) == 2, &#39;twice&#39;</code>: twice &lt;b&gt;" in made
    assert "Where it happened" in made


# What is hidden stays hidden.

HIDING = """assert f(2) == 4
### BEGIN HIDDEN TESTS
SECRET = 7919
assert f(SECRET) == 15838, 'secret'
### END HIDDEN TESTS
assert f(0) == 0"""


def test_the_source_of_hidden_tests_is_not_shown() -> None:
    cell = hidden_tests.hide(HIDING)
    assert cell.source == "assert f(2) == 4\n# (hidden tests)\nassert f(0) == 0"
    assert cell.hidden_lines == {2, 3, 4, 5}
    assert hidden_tests.hide("a\n# BEGIN HIDDEN TESTS\nb").source == "a\n# (hidden tests)"  # without an end
    assert hidden_tests.hide("a\n# <<<\nb\n# >>>", "<<<", ">>>").source == "a\n# (hidden tests)"


@pytest.mark.parametrize("line", [1, 3, 4, 6, 99])
@pytest.mark.parametrize("name", ["AssertionError", "Leak7919"])
def test_a_failure_tells_only_of_lines_that_one_may_read(line: int, name: str) -> None:
    printed = new_output("stream", name="stdout", text="got 7919")
    made = page(of_test(HIDING, printed, raised(line, name, "7919 is not 15838")))
    assert "7919" not in made
    assert "15838" not in made
    readable = {1: "assert f(2) == 4", 6: "assert f(0) == 0"}
    assert f"in <code>{readable[line]}</code>" in made if line in readable else "A hidden test failed." in made


def test_what_student_code_says_after_a_hidden_test_is_not_shown() -> None:
    said = new_output("stream", name="stdout", text="it was called with 7919")
    before = new_code_cell("print('before')", outputs=[new_output("stream", name="stdout", text="before, seen")])
    after = new_code_cell("print(seen)", outputs=[said])
    later = of_test("assert f(1)", said, raised(1, "ValueError", "7919"), id="later")
    made = page(before, of_test(HIDING), after, later)
    assert "before, seen" in made
    assert "7919" not in made
    assert "Your own output is not shown" in made
    assert "ValueError in <code>assert f(1)</code>" in made


def test_a_course_may_mark_hidden_tests_in_its_own_words() -> None:
    config = Config({"ClearHiddenTests": {"begin_test_delimeter": "VERBORGEN", "end_test_delimeter": "OFFEN"}})
    cell = of_test("a\n# VERBORGEN\nsecret\n# OFFEN")
    about = {"notebook": "n", "score": 0, "max_score": 1, "late_penalty": 0}
    made, _ = FeedbackExporter(config=config).from_notebook_node(new_notebook(cells=[cell]), {"nbgrader": about})
    assert "secret" not in made


# All of it, in a course that is not ours.

CONFIG = f"""
import os
os.environ["PATH"] = {str(BIN)!r} + os.pathsep + os.environ["PATH"]  # as in an activated venv
c = get_config()
c.CourseDirectory.course_id = "another"
c.GenerateFeedback.exporter_class = "autograder.feedback.exporter.FeedbackExporter"
"""


def submission(answer: str, words: str) -> str:
    def mark(cell: NotebookNode, id: str, **more: bool) -> NotebookNode:
        cell.id, cell.metadata = id, {"nbgrader": marks(id, **more)["nbgrader"]}
        return cell

    test = mark(new_code_cell(HIDING), "test_f", grade=True, locked=True)
    own = mark(new_markdown_cell(words), "words", grade=True, solution=True)
    test.metadata["nbgrader"]["points"] = own.metadata["nbgrader"]["points"] = 2
    cells = [mark(new_code_cell(answer), "f", solution=True), test, own]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return json.dumps(new_notebook(cells=cells, metadata={"kernelspec": kernel}))


@pytest.mark.long
def test_nbgraders_own_command_makes_such_pages_of_whoevers_grading(tmp_path: Path) -> None:
    answer = f"""
from IPython.display import HTML, display
attacks = {ATTACKS[:-1]!r}
def f(x):
    print("called with", x)
    for attack in attacks:
        print(attack)
        display(HTML(attack))
    if x > 7000:
        raise ValueError(f"<script>{{x}}</script>")
    return 2 * x
f(1)
"""
    (tmp_path / "nbgrader_config.py").write_text(CONFIG)
    (tmp_path / "source/ps1").mkdir(parents=True)
    for name in ("one", "two"):
        (tmp_path / f"source/ps1/{name}.ipynb").write_text(submission("def f(x):\n    return 2 * x", "Your words"))
    commands = [
        ("nbgrader", "generate_assignment", "ps1"),
        ("nbgrader", "autograde", "ps1", "--student=stock"),
        ("leftcontext", "grade", "ps1", "--student=ours", "--isolation=none"),
        ("nbgrader", "generate_feedback", "ps1"),
    ]
    for student in ("stock", "ours"):
        folder = tmp_path / "submitted" / student / "ps1"
        (folder / "deep").mkdir(parents=True)
        for name in ("one", "two"):
            (folder / f"{name}.ipynb").write_text(submission(answer, "\n\n".join(ATTACKS[:-1])))
        for name in ("one.html", "two.html", "deep/evil.html", "evil.svg", "EVIL.XHT", "evil", "data.csv"):
            (folder / name).write_text(f"<html>{ATTACKS[0]}")
    for command, *arguments in commands:
        done = run(ROOT, command, *arguments, cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
    for student in ("stock", "ours"):
        folder = tmp_path / "feedback" / student / "ps1"
        files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
        assert files == {"one.html", "two.html", "data.csv"}  # of what lay beside, only what no browser runs
        for name in ("one", "two"):
            made = (folder / f"{name}.html").read_text(encoding="utf-8")
            assert Dangers(made).found == []
            assert "called with 1" in made  # before the first hidden test
            assert "7919" not in made
            assert "A hidden test failed." in made
            assert re.search(r"\b0 of \d+ points", _text(made)), _text(made)[:600]


def _text(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", "", html)).split())


def _squeezed(html: str) -> str:
    return html.replace(": ", ":").replace("; ", ";")

