"""Words that every part of the package writes alike."""

from __future__ import annotations


def plural(number: int, noun: str) -> str:
    """Count things in English."""
    return f"{number} {noun}" + ("" if number == 1 else "s")


def visible(text: str) -> str:
    """Make one line of a text, without what steers a terminal or turns the writing round: it may come from a student.

    What cannot be shown is written as Python escapes it.
    """
    line = " ".join(text.split())
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in line)


def encodable(text: str, encoding: str) -> str:
    """Write what an encoding lacks as escapes: a name must not end the run with a UnicodeEncodeError."""
    return text.encode(encoding, "backslashreplace").decode(encoding)
