"""A kernel of ours looks at a cell once, and sees what IPython sees."""

import ast
import random
import warnings
from pathlib import Path

import nbformat
import pytest
from ipykernel import compiler
from IPython.core import async_helpers, inputtransformer2, interactiveshell
from IPython.core.inputtransformer2 import TokenTransformBase, TransformerManager

from course.execution.look_once import Known, look_once, murmur2_x86

ROOT = Path(__file__).parents[2]
MAGIC = ["%time x", "files = !ls", "len?", "?len", "%%bash\nls", "if True:\n    !ls\n", "x = %pwd", "print?\nx = 1",
         ",f a", "/f a", "x = 1\n%time y", "!ls {x!r}", "%%writefile a.py\n!not a command", "x ="]  # fmt: skip
PYTHON = ["x = 1", "", "\n\n", "a = (1\n % 2)", "a = 1 \\\n  % 2", "f'{x=!r}'", "y = f'{a!s:>{b}} {c = !r}'", "'''\n!ls\n%time\n'''",
          "x = 'what?'  # is it?\n", "# !ls", "a = b'''\n?\n'''", "def f():\n    '''\n    %time\n    '''", "x = [\n1\n,2]",
          ">>> x = 1\n>>> y = 2", "In [1]: x = 1", "    x = 1\n    y = 2", "x = 1\r\ny = 2\r\n", "x\x0c = 1\ny = 2",
          "s = '''\n  In [1]: x\n'''", "match x:\n    case 1:\n        pass", "lambda: (yield)", "x: int = 5"]  # fmt: skip
AWAIT = ["await x", "async with x: pass", "[a async for a in b]", "async def f(): await x", "async for a in b: pass",
         "f'{await x}'", "if x:\n    y = await z"]  # fmt: skip
NEITHER = [
    "return 1",
    "x = 1\nreturn x",
    "yield 1",
    "x = (",
    "'a\0b'",
    "\0",
    "break",
    "nonlocal x",
    "from __future__ import nope",
]
WARNING = [r"x = '\d'", "x is 1", "assert (x, 'a')", "1if x else 2", "[1](2)", "x = '\\d'\nawait y"]
CELLS = [*MAGIC, *PYTHON, *AWAIT, *NEITHER, *WARNING]


class Shout(TokenTransformBase):
    """A transformer of a student: the name `shout` becomes a call."""

    @classmethod
    def find(cls, tokens_by_line):
        for line in tokens_by_line:
            if line and line[0].string == "shout":
                return cls(line[0].start)
        return None

    def transform(self, lines):
        return [*lines[: self.start_line], "print('A')\n", *lines[self.start_line + 1 :]]


@pytest.fixture
def genuine(monkeypatch):
    """What is changed, as it was; all is as it was after the test."""
    found = {}
    for owner, name in (
        (TransformerManager, "do_token_transforms"),
        (interactiveshell, "_should_be_async"),
        (compiler, "murmur2_x86"),
    ):
        found[name] = getattr(owner, name)
        monkeypatch.setattr(owner, name, found[name])
    return found


@pytest.fixture
def searched(genuine, monkeypatch):
    """The texts that are searched for magic."""
    texts = []

    def counting(self, lines):
        texts.append("".join(lines))
        return genuine["do_token_transforms"](self, lines)

    monkeypatch.setattr(TransformerManager, "do_token_transforms", counting)
    look_once()
    return texts


def warned(ask):
    """Give the answer, and the warnings that were shown meanwhile."""
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("default")
        answer = ask()
    return answer, [(str(one.message), one.filename, one.lineno) for one in shown]


def as_a_kernel_does(cell):
    """Ask all that is asked before a cell is executed."""
    manager = TransformerManager()
    answers = []
    for _ in range(2):
        text = manager.transform_cell(cell)
        answers += [text, interactiveshell._should_be_async(text)]
    return answers


@pytest.mark.parametrize("cell", CELLS)
def test_sees_what_ipython_sees(cell, genuine):
    expected = warned(lambda: as_a_kernel_does(cell))
    look_once()
    for one in (cell, "y = 2", cell, "await y", cell, "%time y", cell):
        if one == cell:
            assert warned(lambda: as_a_kernel_does(cell)) == expected


