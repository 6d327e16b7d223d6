"""`nbgrader validate` in a terminal: what the button Validate says, in the places that nbgrader has for words.

`nbgrader_config.py` names these hooks of nbclient and this filter of Python's logging.
"""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from nbformat.reader import NotJSONError
from nbgrader.utils import is_grade

from mlops_course.grading.hand_in import read_notebook
from mlops_course.lab.validate_worker import describe, explain, fill, put_right


class PlainWords(logging.Filter):
    """Says why a notebook could not be validated, in place of Python's traceback."""

    said = False

    def filter(self, record: logging.LogRecord) -> bool:
        """Let the first error through, in words; what follows only repeats it. The last line names the notebook."""
        problem = sys.exc_info()[1]
        if record.levelno < logging.ERROR or problem is None or record.funcName == "fail":
            return True
        first, self.said = not self.said, True
        record.msg, record.args = explain(problem, Path("This notebook")), ()
        return first


class Running:
    """What is validated now. Both hooks need it, and traitlets copies what a configuration holds, but no functions."""

    notebook: Any = None


def start(notebook: Any) -> None:
    """Put a notebook's cells right before they run; nbclient calls it. The notebook's folder is the current one."""
    Running.notebook = notebook
    put_right(notebook, next(filter(is_its_file, sorted(Path.cwd().glob("*.ipynb"))), Path("This notebook")))


def is_its_file(path: Path) -> bool:
    """Tell whether the notebook was read from this file: nbgrader does not tell its name."""
    with suppress(OSError, ValueError, AttributeError, KeyError, TypeError, NotJSONError):
        return [cell.source for cell in read_notebook(path).cells] == [cell.source for cell in Running.notebook.cells]
    return False


def failed(cell: Any, **_: Any) -> None:
    """Exchange the traceback of a failed test, of which nbgrader cuts off the message, for words; nbclient calls it."""
    if not is_grade(cell):
        return
    (words,) = describe([cell], Running.notebook)
    for output in cell.outputs:
        if output.output_type == "error":
            output.traceback = [fill(words["source"]), "", words["raw_error"]]


LOGGING = {
    "filters": {"plain_words": {"()": f"{__name__}.{PlainWords.__name__}"}},
    "handlers": {"console": {"filters": ["plain_words"]}},
}
