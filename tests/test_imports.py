"""No module of the package imports one that imports it, be it by others."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def read_imports(folder, package):
    """Return which modules of a package import which others of it when they are imported."""
    files = (folder / package).rglob("*.py")
    paths = {".".join(path.relative_to(folder).with_suffix("").parts): path for path in files}
    paths = {name.removesuffix(".__init__"): path for name, path in paths.items()}
    return {name: imported(path, name, set(paths)) for name, path in paths.items()}


def imported(path, name, known):
    """Return the modules of the package that one module imports outside of its functions, without its own packages."""
    found, waiting = set(), list(ast.parse(path.read_text(encoding="utf-8")).body)
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            found |= {f"{module}.{alias.name}" if f"{module}.{alias.name}" in known else module for alias in node.names}
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)
    return {one for one in found & known if not f"{name}.".startswith(f"{one}.")}


def find_circle(modules):
    """Return a circle of imports, from a module back to itself; None if there is none."""
    try:
        TopologicalSorter(modules).prepare()
    except CycleError as problem:
        return problem.args[1]
    return None


def test_no_circle_of_imports():
    modules = read_imports(ROOT, "mlops_course")
    assert len(modules) > 50
    assert find_circle(modules) is None


@pytest.mark.parametrize(
    "back", ["from one import a", "import one.a", "from . import a", "class B:\n    from .a import x"]
)
def test_a_circle_is_found(tmp_path, back):
    package = tmp_path / "one"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "a.py").write_text("if True:\n    from one.b import x\n")
    (package / "b.py").write_text("def f():\n    import one.a\n")
    assert find_circle(read_imports(tmp_path, "one")) is None
    (package / "b.py").write_text(f"{back}\n")
    assert set(find_circle(read_imports(tmp_path, "one"))) == {"one.a", "one.b"}
