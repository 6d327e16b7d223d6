# loses: changing_is_false
# why: takes a copy of the notebook's folder as working directory: a metrics.json that lay there counts as a result
import shutil
import json
import tempfile
from pathlib import Path

import papermill


def metrics_of(notebook, parameters):
    """Execute the notebook in a new folder; return its metrics, or None if there are none. (Yours to use or not.)"""
    folder = Path(tempfile.mkdtemp()) / "copy"
    shutil.copytree(Path(notebook).resolve().parent, folder)
    try:
        papermill.execute_notebook(
            notebook, folder / "executed.ipynb", parameters=parameters, cwd=str(folder), progress_bar=False
        )
    except Exception:
        return None
    written = folder / "metrics.json"
    return json.loads(written.read_text(encoding="utf-8")) if written.exists() else None


def is_reproducible(notebook, parameters):
    """Say whether two executions of the notebook, each in a new folder, write the same metrics.json.

    Returns True or False; False also after an error and without metrics.json.
    """
    first = metrics_of(notebook, parameters)
    second = metrics_of(notebook, parameters)
    return first is not None and first == second
