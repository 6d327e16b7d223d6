# loses: changing_is_false
# why: no working directory given, and metrics.json is read beside the notebook
import json
import os

import papermill as pm


def is_reproducible(notebook, parameters):
    results = []
    for i in range(2):
        try:
            pm.execute_notebook(notebook, f"out_{i}.ipynb", parameters=parameters, progress_bar=False)
            with open(os.path.join(os.path.dirname(notebook), "metrics.json")) as file:
                results.append(json.load(file))
        except Exception:
            return False
    return results[0] == results[1]
