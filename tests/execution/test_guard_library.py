"""Whose code something is, is known before kernels are forked, as far as it can be."""

import importlib
import sys
import types

import pytest

from course.execution import guard, guard_library
from course.execution.guard_library import Library, contents_work, nested, put


def inner_functions(module):
    """Yield the code of functions inside a module's functions and methods: no name leads to it."""
    for owner in [module, *(value for value in vars(module).values() if isinstance(value, type))]:
        for value in vars(owner).values():
            if isinstance(value, types.FunctionType) and value.__module__ == module.__name__:
                yield from list(nested(value.__code__))[1:]


BETWEEN = ("ipykernel.kernelapp", "zmq.eventloop.zmqstream", "course.execution.parent")


@pytest.mark.parametrize("name", BETWEEN)
@pytest.mark.parametrize(("around", "reads"), [(guard.AROUND_CELLS, False), ((), True)])
def test_what_stands_between_python_and_a_cell_need_not_be_read_in_each_kernel(monkeypatch, name, around, reads):
    module = importlib.import_module(name)
    monkeypatch.setattr(guard, "_known", [])
    monkeypatch.setattr(guard, "AROUND_CELLS", around)
    guard.look()
    (library,) = guard._known
    read = []
    monkeypatch.setattr(library, "compiled", lambda path: read.append(path) or frozenset())
    found = list(inner_functions(module))
    assert found
    assert [library.has_code(code) for code in found] == [not reads] * len(found)
    assert read == [module.__file__] * reads


CLOSED = """
def counter():
    count, add, nothing = 0, int.__add__, None
    def more():
        nonlocal count, nothing
        count = add(count, 1)
        nothing = len
        return count
    return more
more = counter()
def decorator(function):
    def wrapper(*arguments):
        return function(*arguments)
    return wrapper
def four():
    return 4
wrapped = decorator(decorator(four))
class Box:
    size = decorator(lambda self: 4)
def unset():
    def ask():
        return later
    if not unset:
        later = 1
    return ask
asked = unset()
"""


def cell_of(function, name):
    return function.__closure__[function.__code__.co_freevars.index(name)]


@pytest.fixture(scope="module", params=[True, False], ids=["by address", "one by one"])
def closing(request, tmp_path_factory):
    """A library whose functions close over something, and what is known of it."""
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(guard_library, "contents_work", lambda: request.param)
        folder = tmp_path_factory.mktemp("closing")
        (folder / "closing.py").write_text(CLOSED)
        changed.syspath_prepend(folder)
        module = importlib.import_module("closing")
        yield module, Library([str(folder)])
        del sys.modules["closing"]


def test_what_a_library_puts_into_its_closures_is_its_own(closing):
    module, library = closing
    assert [module.more() for _ in range(3)] == [1, 2, 3]
    assert library.changes() == []


@pytest.mark.parametrize(
    "value", [lambda *_: 5, int, type("Student", (), {"__call__": lambda *_: 5})(), guard_library.MISSING]
)
@pytest.mark.parametrize("path", ["wrapped", "inner", "Box.size"])
def test_what_a_student_puts_there_is_found_put_back_and_brought_back(closing, path, value):
    module, library = closing
    function = {"wrapped": module.wrapped, "Box.size": module.Box.size}.get(path)
    function = function or cell_of(module.wrapped, "function").cell_contents
    cell = cell_of(function, "function")
    genuine = cell.cell_contents
    put(cell, "", value)
    (change,) = library.changes()
    assert change.label == "closing.decorator.<locals>.wrapper (function)"
    assert (change.owner, change.genuine, change.found) == (cell, genuine, value)
    repair = guard.Repair(library)
    assert cell.cell_contents is genuine
    repair.undo()
    assert len(library.changes()) == 1
    guard.Repair(library)
    assert library.changes() == []


def test_addresses_are_where_they_are_read():
    assert contents_work()
