"""`course check --as-graded`: run an assignment on the student's computer as grading does, each test in its own kernel.

A student has no solution, so which names are the student's is read from what the student wrote. Hidden tests are not
there either: what passes here passes all tests that a student can see.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import determine_grade, is_grade, is_locked, is_solution
from rich.console import Console
from rich.text import Text
from traitlets.config import Config

from mlops_course.check.locate import assignment_folder, course_folder, released_folder
from mlops_course.check.pack import read_configuration
from mlops_course.errors import CourseError
from mlops_course.execution.engine import SandboxError, execute
from mlops_course.execution.job import Finding, Job, Limits, decode_result, encode
from mlops_course.execution.names import bound_names, plain_python
from mlops_course.grading.convert import execution_settings, to_execute
from mlops_course.grading.files import given_files, read_notebooks, regular_files
from mlops_course.grading.hand_in import other_capitals, read_notebook
from mlops_course.grading.messages import describe
from mlops_course.grading.preprocessors import IgnoreStderr, SandboxedExecute
from mlops_course.grading.restore import as_graded, grade_id
from mlops_course.grading.source import read_imports, released_cells, students_names, tags_of, trusted_imports
from mlops_course.lab.validate_worker import message
from mlops_course.words import encodable, plural, visible

Notebook = Any
ONLY_SEPARATE = "it passes in one kernel, as under Validate: grading's tests see only what crosses between two"
ONLY_BEFORE = "it passed when it was last run here: that run had something that a fresh one has not"


@dataclass(frozen=True)
class Checked:
    """One test, as it is graded.

    Attributes
    ----------
    passes
        Whether it gives all its points.
    why
        What it complained of, and what separates it from a run in which it passes; empty if it passes.
    """

    notebook: str
    test: str
    passes: bool
    why: str = ""


@dataclass(frozen=True)
class AsGraded:
    """All tests, and what was seen while they ran."""

    tests: tuple[Checked, ...]
    findings: tuple[Finding, ...]

    @property
    def passes(self) -> bool:
        """Tell whether all tests pass."""
        return all(test.passes for test in self.tests)


def check_as_graded(folder: Path, root: Path | None, config: Config) -> AsGraded:
    """Run an assignment as it is graded.

    Parameters
    ----------
    folder
        The assignment as the student has it; nothing in it is changed.
    root
        The course's folder.
    config
        The course's configuration.

    Raises
    ------
    CourseError
        If this computer cannot, or there is no notebook.
    """
    released = released_folder(folder, root) or folder
    job = make_job(folder, released, config)
    result = run(job)
    graded = {name: outputs_of(text) for name, text in result.notebooks.items()}
    failing = [name for name, tests in graded.items() if not all(map(passes, tests.values()))]
    together: dict[str, dict[str, Notebook]] = {}
    if failing and job.separate:
        again = run(replace(job, separate=False, notebooks={name: job.notebooks[name] for name in failing}))
        together = {name: outputs_of(text) for name, text in again.notebooks.items()}
    found = []
    for name, tests in graded.items():
        for test, cell in tests.items():
            difference = ""
            if passes(together.get(name, {}).get(test)):
                difference = f" ({ONLY_SEPARATE})"
            elif passed_before(folder / f"{name}.ipynb", test):
                difference = f" ({ONLY_BEFORE})"
            why = "" if passes(cell) else f"{message(cell) or 'it did not run'}{difference}"
            found.append(Checked(name, test, passes(cell), why))
    return AsGraded(tuple(found), tuple(one for one in result.findings if one.kind != "note"))


def run(job: Job) -> Any:
    """Execute a job.

    Raises
    ------
    CourseError
        If there are no namespaces here.
    """
    try:
        return decode_result(execute(encode(job)))
    except SandboxError as problem:
        reason = str(problem).partition(". ")[0]
        raise CourseError(
            f"--as-graded: tests could not be run apart from your code on this computer ({reason}). "
            "Validate runs the same tests, in one kernel."
        ) from None


def make_job(folder: Path, released: Path, config: Config) -> Job:
    """Make of a student's folder the job that grading makes of what is handed in."""
    originals = {path.stem: read_notebook(path) for path in sorted(released.glob("*.ipynb"))}
    paths = sorted(folder.glob("*.ipynb"))
    right = other_capitals({path.stem for path in paths}, set(originals))
    mine = {right.get(path.stem, path.stem): read_notebook(path) for path in paths}
    notebooks = {name: put_back(mine[name], originals[name]) for name in originals if name in mine}
    if not notebooks:
        raise CourseError(f"{folder}: there is no notebook of the assignment.")
    ignore = [*CourseDirectory(config=config).ignore, "*.ipynb"]
    execution = SandboxedExecute(config=config)
    files = {file.as_posix(): (folder / file).read_bytes() for file in regular_files(folder, ignore)[0]}
    given = given_files(released, ignore)
    files |= {name: (released / name).read_bytes() for name in given} | read_notebooks(paths)
    names, declared = names_of(notebooks, released)
    return Job(
        "",
        folder.name,
        {name: to_execute(notebook) for name, notebook in notebooks.items()},
        files,
        (),
        execution_settings(execution),
        read_imports(released),
        replace(Limits(), **execution.limits),
        trusted=trusted_imports(released),
        separate=execution.separate_tests,
        names=names,
        declared=declared,
        given=given,
        locked=released_cells(released),
        tags=tags_of(released),
    )


