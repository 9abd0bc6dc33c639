"""What is committed: no stray, no output, no address, no path of somebody's machine; modules that fit the head."""

import ast
import json
import re
import subprocess
import tomllib
from collections.abc import Iterator

import pytest
from support.clone import ROOT

TOP = {
    ".ci", ".devcontainer", ".dockerignore", ".gitattributes", ".gitignore", ".npmrc", "CONTRIBUTING.md", "Dockerfile",
    "LICENSE", "LICENSE-TEXT", "Makefile", "README.md",
    "autograder", "benchmarks", "biome.jsonc", "docs", "environment.yml", "leftcontext", "nbgrader_config.py", "notebooks",
    "package-lock.json", "package.json", "pyproject.toml", "requirements-site.txt", "requirements-test.txt",
    "requirements.txt", "solutions", "source", "tests", "tools", "tsconfig.json",
}  # fmt: skip
UNIT_FILE = re.compile(r"source/(\d\d-[a-z-]+)/(lesson\.md|ex_\d\d_\w+\.py|quiz_\w+\.md|\1\.ipynb)|source/built\.sums")
BESIDE_UNITS = re.compile(r"source/(course\.toml|diagnostic/\d\d-[a-z-]+\.md|reference/(cheat-sheet|glossary|bibliography)\.md)")
BUILT_FILE = re.compile(r"(?:notebooks|solutions)/(\d\d-[a-z-]+)/\1\.ipynb")
DATA_OF_UNITS: set[str] = set()  # files that a lesson needs beside it, by their paths under source/, declared here
MADE_FOR_A_WORKSPACE = {"../start.ipynb"}  # from source/reference/, which is handed out into one
NEVER = re.compile(r"\.(db|pyc|sqlite\d?|key|pem|log)$|\.ipynb_checkpoints|__pycache__|jupyter_cookie|\.env$")
MACHINE = re.compile(r"/root/|/home/\w+/|/work/|/Users/\w+/|[A-Z]:\\Users|file:///|https?://[^ ]*(?:pypi|pythonhosted|npmjs)")


@pytest.fixture(scope="module")
def tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("This is no git clone.")
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def texts(tracked: list[str], *suffixes: str) -> Iterator[tuple[str, str]]:
    for name in tracked:
        if name.endswith(suffixes):
            yield name, (ROOT / name).read_text(encoding="utf-8")


def test_every_file_has_a_place(tracked: list[str]) -> None:
    strays = [name for name in tracked if not _has_a_place(name)]
    assert not strays, f"Not expected here. Run: git rm --cached {' '.join(strays)}"


def _has_a_place(name: str) -> bool:
    if NEVER.search(name) or name.split("/")[0] not in TOP:
        return False
    if name.startswith("source/"):
        return bool(UNIT_FILE.fullmatch(name) or BESIDE_UNITS.fullmatch(name)) or name.removeprefix("source/") in DATA_OF_UNITS
    if name.startswith(("notebooks/", "solutions/")):
        return bool(BUILT_FILE.fullmatch(name)) or name.split("/", 1)[1] in DATA_OF_UNITS
    return True


def test_no_file_is_large(tracked: list[str]) -> None:
    # The clinic's worked notebook shows dozens of pictures, each in a light and in a dark version.
    large = {name: size for name in tracked if (size := (ROOT / name).stat().st_size) > 3_500_000}
    assert not large


def test_committed_notebooks_outside_solutions_hold_no_output(tracked: list[str]) -> None:
    for name, text in texts(tracked, ".ipynb"):
        if name.startswith("solutions/"):
            continue
        code = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
        assert not any(cell["outputs"] or cell["execution_count"] for cell in code), f"{name}. Run: leftcontext build"


def test_nothing_names_a_machine_or_a_registry(tracked: list[str]) -> None:
    kinds = (".py", ".md", ".ipynb", ".toml", ".txt", ".yml", ".js", ".css", ".json", ".mjs", "Makefile", "run", ".npmrc")
    for name, text in texts(tracked, *kinds):
        if name == "tests/test_repository.py":
            continue
        found = MACHINE.search(text)
        assert found is None, f"{name}: {found[0]}"


def test_the_lock_holds_pins_and_no_address() -> None:
    """What a learner and an instructor need is in one file, what the tests and the site need beside it in two others."""
    course = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    first, *tests = (ROOT / "requirements-test.txt").read_text(encoding="utf-8").splitlines()
    same, *site = (ROOT / "requirements-site.txt").read_text(encoding="utf-8").splitlines()
    assert first == same == "-r requirements.txt"
    assert all(re.fullmatch(r"[a-z0-9-]+==[\w.]+( ; .+)?", line) for line in course + tests + site)
    assert _wanted("site") <= {line.split("==")[0] for line in course + site}, "Run: make lock"
    versions = dict(line.split(" ;")[0].split("==") for line in tests)
    assert all(versions.get(name, pin) == pin for name, pin in (line.split(" ;")[0].split("==") for line in site))
    names = {line.split("==")[0] for line in course}
    more = {line.split("==")[0] for line in tests}
    assert not names & more
    assert _wanted("grade") <= names, "Run: make lock"
    assert _wanted("test") <= names | more, "Run: make lock"
    assert not {"ruff", "mypy", "pytest", "hypothesis", "playwright", "distributed"} & names
    assert any(line.startswith("ipykernel==7.") for line in course)


def _wanted(extra: str) -> set[str]:
    """What the project requires with an extra, and with the extras that it includes."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {re.split(r"[<>=]", name)[0] for name in project["dependencies"]}
    for line in project["optional-dependencies"][extra]:
        included = re.fullmatch(r"left-context\[([\w,]+)\]", line)
        for name in included[1].split(",") if included else ():
            wanted |= _wanted(name)
        if not included:
            wanted.add(re.split(r"[<>=]", line)[0])
    return wanted


def test_conda_and_binder_get_the_same_packages() -> None:
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    assert "- -r requirements.txt" in text
    assert "- -e ." in text
    assert re.search(r"python=3\.1[1-4]$", text, re.MULTILINE)


def test_links_between_pages_lead_somewhere(tracked: list[str]) -> None:
    for name, text in texts(tracked, ".md"):
        for target in re.findall(r"\]\(<?([^)#>\s]+)", text):
            if "://" not in target and not target.startswith("mailto:") and target not in MADE_FOR_A_WORKSPACE:
                assert (ROOT / name).parent.joinpath(target).exists(), f"{name} links to {target}"


def test_modules_and_functions_fit_the_head(tracked: list[str]) -> None:
    lengths, functions = {}, {}
    for name, text in texts(tracked, ".py"):
        if not name.startswith(("autograder/", "leftcontext/")):
            continue
        lengths[name] = text.count("\n")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                functions[f"{name}:{node.name}"] = node.end_lineno - node.lineno + 1
    assert {name: n for name, n in lengths.items() if n > 400} == {}
    assert {name: n for name, n in functions.items() if n > 70} == {}
