"""Tests run where no student's code has ever been; plain data crosses, and nothing else."""

import math
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from mlops_course.execution.boundary.values import CrossingError, Reader, Writer
from mlops_course.execution.engine import execute
from mlops_course.execution.job import Job, Limits, decode_result, encode

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="bubblewrap is for Linux")

KINDS = {
    "answer": {"solution": True},
    "locked": {"locked": True},
    "test": {"grade": True, "locked": True, "points": 1},
}


def cell(kind, name, source):
    """Make a cell as nbgrader does."""
    base = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3, "grade_id": name}
    return new_code_cell(source, metadata={"nbgrader": base | KINDS[kind]} if kind in KINDS else {})


def run(
    *cells, names="", declared="", trusted=None, files=None, given=(), tags=None, seconds=30, preload=(), sandbox=True
):
    """Execute a notebook of (kind, source); give what each test shows: its error, or what it printed."""
    notebook = new_notebook(cells=[cell(kind, f"c{place}", source) for place, (kind, source) in enumerate(cells)])
    job = Job(
        "ana",
        "birds",
        {"one": nbformat.writes(notebook)},
        files or {},
        settings={"timeout": seconds},
        limits=Limits(cell_seconds=seconds),
        separate=True,
        names={"one": names.split()},
        declared={"one": declared.split()},
        trusted={"one": trusted or {}},
        given=tuple(given),
        preload=preload,
        sandbox=sandbox,
        locked={"one": {f"c{place}": source for place, (kind, source) in enumerate(cells) if kind != "answer"}},
        tags={"one": {f"c{place}": list(found) for place, found in (tags or {}).items()}},
    )
    result = decode_result(execute(encode(job)))
    done = nbformat.reads(result.notebooks["one"], as_version=4).cells
    shown = [
        "".join(
            f"{output.ename}: {output.evalue}" if output.output_type == "error" else output.get("text", "")
            for output in found.outputs
        )
        for (kind, _), found in zip(cells, done, strict=True)
        if kind == "test"
    ]
    return shown, result


def holds(*cells, **more):
    """Say which tests do not hold."""
    shown, result = run(*cells, **more)
    assert result.findings == ()
    return [text for text in shown if text]


# ---------------------------------------------------------------- where what runs


def test_tests_and_the_locked_cells_they_use_run_where_no_student_was():
    found, result = run(
        ("locked", "import os\nTOLERANCE = 0.1\ndef close(a, b):\n    return abs(a - b) < TOLERANCE"),
        ("locked", "open('made.txt', 'a').write('x')\nmade = 1"),
        (
            "answer",
            "here = os.getpid()\nTOLERANCE = 1e9\nclose = lambda a, b: True\nimport builtins\nbuiltins.abs = len",
        ),
        ("test", "assert not close(1, 2) and TOLERANCE == 0.1"),
        ("test", "print(open('made.txt').read(), 'here' in globals(), abs(-1))"),
        names="here",
    )
    assert found == ["", "x True 1\n"]
    assert result.together == {"one": []}


def test_a_cell_tagged_together_runs_in_the_students_kernel_and_is_counted():
    cells = [("answer", "x = 1\nhidden = 2"), ("test", "print(x, 'hidden' in globals())")]
    found, result = run(*cells, names="x", tags={1: ["together"]})
    assert (found, result.together) == (["1 True\n"], {"one": ["c1"]})
    found, result = run(*cells, names="x")
    assert (found, result.together) == (["1 False\n"], {"one": []})


def test_a_students_tag_says_nothing_and_another_text_is_not_run():
    notebook = new_notebook(cells=[cell("answer", "c0", "x = 1"), cell("test", "c1", "print('another text')")])
    notebook.cells[1].metadata["tags"] = ["together"]
    job = Job("ana", "birds", {"one": nbformat.writes(notebook)}, separate=True)
    job.locked["one"] = {"c1": "print('the text')"}
    result = decode_result(execute(encode(job)))
    assert result.together == {"one": []}


