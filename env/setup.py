"""Set up what is missing, then run the given command in the course's environment.

`setup.sh` and `setup.ps1` find a Python and hand over to this file, so that all systems behave alike. It uses
the standard library only: it runs before anything is installed. What it makes is `.venv` and `data/penguins.csv`;
deleting `.venv` is always safe.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENV = ROOT / "env"
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
# Written last. While it is absent, an interrupted set-up may have left anything behind: start over.
STAMP = VENV / "course-setup"
LOG = ROOT / ".setup.log"
LOCK = ROOT / ".setup.lock"

# No tool of the course reports what a student does.
QUIET = {"DVC_NO_ANALYTICS": "1", "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "1"}


class SetupError(Exception):
    """The set-up cannot go on; the message says why and what to do."""


def say(text: str) -> None:
    """Tell the person at the terminal; stdout belongs to the command that runs afterwards."""
    print(f"setup: {text}", file=sys.stderr, flush=True)


def fingerprint() -> str:
    """Digest of everything the environment is made from; another digest means there is something to do."""
    sources = [ENV / "requirements.txt", ENV / "setup.py", ROOT / "pyproject.toml"]
    sources += sorted(path for path in (ENV / "jupyter").rglob("*") if path.is_file())
    digest = hashlib.sha256()
    for path in sources:
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def stamp_text() -> str:
    """Write down what `.venv` was made from, and where: its programs name its folder."""
    return f"{ROOT}\n{fingerprint()}\n"


def environment() -> dict[str, str]:
    """Environment variables as an activated `.venv` would have them, with telemetry off."""
    variables = {name: value for name, value in os.environ.items() if name not in {"PYTHONHOME", "PYTHONPATH"}}
    variables["PATH"] = os.pathsep.join([str(BIN), variables.get("PATH", os.defpath)])
    return variables | {"VIRTUAL_ENV": str(VENV), "JUPYTER_PREFER_ENV_PATH": "1"}


def reach_index() -> dict[str, str]:
    """Let uv and pip trust what the system trusts (behind a proxy, too), and uv ask the index that pip asks."""
    variables = {"UV_SYSTEM_CERTS": "true"}
    trusted = ssl.get_default_verify_paths()
    if found := trusted.cafile or trusted.capath:
        variables["PIP_CERT"] = found
    command = [str(PYTHON), "-m", "pip", "config", "get", "global.index-url"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode == 0:
        variables["UV_DEFAULT_INDEX"] = answer.stdout.strip()
    return {name: value for name, value in variables.items() if name not in os.environ}


def run(*command: str | Path, doing: str, variables: dict[str, str] | None = None) -> None:
    """Run a step of the set-up, its output in the log, a sign of life every ten seconds."""
    done = threading.Event()

    def tick() -> None:
        begun = time.monotonic()
        while not done.wait(10):
            say(f"  ... still {doing} ({time.monotonic() - begun:.0f} s)")

    threading.Thread(target=tick, daemon=True).start()
    try:
        with LOG.open("ab") as log:
            result = subprocess.run(
                [str(part) for part in command],
                cwd=ROOT,
                env=environment() | (variables or {}),
                stdout=log,
                stderr=log,
                check=False,
            )
    finally:
        done.set()
    if result.returncode:
        raise SetupError(explain(LOG.read_text(errors="replace"), doing))


def explain(log: str, doing: str) -> str:
    """Turn the output of a failed step into one line that says what to do."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    if re.search(r"(?i)peer certificate|certificate.verify.failed|self.signed certificate", log):
        return (
            f"{doing} failed: the package index's certificate is not trusted here (a proxy inspects connections?). "
            "Set SSL_CERT_FILE and PIP_CERT to the file with your organisation's certificates, then run this again. "
            f"(Details: {LOG.name})"
        )
    offline = (
        r"(?i)dns error|name resolution|getaddrinfo|connection (refused|error)|timed? out|unreachable"
        r"|NewConnectionError|failed to fetch|error sending request"
    )
    if re.search(offline, log):
        return (
            f"{doing} failed: the package index cannot be reached. "
            f"Connect to a network, then run this again. (Details: {LOG.name})"
        )
    if re.search(r"(?i)no space left", log):
        return f"{doing} failed: the disk is full. Make 3 GB of room, then run this again."
    last = lines[-1] if lines else "no output"
    return f"{doing} failed: {last} (Details: {LOG.name})"


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Wait while another call sets up: two at once would take each other's unfinished work for a broken one."""
    with LOCK.open("a+b") as file:
        if os.name == "nt":
            import msvcrt

            file.seek(0)
            while True:
                try:
                    msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)  # gives up after ten seconds
                    break
                except OSError:
                    continue
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield  # closing the file, or the end of this process, releases the lock


