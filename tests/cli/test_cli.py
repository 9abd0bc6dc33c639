"""The one command: what it prints, what it answers to bad input (one line), and its exit codes."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil
import pytest
import typer
from support.clone import BIN, ROOT, run
from support.sizes import share

from autograder.bank import catalog
from autograder.cli import app

RIGHT = """
import numpy as np

def causal_mask(T):
    return np.triu(np.full((T, T), -np.inf), k=1)
"""
WRONG = RIGHT.replace("k=1", "k=0")
FIELDS = {"file", "exercise", "passed", "score", "max_score", "misconception", "message"}


def leftcontext(*arguments: str | Path, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    return run(ROOT, "leftcontext", *arguments, cwd=cwd, env=env)


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    """The one line that bad input is answered with."""
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("leftcontext: ")
    return line


def as_notebook(source: str) -> str:
    cell = {"cell_type": "code", "source": source.splitlines(keepends=True), "metadata": {}, "outputs": []}
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


# check


@pytest.mark.parametrize("suffix", [".py", ".ipynb"])
def test_check_tells_right_from_wrong(tmp_path: Path, suffix: str) -> None:
    for name, source in (("right", RIGHT), ("wrong", WRONG)):
        text = as_notebook(source) if suffix == ".ipynb" else source
        (tmp_path / f"{name}{suffix}").write_text(text, encoding="utf-8")
    done = leftcontext("check", "causal_mask", tmp_path / f"right{suffix}")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("✓ causal_mask")
    done = leftcontext("check", "causal_mask", tmp_path / f"right{suffix}", tmp_path / f"wrong{suffix}", "--json")
    assert done.returncode == 1
    right, wrong = map(json.loads, done.stdout.splitlines())
    assert set(right) == set(wrong) == FIELDS
    assert right["passed"]
    assert right["score"] == right["max_score"] == wrong["max_score"]
    assert right["misconception"] is None
    assert not wrong["passed"]
    assert wrong["misconception"] == "own_position_excluded"
    assert wrong["message"]


def test_check_reads_a_quiz_answer(tmp_path: Path) -> None:
    quiz = catalog.find("quiz_left_context").load()
    (tmp_path / "answer.py").write_text(f"quiz_left_context = {min(quiz.key)!r}\n")
    assert leftcontext("check", "quiz_left_context", tmp_path / "answer.py").returncode == 0


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("missing.py", None, "can't be read"),
        ("a.ipynb", "{'cells': ", "not a notebook"),
        ("b.ipynb", "[]", "not a notebook"),
        ("c.py", "import numpy\n", "does not define causal_mask"),
        ("d.py", "def causal_mask(T:\n", "not valid Python"),
        ("e.txt", "def causal_mask(T): ...", "neither a .py nor an .ipynb"),
    ],
)
def test_a_file_that_can_not_be_used_is_answered_in_one_line(
    tmp_path: Path, name: str, content: str | None, said: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_text(content)
    line = refusal(leftcontext("check", "causal_mask", path))
    assert said in line
    assert str(path) in line


def test_an_unusable_file_does_not_hide_the_others(tmp_path: Path) -> None:
    (tmp_path / "right.py").write_text(RIGHT)
    done = leftcontext("check", "causal_mask", tmp_path / "missing.py", tmp_path / "right.py", "--json")
    assert done.returncode == 2
    assert [json.loads(line)["passed"] for line in done.stdout.splitlines()] == [False, True]
    assert "missing.py" in done.stderr


# Bad input.


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check", "causal_msk", "x.py"], "Did you mean causal_mask"),
        (["check", "causal_mask"], "FILE"),
        (["verify", "causal_msk"], "Did you mean causal_mask"),
        (["build", "nowhere"], "no unit called 'nowhere'"),
        (["frobnicate"], "No such command"),
        (["exercises", "--jsn"], "No such option"),
        (["demo", "--seed", "many"], "valid integer"),
        (["lab", "--port", "-1"], "greater than or equal to 1"),
    ],
)
def test_bad_input_is_answered_in_one_line(arguments: list[str], said: str) -> None:
    assert said in refusal(leftcontext(*arguments))


def test_without_a_course_there_is_nothing_to_build(tmp_path: Path) -> None:
    assert "clone of Left Context" in refusal(leftcontext("build", cwd=tmp_path))


def test_without_a_gradebook_there_is_nothing_to_grade_and_none_is_made(tmp_path: Path) -> None:
    assert "There is no gradebook here" in refusal(leftcontext("grade", "05-causal-mask", cwd=tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_an_occupied_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert f"Port {port} is taken" in refusal(leftcontext("lab", tmp_path / "mine", "--port", port))


def test_without_a_home_folder_a_command_works(tmp_path: Path) -> None:
    """HOME is not set and the system does not know the user, as in `docker run --user 12345`."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text("import pwd\npwd.getpwuid = {}.__getitem__\n")
    (tmp_path / "temporary").mkdir()
    own = {"PYTHONPATH": str(tmp_path / "site"), "TMPDIR": str(tmp_path / "temporary")}
    env = {name: value for name, value in os.environ.items() if name not in ("HOME", "USER", "LOGNAME")}
    done = subprocess.run(
        [BIN / "leftcontext", "grade", "05-causal-mask"], cwd=tmp_path, env=env | own, capture_output=True, text=True
    )
    assert "There is no gradebook here" in refusal(done)
    assert list((tmp_path / "temporary").iterdir()) == []