def test_the_test_kernel_can_be_neither_seen_nor_reached():
    look = (
        "import os, socket, glob\n"
        "seen = [open(f'/proc/{p}/cmdline').read() for p in os.listdir('/proc') if p.isdigit()]\n"
        "count = len(seen)\n"
        "places = sorted(glob.glob('/run/course/*/*')) + os.listdir('/dev/shm') + os.listdir('/tmp')\n"
        "open('/dev/shm/mine', 'w').write('x')\n"
        "server = socket.socket(socket.AF_UNIX)\nserver.bind('\\0mine')\nserver.listen()"
    )
    found, _ = run(
        ("test", "mark = 'hidden-' + 'mark'"),
        ("answer", look),
        (
            "test",
            "import os, socket\nprint(count, [p for p in places if 'tests' in p], os.listdir('/dev/shm'))\n"
            "client = socket.socket(socket.AF_UNIX)\nclient.connect('\\0mine')",
        ),
        names="count places",
    )
    assert found[1].startswith("2 [] []\n")
    assert "ConnectionRefusedError" in found[1]


# ---------------------------------------------------------------- names


def test_names_are_the_students_where_the_solution_binds_them_and_the_graders_else():
    assert (
        holds(
            ("locked", "spread = None\nlimit = 3"),
            ("answer", "spread = 2\nlimit = 10\nsquares = lambda n: n * n\ndef twice(n):\n    return squares(n) * 2"),
            ("test", "assert spread == 2 and limit == 3 and globals()['spread'] == 2"),
            (
                "test",
                "kept = squares\ndel squares\ntry:\n    twice(2)\nexcept NameError:\n    pass\nelse:\n    raise ValueError",
            ),
            ("test", "assert kept(3) == 9"),
            names="spread squares twice",
        )
        == []
    )


def test_what_a_call_changes_in_a_name_is_seen_and_what_a_test_changes_too():
    assert (
        holds(
            (
                "answer",
                "cart = []\ntotal = 0\ndef add(x):\n    global total\n    cart.append(x)\n    total += x\n    return len(cart)",
            ),
            ("test", "mine = cart\nadd(2)\nassert cart == [2] and mine is cart and total == 2"),
            ("test", "cart.clear()\ntotal = 10\nassert add(3) == 1 and cart == [3] and total == 13"),
            names="cart total add",
        )
        == []
    )


def test_a_missing_name_is_a_name_error_and_an_instructors_import_is_his():
    found, _ = run(
        ("answer", "import math\nmath.sqrt = lambda x: 3\nclass np:\n    testing = None"),
        ("test", "assert math.sqrt(4) == 2"),
        ("test", "assert absent == 1"),
        names="absent math",
        trusted={"math": "import math"},
    )
    assert found == ["", "NameError: name 'absent' is not defined"]


# ---------------------------------------------------------------- values and references


def test_values_cross_as_they_are():
    made = (
        "import datetime, decimal, fractions, collections, pathlib\nimport numpy as np, pandas as pd\n"
        "things = [None, True, 2**70, 1.5, float('inf'), 2j, 'ä', b'x', (1, [2]), {1: {2}}, frozenset([1]), range(3),"
        "fractions.Fraction(1, 3), decimal.Decimal('0.1'), datetime.date(2020, 1, 2), datetime.timedelta(1),"
        "pathlib.Path('a'), collections.Counter('aab'), collections.OrderedDict(a=1), np.float32(1.5), np.int64(3),"
        "np.arange(6).reshape(2, 3), pd.DataFrame({'a': [1, 2], 'b': ['x', None]}), pd.Series([1.0, 2.0], name='s'),"
        "float, np.dtype('int8'), bytearray(b'y')]"
    )
    test = made + (
        "\nfor mine, theirs in zip(things, given()):\n"
        "    assert type(mine) is type(theirs), (mine, theirs)\n"
        "    same = mine.equals(theirs) if hasattr(mine, 'equals') else (mine == theirs)\n"
        "    assert np.all(same), (mine, theirs)"
    )
    assert holds(("answer", f"{made}\ndef given():\n    return things"), ("test", test), names="given") == []


