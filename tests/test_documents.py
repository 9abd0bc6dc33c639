"""What the documents say of the project: numbers, layers and folders are those of the code."""

import importlib.util
import re
import sys
import tomllib
from collections import Counter, defaultdict
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
REQUIREMENTS = (ROOT / "requirements.txt").read_text(encoding="utf-8")
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
    assert documents.with_numbers(README, numbers) == README, "Run: make documents"
    named = {match["name"] for match in documents.NUMBER.finditer(README)}
    assert {"exercises", "correct", "incorrect", "mutants", "killed", "hostile"} <= named


@pytest.mark.skipif(sys.platform != "linux", reason="the README counts the packages of Linux")
def test_the_size_of_the_environment_in_the_readme_is_that_of_its_packages() -> None:
    """To within 15 %: what pip, numpy and the others bring along changes with each version."""
    said = int(re.search(r"\(about (\d+) MB\)", README)[1])  # type: ignore[index]
    pinned = re.findall(r"^([\w.-]+)(?:\[.*\])?==", REQUIREMENTS, re.MULTILINE)
    assert len(pinned) > 100
    megabytes = sum(map(installed_bytes, ["pip", *pinned])) / 1e6
    assert said == pytest.approx(megabytes, rel=0.15)


def installed_bytes(name: str) -> int:
    """The size of a package's files, or 0 where it is for another system."""
    try:
        files = distribution(name).files or []
    except PackageNotFoundError:
        return 0
    paths = [Path(str(file.locate())) for file in files]
    return sum(path.stat().st_size for path in paths if path.is_file())


def test_only_marked_numbers_are_written(documents: ModuleType) -> None:
    text = "7 <!-- mutants -->1<!-- / --> of <!-- killed --><!-- / -->"
    written = documents.with_numbers(text, Counter(mutants=1946, killed=3))
    assert written == "7 <!-- mutants -->1,946<!-- / --> of <!-- killed -->3<!-- / -->"
    with pytest.raises(KeyError, match="mutants"):
        documents.with_numbers(text, Counter(killed=3))


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


def test_every_folder_is_in_the_picture() -> None:
    picture = ARCHITECTURE.split("```mermaid")[1].split("```")[0]
    folders = {path.parent.name for path in (ROOT / "autograder").glob("*/__init__.py")}
    assert {name for name in folders if f"{name}/" not in picture} == set()


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