def _home_with_settings(home: Path) -> dict[str, str]:
    """A home folder with another Python's kernel and a Jupyter configuration that names folders outside the workspace."""
    kernel = home / ".local" / "share" / "jupyter" / "kernels" / "python3" / "kernel.json"
    kernel.parent.mkdir(parents=True)
    kernel.write_text(json.dumps({"argv": ["/another/python"], "display_name": "another", "language": "python"}))
    config = home / ".jupyter" / "jupyter_server_config.py"
    config.parent.mkdir()
    managers = ("FileContentsManager", "AsyncLargeFileManager")
    lines = [f"c.ServerApp.preferred_dir = {str(home)!r}", *(f"c.{name}.preferred_dir = 'nowhere'" for name in managers)]
    config.write_text("\n".join(lines))
    return {"HOME": str(home), "JUPYTER_PATH": str(kernel.parents[2])}


@pytest.mark.long
def test_lab_serves_the_workspace_until_it_is_ended(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = {"LEFTCONTEXT_WORKSPACE": "", "JUPYTER_TOKEN": "secret", **_home_with_settings(tmp_path / "home")}
    command = [BIN / "leftcontext", "lab", "mine", "--no-browser", "--port", str(port)]
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(command, cwd=tmp_path, env=os.environ | own, stdout=log, stderr=log)
    try:
        page = _answer(f"http://127.0.0.1:{port}/api/contents/start.ipynb?token=secret", server)
        assert "[01 · " in json.dumps(json.loads(page), ensure_ascii=False)
        kernels = json.loads(_answer(f"http://127.0.0.1:{port}/api/kernelspecs?token=secret", server))
        assert kernels["kernelspecs"]["python3"]["spec"]["argv"][0] != "/another/python"
    finally:
        server.terminate()
        server.wait(30)
    assert (tmp_path / "mine" / "start.ipynb").is_file()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0, "it left a server behind"


def _answer(address: str, server: subprocess.Popen[bytes]) -> bytes:
    while server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=10) as page:
                return page.read()
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
    raise AssertionError("JupyterLab ended before it answered")


