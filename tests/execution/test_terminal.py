"""Programs that a cell starts with `!` find the same terminal, whether the kernel was forked for them or not."""

import contextlib
import os
import sys
import time

import pexpect
import pytest
from ptyprocess import PtyProcess

from course.execution.terminal import start_without_fork

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="kernels are forked on Linux only")

LOOKS = {
    "output and code": "echo here; echo there >&2; exit 3",
    "standard streams": "test -t 0 && test -t 1 && test -t 2 && echo terminals",
    "controlling terminal": "echo written > /dev/tty",
    "leads its session": "test $$ = $(ps -o sid= -p $$) && test $$ = $(ps -o tpgid= -p $$) && echo leader",
    "size": "stty size",
    "echo": "stty -a | grep -o -- '-\\?\\becho\\b'",
    "open files": "ls /proc/self/fd",
    "environment": "echo $COURSE_TEST",
    "folder": "pwd",
    "killed": "kill -9 $$",
}


@pytest.fixture
def both(monkeypatch):
    """Run something with a fork and without one."""
    keep_files()

    def both(what):
        forked = what()
        monkeypatch.setattr(PtyProcess, "spawn", PtyProcess.__dict__["spawn"])
        start_without_fork()
        monkeypatch.setattr(os, "forkpty", lambda: pytest.fail("forked"))
        monkeypatch.setattr(os, "fork", lambda: pytest.fail("forked"))
        return forked, what()

    return both


def keep_files():
    """Let no program inherit what this process has got from where the tests were started."""
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            if int(name) > 2:
                os.set_inheritable(int(name), False)


def outcome(command, **settings):
    child = pexpect.spawn("/bin/sh", args=["-c", command], **settings)
    child.expect(pexpect.EOF)
    child.close()
    return child.before, child.exitstatus, child.signalstatus


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("settings", [{}, {"echo": False, "dimensions": (30, 100), "env": {"COURSE_TEST": "b"}}])
def test_same_terminal(look, settings, both, monkeypatch):
    monkeypatch.setenv("COURSE_TEST", "a")
    forked, started = both(lambda: outcome(LOOKS[look], **settings))
    assert started == forked
    assert forked[0] or look == "killed"


def test_ctrl_c_reaches_what_runs(both):
    def interrupt():
        child = pexpect.spawn("/bin/sh", args=["-c", "echo ready; exec sleep 30"])
        child.expect(b"ready")
        begun = time.monotonic()
        child.sendline(chr(3))
        child.expect(pexpect.EOF)
        child.close()
        return child.signalstatus, time.monotonic() - begun < 10

    assert both(interrupt) == ((2, True), (2, True))


def test_what_only_a_fork_can_do_is_forked(monkeypatch, tmp_path):
    monkeypatch.setattr(PtyProcess, "spawn", PtyProcess.__dict__["spawn"])
    start_without_fork()
    keep_files()
    assert outcome("pwd", cwd=str(tmp_path))[0].strip() == str(tmp_path).encode()
    assert outcome("umask", preexec_fn=lambda: os.umask(0o77))[0].strip() == b"0077"
    with (tmp_path / "file").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        assert outcome(f"ls /proc/self/fd | grep -w {file.fileno()}")[1] == 1


def test_a_missing_program_is_said(both):
    def missing():
        with pytest.raises(pexpect.ExceptionPexpect, match="nowhere"):
            pexpect.spawn("nowhere")
        return True

    assert both(missing) == (True, True)
