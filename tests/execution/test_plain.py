"""Where Linux is missing, and nobody minds, notebooks are executed as nbgrader does it."""

import dataclasses
import types
from pathlib import Path

import nbformat
import pytest

from mlops_course.execution import engine
from mlops_course.execution.job import Job, Limits, decode_result, encode
from mlops_course.execution.plain import PlainWorker


def notebook(*sources):
    """Make a notebook of code cells."""
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    return nbformat.writes(nbformat.v4.new_notebook(cells=cells, metadata=kernel))


@pytest.fixture
def worker():
    worker = PlainWorker()
    yield worker
    worker.close()


def run(worker, *sources, **settings):
    """Execute a submission; give the outputs' texts by cell, and the result."""
    job = Job("ana", "birds", settings.pop("notebooks", None) or {"one": notebook(*sources)}, sandbox=False, **settings)
    result = decode_result(worker.run(encode(job), 60))
    cells = [cell for text in result.notebooks.values() for cell in nbformat.reads(text, as_version=4).cells]
    return ["".join(one.get("text", one.get("evalue", "")) for one in cell.outputs) for cell in cells], result


def test_in_a_folder_with_the_files_that_is_gone_afterwards(worker):
    outputs, result = run(
        worker,
        "import os; print(os.getcwd())",
        "print(open('data/a.csv').read(), os.access('data/a.csv', os.X_OK), os.access('run.sh', os.X_OK))",
        "print(os.environ['NBGRADER_EXECUTION'])",
        files={"data/a.csv": b"1,2", "run.sh": b"ls"},
        executable=("run.sh",),
    )
    folder = Path(outputs[0].strip())
    assert folder.name == "birds"
    assert outputs[1:] == ["1,2 False True\n", "autograde\n"]
    assert not folder.exists()
    assert result.findings == ()
    assert result.seconds["one"] > 0


def test_notebooks_share_the_folder_and_so_do_jobs_of_a_session(worker):
    outputs, _ = run(
        worker, notebooks={"one": notebook("open('x', 'w').write('1')"), "two": notebook("print(open('x').read())")}
    )
    assert outputs[1] == "1\n"
    run(worker, "open('y', 'w').write('2')", session="s")
    assert run(worker, "print(open('y').read())", session="s")[0] == ["2\n"]
    assert "No such file" in run(worker, "open('y')", session="t")[0][0]


def test_a_kernel_that_dies_keeps_what_came_before(worker):
    outputs, result = run(worker, "print(1)", "import os; os._exit(3)", "print(2)")
    assert outputs[0] == "1\n"
    assert "Python ended here" in outputs[1]
    assert "did not run" in outputs[2]
    assert [(one.kind, one.message) for one in result.findings] == [
        ("died", "the kernel died in cell 2; what came before keeps its points")
    ]


def test_a_cell_has_its_time(worker):
    outputs, _ = run(worker, "import time; time.sleep(60)", "print(2)", settings={"timeout": 2})
    assert outputs[1] == "2\n"
    assert outputs[0] != "2\n"


def test_files_stay_inside(worker):
    with pytest.raises(ValueError, match="lies outside"):
        run(worker, "1", files={"../x": b""})


@pytest.mark.parametrize(
    ("platform", "sandboxed", "plain"), [("linux", False, False), ("darwin", False, True), ("win32", False, True)]
)
def test_where_it_is_used(platform, sandboxed, plain, monkeypatch):
    monkeypatch.setattr(engine, "sys", types.SimpleNamespace(platform=platform))
    monkeypatch.setattr(engine._local, "worker", None, raising=False)
    monkeypatch.setattr(engine, "Worker", lambda *_, **__: pytest.fail("forked") if plain else PlainWorker())
    assert engine.has_own_kernels(sandboxed=sandboxed) == (not plain)
    worker = engine.worker_for((), sandboxed, dataclasses.replace(Limits(), processes=99))
    worker.close()
    monkeypatch.setattr(engine._local, "worker", None)


def test_a_sandbox_is_never_replaced(monkeypatch):
    monkeypatch.setattr(engine, "sys", types.SimpleNamespace(platform="darwin"))
    assert engine.has_own_kernels(sandboxed=True)