def test_in_all_notebooks_and_programs_here(genuine):
    texts = [
        cell.source
        for path in [*ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("source/*/*.ipynb")]
        for cell in nbformat.read(path, as_version=4).cells
    ]
    texts += [path.read_text(encoding="utf-8") for path in ROOT.glob("course/execution/*.py")]
    texts += [
        path.read_text(encoding="utf-8")
        for path in Path(ast.__file__).parent.glob("[a-c]*.py")
        if path.stat().st_size < 40_000
    ]
    expected = [as_a_kernel_does(text) for text in texts]
    look_once()
    assert [as_a_kernel_does(text) for text in texts] == expected
    assert len({tuple(one) for one in expected}) > 300


def test_python_is_compiled_once(searched, genuine, monkeypatch):
    asked = []
    monkeypatch.setattr(async_helpers, "compile", lambda *a, **k: asked.append(a) or compile(*a, **k), raising=False)
    assert as_a_kernel_does("x = 1") == ["x = 1\n", False] * 2
    assert as_a_kernel_does("await x") == ["await x\n", True] * 2
    assert warned(lambda: as_a_kernel_does("x is 1"))[0][1::2] == [False, False]
    assert searched == ["x is 1\n"]
    assert len(asked) == 2, "a text with warnings is compiled by IPython as often as ever"


def test_magic_is_searched_for_once_for_each_cell(searched):
    manager = TransformerManager()
    for cell in ("!ls", "!ls", "!pwd", "!pwd"):
        manager.transform_cell(cell)
    assert searched == ["!ls\n", "!pwd\n"]


def test_what_is_returned_may_be_changed(searched):
    manager = TransformerManager()
    for text, expected in (("x = 1\n", "x = 1\n"), ("%pwd\n", "get_ipython().run_line_magic('pwd', '')\n")):
        manager.do_token_transforms([text]).clear()
        assert manager.do_token_transforms([text]) == [expected]


def test_with_another_transformer_nothing_is_remembered(searched):
    manager = TransformerManager()
    assert manager.transform_cell("shout\n") == "shout\n"
    manager.token_transformers.append(Shout)
    assert manager.transform_cell("shout\n") == "print('A')\n"
    assert manager.transform_cell("shout\n") == "print('A')\n"
    assert len(searched) == 2
    assert inputtransformer2.TransformerManager().transform_cell("shout\n") == "shout\n"


def test_an_error_is_not_remembered(searched):
    manager = TransformerManager()
    for _ in range(2):
        with pytest.raises(TypeError):
            manager.do_token_transforms([1])


def test_warnings_as_errors_are_errors(genuine):
    look_once()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert as_a_kernel_does("x is 1")[1] is genuine["_should_be_async"]("x is 1")


def test_others_warnings_are_shown_meanwhile(genuine, monkeypatch):
    """Another thread's, for example."""

    def compile_and_warn(*arguments, **options):
        warnings.warn_explicit("mine", UserWarning, "elsewhere.py", 1)
        return compile(*arguments, **options)

    look_once()
    monkeypatch.setattr("course.execution.look_once.compile", compile_and_warn, raising=False)
    assert warned(lambda: as_a_kernel_does("x = 3"))[1] == [("mine", "elsewhere.py", 1)]


def test_the_same_names(genuine):
    chance = random.Random(1)
    texts = ["".join(chance.choices("ab \n✓ä𝔸\0", k=length)) for length in range(200)]
    for seed in (0, 1, 0xC70F6907, 0xFFFFFFFF):
        assert [murmur2_x86(text, seed) for text in texts] == [genuine["murmur2_x86"](text, seed) for text in texts]
    look_once()
    assert compiler.murmur2_x86 is murmur2_x86


def test_other_names_stay(genuine, monkeypatch):
    """A version of ipykernel that names cells in another way keeps its own."""
    monkeypatch.setattr(compiler, "murmur2_x86", lambda data, seed: len(data))
    look_once()
    assert compiler.murmur2_x86("abc", 1) == 3


def test_what_a_student_lays_into_its_memory_is_not_asked_about_a_test(genuine):
    texts = []

    class Thief(str):
        def __eq__(self, text):
            texts.append(text)
            return True

        def __ne__(self, text):
            texts.append(text)
            return False

        __hash__ = str.__hash__

    look_once()
    inside = [cell.cell_contents for cell in TransformerManager.do_token_transforms.__closure__]
    (known,) = (value for value in inside if isinstance(value, Known))
    assert Thief("a") == "b"
    assert texts.pop() == "b"
    for text in ("assert solve(2) == 4", "%time solve(2)"):
        known.text = known.searched = Thief("x = 1")
        assert as_a_kernel_does(text)[1] is False
        with pytest.raises(AttributeError):
            known.look = texts.append
    assert texts == []
