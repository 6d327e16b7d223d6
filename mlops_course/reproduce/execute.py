"""Execute a copy of a project's notebook through papermill, in surroundings of its own."""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import math
import multiprocessing
import os
import shutil
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

from mlops_course.errors import ContractError, CourseError, InterruptedByUserError
from mlops_course.reproduce.collect import UnreadableError
from mlops_course.reproduce.contract import Promise, read_cells, require_file
from mlops_course.reproduce.isolation import READING, Wall
from mlops_course.reproduce.job import Job, end_tree, launch, warm_up
from mlops_course.reproduce.project import Snapshot, find_root, git_folders, reverse_times, size_of, special_files
from mlops_course.reproduce.surroundings import Surroundings, Tools, use_up_process_numbers

# Below this much free space the machine itself is in danger; above this much written, a notebook is out of hand.
FREE_BYTES = 256 * 2**20
WRITTEN_BYTES = 8 * 2**30
# Where a notebook sees its private folders, when bubblewrap shows it a file system of its own.
SHOWN_ROOT = Path("/tmp/reproduce")

# Tags of the cells that papermill adds to an executed notebook; the user never sees these cells.
ADDED_BY_PAPERMILL = {"injected-parameters", "papermill-error-cell-tag"}

# Variables that are meant for the process that starts the kernel.
OURS = ("JUPYTER_PATH", "JUPYTER_RUNTIME_DIR", "JPY_PARENT_PID")

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Kernel:
    """How a kernel is started, the folders that it is made of, and whether its Python can be shown another date."""

    command: list[str]
    language: str
    variables: dict[str, str]
    folders: list[Path]
    shows_dates: bool


@dataclass
class Execution:
    """One execution and how it went."""

    label: str  # what it was for, as the report names it
    parameters: dict[str, Any]  # what papermill set
    surroundings: Surroundings  # what was around it
    root: Path  # real folder of its copies, and where the notebook saw them
    shown: Path
    folder: Path  # real path of the notebook's working directory
    output: Path  # the executed notebook
    status: str = "failed"  # "done", "raised", "died", "timeout", "disk" or "failed"
    message: str = ""  # one line about what went wrong, empty when it is done
    cell: str = ""  # identifier of the cell it ended in, empty when it is done
    seconds: float = 0.0  # wall-clock time
    began_with: int = 0  # bytes in its folders before it ran
    patience: float = math.inf  # seconds after which it is given up, where that is less than the user's limit
    record: dict[str, Any] = field(default_factory=dict)  # what it logged, as `collect.read_store` returns it


