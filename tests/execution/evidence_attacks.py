"""Attacks on the tests of a notebook. Each one gets full points from plain nbgrader for an answer that is wrong.

In each, the student's cells come first; `GRADED` is a test that a wrong answer must not pass, unless an attack brings
its own. `locked` is an instructor's cell before them.
"""

from __future__ import annotations

from dataclasses import dataclass

SOLVE = "def solve(n):\n    return 'wrong'\n"
GRADED = "assert solve(2) == 4, 'the square of 2'\nassert solve(3) == 9"
FUNCTION = """def _check_solve():
    result = solve(2)
    assert isinstance(result, int), "no number"
    assert result == 4, f"found {result}"


_checked = _check_solve()"""


@dataclass(frozen=True)
class Attack:
    """One attack.

    Attributes
    ----------
    student
        Source of the student's cell.
    graded
        Source of the test.
    locked
        Source of an instructor's cell before the student's; may be empty.
    seen
        Whether a finding must tell of it, even where the points are lost anyway.
    """

    student: str
    graded: str = GRADED
    locked: str = ""
    seen: bool = True
    expected: tuple[str, ...] = ("solve",)
    files: tuple[tuple[str, str], ...] = ()


ATTACKS: dict[str, Attack] = {
    "ast_transformer": Attack(
        SOLVE
        + """
import ast
class Drop(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.copy_location(ast.Pass(), node)
get_ipython().ast_transformers.append(Drop())"""
    ),
    "ast_transformer_with_a_borrowed_class": Attack(
        SOLVE
        + """
import ast
transformer = ast.NodeTransformer()
transformer.visit_Assert = lambda node: ast.copy_location(ast.Pass(), node)
get_ipython().ast_transformers.append(transformer)"""
    ),
    "input_transformer": Attack(
        SOLVE
        + "\nget_ipython().input_transformers_post.append(lambda lines: ['pass\\n'] if 'audit' not in str(lines) else lines)"
    ),
    "input_transformer_cleanup": Attack(
        SOLVE + "\nget_ipython().input_transformer_manager.cleanup_transforms.insert(0, lambda lines: ['pass\\n'])"
    ),
    "transform_cell": Attack(SOLVE + "\nget_ipython().transform_cell = lambda raw: 'pass\\n'"),
    "do_execute": Attack(
        SOLVE
        + """
kernel = get_ipython().kernel
async def do_execute(*arguments, **named):
    return {"status": "ok", "execution_count": 1, "payload": [], "user_expressions": {}}
kernel.do_execute = do_execute"""
    ),
    "do_execute_for_cells_with_assert": Attack(
        SOLVE
        + """
kernel = get_ipython().kernel
genuine = kernel.do_execute
async def do_execute(code, silent, *arguments, **named):
    if code.startswith("assert"):
        code = "pass"
    return await genuine(code, silent, *arguments, **named)
kernel.do_execute = do_execute"""
    ),
    "do_execute_of_the_class": Attack(
        SOLVE
        + """
from ipykernel.ipkernel import IPythonKernel
genuine = IPythonKernel.do_execute
async def do_execute(self, code, silent, *arguments, **named):
    reply = await genuine(self, code, silent, *arguments, **named)
    reply["status"] = "ok"
    reply.setdefault("user_expressions", self.shell.user_expressions(named.get("user_expressions") or {}))
    return reply
IPythonKernel.do_execute = do_execute
get_ipython()._showtraceback = lambda *arguments: None"""
    ),
    "showtraceback_and_success": Attack(
        SOLVE
        + """
from IPython.core.interactiveshell import ExecutionResult
ExecutionResult.success = property(lambda self: True)
type(get_ipython()).showtraceback = lambda *arguments, **named: None"""
    ),
    "set_custom_exc": Attack(
        SOLVE
        + """
from IPython.core.interactiveshell import ExecutionResult
ExecutionResult.success = True
get_ipython().set_custom_exc((AssertionError,), lambda shell, kind, value, trace, tb_offset=None: None)"""
    ),
    "run_code": Attack(
        SOLVE
        + """
shell = get_ipython()
async def run_code(code, result=None, *, async_=False):
    try:
        exec(code, shell.user_ns)
    except Exception:
        pass
    return False
shell.run_code = run_code"""
    ),
    "run_cell_of_the_class": Attack(
        SOLVE
        + """
from IPython.core.interactiveshell import InteractiveShell
genuine = InteractiveShell.run_cell
def run_cell(self, code, *arguments, **named):
    return genuine(self, "pass" if "assert" in code and "audit" not in code else code, *arguments, **named)
InteractiveShell.run_cell = run_cell
InteractiveShell.should_run_async = lambda self, code, **named: False"""
    ),
    "post_run_cell": Attack(
        SOLVE
        + """
shell = get_ipython()
def forgive(result):
    if result is not None:
        result.error_in_exec = result.error_before_exec = None
shell.events.register("post_run_cell", forgive)
shell._showtraceback = lambda *arguments: None"""
    ),
    "pre_run_cell_patches": Attack(
        SOLVE.replace("'wrong'", "-1")
        + """
import math
def again(*_):
    math.isclose = lambda *arguments, **named: True
get_ipython().events.register("pre_run_cell", again)""",
        graded="import math\nassert math.isclose(solve(2), 4)",
    ),
    "compiler_that_optimises": Attack(
        SOLVE
        + """
shell = get_ipython()
class Optimising(type(shell.compile)):
    def __call__(self, source, name, mode, *rest, **named):
        return compile(source, name, mode, self.flags, True, optimize=1)
shell.compile.__class__ = Optimising"""
    ),
    "compiler_flags_of_the_module": Attack(
        SOLVE
        + """
import codeop, IPython.core.interactiveshell as module
def call(self, source, name, mode, *rest, **named):
    return compile(source, name, mode, self.flags, True, optimize=1)
codeop.Compile.__call__ = call"""
    ),
    "transform_ast": Attack(
        SOLVE
        + """
import ast
shell = get_ipython()
shell.transform_ast = lambda tree: ast.parse("pass")"""
    ),
    "equal_to_everything": Attack(
        "class Yes:\n    def __eq__(self, other):\n        return True\ndef solve(n):\n    return Yes()"
    ),
    "equal_and_of_every_class": Attack(
        """class Yes:
    __class__ = property(lambda self: int)
    def __eq__(self, other):
        return True
def solve(n):
    return Yes()""",
        graded=FUNCTION,
    ),
    "integer_equal_to_everything": Attack(
        "class Yes(int):\n    def __eq__(self, other):\n        return True\ndef solve(n):\n    return Yes()",
        graded=FUNCTION,
    ),
    "always_in_the_interval": Attack(
        """class Yes(float):
    def __lt__(self, other):
        return True
    __gt__ = __le__ = __ge__ = __lt__
def solve(n):
    return Yes(99)""",
        graded="assert 3.9 < solve(2) < 4.1",
    ),
    "mock_any": Attack(
        "from unittest.mock import ANY\ndef solve(n):\n    return [ANY]", graded="assert solve(2) == [4]"
    ),
    "equal_inside_an_array": Attack(
        """import numpy as np
class Yes:
    def __eq__(self, other):
        return True
def solve(n):
    return np.array([Yes(), Yes()], dtype=object)""",
        graded="import numpy as np\nassert (solve(2) == np.array([4, 5])).all()",
    ),
    "numpy_testing": Attack(
        "import numpy as np\nnp.testing.assert_allclose = lambda *arguments, **named: None\n" + SOLVE,
        graded="import numpy as np\nnp.testing.assert_allclose(solve(2), 4)",
    ),
    "numpy_testing_code": Attack(
        """import numpy as np
def nothing(actual, desired, rtol=0, atol=0, equal_nan=True, err_msg='', verbose=True, *, strict=False):
    return None
np.testing.assert_allclose.__code__ = nothing.__code__\n"""
        + SOLVE,
        graded="import numpy as np\nnp.testing.assert_allclose(solve(2), 4)",
    ),
    "numpy_testing_takes_a_builtin": Attack(
        "import numpy as np\nnp.testing.assert_equal = print\n" + SOLVE,
        graded="import numpy as np\nnp.testing.assert_equal(solve(2), 4)",
    ),
    "numpy_testing_inner_function": Attack(
        "import numpy.testing._private.utils as utils\nutils.assert_array_compare = lambda *arguments, **named: None\n"
        + SOLVE,
        graded="import numpy as np\nnp.testing.assert_allclose(solve(2), 4)",
    ),
    "unittest_assert_equal": Attack(
        "import unittest\nunittest.TestCase.assertEqual = lambda *arguments: None\n" + SOLVE,
        graded="import unittest\nunittest.TestCase().assertEqual(solve(2), 4)",
    ),
    "builtin_all": Attack(
        "import builtins\nbuiltins.all = lambda values: True\n" + SOLVE,
        graded="assert all([solve(2) == 4, solve(3) == 9])",
    ),
    "builtin_shadowed": Attack("all = bool\n" + SOLVE, graded="assert all([solve(2) == 4, solve(3) == 9])"),
    "builtin_isinstance_shadowed": Attack(
        "isinstance = lambda value, kind: True\n" + SOLVE, graded="assert isinstance(solve(2), int)"
    ),
    "builtins_of_the_namespace": Attack(
        "import builtins\n__builtins__ = dict(vars(builtins), all=lambda values: True)\n" + SOLVE,
        graded="def check():\n    assert all([solve(2) == 4])\ncheck()",
    ),
    "len_in_a_library": Attack(
        """import statistics
statistics.sorted = lambda values: [4]
def solve(n):
    return []""",
        graded="import statistics\nassert statistics.median(solve(2)) == 4",
    ),
    "alias": Attack(
        """from types import SimpleNamespace
np = SimpleNamespace(testing=SimpleNamespace(assert_equal=lambda *arguments: None))\n"""
        + SOLVE,
        graded="np.testing.assert_equal(solve(2), 4)",
        locked="import numpy as np",
    ),
    "helper_function": Attack(
        "def check_close(found, expected):\n    pass\n" + SOLVE,
        graded="check_close(solve(2), 4)",
        locked="def check_close(found, expected):\n    assert found == expected, 'not close'",
    ),
    "helper_function_code": Attack(
        "check_close.__code__ = (lambda found, expected: None).__code__\n" + SOLVE,
        graded="check_close(solve(2), 4)",
        locked="def check_close(found, expected):\n    assert found == expected, 'not close'",
    ),
    "helper_function_is_print": Attack(
        "check_close = print\n" + SOLVE,
        graded="check_close(solve(2), 4)",
        locked="def check_close(found, expected):\n    assert found == expected, 'not close'",
    ),
    "json": Attack(
        "import json\ngenuine = json.loads\n"
        "json.loads = lambda text, **named: {'answer': 4} if text == '{}' else genuine(text, **named)\n"
        "open('answer.json', 'w').write('{}')",
        graded="import json, pathlib\nassert json.loads(pathlib.Path('answer.json').read_text())['answer'] == 4",
        expected=(),
    ),
    "json_decoder_instance": Attack(
        "import json\ngenuine = json._default_decoder.decode\n"
        "json._default_decoder.decode = lambda text: {'answer': 4} if text == '{}' else genuine(text)\n"
        "open('answer.json', 'w').write('{}')",
        graded="import json, pathlib\nassert json.loads(pathlib.Path('answer.json').read_text())['answer'] == 4",
        expected=(),
    ),
    "pathlib_subclass": Attack(
        "import pathlib\npathlib.PosixPath.read_text = lambda self, *a, **n: '4'\nopen('answer.txt', 'w').write('')",
        graded="from pathlib import Path\nassert Path('answer.txt').read_text() == '4'",
        expected=(),
    ),
    "pathlib_exists_is_absolute": Attack(
        "import pathlib\npathlib.Path.exists = lambda self, **n: True",
        graded="from pathlib import Path\nassert Path('answer.txt').exists()",
        expected=(),
    ),
    "pathlib_takes_another_method": Attack(
        "import pathlib\npathlib.Path.is_file = pathlib.Path.absolute",
        graded="from pathlib import Path\nassert Path('answer.txt').is_file()",
        expected=(),
    ),
    "subprocess": Attack(
        """import subprocess
genuine = subprocess.run
def run(*arguments, **named):
    return subprocess.CompletedProcess(arguments, 0, stdout="v1", stderr="")
subprocess.run = run""",
        graded="import subprocess\nassert subprocess.run(['git', 'tag'], capture_output=True, text=True).stdout == 'v1'",
        expected=(),
    ),
    "os_path": Attack(
        "import os\nos.path.exists = lambda path: True",
        graded="import os.path\nassert os.path.exists('answer.txt')",
        expected=(),
    ),
    "builtin_open": Attack(
        "import builtins, io\nbuiltins.open = lambda *arguments, **named: io.StringIO('4')",
        graded="from builtins import *\nwith open('answer.txt') as file:\n    assert file.read() == '4'",
        expected=(),
    ),
    "module_in_sys_modules": Attack(
        """import sys, types
fake = types.ModuleType("json")
fake.loads = lambda text: 4
sys.modules["json"] = fake""",
        graded="import json\nassert json.loads('3') == 4",
        expected=(),
    ),
    "class_of_a_module": Attack(
        """import types, json
genuine = json.loads
class Module(types.ModuleType):
    loads = property(lambda self: lambda text, **named: 4 if text == "3" else genuine(text, **named))
json.__class__ = Module""",
        graded="import json\nassert json.loads('3') == 4",
        expected=(),
    ),
    "import_function": Attack(
        """import builtins, types
genuine = builtins.__import__
def fetch(name, *arguments, **named):
    if name == "json":
        return types.SimpleNamespace(loads=lambda text: 4)
    return genuine(name, *arguments, **named)
builtins.__import__ = fetch""",
        graded="import json\nassert json.loads('3') == 4",
        expected=(),
    ),
    "import_hook": Attack(
        """import sys, importlib.machinery, importlib.util
class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        return importlib.machinery.ModuleSpec(name, Loader()) if name == "this_is_not_loaded_yet" else None
class Loader:
    def create_module(self, spec):
        return None
    def exec_module(self, module):
        module.answer = 4
sys.meta_path.insert(0, Finder)""",
        graded="import this_is_not_loaded_yet\nassert this_is_not_loaded_yet.answer == 4",
        expected=(),
    ),
    "file_that_takes_a_library_name": Attack(
        "answer = 0",
        graded="import tabnanny\nassert tabnanny.check('x') == 4",
        files=(("tabnanny.py", "def check(path):\n    return 4\n"),),
        expected=(),
    ),
    "jump_over_the_assertion": Attack(
        """import sys
def solve(n):
    caller = sys._getframe(1)
    def jump(frame, event, argument):
        if event == "line":
            frame.f_lineno = frame.f_lineno + 1
            frame.f_trace = None
            sys.settrace(None)
        return jump
    caller.f_trace = jump
    sys.settrace(lambda *arguments: None)
    return 'wrong'""",
        graded="def check():\n    result = solve(2)\n    assert result == 4\n    return None\n\ncheck()",
    ),
    "replaced_while_the_test_runs": Attack(
        """import math
def solve(n):
    math.isclose = lambda *arguments, **named: True
    return -1""",
        graded="import math\nfound = solve(2)\nassert math.isclose(found, 4)",
    ),
    "replaced_for_one_call": Attack(
        """import math
genuine = math.isclose
def once(*arguments, **named):
    math.isclose = genuine
    return True
def solve(n):
    math.isclose = once
    return -1""",
        graded="import math\nfound = solve(2)\nassert math.isclose(found, 4)",
    ),
    "run_code_while_the_test_runs": Attack(
        """shell = get_ipython()
async def run_code(code, result=None, *, async_=False):
    try:
        exec(code, shell.user_ns)
    except Exception:
        pass
    return False
def solve(n):
    shell.run_code = run_code
    return 4""",
    ),
    "value_shown_before_the_failure": Attack(
        "def solve(n):\n    get_ipython().displayhook('full marks')\n    return 'wrong'"
    ),
    "value_forged": Attack(
        """def solve(n):
    shell = get_ipython()
    shell.displayhook(1.0)
    return 0""",
        graded="solve(2) * 0.1",
    ),
    "number_printed_differently": Attack(
        """get_ipython().display_formatter.formatters["text/plain"].for_type(float, lambda value, p, cycle: p.text("1.0"))
def solve(n):
    return 0.0""",
        graded="0.1 * (solve(2) == 4)",
    ),
    "everything_is_shown": Attack(
        "get_ipython().ast_node_interactivity = 'all'\n" + SOLVE,
        graded="solve(2)\nassert solve(2) == 4",
        seen=False,
    ),
    "namespace_replaced": Attack(
        """class Namespace(dict):
    def __getitem__(self, name):
        return (lambda n: n * n) if name == "solve" else dict.__getitem__(self, name)
def solve(n):
    return 'wrong'
shell = get_ipython()
shell.user_ns = Namespace(shell.user_ns)"""
    ),
    "assertion_error_replaced": Attack(
        """import builtins
from IPython.core.interactiveshell import ExecutionResult
builtins.AssertionError = type("AssertionError", (Exception,), {})
ExecutionResult.success = True
get_ipython()._showtraceback = lambda *arguments: None\n"""
        + SOLVE
    ),
    "user_expressions": Attack(
        SOLVE
        + """
shell = get_ipython()
shell.user_expressions = lambda expressions: {name: {"status": "ok", "data": {"text/plain": "fine"}} for name in expressions}
async def do_execute(*arguments, **named):
    asked = named.get("user_expressions") or {}
    return {"status": "ok", "execution_count": 1, "payload": [], "user_expressions": shell.user_expressions(asked)}
shell.kernel.do_execute = do_execute"""
    ),
    "guard_of_ones_own": Attack(
        SOLVE
        + """
from course.execution import guard
shell = get_ipython()
for name in ("Notes", "Cell", "Library", "Kernel"):
    setattr(guard, name, lambda *arguments, **named: None)
guard.install(shell, "my own token")
from IPython.core.interactiveshell import ExecutionResult
ExecutionResult.success = True
shell._showtraceback = lambda *arguments: None"""
    ),
    "class_of_the_shell": Attack(
        SOLVE
        + """
shell = get_ipython()
class Shell(type(shell)):
    async def run_ast_nodes(self, *arguments, **named):
        return False
shell.__class__ = Shell"""
    ),
    "bound_method_of_a_library": Attack(
        SOLVE + "\nimport unittest\nunittest.TestCase.assertEqual = {}.setdefault",
        graded="import unittest\nunittest.TestCase().assertEqual(solve(2), 4)",
    ),
    "system_of_the_shell": Attack(
        "get_ipython().getoutput = lambda *arguments, **named: ['4']",
        graded="answer = !echo 3\nassert answer == ['4']",
        expected=(),
    ),
    "trace_function_left_on": Attack(
        SOLVE
        + """
import sys
def trace(frame, event, argument):
    if frame.f_code.co_name == "check" and event == "line" and "assert" in get_ipython().user_ns["In"][-1]:
        frame.f_lineno += 1 if frame.f_lineno == 2 else 0
    return trace
sys.settrace(trace)""",
        graded="def check():\n    assert solve(2) == 4\n    return None\n\ncheck()",
    ),
    "equal_to_every_number": Attack(
        "class Yes:\n    def __eq__(self, other):\n        return isinstance(other, int)\ndef solve(n):\n    return Yes()"
    ),
    "expected_value_overwritten": Attack(
        "def solve(n):\n    globals()['expected'] = 'wrong'\n    return 'wrong'",
        graded="expected = 4\nassert solve(2) == expected",
    ),
    "memory_search": Attack(
        """import gc
assert [one for one in gc.get_objects() if False] == []
from IPython.core.interactiveshell import ExecutionResult
ExecutionResult.success = True
get_ipython()._showtraceback = lambda *arguments: None\n"""
        + SOLVE
    ),
    "answer_read_from_the_test": Attack(
        """import re
def solve(n):
    return eval(re.search(rf"solve\\({n}\\) == (\\w+)", In[-1])[1])""",
        seen=False,
    ),
    "answer_read_from_the_message": Attack(
        """import re
def solve(n):
    code = get_ipython().parent_header["content"]["code"]
    return eval(re.search(rf"solve\\({n}\\) == (\\w+)", code)[1])""",
        seen=False,
    ),
    "equal_inside_a_table": Attack(
        """import pandas as pd
class Yes:
    def __eq__(self, other):
        return True
def solve(n):
    return pd.DataFrame({"a": pd.Series([Yes(), Yes()], dtype=object)})""",
        graded="assert (solve(2)['a'] == 4).all()\nassert (solve(3) == 9).all().all()",
    ),
    "library_imported_and_patched": Attack(
        """import mailbox
mailbox.Mailbox.__len__ = lambda self: 4
mailbox.mbox.get_message = lambda self, key: '4'""",
        graded="import mailbox\nassert mailbox.mbox('answer.mbox').get_message(0) == '4'",
        expected=(),
    ),
    "what_a_library_function_wraps": Attack(
        SOLVE
        + """
import pandas as pd
wrapped = next(cell for cell in pd.Series.__eq__.__closure__ if callable(cell.cell_contents))
wrapped.cell_contents = lambda series, other: series.notna()""",
        graded="import pandas as pd\nassert (pd.Series([solve(2)]) == 4).all()",
    ),
    "what_a_library_function_wraps_is_no_function": Attack(
        SOLVE
        + """
import pandas as pd
wrapped = next(cell for cell in pd.Series.__eq__.__closure__ if callable(cell.cell_contents))
wrapped.cell_contents = pd.Series""",
        graded="import pandas as pd\nassert (pd.Series([solve(2)]) == [4]).all()",
    ),
}
