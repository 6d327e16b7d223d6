"""What the driver and the guard make of the token that they share."""

from __future__ import annotations

import builtins
import hashlib
import hmac

__builtins__ = dict(vars(builtins))


def event_of(token: str) -> str:
    """Return the name of the event that calls the guard."""
    return hashlib.sha256(f"event {token}".encode()).hexdigest()


def key_of(token: str) -> bytes:
    """Return the key that orders and answers are signed with."""
    return hashlib.sha256(f"key {token}".encode()).digest()


def sign(key: bytes, text: str) -> str:
    """Sign a text."""
    return hmac.new(key, text.encode(), "sha256").hexdigest()


def is_signed(key: bytes, text: str, signature: str) -> bool:
    """Tell whether a signature is the one of a text."""
    return hmac.compare_digest(sign(key, text).encode(), signature.encode())
