"""A small course to attack: an assignment of three notebooks whose tests are of every style that instructors use."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook
from nbgrader.utils import is_solution

ASSIGNMENT = "hw"
NOTEBOOKS = ("functions", "data", "tracking")

# Each is written in one place that a submission has no business to see. Found in an output, it proves a leak.
SOLUTION = "solution-marker-4c1d"
HIDDEN = "hidden-test-marker-9b27"
GRADEBOOK = "gradebook-marker-77aa"
NEIGHBOUR = "neighbour-marker-e310"
HOST = "host-file-marker-2f6b"
SECRET = "environment-marker-c58e"
NETWORK = "network-marker-0d94"

SECRET_VARIABLE = "COURSE_TEST_PASSWORD"

CONFIGURATION = """\
c = get_config()
c.CourseDirectory.course_id = "attacked"
c.CourseDirectory.root = {folder!r}
c.Exchange.root = {exchange!r}
c.ExecutePreprocessor.timeout = {seconds}
c.LimitOutput.max_lines = 200
"""


def metadata(name: str, **settings: object) -> dict[str, object]:
    """Make what nbgrader writes into a cell."""
    base = {"grade": False, "locked": False, "solution": False, "task": False, "schema_version": 3, "grade_id": name}
    return {"nbgrader": base | settings}


def locked(name: str, source: str) -> nbformat.NotebookNode:
    """Make a cell of the instructor's."""
    return nbformat.v4.new_code_cell(source, id=name, metadata=metadata(name, locked=True))


def task(name: str, solution: str) -> nbformat.NotebookNode:
    """Make a cell for an answer; all of its code is the solution."""
    source = f"### BEGIN SOLUTION\n{solution}  # {SOLUTION}\n### END SOLUTION"
    return nbformat.v4.new_code_cell(source, id=name, metadata=metadata(name, solution=True))


def grade(name: str, points: float, source: str) -> nbformat.NotebookNode:
    """Make a cell that tests."""
    settings = metadata(name, grade=True, locked=True, points=points)
    return nbformat.v4.new_code_cell(source, id=name, metadata=settings)


def hidden(source: str) -> str:
    """Mark tests as hidden from students."""
    return f"### BEGIN HIDDEN TESTS\n# {HIDDEN}\n{source}\n### END HIDDEN TESTS"


def functions() -> list[nbformat.NotebookNode]:
    """Make tests of functions and values: plain assertions, types, a helper of the instructor's, partial credit."""
    helper = (
        "def check_close(value, expected, tolerance=1e-6):\n"
        "    if not abs(value - expected) <= tolerance:\n"
        '        raise AssertionError(f"{value} should be close to {expected}")'
    )
    words = '(("data", 2), ("version", 3), ("rhythm", 0), ("queue", 4))'
    written = metadata("why", grade=True, solution=True, points=3)
    return [
        nbformat.v4.new_markdown_cell("# Functions", id="functions_title"),
        locked("tools", helper),
        task("square", "def square(number):\n    return number * number"),
        grade(
            "squares",
            2,
            f"assert square(2) == 4\n{hidden('assert square(-12) == 144')}\nprint('squares: checked')",
        ),
        task("total", "total = 6 * 7"),
        grade("total_is_right", 1, "assert total == 42, 'total should be another number'"),
        task("names", 'names = ["Adelie", "Chinstrap", "Gentoo"]'),
        grade(
            "three_names",
            1,
            "assert isinstance(names, list), 'names should be a list'\nassert len(names) == 3\n"
            "for name in names:\n    assert isinstance(name, str), 'names should contain text'\n    print(name)",
        ),
        task("mean", "def mean(numbers):\n    return sum(numbers) / len(numbers)"),
        grade("mean_is_close", 2, f"check_close(mean([1, 2, 4]), 7 / 3)\n{hidden('check_close(mean([5]), 5)')}"),
        task("vowels", 'def count_vowels(word):\n    return sum(letter in "aeiou" for letter in word)'),
        grade("vowels_counted", 4, f"sum(count_vowels(word) == expected for word, expected in {words})"),
        nbformat.v4.new_markdown_cell(f"Because. {SOLUTION}", id="why", metadata=written),
    ]


