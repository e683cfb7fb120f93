"""A filter of system calls (seccomp(2)): what a worker may not ask of the kernel, whatever code runs in it.

A process may put it on itself without any privilege, in a container as Docker starts it too, where a network namespace
is refused. libseccomp would write the program, but is a system library that slim images lack; the program is a dozen
instructions of classic BPF.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import socket
import struct
from dataclasses import dataclass
from typing import Final

_PR_SET_NO_NEW_PRIVS: Final = 38
_PR_SET_SECCOMP: Final = 22
_SECCOMP_MODE_FILTER: Final = 2
_ALLOW: Final = 0x7FFF0000
_KILL_PROCESS: Final = 0x80000000
_REFUSE: Final = 0x00050000 | errno.EACCES
_LOAD: Final = 0x20
"""Load a 32-bit word of ``struct seccomp_data`` (BPF_LD | BPF_W | BPF_ABS)."""
_IF_EQUAL: Final = 0x15
_IF_AT_LEAST: Final = 0x35
_RETURN: Final = 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
"""Offsets in ``struct seccomp_data``; the lower half of an argument comes first on the architectures below."""
_X32: Final = 0x40000000
"""From this number on a call is of the x32 ABI, by which every call of x86-64 has a second number."""


@dataclass(frozen=True)
class _Architecture:
    """The audit number of an architecture, that of ``socket``, and those of the calls that are refused."""

    audit: int
    socket: int
    refused: tuple[int, ...]


# In this order: execve, execveat (no other program), ptrace, process_vm_readv, process_vm_writev, pidfd_getfd (no other
# process's memory or descriptors), io_uring_setup (it opens sockets past this filter), bpf, userfaultfd,
# perf_event_open, open_by_handle_at. Numbers: linux/arch/x86/entry/syscalls/syscall_64.tbl, asm-generic/unistd.h.
_ARCHITECTURES: Final = {
    "x86_64": _Architecture(0xC000003E, 41, (59, 322, 101, 310, 311, 438, 425, 321, 323, 298, 304)),
    "aarch64": _Architecture(0xC00000B7, 198, (221, 281, 117, 270, 271, 438, 425, 280, 282, 241, 265)),
}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def refuse_system_calls() -> bool:
    """Have the kernel refuse sockets other than Unix ones, other programs and other processes from now on.

    It holds for this thread and those that it starts, and cannot be lifted. Returns False where the kernel, or a
    processor that is not known here, does not allow it.
    """
    architecture = _ARCHITECTURES.get(platform.machine())
    if architecture is None:
        return False
    code = _program(architecture)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):  # what a process without privileges must promise first
        return False
    return bool(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) == 0)


def _program(architecture: _Architecture) -> bytes:
    """Assemble the filter. A jump names how many instructions it skips where the comparison holds, and where not."""
    refused = architecture.refused
    count = len(refused)
    # The program ends with: load the first argument, compare, allow, refuse.
    code = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_IF_EQUAL, 1, 0, architecture.audit),
        (_RETURN, 0, 0, _KILL_PROCESS),  # calls of another ABI have other numbers
        (_LOAD, 0, 0, _NUMBER),
        (_IF_AT_LEAST, count + 4, 0, _X32),
        *((_IF_EQUAL, count - index + 3, 0, number) for index, number in enumerate(refused)),
        (_IF_EQUAL, 0, 2, architecture.socket),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_IF_EQUAL, 0, 1, socket.AF_UNIX),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in code)
