"""What the documents say of the project: numbers, layers and folders are those of the code."""

import importlib.util
import re
import sys
import tomllib
from collections import defaultdict
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from autograder.bank import catalog
from autograder.feedback import render
from autograder.judge.judge import judge

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "benchmarks").glob("*.md")]


@pytest.fixture(scope="module")
def documents() -> ModuleType:
    spec = importlib.util.spec_from_file_location("documents", ROOT / "tools" / "documents.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_numbers_in_the_readme_are_counted(documents: ModuleType) -> None:
    numbers = documents.count()
    assert numbers["exercises"] == numbers["code"] + numbers["quizzes"]
    said = int(re.search(r"<!-- megabytes -->(\d+)", README)[1])  # type: ignore[index]
    if sys.platform == "linux":  # whose packages are counted, to within 15 %: they change with each version
        assert numbers["megabytes"] == pytest.approx(said, rel=0.15)
    numbers["megabytes"] = said
    named = set()
    for name in documents.NUMBERED:
        text = (ROOT / name).read_text(encoding="utf-8")
        assert documents.with_numbers(text, numbers) == text, "Run: make documents"
        named |= {match["name"] for match in documents.NUMBER.finditer(text)}
    assert named | {"equivalent"} == numbers.keys()  # the last one is what others are computed from


def test_the_list_of_exercises_has_the_whole_bank_with_its_signatures(documents: ModuleType) -> None:
    text = (ROOT / "docs" / "exercises.md").read_text(encoding="utf-8")
    assert documents.exercise_list() == text, "Run: make documents"
    listed = re.findall(r"^\| \[`(\w+)(?:\(.*\))?`\]", text, re.MULTILINE)
    assert listed == list(catalog.entries())
    assert "[`softmax(x, axis=-1)`]" in text


def test_a_docstring_of_an_exercise_is_shown_as_it_is(documents: ModuleType) -> None:
    assert documents.as_cell("a | b, n * width, `x * y`, i < j") == r"a \| b, n \* width, `x * y`, i \< j"


def test_the_feedback_in_the_readme_is_what_a_learner_reads() -> None:
    exercise = catalog.find("causal_mask").load()
    verdict = judge(exercise, lambda T: np.where(np.tri(T, k=-1) > 0, 0.0, -np.inf))
    shown = README.split("```\n✗")[1].split("```")[0]
    assert f"✗{shown}".strip() == render.text(verdict).strip()


def test_only_marked_numbers_are_written(documents: ModuleType) -> None:
    text = "7 <!-- mutants -->1<!-- / --> of <!-- killed --><!-- / -->"
    written = documents.with_numbers(text, {"mutants": 1946, "killed": 3})
    assert written == "7 <!-- mutants -->1,946<!-- / --> of <!-- killed -->3<!-- / -->"
    with pytest.raises(KeyError, match="mutants"):
        documents.with_numbers(text, {"killed": 3})


def test_the_layers_in_the_architecture_are_those_that_import_linter_holds(documents: ModuleType) -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    assert documents.with_layers(ARCHITECTURE) == ARCHITECTURE, "Run: make documents"
    for package in ("autograder", "leftcontext"):
        (held,) = [contract["layers"] for contract in contracts if contract.get("containers") == [package]]
        drawn: dict[int, list[str]] = defaultdict(list)
        section = ARCHITECTURE.split(f"### `{package}/`")[1].split("\n#")[0]
        for number, name in re.findall(r"^\| (\d+) \| `(\w+)(?:/|\.py)` \| \S", section, re.MULTILINE):
            drawn[int(number)].append(name)
        assert [drawn[number] for number in sorted(drawn, reverse=True)] == [layer.split(" | ") for layer in held]


def test_every_folder_is_in_the_picture_and_in_the_lines_below_it() -> None:
    picture, lines = ARCHITECTURE.split("```mermaid")[1].split("## Layers")[0].split("```")
    folders = {path.parent.name for path in (ROOT / "autograder").glob("*/*.py")}
    assert {name for name in folders if f"{name}/" not in lines} == set()
    assert {name for name in folders if f"{name}/" not in picture} == {"jupyter"}  # no package: settings of JupyterLab


PACKAGES = sorted(path for name in ("autograder", "leftcontext") for path in (ROOT / name).rglob("__init__.py"))


@pytest.mark.parametrize("path", PACKAGES, ids=lambda path: path.parent.relative_to(ROOT).as_posix())
def test_a_folder_says_in_its_first_line_what_comes_in_and_what_goes_out(path: Path) -> None:
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    assert re.match(r'"""\S.*\bIn\b.*\bOut: \S', first), first
    others = [other.read_text(encoding="utf-8").partition("\n")[0] for other in PACKAGES if other != path]
    assert first not in others


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_within_the_project_lead_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for address in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", address):
            continue
        name, _, heading = address.partition("#")
        target = path.parent / name if name else path
        assert target.exists(), address
        if heading and target.suffix == ".md":
            assert heading in headings(target), address


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_files_and_folders_that_a_document_names_are_there(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    named = set(re.findall(r"(?<![\w/.])((?:tests|autograder|leftcontext|docs|tools|benchmarks)/[\w./-]+)", text))
    assert {name for name in named if not (ROOT / name.rstrip("./")).exists()} == set()


def headings(path: Path) -> set[str]:
    """The anchors that GitHub makes of a document's headings."""
    lines = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", line).strip().lower().replace(" ", "-") for line in lines}