@pytest.mark.parametrize("base", ["", "(float)"])
def test_an_object_of_the_students_equals_nothing_and_prints_as_no_points(base):
    sly = (
        f"class Sly{base}:\n"
        "    def __eq__(self, other): return True\n"
        "    __le__ = __lt__ = __ge__ = __gt__ = __contains__ = __eq__\n"
        "    __hash__ = None\n"
        "    def __sub__(self, other): return 0\n"
        "    __rsub__ = __add__ = __sub__\n"
        "    def __repr__(self): return '2'\n"
        "    _repr_pretty_ = lambda self, p, cycle: p.text('2')\n"
        "    def __array__(self, *a): return 9\n"
        "    def __iter__(self): return iter([1])\n"
        "def square(n): return Sly()"
    )
    found, _ = run(
        ("answer", sly),
        ("test", "assert square(3) == 9"),
        ("test", "assert 9 == square(3)"),
        ("test", "assert [square(3)] == [9]"),
        ("test", "assert abs(square(3) - 9) <= 1e-6"),
        ("test", "import numpy as np\nnp.testing.assert_allclose(square(3), 9)"),
        ("test", "import math\nassert math.isclose(square(3), 9)"),
        ("test", "assert 9 in square(3)"),
        ("test", "assert repr(square(3)) == 'an object of type Sly'"),
        names="square",
    )
    assert all(found[:7])
    assert bool(found[7]) == bool(base)  # a number of the student's own class is the number, as any other


def test_an_instance_of_a_class_over_a_value_is_the_value_and_has_what_the_class_adds():
    answer = (
        "import enum, collections\n"
        "class Colour(enum.IntEnum):\n    RED = 1\n    BLUE = 2\n"
        "class Name(str):\n    def __eq__(self, other): return True\n    __hash__ = str.__hash__\n"
        "    def shout(self): return self.upper() + '!'\n"
        "class Stack(list):\n    def push(self, x): self.append(x)\n    def __eq__(self, other): return True\n"
        "class Sly(float):\n    def __eq__(self, other): return True\n    def __sub__(self, other): return 0\n"
        "    __rsub__ = __sub__\n    __array__ = lambda self, *a: 9\n"
        "Point = collections.namedtuple('Point', 'x y')\n"
        "def give(what):\n    return {'colour': Colour.BLUE, 'name': Name('ana'), 'point': Point(1, 2), 'stack': Stack([1]),\n"
        "        'sly': Sly(2), 'keys': {'a': 1}.keys(), 'error': None}[what]\n"
        "def same(a):\n    return type(a).__name__\n"
        "class Low(Exception):\n    def __init__(self, code, parts): super().__init__('low'); self.code = code; self.parts = parts\n"
        "def fail():\n    raise Low(3, [1])"
    )
    found, _ = run(
        ("answer", answer),
        (
            "test",
            "c = give('colour')\nassert c == 2 and c.name == 'BLUE' and isinstance(c, int) and same(c) == 'Colour'",
        ),
        ("test", "n = give('name')\nassert n == 'ana' and n != 'bob' and n.shout() == 'ANA!' and same(n) == 'Name'"),
        ("test", "p = give('point')\nassert p == (1, 2) and p.x == 1 and give('keys') == {'a'}"),
        (
            "test",
            "s = give('stack')\ns.push(2)\nassert s == [1, 2] and [1, 2] == s and not s == [3] and s != [3]\n"
            "assert isinstance(s, list) and len(s) == 2 and same(s) == 'Stack'",
        ),
        (
            "test",
            "import numpy as np, copy\ns = give('sly')\nassert s == 2 and s != 9 and abs(s - 9) == 7\n"
            "assert np.asarray(s) == 2 and not np.isclose(s, 9) and copy.deepcopy(s) == 2",
        ),
        (
            "test",
            "try:\n    fail()\nexcept Exception as problem:\n    assert problem.code == 3 and problem.parts == [1]\n"
            "    assert type(problem).__name__ == 'Low' and problem.args == ('low',)",
        ),
        names="give same fail",
    )
    assert found == [""] * 6


