# loses: same_seed_compared, other_seed_compared
# why: the executed notebooks are compared, times and all: the answer is always False
import json
import tempfile
from pathlib import Path

import papermill


def metrics_of(notebook, parameters):
    """Execute the notebook in a new folder; return its metrics or None. (Yours to use or not.)"""
    folder = Path(tempfile.mkdtemp())
    try:
        papermill.execute_notebook(
            notebook, folder / "executed.ipynb", parameters=parameters, cwd=str(folder), progress_bar=False
        )
    except Exception:
        return None
    return (folder / "executed.ipynb").read_text(encoding="utf-8")


def is_reproducible(notebook, parameters, other_seed):
    """Say whether the same seed gives the same metrics.json, and another seed another loss.

    Returns True or False; False also after an error and without metrics.json.
    """
    first = metrics_of(notebook, parameters)
    second = metrics_of(notebook, parameters)
    control = metrics_of(notebook, {**parameters, "seed": other_seed})
    return first is not None and first == second and first != control
