"""Read what a notebook promises: a cell tagged `parameters` that sets at least `seed`."""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlops_course.errors import ContractError

TAG = "parameters"


@dataclass(frozen=True)
class Promise:
    """A notebook that can be checked."""

    path: Path  # absolute path of the notebook
    kernel: str  # name of the kernel it asks for
    seed: int | None  # the seed in its parameters cell, None when that is not a plain number
    cells: list[str] = field(default_factory=list)  # identifiers of its cells in order


def read_promise(path: Path) -> Promise:
    """Read a notebook and check that it keeps its side of the contract.

    Raises
    ------
    ContractError
        The file is missing, not a notebook, or has no parameters cell that sets `seed`.
    """
    notebook = read_notebook(path)
    tagged = [cell for cell in notebook["cells"] if TAG in cell["metadata"].get("tags", [])]
    if not tagged:
        raise ContractError(
            f"{path}: no cell is tagged '{TAG}'. Tag the cell that sets `seed` (in JupyterLab: Property Inspector, "
            "Common Tools, Cell Tags), so that papermill can set it."
        )
    values = assignments("".join(tagged[0]["source"]), path)
    if "seed" not in values:
        found = ", ".join(sorted(values)) or "nothing"
        raise ContractError(
            f"{path}: the cell tagged '{TAG}' sets {found}, but not `seed`. Add a line such as `seed = 42` there."
        )
    kernel = notebook.get("metadata", {}).get("kernelspec", {}).get("name", "python3")
    seed = values["seed"]
    plain = isinstance(seed, int) and not isinstance(seed, bool)
    return Promise(path.resolve(), kernel, seed if plain else None, [cell.get("id", "") for cell in notebook["cells"]])


def require_file(path: Path) -> None:
    """Say in one line what is wrong where there is no file."""
    if path.is_dir():
        raise ContractError(f"{path}: this is a folder. Name the notebooks in it, for example {path / '*.ipynb'}")
    if not path.exists():
        raise ContractError(f"{path}: there is no such file.")


def read_notebook(path: Path) -> dict[str, Any]:
    """Read a notebook file, or say in one line why it is none."""
    require_file(path)
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise ContractError(f"{path}: this is not a notebook (not the JSON that Jupyter writes).") from None
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise ContractError(f"{path}: this is not a notebook of format 4 (it has no list of cells).")
    for cell in notebook["cells"]:
        if not isinstance(cell, dict) or not {"cell_type", "source", "metadata"} <= cell.keys():
            raise ContractError(f"{path}: this is not a notebook that Jupyter could open: a cell lacks its parts.")
    if not any(cell["cell_type"] == "code" for cell in notebook["cells"]):
        raise ContractError(f"{path}: the notebook has no code cell.")
    return notebook


def read_cells(path: Path) -> list[dict[str, Any]]:
    """Read the cells of an executed notebook; none where the file is missing or half written."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def assignments(source: str, path: Path) -> dict[str, Any]:
    """List the names a parameters cell assigns, with their values where these are literals (None elsewhere)."""
    try:
        tree = ast.parse(source)
    except SyntaxError as problem:
        raise ContractError(
            f"{path}: the cell tagged '{TAG}' is not plain Python (line {problem.lineno}: {problem.msg}). "
            "Only assignments belong there."
        ) from None
    values: dict[str, Any] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign):
            targets, value = node.targets, node.value
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            targets, value = [node.target], node.value
        else:
            continue
        for target in targets:
            if isinstance(target, ast.Tuple | ast.List) and isinstance(value, ast.Tuple | ast.List):
                pairs = zip(target.elts, value.elts, strict=False)
            else:
                pairs = [(target, value)]
            values.update({name.id: literal(one) for name, one in pairs if isinstance(name, ast.Name)})
    return values


def literal(value: ast.expr) -> Any:
    """Evaluate a literal; None for anything that must be computed."""
    try:
        return ast.literal_eval(value)
    except (ValueError, TypeError):
        return None
