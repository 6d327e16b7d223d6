"""What the lessons share: an empty scratch folder, and `!` lines that print what a terminal would."""

import os
import shutil
import subprocess
from pathlib import Path

from IPython import get_ipython


def empty_folder(folder: Path) -> Path:
    """Make a folder with nothing in it.

    Git and DVC write-protect what they store; Windows wants that undone first.
    """
    for path in folder.rglob("*"):
        path.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def plain_commands(leave_out: str = "\0") -> None:
    """Let `!` run its command through a pipe, where DVC and Git leave out progress bars and colours.

    Lines that hold the text `leave_out` are not printed.
    """

    def run(command: str) -> None:
        command = get_ipython().var_expand(command, depth=1)  # puts Python values in place of {name}
        done = subprocess.run(  # noqa: S602  (what `!` does: a shell)
            command,
            shell=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        lines = [line for line in done.stdout.strip("\n").splitlines() if leave_out not in line]
        if lines:
            print(*lines, sep="\n")

    os.environ.pop("FORCE_COLOR", None)  # Jupyter sets it, and DVC would draw in spite of the pipe
    os.environ["PYTHONUNBUFFERED"] = "1"  # messages appear in the order in which they were written
    get_ipython().system = run
