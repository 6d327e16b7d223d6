"""What the instructor's notebooks say: names, modules, locked cells, kernels."""

import sys

import nbformat
import pytest
from jupyter_client.kernelspec import KernelSpec

from mlops_course.errors import CourseError
from mlops_course.execution.names import bound_names, plain_python
from mlops_course.grading import kernels
from mlops_course.grading.kernels import check_kernels
from mlops_course.grading.source import (
    imported_modules,
    read_imports,
    released_cells,
    students_names,
    tags_of,
    with_parents,
)


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("a = b = 1\nc: int = 2\nd += 1\ne, (f, *g) = h", {"a", "b", "c", "d", "e", "f", "g"}),
        ("def f(x):\n    y = 1\n    global z\n    z = 2", {"f", "z"}),
        ("async def f(): pass\nclass C:\n    inside = 1\n    def m(self): pass", {"f", "C"}),
        ("import os.path\nimport numpy as np\nfrom a.b import c as d, e", {"os", "np", "d", "e"}),
        ("for i in x: pass\nwith open(f) as g: pass\ntry: pass\nexcept E as p: pass", {"i", "g", "p"}),
        ("[w := v for v in x]\nif (n := 3): pass", {"w", "n"}),
        ("match x:\n    case {'k': v, **rest}: pass\n    case [a, *b]: pass", {"v", "rest", "a", "b"}),
        ("del a\nprint(b)\nb.c = 1\nb['d'] = 2", {"a"}),
        ("lambda q: q", set()),
        ("x = await y\n", {"x"}),
    ],
)
def test_bound_names(source, names):
    found = bound_names(source)
    assert names <= found
    assert found - names <= {"y", "E"} & set(source), found


def test_cells_with_magics():
    assert "run_line_magic" in plain_python("%matplotlib inline\nx = 1")
    assert bound_names(plain_python("files = !ls\n%time y = 2\nx = 1")) >= {"files", "x"}
    assert plain_python("this is no Python") == ""
    assert bound_names(plain_python("%%bash\nx=1")) == set()


def test_imported_modules():
    source = "import a.b.c as d, e\nfrom f.g import h\nfrom . import local\ndef f():\n    import inner"
    assert imported_modules(source) == {"a.b.c", "e", "f.g", "inner"}
    assert with_parents({"a.b.c", "helper.x"}, {"helper"}) == ("a", "a.b", "a.b.c")


def code(source, **metadata):
    base = {"grade": False, "locked": False, "solution": False, "grade_id": "x", "schema_version": 3, "task": False}
    return nbformat.v4.new_code_cell(source, metadata={"nbgrader": base | metadata})


def test_read_imports(tmp_path):
    cells = [
        nbformat.v4.new_code_cell("import pandas as pd\nimport helper\n%load_ext x"),
        code("def answer():\n    pass", solution=True),
        code("test = 1\nimport sklearn.linear_model", grade=True, locked=True, grade_id="t", points=1),
        nbformat.v4.new_markdown_cell("import not_code"),
        nbformat.v4.new_code_cell("no Python ("),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "one.ipynb")
    (tmp_path / "helper.py").write_text("import mlflow\nimport one_more")
    (tmp_path / "broken.py").write_text("import (")
    (tmp_path / "broken.ipynb").write_text("{")
    (tmp_path / "one_more").mkdir()
    assert read_imports(tmp_path) == ("mlflow", "pandas", "sklearn", "sklearn.linear_model")
    assert released_cells(tmp_path) == {"one": {"t": "test = 1\nimport sklearn.linear_model"}}


def test_whose_names_are_whose(tmp_path):
    source, release = tmp_path / "source", tmp_path / "release"
    cells = [
        code("LIMIT = 1\nspread = None", locked=True, grade_id="l"),
        code("import math\nclass Point: pass\nspread = 2", solution=True, grade_id="s"),
        nbformat.v4.new_code_cell("tried = 1"),
        code("result = 1", grade=True, locked=True, grade_id="t", points=1),
    ]
    cells[3].metadata["tags"] = ["together"]
    for folder, more in ((source, []), (release, [nbformat.v4.new_code_cell("STUDENT_ID = ''")])):
        folder.mkdir()
        nbformat.write(nbformat.v4.new_notebook(cells=[*more, *cells]), folder / "one.ipynb")
    names, declared = students_names(source, release)
    assert names == {"one": ["Point", "STUDENT_ID", "math", "spread", "tried"]}
    assert declared == {"one": ["Point"]}
    assert tags_of(release) == {"one": {"l": [], "t": ["together"]}}


def test_no_source(tmp_path):
    assert read_imports(tmp_path / "nowhere") == ()
    assert released_cells(tmp_path / "nowhere") == {}


@pytest.mark.parametrize(
    "spec", [{}, {"name": "python3"}, {"name": "conda-env-py", "language": "python"}, {"name": "ipython_of_me"}]
)
def test_python_kernels(spec):
    assert check_kernels({"one": spec}) == []


@pytest.mark.parametrize("spec", [{"name": "ir", "language": "R"}, {"name": "julia-1.11"}, {"language": "bash"}])
def test_other_kernels(spec):
    with pytest.raises(CourseError, match=r"one\.ipynb is for the kernel"):
        check_kernels({"one": spec})


def test_advice_is_not_one_that_gives_zeros():
    """Plain `nbgrader autograde` would execute it with Python, too: this course's configuration says so."""
    with pytest.raises(CourseError, match="with nbgrader's own Execute"):
        check_kernels({"one": {"name": "ir", "language": "R"}})


def test_kernel_of_another_environment(monkeypatch, tmp_path):
    def found(name):
        return KernelSpec(argv=[str(tmp_path / "bin" / "python"), "-m", "x"], language="python")

    monkeypatch.setattr(kernels, "find_kernel", found)
    [note] = check_kernels({"one": {"name": "other", "language": "python"}})
    assert str(tmp_path) in note
    assert sys.executable in note
