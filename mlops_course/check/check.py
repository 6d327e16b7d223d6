"""Check the deliverables of an assignment, from what was saved and what the last run left."""

from __future__ import annotations

import platform
from dataclasses import replace
from pathlib import Path

from mlops_course.check import deliverables, evidence, locate, notebook, packages
from mlops_course.check.deliverables import Tasks, Wanted
from mlops_course.check.model import Deliverable, Difference, Evidence, Report, Status, Test, worst
from mlops_course.check.notebook import Saved
from mlops_course.grading.hand_in import other_capitals
from mlops_course.grading.restore import say_split

RUN_ALL = "run all cells and save"  # the report says once how that is done
OLDEST_PYTHON = "3.11"
AFTER_SAVING = 5  # seconds that a run may seem to be younger than the notebook: file systems count differently


def check(folder: Path, root: Path | None, student: str | None = None) -> Report:
    """Find out which deliverables are there. Nothing is executed, changed or sent.

    Parameters
    ----------
    folder : Path
        The assignment as the student has it.
    root : Path or None
        The course's folder.
    student : str or None
        Who the student is; by default what the notebooks say.

    Raises
    ------
    CourseError
        If the folder holds no assignment.
    """
    released = locate.released_folder(folder, root)
    originals = {path.stem: notebook.read(path) for path in notebook_files(released)} if released else {}
    found = {path.stem: notebook.read(path) for path in notebook_files(folder)}
    tasks = tasks_of_all(originals or found)
    wanted = deliverables.wanted(folder.name, tasks)
    names = sorted(originals) or sorted({one.notebook for one in wanted})
    renamed = other_capitals(set(found), set(names))
    saved = {renamed.get(name, name): one for name, one in found.items()}
    saved = {name: notebook.recognised(one, originals.get(name)) for name, one in saved.items()}
    identity, who = look_at_ids([saved[name] for name in names if name in saved], student)
    rows = [identity]
    for one in wanted:
        rows.append(look_at(one, folder, saved, originals.get(one.notebook), tasks, names))
    environment, frozen = compare_packages(folder, root)
    return Report(
        assignment=folder.name,
        folder=str(folder),
        student=who,
        deliverables=tuple(rows),
        warnings=(
            *warn_about_environment(environment, root),
            *warn_about_frozen(frozen, environment),
            *(f"Rename {name}.ipynb to {right}.ipynb. Grading takes it for that." for name, right in renamed.items()),
            *warn_about_notebooks(saved, names, rows),
        ),
        environment=tuple(environment),
        frozen=tuple(frozen),
    )


def notebook_files(folder: Path) -> list[Path]:
    """List the notebooks right in a folder."""
    return sorted(path for path in folder.glob("*.ipynb") if path.is_file())


def tasks_of_all(notebooks: dict[str, Saved]) -> dict[str, Tasks]:
    """List the tasks of several notebooks, by the notebook's name."""
    return {name: notebook.tasks_of(one.cells) for name, one in notebooks.items()}


def look_at_ids(notebooks: list[Saved], student: str | None) -> tuple[Deliverable, str]:
    """Look whether all notebooks have the same STUDENT_ID, and say which."""
    title = "STUDENT_ID, the same in every notebook"
    readable = [one for one in notebooks if not one.trouble]
    ids = {one.name: one.ids for one in readable}
    known = sorted({value for values in ids.values() for value in values if value})
    who = student or (known[0] if len(known) == 1 else "")
    empty = [name for name, values in ids.items() if not any(values)]
    computed = [name for name, values in ids.items() if None in values]
    step = f"Write the same STUDENT_ID into the second cell of each notebook, then {RUN_ALL}."
    if computed:
        found = f"cannot be read in {', '.join(computed)}: it is no text in quotes"
        return Deliverable(title, Status.WRONG, found, step), student or ""
    if not known:
        return Deliverable(title, Status.NOT_ATTEMPTED, "empty", step), student or ""
    if len(known) > 1:
        found = "differs: " + ", ".join(f"'{value}'" for value in known)
        return Deliverable(title, Status.WRONG, found, step), student or ""
    if student and known != [student]:
        found = f"the notebooks say '{known[0]}', you are '{student}'"
        return Deliverable(title, Status.WRONG, found, step), student
    if empty:
        return Deliverable(title, Status.UNFINISHED, f"empty in {', '.join(empty)}", step), ""
    return Deliverable(title, Status.THERE, f"'{known[0]}'"), who


