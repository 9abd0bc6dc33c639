"""The system calls that a student's process is refused: those that change the machine, watch others, or reach a network.

The filter is compiled once, before anything is locked up, for libseccomp looks around for its own library; loading it
takes microseconds.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import functools
import tempfile
from collections.abc import Iterable
from typing import Any

from autograder.sandbox.linux import call

REFUSED = [
    "mount", "umount2", "pivot_root", "move_mount", "open_tree", "mount_setattr", "fsopen", "fsmount", "fsconfig",
    "fspick", "chroot", "unshare", "setns", "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise",
    "process_mrelease", "kcmp", "pidfd_getfd", "pidfd_open", "pidfd_send_signal", "bpf", "perf_event_open", "userfaultfd",
    "io_uring_setup", "io_uring_enter", "io_uring_register", "keyctl", "add_key", "request_key", "kexec_load",
    "kexec_file_load", "init_module", "finit_module", "delete_module", "reboot", "swapon", "swapoff", "acct",
    "quotactl", "quotactl_fd", "syslog", "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "sethostname",
    "setdomainname", "open_by_handle_at", "name_to_handle_at", "mknod", "mknodat", "personality", "iopl", "ioperm",
    "modify_ldt", "socket", "connect", "bind", "listen", "accept", "accept4", "setuid", "setgid", "setreuid",
    "setregid", "setresuid", "setresgid", "setgroups", "setfsuid", "setfsgid", "capset", "fanotify_init",
    "inotify_init", "inotify_init1", "mbind", "migrate_pages", "move_pages", "set_mempolicy", "truncate", "ioprio_set",
]  # fmt: skip
# Memory that is in no process's size, and that may outlive it. The C library knows how to do without.
UNCOUNTED = [
    "memfd_create", "memfd_secret", "shmget", "shmat", "shmdt", "shmctl", "msgget", "msgsnd", "msgrcv", "msgctl",
    "semget", "semop", "semtimedop", "semctl", "mq_open", "mq_unlink", "io_setup",
]  # fmt: skip
SIGNALS = ["kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"]
# Landlock looks at none of these. They say that they did it, for shutil.copy asks for them without need.
MARKS = [
    "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat", "utime", "utimes", "futimesat",
    "utimensat", "setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr",
]  # fmt: skip
# Of others, where others are in sight: the first argument says whose.
OF_OTHERS = ["sched_setaffinity", "sched_setscheduler", "sched_setparam", "sched_setattr"]
NEWER = range(463, 600)  # than this list: Linux 6.13 and later; the numbers are the same on every machine
_NEW_NAMESPACES = 0x7E020000
_TIOCSTI, _TIOCLINUX, _INT = 0x5412, 0x541C, 0xFFFF_FFFF
_UNIX, _KINDS, _STREAM, _SEQPACKET = 1, 0xF, 1, 5
_OF_PARENTS = (1, 36)  # that one dies with its parent, and is the parent of its children's orphans
_BINARY_TREE = 2
_SET_SECCOMP, _FILTER = 22, 2


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


@functools.lru_cache
def compiled(signals: bool, alone: bool) -> bytes:
    """The filter as BPF. `signals`: whether signals may be sent, as where none can reach another's process; `alone`:
    whether the process sees no file and no process of others that have its user.

    Raises ImportError or OSError where there is no libseccomp.
    """
    import pyseccomp as seccomp

    rules = seccomp.SyscallFilter(seccomp.ALLOW)
    rules.set_attr(seccomp.Attr.CTL_OPTIMIZE, _BINARY_TREE)

    def refuse(names: Iterable[str | int], number: int, *arguments: Any) -> None:
        for name in names:
            # A call that this machine, or its libseccomp, does not know is left out.
            with contextlib.suppress(OSError, ValueError, RuntimeError):
                rules.add_rule(seccomp.ERRNO(number), name, *arguments)

    refuse(REFUSED + ([] if signals else SIGNALS), errno.EPERM)
    refuse([*UNCOUNTED, *NEWER, "clone3"], errno.ENOSYS)  # for EPERM every thread would fail; for ENOSYS libc falls back to clone
    for flag in (1 << bit for bit in range(32) if _NEW_NAMESPACES >> bit & 1):
        refuse(["clone"], errno.EPERM, seccomp.Arg(0, seccomp.MASKED_EQ, flag, flag))
    for request in (_TIOCSTI, _TIOCLINUX):
        refuse(["ioctl"], errno.EPERM, seccomp.Arg(1, seccomp.MASKED_EQ, _INT, request))
    refuse(["prlimit64"], errno.EPERM, seccomp.Arg(0, seccomp.NE, 0))  # of others
    refuse(["socketpair"], errno.EPERM, seccomp.Arg(0, seccomp.NE, _UNIX))
    for kind in {*range(_KINDS + 1)} - {_STREAM, _SEQPACKET}:  # one for datagrams sends to whomever it likes
        refuse(["socketpair"], errno.EPERM, seccomp.Arg(1, seccomp.MASKED_EQ, _KINDS, kind))
    if not alone:
        refuse(MARKS, 0)
        for option in _OF_PARENTS:
            refuse(["prctl"], errno.EPERM, seccomp.Arg(0, seccomp.MASKED_EQ, _INT, option))
        refuse(OF_OTHERS, errno.EPERM, seccomp.Arg(0, seccomp.NE, 0))
        for place in (0, 1):  # a process group, a user, another process
            refuse(["setpriority"], errno.EPERM, seccomp.Arg(place, seccomp.NE, 0))
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()


def load(program: bytes) -> None:
    """Hold this process and its children to a compiled filter, for good. Raises OSError."""
    call("prctl", _SET_SECCOMP, _FILTER, ctypes.pointer(_Program(len(program) // 8, program)))
