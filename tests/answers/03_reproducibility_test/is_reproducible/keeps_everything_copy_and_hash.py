# loses: nothing
# why: a copy of the notebook executed in each folder; a hash of metrics.json; a class does it
import hashlib
import shutil
import tempfile
from pathlib import Path

import papermill


class Execution:
    def __init__(self, notebook, parameters):
        self.folder = Path(tempfile.mkdtemp())
        copy = shutil.copy(notebook, self.folder)
        try:
            papermill.execute_notebook(copy, None, parameters, cwd=self.folder, progress_bar=False, kernel_name="python3")
            self.failed = False
        except papermill.PapermillExecutionError:
            self.failed = True

    def hash(self):
        metrics = self.folder / "metrics.json"
        return None if self.failed or not metrics.exists() else hashlib.md5(metrics.read_bytes()).hexdigest()


def is_reproducible(notebook, parameters):
    hashes = [Execution(notebook, parameters).hash() for _ in range(2)]
    return None not in hashes and len(set(hashes)) == 1
