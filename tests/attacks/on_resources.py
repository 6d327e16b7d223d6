"""Attacks that want more of the computer than is theirs, or that stop the grading.

What would endanger the computer of whoever runs the tests is asked for in full only where limits stand in the way.
"""

from __future__ import annotations

from pathlib import Path

from tests.attacks.attack import PRINT_REACHED, REACHED, Attack, HandIn, Site, code


def sized(full: str, tried: str, source: str, *, notebook: str = "functions") -> HandIn:
    """Hand in code with `$amount` in it: `full`, or on plain nbgrader what is `tried` there."""

    def write(site: Site, folder: Path) -> None:
        amount = full if site.full else tried
        code(notebook, source.replace("$amount", amount))(site, folder)

    return write


ATTACKS = [
    Attack(
        "process_left",
        "Starts a program that goes on after grading.",
        code(
            "functions",
            """
            import subprocess
            import sys

            program = "import os, time\\nif os.fork() == 0:\\n    os.setsid()\\n    time.sleep(300)"
            subprocess.Popen([sys.executable, "-c", program, "$left"], start_new_session=True)
            """,
        ),
        harms=("process",),
    ),
    Attack(
        "grader_killed",
        "Kills the process that started the kernel.",
        code(
            "functions",
            """
            import os
            import signal

            if os.getppid() > 1:
                os.kill(os.getppid(), signal.SIGKILL)
            """,
        ),
        harms=("batch",),
        flag=False,
    ),
    Attack(
        "all_killed",
        "Kills every process that it may kill, if they are few: those of a sandbox.",
        code(
            "functions",
            """
            import os
            import signal
            from pathlib import Path

            others = len(list(Path("/proc").glob("[0-9]*")))
            names = [path.read_text() for path in Path("/proc").glob("[0-9]*/comm")]
            print(others, "processes are in sight", names)
            if others < 12 and Path("/proc/1/comm").read_text().strip() in ("bwrap", "python", "python3"):
                os.kill(-1, signal.SIGKILL)
            """,
        ),
        why_not="not tried there: it would end the whole session of whoever runs the tests",
        on_stock=False,
    ),
    Attack(
        "fork_bomb",
        "Starts processes that start processes.",
        sized(
            "100_000",
            "600",
            f"""
            import os
            import time

            started = 0
            try:
                for number in range($amount):
                    if os.fork() == 0:
                        time.sleep(20)
                        os._exit(0)
                    started += 1
            except OSError as problem:
                print(problem)
            if started >= 600:
                {PRINT_REACHED}
            """,
        ),
        leaks=(REACHED,),
    ),
    Attack(
        "memory",
        "Takes 50 GB of memory and writes to all of it.",
        # Where no limit holds it, 8 GB show that; more would take the computer away from others.
        sized(
            "8_000",
            "600",
            f"""
            held = []
            while len(held) * 100 < $amount:
                held.append(b"x" * 100_000_000)
            {PRINT_REACHED}
            """,
        ),
        leaks=(REACHED,),
    ),
    Attack(
        "memory_of_children",
        "Takes as much in several processes.",
        sized(
            "8_000",
            "600",
            f"""
            import os
            import time

            children = []
            for number in range(6):
                child = os.fork()
                if child == 0:
                    held = b"x" * ($amount // 6 * 1_000_000)
                    time.sleep(2)
                    os._exit(7)
                children.append(child)
            if all(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7 for child in children):
                {PRINT_REACHED}
            """,
        ),
        leaks=(REACHED,),
    ),
    Attack(
        "temporary_filled",
        "Fills /tmp and the working folder.",
        sized(
            "30",
            "2",
            f"""
            from pathlib import Path

            written = 0
            for number in range($amount):
                for folder in ("/tmp", ".", "/dev/shm"):
                    try:
                        (Path(folder) / f"$left-{{number}}").write_bytes(b"x" * 100_000_000)
                        written += 1
                    except OSError as problem:
                        print(problem)
            if written == 3 * $amount:
                {PRINT_REACHED}
            """,
        ),
        leaks=(REACHED,),
        harms=("litter",),
    ),
    Attack(
        "endless_output",
        "Prints without an end.",
        sized(
            "10**9",
            "200",
            f"""
            for number in range($amount):
                print("x" * 100_000)
            {PRINT_REACHED}
            """,
        ),
        leaks=(REACHED,),
        options=("--LimitOutput.max_lines=-1",),
        flag=True,
    ),
    Attack(
        "one_huge_output",
        "Shows a picture of 40 MB: nbgrader limits lines of text and nothing else.",
        code(
            "functions",
            """
            from IPython.display import display

            display({"image/png": "A" * 40_000_000, "text/plain": "-".join(["it", "was", "reached"])}, raw=True)
            """,
        ),
        leaks=(REACHED,),
        flag=True,
    ),
    Attack(
        "interrupt_ignored",
        "A cell that runs for ever and takes no notice of interrupts.",
        code(
            "functions",
            """
            import time

            while True:
                try:
                    while True:
                        time.sleep(1)
                except BaseException:
                    pass
            """,
            total="print('-'.join(['it', 'was', 'reached']))",
        ),
        options=("--Execute.timeout=3",),
        why_not="each later cell of the notebook waits as long, and the class goes on",
        leaks=(REACHED,),
        flag=True,
    ),
    Attack(
        "stopped_process",
        "The kernel stops itself with a signal that no program can handle.",
        code(
            "functions",
            """
            import os
            import signal

            os.kill(os.getpid(), signal.SIGSTOP)
            """,
        ),
        options=("--Execute.timeout=3",),
        harms=("loss",),
        flag=True,
    ),
    Attack(
        "descriptors_closed",
        "The kernel closes all of its files and connections.",
        code("functions", "import os\nos.closerange(3, 1000)"),
        options=("--Execute.timeout=5",),
        harms=("loss",),
        flag=True,
    ),
    Attack(
        "descriptors_written",
        "Writes answers into every pipe and socket of the kernel, again and again: a connection made anew is hit too.",
        code(
            "functions",
            """
            import os
            import stat
            import threading
            import time

            forged = b'{"status": "ok", "outputs": [], "points": 100}\\n' * 50

            def write():
                for number in range(3, 300):
                    try:
                        mode = os.fstat(number).st_mode
                        if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
                            os.set_blocking(number, False)
                            os.write(number, forged)
                    except OSError:
                        pass

            def write_again():
                while True:
                    write()
                    time.sleep(0.001)

            write()
            threading.Thread(target=write_again, daemon=True).start()
            """,
        ),
        options=("--Execute.timeout=3",),
        harms=("loss",),
    ),
    Attack(
        "crash",
        "Reads from address 0; the first answer is right.",
        code(
            "functions",
            "def square(number):\n    return number * number",
            total="import ctypes\nctypes.string_at(0)",
        ),
        earned={"squares": 2},
        exact=True,
        harms=("loss",),
        flag=True,
    ),
    Attack(
        "surrogate",
        "Prints half of a surrogate pair, which no file in UTF-8 can hold; the first answer is right.",
        code(
            "functions",
            "def square(number):\n    return number * number",
            total='from IPython.display import display\ndisplay({"text/plain": "\\ud800"}, raw=True)',
        ),
        earned={"squares": 2},
        exact=True,
        harms=("loss",),
        why_not="what cannot be written is replaced on its way",
    ),
    Attack(
        "nested_output",
        "Shows data that is nested 100 000 levels deep.",
        code(
            "functions",
            """
            kernel = get_ipython().kernel
            session = kernel.session
            deep = ("[" * 100_000 + "]" * 100_000).encode()
            session.pack, real = (lambda content: deep if content == {"deep": 1} else real(content)), session.pack
            kernel.session.send(kernel.iopub_socket, "display_data", {"deep": 1}, kernel.get_parent("shell"))
            """,
        ),
        harms=("loss",),
    ),
    Attack(
        "infinite_points",
        "The result of a test is a number above the maximum: nbgrader raises.",
        code("functions", "import sys\n\ndef square(number):\n    sys.displayhook(1e300)"),
        harms=("loss",),
    ),
    Attack(
        "broken_message",
        "Sends messages that are no messages on the kernel's connection for outputs.",
        code(
            "functions",
            """
            kernel = get_ipython().kernel
            for content in ({}, {"data": 5}, {"name": "stdout"}, {"name": 5, "text": None}, {"data": {"text/plain": 1}}):
                for kind in ("stream", "display_data", "execute_result", "error", "update_display_data", "comm_open"):
                    kernel.session.send(kernel.iopub_socket, kind, content, kernel.get_parent("shell"))
            kernel.session.send(kernel.iopub_socket, "no such kind", {}, kernel.get_parent("shell"))
            """,
        ),
        harms=("loss",),
    ),
]
