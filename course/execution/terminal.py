"""Start what a cell's `!` starts without a copy of the kernel's memory map.

IPython gives a program a terminal of its own, by pexpect, and that forks the kernel for it. A kernel with its libraries
loaded takes 20 to 40 ms for a fork, which is more than most of these programs take. `posix_spawn` needs no copy.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any


def start_without_fork() -> None:
    """Let pexpect start programs in this way, where they need nothing that only a fork can give."""
    from ptyprocess import ptyprocess

    kind = ptyprocess.PtyProcess
    genuine = kind.spawn.__func__

    def spawn(
        cls: type,
        argv: Sequence[str],
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        echo: bool = True,
        preexec_fn: Callable[[], None] | None = None,
        dimensions: tuple[int, int] = (24, 80),
        pass_fds: Sequence[int] = (),
    ) -> Any:
        """Start a program in a terminal."""
        program = ptyprocess.which(argv[0])
        if cwd is not None or preexec_fn is not None or pass_fds or program is None or hands_down_files():
            return genuine(cls, argv, cwd, env, echo, preexec_fn, dimensions, pass_fds)
        master, slave = os.openpty()
        try:
            ptyprocess._setwinsize(slave, *dimensions)
            if not echo:
                ptyprocess._setecho(slave, False)
            # The first terminal that the leader of a session opens is the one that Ctrl-C comes from.
            actions = [(os.POSIX_SPAWN_OPEN, 0, os.ttyname(slave), os.O_RDWR, 0)]
            actions += [(os.POSIX_SPAWN_DUP2, 0, number) for number in (1, 2)]
            environment = os.environ if env is None else env
            arguments = [program, *argv[1:]]
            process = os.posix_spawn(program, arguments, environment, file_actions=actions, setsid=True)
        except BaseException:
            os.close(master)
            raise
        finally:
            os.close(slave)
        started = cls(process, master)
        started.argv = arguments
        if env is not None:
            started.env = env
        return started

    kind.spawn = classmethod(spawn)


def hands_down_files() -> bool:
    """Tell whether this process has files that a program which it starts would have open, too: a fork closes them."""
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):  # the one that lists them
            if int(name) > 2 and os.get_inheritable(int(name)):
                return True
    return False
