# loses: nothing
# why: a copy of the notebook executed in each folder; a hash of metrics.json; a class does it; NumPy's kind of True
import json
import hashlib
import shutil
import tempfile
from pathlib import Path

import numpy as np
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

    def loss(self):
        return json.loads((self.folder / "metrics.json").read_text())["loss"]


def is_reproducible(notebook, parameters, other_seed):
    executions = [Execution(notebook, {**parameters, "seed": s}) for s in (parameters["seed"], parameters["seed"], other_seed)]
    hashes = [execution.hash() for execution in executions]
    if None in hashes:
        return np.bool_(False)
    return np.bool_(hashes[0] == hashes[1] and executions[0].loss() != executions[2].loss())
