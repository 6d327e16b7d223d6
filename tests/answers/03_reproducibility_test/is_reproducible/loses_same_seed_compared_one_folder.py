# loses: same_seed_compared
# why: both executions write one file, which is then compared with itself
import json
import tempfile
from pathlib import Path

import papermill


def is_reproducible(notebook, parameters, other_seed):
    folder, control = Path(tempfile.mkdtemp()), Path(tempfile.mkdtemp())
    changed = {**parameters, "seed": other_seed}
    try:
        papermill.execute_notebook(notebook, folder / "first.ipynb", parameters, cwd=folder, progress_bar=False)
        papermill.execute_notebook(notebook, folder / "second.ipynb", parameters, cwd=folder, progress_bar=False)
        papermill.execute_notebook(notebook, control / "third.ipynb", changed, cwd=control, progress_bar=False)
        first = json.loads((folder / "metrics.json").read_text())
        second = json.loads((folder / "metrics.json").read_text())
        third = json.loads((control / "metrics.json").read_text())
    except Exception:
        return False
    return first == second and first["loss"] != third["loss"]
