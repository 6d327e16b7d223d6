"""The cells at the top of each notebook of an assignment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbgrader.preprocessors import IncludeHeaderFooter


class IncludeHeader(IncludeHeaderFooter):
    """Put the header of the assignment in front of its notebooks; where it has none of its own, the course's header.

    nbgrader knows one header for the whole course. Here an assignment `week-10` may have one of its own beside it:
    `source/header_week-10.ipynb` where the configuration says `source/header.ipynb`.
    """

    def preprocess(self, nb: Any, resources: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        common = Path(self.header)
        own = common.with_name(f"{common.stem}_{resources['nbgrader']['assignment']}{common.suffix}")
        if not self.header or not own.is_file():
            return super().preprocess(nb, resources)
        try:
            self.header = str(own)
            return super().preprocess(nb, resources)
        finally:
            self.header = str(common)
