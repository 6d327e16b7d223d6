"""What an attack leaves behind: files, processes, rows of the gradebook, outputs."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import socket
import sqlite3
import sysconfig
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import nbformat

from tests.attacks.attack import LEFT, Site
from tests.attacks.course import ASSIGNMENT, HOST, NETWORK

# Where a sandbox with a `/tmp` of its own has nothing in the way: what is there must be hidden on purpose.
OUTSIDE = Path("/var/tmp") if Path("/var/tmp").is_dir() else Path.home()

TEMPORARY = [Path(folder) for folder in ("/tmp", "/var/tmp", "/dev/shm") if Path(folder).is_dir()]

# What grading is there to change.
GENERATED = {"autograded", "feedback", ".course-grade", "grading_report.html", "grading_report.json"}


# What Jupyter and others write there when they are used.
KEPT_AT_HOME = {
    ".cache",
    ".config",
    ".jupyter",
    ".local",
    ".ipython/profile_default/history.sqlite",
    ".ipython/profile_default/startup/README",
    ".ipython/README",
}


@dataclass(frozen=True)
class Traces:
    """State of everything that a submission must not change."""

    course: dict[str, str]
    home: dict[str, str]
    packages: dict[str, tuple[int, int]]
    temporary: frozenset[str]
    processes: frozenset[int]
    others: tuple[tuple[object, ...], ...]


def make_home(folder: Path) -> Path:
    """Make a home with a secret in it."""
    (folder / ".ssh").mkdir(parents=True)
    (folder / ".ssh" / "key").write_text(f"{HOST}\n")
    return folder


def take(site: Site) -> Traces:
    """Look at everything."""
    return Traces(
        digests(site.course, leave=GENERATED | {"gradebook.db", "gradebook.db-journal"}),
        digests(site.home, leave=KEPT_AT_HOME),
        {name: state for name, state in installed().items() if LEFT not in name or site.left in name},
        frozenset(str(path) for path in litter(site)),
        frozenset(running(site)),
        others(site),
    )


def compare(before: Traces, after: Traces) -> set[str]:
    """Name what has changed, in the words of `tests.attacks.stock.HARMS`."""
    harms = {
        "course": before.course != after.course,
        "home": before.home != after.home,
        "environment": before.packages != after.packages,
        "litter": bool(after.temporary - before.temporary),
        "process": bool(after.processes - before.processes),
        "gradebook": before.others != after.others,
    }
    return {harm for harm, seen in harms.items() if seen}


def clean(site: Site) -> None:
    """End and delete what an attack left."""
    for process in running(site):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    for name in installed():
        if site.left in name:
            Path(name).unlink(missing_ok=True)
    for path in litter(site):
        path.unlink(missing_ok=True)


def litter(site: Site) -> list[Path]:
    """Find files that an attack left in folders for temporary files."""
    return [path for folder in TEMPORARY for path in folder.glob(f"*{site.left}*")]


def digests(folder: Path, *, leave: set[str]) -> dict[str, str]:
    """Give a hash for each file, a target for each link; `leave` names are left out, at the top."""
    found = {}
    for root, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if str((Path(root) / name).relative_to(folder)) not in leave]
        for name in files:
            path = Path(root) / name
            key = str(path.relative_to(folder))
            if key in leave:
                continue
            if path.is_symlink():
                found[key] = f"-> {path.readlink()}"
            elif path.is_file() and path.stat().st_size < 100_000_000:
                found[key] = hashlib.sha256(path.read_bytes()).hexdigest()
            else:
                found[key] = "something else"
    return found


def installed() -> dict[str, tuple[int, int]]:
    """Give size and time of each file of the installed packages, without what Python compiles by itself."""
    found = {}
    for folder in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        for root, folders, files in os.walk(folder):
            folders[:] = [name for name in folders if name != "__pycache__"]
            for name in files:
                state = (Path(root) / name).lstat()
                found[str(Path(root) / name)] = (state.st_size, state.st_mtime_ns)
    return found


def running(site: Site) -> Iterator[int]:
    """Find processes that an attack started: each has a word in its command line."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if site.left.encode() in (folder / "cmdline").read_bytes():
                yield int(folder.name)


