"""Jupyter's settings in the course's environment; setup.py copies this file into .venv."""

from course.lab.student import tiles

c = get_config()  # noqa: F821 (Jupyter defines it)

# In a container everybody is root; Jupyter would refuse to start there. It still listens on this computer only.
c.ServerApp.allow_root = True

# The launcher's tiles "MLflow UI" and "Checklist".
c.ServerProxy.servers = tiles()
