"""The course's policies for nbgrader. Read by every nbgrader command that is started in this folder."""

import os
from pathlib import Path

c = get_config()  # noqa: F821 (nbgrader defines it)

HERE = Path(__file__).resolve().parent

# The name students see in the assignment list.
c.CourseDirectory.course_id = "w09"
c.CourseDirectory.root = str(HERE)

# Where assignments are handed out and taken in. For a class this must be a folder that everybody reaches
# (https://nbgrader.readthedocs.io/en/stable/configuration/nbgrader_config.html); set NBGRADER_EXCHANGE to it.
# Without it, a folder beside the course serves for trying things out on one computer.
c.Exchange.root = os.environ.get("NBGRADER_EXCHANGE", str(HERE / "exchange"))
Path(c.Exchange.root).mkdir(parents=True, exist_ok=True)

# What an assignment's notebooks make when they run is not handed in: the notebook makes it again.
c.CourseDirectory.ignore = [
    ".ipynb_checkpoints", "*.pyc", "__pycache__", ".git", ".dvc", "work", "mlflow.db*", "mlruns", "mlartifacts",
]  # fmt: skip

# Seconds for one cell. Creating an MLflow store and importing scikit-learn can take ten on a slow laptop.
c.ExecutePreprocessor.timeout = 120
