"""Jupyter's settings in the course's environment; setup.py copies this file into .venv."""

import os

from mlops_course.lab.student import tiles

c = get_config()  # noqa: F821 (Jupyter defines it)

# In a container everybody is root; Jupyter would refuse to start there. It still listens on this computer only.
c.ServerApp.allow_root = True

# The launcher's tiles "MLflow UI" and "Checklist".
c.ServerProxy.servers = tiles()

# Started without a terminal, by a JupyterHub or from a desktop, Jupyter's own terminals would be login shells, and
# those set PATH anew: `course`, `dvc` and `mlflow` would not be found.
if os.name == "posix":
    c.ServerApp.terminado_settings = {"shell_command": [os.environ.get("SHELL") or "bash"]}
