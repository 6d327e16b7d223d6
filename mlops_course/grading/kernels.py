"""Which kernels an assignment asks for: only Python is executed, and with the libraries of this environment."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel

from mlops_course.errors import CourseError


class OtherKernelError(CourseError):
    """An assignment is in another language than Python."""


def find_kernel(name: str) -> KernelSpec | None:
    try:
        return KernelSpecManager().get_kernel_spec(name)
    except (NoSuchKernel, ValueError):
        return None


def check_kernels(wanted: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Compare kernels (notebook → `kernelspec` of the instructor's version) with the Python that executes them.

    Returns what the instructor should know; raises OtherKernelError if a notebook is not in Python.
    """
    notes = []
    for notebook, spec in sorted(wanted.items()):
        name = str(spec.get("name") or "python3")
        kernel = find_kernel(name)
        guess = "python" if "python" in name.lower() else name
        language = str(spec.get("language") or (kernel and kernel.language) or guess).lower()
        if language != "python":
            raise OtherKernelError(
                f"{notebook}.ipynb is for the kernel '{name}' ({language}), but only Python is executed here. "
                "If it is in Python, choose the kernel Python 3 in source/ and generate the assignment again. If not, "
                "use `nbgrader autograde` with nbgrader's own Execute, without a sandbox, in nbgrader_config.py."
            )
        program = Path(kernel.argv[0]) if kernel and kernel.argv else Path()
        if program.is_absolute() and program.parent != Path(sys.executable).parent:
            notes.append(
                f"{notebook}.ipynb is for the kernel '{name}' with {program}, but is executed with {sys.executable}: "
                "install the command there if libraries are missing"
            )
    return notes
