"""Frames between the two kernels: one letter for what it is, a length, JSON."""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

from mlops_course.execution.channel import ClosedError, receive_exactly

HEADER = struct.Struct(">cQ")
LARGEST = 200_000_000
# From the test kernel: a call, a program, the answer to a call-back. From the student kernel: an answer, a call-back.
CALL, PROGRAM, RETURN, ANSWER, BACK = b"C", b"P", b"R", b"A", b"B"


def send(connection: socket.socket, kind: bytes, message: Any) -> None:
    """Send a message."""
    data = json.dumps(message).encode()
    if len(data) > LARGEST:
        raise ValueError("too large to be handed over")
    connection.sendall(HEADER.pack(kind, len(data)) + data)


def receive(connection: socket.socket) -> tuple[bytes, Any]:
    """Receive a message.

    Raises
    ------
    ClosedError
        If there is none any more.
    """
    kind, size = HEADER.unpack(receive_exactly(connection, HEADER.size))
    if size > LARGEST:
        raise ClosedError
    try:
        return kind, json.loads(receive_exactly(connection, size))
    except (ValueError, RecursionError):
        raise ClosedError from None


class Inbox:
    """Collects what arrives until a frame is complete: whoever reads waits for nobody."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.data = bytearray()

    def frames(self) -> list[tuple[bytes, bytes]]:
        """Read what is there; return the frames that are complete.

        Raises
        ------
        ClosedError
            If the other side is gone, or sends too much.
        """
        try:
            part = self.connection.recv(1 << 20)
        except OSError:
            raise ClosedError from None
        self.data += part
        if not part:
            raise ClosedError
        found = []
        while len(self.data) >= HEADER.size:
            kind, size = HEADER.unpack(self.data[: HEADER.size])
            if size > LARGEST:
                raise ClosedError
            if len(self.data) < HEADER.size + size:
                break
            found.append((kind, bytes(self.data[HEADER.size : HEADER.size + size])))
            del self.data[: HEADER.size + size]
        return found


def forward(connection: socket.socket, kind: bytes, data: bytes) -> None:
    """Hand a frame on as it is."""
    connection.sendall(HEADER.pack(kind, len(data)) + data)
