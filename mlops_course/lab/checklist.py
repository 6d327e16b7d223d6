"""The tile *Checklist*: `CHECKLIST.md` of the folder that Jupyter was started in, as a page."""

from __future__ import annotations

from pathlib import Path

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from nbconvert.filters import markdown2html
from tornado import web

from mlops_course.lab.pages import render


class ChecklistHandler(JupyterHandler):
    @web.authenticated
    def get(self) -> None:
        path = Path(self.settings["server_root_dir"]).expanduser() / "CHECKLIST.md"
        try:
            text = path.read_text(encoding="utf-8")
        except OSError:
            self.set_status(404)
            text = (
                "# Checklist\n\nThere is no `CHECKLIST.md` in the folder where JupyterLab was started. "
                "Start it in the course's folder."
            )
        # Links in the file lead to files of the course.
        files = url_path_join(self.base_url, "lab/tree/")
        self.finish(render("checklist.html", content=markdown2html(text), files=files))


def handlers(base_url: str) -> list[tuple]:
    return [(url_path_join(base_url, "checklist") + "/?", ChecklistHandler)]
