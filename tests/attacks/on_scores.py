"""Attacks that want points without an answer, by what they do inside the kernel."""

from __future__ import annotations

from tests.attacks.attack import Attack, code

# What plain nbgrader gives for `functions.ipynb` when every test seems to pass.
ALL = ("squares", "total_is_right", "three_names", "mean_is_close", "vowels_counted")

# Without the cell that ends in an expression, or where a test needs a function that nobody wrote.
HELPER_ONLY = "def mean(numbers):\n    return 0"


def functions(name: str, description: str, source: str, **more: object) -> Attack:
    """Make an attack on `functions.ipynb` from the code of its first answer."""
    answers = more.pop("answers", {})
    files = more.pop("files", None)
    return Attack(name, description, code("functions", source, files=files, **answers), **more)


def data(name: str, description: str, source: str, **more: object) -> Attack:
    """Make an attack on `data.ipynb` from the code of its first answer."""
    answers = more.pop("answers", {})
    files = more.pop("files", None)
    return Attack(name, description, code("data", source, files=files, **answers), **more)


SHELL = [
    functions(
        "ast_transformer",
        "An AST transformer removes every assertion.",
        """
        import ast

        class Quiet(ast.NodeTransformer):
            def visit_Assert(self, node):
                return ast.copy_location(ast.Pass(), node)

        get_ipython().ast_transformers.append(Quiet())
        """,
        aims=("squares", "three_names"),
        answers={"total": "total = 1", "names": "names = ()", "mean": "mean = 1"},
        # `square` is never called: the whole statement is gone.
    ),
    functions(
        "input_transformer",
        "An input transformer blanks every later cell.",
        "get_ipython().input_transformers_cleanup.append(lambda lines: ['pass\\n'])",
        aims=ALL,
    ),
    functions(
        "transformers_locked",
        "The list of AST transformers takes in nothing new and keeps its own.",
        """
        import ast

        class Quiet(ast.NodeTransformer):
            def visit_Assert(self, node):
                return ast.copy_location(ast.Pass(), node)

        class Locked(list):
            def append(self, item):
                pass

            def insert(self, place, item):
                pass

            def clear(self):
                pass

            def __setitem__(self, key, value):
                pass

        get_ipython().ast_transformers = Locked([Quiet()])
        """,
        aims=("squares", "total_is_right"),
    ),
    functions(
        "transform_ast",
        "The method that applies AST transformers gives an empty tree.",
        """
        import ast

        get_ipython().transform_ast = lambda tree: ast.Module(body=[], type_ignores=[])
        """,
        aims=ALL,
    ),
    functions(
        "transform_cell",
        "The method that reads a cell's text gives an empty one.",
        "get_ipython().transform_cell = lambda text: 'pass'",
        aims=ALL,
    ),
    functions(
        "do_execute",
        "The kernel's `do_execute` always answers ok.",
        """
        async def answer(code, silent, *arguments, **settings):
            return {"status": "ok", "execution_count": 1, "user_expressions": {}, "payload": []}

        get_ipython().kernel.do_execute = answer
        """,
        aims=ALL,
    ),
    functions(
        "do_execute_polite",
        "As before; and questions that come with a cell are answered by running them alone, in a copy of the names.",
        """
        shell = get_ipython()

        async def answer(code, silent, *arguments, user_expressions=None, **settings):
            answers = shell.user_expressions(user_expressions or {})
            return {"status": "ok", "execution_count": 1, "user_expressions": answers, "payload": []}

        shell.kernel.do_execute = answer
        """,
        aims=ALL,
    ),
    functions(
        "do_execute_selective",
        "Only cells that contain an assertion of the grader's are answered with ok; all others run.",
        """
        kernel = get_ipython().kernel
        real = kernel.do_execute

        async def answer(code, silent, *arguments, **settings):
            if not silent and ("assert" in code or "check_close" in code or "sum(" in code):
                code = "pass"
            return await real(code, silent, *arguments, **settings)

        kernel.do_execute = answer
        """,
        aims=ALL,
    ),
    functions(
        "request_handler",
        "The kernel's table of handlers gets another one for cells.",
        """
        kernel = get_ipython().kernel

        async def handle(stream, ident, parent):
            content = {"status": "ok", "execution_count": 1, "user_expressions": {}, "payload": []}
            kernel.session.send(stream, "execute_reply", content, parent, ident=ident)

        kernel.shell_handlers["execute_request"] = handle
        """,
        aims=ALL,
    ),
    functions(
        "session_send",
        "What the kernel sends is rewritten: errors become ok, and are not shown.",
        """
        session = get_ipython().kernel.session
        real = type(session).send

        def send(self, stream, kind, content=None, *arguments, **settings):
            if kind == "error":
                return None
            if isinstance(content, dict) and content.get("status") == "error":
                content = content | {"status": "ok"}
            return real(self, stream, kind, content, *arguments, **settings)

        type(session).send = send
        """,
        aims=ALL,
    ),
    functions(
        "showtraceback",
        "Errors are not shown.",
        """
        get_ipython().showtraceback = lambda *arguments, **settings: None
        """,
        aims=ALL,
        why_not="the reply says that the cell failed, and nbgrader adds an error of its own",
        flag=False,
    ),
    functions(
        "set_custom_exc",
        "A handler for exceptions that does nothing.",
        """
        get_ipython().set_custom_exc((BaseException,), lambda *arguments, **settings: None)
        """,
        aims=ALL,
        why_not="IPython has noted the error before it calls the handler, and nbgrader adds an error of its own",
        flag=False,
    ),
    functions(
        "set_custom_exc_result",
        "A handler for exceptions takes the error out of the result that its caller holds.",
        """
        import sys

        def handle(shell, kind, value, traceback, tb_offset=None):
            frame = sys._getframe()
            while frame:
                result = frame.f_locals.get("result")
                if hasattr(result, "error_in_exec"):
                    result.error_in_exec = None
                frame = frame.f_back

        get_ipython().set_custom_exc((BaseException,), handle)
        """,
        aims=ALL,
    ),
    functions(
        "result_success",
        "`ExecutionResult.success` is always true, and errors are not shown.",
        """
        from IPython.core.interactiveshell import ExecutionResult

        ExecutionResult.success = property(lambda self: True)
        get_ipython().showtraceback = lambda *arguments, **settings: None
        """,
        aims=ALL,
    ),
    functions(
        "result_field",
        "The field for an error in `ExecutionResult` takes in nothing.",
        """
        from IPython.core.interactiveshell import ExecutionResult

        ExecutionResult.error_in_exec = property(lambda self: None, lambda self, value: None)
        ExecutionResult.error_before_exec = property(lambda self: None, lambda self, value: None)
        get_ipython().showtraceback = lambda *arguments, **settings: None
        """,
        aims=ALL,
    ),
    functions(
        "post_run_cell",
        "A callback after each cell takes the error out of the result, another before it hides errors.",
        """
        shell = get_ipython()

        def forgive(result):
            result.error_in_exec = None

        shell.events.register("post_run_cell", forgive)
        shell._showtraceback = lambda *arguments: None
        """,
        aims=ALL,
    ),
    functions(
        "pre_run_cell",
        "A callback before each cell puts objects that pass everything in place of whatever the cell asks for.",
        """
        import re

        class Anything(str):
            def __eq__(self, other):
                return True
            __hash__ = str.__hash__
            def __call__(self, *arguments):
                return self
            def __sub__(self, other):
                return 0
            def __len__(self):
                return 3

        def provide(info):
            for name in re.findall(r"[a-z_]+", info.raw_cell):
                if name in ("square", "total", "mean", "count_vowels"):
                    get_ipython().user_ns[name] = Anything()

        get_ipython().events.register("pre_run_cell", provide)
        """,
        aims=("squares", "total_is_right", "mean_is_close", "vowels_counted"),
    ),
    functions(
        "run_code",
        "`run_code`, which runs a compiled cell, says that all went well.",
        """
        async def run_code(code, result=None, *, async_=False):
            return False

        get_ipython().run_code = run_code
        """,
        aims=ALL,
    ),
    functions(
        "run_cell",
        "`run_cell` and `run_cell_async` give an empty result.",
        """
        from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult

        shell = get_ipython()

        def run(text, *arguments, **settings):
            return ExecutionResult(ExecutionInfo(text, True, True, True, None))

        async def run_later(text, *arguments, **settings):
            return run(text)

        shell.run_cell = run
        shell.run_cell_async = run_later
        """,
        aims=ALL,
    ),
    functions(
        "user_namespace",
        "The dictionary of the notebook's names is replaced by one that answers with what the test wants.",
        """
        class Sly(dict):
            def __getitem__(self, name):
                if name == "check_close":
                    return lambda *arguments: None
                if name == "mean":
                    return lambda numbers: None
                if name == "total":
                    return 42
                return dict.__getitem__(self, name)

        shell = get_ipython()
        shell.user_ns = Sly(shell.user_ns)
        """,
        aims=("mean_is_close",),
        answers={"total": "pass"},
        earned={"total_is_right": 1},  # 42 is the right answer, in a roundabout way
    ),
    functions(
        "messages_forged",
        "While a test runs, the student's function answers in the kernel's place that the cell has ended well.",
        """
        kernel = get_ipython().kernel

        def square(number):
            parent = kernel.get_parent("shell")
            content = {"status": "ok", "execution_count": 1, "user_expressions": {}, "payload": []}
            ident = kernel._parent_ident["shell"]
            kernel.session.send(kernel.iopub_socket, "status", {"execution_state": "idle"}, parent)
            kernel.session.send(kernel.shell_stream, "execute_reply", content, parent, ident=ident)
            return number
        """,
        aims=("squares",),
    ),
    functions(
        "kernel_replaced",
        "The process becomes another program that listens where the kernel did and says ok to everything.",
        """
        import json
        import os
        import sys
        from ipykernel.connect import get_connection_file
        from pathlib import Path

        kernel = get_ipython().kernel
        ident = b"".join(kernel._parent_ident["shell"]).hex()
        header = json.dumps(kernel.get_parent("shell")["header"], default=str)
        program = str(Path("other.py").resolve())
        os.execv(sys.executable, [sys.executable, program, get_connection_file(), ident, header])
        """,
        files={
            "other.py": """
            import os

            os.closerange(3, 500)  # or the other side would not connect again

            import json
            import sys
            import time

            import zmq
            from jupyter_client.session import Session

            info = json.load(open(sys.argv[1]))
            session = Session(key=info["key"].encode(), signature_scheme=info["signature_scheme"])
            context = zmq.Context()
            glue = "-" if info["transport"] == "ipc" else ":"

            def bind(kind, name):
                made = context.socket(kind)
                made.bind(info["transport"] + "://" + info["ip"] + glue + str(info[name + "_port"]))
                return made

            shell, control = bind(zmq.ROUTER, "shell"), bind(zmq.ROUTER, "control")
            publish, beat = bind(zmq.PUB, "iopub"), bind(zmq.REP, "hb")
            poller = zmq.Poller()
            for one in (shell, control, beat):
                poller.register(one, zmq.POLLIN)
            time.sleep(2)  # until the others have found the new sockets

            def answer(one, kind, parent, ident):
                content = {"status": "ok", "execution_count": 1, "user_expressions": {}, "payload": []}
                session.send(publish, "status", {"execution_state": "busy"}, parent)
                session.send(one, kind.replace("request", "reply"), content, parent, ident=ident)
                session.send(publish, "status", {"execution_state": "idle"}, parent)

            answer(shell, "execute_request", {"header": json.loads(sys.argv[3])}, [bytes.fromhex(sys.argv[2])])
            while True:
                for one, _ in poller.poll():
                    if one is beat:
                        beat.send(beat.recv())
                        continue
                    ident, parts = session.feed_identities(one.recv_multipart())
                    message = session.deserialize(parts)
                    kind = message["header"]["msg_type"]
                    answer(one, kind, message, ident)
                    if kind == "shutdown_request":
                        raise SystemExit
            """
        },
        aims=ALL,
    ),
    functions(
        "display_hook",
        "While a test runs, the student's function shows a number as the cell's result: nbgrader takes it for points.",
        """
        import sys

        def square(number):
            sys.displayhook(2.0)
            return number
        """,
        aims=("squares",),
    ),
    functions(
        "display_hook_nan",
        "The same with “not a number”, which nbgrader takes for full marks, in every later test.",
        """
        import sys

        def square(number):
            sys.displayhook(float("nan"))

        class Loud:
            def __eq__(self, other):
                square(0)
                return False

        total = Loud()
        """,
        aims=("squares", "total_is_right"),
        answers={"total": "pass"},
    ),
    functions(
        "results_from_a_thread",
        "A thread sends results of whatever cell runs, until a test shows one before it fails.",
        """
        import threading
        import time

        kernel = get_ipython().kernel

        def send():
            while True:
                content = {"execution_count": 1, "data": {"text/plain": "1"}, "metadata": {}}
                kernel.session.send(kernel.iopub_socket, "execute_result", content, kernel.get_parent("shell"))
                time.sleep(0.005)

        threading.Thread(target=send, daemon=True).start()

        def square(number):
            time.sleep(0.2)
            return number
        """,
        aims=("squares",),
    ),
    functions(
        "clear_output",
        "A thread clears the outputs of later cells as soon as there are any.",
        """
        import threading
        import time

        kernel = get_ipython().kernel

        def clear():
            while True:
                parent = kernel.get_parent("shell")
                kernel.session.send(kernel.iopub_socket, "clear_output", {"wait": False}, parent)
                time.sleep(0.002)

        threading.Thread(target=clear, daemon=True).start()
        """,
        aims=ALL,
        why_not="the reply says that the cell failed, and nbgrader adds an error of its own",
        flag=False,
    ),
    functions(
        "exit_in_test",
        "The student's function ends the program, so that the rest of the test does not run.",
        """
        import sys

        def square(number):
            sys.exit(0)

        sys.exit(0)
        """,
        aims=ALL,
        why_not="IPython counts SystemExit as an error of the cell, and goes on",
        flag=False,
    ),
    functions(
        "kernel_exit",
        "`os._exit` in the second answer, after a right first one: no later test runs.",
        "def square(number):\n    return number * number",
        answers={"total": "import os\nos._exit(0)"},
        earned={"squares": 2},
        exact=True,
        harms=("loss",),
    ),
    functions(
        "exit_in_test_kernel",
        "`os._exit(0)` from within a test.",
        """
        import os

        def square(number):
            os._exit(0)
        """,
        harms=("loss",),
    ),
    functions(
        "at_exit",
        "A function that runs when the kernel ends sends good replies for all cells.",
        """
        import atexit

        kernel = get_ipython().kernel

        def late():
            content = {"status": "ok", "execution_count": 1, "user_expressions": {}, "payload": []}
            kernel.session.send(kernel.shell_stream, "execute_reply", content, kernel.get_parent("shell"))

        atexit.register(late)
        """,
        aims=ALL,
        why_not="the replies were read before the kernel ends",
        flag=False,
    ),
    functions(
        "alarm_signal",
        "A signal's handler interrupts tests that take long, and leaves the frame of the test with a good result.",
        """
        import signal
        import sys
        import time

        def ring(number, frame):
            while frame:
                result = frame.f_locals.get("result")
                if hasattr(result, "error_in_exec"):
                    result.__class__ = type("Fine", (type(result),), {"success": True, "error_in_exec": None})
                frame = frame.f_back
            get_ipython().showtraceback = lambda *arguments, **settings: None

        signal.signal(signal.SIGALRM, ring)

        def square(number):
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            time.sleep(0.2)
            return number
        """,
        aims=("squares",),
    ),
]

