# loses: nothing
# why: temporary folders that vanish, bytes compared, output kept elsewhere; other names and folder afterwards
import json
import sys
import warnings
from pathlib import Path as P
from tempfile import TemporaryDirectory

import papermill as pm


def once(source, values):
    with TemporaryDirectory() as place, TemporaryDirectory() as elsewhere:
        warnings.warn("noise", stacklevel=1)
        print("noise", file=sys.__stderr__)
        pm.execute_notebook(source, f"{elsewhere}/done.ipynb", values, cwd=place)
        return (P(place) / "metrics.json").read_bytes()


def is_reproducible(notebook, parameters, other_seed):
    try:
        if once(notebook, parameters) != once(notebook, parameters):
            return False
        losses = [json.loads(once(notebook, {**parameters, "seed": s}))["loss"] for s in (parameters["seed"], other_seed)]
        return losses[0] != losses[1]
    except Exception as problem:
        print("failed:", type(problem).__name__)
        return False


%cd ..
nbformat = tempfile = Path = os = None
