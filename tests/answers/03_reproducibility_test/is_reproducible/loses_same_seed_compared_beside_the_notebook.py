# loses: same_seed_compared
# why: no working directory given, and metrics.json is read beside the notebook
import json
import os

import papermill as pm


def is_reproducible(notebook, parameters, other_seed):
    results = []
    for seed in (parameters["seed"], parameters["seed"], other_seed):
        try:
            pm.execute_notebook(notebook, None, parameters={**parameters, "seed": seed}, progress_bar=False,
                                cwd=os.path.dirname(notebook) or ".")
            with open(os.path.join(os.path.dirname(notebook), "metrics.json")) as file:
                results.append(json.load(file))
        except Exception:
            return False
    return results[0] == results[1] and results[0]["loss"] != results[2]["loss"]