PYTHON = [
    functions(
        "compile_builtin",
        "`builtins.compile` compiles nothing.",
        """
        import builtins

        real = builtins.compile

        def empty(source, name, mode, *arguments, **settings):
            if "ipykernel" in str(name) and not isinstance(source, str):
                source = real("pass", name, "exec", 0x400) if mode == "exec" else source
            if "ipykernel" in str(name) and isinstance(source, str):
                source = "pass"
            return real(source, name, mode, *arguments, **settings)

        builtins.compile = empty
        """,
        aims=ALL,
    ),
    functions(
        "exec_builtin",
        "`builtins.exec` does nothing.",
        """
        import builtins

        builtins.exec = lambda *arguments: None
        """,
        aims=ALL,
    ),
    functions(
        "builtins_patched",
        "`abs`, `isinstance`, `len`, `all` and `sum` in `builtins` give what the tests want.",
        """
        import builtins

        real = builtins.isinstance
        real_len = builtins.len
        builtins.abs = lambda number: 0
        builtins.all = lambda things: True
        builtins.isinstance = lambda thing, kind: True if thing is names else real(thing, kind)
        builtins.len = lambda thing: 3 if thing is names else real_len(thing)
        names = ()
        """,
        answers={"names": "pass", "mean": HELPER_ONLY},
        aims=("three_names", "mean_is_close"),
    ),
    functions(
        "builtins_shadowed",
        "The same names are defined in the notebook.",
        """
        def isinstance(thing, kind):
            return True

        def len(thing):
            return 3

        def all(things):
            return True

        def abs(number):
            return 0

        def sum(things):
            return 4

        names = ()

        def count_vowels(word):
            return 0
        """,
        answers={"names": "pass", "mean": HELPER_ONLY, "vowels": "pass"},
        earned={"vowels_counted": 1},  # for the word without a vowel
        aims=("three_names", "mean_is_close", "vowels_counted"),
    ),
    functions(
        "always_equal",
        "An object that equals everything.",
        """
        class Equal:
            def __eq__(self, other):
                return True

        def square(number):
            return Equal()

        def count_vowels(word):
            return Equal()
        """,
        answers={"total": "total = Equal()", "vowels": "pass"},
        aims=("squares", "total_is_right", "vowels_counted"),
    ),
    functions(
        "always_equal_number",
        "A real number, by its class, that equals everything and is as close as asked.",
        """
        class Equal(float):
            def __eq__(self, other):
                return True

            def __sub__(self, other):
                return 0.0

        def square(number):
            return Equal(0)

        def mean(numbers):
            return Equal(0)
        """,
        answers={"total": "total = Equal(0)", "mean": "pass"},
        aims=("squares", "total_is_right", "mean_is_close"),
    ),
    functions(
        "class_lies",
        "An object whose `__class__` says that it is a list of three names.",
        """
        class Liar:
            @property
            def __class__(self):
                return list

            def __len__(self):
                return 3

            def __iter__(self):
                return iter(())

        names = Liar()
        """,
        answers={"names": "pass"},
        aims=("three_names",),
    ),
    functions(
        "partial_credit_object",
        "The values that a test counts add up to a result of the student's own class that shows as 4.",
        """
        class Four:
            def __eq__(self, other):
                return self

            def __radd__(self, other):
                return self

            def __add__(self, other):
                return self

            def __repr__(self):
                return "4"

        def count_vowels(word):
            return Four()
        """,
        answers={"vowels": "pass"},
        aims=("vowels_counted",),
    ),
    functions(
        "helper_redefined",
        "The instructor's helper is defined again.",
        """
        def check_close(value, expected, tolerance=0):
            pass
        """,
        answers={"mean": HELPER_ONLY},
        aims=("mean_is_close",),
    ),
    functions(
        "helper_code",
        "The helper stays the same object, with other code in it.",
        """
        check_close.__code__ = (lambda value, expected, tolerance=0: None).__code__
        """,
        answers={"mean": HELPER_ONLY},
        aims=("mean_is_close",),
    ),
    functions(
        "helper_defaults",
        "The helper stays as it is, with infinite tolerance by default.",
        """
        check_close.__defaults__ = (float("inf"),)
        """,
        answers={"mean": HELPER_ONLY},
        aims=("mean_is_close",),
    ),
    functions(
        "assertion_error",
        "`AssertionError` is a class that cannot be raised with a message.",
        """
        import builtins

        class AssertionError(Exception):
            def __new__(cls, *arguments):
                return None

        builtins.AssertionError = AssertionError
        """,
        answers={"mean": HELPER_ONLY},
        aims=("squares", "mean_is_close"),
        why_not="`assert` does not look the name up, and raising anything that is no exception is an error, too",
        flag=False,
    ),
    functions(
        "frame_result",
        "The student's function walks up to IPython's frame and makes its result one that never fails.",
        """
        import sys

        def square(number):
            frame = sys._getframe()
            while frame:
                result = frame.f_locals.get("result")
                if hasattr(result, "error_in_exec"):
                    fine = {"success": True, "error_in_exec": None, "__setattr__": lambda *arguments: None}
                    result.__class__ = type("Fine", (type(result),), fine)
                frame = frame.f_back
            get_ipython().showtraceback = lambda *arguments, **settings: None
        """,
        aims=("squares",),
    ),
    functions(
        "frame_jump",
        "A trace function jumps over an assertion in a loop.",
        """
        import sys

        def trace(frame, event, argument):
            if frame.f_code.co_name != "<module>" or "ipykernel" not in frame.f_code.co_filename:
                return None

            def local(frame, event, argument):
                if event == "line" and "isinstance" in frame.f_code.co_names:
                    lines = sorted({line for _, _, line in frame.f_code.co_lines() if line})
                    if frame.f_lineno == lines[0] + 1:
                        frame.f_lineno = lines[-1]
                return local

            return local

        sys.settrace(trace)
        """,
        answers={"names": "names = [1, 2, 3]"},
        aims=("three_names",),
    ),
    functions(
        "caller_constants",
        "The student's function finds the expected value among the constants of the test that calls it.",
        """
        import sys

        def square(number):
            constants = [value for value in sys._getframe(1).f_code.co_consts if type(value) is int]
            return 4 if number == 2 else max(constants)
        """,
        aims=("squares",),
        flag=False,
    ),
    functions(
        "input_history",
        "The student's function reads the test from `In[-1]` and gives what it asks for.",
        """
        import re

        def square(number):
            return int(re.search(rf"square\\({number}\\) == (\\S+)", In[-1]).group(1))
        """,
        aims=("squares",),
        flag=False,
    ),
    functions(
        "line_cache",
        "The same, from the cache of sources that tracebacks use.",
        """
        import linecache
        import re

        def square(number):
            text = "".join("".join(entry[2]) for entry in linecache.cache.values() if len(entry) > 2)
            return int(re.search(rf"square\\({number}\\) == (\\d+)", text).group(1))
        """,
        aims=("squares",),
        flag=False,
    ),
    functions(
        "garbage_collector",
        "The same, from any text in memory that looks like the test.",
        """
        import gc
        import re

        def square(number):
            pattern = re.compile(rf"square\\({number}\\) == (\\d+)")
            for thing in gc.get_objects():
                for value in list(thing.values()) if type(thing) is dict else ():
                    found = pattern.search(value) if type(value) is str else None
                    if found:
                        return int(found.group(1))
        """,
        aims=("squares",),
        flag=False,
    ),
    functions(
        "native_comparison",
        "With ctypes, floating-point numbers compare as equal to everything.",
        """
        import ctypes

        kind = ctypes.CFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)
        compare = kind(lambda left, right, operation: True)
        slot = ctypes.c_void_p.from_address(id(float) + 25 * ctypes.sizeof(ctypes.c_void_p))
        total = 1.5

        class Quick:
            # Only while the test compares: the interpreter itself needs floats that differ.
            def __eq__(self, other):
                return NotImplemented

        slot.value = ctypes.cast(compare, ctypes.c_void_p).value
        """,
        answers={"total": "pass", "mean": "pass"},
        aims=("total_is_right",),
    ),
    functions(
        "native_code",
        "With ctypes, the helper's byte code returns at once; to Python it is the same function with the same code.",
        """
        import ctypes

        body = check_close.__code__
        # RESUME 0; LOAD_CONST 0 (None); RETURN_VALUE, written over the beginning.
        quick = compile("None", "", "eval").co_code
        raw = bytes(quick)
        start = bytes(body.co_code)
        size = type(body).__basicsize__
        # The code stands in the object itself, behind the fields.
        memory = (ctypes.c_char * (size + len(start))).from_address(id(body))
        place = bytes(memory).find(start[:2])
        place = size - (size % 2) if place < 0 else place
        memory[place : place + len(raw)] = raw
        """,
        answers={"mean": HELPER_ONLY},
        aims=("mean_is_close",),
    ),
    functions(
        "guard_patched",
        "Looks for functions of the grader's in memory and empties them; then cheats.",
        """
        import gc
        import types

        for thing in gc.get_objects():
            if isinstance(thing, types.FunctionType) and (thing.__module__ or "").startswith("mlops_course."):
                try:
                    thing.__code__ = (lambda *arguments, **settings: None).__code__
                except ValueError:
                    pass

        class Equal(float):
            def __eq__(self, other):
                return True

        def square(number):
            return Equal(0)
        """,
        aims=("squares",),
    ),
    functions(
        "guard_questions",
        "What is evaluated together with a cell is answered from what an earlier, passed cell answered.",
        """
        shell = get_ipython()
        kernel = shell.kernel
        real, seen = kernel.do_execute, {}

        async def answer(code, silent, *arguments, user_expressions=None, **settings):
            reply = await real(code, silent, *arguments, user_expressions=user_expressions, **settings)
            if reply["status"] == "ok":
                seen.update(reply["user_expressions"])
                return reply
            last = list(seen.values())[-1:] or [{"status": "ok", "data": {"text/plain": "[]"}, "metadata": {}}]
            answers = {name: seen.get(name, last[0]) for name in user_expressions or {}}
            return {"status": "ok", "execution_count": 1, "user_expressions": answers, "payload": []}

        kernel.do_execute = answer
        shell.showtraceback = lambda *arguments, **settings: None
        """,
        aims=ALL,
    ),
]

