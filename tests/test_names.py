"""Names: what a docstring, a comment or a document names is there; a name means one thing; what is private stays so."""

import ast
import builtins
import importlib
import io
import keyword
import re
import subprocess
import sys
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.clone import ROOT

PACKAGES = ("autograder", "leftcontext")
PLACEHOLDER = re.compile(r"NN|NAME|UNIT|\bID\b|\bps1\b")  # of a pattern such as source/NN-unit/lesson.md
# Of `results` a type of result, elsewhere the usual short name of numpy's NDArray; of a class, and of an audit; of the model
# of the course, and of the one that the capstone audits. A layer in NumPy and its twin in PyTorch have one name.
GIVEN_TWICE = {"Array", "Report", "Norm", "Attention", "MLP"}
FOLDERS = ("", *PACKAGES, "leftcontext/widgets", "leftcontext/torch_jax", "tests")  # a path in a text may begin in one of them
NOT_TRACKED = ("build/", "course/", "site/", "workspace/", "image/")  # made by a run, a user's own; a media type

Text = tuple[str, int, str]  # file, line, words


@pytest.fixture(scope="module")
def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("This is no git clone.")
    paths = (ROOT / name for name in listed.stdout.split("\0") if name)
    return [path for path in paths if path.is_file() and path.suffix != ".ipynb"]


def python(tracked: list[Path], *folders: str) -> Iterator[tuple[Path, ast.Module]]:
    for path in tracked:
        if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in folders:
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def prose_and_names(path: Path) -> tuple[list[Text], set[str]]:
    """The docstrings and comments of a Python file, and the words of its code."""
    source, name = path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix()
    prose: list[Text] = []
    docstrings = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and (text := ast.get_docstring(node, clean=False)):
            prose.append((name, node.body[0].lineno, text))
            docstrings.add((node.body[0].lineno, node.body[0].col_offset))
    words: set[str] = set()
    has_strings = not name.startswith("tests/")  # those of the tests name what is wrong and what once was
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            prose.append((name, token.start[0], token.string))
        elif token.type == tokenize.NAME or (token.type == tokenize.STRING and token.start not in docstrings and has_strings):
            words |= set(re.findall(r"[A-Za-z_]\w*", token.string))
    return prose, words


def test_names_in_backticks_are_those_of_the_code(tracked: list[Path]) -> None:
    """Anything like `name`, `module.name`, `name(...)` or `folder/file` in a docstring, a comment or a document."""
    prose: list[Text] = []
    known = {*dir(builtins), *keyword.kwlist, *sys.stdlib_module_names, "alembic", "generate_feedback"}
    for path in tracked:
        parts = path.relative_to(ROOT).parts
        known |= {word for part in parts for word in part.split(".")}
        if path.suffix == ".py":
            texts, words = prose_and_names(path)
            known |= words if path.name != "renamed.py" else set()  # what once was is named there
            prose += texts if parts[0] in (*PACKAGES, "tools", "benchmarks", "docs") else []
        elif path.suffix == ".md" and parts[0] != "source":
            prose += [(path.name, number, line) for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)]
        elif path.suffix in (".js", ".mjs", ".ts", ".toml", ".j2", ".css", ".json", ".yml") or path.name in ("Makefile", "run"):
            known |= set(re.findall(r"[A-Za-z_]\w*", path.read_text(encoding="utf-8")))
    unknown = [
        f"{file}:{line}: {code}"
        for file, line, text in prose
        for code in re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text)
        if not PLACEHOLDER.search(code) and not is_known(code, known)
    ]
    assert unknown == [], "\n".join(unknown)


def is_known(code: str, known: set[str]) -> bool:
    """Whether the path exists, or each word of the name is one of the code's; True for what is neither path nor name."""
    if re.fullmatch(r"[\w.]+(\(.*\))?", code):
        return all(len(word) == 1 or word in known for word in re.findall(r"[A-Za-z_]\w*", code.partition("(")[0]))
    if re.fullmatch(r"[\w./-]+", code) and "/" in code and not code.startswith(NOT_TRACKED):
        return any((ROOT / folder / code).exists() for folder in FOLDERS)
    return True


def test_dotted_names_lead_somewhere(tracked: list[Path]) -> None:
    """`autograder.judge.trials` in any text or string of the code; what is older is in `renamed`, with its own test."""
    named = {
        (match, path.relative_to(ROOT).as_posix())
        for path in tracked
        if path.suffix in (".py", ".md", ".toml") and path.name not in ("renamed.py", "test_renamed.py", "test_names.py")
        for match in re.findall(r"\b(?:autograder|leftcontext)(?:\.[A-Za-z]\w+)+(?![\w*])", path.read_text(encoding="utf-8"))
    }
    assert sorted((name, file) for name, file in named if not leads_somewhere(name)) == []


def leads_somewhere(name: str) -> bool:
    """Whether a dotted name is that of a module, or of something in one; a file's name is none of ours to follow."""
    parts = name.split(".")
    if parts[-1] in ("py", "json", "nothing", "replace"):
        return True
    for count in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:count]))
        except ModuleNotFoundError as error:
            if error.name in ("torch", "jax"):  # then it is there, and PyTorch or JAX is not installed
                return True
            continue
        for part in parts[count:]:
            if not hasattr(found, part):
                return False
            found = getattr(found, part)
        return True
    return False


def test_a_class_has_a_name_of_its_own(tracked: list[Path]) -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path, tree in python(tracked, *PACKAGES):
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                places[node.name].append(path.relative_to(ROOT).as_posix())
    twice = {name: {file.replace("_torch.py", ".py") for file in files} for name, files in places.items()}
    assert {name: files for name, files in twice.items() if len(files) > 1 and name not in GIVEN_TWICE} == {}


def test_no_constant_is_given_twice_in_a_module(tracked: list[Path]) -> None:
    for path, tree in python(tracked, *PACKAGES):
        names = [t.id for node in tree.body if isinstance(node, ast.Assign) for t in node.targets if isinstance(t, ast.Name)]
        assert {name for name in names if names.count(name) > 1} == set(), path


def test_nothing_private_is_imported(tracked: list[Path]) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {alias.name}"
        for path, tree in python(tracked, *PACKAGES, "tests", "tools", "benchmarks")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in PACKAGES
        for alias in node.names
        if alias.name.startswith("_")
    ]
    assert found == []
