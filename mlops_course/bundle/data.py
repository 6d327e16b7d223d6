"""The data that DVC's pointers name must travel along: a student has no other remote."""

from __future__ import annotations

import hashlib

import yaml

from mlops_course.bundle.tree import Files


def find_missing_data(files: Files) -> list[str]:
    """Name the pointers whose bytes are not in the remote that travels with the course."""
    held = {
        hashlib.md5(file.content, usedforsecurity=False).hexdigest()
        for name, file in files.items()
        if "/files/md5/" in name
    }
    found = []
    for name, file in files.items():
        if name.endswith(".dvc"):
            digests = [str(out.get("md5")) for out in (yaml.safe_load(file.content) or {}).get("outs", [])]
            found += [f"{name}: the remote has no {digest}" for digest in digests if digest not in held]
    return found
