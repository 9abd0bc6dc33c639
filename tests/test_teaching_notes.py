"""The notes for teachers: one for each unit, each with all its parts, minutes that add up, and an answer to each prediction."""

import re

import pytest
from support.clone import ROOT

NOTES = ROOT / "docs" / "teaching"
LESSONS = {path.parent.name[:2]: path for path in sorted((ROOT / "source").glob("*/lesson.md"))}
PARTS = ["What to draw", "Usual answers to the predictions", "A question for the room", "For an exam"]
EXERCISE = re.compile(r"^\{exercise\}`(\w+)", re.MULTILINE)


def note(number: str) -> str:
    return (NOTES / f"{number}.md").read_text(encoding="utf-8")


def lesson(number: str) -> str:
    return LESSONS[number].read_text(encoding="utf-8")


def part(number: str, heading: str) -> str:
    """The text below the heading that begins like this, up to the next one."""
    return note(number).partition(f"\n## {heading}")[2].partition("\n## ")[0]


def rows(text: str) -> list[list[str]]:
    """The cells of a table's rows, without its head."""
    table = re.findall(r"^\|(.+)\|$", text, re.MULTILINE)
    return [[cell.strip() for cell in row.split("|")] for row in table[2:]]


def test_each_unit_has_a_note_and_each_note_has_a_unit() -> None:
    assert sorted(path.stem for path in NOTES.glob("[0-9]*.md")) == list(LESSONS)


def test_the_first_page_leads_to_each_note() -> None:
    page = (NOTES / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"\[(\d\d)\]\((\d\d)\.md\)", page) == [(number, number) for number in LESSONS]
    for address in re.findall(r"\]\(([^)#:]+)\)", page):
        assert (NOTES / address).exists(), address


@pytest.mark.parametrize("number", LESSONS)
def test_a_note_has_all_its_parts(number: str) -> None:
    text = note(number)
    assert text.startswith(f"# Teaching {number}: ")
    assert re.search(r"^\*\*Aim\.\*\* Everybody ", text, re.MULTILINE)
    plan, *others = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert re.fullmatch(r"Plan for \d+ minutes", plan)
    assert others == PARTS
    assert all(len(part(number, heading).split()) > 20 for heading in PARTS)


@pytest.mark.parametrize("number", LESSONS)
def test_the_minutes_of_a_plan_add_up(number: str) -> None:
    plan = part(number, "Plan for ")
    whole = int(plan.split()[0])
    steps = rows(plan)
    assert sum(int(minutes) for minutes, _ in steps) == whole <= 90
    assert ("Warm-up" in steps[0][1]) == ("## Warm-up" in lesson(number))


@pytest.mark.parametrize("number", LESSONS)
def test_a_plan_names_sections_and_exercises_of_its_lesson(number: str) -> None:
    plan = part(number, "Plan for ")
    headings = " ".join(re.findall(r"^## (.+)$", lesson(number), re.MULTILINE)).casefold()
    sections = re.findall(r"\*([^*]+)\*", " ".join(step for _, step in rows(plan)))
    switches = re.findall(r"\*\*([^*]+?)[.:]?\*\*", lesson(number))  # "Break it", "Try it": a section's own steps
    assert [name for name in sections if name.casefold() not in headings and name not in switches] == []
    known = {id for text in map(lesson, LESSONS) for id in EXERCISE.findall(text)}
    assert set(re.findall(r"`(\w+)`", plan)) & known <= set(EXERCISE.findall(lesson(number)))


@pytest.mark.parametrize("number", LESSONS)
def test_each_prediction_of_a_lesson_is_answered(number: str) -> None:
    answers = rows(part(number, "Usual answers"))
    assert len(answers) == lesson(number).count("**Predict")
    assert all(len(cells) == 3 and all(cells) for cells in answers), answers


@pytest.mark.parametrize("number", LESSONS)
def test_each_question_has_an_answer_in_brackets(number: str) -> None:
    questions = part(number, "For an exam").split("\n- ")[1:]
    assert len(questions) >= 3
    for question in [*questions, part(number, "A question for the room")]:
        assert re.search(r"[.?*] \(.+\)$", " ".join(question.split())), question
