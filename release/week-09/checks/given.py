"""The files that came with the assignment, and what a STUDENT_ID draws of them."""

from __future__ import annotations

import random
from pathlib import Path

WEEK = Path(__file__).resolve().parent.parent  # the assignment's folder


def drawn(student_id: object) -> random.Random:
    """Return the generator that draws a student's own numbers: the same for the same STUDENT_ID."""
    return random.Random(f"week 09 {str(student_id).strip()}")  # noqa: S311 (nothing here is secret)
