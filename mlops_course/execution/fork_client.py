"""Ask the submission's keeper for a forked interpreter instead of starting a new one.

Inside the sandbox a copy of this file stands where the command `dvc` is, starts the kernels of `python3`, and is what a
new interpreter executes first that was started as `python -m dvc`. It is to cost milliseconds, so it uses only what is
compiled into Python or nearly so: importing `json` and `socket` would double its time. Without a keeper it starts the
real program.
"""

import os
import sys

KIND = "dvc"
PYTHON = "python"
SOCKET = "COURSE_FORK"


def start_afresh():
    """Become the real program."""
    begin = {"dvc": ["-c", "import sys, dvc.cli; sys.exit(dvc.cli.main(sys.argv[1:]))"]}
    begin |= {"kernel": ["-m", "ipykernel_launcher"]}
    os.execv(PYTHON, [PYTHON, *begin[KIND], *sys.argv[1:]])  # noqa: S606


def main():
    """Hand over everything that a program inherits, and wait for its end."""
    import _signal
    import _socket

    umask = os.umask(0)
    os.umask(umask)
    arguments = [KIND, *sys.argv[1:]] if KIND == "dvc" else sys.argv
    keeper = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        data = as_json(
            {
                "kind": KIND,
                "arguments": arguments,
                "environment": dict(os.environ),
                "folder": os.getcwd(),  # may have been deleted: the real program knows what to say then
                "umask": umask,
            }
        )
        keeper.connect(SOCKET)
        handles = b"".join(handle.to_bytes(4, sys.byteorder) for handle in (0, 1, 2))
        keeper.sendmsg([len(data).to_bytes(8, "big")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, handles)])
        keeper.sendall(data)
        pid = receive(keeper, "pid")
    except (OSError, ValueError):
        pid = None
    if pid is None:
        start_afresh()
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"):
        _signal.signal(getattr(_signal, name), lambda number, _frame: os.kill(pid, number))
    try:
        code = receive(keeper, "code")
    except (OSError, ValueError):
        code = None
    if code is None:
        code = 1
    if code < 0:
        _signal.signal(-code, _signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    return code


def is_another_dvc():
    """Tell whether `python -m dvc` may mean another one than the installed: it looks in the working directory first."""
    return os.path.exists("dvc.py") or os.path.isdir("dvc") or "PYTHONPATH" in os.environ


def as_json(value):
    """Write JSON as `json.dumps` does, for the few types there are here."""
    from _json import encode_basestring_ascii as quoted

    def text(one):
        if isinstance(one, dict):
            return "{" + ",".join(f"{quoted(name)}:{text(inner)}" for name, inner in one.items()) + "}"
        if isinstance(one, list):
            return "[" + ",".join(map(text, one)) + "]"
        return quoted(one) if isinstance(one, str) else str(one)

    return text(value).encode()


def receive(keeper, name):
    """Read one answer, an object with a single whole number; None if the keeper is gone."""
    import _socket

    header = keeper.recv(8, _socket.MSG_WAITALL)
    if len(header) < 8:
        return None
    answer = keeper.recv(int.from_bytes(header, "big"), _socket.MSG_WAITALL).decode()
    found, _, number = answer.strip("{}").partition(":")
    if found.strip() != f'"{name}"':
        raise ValueError(f"this is no {name}: {answer}")
    return int(number)


if __name__ == "__main__":
    sys.exit(main())
if __name__ == "at the start" and not is_another_dvc():
    os._exit(main())  # where Python starts, it takes SystemExit for a fault of its own