def others(site: Site) -> tuple[tuple[object, ...], ...]:
    """Give what the gradebook knows of a student who has nothing to do with it."""
    path = site.course / "gradebook.db"
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as gradebook:
        query = "SELECT id, first_name FROM student WHERE id = 'enrolled-only'"
        return tuple(gradebook.execute(query))


def graded_folder(site: Site, student: str) -> Path:
    """Return where graded notebooks are."""
    return site.course / "autograded" / student / ASSIGNMENT


def executed(folder: Path) -> bool:
    """Tell whether a notebook there was executed: nbgrader leaves a sanitised one where it hangs."""
    notebooks = (nbformat.read(path, as_version=4) for path in folder.glob("*.ipynb"))
    return any(cell.get("execution_count") for notebook in notebooks for cell in notebook.cells)


def points(site: Site, student: str) -> dict[str, float | None]:
    """Read points by grade cell; those for a person to give are left out."""
    query = """
        SELECT base_cell.name, grade.auto_score
        FROM grade
        JOIN submitted_notebook ON submitted_notebook.id = grade.notebook_id
        JOIN submitted_assignment ON submitted_assignment.id = submitted_notebook.assignment_id
        JOIN grade_cells ON grade_cells.id = grade.cell_id
        JOIN base_cell ON base_cell.id = grade_cells.id
        WHERE submitted_assignment.student_id = ? AND grade_cells.cell_type = 'code'
    """
    path = site.course / "gradebook.db"
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as gradebook:
        return dict(gradebook.execute(query, (student,)))


def outputs(folder: Path) -> str:
    """Give everything that graded notebooks show besides the cells, as one text."""
    shown = []
    for path in sorted(folder.glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            for output in cell.get("outputs", []):
                shown.append(output.get("text", ""))
                shown.append("\n".join(output.get("traceback", [])))
                shown.append(output.get("evalue", ""))
                shown += [str(content) for content in output.get("data", {}).values()]
    return "\n".join(shown)


class ScriptFinder(HTMLParser):
    """Look for scripts of an attack: elements, event handlers, addresses."""

    found = False
    inside = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Look at an element."""
        self.inside = tag == "script"
        for name, value in attributes:
            active = name.startswith("on") or (value or "").strip().lower().startswith("javascript:")
            if active and LEFT in (value or ""):
                self.found = True

    def handle_data(self, data: str) -> None:
        """Look at the text of an element."""
        if self.inside and LEFT in data:
            self.found = True

    def handle_endtag(self, tag: str) -> None:
        """Leave an element."""
        self.inside = False


def has_script(page: str) -> bool:
    """Tell whether a page would run an attack's script."""
    finder = ScriptFinder()
    finder.feed(page)
    return finder.found


@dataclass(frozen=True)
class Listener:
    """A server of the host that tells a secret to whoever connects."""

    address: str
    port: int


def own_address() -> str:
    """Return an address of this computer that is not the loopback one, if it has any."""
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # nothing is sent
            return probe.getsockname()[0]
        except OSError:
            return "127.0.0.1"


@contextlib.contextmanager
def listening() -> Iterator[Listener]:
    """Serve on every device, and on Linux under a name in the abstract namespace of Unix sockets."""
    server = socket.create_server(("0.0.0.0", 0))
    port = server.getsockname()[1]
    servers = [server]
    with contextlib.suppress(OSError, AttributeError):
        other = socket.socket(socket.AF_UNIX)
        other.bind(f"\0course-{port}")
        other.listen()
        servers.append(other)

    def serve(one: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = one.accept()
                with contextlib.closing(connection):
                    connection.sendall(NETWORK.encode())

    for one in servers:
        threading.Thread(target=serve, args=(one,), daemon=True).start()
    try:
        yield Listener(own_address(), port)
    finally:
        for one in servers:
            one.close()
