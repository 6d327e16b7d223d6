"""Messages between the processes of a worker: JSON behind its length, over a socket."""

from __future__ import annotations

import json
import socket
import struct
import time
from typing import Any, BinaryIO

HEADER = struct.Struct(">Q")
SENDER = struct.Struct("iII")  # process, user, group
LARGEST = 4_000_000_000


class ClosedError(ConnectionError):
    """The other side is gone, or says what it must not say."""


def read_exactly(stream: BinaryIO, size: int) -> bytes:
    """Read so many bytes, or raise ClosedError."""
    parts = []
    while size:
        part = stream.read(min(size, 1 << 20))
        if not part:
            raise ClosedError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def read_frame(stream: BinaryIO) -> bytes:
    """Read the bytes that `write_frame` wrote."""
    (size,) = HEADER.unpack(read_exactly(stream, HEADER.size))
    if size > LARGEST:
        raise ClosedError
    return read_exactly(stream, size)


def write_frame(stream: BinaryIO, data: bytes) -> None:
    """Write bytes behind their length."""
    stream.write(HEADER.pack(len(data)))
    stream.write(data)
    stream.flush()


def send(connection: socket.socket, message: Any, handles: list[int] | None = None) -> None:
    """Send a message, with open files if there are any."""
    data = json.dumps(message).encode()
    if handles:
        socket.send_fds(connection, [HEADER.pack(len(data))], handles)
    else:
        connection.sendall(HEADER.pack(len(data)))
    connection.sendall(data)


def receive(
    connection: socket.socket, handles: int = 0, *, most: int = LARGEST, seconds: float | None = None
) -> tuple[Any, list[int]]:
    """Receive a message and up to so many open files; raise ClosedError if the other side is gone.

    Parameters
    ----------
    connection
        From where.
    handles
        The largest number of open files.
    most
        The largest number of bytes.
    seconds
        The longest time that the whole of it may take, for a sender that is not trusted.
    """
    until = None if seconds is None else time.monotonic() + seconds
    if seconds is not None:
        connection.settimeout(seconds)
    if handles:
        header, files, _flags, _address = socket.recv_fds(connection, HEADER.size, handles)
    else:
        header, files = connection.recv(HEADER.size, socket.MSG_WAITALL), []
    return json.loads(receive_rest(connection, header, most, until)), list(files)


def receive_rest(connection: socket.socket, header: bytes, most: int = LARGEST, until: float | None = None) -> bytes:
    """Receive what comes after a header."""
    if len(header) < HEADER.size:
        raise ClosedError
    (size,) = HEADER.unpack(header)
    if size > most:
        raise ClosedError
    return receive_exactly(connection, size, until)


def receive_exactly(connection: socket.socket, size: int, until: float | None = None) -> bytes:
    """Receive so many bytes, or raise ClosedError."""
    parts = []
    while size:
        if until is not None:
            connection.settimeout(max(0.001, until - time.monotonic()))
        part = connection.recv(min(size, 1 << 20))
        if not part:
            raise ClosedError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def receive_from(connection: socket.socket) -> tuple[Any, int | None]:
    """Receive a message, and the number that its sender has here, in another process namespace perhaps.

    The operating system says the number, if it was asked to (`SO_PASSCRED`) before the message was sent. See unix(7).
    """
    header, extra, _flags, _address = connection.recvmsg(HEADER.size, socket.CMSG_SPACE(SENDER.size))
    said = [data for level, kind, data in extra if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS]
    message = json.loads(receive_rest(connection, header))
    return message, SENDER.unpack(said[0])[0] if said else None