def test_a_class_that_the_assignment_asks_for_answers_itself():
    made = (
        "class V:\n    def __init__(self, n): self.n = n\n    def __eq__(self, o): return self.n == getattr(o, 'n', o)\n"
        "    def __add__(self, o): return V(self.n + getattr(o, 'n', o))\n    def __len__(self): return self.n\n"
        "    def __iter__(self): return iter(range(self.n))\n    def __str__(self): return f'V{self.n}'\n"
        "    def __enter__(self): return self\n    def __exit__(self, *a): self.n = 0"
    )
    test = (
        "v = V(2)\nassert v == 2 and v + 1 == 3 and len(v) == 2 and list(v) == [0, 1] and str(v) == 'V2'\n"
        "assert isinstance(v, V) and not isinstance(3, V) and callable(V) and not callable(v)\n"
        "v.n = 5\nassert v.n == 5 and not hasattr(v, 'm')\nwith v as w:\n    assert w is v\nassert v.n == 0"
    )
    assert holds(("answer", made), ("test", test), names="V", declared="V") == []


def test_instances_of_a_locked_class_cross_as_fields():
    found, _ = run(
        ("locked", "class Item:\n    def __init__(self, p):\n        self.p = p\n    def price(self):\n        return self.p * 2"),
        ("answer", "def total(items):\n    items[0].p += 1\n    return sum(i.p for i in items)\ndef make(p):\n    i = Item(p)\n    i.price = None\n    i.q = 1\n    return i"),
        ("test", "x = Item(3)\nassert total([x, Item(1)]) == 5 and x.p == 4"),
        ("test", "assert type(make(3)) is Item and make(3).q == 1 and make(3).p == 3"),
        names="total make",
    )  # fmt: skip
    assert found == ["", ""]


def test_arguments_changed_come_back_and_what_comes_back_is_the_same_object():
    answer = (
        "def work(a, b, c):\n    a.append(4)\n    b['x'] = a\n    c[0] = 9\n    return a\n"
        "def grow(frame):\n    frame['b'] = frame['a'] * 2\n    return None"
    )
    test = (
        "import numpy as np, pandas as pd\na, b, c = [1, [2]], {}, np.zeros(2)\ninner = a[1]\nback = work(a, b, c)\n"
        "assert back is a and a == [1, [2], 4] and a[1] is inner and b['x'] is a and list(c) == [9, 0]\n"
        "frame = pd.DataFrame({'a': [1, 2]})\ngrow(frame)\nassert list(frame['b']) == [2, 4]"
    )
    assert holds(("answer", answer), ("test", test), names="work grow") == []


# ---------------------------------------------------------------- calls


def test_call_backs_library_functions_and_iterators():
    answer = (
        "def repeat(f, n):\n    return [f(i) for i in range(n)]\ndef use(f, xs):\n    return f(xs)\n"
        "def each(it):\n    return [x * 2 for x in it]\ndef give(f):\n    return f\ndef count():\n    yield from (1, 2)"
    )
    test = (
        "import math, numpy as np\ncalls = 0\n"
        "def probe(i):\n    global calls\n    calls += 1\n    return i * i\n"
        "assert repeat(probe, 3) == [0, 1, 4] and calls == 3 and use(sum, [1, 2]) == 3 and use(np.mean, [1, 3]) == 2\n"
        "assert each(x for x in (1, 2)) == [2, 4] and give(probe) is probe and list(count()) == [1, 2]\n"
        "def bad(i):\n    raise KeyError('mine')\n"
        "try:\n    repeat(bad, 1)\nexcept KeyError as problem:\n    assert 'mine' in str(problem)"
    )
    assert holds(("answer", answer), ("test", test), names="repeat use each give count") == []


