# loses: changing_is_false
# why: both executions write one file, which is then compared with itself
import json
import tempfile
from pathlib import Path

import papermill


def is_reproducible(notebook, parameters):
    folder = Path(tempfile.mkdtemp())
    try:
        papermill.execute_notebook(notebook, folder / "first.ipynb", parameters, cwd=folder, progress_bar=False)
        papermill.execute_notebook(notebook, folder / "second.ipynb", parameters, cwd=folder, progress_bar=False)
        first = json.loads((folder / "metrics.json").read_text())
        second = json.loads((folder / "metrics.json").read_text())
    except Exception:
        return False
    return first == second
