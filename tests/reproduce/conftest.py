"""Small notebooks for the tests of `course reproduce`."""

import nbformat
import pytest

LOG = "import mlflow\n\nwith mlflow.start_run():\n    mlflow.log_metric('loss', loss)"


def make(path, *sources, parameters="seed = 1", kernel="python3"):
    """Write a notebook: a parameters cell (unless None), then code cells."""
    cells = [nbformat.v4.new_code_cell(source, id=f"cell-{number}") for number, source in enumerate(sources, 1)]
    if parameters is not None:
        first = nbformat.v4.new_code_cell(parameters, id="parameters", metadata={"tags": ["parameters"]})
        cells.insert(0, first)
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"name": kernel, "display_name": kernel, "language": "python"}
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return path


@pytest.fixture
def notebook(tmp_path):
    """Write a notebook into a folder of its own, outside any repository."""

    def write(name, *sources, **options):
        return make(tmp_path / "notebooks" / name / f"{name}.ipynb", *sources, **options)

    return write