class Workshop:
    """Where executions happen: a folder, the tools of this computer and a server that has papermill loaded."""

    def __init__(self, base: Path, tools: Tools, *, timeout: float, network: bool = False) -> None:
        """Start the server, so that it loads papermill while the project is being copied."""
        self.base = base.resolve()
        self.tools = tools
        self.timeout = timeout
        self.network = network
        self.stop = threading.Event()
        method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
        self.context = multiprocessing.get_context(method)
        if method == "forkserver":
            self.context.set_forkserver_preload(["mlops_course.reproduce.worker"])
            # The first process starts the server and waits for it; nothing else need wait.
            threading.Thread(target=self.context.Process(target=warm_up, daemon=True).start, daemon=True).start()
        self.wall = Wall(tools, self.base)
        self.runs = self.base / "runs"
        self.runs.mkdir()
        self.places: dict[Path, threading.Lock] = {}
        self.guard = threading.Lock()
        self.numbers = itertools.count()

    def copy_project(self, notebook: Path, place: Path) -> tuple[Promise, Snapshot, dict[str, str]]:
        """Have a notebook read and its project copied to a folder, behind the wall.

        Returns
        -------
        tuple
            What the notebook promises, the copy, and what is in it, as `project.inventory` lists it.
        """
        require_file(notebook)
        path = notebook.resolve()
        root = find_root(path)
        place.mkdir()
        read = [root, *(git_folders(root) if os.path.lexists(root / ".git") else ())]
        inside = self.wall.module("project", self.stop, read=read, write={place: place})
        try:
            job = {"notebook": str(path), "destination": str(place / path.parent.name)}
            answer = inside.ask(job, max(self.timeout, READING))
        except UnreadableError as problem:
            raise CourseError(f"its project cannot be copied: {problem}") from None
        finally:
            inside.close()
        if "error" in answer:
            raise ContractError(answer["error"].replace(str(path), str(notebook)))
        copied, relative, revision = answer["snapshot"]
        snapshot = Snapshot(Path(copied), Path(relative), revision)
        return Promise(path, *answer["promise"]), snapshot, answer["inventory"]

    def prepare(
        self,
        snapshot: Snapshot,
        label: str,
        parameters: dict[str, Any],
        surroundings: Surroundings,
        *,
        left_from: Execution | None = None,
        keep: frozenset[str] = frozenset(),
    ) -> Execution:
        """Lay out the folders of an execution, under a label that no other execution of this project has.

        Of an earlier execution (`left_from`) in the same surroundings, the folders in `keep` ("project", "home",
        "temporary") begin as it left them, but for its MLflow store.
        """
        paths = surroundings.paths(snapshot.root.name)
        root = self.runs / f"{snapshot.root.parent.name}-{label}"
        for name, relative in paths.items():
            target = root / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            earlier = left_from.root / left_from.surroundings.paths(snapshot.root.name)[name] if name in keep else None
            if earlier is not None and earlier.resolve() == earlier:  # a notebook can put a link in its place
                shutil.copytree(earlier, target, symlinks=True, ignore=leave_store)
            elif name == "project":
                shutil.copytree(snapshot.root, target, symlinks=True)
                if surroundings.other("file-times"):
                    reverse_times(target)
            else:
                target.mkdir()
        if self.tools.bubblewrap:
            shown = SHOWN_ROOT
        else:  # two executions with the same folders take turns at the same path
            shown = self.base / "at" / f"{snapshot.root.parent.name}-{zlib.crc32(repr(paths).encode()):08x}"
        folder = root / paths["project"] / snapshot.notebook.parent
        output = self.base / "executed" / f"{snapshot.root.parent.name}-{label}.ipynb"
        output.parent.mkdir(exist_ok=True)
        return Execution(label, parameters, surroundings, root, shown, folder, output, began_with=size_of(root))

    def execute(
        self, execution: Execution, snapshot: Snapshot, kernel: str, progress: Progress | None = None
    ) -> Execution:
        """Execute, and fill in how it went.

        Raises
        ------
        InterruptedByUserError
            `stop` was set meanwhile; the kernel is gone when this is raised.
        """
        begun = time.monotonic()
        with self.at_its_place(execution) as root:
            paths = execution.surroundings.paths(snapshot.root.name)
            folder = root / paths["project"] / snapshot.notebook.parent
            # A short path: the kernel's sockets are here, whose paths may have about 100 characters.
            kernels = self.base / "k" / str(next(self.numbers))
            runtime = kernels / "r"
            runtime.mkdir(parents=True)
            shown = {name: execution.shown / relative for name, relative in paths.items()}
            environment = execution.surroundings.environment(self.tools, shown)
            environment |= {"JUPYTER_PATH": str(kernels), "JUPYTER_RUNTIME_DIR": str(runtime)}
            self.write_kernel(execution, kernel, runtime, shown["project"] / snapshot.notebook.parent)
            job = Job(
                notebook=str(root / paths["project"] / snapshot.notebook),
                output=str(execution.output),
                folder=str(folder),
                parameters=execution.parameters,
                environment=environment,
                umask=execution.surroundings.umask(),
                runtime=str(runtime),
            )
            self.drive(job, execution, progress)
        execution.seconds = time.monotonic() - begun
        return execution

    @contextlib.contextmanager
    def at_its_place(self, execution: Execution) -> Iterator[Path]:
        """Yield the real folder while the notebook sees it at its place."""
        if self.tools.bubblewrap:
            yield execution.root
            return
        with self.guard:
            lock = self.places.setdefault(execution.shown, threading.Lock())
        with lock:
            execution.shown.parent.mkdir(parents=True, exist_ok=True)
            execution.root.rename(execution.shown)
            try:
                yield execution.shown
            finally:
                execution.shown.rename(execution.root)

    def write_kernel(self, execution: Execution, name: str, runtime: Path, shown_folder: Path) -> None:
        """Write a kernel specification that starts the notebook's kernel in its surroundings.

        It lies outside the folder of connection files, in which the kernel writes.
        """
        kernel = find_kernel(name)
        command = kernel.command
        if self.tools.bubblewrap:
            command = self.wall.enclose(
                use_up_process_numbers(int(runtime.parent.name), command),
                read=kernel.folders,
                write={execution.root: execution.shown, runtime: runtime},
                more=[part for name in OURS for part in ("--unsetenv", name)],
                folder=shown_folder,
                host=execution.surroundings.host(),
                network=self.network,
            )
        folder = runtime.parent / "kernels" / "reproduce"
        folder.mkdir(parents=True, exist_ok=True)
        content = {"argv": command, "display_name": name, "language": kernel.language, "env": kernel.variables}
        (folder / "kernel.json").write_text(json.dumps(content), encoding="utf-8")

    def drive(self, job: Job, execution: Execution, progress: Progress | None) -> None:
        """Start the worker, follow it, and end it when it takes too long or too much."""
        mine, its = self.context.Pipe()
        process = self.context.Process(target=launch, args=(job, its), daemon=True)
        process.start()
        its.close()
        begun = checked = time.monotonic()
        cell = (0, 0, "")
        status = ("died", "", "")
        try:
            while True:
                if mine.poll(0.2):
                    try:
                        event = mine.recv()
                    except EOFError:
                        break
                    if event[0] == "cell":
                        cell = (event[1], event[2], event[3])
                        if progress:
                            progress(execution.label, event[1], event[2])
                        continue
                    status = event
                    if event[0] == "done" and (trouble := disk_trouble(execution)):
                        status = ("disk", "", trouble)
                    break
                now = time.monotonic()
                if self.stop.is_set():
                    raise InterruptedByUserError("interrupted")
                if now - begun > (limit := min(self.timeout, execution.patience)):
                    status = ("timeout", "", f"not finished after {limit:.0f} s")
                    break
                if now - checked > 3:
                    checked = now
                    if trouble := disk_trouble(execution):
                        status = ("disk", "", trouble)
                        break
        finally:
            if status[0] in {"timeout", "disk", "died"} or self.stop.is_set():
                end_tree(process.pid)
                process.kill()
            process.join()
            mine.close()
        execution.status, execution.cell = status[0], cell[2]
        execution.message = explain(status, execution, cell)


