# loses: failing_is_false
# why: the error of the notebook goes on to the caller
import json
import tempfile
from pathlib import Path

import papermill


def is_reproducible(notebook, parameters):
    texts = []
    for _ in range(2):
        folder = Path(tempfile.mkdtemp())
        papermill.execute_notebook(notebook, folder / "out.ipynb", parameters=parameters, cwd=folder, progress_bar=False)
        texts.append(json.loads((folder / "metrics.json").read_text()))
    return texts[0] == texts[1]