def test_exceptions_come_as_the_class_of_that_name():
    answer = (
        "class TooSmall(ValueError):\n    pass\ndef fail(kind, *args):\n    raise kind(*args)\n"
        "def small():\n    raise TooSmall('tiny')\n"
        "class Odd(Exception):\n    pass\ndef odd():\n    raise Odd('odd')\ndef leave(kind):\n    raise kind()"
    )
    test = (
        "for kind in (ValueError, KeyError, ZeroDivisionError):\n    try:\n        fail(kind, 'x')\n"
        "    except kind as problem:\n        assert problem.args == ('x',)\n"
        "try:\n    small()\nexcept TooSmall as problem:\n    assert str(problem) == 'tiny'\n"
        "try:\n    small()\nexcept ValueError as problem:\n    assert type(problem).__name__ == 'TooSmall'"
    )
    found, _ = run(
        ("answer", answer),
        ("test", test),
        ("test", "odd()"),
        ("test", "assert list(map(leave, [StopIteration])) == []"),
        ("test", "leave(SystemExit)"),
        ("test", "leave(KeyboardInterrupt)"),
        names="TooSmall fail small odd leave",
    )
    assert found[0] == ""
    assert found[1].startswith("Odd: odd")
    assert all(text.startswith("StudentError") for text in found[2:])


def test_what_is_printed_comes_back_where_the_test_listens():
    test = (
        "import io, contextlib\nwith contextlib.redirect_stdout(io.StringIO()) as out:\n    shout('a')\n"
        "assert out.getvalue() == 'A\\n'\nshout('b')"
    )
    found, _ = run(("answer", "def shout(t):\n    print(t.upper())"), ("test", test), names="shout")
    assert found == ["B\n"]


def test_a_call_has_the_directory_and_environment_of_the_test():
    answer = "import os\nos.makedirs('work', exist_ok=True)\nos.chdir('work')\ndef where():\n    return os.getcwd(), os.environ.get('A')"
    test = (
        "import os\nassert os.path.basename(os.getcwd()) == 'work'\nos.environ['A'] = '1'\nos.chdir('..')\n"
        "assert where() == (os.getcwd(), '1')"
    )
    assert (
        holds(
            ("answer", answer),
            ("test", test),
            ("test", "assert where()[0].endswith('work') and where()[1] is None"),
            ("answer", "os.chdir('/')"),
            ("test", "import os\nassert os.path.basename(os.getcwd()) == 'birds'"),
            names="where",
        )
        == []
    )


def test_a_call_that_leaves_the_directory_gone_hinders_no_later_one():
    answer = (
        "import os, tempfile\ndef f():\n    with tempfile.TemporaryDirectory() as place:\n        os.chdir(place)\n"
        "    return 1\ndef where():\n    return os.getcwd()"
    )
    test = "import os\nhere = os.getcwd()\nassert f() == 1 and f() == 1\nassert os.getcwd() == where() == here"
    assert holds(("answer", answer), ("test", test), names="f where") == []


# ---------------------------------------------------------------- files and programs


