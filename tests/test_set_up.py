"""`make setup`: installs into its own folder whatever the settings of pip, shows how far it is, can be stopped, and advises."""

import contextlib
import importlib.util
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest
from support.clone import ROOT
from support.sizes import share

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="make needs a POSIX system")
SCRIPT = ROOT / "tools" / "set_up.py"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with five small packages that pip finds without a network, and a home folder whose settings say so."""
    place = tmp_path_factory.mktemp("set up")  # a name with a space
    for name in ("one", "two", "three", "four", "five"):
        _wheel(place / "wheels", name)
    (place / "home").mkdir()
    _configure(place)
    return place


def _wheel(folder: Path, name: str) -> None:
    folder.mkdir(exist_ok=True)
    info = f"{name}-1.0.dist-info"
    files = {
        f"{name}.py": f"name = {name!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{file},,\n" for file in (*files, f"{info}/RECORD"))
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
        for file, text in files.items():
            wheel.writestr(file, text)


def _configure(place: Path, sources: str = "no-index = true", others: str = "") -> None:
    folder = place / "home" / ".config" / "pip"
    folder.mkdir(parents=True, exist_ok=True)
    links = (place / "wheels").as_uri()
    (folder / "pip.conf").write_text(f"[global]\n{sources}\nfind-links = {links}\n[install]\n{others}\n", encoding="utf-8")


def _requirements(place: Path, *names: str) -> Path:
    file = place / f"{'-'.join(names)}.txt"
    lines = [f"{name}==1.0\n" for name in names] + ["six==1.0 ; sys_platform == 'nowhere'\n"]
    file.write_text("".join(lines), encoding="utf-8")
    return file


def _environment(place: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "XDG_"))}
    return {**kept, "HOME": str(place / "home"), "TERM": "xterm", **more}


def _set_up(place: Path, *names: str, umask: int = -1, **more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, SCRIPT, place / "venv", _requirements(place, *names)]
    return subprocess.run(
        command, env=_environment(place, **more), cwd=place, capture_output=True, text=True, umask=umask, timeout=200
    )


def _imports(place: Path, *names: str) -> bool:
    code = f"import {', '.join(names)}"
    return subprocess.run([place / "venv" / "bin" / "python", "-I", "-c", code], capture_output=True).returncode == 0


@pytest.fixture(scope="module")
def made(place: Path) -> subprocess.CompletedProcess[str]:
    """The first run, under settings that would send packages elsewhere or stop pip, a strict umask and a plain locale."""
    (place / "elsewhere").mkdir()
    (place / "elsewhere" / "two.py").write_text("")
    elsewhere = place / "elsewhere"
    _configure(place, others=f"user = true\ntarget = {elsewhere}\nrequire-hashes = true\nno-build-isolation = true\nquiet = 2")
    hostile = {
        "PIP_USER": "1", "PIP_PREFIX": str(elsewhere), "PIP_REQUIRE_VIRTUALENV": "1", "PIP_CONSTRAINT": "/nowhere.txt",
        "PIP_PYTHON": sys.executable, "PYTHONPATH": str(elsewhere), "PYTHONUSERBASE": str(elsewhere), "LC_ALL": "POSIX",
    }  # fmt: skip
    done = _set_up(place, "one", "two", umask=0o077, **hostile)
    _configure(place)
    return done


def test_settings_of_pip_do_not_reach_it(place: Path, made: subprocess.CompletedProcess[str]) -> None:
    assert (made.returncode, made.stderr) == (0, "")
    assert _imports(place, "one", "two")
    assert [path.name for path in (place / "elsewhere").iterdir()] == ["two.py"]
    assert not (place / "home" / ".local").exists()


def test_it_says_what_it_is_at(made: subprocess.CompletedProcess[str]) -> None:
    lines = made.stdout.splitlines()
    assert lines[0].startswith("Setting up ")
    assert lines[1].startswith("making ")
    assert lines[2:4] == ["fetching 1 of 2: one", "fetching 2 of 2: two"]
    assert re.fullmatch(r"installing 1 of 2: (one|two)", lines[4])
    assert re.fullmatch(r"Set up in \d+ seconds\.", lines[-1])


@pytest.mark.long
def test_on_a_terminal_one_line_changes(place: Path, made: subprocess.CompletedProcess[str]) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, SCRIPT, place / "venv", _requirements(place, "one", "three")]
    process = subprocess.Popen(command, env=_environment(place), cwd=place, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # how a terminal ends
        while part := os.read(ours, 4096):
            shown += part
    os.close(ours)
    assert process.wait() == 0
    lines = shown.decode().split("\r\x1b[K")
    assert any(re.fullmatch(r"0:\d\d fetching 2 of 2: three", line) for line in lines)
    assert any(re.fullmatch(r"0:\d\d installing 1 of 1: three", line) for line in lines)
    assert lines[-1].startswith("Set up in ")


@pytest.mark.long
def test_a_package_stopped_half_way_is_installed_again(place: Path, made: subprocess.CompletedProcess[str]) -> None:
    (site,) = (place / "venv" / "lib").glob("*/site-packages")
    (site / "one.py").unlink()
    (site / "one-1.0.dist-info" / "RECORD").unlink()
    assert _set_up(place, "one").returncode == 0
    assert _imports(place, "one")


@pytest.mark.long
@pytest.mark.parametrize("number", share([signal.SIGINT, signal.SIGTERM], 2))
def test_stopped_it_leaves_no_process_and_goes_on_later(
    place: Path, made: subprocess.CompletedProcess[str], number: signal.Signals
) -> None:
    name = {signal.SIGINT: "four", signal.SIGTERM: "five"}[number]
    with socket.create_server(("127.0.0.1", 0)) as silent:  # an index that takes the question and never answers
        _configure(place, f"index-url = http://127.0.0.1:{silent.getsockname()[1]}/simple")
        process = subprocess.Popen(
            [sys.executable, SCRIPT, place / "venv", _requirements(place, name)], cwd=place, env=_environment(place),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background job ignores it
        )  # fmt: skip
        silent.settimeout(60)
        with silent.accept()[0]:
            if number == signal.SIGINT:
                os.killpg(process.pid, number)  # as a terminal does it
            else:
                process.send_signal(number)
            _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said == "Stopped. Run the same command again: it goes on from here.\n"
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
    _configure(place)
    assert _set_up(place, name).returncode == 0
    assert _imports(place, name)


@pytest.mark.long
@pytest.mark.parametrize(
    ("sources", "said"),
    [
        ("index-url = http://127.0.0.1:9/simple\nretries = 1", "can't be reached"),
        ("no-index = true", "has no such version for Python"),
        ("no index", "can't read its configuration"),
    ],
)
def test_errors_say_what_to_do(place: Path, made: subprocess.CompletedProcess[str], sources: str, said: str) -> None:
    _configure(place, sources)
    done = _set_up(place, "missing")
    _configure(place)
    assert done.returncode == 1
    assert said in done.stderr
    assert "it goes on from here" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


@pytest.fixture(scope="module")
def set_up() -> ModuleType:
    spec = importlib.util.spec_from_file_location("set_up", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "The disk is full"),
        ("OSError('Tunnel connection failed: 407 Proxy Authentication Required')", "proxy"),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate'))", "PIP_CERT"),
        ("ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: '/x'", "can't be written"),
        ("ERROR: Failed building wheel for pyzmq", "no ready-made build"),
        ("something else", ""),
    ],
)
def test_each_kind_of_error_has_its_advice(set_up: ModuleType, line: str, said: str) -> None:
    assert said in set_up.advice_on(line)
    assert bool(said) == bool(set_up.advice_on(line))


def test_without_a_home_folder_it_takes_another(set_up: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", {}.__getitem__)
    assert set_up.with_home_set(tmp_path)["HOME"] == str(tmp_path)


def test_packages_are_counted_once(set_up: ModuleType) -> None:
    course, all = set_up.count_packages([ROOT / "requirements.txt"]), set_up.count_packages([ROOT / "requirements-test.txt"])
    assert 100 < course < all