def is_ready() -> bool:
    """Tell whether the environment was made from what is here now."""
    return PYTHON.exists() and STAMP.exists() and STAMP.read_text(encoding="utf-8") == stamp_text()


def install() -> None:
    """Make `.venv` hold exactly what `requirements.txt` names, the `course` package and Jupyter's settings."""
    try:
        import ensurepip  # noqa: F401 (Debian splits it off; said here, where there is something to install)
        import venv  # noqa: F401
    except ImportError:
        package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        raise SetupError(
            f"this Python has no venv module. On Debian or Ubuntu: sudo apt install {package}. Then run this again."
        ) from None
    begun = time.monotonic()
    LOG.unlink(missing_ok=True)
    stamp = STAMP.read_text(encoding="utf-8") if STAMP.exists() else ""
    if VENV.exists() and stamp and not stamp.startswith(f"{ROOT}\n"):
        say("the course's folder has moved; building .venv again, which remembers where it was made")
        shutil.rmtree(VENV)
    elif VENV.exists() and not (stamp and PYTHON.exists()):
        say("the environment in .venv is incomplete; building it again")
        shutil.rmtree(VENV)
    STAMP.unlink(missing_ok=True)

    if not PYTHON.exists():
        say(f"[1/4] making .venv with Python {sys.version.split()[0]}")
        if sys.version_info >= (3, 14):
            say("      this Python is newer than those the course is tested with (3.11 to 3.13)")
        # Called from a terminal of JupyterLab, this Python may be the one in the .venv that has just been deleted.
        python = getattr(sys, "_base_executable", sys.executable)
        run(python, "-m", "venv", VENV, doing="making .venv")
    requirements = ENV / "requirements.txt"
    text = requirements.read_text(encoding="utf-8")
    packages = re.findall(r"^[A-Za-z0-9][^\s=]*==\S+", text, flags=re.MULTILINE)
    say(f"[2/4] installing the {len(packages)} packages of env/requirements.txt (1.4 GB; a minute on a good network)")
    uv = next((package for package in packages if package.startswith("uv==")), "uv")
    index = reach_index()
    installed = subprocess.run([PYTHON, "-m", "uv", "--version"], capture_output=True, text=True, check=False)
    if f"uv {uv.removeprefix('uv==')}" not in installed.stdout:
        download = [PYTHON, "-m", "pip", "install", "--quiet", "--retries", "2", uv]
        run(*download, doing="downloading uv", variables=index)
    # Compiled once here, not again by every first import of every kernel.
    sync = [PYTHON, "-m", "uv", "pip", "sync", "--compile-bytecode", "--python", PYTHON, requirements]
    run(*sync, doing="downloading packages", variables=index)
    say("[3/4] installing the course package and Jupyter's settings")
    editable = ["pip", "install", "--python", PYTHON, "--no-deps", "--no-build-isolation", "--offline", "-e", ROOT]
    run(PYTHON, "-m", "uv", *editable, doing="installing the course package")
    shutil.copytree(ENV / "jupyter", VENV, dirs_exist_ok=True)
    # Every start of this Python sets them, in an activated environment, too.
    quiet = f"import os; [os.environ.setdefault(name, value) for name, value in {QUIET}.items()]\n"
    site = "import sysconfig; print(sysconfig.get_path('purelib'))"
    purelib = subprocess.run([PYTHON, "-c", site], capture_output=True, text=True, check=True).stdout.strip()
    Path(purelib, "course_quiet.pth").write_text(quiet, encoding="utf-8")
    # `!dvc` must work in a notebook even where JupyterLab was not started by this script.
    path = os.pathsep.join([str(BIN), "${PATH}"])
    variables = {"PATH": path, "VIRTUAL_ENV": str(VENV)}
    options = [part for name, value in variables.items() for part in ("--env", name, value)]
    kernel = ["install", "--sys-prefix", "--name", "python3", "--display-name", "Python 3 (ipykernel)"]
    run(PYTHON, "-m", "ipykernel", *kernel, *options, doing="installing the notebook kernel")

    if sys.platform == "linux" and (ROOT / "tests").is_dir():  # in students' copies nothing is graded
        trial = [PYTHON, "-m", "mlops_course.execution.bubblewrap"]
        refused = subprocess.run(trial, env=environment(), capture_output=True, text=True, check=False).stdout.strip()
        if refused:
            say(f"      grading cannot lock students' code in here: {refused}")

    if not str(ROOT).isascii():
        say("      DVC cannot write a path such as this one into its settings; move the course to one of plain letters")

    STAMP.write_text(stamp_text(), encoding="utf-8")
    LOG.unlink(missing_ok=True)
    say(f"      done in {time.monotonic() - begun:.0f} s")