def data() -> list[nbformat.NotebookNode]:
    """Make tests of files, of a program, and with NumPy's own assertions."""
    return [
        nbformat.v4.new_markdown_cell("# Data", id="data_title"),
        locked(
            "data_tools", "import json\nimport subprocess\nimport sys\nfrom pathlib import Path\n\nimport numpy as np"
        ),
        task("settings", 'Path("settings.json").write_text(json.dumps({"seed": 7, "rate": 0.5}))'),
        grade(
            "settings_saved",
            2,
            'saved = json.loads(Path("settings.json").read_text())\nassert saved["seed"] == 7\n'
            + hidden('assert set(saved) == {"seed", "rate"}'),
        ),
        grade(
            "settings_alone",
            1,
            "import json\nfrom pathlib import Path\n\n"
            'assert json.loads(Path("settings.json").read_text(encoding="utf-8"))["rate"] == 0.5',
        ),
        task("program", 'Path("program.py").write_text("import sys\\nprint(sum(map(int, sys.argv[1:])))\\n")'),
        grade(
            "program_answers",
            2,
            'done = subprocess.run([sys.executable, "program.py", "20", "22"], capture_output=True, text=True)\n'
            'assert done.returncode == 0\nassert done.stdout.strip() == "42"',
        ),
        task("means", "def column_means(table):\n    return table.mean(axis=0)"),
        grade(
            "means_of_columns",
            2,
            "from numpy import testing\n\n"
            'expected = json.loads(Path("expected.json").read_text())\n'
            'table = np.loadtxt("table.csv", delimiter=",")\n'
            "testing.assert_allclose(column_means(table), expected)",
        ),
        task("fractions", "def half_of(number):\n    return number / 2"),
        grade(
            "fresh_module",
            1,
            "from fractions import Fraction\n\nassert half_of(Fraction(1, 3)) == Fraction(1, 6)\n"
            "assert Fraction(half_of(5)) == Fraction(5, 2)",
        ),
    ]


def tracking() -> list[nbformat.NotebookNode]:
    """Make a test that reads an MLflow store again."""
    return [
        nbformat.v4.new_markdown_cell("# Tracking", id="tracking_title"),
        locked(
            "tracking_tools",
            "import mlflow\nfrom mlflow import MlflowClient\n\n"
            'STORE = "sqlite:///mlflow.db"\nmlflow.set_tracking_uri(STORE)',
        ),
        task("track", 'with mlflow.start_run():\n    mlflow.log_metric("loss", 0.25)'),
        grade(
            "loss_logged",
            3,
            'runs = MlflowClient(STORE).search_runs(["0"])\nassert len(runs) == 1\n'
            'assert runs[0].data.metrics["loss"] == 0.25',
        ),
    ]


def build(folder: Path, *, notebooks: tuple[str, ...] = NOTEBOOKS, seconds: int = 20) -> Path:
    """Lay out the course and generate the version for students.

    Parameters
    ----------
    folder : Path
        Where; must not exist.
    notebooks : tuple of str
        Those that the assignment has; `tracking` needs MLflow, which is slow.
    seconds : int
        Time for one cell.
    """
    source = folder / "source" / ASSIGNMENT
    source.mkdir(parents=True)
    configure(folder, seconds=seconds)
    for name in notebooks:
        notebook = nbformat.v4.new_notebook(cells=globals()[name]())
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, source / f"{name}.ipynb")
    (source / "table.csv").write_text("1,2\n3,4\n5,9\n")
    (source / "expected.json").write_text("[3.0, 5.0]\n")
    nbgrader(folder, "generate_assignment", ASSIGNMENT)
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        gradebook.add_student("enrolled-only", first_name=GRADEBOOK)
    return folder


def configure(folder: Path, *, seconds: int) -> None:
    """Write the configuration: nbgrader's own preprocessors, nothing of ours."""
    text = CONFIGURATION.format(folder=str(folder), exchange=str(folder / "exchange"), seconds=seconds)
    (folder / "nbgrader_config.py").write_text(text)


def variables(home: Path | None = None) -> dict[str, str]:
    """Give the environment of an instructor: commands on the PATH, a home, and a password that is nobody's business."""
    programs = str(Path(sys.executable).parent)
    path = os.pathsep.join([programs, os.environ["PATH"]])
    own = {"PATH": path, SECRET_VARIABLE: SECRET, "NO_COLOR": "1"}
    return os.environ | own | ({"HOME": str(home)} if home else {})


def nbgrader(folder: Path, *arguments: str, home: Path | None = None) -> str:
    """Run a command of nbgrader in a course; give what it logged."""
    command = [sys.executable, "-m", "nbgrader", *arguments]
    done = subprocess.run(command, cwd=folder, env=variables(home), capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)}: {done.stderr[-2000:]}")
    return done.stderr


def solutions(folder: Path, notebook: str) -> dict[str, str]:
    """Give the instructor's own answers by the cell's id, without the marks."""
    cells = nbformat.read(folder / "source" / ASSIGNMENT / f"{notebook}.ipynb", as_version=4).cells
    marks = ("### BEGIN SOLUTION\n", "\n### END SOLUTION", f"  # {SOLUTION}", f" {SOLUTION}")
    answers = {}
    for cell in cells:
        if is_solution(cell):
            answers[cell.id] = cell.source
            for mark in marks:
                answers[cell.id] = answers[cell.id].replace(mark, "")
    return answers