def test_a_file_is_no_workspace(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "is a file" in refusal(leftcontext("lab", tmp_path / "file"))


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize("name", ["", "fake-python"])
def test_an_old_python_is_answered_in_one_line(tmp_path: Path, name: str) -> None:
    old = tmp_path / "fake-python"
    old.write_text("#!/bin/sh\nexit 1\n")  # what `sys.exit(sys.version_info < (3, 11))` gives in an old one
    old.chmod(0o755)
    for file in ("Makefile", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / file, tmp_path)
    outer = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")  # under `make test` a make inside would speak of its folders
    done = subprocess.run(
        ["make", "--silent", "setup", f"PYTHON={old if name else ''}"],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name not in outer},
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert done.stdout == ""
    words = done.stderr.splitlines()
    assert "3.11" in words[0]
    assert "PYTHON=" in words[0]
    assert not (tmp_path / ".venv").exists()


# The rest.


def test_help_is_quick_and_whole() -> None:
    """`--help` must not load NumPy; every subcommand has its own."""
    code = "import sys; from autograder.cli import main; sys.argv[1:] = ['--help']\ntry: main()\nexcept SystemExit: pass\n"
    show = "print([name for name in ('numpy', 'nbgrader', 'jupytext', 'matplotlib') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code + show], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    for command in ("lab", "build", "demo", "exercises", "check", "verify"):
        assert command in done.stdout
        assert leftcontext(command, "--help").returncode == 0
    assert leftcontext().stdout == leftcontext("--help").stdout


def test_exercises_lists_the_bank() -> None:
    done = leftcontext("exercises", "--json")
    rows = json.loads(done.stdout)
    assert [row["id"] for row in rows] == list(catalog.entries())
    for row in rows:
        assert set(row) == {"id", "unit", "topic", "kind", "points", "misconceptions", "former_ids"}
        assert row["kind"] == ("quiz" if row["id"].startswith("quiz_") else "code")
        assert row["points"] > 0
    table = leftcontext("exercises").stdout
    assert all(row["id"] in table for row in rows)


def test_who_stops_reading_gets_no_traceback() -> None:
    command = f"{BIN / 'leftcontext'} exercises --json | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, cwd=ROOT, env={**os.environ})
    assert (done.stdout, done.stderr) == ("[\n", "")


def test_the_shell_completes_ids() -> None:
    done = leftcontext("check", _LEFTCONTEXT_COMPLETE="complete_bash", COMP_WORDS="leftcontext check causal_m", COMP_CWORD="2")
    assert "causal_mask" in done.stdout.split()


def test_verify_proves_an_exercise() -> None:
    done = leftcontext("verify", "quiz_left_context", "--json")
    assert done.returncode == 0, done.stderr
    (proof,) = map(json.loads, done.stdout.splitlines())
    assert proof["exercise"] == "quiz_left_context"
    assert proof["problems"] == []
    table = leftcontext("verify", "quiz_left_context").stdout
    assert "✓ quiz_left_context" in table
    assert table.splitlines()[-1].startswith("1 exercise: 1 correct answer passes")


@pytest.mark.long
@pytest.mark.parametrize("to_all", share([True, False], 2))
def test_verify_ends_when_it_is_interrupted(to_all: bool) -> None:
    command = [BIN / "leftcontext", "verify", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        process.stdout.readline()  # it is in the midst of it
        (os.killpg if to_all else os.kill)(process.pid, signal.SIGINT)
        proven, said = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert len(proven.splitlines()) < len(catalog.entries()) / 2  # the rest was left undone


@pytest.mark.long
def test_verifys_workers_end_with_it_when_it_is_killed() -> None:
    command = [BIN / "leftcontext", "verify", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        process.stdout.readline()  # it is in the midst of it
        workers = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        process.wait(timeout=60)
        assert workers
        assert psutil.wait_procs(workers, timeout=60)[1] == []


@pytest.mark.long
def test_demo_prints_what_a_program_can_read() -> None:
    done = leftcontext("demo", "--json", "--seed", "1")
    report = json.loads(done.stdout)
    assert done.stderr == ""
    assert [model["mask"] for model in report["models"]] == ["causal", "one_ahead", "none"]
    causal, *leaking = report["models"]
    assert causal["held_out_stepwise"] == pytest.approx(causal["held_out_parallel"])
    for model in leaking:
        assert model["held_out_parallel"] < report["language_entropy"] < model["held_out_stepwise"] / 2
        assert model["valid_sentences"] < causal["valid_sentences"]


def test_on_windows_grading_says_what_to_use(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.platform", "win32")
    with pytest.raises(typer.Exit) as stop:
        app.grade("05-causal-mask")
    assert stop.value.exit_code == 2
    assert capsys.readouterr().err == "leftcontext: grading needs Linux. On Windows, run it in WSL.\n"
