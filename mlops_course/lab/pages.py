"""The pages that the course adds to JupyterLab, in its colours, light or dark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

FOLDER = Path(__file__).with_name("templates")


def render(template: str, **values: Any) -> str:
    """Fill a template; what comes from files is escaped."""
    environment = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template(template).render(**values)
