"""Read what a saved notebook says about its tests. Nothing of it is executed."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.utils import compute_checksum, is_grade, is_solution

from mlops_course.check.deliverables import Tasks
from mlops_course.check.model import Status, Test
from mlops_course.grading.hand_in import read_notebook, tolerant
from mlops_course.grading.restore import copied, recognise
from mlops_course.grading.student_id import written_ids

STUBS = ("YOUR CODE HERE", "YOUR ANSWER HERE")
HIDDEN = "BEGIN HIDDEN TESTS"  # no released notebook has it
ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
HEADING = re.compile(r"^#+ ((?:Task|Question) \d+)\b", re.MULTILINE)
READY = re.compile(r"^Ready\. STUDENT_ID: (.+)$", re.MULTILINE)  # what the set-up cell prints
LONGEST = 2000  # letters of a message


@dataclass(frozen=True)
class Saved:
    """A notebook as it was saved; `trouble` says why it cannot be read."""

    path: Path
    cells: tuple[Any, ...] = ()
    trouble: str = ""
    copied: tuple[str, ...] = ()  # ids that several cells have

    @property
    def name(self) -> str:
        """The notebook's name, without ending."""
        return self.path.stem

    @property
    def ids(self) -> list[str | None]:
        """Every STUDENT_ID that is assigned in it."""
        return written_ids(self.cells)


def read(path: Path) -> Saved:
    """Read a notebook; what is wrong with the file becomes its `trouble`.

    Parameters
    ----------
    path : Path
        A file; it need not be a notebook.
    """
    try:
        if not path.read_bytes().strip():
            return Saved(path, trouble="the file is empty")
        with warnings.catch_warnings(action="ignore"):
            notebook = tolerant(read_notebook(path))
            nbformat.validate(notebook, relax_add_props=True)
    except OSError as problem:
        return Saved(path, trouble=f"it cannot be opened ({problem.strerror or problem})")
    except nbformat.ValidationError as problem:
        return Saved(path, trouble=f"it is not a valid notebook ({str(problem).splitlines()[0][:100]})")
    except (ValueError, AttributeError, KeyError, TypeError, nbformat.reader.NotJSONError):
        return Saved(path, trouble="its text is not that of a notebook (no JSON)")
    if not notebook.cells:
        return Saved(path, trouble="it has no cells")
    return Saved(path, tuple(notebook.cells), copied=tuple(copied(notebook.cells)))


def recognised(saved: Saved, original: Saved | None) -> Saved:
    """Find the assignment's cells as grading does, whatever an editor has dropped."""
    return replace(saved, cells=tuple(recognise(saved.cells, original.cells)[0])) if original else saved


def tasks_of(cells: tuple[Any, ...]) -> Tasks:
    """List the tasks of a notebook with their tests, in order. A test belongs to the answer in front of it."""
    found: dict[str, list[str]] = {}
    task = None
    for cell in cells:
        settings = cell.metadata.get("nbgrader", {})
        if is_solution(cell):
            task = settings["grade_id"]
            found[task] = []
        elif is_grade(cell) and task is not None:
            found[task].append(settings["grade_id"])
    return {task: tuple(tests) for task, tests in found.items()}


def look(saved: Saved, tasks: Tasks, original: Saved | None) -> list[Test]:
    """Say of every test of these tasks how it stands.

    Parameters
    ----------
    saved : Saved
        The student's notebook.
    tasks : Tasks
        What to look for.
    original : Saved or None
        The notebook as it was released, where that is known.

    Returns
    -------
    list of Test
        One for each test, and one for each task without tests (a written answer).
    """
    outdated = run_for_another(saved)
    found = []
    for task, names in tasks.items():
        answer, label = find(saved, task), label_of(task, names, original, saved)
        if not names:
            status, message = look_at_answer(answer, original)
            found.append(Test(saved.name, task, task, status, message, label))
        for name in names:
            status, message = look_at_test(find(saved, name), answer, original, name)
            if outdated and status in (Status.THERE, Status.WRONG):
                status, message = Status.STALE, outdated
            found.append(Test(saved.name, task, name, status, message, label))
    return found


def find(saved: Saved | None, name: str) -> Any | None:
    """Find a cell by nbgrader's id, or by its own where an editor has dropped nbgrader's."""
    cells = saved.cells if saved else ()
    for cell in cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == name:
            return cell
    return next((cell for cell in cells if cell.get("id") == name), None)


def label_of(task: str, tests: tuple[str, ...], original: Saved | None, saved: Saved) -> str:
    """Give what the notebook calls a task: the first words of the heading above its cells, or else its id."""
    for one in filter(None, (original, saved)):
        first = next((cell for cell in (find(one, name) for name in (task, *tests)) if cell is not None), None)
        heading = ""
        for cell in one.cells if first is not None else ():
            if cell is first:
                break
            found = HEADING.findall(cell.source) if cell.cell_type == "markdown" else []
            heading = found[-1] if found else heading
        if heading:
            return heading
    return task


def is_as_released(cell: Any, original: Saved | None, name: str) -> bool:
    """Tell whether a cell has the text that was released.

    Without the released cell, nbgrader's checksum in the student's tells; without that, the text that marks the place
    for the answer.
    """
    before = find_untouched(original, name)
    if before is not None and lines(before.source) == lines(cell.source):
        return True
    if has_checksum(cell):
        return is_untouched(cell)
    return before is None and any(stub in cell.source for stub in STUBS)


