"""nbgrader's `Execute`, which goes on when the kernel dies."""

from __future__ import annotations

from typing import Any

import nbformat
from nbclient.exceptions import DeadKernelError
from nbgrader.preprocessors import Execute

Notebook = Any
Resources = dict[str, Any]


class TolerantExecute(Execute):
    """Execute a notebook as nbgrader does, and keep what was done when the kernel dies."""

    died_in: int | None = None  # position of the cell in which the kernel died

    def preprocess(self, nb: Notebook, resources: Resources, km: Any = None) -> tuple[Notebook, Resources]:
        """Execute all cells."""
        self.died_in = None
        return super().preprocess(nb, resources, km)

    def preprocess_cell(self, cell: Notebook, resources: Resources, index: int) -> tuple[Notebook, Resources]:
        """Execute one cell, unless the kernel is dead."""
        if self.died_in is None:
            try:
                return super().preprocess_cell(cell, resources, index)
            except DeadKernelError:
                self.died_in = index
        if cell.cell_type == "code":
            where = "here" if self.died_in == index else f"in cell {self.died_in + 1}, so this one did not run"
            cell.outputs.append(error_output("KernelDied", f"Python ended {where}"))
        return cell, resources


def error_output(name: str, message: str) -> Notebook:
    """Make the output of a cell that failed."""
    return nbformat.v4.new_output("error", ename=name, evalue=message, traceback=[f"{name}: {message}"])
