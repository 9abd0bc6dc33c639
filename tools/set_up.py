"""Set up the project's own virtual environment, show how far it is, and say what to do when it can't go on.

    python tools/set_up.py .venv requirements.txt --project .

makes `.venv` where there is none, installs the pinned packages of each requirements file, and links the project into it.
It needs nothing but Python 3.11 and installs nothing outside that folder. Stopped at any moment, it goes on from there
when it is started again.
"""

from __future__ import annotations

import argparse
import ast
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

# The settings of pip that say where packages come from. Only these reach the set-up: those that say where packages go, or
# which (`user`, `target`, `prefix`, `constraint`, `require-hashes`, ...), would send them elsewhere or stop it.
SOURCES = (
    "index-url", "extra-index-url", "find-links", "no-index", "trusted-host", "cert", "client-cert", "proxy", "timeout",
    "default-timeout", "retries", "resume-retries", "cache-dir", "no-cache-dir", "keyring-provider", "use-feature",
    "use-deprecated", "only-binary", "no-binary", "prefer-binary",
)  # fmt: skip

# How pip names the package it looks at; one that lies on this machine by its file.
PACKAGE = re.compile(
    r"(?:Collecting|Requirement already satisfied:) ([\w.-]+)|Processing (?:.*[/\\])?([\w.]+)-[^/\\]*$"
)

# What pip writes, and what a person can do about it; the first that is found counts.
ADVICE = (
    (
        r"No space left on device|Errno 28|Disk quota exceeded",
        "The disk is full, or your quota is used up: the course needs about 550 MB, the tests 300 more. "
        "pip's cache may be emptied: pip cache purge",
    ),
    (
        r"ProxyError|Tunnel connection failed|407 Proxy",
        "The proxy refuses the connection. Name the right one: export HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLError|SSLCertVerificationError",
        "The certificate of the package index is not trusted here. If your network has one of its own: export PIP_CERT=FILE",
    ),
    (
        r"after connection broken by|NewConnectionError|NameResolutionError|Read timed out|ConnectTimeout|ConnectionReset"
        r"|IncompleteRead|Network is unreachable|Temporary failure in name resolution",
        "The package index can't be reached. Check the connection. Behind a proxy: export HTTPS_PROXY=http://HOST:PORT. "
        "With a mirror: pip config set global.index-url ADDRESS",
    ),
    (
        r"\b(401|403) Client Error",
        "The package index refuses access. See which one pip asks, and as whom: pip config list",
    ),
    (
        r"No matching distribution found|Could not find a version",
        "The package index has no such version for Python {version} on this machine. See which index pip asks "
        "(pip config list), or set up with another Python: make PYTHON=/path/to/python3",
    ),
    (
        r"Permission denied|Errno 13|Read-only file system|Errno 30",
        "A file can't be written. Is this folder yours, and writable?",
    ),
    (
        r"Failed (building wheel|to build)|metadata-generation-failed|subprocess-exited-with-error",
        "A package has no ready-made build for Python {version} on this machine. Set up with another Python: "
        "make PYTHON=/path/to/python3",
    ),
)


class CannotSetUp(Exception):
    """The set-up can't go on; the message says why and what to do."""