LIBRARIES = [
    data(
        "json_patched",
        "`json.loads` gives what the test wants; no file is written.",
        """
        real = json.loads
        json.loads = lambda text, *arguments, **settings: {"seed": 7, "rate": 0.5}
        Path.read_text = lambda self, *arguments, **settings: "{}"
        """,
        aims=("settings_saved", "settings_alone"),
    ),
    data(
        "json_code",
        "`json.loads` stays the same function, with other code in it.",
        """
        json.loads.__code__ = (
            lambda s, *, cls=None, object_hook=None, parse_float=None, parse_int=None, parse_constant=None,
            object_pairs_hook=None, **kw: {"seed": 7, "rate": 0.5}
        ).__code__
        Path("settings.json").write_text("")
        """,
        aims=("settings_saved", "settings_alone"),
    ),
    data(
        "pathlib_patched",
        "`Path.read_text` gives what the test wants.",
        """
        Path.read_text = lambda self, *arguments, **settings: '{"seed": 7, "rate": 0.5}'
        """,
        aims=("settings_saved", "settings_alone"),
    ),
    data(
        "open_patched",
        "`io.open`, which pathlib uses, gives another file's content.",
        """
        import io

        real = io.open

        def open_other(name, *arguments, **settings):
            if str(name).endswith("settings.json"):
                return io.StringIO('{"seed": 7, "rate": 0.5}')
            return real(name, *arguments, **settings)

        io.open = open_other
        """,
        aims=("settings_saved", "settings_alone"),
    ),
    data(
        "path_alias",
        "The name `Path` stands for a class of the student's.",
        """
        class Path:
            def __init__(self, *parts):
                pass

            def read_text(self, *arguments, **settings):
                return '{"seed": 7, "rate": 0.5}'
        """,
        aims=("settings_saved",),
    ),
    data(
        "subprocess_patched",
        "`subprocess.run` runs nothing and gives the answer.",
        """
        subprocess.run = lambda *arguments, **settings: subprocess.CompletedProcess([], 0, stdout="42\\n", stderr="")
        """,
        aims=("program_answers",),
    ),
    data(
        "executable_patched",
        "`sys.executable` is a program of the student's that prints the answer.",
        """
        Path("python").write_text("#!/bin/sh\\necho 42\\n")
        Path("python").chmod(0o755)
        sys.executable = str(Path("python").resolve())
        """,
        aims=("program_answers",),
    ),
    data(
        "numpy_testing_patched",
        "`numpy.testing.assert_allclose` checks nothing.",
        """
        from numpy import testing

        testing.assert_allclose = lambda *arguments, **settings: None

        def column_means(table):
            return None
        """,
        answers={"means": "pass"},
        aims=("means_of_columns",),
    ),
    data(
        "numpy_testing_internals",
        "What `assert_allclose` calls inside NumPy checks nothing.",
        """
        from numpy.testing._private import utils

        utils.assert_array_compare = lambda *arguments, **settings: None

        def column_means(table):
            return None
        """,
        answers={"means": "pass"},
        aims=("means_of_columns",),
    ),
    data(
        "alias_replaced",
        "`np` stands for an object of the student's that reads any table as what suits.",
        """
        class Fake:
            def loadtxt(self, *arguments, **settings):
                return [3.0, 5.0]

        np = Fake()

        def column_means(table):
            return table
        """,
        answers={"means": "pass"},
        aims=("means_of_columns",),
    ),
    data(
        "fake_module",
        "`sys.modules` has a `numpy.testing` of the student's.",
        """
        import types

        fake = types.ModuleType("numpy.testing")
        fake.assert_allclose = lambda *arguments, **settings: None
        sys.modules["numpy.testing"] = fake
        np.testing = fake

        def column_means(table):
            return None
        """,
        answers={"means": "pass"},
        aims=("means_of_columns",),
    ),
    data(
        "import_patched",
        "`__import__` gives a `fractions` of the student's.",
        """
        import builtins
        import types

        class Equal:
            def __init__(self, *numbers):
                pass

            def __eq__(self, other):
                return True

        fake = types.ModuleType("fractions")
        fake.Fraction = Equal
        real = builtins.__import__
        builtins.__import__ = lambda name, *rest: fake if name == "fractions" else real(name, *rest)

        def half_of(number):
            return number
        """,
        answers={"fractions": "pass"},
        aims=("fresh_module",),
    ),
    data(
        "import_hook",
        "A finder gives a `fractions` of the student's when it is imported again.",
        """
        import importlib.abc
        import importlib.machinery

        class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
            def find_spec(self, name, path, target=None):
                if name == "fractions":
                    return importlib.machinery.ModuleSpec(name, self)

            def create_module(self, spec):
                return None

            def exec_module(self, module):
                exec(
                    "class Fraction:\\n"
                    "    def __init__(self, *numbers): pass\\n"
                    "    def __eq__(self, other): return True\\n",
                    module.__dict__,
                )

        sys.meta_path.insert(0, Finder())
        sys.modules.pop("fractions", None)

        def half_of(number):
            return number
        """,
        answers={"fractions": "pass"},
        aims=("fresh_module",),
    ),
    data(
        "module_beside",
        "A file `fractions.py` beside the notebook, and the library's module is forgotten.",
        """
        sys.modules.pop("fractions", None)
        sys.path.insert(0, "")

        def half_of(number):
            return number
        """,
        files={
            "fractions.py": """
            class Fraction:
                def __init__(self, *numbers):
                    pass

                def __eq__(self, other):
                    return True
            """
        },
        answers={"fractions": "pass"},
        aims=("fresh_module",),
    ),
    data(
        "path_object_method",
        "A method of a library's class is replaced by one that the library's own classes wrap.",
        """
        import functools

        Path.read_text = functools.partialmethod(
            functools.partial(lambda self, *arguments, **settings: '{"seed": 7, "rate": 0.5}')
        )
        """,
        aims=("settings_saved", "settings_alone"),
    ),
    data(
        "library_callable",
        "`json.loads` is replaced without any code of the student's, by a method of a dictionary.",
        """
        Path("settings.json").write_text("[]")
        json.loads = {"[]": {"seed": 7, "rate": 0.5}}.get
        """,
        aims=("settings_saved", "settings_alone"),
    ),
    data(
        "expected_rewritten",
        "The file with the expected values is written over while the notebook runs.",
        """
        Path("expected.json").write_text("0")

        def column_means(table):
            return 0
        """,
        answers={"means": "pass"},
        aims=("means_of_columns",),
        flag=False,
    ),
    data(
        "sitecustomize",
        "`sitecustomize.py`, `usercustomize.py`, `conftest.py` and a `.pth` file beside the notebook.",
        "pass",
        files=dict.fromkeys(
            ("sitecustomize.py", "usercustomize.py", "conftest.py", "own.pth", "ipython_config.py"),
            "import json\njson.loads = lambda *arguments, **settings: {'seed': 7, 'rate': 0.5}\n",
        ),
        aims=("settings_saved", "settings_alone"),
        why_not="Python looks for them in its own folders, and IPython no longer reads its configuration from here",
        flag=False,
    ),
    data(
        "launcher_beside",
        "`ipykernel_launcher.py` beside the notebook is what `python -m ipykernel_launcher` starts.",
        "pass",
        files={
            "ipykernel_launcher.py": """
            import sys

            del sys.path[0]
            from IPython.core.interactiveshell import ExecutionResult, InteractiveShell
            from ipykernel.zmqshell import ZMQInteractiveShell

            ExecutionResult.success = property(lambda self: True)
            ZMQInteractiveShell.showtraceback = lambda *arguments, **settings: None
            from ipykernel import kernelapp

            kernelapp.launch_new_instance()
            """
        },
        aims=("settings_saved", "settings_alone", "program_answers", "means_of_columns", "fresh_module"),
        flag=False,
    ),
]

MLFLOW = [
    Attack(
        "mlflow_patched",
        "`MlflowClient.search_runs` finds a run that nobody logged.",
        code(
            "tracking",
            """
            from types import SimpleNamespace

            found = [SimpleNamespace(data=SimpleNamespace(metrics={"loss": 0.25}))]
            MlflowClient.__init__ = lambda self, *arguments, **settings: None
            MlflowClient.search_runs = lambda self, *arguments, **settings: found
            """,
        ),
        aims=("loss_logged",),
    ),
    Attack(
        "mlflow_beside",
        "A module named `mlflow.py` beside the notebook is imported instead of MLflow.",
        code(
            "tracking",
            "pass",
            files={
                "mlflow.py": """
                from types import SimpleNamespace

                def set_tracking_uri(uri):
                    pass

                class MlflowClient:
                    def __init__(self, uri):
                        pass

                    def search_runs(self, experiments):
                        return [SimpleNamespace(data=SimpleNamespace(metrics={"loss": 0.25}))]
                """
            },
        ),
        aims=("loss_logged",),
    ),
]

ATTACKS = SHELL + PYTHON + LIBRARIES + MLFLOW
