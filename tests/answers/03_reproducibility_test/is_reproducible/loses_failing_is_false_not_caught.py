# loses: failing_is_false
# why: the error of the notebook goes on to the caller
import json
import tempfile
from pathlib import Path

import papermill


def is_reproducible(notebook, parameters, other_seed):
    found = []
    for seed in (parameters["seed"], parameters["seed"], other_seed):
        folder = Path(tempfile.mkdtemp())
        values = {**parameters, "seed": seed}
        papermill.execute_notebook(notebook, folder / "out.ipynb", parameters=values, cwd=folder, progress_bar=False)
        found.append(json.loads((folder / "metrics.json").read_text()))
    return found[0] == found[1] and found[0]["loss"] != found[2]["loss"]
