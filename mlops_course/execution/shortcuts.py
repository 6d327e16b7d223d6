"""Programs inside the sandbox that ask for a forked interpreter instead of starting a new one: see `fork_client`."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import marshal
import sys
from pathlib import Path

PROGRAMS = "/opt/course"


def shortcut(kind: str) -> str:
    """Write the program that asks for a forked interpreter instead of starting one."""
    text = Path(__file__).with_name("fork_client.py").read_text(encoding="utf-8")
    text = text.replace('KIND = "dvc"', f"KIND = {kind!r}").replace('PYTHON = "python"', f"PYTHON = {sys.executable!r}")
    text = text.replace('SOCKET = "COURSE_FORK"', 'SOCKET = os.environ.get("COURSE_FORK", "/nowhere")')
    base = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    # To compile it takes a fifth of the time that all of it takes.
    code = marshal.dumps(compile(text, f"<{kind}>", "exec", dont_inherit=True))
    return f"#!{base} -IS\nimport marshal\nexec(marshal.loads({code!r}))\n"


def shortcuts() -> dict[str, str]:
    """Map places inside the sandbox to the programs and the kernel description that stand there."""
    program = f"{PROGRAMS}/bin/kernel"
    found = {
        program: shortcut("kernel"),
        f"{PROGRAMS}/share/jupyter/kernels/python3/kernel.json": json.dumps(
            {"argv": [program, "-f", "{connection_file}"], "display_name": "Python 3 (ipykernel)", "language": "python",
             "metadata": {"debugger": True}}
        ),
    }  # fmt: skip
    package = importlib.util.find_spec("dvc")
    if package is None:
        return found
    early = f"{PROGRAMS}/bin/dvc"
    found[early] = shortcut("dvc")
    for place in (
        Path(sys.executable).parent / "dvc",
        *(Path(folder) / "__main__.py" for folder in package.submodule_search_locations or []),
    ):
        if place.is_file():
            found[str(place)] = found[early]
    begin = f"exec(open({early!r}).read(), {{'__name__': 'at the start'}})"
    for place in finders():
        found[str(place)] = f"import sys; sys.orig_argv[1:3] == ['-m', 'dvc'] and {begin}\n"
    return found


def finders() -> list[Path]:
    """List the files that tell every Python of this environment where the `course` package is, if it was not copied.

    A new interpreter takes about half of its time for what they say, and no student's program needs the package.
    """
    try:
        installed = importlib.metadata.distribution("mlops-course")
    except importlib.metadata.PackageNotFoundError:
        return []
    files = [Path(installed.locate_file(file)) for file in installed.files or [] if file.suffix == ".pth"]
    return [file for file in files if file.is_file()]