@functools.cache
def find_kernel(name: str) -> Kernel:
    """Look up a kernel, and ask its Python what it is made of; ContractError where there is none."""
    try:
        spec = KernelSpecManager().get_kernel_spec(name)
    except NoSuchKernel:
        raise ContractError(
            f"the notebook asks for the kernel {name!r}, which is not installed here. "
            "`jupyter kernelspec list` shows what is; choose one in JupyterLab (Kernel, Change Kernel) and save."
        ) from None
    command = [sys.executable if part in {"python", "python3"} else part for part in spec.argv]
    if command[0] == sys.executable:
        return Kernel(command, spec.language, dict(spec.env), [], True)
    question = "import sys; print(sys.prefix, sys.base_prefix, sep='\\n'); import time_machine; print('dates')"
    asked = subprocess.run([command[0], "-c", question], cwd=sys.prefix, capture_output=True, text=True, check=False)
    said = asked.stdout.splitlines()
    folders = [Path(folder) for folder in (Path(command[0]).parent.parent, *said[:2]) if os.path.isdir(folder)]
    return Kernel(command, spec.language, dict(spec.env), folders, "dates" in said)


def disk_trouble(execution: Execution) -> str:
    """Say why an execution must not go on writing, empty while it may."""
    place = execution.root if execution.root.exists() else execution.shown
    if shutil.disk_usage(place).free < FREE_BYTES:
        return f"stopped: less than {FREE_BYTES // 2**20} MB are free on the disk"
    if size_of(place) - execution.began_with > WRITTEN_BYTES:
        return f"stopped: it wrote more than {WRITTEN_BYTES // 2**30} GB"
    return ""


def leave_store(folder: str, names: list[str]) -> set[str]:
    """Choose what of an earlier execution's folder is not carried on: its store, and what cannot be copied."""
    return {name for name in names if name.startswith("mlflow.db") or name == "mlruns"} | special_files(folder, names)


def explain(status: tuple[str, str, str], execution: Execution, cell: tuple[int, int, str]) -> str:
    """Put how an execution ended into one line that names the cell."""
    kind, name, value = status
    if kind == "done":
        return ""
    where = name_cell(execution.output, cell)
    if kind == "raised":
        first = next((line for line in value.splitlines() if line.strip()), "")
        hint = ""
        if name == "StdinNotImplementedError":
            hint = " (it waits for somebody to type, and nobody is there)"
        if name == "FileNotFoundError":
            hint = " (an execution sees what Git and DVC track of the project, and an empty home directory)"
        if name in {"URLError", "ConnectionError", "gaierror", "ConnectTimeout", "NewConnectionError"}:
            hint = " (an execution has no network; --network gives it one)"
        if "Read-only file system" in value:
            hint = " (an execution may write in its project, its home and its temporary directory only)"
        return f"{where} raises {name}: {first}{hint}"
    if kind == "died":
        return f"{where}: the kernel died there (out of memory, or it ended itself)"
    if kind in {"timeout", "disk"}:
        return f"{where}: {value}"
    first = next((line for line in value.splitlines() if line.strip()), "")
    return f"papermill could not execute it: {name}: {first}"


def name_cell(output: Path, cell: tuple[int, int, str]) -> str:
    """Name a cell by its place in the notebook, its identifier and its first line."""
    index, _, identifier = cell
    if not index:
        return "before its first cell"
    cells = read_cells(output)
    if not cells:  # killed while it wrote: the identifier must do
        return f"cell {identifier!r}"
    originals = [one for one in cells if not ADDED_BY_PAPERMILL.intersection(one["metadata"].get("tags", []))]
    place = next((number for number, one in enumerate(originals, 1) if one.get("id") == identifier), index)
    found = next((one for one in cells if one.get("id") == identifier), None)
    lines = "".join(found["source"]).splitlines() if found is not None else []
    line = next((text.strip() for text in lines if text.strip() and not text.startswith("#")), "")
    return f"cell {place} ({identifier}, `{line[:60]}`)" if line else f"cell {place} ({identifier})"
