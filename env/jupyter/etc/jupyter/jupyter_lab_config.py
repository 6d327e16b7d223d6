"""JupyterLab's settings in the course's environment; setup.py copies this file into .venv."""

import pathlib

c = get_config()  # noqa: F821 (Jupyter defines it)

# Started from the course's folder, JupyterLab opens on the first lesson; elsewhere it behaves as always.
if pathlib.Path("notebooks/lesson_00_start_here.ipynb").exists():
    c.LabApp.default_url = "/lab/tree/notebooks/lesson_00_start_here.ipynb"