def test_programs_run_on_the_students_side_and_their_output_comes_back():
    test = (
        "import subprocess, sys, os\n"
        "done = subprocess.run([sys.executable, 'p.py', '1'], capture_output=True, text=True, input='in')\n"
        "assert (done.returncode, done.stdout, done.stderr) == (3, '1 in', 'err'), done\n"
        "assert subprocess.check_output('echo a; echo b >&2', shell=True, stderr=subprocess.STDOUT) == b'a\\nb\\n'\n"
        "words = !echo one; echo two\nassert words == ['one', 'two']\nassert os.system('exit 3') == 3\n"
        "try:\n    subprocess.run('sleep 20', shell=True, timeout=1)\nexcept subprocess.TimeoutExpired:\n    pass\n"
        "try:\n    subprocess.run(['no-such-program'])\nexcept FileNotFoundError:\n    pass"
    )
    program = "import sys\nsys.stdout.write(sys.argv[1] + ' ' + sys.stdin.read())\nsys.stderr.write('err')\nsys.exit(3)"
    answer = f"open('p.py', 'w').write({program!r})\nimport subprocess\nsubprocess.run = subprocess.Popen = None"
    assert holds(("answer", answer), ("test", test)) == []


def test_nothing_of_the_submission_is_executed_imported_or_unpickled():
    answer = (
        "open('mine.py', 'w').write('print(\"reached\")')\nopen('json2.py', 'w').write('')\nimport pickle\n"
        "class A:\n    def __reduce__(self):\n        return (print, ('reached',))\npickle.dump(A(), open('a.pkl', 'wb'))"
    )
    found, _ = run(
        ("answer", answer),
        ("test", "import mine"),
        ("test", "import sys\nsys.path.insert(0, '.')\nimport mine"),
        ("test", "import pickle\npickle.load(open('a.pkl', 'rb'))"),
        ("test", "import os\nos.fork()"),
        ("test", "import runpy\nrunpy.run_path('mine.py')"),
    )
    assert found[0].startswith("ModuleNotFoundError")
    assert [text.partition(":")[0] for text in found[1:]] == ["RefusedError"] * 4


def test_given_files_are_put_back_and_links_are_followed_nowhere():
    answer = (
        "import os\nopen('table.csv', 'w').write('mine')\nos.remove('d/deep.txt')\nos.rmdir('d')\n"
        "os.makedirs('elsewhere')\nos.symlink('elsewhere', 'd')\nopen('checks.py', 'w').write('secret = 2')"
    )
    test = "import checks, os\nprint(open('table.csv').read(), open('d/deep.txt').read(), checks.secret, os.listdir('elsewhere'))"
    files = {"table.csv": b"given", "d/deep.txt": b"deep", "checks.py": b"secret = 1"}
    found, _ = run(("answer", answer), ("test", test), files=files, given=files)
    assert found == ["given deep 1 []\n"]


def test_processes_of_the_student_stand_still_during_a_test():
    answer = (
        "import subprocess, sys, threading, time\n"
        "subprocess.Popen([sys.executable, '-c', 'import time\\nwhile True: open(\"t\",\"w\").write(str(time.time())); time.sleep(0.01)'])\n"
        "n = [0]\ndef go():\n    while True:\n        n[0] += 1\n        time.sleep(0.001)\n"
        "threading.Thread(target=go, daemon=True).start()\ntime.sleep(1)"
    )
    test = (
        "import os, time\nfirst = os.stat('t').st_mtime_ns\ntime.sleep(0.5)\nassert os.stat('t').st_mtime_ns == first\n"
        "a = n.copy()\ntime.sleep(0.5)\nassert n == a"
    )
    found, _ = run(
        ("answer", answer),
        ("test", test),
        ("answer", "before = n[0]\ntime.sleep(0.3)\nmoved = n[0] > before"),
        ("test", "assert moved"),
        names="n moved",
    )
    assert found == ["", ""]


# ---------------------------------------------------------------- time and death


def test_a_call_without_end_is_stopped_and_the_next_tests_go_on():
    found, result = run(
        ("answer", "def loop():\n    while True:\n        pass\ndef one():\n    return 1"),
        ("test", "loop()"),
        ("test", "assert one() == 1"),
        names="loop one",
        seconds=3,
    )
    assert found[0]
    assert found[1] == ""
    assert [finding.kind for finding in result.findings] == ["limit"]