class Display:
    """One line that changes on a terminal; elsewhere a line for each step and each tenth of it."""

    def __init__(self) -> None:
        self.live = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
        self.start = time.monotonic()
        self.last: tuple[str, int] = ("", -1)

    def step(self, what: str, at: int = 0, total: int = 0, name: str = "") -> None:
        """Show a step, and which package of how many it is at."""
        text = f"{what} {at} of {total}: {name}" if total else what
        if self.live:
            passed = int(time.monotonic() - self.start)
            width = shutil.get_terminal_size().columns - 1
            print(f"\r\033[K{f'{passed // 60}:{passed % 60:02} {text}'[:width]}", end="", flush=True)
            return
        tenth = (what, 10 * at // total if total else 0)
        if tenth != self.last:
            print(text, flush=True)
            self.last = tenth

    def end(self) -> None:
        """Clear the line that changes."""
        if self.live:
            print("\r\033[K", end="", flush=True)


def make_venv(folder: Path, display: Display) -> None:
    """Make the virtual environment, or repair one whose pip or Python is broken. Raises CannotSetUp."""
    for option in ([], ["--clear"]):
        if _has_pip(folder):
            return
        display.step(f"making {folder}")
        command = [sys.executable, "-I", "-m", "venv", *option, str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    if done.returncode or not _has_pip(folder):
        said = done.stdout + done.stderr
        advice = (
            advice_on(said) or "Python can't make a virtual environment. On Debian and Ubuntu: apt install python3-venv"
        )
        raise CannotSetUp(f"{_tail(said)}\n{advice}")


def pip_environment(folder: Path, home: Path) -> dict[str, str]:
    """The environment pip runs in: of pip's settings, files and variables alike, only those in SOURCES.

    `home` serves where there is no home folder. Raises CannotSetUp for a configuration that pip can't read.
    """
    listed = subprocess.run(
        [*_pip(folder), "config", "list"], capture_output=True, encoding="utf-8", errors="replace", env=with_home_set(home)
    )
    if listed.returncode:
        raise CannotSetUp(f"pip can't read its configuration:\n{_tail(listed.stdout + listed.stderr)}")
    settings: dict[str, dict[str, str]] = {"global": {}, "install": {}, ":env:": {}}  # each overrides those before it
    for line in listed.stdout.splitlines():
        key, _, value = line.partition("=")
        section, _, name = key.rpartition(".")
        if section in settings and name in SOURCES:
            settings[section][name] = str(ast.literal_eval(value))
    kept = {name: value for name, value in with_home_set(home).items() if not name.startswith(("PIP_", "PYTHON"))}
    for named in settings.values():
        kept |= {f"PIP_{name.upper().replace('-', '_')}": value for name, value in named.items()}
    return kept | {"PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def install(folder: Path, arguments: list[str], total: int, env: dict[str, str], display: Display) -> None:
    """Run `pip install` in the virtual environment and show where it is. Raises CannotSetUp."""
    for record in set(_dist_infos(folder)) - set(_records(folder)):
        shutil.rmtree(record)  # stopped half-way, though pip would take it for installed
    command = [*_pip(folder), "install", "--no-deps", "--no-input", "--progress-bar", "off", *arguments]
    log = folder / "set_up.log"
    with open(log, "a", encoding="utf-8") as written:
        process = subprocess.Popen(
            command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            encoding="utf-8", errors="replace",
        )  # fmt: skip
        try:
            lines = []
            for line in _follow(process, Progress(folder, total, display)):
                lines.append(line)
                written.write(line + "\n")
            code = process.wait()
        except BaseException:
            _stop(process)
            raise
    if code and any("Operation cancelled by user" in line for line in lines):
        raise KeyboardInterrupt
    if code:
        errors = [line for line in lines if line.lower().startswith("error")] or lines
        advice = advice_on("\n".join(lines)) or ("pip was killed: is memory short?" if code < 0 else "")
        raise CannotSetUp(
            f"{_tail(os.linesep.join(errors))}\n{advice}\nAll that pip wrote: {log}".replace("\n\n", "\n")
        )


class Progress:
    """What pip is at, from its lines and from what lies in the virtual environment."""

    def __init__(self, folder: Path, total: int, display: Display) -> None:
        self.folder, self.total, self.display = folder, total, display
        self.at, self.name, self.note = 0, "", ""
        self.installing: list[str] = []
        self.before: set[Path] = set()

    def hear(self, line: str) -> None:
        """Take in a line of pip's."""
        if line.startswith("Ignoring "):  # another Python's, or another system's
            self.total -= 1
        elif found := PACKAGE.match(line.partition(" (from ")[0]):
            self.at, self.name, self.note = self.at + 1, found[1] or found[2], ""
        elif found := re.match(r"\s*Downloading .*(\([\d.]+ [kMG]B\))", line):
            self.note = f" {found[1]}"
        elif "WARNING: Retrying" in line:
            self.note = ": no answer from the package index, trying again"
        elif line.startswith("Installing collected packages: "):
            self.installing = line.partition(": ")[2].split(", ")
            self.before = set(_records(self.folder))

    def show(self) -> None:
        """Show it."""
        if self.installing:
            done = min(len(set(_records(self.folder)) - self.before), len(self.installing) - 1)
            self.display.step("installing", done + 1, len(self.installing), self.installing[done])
        elif self.at and self.total:
            self.display.step("fetching", min(self.at, self.total), self.total, self.name + self.note)


def _follow(process: subprocess.Popen[str], progress: Progress) -> Iterator[str]:
    """pip's lines as they come; meanwhile the display stays up to date."""
    lines: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.put(line.rstrip("\n"))
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    while True:
        try:
            line = lines.get(timeout=0.5)
        except queue.Empty:
            progress.show()
            continue
        if line is None:
            return
        progress.hear(line)
        progress.show()
        yield line


def _stop(process: subprocess.Popen[str]) -> None:
    """End pip; at Ctrl-C it has been told already, and only needs a moment."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT if os.name == "posix" else signal.SIGTERM)
        try:
            process.wait(10)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            process.kill()
            process.wait()


def _pip(folder: Path) -> list[str]:
    """pip of the virtual environment, deaf to PYTHONPATH and its like, and always in UTF-8."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    return [str(python), "-I", "-X", "utf8", "-m", "pip"]


def _has_pip(folder: Path) -> bool:
    """Whether the virtual environment is there and works, whatever pip's settings are."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    try:
        return not subprocess.call(
            [*_pip(folder), "--version"],
            env=env | {"PIP_CONFIG_FILE": os.devnull},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        return False


def with_home_set(home: Path) -> dict[str, str]:
    """The environment, with `home` for HOME where the user has none."""
    try:
        Path.home()
    except RuntimeError:  # HOME is not set and the user is in no list of users, as in many containers
        return {**os.environ, "HOME": str(home)}
    return dict(os.environ)


def count_packages(files: list[Path]) -> int:
    """How many packages requirements files name, those they include (`-r FILE`) too."""
    count = 0
    for file in files:
        for line in file.read_text(encoding="utf-8").splitlines():
            if line.startswith("-r "):
                count += count_packages([file.parent / line[3:].strip()])
            elif line.strip() and not line.startswith("#"):
                count += 1
    return count


def _dist_infos(folder: Path) -> Iterator[Path]:
    for site in (*folder.glob("lib/*/site-packages"), folder / "Lib/site-packages"):
        yield from site.glob("*.dist-info")


def _records(folder: Path) -> Iterator[Path]:
    """Packages installed to the end: their RECORD is written last."""
    return (path for path in _dist_infos(folder) if (path / "RECORD").exists())


def advice_on(said: str) -> str:
    """What to do about an error of pip's; nothing where it is not known."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return next((advice.format(version=version) for pattern, advice in ADVICE if re.search(pattern, said)), "")


def _tail(text: str) -> str:
    return "\n".join(text.strip().splitlines()[-6:])


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """Set up; 0: all is there, 1: it can't go on, 130: it was stopped."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("venv", type=Path, help="the virtual environment's folder")
    parser.add_argument("requirements", type=Path, nargs="+", help="files of pinned packages")
    parser.add_argument("--project", type=Path, help="a project to link into it")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, _interrupt)
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]  # a path in letters that the terminal lacks
    display = Display()
    print(
        f"Setting up {asked.venv}; this happens once. Ctrl-C stops it, and the same command goes on from there.",
        flush=True,
    )
    try:
        with tempfile.TemporaryDirectory() as home:
            make_venv(asked.venv, display)
            env = pip_environment(asked.venv, Path(home))
            files = [argument for file in asked.requirements for argument in ("--requirement", str(file))]
            install(asked.venv, files, count_packages(asked.requirements), env, display)
            if asked.project:
                display.step("linking the course")
                install(asked.venv, ["--editable", str(asked.project)], 0, env, display)
    except (CannotSetUp, OSError) as reason:
        display.end()
        print(f"{reason}\nThen run the same command again: it goes on from here.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        display.end()
        print("Stopped. Run the same command again: it goes on from here.", file=sys.stderr)
        return 130
    display.end()
    print(f"Set up in {time.monotonic() - display.start:.0f} seconds.", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
