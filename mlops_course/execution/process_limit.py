"""A limit on the number of processes that holds for root, too.

Linux does not apply RLIMIT_NPROC to root, which grades in many containers. A control group does it
(https://docs.kernel.org/admin-guide/cgroup-v2.html#pid; `pids` in version 1). Where none can be made, the driver's
count of processes remains, which a fork bomb can delay.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from pathlib import Path

PLACES = (Path("/sys/fs/cgroup/pids"), Path("/sys/fs/cgroup"))
SPARE = 64  # the worker's own
OLD = 600  # seconds


def make_group(processes: int) -> Path | None:
    """Make a control group for a worker; None where that is not needed or not possible."""
    if os.getuid() != 0:
        return None
    for place in PLACES:
        for old in place.glob("course-*"):  # of runs that were killed; one that is in use cannot be removed
            with contextlib.suppress(OSError):
                if time.time() - old.stat().st_mtime > OLD:  # a new one is empty, too, until its worker starts
                    old.rmdir()
        group = place / f"course-{secrets.token_hex(6)}"
        with contextlib.suppress(OSError):
            if not (place / "cgroup.procs").exists():
                continue
            group.mkdir()
            try:
                (group / "pids.max").write_text(str(processes + SPARE))
            except OSError:
                group.rmdir()
                continue
            return group
    return None


def enter_group(group: Path | None, process: int) -> None:
    """Put a process, and all that it will start, into a control group."""
    if group is not None:
        (group / "cgroup.procs").write_text(str(process))


def remove_group(group: Path | None) -> None:
    """Remove a control group whose processes have ended."""
    for _ in range(100 if group is not None else 0):
        with contextlib.suppress(OSError):
            group.rmdir()
            return
        time.sleep(0.02)