def look_at(
    wanted: Wanted,
    folder: Path,
    saved: dict[str, Saved],
    original: Saved | None,
    tasks: dict[str, Tasks],
    names: list[str],
) -> Deliverable:
    """Look at one deliverable: first at the saved notebook, then at what the last run left."""
    file = f"{wanted.notebook}.ipynb"
    one = saved.get(wanted.notebook)
    if one is None:
        return Deliverable(wanted.name, Status.MISSING, f"there is no {file}", find_again(wanted, saved, names))
    if one.trouble:
        step = (
            f"Take back an older state of {file}: in JupyterLab, File, Revert Notebook to Checkpoint. Or rename the "
            "file, take a fresh copy of the assignment, and put your answers in again."
        )
        return Deliverable(wanted.name, Status.UNREADABLE, f"{file}: {one.trouble}", step)
    if not any(notebook.find(one, name) for task, names in wanted.tasks.items() for name in names or (task,)):
        step = (
            f"Not even their text is there. Take {file} from a fresh copy of the assignment, and put your answers "
            "into it."
        )
        return Deliverable(wanted.name, Status.MISSING, f"{file} has none of the tasks", step)
    tests = notebook.look(one, expected(wanted, tasks.get(wanted.notebook)), original)
    left = wanted.look(folder) if wanted.look else evidence.NOTHING
    tests = [outdated(test, folder, one) for test in tests]
    return judge(wanted, file, tests, left, younger(folder, one, wanted))


def expected(wanted: Wanted, found: Tasks | None) -> Tasks:
    """Give the tests to look for: those of the list; the notebook may have more in the same tasks."""
    if found is None:
        return wanted.tasks
    return {
        task: tuple(dict.fromkeys([*names, *(found.get(task, ()) if names else ())]))
        for task, names in wanted.tasks.items()
    }


def find_again(wanted: Wanted, saved: dict[str, Saved], names: list[str]) -> str:
    """Say what to do about a notebook that is not there: a likely renaming is named as one."""
    ids = set(wanted.tasks)
    for other in sorted(set(saved) - set(names)):
        if other.startswith(wanted.notebook) or ids & set(notebook.tasks_of(saved[other].cells)):
            return f"Rename {other}.ipynb to {wanted.notebook}.ipynb: only that name is graded."
    return f"Fetch the assignment again, or copy {wanted.notebook}.ipynb from a fresh copy of it into this folder."


def outdated(test: Test, folder: Path, saved: Saved) -> Test:
    """Call a result out of date where the file that a cell writes shows that the cell was changed since."""
    cell = notebook.find(saved, test.task)
    first, _, rest = (cell.source if cell is not None else "").partition("\n")
    words = first.split()
    if test.status not in (Status.THERE, Status.WRONG) or len(words) != 2 or words[0] != "%%writefile":
        return test
    path = folder / "work" / test.task / words[1]
    try:
        written = path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return test
    if notebook.lines(written) == notebook.lines(rest):
        return test
    return replace(test, status=Status.STALE, message=f"{words[1]} is not what the cell says now: run the cell again")


def younger(folder: Path, saved: Saved, wanted: Wanted) -> bool:
    """Tell whether a task was run after the notebook was saved."""
    places = [
        place
        for task in wanted.tasks
        for place in [folder / "work" / task, *(folder / "work").glob(f"{task}_[0-9]")]
        if place.is_dir()
    ]
    return any(place.stat().st_mtime > saved.path.stat().st_mtime + AFTER_SAVING for place in places)


def judge(wanted: Wanted, file: str, tests: list[Test], left: Evidence, run_since: bool) -> Deliverable:
    """Put together what the notebook says and what the disk says."""
    status = worst([test.status for test in tests])
    found = count(tests)
    if status is Status.THERE and left.status not in (None, Status.THERE):
        # The tests passed when they ran. What they looked at has changed since, or is gone.
        gone = left.status is Status.MISSING
        status, found = (Status.STALE, f"the tests passed, but now there is {left.text}" if gone else left.text)
    elif left.text and not (left.status is Status.MISSING and status is Status.NOT_ATTEMPTED):
        found = f"{found}; {left.text}"
    return Deliverable(wanted.name, status, found, next_step(status, file, tests, run_since), tuple(tests))


def count(tests: list[Test]) -> str:
    """Say in figures how the tests and answers stand."""
    if all(test.status is Status.NOT_ATTEMPTED for test in tests):
        return "nothing written yet"
    by_person = [test for test in tests if test.name == test.task]
    by_test = [test for test in tests if test.name != test.task]
    parts = []
    if by_person:
        written = sum(test.status is Status.THERE for test in by_person)
        parts.append(f"{written} of {len(by_person)} answers written")
    if by_test:
        passed = sum(test.status is Status.THERE for test in by_test)
        parts.append(f"{passed} of {len(by_test)} tests pass")
    return ", ".join(parts)


