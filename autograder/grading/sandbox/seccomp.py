"""The system calls that a student's process is refused: those that change the machine, watch others, or reach a network.

The filter is compiled once, before anything is locked up, for libseccomp looks around for its own library; loading it
takes microseconds.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import tempfile

from autograder.grading.sandbox.kernel import call

REFUSED = [
    "mount", "umount2", "pivot_root", "move_mount", "open_tree", "mount_setattr", "fsopen", "fsmount", "fsconfig",
    "fspick", "chroot", "unshare", "setns", "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise",
    "kcmp", "pidfd_getfd", "pidfd_open", "pidfd_send_signal", "bpf", "perf_event_open", "userfaultfd",
    "io_uring_setup", "io_uring_enter", "io_uring_register", "keyctl", "add_key", "request_key", "kexec_load",
    "kexec_file_load", "init_module", "finit_module", "delete_module", "reboot", "swapon", "swapoff", "acct",
    "quotactl", "quotactl_fd", "syslog", "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "sethostname",
    "setdomainname", "open_by_handle_at", "name_to_handle_at", "mknod", "mknodat", "personality", "iopl", "ioperm",
    "modify_ldt", "socket", "connect", "bind", "listen", "accept", "accept4", "setuid", "setgid", "setreuid",
    "setregid", "setresuid", "setresgid", "setgroups", "setfsuid", "setfsgid", "capset", "fanotify_init",
    "memfd_secret", "mbind", "migrate_pages", "move_pages", "set_mempolicy",
]
SIGNALS = ["kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"]
_NEW_NAMESPACES = 0x7E020000
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
_SET_SECCOMP, _FILTER = 22, 2


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


@functools.lru_cache
def compiled(signals: bool) -> bytes:
    """The filter as BPF. `signals`: whether signals may be sent, as where none can reach another's process.

    Raises ImportError or OSError where there is no libseccomp.
    """
    import pyseccomp as seccomp

    rules = seccomp.SyscallFilter(seccomp.ALLOW)
    no = seccomp.ERRNO(errno.EPERM)
    for name in REFUSED + ([] if signals else SIGNALS):
        try:
            rules.add_rule(no, name)
        except (OSError, ValueError, RuntimeError):  # a call that this machine, or its libseccomp, does not know
            continue
    rules.add_rule(seccomp.ERRNO(errno.ENOSYS), "clone3")  # EPERM would fail every thread; for ENOSYS libc falls back to clone
    for flag in (1 << bit for bit in range(32) if _NEW_NAMESPACES >> bit & 1):
        rules.add_rule(no, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, flag, flag))
    for request in (_TIOCSTI, _TIOCLINUX):
        rules.add_rule(no, "ioctl", seccomp.Arg(1, seccomp.EQ, request))
    rules.add_rule(no, "prlimit64", seccomp.Arg(0, seccomp.NE, 0))  # of others
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()


def load(program: bytes) -> None:
    """Hold this process and its children to a compiled filter, for good. Raises OSError."""
    call("prctl", _SET_SECCOMP, _FILTER, ctypes.pointer(_Program(len(program) // 8, program)))