def test_a_dead_student_kernel_ends_the_tests_that_follow():
    found, _ = run(
        ("answer", "import os\ndef die():\n    os._exit(1)"),
        ("test", "assert 1"),
        ("test", "die()"),
        ("test", "assert 1"),
        names="die",
    )
    assert found[0] == ""
    assert "StudentGoneError" in found[1]
    assert "KernelDied" in found[2]


def test_a_function_of_the_tests_has_its_signature_for_the_student():
    """But not its defaults: one may be what is expected."""
    answer = "import inspect\ndef names(f):\n    return str(inspect.signature(f))"
    test = (
        "def sample(a, *b, c=3, d=(), **e):\n    pass\nprint(names(sample), names(lambda q: q), names(print.__call__))"
    )
    found, _ = run(("answer", answer), ("test", test), names="names")
    assert found == ["(a, *b, c=None, d=None, **e) (q) (*args, **kwargs)\n"]


def test_a_function_of_the_tests_that_is_to_go_elsewhere_says_why_it_does_not():
    answer = "import pickle\ndef stored(f):\n    return pickle.dumps(f)"
    found, _ = run(("answer", answer), ("test", "def mine():\n    pass\nstored(mine)"), names="stored")
    assert found == ["TypeError: mine is a function of a test's, and stays there: tag its cell `together`"]


def test_a_cell_of_another_program_runs_on_the_students_side():
    found, _ = run(
        ("test", "%%bash\ncat given.txt\nexit 3"),
        ("test", "%%script --out shown --no-raise-error sh -c 'cat; exit 1'\ntext"),
        ("test", "print(repr(shown))"),
        files={"given.txt": b"here\n"},
    )
    assert found[0].startswith("here\nCalledProcessError: Command")
    assert "exit status 3" in found[0]
    assert found[1:] == ["", "'text\\n'\n"]


def test_an_object_that_the_test_has_let_go_is_gone():
    answer = (
        "import weakref\nclass Node:\n    nodes = weakref.WeakSet()\n    def __init__(self):\n        self.nodes.add(self)\n"
        "def alive():\n    return len(Node.nodes)\nkept = Node()\ndef get():\n    return kept"
    )
    test = (
        "import weakref\na, b = Node(), get()\nr = weakref.ref(a)\nprint(alive())\ndel a, b\nprint(alive(), r())\n"
        "c = get()\nassert c is get() and isinstance(c, Node)"
    )
    found, _ = run(("answer", answer), ("test", test), names="Node alive kept get", declared="Node")
    assert found == ["2\n1 None\n"]


def test_what_is_asynchronous_can_be_awaited():
    answer = (
        "import asyncio\nasync def one(f):\n    await asyncio.sleep(0.01)\n    return f(1)\n"
        "async def bad():\n    raise KeyError('a')"
    )
    test = (
        "import asyncio\nassert await one(lambda n: n + 1) == 2\n"
        "assert await asyncio.gather(one(str), one(float)) == ['1', 1.0]\nawait bad()"
    )
    found, _ = run(("answer", answer), ("test", test), names="one bad")
    assert found == ["KeyError: 'a'"]


def test_a_given_module_comes_before_one_of_the_environment():
    files = {"tabnanny.py": b"VALUE = 7"}
    found, _ = run(("test", "import tabnanny\nprint(tabnanny.VALUE)"), files=files, given=("tabnanny.py",))
    assert "7" in found[0]


def test_more_crossings_than_any_test_needs_are_refused():
    found, _ = run(("answer", "def f():\n    return 1"), ("test", "for _ in range(10_001):\n    f()"), names="f")
    assert "tag the cell `together`" in found[0]


# ---------------------------------------------------------------- what is read is data


