"""What a student's process may do. In: folders and limits (`SandboxPolicy`). Out: a process that reaches nothing else.

| level | what restricts a student's process |
|---|---|
| `full` | resource limits, no new privileges, Landlock and a filter of system calls, in namespaces of its own (user, mount, pid, net, ipc, uts) whose file system is read-only and holds Python, the imported packages and the student's folder |
| `basic` | resource limits, no new privileges, Landlock and a filter of system calls; for machines that forbid namespaces |
| `none` | nothing; refused unless it is asked for |

A process that is handed what a student wrote may be put at level `basic` beside students at level `full`: the grader does
so with the processes that run tests.

The package knows no course: whoever makes a policy hands in which modules are to be importable and which folders are to be
hidden. `levels` chooses and checks a level, `policy` holds the limits, `visible_paths` says what may be read, and
`escape_attempts` tries at each start whether the level holds. `namespaces`, `restrict`, `landlock` and `seccomp` enforce
it, on top of the system calls in `linux`.
"""  # noqa: E501 (a table)
