"""Honest work, right and wrong: with and without evidence, every output of every cell must be the same."""

from __future__ import annotations

from tests.execution.evidence_cases import Cell


def student(source: str) -> Cell:
    return Cell(source)


def graded(source: str, *expected: str, **trusted: str) -> Cell:
    return Cell(source, "graded", expected, trusted)


def locked(source: str) -> Cell:
    return Cell(source, "locked")


SQUARE = student("def square(n):\n    return n * n")
WRONG = student("def square(n):\n    return n + n")
STACK = """class Stack:
    def __init__(self):
        self.items = []
    def push(self, item):
        self.items.append(item)
        return self
    def pop(self):
        return self.items.pop()
    def __len__(self):
        return len(self.items)
    def __bool__(self):
        return bool(self.items)
    def __eq__(self, other):
        return isinstance(other, Stack) and self.items == other.items
    def __lt__(self, other):
        if not isinstance(other, Stack):
            return NotImplemented
        return len(self) < len(other)
    def __contains__(self, item):
        return item in self.items
    def __repr__(self):
        return f"Stack({self.items})" """

HONEST: dict[str, list[Cell]] = {
    "plain": [SQUARE, graded("assert square(2) == 4\nassert square(-3) == 9, 'negative'", "square")],
    "plain_fails": [WRONG, graded("assert square(2) == 4\nassert square(-3) == 9, 'negative'", "square")],
    "fails_with_message": [WRONG, graded("assert square(3) == 9, f'found {square(3)}, expected 9'")],
    "fails_in_a_function": [
        WRONG,
        graded(
            "def _check():\n    '''Doc.'''\n    value = square(3)\n    assert (\n        value\n        == 9\n    ), (\n        'no'\n    )\n\n\n_checked = _check()"
        ),
    ],
    "fails_in_the_students_function": [
        student("def square(n):\n    raise ZeroDivisionError('mine')"),
        graded("x = 1\nassert (\n    square(2)\n    == 4\n)"),
    ],
    "name_is_missing": [graded("assert square(2) == 4")],
    "syntax_error_in_the_test": [graded("assert square(2 == 4")],
    "return_outside": [graded("x = 1\nreturn x")],
    "partial_credit": [SQUARE, graded("points = 0.5 * (square(2) == 4)\npoints")],
    "partial_credit_call": [SQUARE, graded("def score():\n    assert square(2) == 4\n    return 0.25\nscore()")],
    "partial_credit_none": [SQUARE, graded("assert square(2) == 4\nNone")],
    "partial_credit_semicolon": [SQUARE, graded("assert square(2) == 4\nsquare(5);")],
    "partial_credit_numpy": [SQUARE, graded("import numpy as np\nnp.float64(0.5) * square(1)")],
    "partial_credit_precision": [student("%precision 2"), graded("1 / 3")],
    "value_is_a_table": [graded("import pandas as pd\npd.DataFrame({'a': [1, 2]})")],
    "print": [SQUARE, graded("print('before')\nassert square(2) == 4\nprint('after', end='')")],
    "warning_from_the_student": [
        student("import warnings\ndef square(n):\n    warnings.warn('slow', stacklevel=2)\n    return n * n"),
        student("square(1)"),
        graded("assert square(2) == 4"),
        graded("assert square(2) == 4\nassert square(3) == 9"),
    ],
    "warning_shown_once": [
        student("import warnings\ndef square(n):\n    warnings.warn('slow')\n    return n * n\nsquare(1)"),
        graded("assert square(2) == 4"),
    ],
    "syntax_warnings": [graded("x = 1\nassert x is 1\nassert (x, 'always true')\nassert '\\d' == '\\\\d'")],
    "expected_exception": [
        student(
            "def square(n):\n    if not isinstance(n, int):\n        raise TypeError('no number')\n    return n * n"
        ),
        graded(
            "try:\n    square('a')\n    assert False, 'no error'\nexcept TypeError as error:\n    assert 'number' in str(error)\nelse:\n    raise AssertionError('no error')"
        ),
    ],
    "expected_exception_is_missing": [
        WRONG,
        graded(
            "try:\n    square('a')\nexcept TypeError:\n    pass\nelse:\n    raise AssertionError('expected a TypeError')"
        ),
    ],
    "assertion_is_caught": [
        WRONG,
        graded(
            "def check():\n    assert square(3) == 9\nhints = []\ntry:\n    check()\nexcept AssertionError:\n    hints.append('3')\nassert hints == ['3']\nfor n in range(3):\n    try:\n        assert square(n) == n * n\n    except AssertionError:\n        continue\nprint(hints)"
        ),
    ],
    "assertion_is_suppressed": [
        WRONG,
        graded("import contextlib\nwith contextlib.suppress(AssertionError):\n    assert square(3) == 9\nprint('on')"),
    ],
    "assertion_is_expected_by_unittest": [
        WRONG,
        graded(
            "import unittest\ndef check():\n    assert square(3) == 9\n    return 3\ncase = unittest.TestCase()\nwith case.assertRaises(AssertionError):\n    check()\ncase.assertRaises(AssertionError, check)\ncheck2 = lambda: check()\ncase.assertRaises(AssertionError, check2)"
        ),
    ],
    "unittest": [
        SQUARE,
        graded(
            "import unittest, io\nclass TestSquare(unittest.TestCase):\n    def setUp(self):\n        self.n = 3\n    def test_two(self):\n        self.assertEqual(square(2), 4)\n    def test_three(self):\n        assert square(self.n) == 9\n    def test_error(self):\n        with self.assertRaises(TypeError):\n            square('a')\nresult = unittest.TextTestRunner(stream=io.StringIO()).run(unittest.defaultTestLoader.loadTestsFromTestCase(TestSquare))\nassert result.wasSuccessful(), result.failures"
        ),
    ],
    "unittest_fails": [
        WRONG,
        graded(
            "import unittest, io\nclass TestSquare(unittest.TestCase):\n    def test_three(self):\n        self.assertEqual(square(3), 9)\nresult = unittest.TextTestRunner(stream=io.StringIO()).run(unittest.defaultTestLoader.loadTestsFromTestCase(TestSquare))\nassert result.wasSuccessful(), len(result.failures)"
        ),
    ],
    "numpy_testing": [
        student("import numpy as np\ndef halves(a):\n    return np.asarray(a) / 2"),
        graded(
            "import numpy as np\nnp.testing.assert_allclose(halves([1, 2]), [0.5, 1.0])\nnp.testing.assert_array_equal(halves([2]), [1])"
        ),
    ],
    "numpy_testing_fails": [
        student("import numpy as np\ndef halves(a):\n    return np.asarray(a) / 3"),
        graded("import numpy as np\nnp.testing.assert_allclose(halves([1, 2]), [0.5, 1.0])"),
    ],
    "numpy_truth_is_ambiguous": [
        student("import numpy as np\ndef halves(a):\n    return np.asarray(a) / 2"),
        graded("import numpy as np\nassert halves([1, 2]) == np.array([0.5, 1.0])"),
    ],
    "pandas": [
        student("import pandas as pd\ntable = pd.DataFrame({'a': [1, 2], 'b': ['x', 'y']})"),
        graded(
            "import pandas as pd\nassert (table['a'] == [1, 2]).all()\nassert list(table.columns) == ['a', 'b']\npd.testing.assert_frame_equal(table, table.copy())\nassert table.query('a == 1').shape == (1, 2)\nassert table.apply(lambda row: row['a'] < 5, axis=1).all()"
        ),
    ],
    "pandas_truth_is_ambiguous": [
        student("import pandas as pd\ntable = pd.DataFrame({'a': [1, 2]})"),
        graded("assert table == table"),
    ],
    "nan": [
        student("value = float('nan')"),
        graded("assert value != value\nassert not value == value\nassert not value < 1"),
    ],
    "dataclass": [
        student("from dataclasses import dataclass\n@dataclass(order=True)\nclass Point:\n    x: int\n    y: int = 0"),
        graded(
            "assert Point(1) == Point(1, 0)\nassert Point(1) < Point(2)\nassert Point(1) != Point(2)\nassert Point(1) in [Point(1)]"
        ),
    ],
    "own_comparison": [
        student(STACK),
        graded(
            "stack = Stack().push(1).push(2)\nassert stack == Stack().push(1).push(2)\nassert stack != Stack()\nassert Stack() < stack\nassert 2 in stack and 5 not in stack\nassert isinstance(stack, Stack)\nassert stack, 'not empty'\nassert not Stack()\nassert stack.pop() == 2\nassert len(stack) == 1"
        ),
    ],
    "own_comparison_fails": [
        student(STACK),
        graded("assert Stack().push(1) == Stack().push(2), f'{Stack().push(1)} differs'"),
    ],
    "comparison_that_prints": [
        student(
            "class Loud:\n    def __eq__(self, other):\n        print('compared')\n        return isinstance(other, Loud)"
        ),
        graded("assert Loud() == Loud()"),
    ],
    "comparison_that_fails": [
        student("class Odd:\n    def __eq__(self, other):\n        return self.x == other.x"),
        graded("assert Odd() == Odd()"),
    ],
    "tolerant_number": [
        student(
            "class Close(float):\n    def __eq__(self, other):\n        return abs(float(self) - other) < 0.1\n    __hash__ = float.__hash__"
        ),
        graded("assert Close(1.0) == 1.05\nassert Close(1.0) < 2"),
    ],
    "enumeration_and_named_tuple": [
        student(
            "import enum, collections\nclass Colour(enum.IntEnum):\n    RED = 1\nPair = collections.namedtuple('Pair', 'a b')\nclass Ordered(tuple):\n    pass"
        ),
        graded(
            "assert Colour.RED == 1\nassert Pair(1, 2) == (1, 2)\nassert Ordered([1]) == (1,)\nassert Colour(1) is Colour.RED"
        ),
    ],
    "fractions_paths_dates": [
        student(
            "from fractions import Fraction\nfrom pathlib import Path\nimport datetime\nf, p, d = Fraction(1, 2), Path('a'), datetime.date(2020, 1, 1)"
        ),
        graded(
            "assert f == 0.5\nassert p == type(p)('a')\nassert d < datetime.date(2021, 1, 1)\nassert {'f': f} == {'f': f}"
        ),
    ],
    "decorators": [
        student(
            "import functools\ndef logged(f):\n    @functools.wraps(f)\n    def inner(*a):\n        return f(*a)\n    return inner\n@logged\n@functools.lru_cache\ndef square(n):\n    return n * n"
        ),
        graded(
            "import functools\n@functools.lru_cache\ndef expected(n):\n    assert n >= 0\n    return n * n\nassert square(3) == expected(3)\nassert square.__name__ == 'square'"
        ),
    ],
    "decorator_fails": [SQUARE, graded("x = 1\n@square('a')\ndef f():\n    pass")],
    "generators": [
        student("def count(n):\n    i = 0\n    while i < n:\n        yield i\n        i += 1"),
        graded(
            "def check(n):\n    for i in count(n):\n        assert i < n\n        yield i\nassert list(check(3)) == [0, 1, 2]\nassert (lambda v: (yield v))(1) is not None\nassert sum(x for x in count(4)) == 6\nassert all(x >= 0 for x in count(2))"
        ),
    ],
    "walrus_and_scopes": [
        SQUARE,
        graded(
            "assert (n := square(2)) == 4\nassert n == 4\nassert [m for m in range(3) if (last := m) >= 0] and last == 2\nassert {k: v for k, v in zip('ab', [1, 2])} == {'a': 1, 'b': 2}\ndef f():\n    x = 3\n    assert 'x' in locals() and len(locals()) == 1, locals()\n    return [x for _ in range(2)]\nassert f() == [3, 3]"
        ),
    ],
    "globals_are_the_same": [
        SQUARE,
        graded(
            "print(sorted(name for name in globals() if not name.startswith('_')))\nassert 'square' in dir()\ndel square\nassert 'square' not in globals()"
        ),
        graded("assert square(2) == 4"),
    ],
    "asynchronous": [
        student("import asyncio\nasync def later(n):\n    await asyncio.sleep(0)\n    return n"),
        graded(
            "assert await later(2) == 2\nasync def check():\n    assert await later(3) == 3\n    return True\nassert await check()\nasync def numbers():\n    for i in range(2):\n        yield i\nassert [i async for i in numbers()] == [0, 1]"
        ),
    ],
    "asynchronous_fails": [
        student("import asyncio\nasync def later(n):\n    await asyncio.sleep(0)\n    return n + 1"),
        graded("x = 1\nassert await later(2) == 2, 'late'"),
    ],
    "magics": [
        SQUARE,
        graded(
            "files = !echo hello\nassert files == ['hello'], files\n%time assert square(2) == 4\nassert square(2) == 4".replace(
                "%time assert", "assert"
            )
        ),
        graded("%%capture said\nprint('hidden')\nassert square(2) == 4"),
        graded("assert said.stdout == 'hidden\\n'"),
        graded("!echo to the shell"),
        graded("%%python\nprint(1)"),
    ],
    "one_line_call": [SQUARE, locked("def check():\n    assert square(2) == 4"), graded("check()")],
    "one_line_call_fails": [WRONG, locked("def check():\n    assert square(3) == 9, 'no'"), graded("check()")],
    "helpers_in_locked_cells": [
        locked(
            "import numpy as np\nTOLERANCE = 1e-6\ndef check_close(found, expected):\n    assert np.allclose(found, expected, atol=TOLERANCE), f'{found}, expected {expected}'"
        ),
        SQUARE,
        graded("check_close(square(2), 4)"),
        graded("check_close(square(2), 5)"),
    ],
    "locked_cell_changes_the_shell": [
        locked(
            "import subprocess, sys\ndef run_command(command, subprocess=subprocess):\n    print('ran', command)\nget_ipython().system = run_command\nsys.stderr = sys.stdout"
        ),
        student("!echo 1"),
        graded("!echo 2\nimport sys\nprint('on stderr', file=sys.stderr)\nassert 1"),
        graded("!echo 3\nassert 1"),
    ],
    "star_import_of_builtins": [
        student("def solution(xs):\n    return max(xs)\nlist = 5"),
        graded(
            "from builtins import *\n\n\ndef _check():\n    assert solution(list(range(3))) == 2\n\n\n_checked = _check()"
        ),
        graded("from builtins import *\nassert list('a') == ['a']"),
    ],
    "exercise_with_own_builtin": [
        student("def sum(values):\n    total = 0\n    for value in values:\n        total += value\n    return total"),
        graded("assert sum([1, 2]) == 3", "sum"),
    ],
    "student_redefines_what_is_expected": [
        locked("def train(x):\n    ...  # write it in the next cell"),
        student("def train(x):\n    return x + 1"),
        graded("assert train(1) == 2", "train"),
    ],
    "student_replaces_what_no_test_uses": [
        student(
            "import time, json\ntime.sleep = lambda seconds: None\ndef wait():\n    import time\n    time.sleep(0)\n    return json.dumps({1: 2})"
        ),
        graded("assert wait() == '{\"1\": 2}'"),
    ],
    "new_attributes_on_libraries": [
        student(
            "import pandas as pd, numpy as np\npd.DataFrame.double = lambda self: self * 2\nnp.my_constant = 3\npd.options.display.max_rows = 5\n@pd.api.extensions.register_series_accessor('mine')\nclass Mine:\n    def __init__(self, s):\n        self.s = s\n    def first(self):\n        return self.s.iloc[0]"
        ),
        graded(
            "import pandas as pd\nassert pd.DataFrame({'a': [1]}).double()['a'][0] == 2\nassert pd.Series([7]).mine.first() == 7"
        ),
    ],
    "mock_in_the_test": [
        student("import time\ndef now():\n    return time.time()\ndef ask():\n    return input('name? ')"),
        graded(
            "from unittest import mock\nfrom unittest.mock import patch\nwith patch('time.time', return_value=5):\n    assert now() == 5\nwith mock.patch('builtins.input', lambda prompt: 'Ana'):\n    assert ask() == 'Ana'\nassert {'a': 1} == {'a': mock.ANY}"
        ),
        graded("import builtins\nbuiltins.input = lambda prompt: 'Ben'\nassert ask() == 'Ben'"),
    ],
    "student_input_stub": [
        student("import builtins\nbuiltins.input = lambda *a: '5'\ndef ask():\n    return int(input())"),
        graded("def check():\n    return 5\nassert check() == 5"),
    ],
    "output_is_captured": [
        student("def greet(name):\n    print('Hello', name)"),
        graded(
            "import io, contextlib\nwith contextlib.redirect_stdout(io.StringIO()) as said:\n    greet('Ana')\nassert said.getvalue() == 'Hello Ana\\n'"
        ),
    ],
    "warnings_are_recorded": [
        student("import warnings\ndef old():\n    warnings.warn('old', DeprecationWarning)"),
        graded(
            "import warnings\nwith warnings.catch_warnings(record=True) as seen:\n    warnings.simplefilter('always')\n    old()\nassert len(seen) == 1"
        ),
    ],
    "logging": [
        student("import logging\nlog = logging.getLogger('mine')\ndef work():\n    log.warning('slow')"),
        graded(
            "import unittest\nwith unittest.TestCase().assertLogs('mine', 'WARNING') as logs:\n    work()\nassert logs.output == ['WARNING:mine:slow']"
        ),
    ],
    "threads": [
        SQUARE,
        graded(
            "from concurrent.futures import ThreadPoolExecutor\ndef check(n):\n    for i in range(50):\n        value = square(n)\n        assert value == n * n\n    return True\nwith ThreadPoolExecutor(4) as pool:\n    assert all(pool.map(check, range(40)))"
        ),
    ],
    "recursion_in_the_test": [
        SQUARE,
        graded(
            "def check(n):\n    try:\n        assert n != 2\n        if n:\n            return check(n - 1)\n    except AssertionError:\n        return 'two'\n    return 'zero'\nassert check(4) == 'two'\nassert check(1) == 'zero'"
        ),
    ],
    "doctest": [
        student("def square(n):\n    '''\n    >>> square(3)\n    9\n    '''\n    return n * n"),
        graded("import doctest\nresult = doctest.testmod(verbose=False)\nassert result.failed == 0, result"),
    ],
    "class_bodies_and_matches": [
        SQUARE,
        graded(
            "class Case:\n    value = square(2)\n    assert value == 4\n    annotated: int = value\n    def __init__(self, n: 'int' = square(1)):\n        assert n == 1\n        self.__n = n\nassert Case()._Case__n == 1\nmatch square(2):\n    case 4 if square(3) == 9:\n        found = True\n    case _:\n        found = False\nassert found\nassert Case.__annotations__ == {'annotated': int}"
        ),
    ],
    "future_annotations": [
        SQUARE,
        graded(
            "from __future__ import annotations\ndef f(x: square(1) == 1) -> 1 < 2:\n    assert square(x) == 4\nf(2)\nassert f.__annotations__['return'] == '1 < 2', f.__annotations__"
        ),
        graded("def g(x: nothing) -> None: ...\nassert g.__annotations__['x'] == 'nothing'"),
    ],
    "docstring_first": [
        SQUARE,
        graded("'''Tests of square.'''\nassert square(2) == 4\nassert __doc__.startswith('Tests')"),
    ],
    "only_a_comment": [graded("# nothing to test")],
    "empty": [graded("")],
    "loops": [
        SQUARE,
        graded(
            "for i in range(3000):\n    assert square(i) == i * i\nwhile True:\n    assert square(1) == 1\n    break\nelse:\n    assert False"
        ),
    ],
    "nested_exceptions": [
        student(
            "def square(n):\n    try:\n        return int(n) ** 2\n    except ValueError as error:\n        raise TypeError('no number') from error"
        ),
        graded("square('x')"),
        graded("try:\n    square('x')\nfinally:\n    print('cleaned')"),
    ],
    "system_exit": [student("import sys\ndef square(n):\n    sys.exit(3)"), graded("assert square(2) == 4")],
    "own_exception_class": [
        student(
            "class Mine(AssertionError):\n    def __str__(self):\n        return 'my own words'\ndef square(n):\n    raise Mine(n)"
        ),
        graded("assert square(2) == 4"),
    ],
    "exception_group": [
        student("def square(n):\n    raise ExceptionGroup('two', [ValueError(1), TypeError(2)])"),
        graded("assert square(2) == 4"),
    ],
    "callbacks_of_the_student": [
        student(
            "import time\ndef start(*_):\n    global t0\n    t0 = 1\nget_ipython().events.register('pre_run_cell', start)"
        ),
        SQUARE,
        graded("assert square(2) == 4"),
        student("print(t0)"),
    ],
    "own_magic": [
        student(
            "from IPython.core.magic import register_line_magic\n@register_line_magic\ndef hello(line):\n    return 'hello ' + line"
        ),
        graded("said = %hello Ana\nassert said == 'hello Ana'"),
    ],
    "inspection": [
        student("def square(n):\n    return n ** 2"),
        graded(
            "import inspect, ast\nsource = inspect.getsource(square)\nassert '**' in source\nassert not any(isinstance(node, ast.For) for node in ast.walk(ast.parse(source)))\ndef mine():\n    assert True\nassert inspect.getsource(mine) == 'def mine():\\n    assert True\\n'"
        ),
    ],
    "own_module": [
        student("open('my_helpers.py', 'w').write('def triple(n):\\n    return 3 * n\\n')\nimport my_helpers"),
        graded("import my_helpers\nassert my_helpers.triple(2) == 6"),
    ],
    "patched_own_module": [
        student(
            "open('my_tools.py', 'w').write('def triple(n):\\n    return 3 * n\\n')\nimport my_tools\nmy_tools.triple = lambda n: n + n + n"
        ),
        graded("import my_tools\nassert my_tools.triple(2) == 6"),
    ],
    "reload": [
        student("import importlib, json, statistics\nimportlib.reload(statistics)\nimportlib.reload(json)"),
        graded("import statistics, json\nassert statistics.mean([1, 3]) == 2\nassert json.loads('1') == 1"),
    ],
    "late_import": [
        student("import tabnanny, wave"),
        graded("import wave, mailbox, tabnanny\nassert wave.Error\nassert mailbox.Error"),
    ],
    "settings_of_libraries": [
        student(
            "import numpy as np, locale, decimal, sys, warnings\nnp.set_printoptions(precision=3)\nnp.seterr(all='ignore')\ndecimal.getcontext().prec = 5\nsys.setrecursionlimit(2000)\nwarnings.filterwarnings('ignore')\nwarnings.showwarning = lambda *a, **n: None\nsys.excepthook = lambda *a: None"
        ),
        graded("import numpy as np\nprint(np.array([1/3]))\nassert 1"),
    ],
    "abstract_classes": [
        student(
            "import abc, collections.abc\nclass Shape(abc.ABC):\n    @abc.abstractmethod\n    def area(self): ...\nclass Square(Shape):\n    def __init__(self, a):\n        self.a = a\n    def area(self):\n        return self.a ** 2\ncollections.abc.Sized.register(Square)"
        ),
        graded(
            "import abc\nassert issubclass(Shape, abc.ABC)\ntry:\n    Shape()\nexcept TypeError:\n    pass\nelse:\n    raise AssertionError('abstract')\nassert Square(2).area() == 4\nassert isinstance(Square(1), Shape)"
        ),
    ],
    "sqlite_and_files": [
        student(
            "import sqlite3, json\ncon = sqlite3.connect('a.db')\ncon.execute('create table t (a)')\ncon.execute('insert into t values (4)')\ncon.commit()\njson.dump([1], open('a.json', 'w'))"
        ),
        graded(
            "import sqlite3, json, pathlib\nfrom contextlib import closing\nwith closing(sqlite3.connect('a.db')) as connection:\n    rows = connection.execute('select a from t').fetchall()\n    assert rows == [(4,)], rows\nassert json.loads(pathlib.Path('a.json').read_text()) == [1]"
        ),
    ],
    "trace_and_profile_of_the_student": [
        student(
            "import cProfile, pstats, io\nprofile = cProfile.Profile()\nprofile.enable()\nsum(range(3))\nprofile.disable()"
        ),
        graded("assert profile.getstats() is not None"),
    ],
    "sympy_like_objects": [
        student(
            "class Symbol:\n    def __init__(self, n):\n        self.n = n\n    def __eq__(self, other):\n        return Equation(self, other)\n    def __hash__(self):\n        return 1\nclass Equation:\n    def __init__(self, a, b):\n        self.a, self.b = a, b\n    def __bool__(self):\n        return self.a is self.b"
        ),
        graded("x = Symbol('x')\nassert isinstance(x == 3, Equation)\nassert x == x\nassert not (x == 3)"),
    ],
    "threads_in_the_background": [
        student(
            "import threading, sys\nis_over = False\ndef work():\n    while not is_over:\n"
            "        exec('1')\n        (lambda: 1).__defaults__ = (1,)\n"
            "threads = [threading.Thread(target=work, daemon=True) for _ in range(3)]\n"
            "sys.setswitchinterval(1e-5)\nfor thread in threads:\n    thread.start()\ndef square(n):\n    return n * n"
        ),
        *[graded("for n in range(50):\n    assert square(n) == n * n") for _ in range(15)],
        student("is_over = True\nfor thread in threads:\n    thread.join()"),
    ],
    "objects_in_tables": [
        student(
            "import pandas as pd\nclass Point:\n    def __init__(self, x):\n        self.x = x\n"
            "    def __eq__(self, other):\n        return isinstance(other, Point) and self.x == other.x\n"
            "table = pd.DataFrame({'a': [Point(1), Point(2)], 'b': [1, 2]})"
        ),
        graded(
            "assert (table['a'] == table['a']).all()\nassert table.equals(table)\nassert table['a'][0] == table['a'][0]"
        ),
    ],
}
