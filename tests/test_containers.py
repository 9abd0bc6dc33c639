"""The Dockerfiles, the hub's examples and the development container name what is in the clone, and docs/jupyterhub.md them."""

import json
import re
import runpy
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest
from support.clone import ROOT
from traitlets.config import Config
from typer.main import get_command

from autograder.cli.app import app

EXAMPLES = ROOT / "docs/examples"
IN_THE_IMAGE = "/opt/left-context/"


def configured(path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """What a configuration file sets."""
    config = Config()
    monkeypatch.setattr("builtins.get_config", lambda: config, raising=False)
    runpy.run_path(str(path))
    return config


@pytest.mark.parametrize("dockerfile", [ROOT / "Dockerfile", EXAMPLES / "hub.Dockerfile"], ids=lambda path: path.name)
def test_what_a_dockerfile_copies_is_in_the_clone_and_not_left_out(dockerfile: Path) -> None:
    ignored = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    text = dockerfile.read_text()
    copied = re.findall(r"^COPY (\S+) \S+$", text, re.MULTILINE)
    assert copied
    for name in copied:
        assert (ROOT / name).exists(), name
        assert not any(fnmatch(name, pattern) for pattern in ignored), name
    for name in re.findall(rf"{IN_THE_IMAGE}(\S+)", text):
        assert (ROOT / name).exists(), name
    assert not any((ROOT / name).exists() and fnmatch(name, pattern) for name in ("source", "notebooks") for pattern in ignored)


def test_the_images_command_is_one_of_ours() -> None:
    (written,) = re.findall(r"^CMD (\[.*\])$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    program, command, *rest = json.loads(written)
    assert program in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    known = get_command(app).commands[command]  # type: ignore[attr-defined]
    understood = known.make_context(command, rest).params
    assert (understood["browser"], understood["port"]) == (False, 8888)


def test_a_hubs_instructor_and_students_use_the_same_exchange_outside_the_clone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = configured(EXAMPLES / "jupyterhub_config.py", monkeypatch)
    student = configured(EXAMPLES / "hub_nbgrader_config.py", monkeypatch)
    environment = hub.Spawner.environment
    for name, value in environment.items():
        if value.startswith(IN_THE_IMAGE):
            assert (ROOT / value.removeprefix(IN_THE_IMAGE)).exists(), name
    clone = tmp_path / "clone"
    clone.mkdir()
    (clone / "nbgrader_config.py").write_text((ROOT / "nbgrader_config.py").read_text())
    own = configured(clone / "nbgrader_config.py", monkeypatch)
    assert own.Exchange.root == str(clone / "course/exchange")
    monkeypatch.setenv("LEFTCONTEXT_EXCHANGE", environment["LEFTCONTEXT_EXCHANGE"])
    shared = configured(clone / "nbgrader_config.py", monkeypatch)
    assert shared.Exchange.root == student.Exchange.root
    assert shared.CourseDirectory.course_id == student.CourseDirectory.course_id
    assert (clone / "course").is_dir()  # where the gradebook will be


def test_the_development_container_runs_targets_that_there_are() -> None:
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    program, target = container["postCreateCommand"].split()
    assert program == "make" and target in targets
    oldest = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"].removeprefix(">=")
    version = container["image"].rpartition(":")[2]
    assert tuple(map(int, version.split("."))) >= tuple(map(int, oldest.split(".")))


def test_the_page_names_each_file() -> None:
    page = (ROOT / "docs/jupyterhub.md").read_text()
    for path in (*EXAMPLES.glob("hub*"), *EXAMPLES.glob("jupyterhub*"), ROOT / "Dockerfile"):
        assert path.name in page, path.name