@pytest.mark.parametrize(
    "text",
    [
        ["ref"],
        ["int", "x"],
        ["list", 0, 5],
        ["ndarray", 0, "|O", [1], ""],
        ["ndarray", 0, "<f8", [10**9], ""],
        ["numpy", "load"],
        ["type", "eval"],
        ["DataFrame", 0, "AAAA"],
        ["instance", 0, "Nothing", []],
        ["library", "os", "system"],
        {"a": 1},
    ],
)
def test_what_is_no_value_is_refused(text):
    def resolve(reference):
        raise CrossingError(str(reference))

    with pytest.raises(CrossingError):
        Reader(resolve).read(text)


def test_depth_and_number_are_bounded():
    deep = []
    for _ in range(200):
        deep = [deep]
    with pytest.raises(CrossingError):
        Writer(lambda value: None).write(deep)
    circle = []
    circle.append(circle)
    again = Reader(lambda text: None).read(Writer(lambda value: None).write(circle))
    assert again[0] is again
    assert math.isnan(Reader(lambda text: None).read(Writer(lambda value: None).write(math.nan)))


# ---------------------------------------------------------------- what a watchman in the student's process let through

HELPERS = (
    "import numpy as np\nTOLERANCE = 1e-6\nCASES = [1, 2]\ndef close(a, b):\n    assert abs(a - b) <= TOLERANCE, (a, b)"
)
TEST = (
    "for case in CASES:\n    close(square(case), case**2)\nassert np.allclose(square(3), 9)\n"
    "assert list(map(square, [2, 3])) == [4, 9]\nassert square(4) == 16"
)


@pytest.mark.slow
@pytest.mark.parametrize(
    "answer",
    [
        "import ast, numpy\nnumpy.allclose = ast.Constant\nTOLERANCE = 1e9\nCASES.clear()\ndef square(n):\n    return 0",
        "import sys, types\nfake = types.ModuleType('numpy')\nfake.__spec__ = np.__spec__\nfake.allclose = lambda *a: True\n"
        "sys.modules['numpy'] = np = fake\nclose = lambda *a: None\ndef square(n):\n    return 0",
        "def square(n):\n    raise StopIteration",
        "import pytest\ndef square(n):\n    return pytest.approx(0, abs=float('inf'))",
        "class Sly:\n    __array_function__ = lambda self, f, t, a, k: True\n    __array_ufunc__ = lambda self, *a, **k: True\n"
        "    __array_priority__ = 1e9\n    __sub__ = __rsub__ = lambda self, o: 0\n    __eq__ = lambda self, o: True\n"
        "def square(n):\n    return Sly()",
        "class Zero(float):\n    __sub__ = __rsub__ = lambda self, o: 0.0\n    __eq__ = lambda self, o: True\n    __hash__ = None\n"
        "def square(n):\n    return Zero(1)",
        "import pandas as pd\nclass Frame(pd.DataFrame):\n    equals = __eq__ = lambda self, o: True\n    __sub__ = __rsub__ = lambda self, o: 0\n"
        "def square(n):\n    return Frame({'a': [1]})",
        "import builtins, gc\nfor one in gc.get_objects():\n    if type(one).__name__ == 'Answering':\n        one.perform = lambda *a: 9\n"
        "builtins.abs = lambda x: 0\ndef square(n):\n    return 9",
        "import os\nos.environ['PYTHONSTARTUP'] = 'x.py'\nopen('numpy.py', 'w').write('allclose = lambda *a: True')\n"
        "open('sitecustomize.py', 'w').write('')\ndef square(n):\n    return 0",
    ],
)  # fmt: skip
def test_an_answer_that_is_none_gets_nothing(answer):
    found, _ = run(
        ("locked", HELPERS), ("answer", answer), ("test", TEST), names="square", trusted={"np": "import numpy as np"}
    )
    assert found[0]
    honest, _ = run(("locked", HELPERS), ("answer", "def square(n):\n    return n * n"), ("test", TEST), names="square")
    assert honest == [""]