def next_step(status: Status, file: str, tests: list[Test], run_since: bool) -> str:
    """Say what to do first about a notebook whose tests stand like this."""
    tasks = {one: list(dict.fromkeys(test.label for test in tests if test.status is one)) for one in Status}
    if status is Status.THERE:
        return ""
    if status is Status.WRONG:
        return (
            f"{file}: mend {listed(tasks[status])}. Run the task's start cell, your cell, then its tests. "
            f"In the end {RUN_ALL}."
        )
    if status is Status.MISSING:
        return (
            f"{file}: cells of {listed(tasks[status])} are gone. Edit, Undo Delete Cells; or copy them from a fresh "
            "copy of the assignment."
        )
    if status is Status.STALE:
        return f"{file}: what is saved does not fit any more; {RUN_ALL}."
    if status is Status.NOT_RUN:
        unsaved = (
            " It was run after it was last saved: if you see the results in JupyterLab, save it and check again. "
            "Validate saves no results."
        )
        return f"{file}: {RUN_ALL}.{unsaved * run_since}"
    return f"{file}: do {listed(tasks[Status.NOT_ATTEMPTED])}, then {RUN_ALL}."


def listed(names: list[str], most: int = 10) -> str:
    """Name a few things in a sentence; "Task 1" and "Task 2" become "Tasks 1, 2"."""
    parts = [name.partition(" ") for name in names[:most]]
    if len(names) > 1 and parts[0][2].isdecimal() and all(part[0] == parts[0][0] for part in parts):
        shown = f"{parts[0][0]}s {', '.join(number for _, _, number in parts)}"
    else:
        shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def compare_packages(folder: Path, root: Path | None) -> tuple[list[Difference], list[Difference]]:
    """Compare what is installed, and what was frozen, with the course's versions."""
    listed_here = root / "env" / "requirements.txt" if root else None
    if listed_here is None or not listed_here.is_file():
        return [], []
    wanted = packages.versions(packages.read_text(listed_here))
    environment = packages.compare(wanted, packages.installed())
    frozen = folder / "requirements.txt"
    if not frozen.is_file():
        return environment, []
    stated = packages.versions(packages.read_text(frozen))
    return environment, packages.compare(wanted, stated) if stated else []


def warn_about_environment(differences: list[Difference], root: Path | None) -> list[str]:
    """Say what is not as in the course's environment. It costs nothing by itself: grading runs elsewhere."""
    found = []
    if platform.python_version_tuple()[:2] < tuple(OLDEST_PYTHON.split(".")):
        found.append(f"Python {platform.python_version()} is too old: the course needs {OLDEST_PYTHON} or newer.")
    if root is None or not (root / "env" / "requirements.txt").is_file():
        found.append("The course's env/requirements.txt was not found, so versions of packages were not compared.")
        return found
    if differences and not packages.in_course_environment(root):
        found.append(
            f"This is not the course's Python, so packages differ: {packages.describe(differences)}. "
            f"In the course's folder: {packages.set_up_command()} course check"
        )
    elif differences:
        found.append(
            f"Installed here are other versions than the course's: {packages.describe(differences)}. Close JupyterLab; "
            f"in the course's folder: {packages.mend_command()}"
        )
    return found


def warn_about_frozen(frozen: list[Difference], environment: list[Difference]) -> list[str]:
    """Say how the frozen requirements.txt differs from the course's."""
    if not frozen:
        return []
    here = {(one.package, one.found) for one in environment}
    again = "run 03_reproducibility_test.ipynb again: it writes down what is installed"
    if any((one.package, one.found) in here for one in frozen):
        step = f"First mend what is installed ({packages.mend_command()}), then {again}."
    else:
        step = f"The course's versions are installed here; {again}."
    return [f"Your requirements.txt names other versions than the course's: {packages.describe(frozen)}. {step}"]


def warn_about_notebooks(saved: dict[str, Saved], names: list[str], rows: list[Deliverable]) -> list[str]:
    """Name notebooks that are not graded, and those that were not run from top to bottom."""
    found = [
        f"{other}.ipynb is not part of the assignment and is not graded."
        for other in sorted(set(saved) - set(names))
        if not any(f"Rename {other}.ipynb" in row.next_step for row in rows)
    ]
    disorder = [name for name in names if name in saved and not notebook.runs_in_order(saved[name])]
    for name in names:
        for cell in saved[name].copied if name in saved else ():
            found.append(f"{name}.ipynb: {say_split(cell)}")
    if disorder:
        found.append(f"Not run from top to bottom: {listed(disorder)}. Before you hand in, {RUN_ALL}.")
    return found