def put_back(notebook: Notebook, original: Notebook) -> Notebook:
    """Put the assignment's own cells back."""
    notebook.cells, _ = as_graded(notebook.cells, original.cells)
    texts = {grade_id(cell): cell.source for cell in original.cells if is_locked(cell)}
    for cell in notebook.cells:
        cell.source = texts.get(grade_id(cell), cell.source)
    return notebook


def names_of(notebooks: dict[str, Notebook], released: Path) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Find the names that are the student's, and the classes among them.

    That is what the cells that nobody locked bind, as they were released and as they are now. A name that the
    assignment's own cells bind, too, is theirs, unless it is None there: then the student is to give it its value.
    """
    names, declared = students_names(released, released)
    for name, notebook in notebooks.items():
        own, locked = set(), set()
        for cell in notebook.cells:
            source = plain_python(cell.source) if cell.cell_type == "code" else ""
            if is_locked(cell) and not is_solution(cell):
                locked |= bound_names(source) - placeholders(source)
            else:
                own |= bound_names(source)
                classes = {node.name for node in ast.parse(source).body if isinstance(node, ast.ClassDef)}
                declared[name] = sorted({*declared.get(name, []), *classes - locked})
        names[name] = sorted({*names.get(name, []), *own - locked})
    return names, declared


def placeholders(source: str) -> set[str]:
    """List the names to which a locked cell gives nothing but None."""
    return {
        target.id
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and node.value.value is None
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def tests_in(notebook: Notebook) -> dict[str, Notebook]:
    """List the tests of a notebook by their ids."""
    return {
        grade_id(cell): cell
        for cell in notebook.cells
        if cell.cell_type == "code" and is_grade(cell) and not is_solution(cell)
    }


def outputs_of(text: str) -> dict[str, Notebook]:
    """Read the tests of an executed notebook; what they say on stderr costs nothing, as in grading."""
    tests = tests_in(nbformat.reads(text, as_version=4))
    for cell in tests.values():
        IgnoreStderr().preprocess_cell(cell, {}, 0)
    return tests


def passes(cell: Notebook | None) -> bool:
    """Tell whether a test ran and gives all its points."""
    if cell is None or cell.execution_count is None or any(one.output_type == "error" for one in cell.outputs):
        return False
    points, most = determine_grade(cell)
    return points == most


def passed_before(path: Path, test: str) -> bool:
    """Tell whether a test is saved as one that passed."""
    return path.is_file() and passes(tests_in(read_notebook(path)).get(test))


def run_and_print(name: str | None, here: Path) -> bool:
    """Run the assignment of this name, print what passes, and tell whether all of it does."""
    place = assignment_folder(name, here)
    root = course_folder(place)
    Console(stderr=True).print(
        f"Running a copy of {place} as grading does; that takes as long as its notebooks do ...",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    outcome = check_as_graded(place, root, read_configuration(root))
    print_tests(outcome, Console())
    return outcome.passes


def print_tests(outcome: AsGraded, console: Console) -> None:
    """Print a line for each test, what separates those that fail, and the sum."""

    def show(text: str) -> None:
        console.print(Text(encodable(visible(text), console.encoding)), soft_wrap=True)

    for name in dict.fromkeys(test.notebook for test in outcome.tests):
        show(name)
        for test in outcome.tests:
            if test.notebook == name:
                show(f"  {'passes' if test.passes else 'FAILS '} {test.test}{f': {test.why}' if test.why else ''}")
    for finding in outcome.findings:
        show(describe(finding))
    passing = sum(test.passes for test in outcome.tests)
    show(f"{passing} of {plural(len(outcome.tests), 'test')} pass as graded. Grading has further ones.")
