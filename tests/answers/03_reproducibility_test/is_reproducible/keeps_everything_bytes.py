# loses: nothing
# why: temporary folders that vanish, bytes compared, output kept elsewhere; other names and folder afterwards
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


def is_reproducible(notebook, parameters):
    try:
        return once(notebook, parameters) == once(notebook, parameters)
    except Exception as problem:
        print("failed:", type(problem).__name__)
        return False


%cd ..
nbformat = json = tempfile = Path = os = None
