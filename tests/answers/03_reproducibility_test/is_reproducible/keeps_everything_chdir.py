# loses: nothing
# why: changes into a new folder and back instead of giving cwd; the control comes first
import json
import os
import tempfile

import papermill as pm


def is_reproducible(notebook, parameters, other_seed):
    here, path = os.getcwd(), os.path.abspath(notebook)
    texts = []
    for seed in (other_seed, parameters["seed"], parameters["seed"]):
        os.chdir(tempfile.mkdtemp(prefix="run_"))
        try:
            pm.execute_notebook(path, "executed.ipynb", parameters=dict(parameters, seed=seed))
            with open("metrics.json") as file:
                texts.append(file.read())
        except Exception:
            return False
        finally:
            os.chdir(here)
    control, first, second = texts
    return first == second and json.loads(control)["loss"] != json.loads(first)["loss"]