def data_state() -> str:
    """Compare `data/penguins.csv` with the pointer that DVC keeps in Git: "missing", "same" or "other"."""
    pointer = (ROOT / "data" / "penguins.csv.dvc").read_text(encoding="utf-8")
    csv = ROOT / "data" / "penguins.csv"
    if not csv.exists():
        return "missing"
    expected = re.search(r"md5: ([0-9a-f]{32})", pointer)
    actual = hashlib.md5(csv.read_bytes(), usedforsecurity=False).hexdigest()
    return "same" if expected and expected.group(1) == actual else "other"


def fetch_data() -> None:
    """Fetch the data through DVC from the remote that the repository carries; never overwrite edits."""
    state = data_state()
    if state == "same":
        return
    in_git = subprocess.run(["git", "rev-parse", "--is-inside-work-tree"], cwd=ROOT, capture_output=True, check=False)
    if in_git.returncode:  # unpacked from a zip: DVC must be told not to look for a repository
        run(PYTHON, "-m", "dvc", "config", "--local", "core.no_scm", "true", doing="configuring DVC")
    if state == "missing":
        say("[4/4] fetching data/penguins.csv through DVC")
        run(PYTHON, "-m", "dvc", "pull", "data/penguins.csv.dvc", doing="fetching the data")
    # An older season that DVC knows is replaced; bytes that DVC has never seen are somebody's work.
    elif subprocess.run(
        [PYTHON, "-m", "dvc", "pull", "--quiet", "data/penguins.csv.dvc"],
        cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, check=False,
    ).returncode:  # fmt: skip
        say("data/penguins.csv was changed by hand and stays as it is.")
        say("to restore it: bash env/setup.sh dvc checkout --force data/penguins.csv.dvc")


def main(command: list[str]) -> int:
    """Set up, then become the command."""
    try:
        if not shutil.which("git"):
            raise SetupError("Git was not found. Install it from https://git-scm.com/downloads, then run this again.")
        if not (is_ready() and data_state() == "same"):
            with alone():
                if not is_ready():
                    install()
                fetch_data()
    except SetupError as problem:
        say(str(problem))
        return 1
    except OSError as problem:
        say(f"{problem.filename or ROOT}: {problem.strerror or problem}. Is the folder writable, and is there room?")
        return 1
    except KeyboardInterrupt:
        say("interrupted; the next call repairs what is unfinished")
        return 130
    if not command:
        script = r"env\setup.ps1" if os.name == "nt" else "bash env/setup.sh"
        print("The environment is ready. Next:")
        print(f"  {script} jupyter lab    opens the course on lesson 00")
        if (ROOT / "tests").is_dir():  # students' copies have none
            print(f"  {script} pytest         runs its tests")
        return 0
    variables = environment()
    program = shutil.which(command[0], path=variables["PATH"])
    if program is None:
        say(f"there is no command {command[0]!r} in the environment")
        return 127
    if os.name == "nt":
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the command, which then ends in its own way
        return subprocess.run([program, *command[1:]], env=variables, check=False).returncode
    os.execve(program, [program, *command[1:]], variables)  # noqa: S606 (no shell is the point)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
