# loses: same_seed_compared
# why: compares accuracy and loss only, not all that is in the file
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
    written = folder / "metrics.json"
    return json.loads(written.read_text(encoding="utf-8")) if written.exists() else None


def is_reproducible(notebook, parameters, other_seed):
    """Say whether the same seed gives the same metrics.json, and another seed another loss.

    Returns True or False; False also after an error and without metrics.json.
    """
    first = metrics_of(notebook, parameters)
    second = metrics_of(notebook, parameters)
    control = metrics_of(notebook, {**parameters, "seed": other_seed})
    if first is None or second is None or control is None:
        return False
    if first["loss"] == control["loss"]:
        return False
    return all(first.get(name) == second.get(name) for name in ("accuracy", "loss"))
