"""The filter of system calls (seccomp(2)): it refuses those that change the machine, watch other processes or reach a network.

The filter is compiled once, before any restriction, since libseccomp has to find its own library; loading it then takes
microseconds.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import functools
import tempfile
from collections.abc import Iterable, Iterator
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
    "vmsplice",  # a pipe would keep memory that counts as nobody's
]  # fmt: skip
# They allocate memory that counts as no process's own and may outlive it. The C library can do without them.
UNCOUNTED = [
    "memfd_create", "memfd_secret", "shmget", "shmat", "shmdt", "shmctl", "msgget", "msgsnd", "msgrcv", "msgctl",
    "semget", "semop", "semtimedop", "semctl", "mq_open", "mq_unlink", "io_setup",
]  # fmt: skip
SIGNALS = ["kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"]
# They change metadata, which Landlock does not control. They do nothing and report success: shutil.copy calls them needlessly.
METADATA_CALLS = [
    "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat", "utime", "utimes", "futimesat",
    "utimensat", "setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr",
]  # fmt: skip
# They concern the process that the first argument names; refused where other processes can be seen.
ON_OTHER_PROCESSES = ["sched_setaffinity", "sched_setscheduler", "sched_setparam", "sched_setattr"]
NEWER = range(463, 600)  # system calls newer than this list: Linux 6.13 and later, numbered alike on every machine
_NEW_NAMESPACES = 0x7E020000
_CLONE_PARENT = 0x8000  # the new process would be none of its maker's, and nobody would count it
_SIGCHLD = 17  # who ignores it has children whose processor time counts for nobody once they have ended
_INT = 0xFFFF_FFFF
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C  # they type into a terminal
_FIOSETOWN, _SIOCSPGRP = 0x8901, 0x8902
_F_SETOWN, _F_SETSIG, _F_SETOWN_EX, _F_SETLEASE, _F_NOTIFY = 8, 10, 15, 1024, 1026
# By these the kernel itself sends a signal to whatever process is named, and no rule about kill(2) matters.
_SIGNAL_BY_FCNTL = (_F_SETOWN, _F_SETSIG, _F_SETOWN_EX, _F_SETLEASE, _F_NOTIFY)
# They change the flags of a file that is open for reading, of whoever owns it: FS_IOC_SETFLAGS in both sizes, FS_IOC_FSSETXATTR,
# FS_IOC_SETVERSION, FS_IOC_ENABLE_VERITY, FS_IOC_SET_ENCRYPTION_POLICY.
_FILE_FLAGS = (0x40086602, 0x40046602, 0x401C5820, 0x40087602, 0x40806685, 0x800C6613)
_SOL_SOCKET, _BUFFERS = 1, (7, 8, 32, 33)  # SO_SNDBUF, SO_RCVBUF and those by force: what is in them counts as nobody's memory
_UNIX, _KINDS, _STREAM, _SEQPACKET = 1, 0xF, 1, 5
_SET_DUMPABLE = 4  # a process that is not can't be measured by whoever is not root
_PARENT_OPTIONS = (1, 36)  # PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER: by these they are found and ended
_BINARY_TREE = 2
_SET_SECCOMP, _FILTER = 22, 2


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


@functools.lru_cache
def compile_filter(signals: bool, alone: bool) -> bytes:
    """The filter as a BPF program.

    `signals` allows sending signals; pass it where none can reach a process outside the sandbox. `alone` says that no file and
    no process of the same user outside the sandbox is visible.

    Raises ImportError or OSError where there is no libseccomp.
    """
    import pyseccomp as seccomp

    rules = seccomp.SyscallFilter(seccomp.ALLOW)
    rules.set_attr(seccomp.Attr.CTL_OPTIMIZE, _BINARY_TREE)

    def refuse(names: Iterable[str | int], number: int, *arguments: Any) -> None:
        for name in names:
            # A system call that this machine or its libseccomp does not know is left out.
            with contextlib.suppress(OSError, ValueError, RuntimeError):
                rules.add_rule(seccomp.ERRNO(number), name, *arguments)

    refuse(REFUSED + ([] if signals else SIGNALS), errno.EPERM)
    refuse(["sync", "syncfs"], 0)  # the disk is everybody's
    refuse([*UNCOUNTED, *NEWER, "clone3"], errno.ENOSYS)  # after EPERM no thread would start; after ENOSYS libc uses clone
    refuse(["rt_sigaction"], errno.EPERM, seccomp.Arg(0, seccomp.MASKED_EQ, _INT, _SIGCHLD), seccomp.Arg(1, seccomp.NE, 0))
    for name, arguments in _refused_arguments(seccomp):
        refuse([name], errno.EPERM, *arguments)
    if not alone:
        refuse(METADATA_CALLS, 0)
        refuse(["sendmsg", "sendmmsg"], errno.EPERM)  # an open file on its way is nobody's, so its size would not count
        for option in _PARENT_OPTIONS:
            refuse(["prctl"], errno.EPERM, seccomp.Arg(0, seccomp.MASKED_EQ, _INT, option))
        refuse(ON_OTHER_PROCESSES, errno.EPERM, seccomp.Arg(0, seccomp.NE, 0))
        for place in (0, 1):  # a process group, a user, another process
            refuse(["setpriority"], errno.EPERM, seccomp.Arg(place, seccomp.NE, 0))
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()


def _refused_arguments(seccomp: Any) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """System calls that are refused with some arguments only, and what is compared."""

    def is_number(place: int, value: int) -> Any:
        return seccomp.Arg(place, seccomp.MASKED_EQ, _INT, value)

    for flag in (1 << bit for bit in range(32) if (_NEW_NAMESPACES | _CLONE_PARENT) >> bit & 1):
        yield "clone", (seccomp.Arg(0, seccomp.MASKED_EQ, flag, flag),)
    for request in (_TIOCSTI, _TIOCLINUX, _FIOSETOWN, _SIOCSPGRP, *_FILE_FLAGS):
        yield "ioctl", (is_number(1, request),)
    for command in _SIGNAL_BY_FCNTL:
        yield "fcntl", (is_number(1, command),)
    yield "prlimit64", (seccomp.Arg(0, seccomp.NE, 0),)  # the limits of another process
    yield "socketpair", (seccomp.Arg(0, seccomp.NE, _UNIX),)
    for kind in {*range(_KINDS + 1)} - {_STREAM, _SEQPACKET}:  # a datagram socket can send to any address
        yield "socketpair", (seccomp.Arg(1, seccomp.MASKED_EQ, _KINDS, kind),)
    for option in _BUFFERS:
        yield "setsockopt", (is_number(1, _SOL_SOCKET), is_number(2, option))
    yield "prctl", (is_number(0, _SET_DUMPABLE),)


def load(program: bytes) -> None:
    """Apply a compiled filter to this process and its later children, for good. Raises OSError."""
    call("prctl", _SET_SECCOMP, _FILTER, ctypes.pointer(_Program(len(program) // 8, program)))
