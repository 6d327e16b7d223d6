"""What goes into an execution and what comes out: plain values that become bytes.

Bytes, because the computer that executes need not be the one that grades. JSON, because reading what a sandbox answers
must never run anything (a pickle would).
"""

from __future__ import annotations

import base64
import dataclasses
import json
import math
from dataclasses import dataclass, field
from typing import Any

# Linear algebra takes one thread unless the instructor wants more: workers keep all cores busy already, and a thread of
# OpenBLAS that has nothing to do spins (`import numpy` in a new interpreter: 0.31 s of processor time, 0.23 with one).
ALGEBRA_THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Limits:
    """What one submission may use. Whatever exceeds a limit ends, and is reported.

    Attributes
    ----------
    cell_seconds
        Time for one cell; None for no limit.
    notebook_seconds
        Time for one notebook.
    memory_bytes
        Memory of all processes of the submission together.
    disk_bytes
        Size of each of its folders that can be written to (they are in memory, too).
    file_bytes
        Size of a single file.
    processes
        Number of processes and threads at a time.
    output_bytes
        Outputs of one cell.
    """

    cell_seconds: int | None = 240
    notebook_seconds: int = 1800
    memory_bytes: int = 4_000_000_000
    disk_bytes: int = 1_000_000_000
    file_bytes: int = 500_000_000
    processes: int = 512
    output_bytes: int = 10_000_000


@dataclass(frozen=True)
class Job:
    """One submission, ready to be executed.

    Attributes
    ----------
    student, assignment
        Whose it is; for messages only.
    notebooks
        Name → text of the sanitised notebook, in the order of execution. All run in the same folder.
    files
        Path relative to that folder, with `/` → content.
    executable
        The paths among them that can be run as programs.
    settings
        Traits of nbgrader's `Execute` that the course has configured, by name.
    preload
        Modules that the assignment uses; loaded once for all submissions.
    sandbox
        Whether to execute in bubblewrap. Without it the student's code has the rights of whoever runs it.
    session
        Jobs with the same session that follow each other on one worker share the folder; the empty one shares with
        none. `nbgrader autograde` hands over one notebook at a time.
    trusted
        Notebook → name → import statement that binds it, in the instructor's own version.
    separate
        Whether tests run in a kernel of their own: see `mlops_course.execution.boundary`.
    names, declared
        Notebook → names that are the student's, by the instructor's version; and those of them that are classes.
    given
        Those paths of `files` that are the assignment's own.
    locked
        Notebook → id → text of the cells that are the instructor's, as the gradebook has them.
    tags
        Notebook → id → tags of those cells, as the instructor has set them.
    """

    student: str
    assignment: str
    notebooks: dict[str, str]
    files: dict[str, bytes] = field(default_factory=dict)
    executable: tuple[str, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    preload: tuple[str, ...] = ()
    limits: Limits = Limits()
    sandbox: bool = True
    session: str = ""
    trusted: dict[str, dict[str, str]] = field(default_factory=dict)
    separate: bool = False
    names: dict[str, list[str]] = field(default_factory=dict)
    declared: dict[str, list[str]] = field(default_factory=dict)
    given: tuple[str, ...] = ()
    locked: dict[str, dict[str, str]] = field(default_factory=dict)
    tags: dict[str, dict[str, list[str]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """Something an instructor should see.

    Attributes
    ----------
    kind
        "limit": a limit was exceeded. "died": a kernel ended. "note": the
        rest.
    notebook, cell
        Where; the cell is the id that nbgrader knows, or None for the notebook as a whole.
    message
        What was seen, in one sentence.
    """

    kind: str
    notebook: str
    cell: str | None
    message: str


@dataclass(frozen=True)
class Result:
    """What came of a job.

    Attributes
    ----------
    notebooks
        Name → text of the executed notebook.
    findings
        In the order in which they were seen.
    seconds
        Notebook → how long its execution took.
    peak_bytes
        Most memory that the submission's processes used at a time; 0 if it was not measured.
    together
        Notebook → tests that ran in the student's kernel although the course separates them.
    """

    notebooks: dict[str, str]
    findings: tuple[Finding, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    peak_bytes: int = 0
    together: dict[str, list[str]] = field(default_factory=dict)


def encode(value: Job | Result) -> bytes:
    """Turn a job or a result into bytes; equal values give equal bytes."""
    plain = dataclasses.asdict(value)
    if isinstance(value, Job):
        plain["files"] = {path: base64.b64encode(content).decode() for path, content in value.files.items()}
    return json.dumps(plain, sort_keys=False).encode()


def decode_job(data: bytes) -> Job:
    """Read what `encode` made of a job."""
    plain = json.loads(data)
    plain["files"] = {path: base64.b64decode(content) for path, content in plain["files"].items()}
    plain["limits"] = Limits(**plain["limits"])
    for name in ("executable", "preload", "given"):
        plain[name] = tuple(plain[name])
    return Job(**plain)


def decode_result(data: bytes) -> Result:
    """Read what `encode` made of a result.

    Raises
    ------
    ValueError
        If it is anything else: it comes from where students' code was executed.
    """
    try:
        plain = json.loads(data)
        notebooks = {str(name): text for name, text in plain["notebooks"].items() if isinstance(text, str)}
        findings = tuple(
            Finding(str(one["kind"]), str(one["notebook"]), one["cell"] and str(one["cell"]), str(one["message"]))
            for one in plain["findings"]
        )
        seconds = {str(name): float(value) for name, value in plain["seconds"].items()}
        if not all(map(math.isfinite, seconds.values())):
            raise ValueError("a time that is no number")
        together = {str(name): [str(cell) for cell in cells] for name, cells in plain.get("together", {}).items()}
        return Result(notebooks, findings, seconds, int(plain["peak_bytes"]), together)
    except (KeyError, TypeError, AttributeError, OverflowError, RecursionError) as problem:
        raise ValueError(f"this is not the result of an execution ({problem!r})") from None
