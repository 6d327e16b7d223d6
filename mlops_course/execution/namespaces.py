"""Namespaces of Linux for one worker or submission: its own processes, mounts, network and message queues.

bubblewrap builds the outer wall once, and starts a program in it. That a *running* interpreter, which has its libraries
loaded, gets fresh namespaces for each worker and each submission is what bubblewrap cannot do; here stand the five
system calls for it, by ctypes (`os.unshare` exists from Python 3.12 only). All of them are documented in the manual
pages namespaces(7), user_namespaces(7), pid_namespaces(7), mount(2) and capset(2).
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import stat
import struct
from pathlib import Path

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 0x2, 0x4, 0x8, 0x1000, 0x4000, 0x40000
PR_SET_PDEATHSIG, PR_SET_DUMPABLE = 1, 4
CAPABILITY_VERSION_3 = 0x20080522
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1

library = ctypes.CDLL(None, use_errno=True)


def call(name: str, *arguments: object) -> None:
    """Call a function of the C library; raise OSError if it says -1."""
    if getattr(library, name)(*arguments) == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}{arguments}: {os.strerror(number)}")


ALL = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWUTS


def unshare(kinds: int = ALL) -> None:
    """Give this process, which must have a single thread, namespaces of its own.

    The next process it forks is the first one in the new process namespace. The user stays who it is, and no other
    process can read this one's memory afterwards.
    """
    user, group = os.getuid(), os.getgid()
    call("unshare", kinds)
    # /proc/self belongs to root, and nobody else may write there, as long as this process is not readable.
    set_readable(True)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    set_readable(False)


def mount_empty(folder: str, size: int) -> None:
    """Put an empty folder in memory in place of a folder; it can hold `size` bytes."""
    options = f"size={size},mode=1777"
    call("mount", b"tmpfs", folder.encode(), b"tmpfs", MS_NOSUID | MS_NODEV, options.encode())


def mount_empty_around(folder: str, size: int, kept: list[str]) -> None:
    """Put an empty folder in place of a folder, except for some places in it that stay as they are."""
    inside = [place for place in kept if Path(place).is_relative_to(folder)]
    handles = [os.open(place, os.O_PATH) for place in inside]
    mount_empty(folder, size)
    for place, handle in zip(inside, handles, strict=True):
        target = Path(place)
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.touch()
        call("mount", f"/proc/self/fd/{handle}".encode(), place.encode(), None, MS_BIND | MS_REC, None)
        os.close(handle)


def mount_processes() -> None:
    """Make /proc show this process namespace and no other."""
    call("mount", b"proc", b"/proc", b"proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, None)


def keep_mounts_private() -> None:
    """Let no mount of this namespace reach another one."""
    call("mount", None, b"/", None, MS_REC | MS_PRIVATE, None)


def raise_loopback() -> None:
    """Switch on the loopback of the network namespace: programs of a submission talk to each other."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(handle, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(handle, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


def forbid_more_namespaces() -> None:
    """Let nobody in this user namespace make another one, where it would be allowed more than here."""
    Path("/proc/sys/user/max_user_namespaces").write_text("0")


def drop_capabilities() -> None:
    """Give up every privilege that the new user namespace brought."""
    header = struct.pack("Ii", CAPABILITY_VERSION_3, 0)
    call("capset", header, struct.pack("6I", 0, 0, 0, 0, 0, 0))


def end_with_parent() -> None:
    """Have this process killed when its parent ends."""
    call("prctl", PR_SET_PDEATHSIG, 9, 0, 0, 0)


def set_readable(readable: bool) -> None:
    """Allow or forbid other processes of the same user to read or change this process's memory."""
    call("prctl", PR_SET_DUMPABLE, int(readable), 0, 0, 0)
