"""Ask the submission's keeper for a forked interpreter instead of starting a new one.

Inside the sandbox a copy of this file stands where the command `dvc` is and where `python -m dvc` begins, and starts
the kernels of `python3`. It uses what comes with Python's core only, because it is to cost milliseconds. Without a
keeper it starts the real program.
"""

import os
import socket
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
    import json
    import signal
    import struct

    head = struct.Struct(">Q")
    message = {
        "kind": KIND,
        "arguments": [KIND, *sys.argv[1:]] if KIND == "dvc" else sys.argv,
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "umask": os.umask(0),
    }
    os.umask(message["umask"])
    data = json.dumps(message).encode()
    keeper = socket.socket(socket.AF_UNIX)
    try:
        keeper.connect(SOCKET)
        socket.send_fds(keeper, [head.pack(len(data))], [0, 1, 2])
        keeper.sendall(data)
        answer = receive(keeper, head, json)
    except (OSError, ValueError):
        answer = None
    if not answer:
        start_afresh()
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"):
        signal.signal(getattr(signal, name), lambda number, _frame: os.kill(answer["pid"], number))
    ended = receive(keeper, head, json)
    code = ended["code"] if ended else 1
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)


def receive(keeper, head, json):
    """Read one answer; None if the keeper is gone."""
    header = keeper.recv(head.size, socket.MSG_WAITALL)
    if len(header) < head.size:
        return None
    return json.loads(keeper.recv(head.unpack(header)[0], socket.MSG_WAITALL))


if __name__ == "__main__":
    main()
