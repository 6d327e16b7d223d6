"""Frames between the two kernels: one letter for what it is, a length, JSON."""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

HEADER = struct.Struct(">cQ")
LARGEST = 200_000_000
# From the test kernel: a call, a program, the answer to a call-back. From the student kernel: an answer, a call-back.
CALL, PROGRAM, RETURN, ANSWER, BACK = b"C", b"P", b"R", b"A", b"B"


class WireError(ConnectionError):
    """The other side is gone, or says what it must not say."""


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
    WireError
        If there is none any more.
    """
    kind, size = HEADER.unpack(receive_exactly(connection, HEADER.size))
    if size > LARGEST:
        raise WireError
    try:
        return kind, json.loads(receive_exactly(connection, size))
    except (ValueError, RecursionError):
        raise WireError from None


def receive_exactly(connection: socket.socket, size: int) -> bytes:
    """Receive so many bytes."""
    parts = []
    while size:
        part = connection.recv(min(size, 1 << 20))
        if not part:
            raise WireError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


class Inbox:
    """Collects what arrives until a frame is complete: whoever reads waits for nobody."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.data = bytearray()

    def frames(self) -> list[tuple[bytes, bytes]]:
        """Read what is there; return the frames that are complete.

        Raises
        ------
        WireError
            If the other side is gone, or sends too much.
        """
        try:
            part = self.connection.recv(1 << 20)
        except OSError:
            raise WireError from None
        self.data += part
        if not part:
            raise WireError
        found = []
        while len(self.data) >= HEADER.size:
            kind, size = HEADER.unpack(self.data[: HEADER.size])
            if size > LARGEST:
                raise WireError
            if len(self.data) < HEADER.size + size:
                break
            found.append((kind, bytes(self.data[HEADER.size : HEADER.size + size])))
            del self.data[: HEADER.size + size]
        return found


def forward(connection: socket.socket, kind: bytes, data: bytes) -> None:
    """Hand a frame on as it is."""
    connection.sendall(HEADER.pack(kind, len(data)) + data)
