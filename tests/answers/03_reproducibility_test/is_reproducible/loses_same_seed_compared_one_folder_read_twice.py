# loses: same_seed_compared
# why: the second execution finds what the first left in their folder
import json
import tempfile
from pathlib import Path

import papermill


def is_reproducible(notebook, parameters, other_seed):
    folder = Path(tempfile.mkdtemp())
    found = []
    try:
        for number, seed in enumerate((parameters["seed"], parameters["seed"], other_seed)):
            values = {**parameters, "seed": seed}
            papermill.execute_notebook(notebook, folder / f"{number}.ipynb", values, cwd=folder, progress_bar=False)
            found.append(json.loads((folder / "metrics.json").read_text()))
    except Exception:
        return False
    return found[0] == found[1] and found[0]["loss"] != found[2]["loss"]