def has_checksum(cell: Any) -> bool:
    """Tell whether a cell says what it was when it was released."""
    return "checksum" in cell.metadata.get("nbgrader", {})


def is_untouched(cell: Any) -> bool:
    """Tell whether a cell that says what it was is still that."""
    return cell.metadata.nbgrader["checksum"] == compute_checksum(cell)


def find_untouched(original: Saved | None, name: str) -> Any | None:
    """Find a cell as it was released; None if it was worked in: students may do so in `release/` itself."""
    cell = find(original, name)
    return cell if cell is None or not has_checksum(cell) or is_untouched(cell) else None


def is_begun(answer: Any, original: Saved | None) -> bool:
    """Tell whether anything was written into a cell for an answer; in code, comments alone are no answer."""
    if not answer.source.strip() or is_as_released(answer, original, name_of(answer)):
        return False
    if answer.cell_type != "code":
        return True
    before = find_untouched(original, name_of(answer))
    return statements(answer.source) != (statements(before.source) if before is not None else [])


def statements(source: str) -> list[str]:
    """Give the lines of code without comments and blank lines."""
    return [line for line in lines(source) if line and not line.lstrip().startswith("#")]


def lines(source: str) -> list[str]:
    """Split a text without what no editor shows."""
    return [line.rstrip() for line in source.strip().splitlines()]


def name_of(cell: Any) -> str:
    """Give the id under which a cell was released."""
    return cell.metadata.get("nbgrader", {}).get("grade_id") or cell.get("id", "")


def look_at_answer(answer: Any | None, original: Saved | None) -> tuple[Status, str]:
    """Say how a written answer stands. Whether it is good is for a person to say."""
    if answer is None:
        return Status.MISSING, "the cell for the answer is gone"
    if not is_begun(answer, original):
        return Status.NOT_ATTEMPTED, "no answer yet"
    count = len(answer.source.split())
    return Status.THERE, f"{count} word{'s' * (count != 1)}"


def look_at_test(cell: Any | None, answer: Any | None, original: Saved | None, name: str) -> tuple[Status, str]:
    """Say how a test stands, from the answer's text and the test's saved output."""
    if answer is None:
        return Status.MISSING, "the cell for the answer is gone"
    if cell is None or cell.cell_type != "code":
        return Status.MISSING, "the cell with the test is gone"
    begun = is_begun(answer, original)
    if was_changed(cell, original, name):
        if not begun:
            return Status.NOT_ATTEMPTED, ""
        return Status.NOT_RUN, "the cell with the test was changed, so its result says nothing"
    error = next((output for output in cell.outputs if output.output_type == "error"), None)
    ran = error is not None or cell.execution_count is not None
    if not begun and (error is not None or not ran):
        return Status.NOT_ATTEMPTED, ""
    if not ran:
        return Status.NOT_RUN, ""
    if changed_since(answer, cell):
        return Status.STALE, "the answer was run after this test, or not at all"
    return (Status.THERE, "") if error is None else (Status.WRONG, message_of(error))


def was_changed(cell: Any, original: Saved | None, name: str) -> bool:
    """Tell whether a test is another than the released one. Then its messages are not repeated."""
    if HIDDEN in cell.source:
        return True
    known = find(original, name) is not None or has_checksum(cell)
    return known and not is_as_released(cell, original, name)


def changed_since(answer: Any, test: Any) -> bool:
    """Tell whether an answer was run after its test, as far as the saved notebook knows."""
    if answer.cell_type != "code" or not answer.source.strip():
        return False
    times = [cell.metadata.get("execution", {}).get("iopub.execute_input", "") for cell in (answer, test)]
    if all(times):
        return times[0] > times[1]  # the same format and time zone: the order of the texts is that of the times
    if test.execution_count is None:
        return False
    return answer.execution_count is None or answer.execution_count > test.execution_count


def message_of(error: Any) -> str:
    """Give the message of a failed test, as the notebook shows it."""
    text = ESCAPES.sub("", str(error.get("evalue", ""))).strip()
    name = error.get("ename", "")
    if name and name != "AssertionError":
        text = f"{name}: {text}"
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else text[:LONGEST] + " …"


def run_for_another(saved: Saved) -> str:
    """Say that the results belong to another STUDENT_ID than the one that stands in the notebook; empty if not."""
    set_up = find(saved, "set_up")
    now = [name for name in saved.ids if name]
    if set_up is None or set_up.cell_type != "code" or not now:
        return ""
    printed = "".join(str(output.get("text", "")) for output in set_up.outputs)
    then = READY.search(printed)
    if then and then.group(1).strip() != now[-1]:
        return f"it was run for the STUDENT_ID '{then.group(1).strip()}', which is now '{now[-1]}'"
    return ""


def runs_in_order(saved: Saved) -> bool:
    """Tell whether the cells that were run, were run from top to bottom."""
    counts = [cell.execution_count for cell in saved.cells if cell.cell_type == "code" and cell.execution_count]
    return counts == sorted(counts)
