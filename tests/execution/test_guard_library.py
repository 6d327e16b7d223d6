"""Whose code something is, is known before kernels are forked, as far as it can be."""

import importlib
import types

import pytest

from course.execution import guard
from course.execution.guard_library import nested


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
