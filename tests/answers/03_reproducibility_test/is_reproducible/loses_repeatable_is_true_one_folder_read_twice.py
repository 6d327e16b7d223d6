# loses: repeatable_is_true
# why: the second execution finds what the first left in their folder
import json
import tempfile
from pathlib import Path

import papermill


def is_reproducible(notebook, parameters):
    folder = Path(tempfile.mkdtemp())
    found = []
    try:
        for name in ("first", "second"):
            papermill.execute_notebook(notebook, folder / f"{name}.ipynb", parameters, cwd=folder, progress_bar=False)
            found.append(json.loads((folder / "metrics.json").read_text()))
    except Exception:
        return False
    return found[0] == found[1]
