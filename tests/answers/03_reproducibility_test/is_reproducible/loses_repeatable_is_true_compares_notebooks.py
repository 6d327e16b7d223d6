# loses: repeatable_is_true
# why: the executed notebooks are compared: times and output differ always
import json
import tempfile
from pathlib import Path

import papermill


def metrics_of(notebook, parameters):
    """Execute the notebook in a new folder; return its metrics, or None if there are none. (Yours to use or not.)"""
    folder = Path(tempfile.mkdtemp())
    try:
        papermill.execute_notebook(
            notebook, folder / "executed.ipynb", parameters=parameters, cwd=str(folder), progress_bar=False
        )
    except Exception:
        return None
    return (folder / "executed.ipynb").read_text(encoding="utf-8")


def is_reproducible(notebook, parameters):
    """Say whether two executions of the notebook, each in a new folder, write the same metrics.json.

    Returns True or False; False also after an error and without metrics.json.
    """
    first = metrics_of(notebook, parameters)
    second = metrics_of(notebook, parameters)
    return first is not None and first == second
