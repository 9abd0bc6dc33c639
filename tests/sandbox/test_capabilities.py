"""Root without some of its capabilities, as in most containers: what it can't do is said before anything is tried."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.clone import ROOT

from autograder.sandbox import linux
from autograder.sandbox.levels import IsolationLevel, unmet_requirement
from autograder.sandbox.restrict import CAPABILITIES, missing_capabilities, other_user

SETPCAP, LAST, CAPBSET_DROP = 8, 40, 24
DROP = """
import os, sys
from autograder.sandbox import linux
for number in map(int, filter(None, sys.argv[1].split(","))):
    linux.call("prctl", {drop}, number, 0, 0, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[2:]])  # from here on, they are gone for good
"""
STATE = """
from autograder.sandbox.levels import IsolationLevel, unmet_requirement
print(unmet_requirement(IsolationLevel.BASIC), unmet_requirement(IsolationLevel.FULL), sep="\\n")
"""
SANDBOXED = """
import pathlib, sys
from autograder.sandbox.levels import IsolationLevel
from support.sandboxed import run_sandboxed
print(run_sandboxed("print('it ran')", IsolationLevel.BASIC, pathlib.Path(sys.argv[1])))
"""
OTHERS_PROCESS = """
import os, signal
from autograder.sandbox.levels import IsolationLevel, make_policy
from autograder.sandbox.usage import exceeded_limit
policy = make_policy(IsolationLevel.BASIC)
(ready, begun), (until, end) = os.pipe(), os.pipe()
child = os.fork()
if not child:
    os.close(end)
    os.setresuid(65534, 65534, 65534)
    os.write(begun, b"x")
    os.read(until, 1)  # until the parent has ended
    os._exit(0)
os.read(ready, 1)
{act}
print("it ran")
"""
PROGRAMS = {
    "CAP_KILL": OTHERS_PROCESS.format(act="os.kill(child, signal.SIGKILL)"),
    "CAP_SYS_PTRACE": OTHERS_PROCESS.format(act="assert exceeded_limit(policy, child, 1 << 40) is None"),
}
# With CAP_PERFMON or CAP_SYS_ADMIN, newer kernels show the memory of another user's process all the same, but not its open files.
ALSO_DROPPED = {"CAP_SYS_PTRACE": [21, 38]}


@pytest.fixture(autouse=True)
def needs_root() -> None:
    if other_user() is None:
        pytest.skip("only root has capabilities to lose, and only where there is another user")
    if missing := missing_capabilities():
        pytest.skip(f"root lacks {', '.join(missing)} here")
    if not linux.effective_capabilities() >> SETPCAP & 1:
        pytest.skip("root lacks CAP_SETPCAP here, and so can't give up a capability")
    if lacking := unmet_requirement(IsolationLevel.BASIC):
        pytest.skip(lacking)


def run_without(numbers: list[int], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python as root without these capabilities."""
    given_up = ",".join(map(str, numbers))
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    return subprocess.run(
        [sys.executable, "-c", DROP.format(drop=CAPBSET_DROP), given_up, *arguments],
        env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def test_what_root_lacks_is_named_with_the_way_out() -> None:
    some = ["CAP_KILL", "CAP_SYS_PTRACE"]
    reasons = run_without([CAPABILITIES[name] for name in some], "-c", STATE).stdout.splitlines()
    assert len(reasons) == 2
    for reason in reasons:
        assert reason.startswith("root lacks CAP_KILL, CAP_SYS_PTRACE here, without which")
        assert reason.endswith("--cap-add KILL --cap-add SYS_PTRACE") and "ordinary user" in reason


@pytest.mark.parametrize("name", CAPABILITIES)
def test_without_any_of_them_it_would_not_work(name: str, tmp_path: Path) -> None:
    given_up = [CAPABILITIES[name], *ALSO_DROPPED.get(name, [])]
    done = run_without(given_up, "-c", PROGRAMS.get(name, SANDBOXED), str(tmp_path))
    assert "it ran" not in done.stdout, done.stderr


def test_no_other_capability_is_needed(tmp_path: Path) -> None:
    others = [number for number in range(LAST + 1) if number not in CAPABILITIES.values() and number != SETPCAP]
    for program in (SANDBOXED, *PROGRAMS.values()):
        done = run_without([*others, SETPCAP], "-c", program, str(tmp_path))
        assert done.stdout == "it ran\n", done.stderr
    assert run_without([*others, SETPCAP], "-c", STATE).stdout.splitlines()[0] == "None"


def test_the_command_refuses_in_one_line() -> None:
    command = "import autograder.cli as cli, sys; sys.argv[0] = 'leftcontext'; sys.exit(cli.main())"
    arguments = ["-c", command, "grade", "05-causal-mask", "--isolation", "basic"]
    done = run_without([CAPABILITIES["CAP_DAC_READ_SEARCH"]], *arguments)
    assert done.returncode == 2 and done.stdout == "", done.stderr
    assert "level basic (Landlock, seccomp, resource limits) can't be used here: root lacks CAP_DAC_READ_SEARCH" in done.stderr
    assert done.stderr.count("\n") == 1
