"""Jupyter server extension: what a student meets in JupyterLab besides the notebooks.

The tiles *MLflow UI* and *Checklist* in the launcher, Validate without a server that stands still, and a file browser
without the machinery.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from jupyter_server.utils import url_path_join

from mlops_course.lab import checklist, mlflow_ui, validate

STATIC = Path(__file__).with_name("static")

# The lessons read it to link to their runs. Where it is not set, they say how to start MLflow's UI in a terminal.
VARIABLE = "MLFLOW_UI"

# Nobody opens these, whoever they are.
HIDDEN = ["*.egg-info"]
# What makes the course work, in the students' folder only.
HIDDEN_FROM_STUDENTS = [
    "mlops_course", "env", "tests", "benchmarks", "exchange", "nbgrader_config.py", "pyproject.toml", "gradebook.db*",
    "*.mplstyle",
]  # fmt: skip


def is_student_folder(folder: Path) -> bool:
    """Tell a student's copy of the course from the instructor's: the instructor's has `source/`."""
    is_course = (folder / "nbgrader_config.py").exists() and (folder / "notebooks").is_dir()
    return is_course and not (folder / "source").exists()


def tiles() -> dict[str, Any]:
    """Give the tiles for `c.ServerProxy.servers`; the pages behind them are added when the extension is loaded."""
    return {
        name: mlflow_ui.StoresProcess(
            name=name,
            new_browser_tab=False,
            launcher_entry={"title": title, "icon_path": str(STATIC / f"{name}.svg"), "path_info": f"{name}/"},
        )
        for name, title in {"mlflow": "MLflow UI", "checklist": "Checklist"}.items()
    }


def load_jupyter_server_extension(server: Any) -> None:
    """Add the pages, and hide what a student does not need."""
    base_url = server.web_app.settings["base_url"]
    rules = [rule for part in (mlflow_ui, checklist, validate) for rule in part.handlers(base_url)]
    server.web_app.add_handlers(".*$", rules)
    os.environ[VARIABLE] = url_path_join(base_url, "mlflow/")  # kernels inherit it

    folder = Path(server.root_dir).expanduser()
    contents = server.contents_manager
    contents.hide_globs = [*contents.hide_globs, *HIDDEN, *(HIDDEN_FROM_STUDENTS if is_student_folder(folder) else [])]


_load_jupyter_server_extension = load_jupyter_server_extension


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "mlops_course.lab.student"}]
