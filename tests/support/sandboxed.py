"""Runs Python code at an isolation level, by the sandbox package alone: no grader, no notebook."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from support.clone import ROOT

from autograder.sandbox.levels import IsolationLevel, make_policy
from autograder.sandbox.restrict import map_users, other_user

INSIDE = """
import json, os, socket, sys
from autograder.sandbox import linux
from autograder.sandbox.policy import SandboxPolicy
task = json.loads(sys.argv[1])
policy = SandboxPolicy.from_json(task["policy"])
size = int(open("/proc/self/statm").read().split()[0]) * 4096
sandbox = None
if policy.has_namespaces:
    from autograder.sandbox.namespaces import SandboxRoot
    def map_users():
        print("map", os.getpid(), flush=True)
        sys.stdin.readline()
    sandbox = SandboxRoot(policy, task["folder"], map_users)
exec(task["before"])
pid = sandbox.fork() if sandbox else os.fork()
if not pid:
    status = 1
    try:
        linux.close_descriptors([sandbox.proc, sandbox.own_pids] if sandbox else [], sandbox.proc if sandbox else None)
        if sandbox:
            home = sandbox.enter(size)
        else:
            from autograder.sandbox.restrict import ProcessCount, enter_basic
            home = task["folder"]
            enter_basic(policy, home, size, ProcessCount().now())
        os.chdir(home)
        exec(task["code"], {"__name__": "student"})
        status = 0
    except BaseException as error:
        print(type(error).__name__, error)
    finally:
        sys.stdout.flush()
        os._exit(status)
os.waitpid(pid, 0)
exec(task["after"])
sys.stdout.flush()
"""


def run_sandboxed(code: str, level: IsolationLevel, folder: Path, before: str = "", after: str = "") -> str:
    """What `code` prints at a level; `before` and `after` run outside, in the process that forks it. `folder` is empty."""
    user = other_user()
    if level == IsolationLevel.BASIC and user is not None:
        os.chown(folder, user, user)
    policy = make_policy(level, ["autograder", "leftcontext"]).to_json()
    task = {"policy": policy, "folder": str(folder), "code": code, "before": before, "after": after}
    with subprocess.Popen(
        [sys.executable, "-c", INSIDE, json.dumps(task)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/",
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            if line.startswith("map "):
                map_users(int(line.split()[1]), user)
                process.stdin.write("\n")
                process.stdin.flush()
            else:
                lines.append(line)
        process.wait(60)
    return "".join(lines).strip()
